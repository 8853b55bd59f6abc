//! The window in which a repository is let in: a screen a step. What is done here, `watercooler
//! credential` does; secrets are overwritten as soon as they are handed over.

mod steps;

use std::sync::mpsc::{self, Receiver, Sender};

use secrets::server::{Reach, Server};
use serde_json::Value;
use zeroize::Zeroizing;

use super::command::{self, Ended, Problem, Running, Told};
use super::frame::Screen;
use super::secret_field::SecretField;
use super::style;
use crate::plain::one_line;

/// What a command was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Repositories,
    Kept,
    DeployKey,
    Add,
    SignIn,
    Test,
    Scan,
    Trust,
    Remove,
}

/// Which screen is shown.
enum Step {
    Start,
    Working {
        words: &'static str,
        lines: Vec<String>,
    },
    DeployKey {
        public: String,
        page: Option<String>,
        copied: bool,
    },
    SshKey {
        file: String,
        passphrase: SecretField,
    },
    Token {
        user: String,
        token: SecretField,
    },
    Tested(Value, Option<Problem>),
    Trust {
        words: String,
        fingerprint: String,
        is_changed: bool,
    },
    Remove,
    Done(String),
    Failed(Problem),
}

impl Step {
    /// Of the screen, as the window's title says it.
    fn name(&self) -> &'static str {
        match self {
            Self::Start => "Ways in",
            Self::Working { .. } => "At work",
            Self::DeployKey { .. } => "Deploy key",
            Self::SshKey { .. } => "Your key",
            Self::Token { .. } => "Token",
            Self::Tested(_, None) => "It works",
            Self::Tested(_, Some(_)) => "Not let in",
            Self::Trust { .. } => "The server's key",
            Self::Remove => "Remove",
            Self::Done(_) => "Done",
            Self::Failed(_) => "Not done",
        }
    }
}

/// What a screen asks for.
enum Wish {
    Go(Step),
    MakeDeployKey,
    AddKey(String, Zeroizing<String>),
    AddToken(String, Zeroizing<String>),
    SignIn,
    Test,
    Scan,
    Trust(String),
    Remove,
}

/// The window's state.
pub(super) struct CredentialScreen {
    repository: String,
    /// Where it is reached; none where no credential is for it, or it is not known yet.
    server: Option<Server>,
    /// Whether it is known where it is reached.
    is_known: bool,
    kept: Vec<String>,
    step: Step,
    running: Option<Running>,
    /// Which command is under way: what an earlier one still says is nobody's any more.
    turn: u64,
    tell: Sender<((u64, Task), Told)>,
    told: Receiver<((u64, Task), Told)>,
    wake: egui::Context,
}

impl CredentialScreen {
    /// Of that repository.
    pub(super) fn new(repository: &str, ctx: &egui::Context) -> Self {
        let (tell, told) = mpsc::channel();
        let mut screen = Self {
            repository: repository.to_owned(),
            server: None,
            is_known: false,
            kept: Vec::new(),
            step: Step::Start,
            running: None,
            turn: 0,
            tell,
            told,
            wake: ctx.clone(),
        };
        screen.look();
        screen
    }

    /// Where the repository is reached, by the settings.
    fn look(&mut self) {
        let words = "Looking at the settings…";
        self.work(words, Task::Repositories, &["repo", "list"], None);
    }

    fn run(&mut self, task: Task, arguments: &[&str], secret: Option<Zeroizing<String>>) {
        // Another one that is under way is ended first.
        self.running = None;
        self.turn += 1;
        let about = (self.turn, task);
        self.running = command::start(
            arguments,
            secret,
            about,
            self.tell.clone(),
            self.wake.clone(),
        );
    }

    fn work(
        &mut self,
        words: &'static str,
        task: Task,
        arguments: &[&str],
        secret: Option<Zeroizing<String>>,
    ) {
        let lines = Vec::new();
        self.step = Step::Working { words, lines };
        self.run(task, arguments, secret);
    }

    fn listen(&mut self) {
        while let Ok(((turn, task), told)) = self.told.try_recv() {
            if turn != self.turn {
                continue;
            }
            match told {
                Told::Line(line) => {
                    if let Step::Working { lines, .. } = &mut self.step
                        && task == Task::SignIn
                    {
                        lines.push(line);
                    }
                }
                Told::Ended(ended) => self.ended(task, ended),
            }
        }
    }

    fn ended(&mut self, task: Task, ended: Ended) {
        let Ended { document, problem } = ended;
        match (task, problem) {
            (Task::Kept, None) => self.kept = kept(&document, &self.repository),
            (Task::Kept, Some(_)) => (),
            (Task::Repositories, None) => self.found(&document),
            (Task::Test, problem) => self.step = Step::Tested(document, problem),
            (Task::Scan, Some(problem)) => self.step = scanned(problem),
            (_, Some(problem)) => self.step = Step::Failed(problem),
            (Task::Scan, None) => {
                self.step = Step::Done("The server's key is known already.".to_owned());
            }
            (Task::DeployKey, None) => {
                let text = |key: &str| document[key].as_str().map(str::to_owned);
                self.step = Step::DeployKey {
                    public: text("public_key").unwrap_or_default(),
                    page: text("page"),
                    copied: false,
                };
            }
            (Task::Add | Task::SignIn, None) => {
                let words = "It is kept. See next whether it lets you in.";
                self.step = Step::Done(words.to_owned());
            }
            (Task::Trust, None) => self.step = Step::Done("The server is trusted.".to_owned()),
            (Task::Remove, None) => {
                let words =
                    "It is gone from here. What the forge knows of it is to be removed there.";
                self.step = Step::Done(words.to_owned());
            }
        }
    }

