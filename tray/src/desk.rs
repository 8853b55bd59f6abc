//! The tray's one loop: what is heard or clicked becomes facts, facts become a menu and popups.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use jiff::Zoned;
use platform::dirs::Dirs;
use protocol::answer::ThreadSummary;
use protocol::request::{MarkRead, Mute, Request, Sync};
use protocol::update::Update;
use tracing::{info, warn};

use crate::clicks::{Click, Span};
use crate::diagnostics;
use crate::link::{Asked, Heard};
use crate::login;
use crate::memory::Memory;
use crate::menu::{self, Here, Shown, shape_word};
use crate::model::{Facts, Known, Repository};
use crate::notify::{Arrived, Due, Place, Rules};
use crate::popup::Popups;
use crate::programs;
use crate::window::{self, Window, WindowError, Windows};

/// News that follow at once are looked at together.
const GATHER: Duration = Duration::from_millis(100);

/// How long the daemon is looked for before it counts as not running: at a start it may be late.
const LOST_AFTER: Duration = Duration::from_millis(1_500);

/// What happens to the tray.
#[derive(Debug)]
pub(crate) enum Event {
    /// Of the daemon.
    Heard(Heard),
    /// In the menu, or on a popup.
    Clicked(Click),
    /// The icon itself was clicked.
    Activated,
    /// A popup was not shown.
    Unshown,
    /// A program that was started for a click ended without success, or said so.
    Problem(String),
    /// A window's process has ended.
    Closed {
        /// Which.
        window: Window,
        /// Whether it was shown at all.
        is_well: bool,
    },
}

/// The loop's state.
#[derive(Debug)]
pub(crate) struct Desk {
    dirs: Dirs,
    facts: Facts,
    rules: Rules,
    memory: Memory,
    popups: Popups,
    windows: Windows,
    asker: Sender<Asked>,
    events: Sender<Event>,
    unshown: u64,
    problem: Option<String>,
    last: Option<Shown>,
    /// How many looks were asked for and not answered.
    looking: u32,
    /// When to look.
    look_at: Option<Instant>,
    /// When the daemon counts as not running, and why.
    lost_at: Option<(Instant, String)>,
    /// When popups may be due.
    due_at: Option<i64>,
}

impl Desk {
    /// Nothing is known yet.
    pub(crate) fn new(dirs: Dirs, asker: Sender<Asked>, events: Sender<Event>) -> Self {
        let memory = Memory::of(&dirs);
        Self {
            rules: Rules::new(memory.read()),
            popups: Popups::new(events.clone()),
            windows: Windows::new(events.clone()),
            facts: Facts::Starting,
            dirs,
            memory,
            asker,
            events,
            unshown: 0,
            problem: None,
            last: None,
            looking: 0,
            look_at: None,
            lost_at: None,
            due_at: None,
        }
    }

    /// Runs until somebody quits; `draw` is told what to show whenever it is another.
    pub(crate) fn run(mut self, events: &Receiver<Event>, draw: impl Fn(Shown)) {
        self.draw(&draw);
        loop {
            match self.next(events) {
                Some(Event::Clicked(Click::Quit)) => {
                    info!("Quit");
                    return;
                }
                Some(event) => self.handle(event),
                None => self.timeout(),
            }
            self.draw(&draw);
        }
    }

    /// The next event, or none when something is due.
    fn next(&self, events: &Receiver<Event>) -> Option<Event> {
        let now = Instant::now();
        let due = self.due_at.filter(|_| self.looking == 0).map(|at| {
            let seconds = at - Zoned::now().timestamp().as_second();
            now + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
        });
        let lost = self.lost_at.as_ref().map(|(at, _)| *at);
        match [due, lost, self.look_at].into_iter().flatten().min() {
            None => events.recv().ok(),
            Some(at) => {
                let left = at.saturating_duration_since(now);
                events.recv_timeout(left).ok()
            }
        }
    }

