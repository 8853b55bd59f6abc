//! Makes the repositories that the settings name, and replaces them when the settings change.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use protocol::answer::Trouble;
use protocol::environment::EnvironmentRepository;
use protocol::failure::Failure;
use threads::names::Names;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::environment::Environment;
use crate::handle::{Handle, Message};
use crate::news::{Piece, What};
use crate::open::{self, Surroundings};
use crate::pauses::{Pause, Pauses};
use crate::server::which::codes_of;
use crate::settings::watching::SettingsWatch;
use crate::settings::{self, Loaded, RepositorySettings, Settings};
use crate::shared::{Order, Setup, Shared};

/// How long a repository may take to end.
const STOP_MAX: Duration = Duration::from_secs(3);

/// How often reading marks are written, where they changed.
const FLUSH: Duration = Duration::from_secs(1);

/// Between two attempts at a repository that could not be opened.
const OPEN_AGAIN: Duration = Duration::from_secs(30);

/// Runs the repositories' loops.
#[derive(Debug)]
pub(crate) struct Supervisor {
    surroundings: Surroundings,
    environment: Environment,
    loops: JoinSet<()>,
    pauses: Pauses,
    /// When a repository that could not be opened is tried again.
    open_again: Option<Instant>,
}

impl Supervisor {
    /// Runs no repository yet.
    pub(crate) fn new(surroundings: Surroundings) -> Self {
        Self {
            environment: Environment::open(&surroundings.dirs.state),
            pauses: Pauses::open(&surroundings.dirs.state),
            surroundings,
            loops: JoinSet::new(),
            open_again: None,
        }
    }

    /// The setup that the settings ask for now; repositories of `before` whose settings are the
    /// same run on, the others end.
    pub(crate) async fn set_up(&mut self, before: Option<&Setup>) -> Setup {
        let Loaded { settings, trouble } = self.load().await;
        self.surroundings.credentials.keep_in(settings.credentials);
        let mut trouble = trouble.map(|trouble| Trouble {
            kind: "settings_invalid".to_owned(),
            message: trouble.message,
            hint: trouble.hint,
        });
        let unchanged = |wanted: &RepositorySettings| {
            let before = before.filter(|before| shares(&before.settings, &settings))?;
            before
                .repository(&wanted.name)
                .filter(|handle| handle.settings == *wanted)
        };
        let mut all = settings.repositories.clone();
        let named = |settings: &RepositorySettings| {
            let is_own = |own: &RepositorySettings| own.name == settings.name;
            all.iter().any(is_own)
        };
        let others: Vec<_> = self
            .environment
            .settings()
            .filter(|of| !named(of))
            .collect();
        all.extend(others);
        if let Some(before) = before {
            let ends = before.repositories.iter().filter(|handle| {
                let wanted = all.iter().find(|w| w.name == handle.name);
                wanted.and_then(&unchanged).is_none()
            });
            stop_all(ends).await;
        }
        let mut repositories = Vec::new();
        self.open_again = None;
        for wanted in &all {
            match unchanged(wanted) {
                Some(handle) => repositories.push(Arc::clone(handle)),
                None => match self.start(&settings, wanted).await {
                    Ok(handle) => repositories.push(Arc::new(handle)),
                    Err(failed) => {
                        trouble = trouble.or(Some(failed));
                        self.open_again = Some(Instant::now() + OPEN_AGAIN);
                    }
                },
            }
        }
        let codes = Arc::new(
            repositories
                .iter()
                .flat_map(|each| codes_of(each))
                .collect(),
        );
        let names = Names::builtin().with(&settings.agents.canonical);
        Setup {
            settings,
            trouble,
            names,
            repositories,
            codes,
        }
    }

    async fn load(&self) -> Loaded {
        let dirs = self.surroundings.dirs.clone();
        let load = move || settings::load(&dirs.config, &dirs.state);
        let loaded = tokio::task::spawn_blocking(load).await;
        loaded.expect("reading settings does not panic")
    }

    async fn start(
        &mut self,
        settings: &Settings,
        wanted: &RepositorySettings,
    ) -> Result<Handle, Trouble> {
        let (surroundings, all, of) = (self.surroundings.clone(), settings.clone(), wanted.clone());
        let opened =
            tokio::task::spawn_blocking(move || open::open(&surroundings, &all, &of)).await;
        let opened = opened.unwrap_or_else(|panic| Err(anyhow::Error::new(panic)));
        match opened {
            Ok(mut opened) => {
                opened.event_loop.pause = self.pause_of(wanted);
                let url = &opened.handle.url_shown;
                info!(repository = %wanted.name, url, "Opened");
                self.loops.spawn(opened.event_loop.run());
                self.loops.spawn(opened.teller.run());
                Ok(opened.handle)
            }
            Err(error) => {
                error!(repository = %wanted.name, error = format!("{error:#}"), "Not opened");
                Err(Trouble {
                    kind: "settings_invalid".to_owned(),
                    message: format!(
                        "The repository '{}' cannot be opened: {error:#}",
                        wanted.name
                    ),
                    hint: "Mend its settings in config.toml; it is tried again when they change, \
                           and twice a minute."
                        .to_owned(),
                })
            }
        }
    }