    fn found(&mut self, document: &Value) {
        let all = document.as_array().map(Vec::as_slice).unwrap_or_default();
        let one = all
            .iter()
            .find(|one| one["name"] == self.repository.as_str());
        let Some(one) = one else {
            self.step = Step::Failed(Problem {
                code: String::new(),
                message: format!(
                    "no repository is named `{}` in the settings",
                    self.repository
                ),
                hint: "`watercooler repo list` shows the repositories.".to_owned(),
            });
            return;
        };
        self.server = one["url"].as_str().and_then(Server::of);
        self.is_known = true;
        self.start();
    }

    /// Back at the first screen, with what is kept as it is by then.
    fn start(&mut self) {
        self.step = Step::Start;
        self.run(Task::Kept, &["credential", "list"], None);
    }

    fn act(&mut self, wish: Wish) {
        let name = self.repository.clone();
        match wish {
            Wish::Go(Step::Start) if self.is_known => self.start(),
            Wish::Go(Step::Start) => self.look(),
            Wish::Go(step) => self.step = step,
            Wish::MakeDeployKey => self.work(
                "Making a key and keeping it…",
                Task::DeployKey,
                &["credential", "add", &name, "--deploy-key"],
                None,
            ),
            Wish::AddKey(file, passphrase) => self.work(
                "Keeping the key…",
                Task::Add,
                &["credential", "add", &name, "--ssh-key", &file],
                Some(passphrase),
            ),
            Wish::AddToken(user, token) => {
                let mut arguments = vec!["credential", "add", &name, "--token"];
                if !user.is_empty() {
                    arguments.extend(["--user", &user]);
                }
                self.work("Keeping the token…", Task::Add, &arguments, Some(token));
            }
            Wish::SignIn => self.work(
                "Signing in…",
                Task::SignIn,
                &["credential", "add", &name, "--sign-in"],
                None,
            ),
            Wish::Test => self.work(
                "Asking the remote…",
                Task::Test,
                &["credential", "test", &name],
                None,
            ),
            Wish::Scan => {
                let host = self.host();
                let arguments = ["credential", "trust", &host];
                self.work(
                    "Asking the server for its key…",
                    Task::Scan,
                    &arguments,
                    None,
                );
            }
            Wish::Trust(fingerprint) => {
                let host = self.host();
                let arguments = ["credential", "trust", &host, "--fingerprint", &fingerprint];
                self.work("Trusting the server…", Task::Trust, &arguments, None);
            }
            Wish::Remove => self.work(
                "Removing…",
                Task::Remove,
                &["credential", "remove", &name],
                None,
            ),
        }
    }

    fn host(&self) -> String {
        self.server
            .as_ref()
            .map_or_else(String::new, |server| server.host.clone())
    }

    fn reach(&self) -> Option<Reach> {
        self.server.as_ref().map(|server| server.reach)
    }
}

impl Screen for CredentialScreen {
    fn title(&self) -> String {
        let (step, name) = (self.step.name(), one_line(&self.repository));
        format!("{step}: credentials of {name} — Watercooler")
    }

    fn draw(&mut self, ctx: &egui::Context) {
        self.listen();
        let mut wish = None;
        egui::CentralPanel::default().show(ctx, |ui| {
            egui::ScrollArea::vertical()
                .auto_shrink(false)
                .show(ui, |ui| {
                    ui.add_space(6.0);
                    let title = format!("Credentials of {}", one_line(&self.repository));
                    ui.heading(egui::RichText::new(title).strong());
                    if let Some(server) = &self.server {
                        let by = match server.reach {
                            Reach::Ssh => "by ssh",
                            Reach::Web => "by https",
                        };
                        let words =
                            format!("Its remote is at {}, reached {by}.", one_line(&server.host));
                        ui.label(egui::RichText::new(words).weak());
                    }
                    ui.add_space(8.0);
                    let tones = style::tones(ui);
                    style::card(&tones).show(ui, |ui| {
                        ui.set_width(ui.available_width());
                        // The keyboard is nowhere when a screen begins: a key that was meant for the last
                        // one does nothing in this one.
                        wish = ui
                            .push_id(self.step.name(), |ui| self.step(ui, &tones))
                            .inner;
                    });
                });
        });
        if let Some(wish) = wish {
            self.act(wish);
        }
    }
}

/// What is kept for that repository, a line each.
fn kept(document: &Value, repository: &str) -> Vec<String> {
    let all = document.as_array().map(Vec::as_slice).unwrap_or_default();
    let ours = all.iter().filter(|one| one["repository"] == repository);
    let line = |one: &Value| {
        let of = |key: &str| one[key].as_str().unwrap_or_default().replace('_', " ");
        let fingerprint = one["fingerprint"].as_str().unwrap_or_default();
        let line = format!(
            "{} for {}, in the {} {fingerprint}",
            of("kind"),
            of("host"),
            of("store")
        );
        one_line(line.trim_end())
    };
    ours.map(line).collect()
}

/// A key that nobody has confirmed yet is shown; anything else is told.
fn scanned(problem: Problem) -> Step {
    let is_changed = problem.code == "host_key_changed";
    let fingerprint = problem
        .message
        .split_whitespace()
        .find(|word| word.starts_with("SHA256:"));
    match fingerprint.map(str::to_owned) {
        Some(fingerprint) if is_changed || problem.code == "host_key_unknown" => Step::Trust {
            words: problem.message,
            fingerprint,
            is_changed,
        },
        Some(_) | None => Step::Failed(problem),
    }
}

#[cfg(test)]
#[path = "credentials/tests.rs"]
mod tests;