    fn timeout(&mut self) {
        let now = Instant::now();
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = None;
            self.order(Asked::Look);
        }
        if let Some((_, why)) = self.lost_at.take_if(|(at, _)| *at <= now) {
            self.lost(why);
        }
        if self
            .due_at
            .is_some_and(|at| at <= Zoned::now().timestamp().as_second())
        {
            self.due();
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Heard(heard) => self.heard(heard),
            Event::Clicked(click) => {
                info!(?click, "Clicked");
                self.problem = None;
                self.clicked(click);
            }
            Event::Activated => self.activated(),
            Event::Unshown => self.unshown += 1,
            Event::Problem(words) => {
                warn!(problem = words, "Not done");
                self.problem = Some(words);
                self.look_soon();
            }
            Event::Closed { window, is_well } => {
                self.windows.closed(&window);
                if !is_well {
                    warn!("A window was not shown");
                    self.show_plainly(&window);
                }
            }
        }
    }

    fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Reached => self.look_soon(),
            Heard::Lost(why) => {
                self.looking = 0;
                if self.lost_at.is_none() {
                    self.lost_at = Some((Instant::now() + LOST_AFTER, why));
                }
            }
            Heard::News(update) => self.news(update),
            Heard::Looked(known) => {
                self.lost_at = None;
                self.looking = self.looking.saturating_sub(1);
                self.learn(known);
                if self.looking == 0 && self.look_at.is_none() {
                    self.due();
                }
            }
            Heard::Failed(why) => {
                warn!(why, "The daemon did not do it");
                self.problem = Some(why);
            }
        }
    }

    fn news(&mut self, update: Update) {
        if let Update::Entry {
            repository,
            topic,
            agent,
            title,
            timestamp,
            ..
        } = update
            && let Some(known) = self.facts.known()
        {
            let entry = Arrived {
                place: (repository, topic),
                agent,
                title,
                timestamp,
            };
            self.rules.arrived(entry, known, &Zoned::now());
        }
        self.look_soon();
    }

    fn look_soon(&mut self) {
        let _at = self.look_at.get_or_insert_with(|| Instant::now() + GATHER);
    }

    fn order(&mut self, asked: Asked) {
        self.looking += 1;
        // The asking thread lives as long as this loop.
        let _ = self.asker.send(asked);
    }

    fn learn(&mut self, known: Known) {
        let since = match &self.facts {
            Facts::Known { known: old, since } if same_standing(old, &known) => since.clone(),
            Facts::Known { .. } | Facts::Starting | Facts::Unreached { .. } => Zoned::now(),
        };
        self.facts = Facts::Known { known, since };
    }

    fn lost(&mut self, why: String) {
        let since = match &self.facts {
            Facts::Unreached { since, .. } => since.clone(),
            Facts::Known { .. } | Facts::Starting => {
                info!(why, "No daemon");
                Zoned::now()
            }
        };
        self.facts = Facts::Unreached { why, since };
    }

    fn due(&mut self) {
        let Some(known) = self.facts.known() else {
            self.due_at = None;
            return;
        };
        let Due {
            keep,
            popups,
            again,
        } = self.rules.due(known, &Zoned::now());
        self.due_at = again;
        if let Some(kept) = keep {
            self.memory.write(&kept);
        }
        for popup in popups {
            self.popups.show(popup);
        }
    }

    fn clicked(&mut self, click: Click) {
        match click {
            Click::Open { repository, topic } => self.open(repository, topic),
            Click::MarkRead { repository } => {
                let request = Request::MarkRead(MarkRead {
                    topics: Vec::new(),
                    all: true,
                });
                self.each(repository, request);
            }
            Click::Sync => self.each(None, Request::Sync(Sync::default())),
            Click::Mute {
                repository,
                topic,
                muted,
            } => self.each(Some(repository), Request::Mute(Mute { topic, muted })),
            Click::Snooze { repository, topic } => {
                let place: Place = (repository, topic);
                let kept = self.rules.snooze(&place, &Zoned::now());
                self.memory.write(&kept);
                self.due();
            }
            Click::Pause { repository, span } => {
                self.command("pause", time(span), repository.as_deref());
            }
            Click::Resume { repository } => self.command("resume", None, repository.as_deref()),
            Click::StartDaemon => self.command("daemon", Some("start"), None),
            Click::RestartDaemon => self.command("daemon", Some("restart"), None),
            Click::Settings => self.show(self.dirs.config.clone()),
            Click::Logs => self.show(self.dirs.logs()),
            Click::Credentials { repository } => {
                self.show_window(&Window::Credentials { repository });
            }
            Click::StartAtLogin { wanted } => {
                if let Err(error) = login::set(wanted) {
                    self.problem = Some(format!("start at login: {error}"));
                }
            }
            Click::Diagnostics => {
                let text = diagnostics::text(&self.facts, self.unshown);
                let done = diagnostics::copy(&self.dirs, &text);
                self.problem = Some(done.unwrap_or_else(|error| error.to_string()));
            }
            Click::Quit => (),
        }
    }

    /// Shows what waits longest for a look: a thread whose turn is the person's, else a new one.
    fn activated(&mut self) {
        let first = self.facts.known().and_then(|known| {
            let of = |pick: fn(&Repository) -> Option<&ThreadSummary>| {
                let each = known.repositories.iter();
                let mut found =
                    each.filter_map(|one| Some((one.name.clone(), pick(one)?.topic.clone())));
                found.next()
            };
            of(|one| one.turns.first()).or_else(|| of(|one| one.fresh.first()))
        });
        if let Some((repository, topic)) = first {
            self.open(repository, topic);
        }
    }

    fn open(&mut self, repository: String, topic: String) {
        self.show_window(&Window::Thread(window::Place { repository, topic }));
    }

    fn show_window(&mut self, window: &Window) {
        match self.windows.open(window) {
            Ok(()) => (),
            Err(error @ WindowError::TooMany) => self.problem = Some(error.to_string()),
            Err(
                error @ (WindowError::NoDisplay
                | WindowError::NotStarted(_)
                | WindowError::Missing(_)
                | WindowError::NoProgram { .. }
                | WindowError::Unwritten { .. }),
            ) => {
                info!(%error, "Shown without a window");
                self.show_plainly(window);
            }
        }
    }

    /// By the desktop's own program; a thread counts as read then.
    fn show_plainly(&mut self, window: &Window) {
        let folder = self.facts.known().and_then(|known| {
            let Window::Thread(place) = window else {
                return None;
            };
            known.repository(&place.repository)?.folder.clone()
        });
        match window::show_plainly(&self.dirs, window, folder.as_deref().map(Path::new)) {
            Err(error) => self.problem = Some(error.to_string()),
            Ok(()) => {
                if let Window::Thread(place) = window {
                    let topics = vec![place.topic.clone()];
                    let request = Request::MarkRead(MarkRead { topics, all: false });
                    self.each(Some(place.repository.clone()), request);
                }
            }
        }
    }

    fn show(&mut self, path: PathBuf) {
        if let Err(error) = window::show_path(&path) {
            self.problem = Some(error.to_string());
        }
    }

    fn each(&mut self, repository: Option<String>, request: Request) {
        let all = || {
            let known = self.facts.known().into_iter();
            let all = known.flat_map(|known| known.repositories.iter());
            all.map(|one| one.name.clone()).collect()
        };
        let repositories = repository.map_or_else(all, |one| vec![one]);
        self.order(Asked::Each {
            repositories,
            request: Box::new(request),
        });
    }

    /// Has the command line do it: what it does there, it does here.
    fn command(&mut self, verb: &str, what: Option<&str>, repository: Option<&str>) {
        let mut arguments = vec![verb.to_owned()];
        arguments.extend(what.map(str::to_owned));
        if let Some(name) = repository {
            arguments.extend(["--repository".to_owned(), name.to_owned()]);
        }
        programs::run(arguments, self.events.clone());
        self.look_soon();
    }

    fn draw(&mut self, draw: &impl Fn(Shown)) {
        let here = Here {
            version: env!("CARGO_PKG_VERSION"),
            starts_at_login: login::is_set(),
            unshown: self.unshown,
            problem: self.problem.as_deref(),
        };
        let shown = menu::shown(&self.facts, &here);
        if self.last.as_ref() == Some(&shown) {
            return;
        }
        info!(
            shape = shape_word(shown.look.shape),
            title = shown.title,
            "Shown"
        );
        self.last = Some(shown.clone());
        draw(shown);
    }
}

fn same_standing(one: &Known, other: &Known) -> bool {
    one.standing() == other.standing()
}

fn time(span: Span) -> Option<&'static str> {
    match span {
        Span::HalfHour => Some("30m"),
        Span::Hour => Some("1h"),
        Span::Tomorrow => Some("tomorrow"),
        Span::UntilResumed => None,
    }
}