    fn pause_of(&self, wanted: &RepositorySettings) -> Option<Pause> {
        if wanted.paused {
            return Some(Pause::UntilResumed);
        }
        self.pauses.of(&wanted.name, Timestamp::now())
    }

    /// Notes the pause, or its end, and tells those repositories.
    async fn pause(
        &mut self,
        shared: &Shared,
        names: &[String],
        pause: Option<Pause>,
    ) -> Result<(), Failure> {
        self.pauses.set(names, pause)?;
        let setup = shared.setup.load_full();
        for handle in names.iter().filter_map(|name| setup.repository(name)) {
            // Where its loop has ended, the next one reads what was noted.
            let pause = self.pause_of(&handle.settings);
            let _ = handle.inbox.send(Message::Pause(pause)).await;
        }
        Ok(())
    }

    /// Serves orders until one says stop, or `ended` does.
    pub(crate) async fn run(
        mut self,
        shared: Arc<Shared>,
        (mut orders, mut settings): (mpsc::Receiver<Order>, SettingsWatch),
        ended: impl Future<Output = ()>,
    ) {
        tokio::pin!(ended);
        let mut flush = tokio::time::interval(FLUSH);
        flush.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = &mut ended => break,
                _ = flush.tick() => flush_marks(&shared.setup),
                () = settings.changed() => {
                    self.set_up_again(&shared).await;
                }
                () = sleep_until(self.open_again) => {
                    self.set_up_again(&shared).await;
                }
                order = orders.recv() => match order {
                    Some(Order::Reload(answer)) => {
                        // Whoever asked may have gone.
                        let _ = answer.send(self.set_up_again(&shared).await);
                    }
                    Some(Order::Keep(wanted, answer)) => {
                        let _ = answer.send(self.keep(&shared, &wanted).await);
                    }
                    Some(Order::Forget(name, answer)) => {
                        let _ = answer.send(self.forget(&shared, &name).await);
                    }
                    Some(Order::Pause(names, pause, answer)) => {
                        let _ = answer.send(self.pause(&shared, &names, pause).await);
                    }
                    Some(Order::Stop) | None => break,
                },
            }
        }
        let setup = shared.setup.load_full();
        stop_all(setup.repositories.iter()).await;
        flush_marks(&shared.setup);
    }
}

impl Supervisor {
    async fn set_up_again(&mut self, shared: &Shared) -> Option<Trouble> {
        let before = shared.setup.load_full();
        let setup = self.set_up(Some(&before)).await;
        let trouble = setup.trouble.clone();
        tell(before.trouble.as_ref(), trouble.as_ref());
        shared.setup.store(Arc::new(setup));
        shared.news.tell(Piece {
            repository: String::new(),
            what: What::Counts,
        });
        trouble
    }

    /// Keeps what a client's environment names, and opens it.
    async fn keep(
        &mut self,
        shared: &Shared,
        wanted: &EnvironmentRepository,
    ) -> Result<(), Failure> {
        let setup = shared.setup.load_full();
        let is_idle = |name: &str| {
            let handle = setup.repository(name);
            handle.is_none_or(|handle| {
                let shown = handle.shown();
                shown.pending.is_empty() && shown.held.is_empty()
            })
        };
        if self.environment.keep(wanted, is_idle)? {
            self.set_up_again(shared).await;
        }
        Ok(())
    }

    /// Keeps it no longer, and ends it; its files stay.
    async fn forget(&mut self, shared: &Shared, name: &str) -> Result<bool, Failure> {
        let forgotten = self.environment.forget(name)?;
        if forgotten {
            self.set_up_again(shared).await;
        }
        Ok(forgotten)
    }
}

/// Whether repositories can run on from one of these settings to the other.
fn shares(one: &Settings, other: &Settings) -> bool {
    one.identity == other.identity && one.sync == other.sync
}

/// Logs that the settings are no longer in force, or are again.
fn tell(before: Option<&Trouble>, trouble: Option<&Trouble>) {
    match trouble {
        Some(trouble) if before != Some(trouble) => {
            warn!(message = %trouble.message, "Settings not in force");
        }
        Some(_) => (),
        None => info!(mended = before.is_some(), "Settings read"),
    }
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn flush_marks(setup: &ArcSwap<Setup>) {
    for handle in &setup.load().repositories {
        let marks = Arc::clone(&handle.marks);
        if marks.is_changed() {
            tokio::task::spawn_blocking(move || marks.flush());
        }
        let asked = Arc::clone(&handle.asked);
        if asked.is_changed() {
            tokio::task::spawn_blocking(move || asked.flush());
        }
        let arrivals = Arc::clone(&handle.arrivals);
        if arrivals.is_changed() {
            tokio::task::spawn_blocking(move || arrivals.flush());
        }
    }
}

async fn stop_all(handles: impl Iterator<Item = &Arc<Handle>>) {
    let mut stops = JoinSet::new();
    for handle in handles {
        let handle = Arc::clone(handle);
        stops.spawn(async move {
            let (answer, stopped) = oneshot::channel();
            if handle.inbox.send(Message::Stop(answer)).await.is_ok() {
                // A loop that is gone has stopped too.
                let _ = stopped.await;
            }
            handle.marks.flush();
            handle.asked.flush();
            handle.arrivals.close();
        });
    }
    let all = async { while stops.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_MAX, all).await.is_err() {
        error!("A repository did not end in time; what it kept is on the disk");
    }
}
