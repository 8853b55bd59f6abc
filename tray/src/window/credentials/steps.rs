//! The screens of the credential window, one function each: what stands there, and what is asked for.

use egui::{Button, RichText, TextEdit};
use secrets::server::Reach;
use serde_json::Value;

use super::{CredentialScreen, Step, Wish};
use crate::plain::one_line;
use crate::window::command::Problem;
use crate::window::secret_field::SecretField;
use crate::window::style::Tones;

impl CredentialScreen {
    /// Draws the screen that is on.
    pub(super) fn step(&mut self, ui: &mut egui::Ui, tones: &Tones) -> Option<Wish> {
        let is_web = self.reach() == Some(Reach::Web);
        match &mut self.step {
            Step::Start => self.start_screen(ui),
            Step::Working { words, lines } => working(ui, words, lines),
            Step::DeployKey {
                public,
                page,
                copied,
            } => deploy_key(ui, public, page.as_deref(), copied),
            Step::SshKey { file, passphrase } => ssh_key(ui, file, passphrase),
            Step::Token { user, token } => self::token(ui, user, token),
            Step::Tested(verdict, problem) => tested(ui, tones, verdict, problem.as_ref(), is_web),
            Step::Trust {
                words,
                fingerprint,
                is_changed,
            } => trust(ui, tones, words, fingerprint, *is_changed),
            Step::Remove => remove(ui, tones),
            Step::Done(words) => {
                ui.label(RichText::new(format!("✔ {words}")).color(tones.good));
                choices(ui, &[("Test it", || Wish::Test), ("Back", back)])
            }
            Step::Failed(problem) => {
                told(ui, tones, problem);
                choices(ui, &[("Back", back)])
            }
        }
    }

    fn start_screen(&self, ui: &mut egui::Ui) -> Option<Wish> {
        let Some(reach) = self.reach() else {
            ui.label("This repository has no remote on a server, so that no credential is needed.");
            return None;
        };
        if self.kept.is_empty() {
            ui.label(
                "Nothing is kept here for it. Without one, your own git and ssh settings are used.",
            );
        } else {
            ui.label("Kept for it:");
            for line in &self.kept {
                ui.label(RichText::new(line).strong());
            }
        }
        ui.add_space(6.0);
        ui.label(RichText::new("Let it in by").strong());
        let mut wish = None;
        for (words, what, wanted) in ways(reach) {
            ui.horizontal_wrapped(|ui| {
                if ui.button(*words).clicked() {
                    wish = Some(wanted());
                }
                ui.label(RichText::new(*what).small().weak());
            });
        }
        ui.separator();
        ui.horizontal_wrapped(|ui| {
            if ui
                .button("Test")
                .on_hover_text("Ask the remote what you may do there")
                .clicked()
            {
                wish = Some(Wish::Test);
            }
            if reach == Reach::Ssh && ui.button("Trust the server…").clicked() {
                wish = Some(Wish::Scan);
            }
            if ui
                .add_enabled(!self.kept.is_empty(), Button::new("Remove…"))
                .clicked()
            {
                wish = Some(Wish::Go(Step::Remove));
            }
        });
        wish
    }
}

/// A button, what it brings, and what it asks for.
type Way = (&'static str, &'static str, fn() -> Wish);

const BY_SSH: &[Way] = &[
    (
        "A new deploy key",
        "Made here, for this repository alone. Its public half goes to the forge.",
        || Wish::MakeDeployKey,
    ),
    (
        "A key that you have",
        "An ssh key's file; its passphrase is asked for.",
        || {
            Wish::Go(Step::SshKey {
                file: String::new(),
                passphrase: SecretField::default(),
            })
        },
    ),
];

const BY_WEB: &[Way] = &[
    (
        "An access token",
        "Made at the forge, with access to this repository.",
        || {
            Wish::Go(Step::Token {
                user: String::new(),
                token: SecretField::default(),
            })
        },
    ),
    (
        "Signing in",
        "In your browser, with a code that is shown here.",
        || Wish::SignIn,
    ),
];

fn ways(reach: Reach) -> &'static [Way] {
    match reach {
        Reach::Ssh => BY_SSH,
        Reach::Web => BY_WEB,
    }
}

fn back() -> Wish {
    Wish::Go(Step::Start)
}

/// A button's words, and what is wanted by it.
type Choice<'a> = (&'a str, fn() -> Wish);

fn choices(ui: &mut egui::Ui, choices: &[Choice<'_>]) -> Option<Wish> {
    let mut wish = None;
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        for (words, wanted) in choices {
            if ui.button(*words).clicked() {
                wish = Some(wanted());
            }
        }
    });
    wish
}

fn told(ui: &mut egui::Ui, tones: &Tones, problem: &Problem) {
    ui.label(RichText::new(format!("⚠ {}", one_line(&problem.message))).color(tones.trouble));
    if !problem.hint.is_empty() {
        ui.label(one_line(&problem.hint));
    }
}

fn working(ui: &mut egui::Ui, words: &str, lines: &[String]) -> Option<Wish> {
    ui.label(words);
    for line in lines {
        ui.label(RichText::new(one_line(line)).strong());
    }
    let code = lines
        .iter()
        .find_map(|line| line.rsplit_once("enter the code ").map(|it| it.1));
    if let Some(code) = code
        && ui.button("Copy the code").clicked()
    {
        ui.ctx().copy_text(code.to_owned());
    }
    choices(ui, &[("Cancel", back)])
}

fn deploy_key(
    ui: &mut egui::Ui,
    public: &str,
    page: Option<&str>,
    copied: &mut bool,
) -> Option<Wish> {
    ui.label(RichText::new("1. Copy the public half").strong());
    ui.add(egui::Label::new(RichText::new(one_line(public)).monospace()).wrap());
    ui.horizontal(|ui| {
        let copy = ui.button("Copy");
        if copy.clicked() {
            ui.ctx().copy_text(public.to_owned());
            *copied = true;
        }
        if *copied {
            ui.label("It is on the clipboard.");
        }
    });
    ui.label(RichText::new("2. Add it as a deploy key at the forge").strong());
    match page {
        Some(page) => ui.add(egui::Label::new(RichText::new(one_line(page)).monospace()).wrap()),
        None => ui.label("In the settings of the repository there."),
    };
    ui.label("Tick the box for write access. It takes an administrator of the repository: if you are none, send one the line and the page.");
    ui.label(RichText::new("3. See whether it lets you in").strong());
    choices(ui, &[("Test it", || Wish::Test), ("Back", back)])
}

fn ssh_key(ui: &mut egui::Ui, file: &mut String, passphrase: &mut SecretField) -> Option<Wish> {
    let label = ui.label("The private key's file");
    let field = TextEdit::singleline(file)
        .hint_text("~/.ssh/id_ed25519")
        .desired_width(f32::INFINITY);
    ui.add(field).labelled_by(label.id);
    let label = ui.label("Its passphrase, where it has one");
    passphrase.show(ui, "Passphrase").labelled_by(label.id);
    let is_ready = !file.trim().is_empty();
    let mut wish = None;
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        if ui.add_enabled(is_ready, Button::new("Keep it")).clicked() {
            wish = Some(Wish::AddKey(path(file.trim()), passphrase.take()));
        }
        if ui.button("Back").clicked() {
            wish = Some(back());
        }
    });
    wish
}

/// With the person's folder in the place of `~`, which only a shell knows.
fn path(typed: &str) -> String {
    let home = std::env::home_dir();
    match (typed.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest).display().to_string(),
        (Some(_) | None, Some(_) | None) => typed.to_owned(),
    }
}

fn token(ui: &mut egui::Ui, user: &mut String, token: &mut SecretField) -> Option<Wish> {
    let label = ui.label("The user beside it, where the forge wants one");
    let field = TextEdit::singleline(user)
        .hint_text("x-access-token")
        .desired_width(f32::INFINITY);
    ui.add(field).labelled_by(label.id);
    let label = ui.label("The token");
    token.show(ui, "Token").labelled_by(label.id);
    let mut wish = None;
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        if ui
            .add_enabled(!token.is_empty(), Button::new("Keep it"))
            .clicked()
        {
            wish = Some(Wish::AddToken(user.trim().to_owned(), token.take()));
        }
        if ui.button("Back").clicked() {
            wish = Some(back());
        }
    });
    wish
}

fn tested(
    ui: &mut egui::Ui,
    tones: &Tones,
    verdict: &Value,
    problem: Option<&Problem>,
    is_web: bool,
) -> Option<Wish> {
    if let Some(way) = verdict["way"].as_str() {
        ui.label(format!("By {}:", one_line(way)));
    }
    egui::Grid::new("verdict").num_columns(2).show(ui, |ui| {
        let key = if is_web {
            "Certificate known"
        } else {
            "Server's key known"
        };
        for (words, name) in [
            ("Reachable", "reachable"),
            (key, "host_key"),
            ("May read", "may_read"),
            ("May write", "may_write"),
        ] {
            ui.label(words);
            match verdict[name].as_bool() {
                Some(true) => ui.label(RichText::new("✔ yes").color(tones.good)),
                Some(false) => ui.label(RichText::new("✖ no").color(tones.trouble)),
                None => ui.label(RichText::new("not known").weak()),
            };
            ui.end_row();
        }
    });
    match problem {
        None => {
            ui.label(RichText::new("✔ It works.").strong().color(tones.good));
        }
        Some(problem) => told(ui, tones, problem),
    }
    let is_strange = verdict["host_key"] == false;
    if is_strange {
        return choices(
            ui,
            &[
                ("Trust the server…", || Wish::Scan),
                ("Test again", || Wish::Test),
                ("Back", back),
            ],
        );
    }
    choices(ui, &[("Test again", || Wish::Test), ("Back", back)])
}

fn trust(
    ui: &mut egui::Ui,
    tones: &Tones,
    words: &str,
    fingerprint: &str,
    is_changed: bool,
) -> Option<Wish> {
    ui.label(one_line(words));
    let advice = if is_changed {
        "⚠ It is another key than the one known here. Somebody may stand in between: ask who runs the server before you go on."
    } else {
        "Compare it with what the server's owner gives. Only where it is the same is it their server."
    };
    let advice = RichText::new(advice).strong();
    ui.label(if is_changed {
        advice.color(tones.trouble)
    } else {
        advice
    });
    let mut wish = None;
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        if ui.button("It is the same: trust it").clicked() {
            wish = Some(Wish::Trust(fingerprint.to_owned()));
        }
        if ui.button("Back").clicked() {
            wish = Some(back());
        }
    });
    wish
}

fn remove(ui: &mut egui::Ui, tones: &Tones) -> Option<Wish> {
    ui.label("What is kept here for this repository is forgotten. The forge still knows it; remove it there too.");
    let _ = tones;
    choices(ui, &[("Remove it", || Wish::Remove), ("Back", back)])
}
