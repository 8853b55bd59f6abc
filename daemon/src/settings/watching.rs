//! Tells when `config.toml` was changed: by the system's word for its folder, and by a slow look
//! where there is none.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tracing::debug;

/// Between two looks at the file's time and length, for what the watch does not see: a folder that
/// was made later, a link's target, a network file system.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A file counts as written when it has stayed the same for this long.
const SETTLE: Duration = Duration::from_millis(150);

/// The same where it is missing or empty, as it is for a moment in the middle of many a save: to
/// believe that at once would end every repository.
const SETTLE_EMPTY: Duration = Duration::from_secs(2);

/// A file that does not come to rest is read after this all the same.
const SETTLE_MAX: Duration = Duration::from_secs(10);

/// Looks at the settings file.
#[derive(Debug)]
pub(crate) struct SettingsWatch {
    config: PathBuf,
    seen: Seen,
    dirty: bool,
    hint: mpsc::Sender<()>,
    hints: mpsc::Receiver<()>,
    watcher: Option<RecommendedWatcher>,
    looks: Interval,
}

/// What tells one version of the file from the next; none where it is missing.
type Seen = Option<(Option<SystemTime>, u64)>;

impl SettingsWatch {
    /// Watches the file from here on, whether it is there or not.
    pub(crate) fn begin(config: &Path) -> Self {
        let (hint, hints) = mpsc::channel(1);
        let mut looks = tokio::time::interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watch = Self {
            config: config.to_owned(),
            seen: seen(config),
            dirty: false,
            hint,
            hints,
            watcher: None,
            looks,
        };
        watch.watch_folder();
        watch
    }

    /// Ends when the file was changed and has come to rest. May be dropped and called again at any
    /// moment.
    pub(crate) async fn changed(&mut self) {
        while !self.dirty {
            tokio::select! {
                Some(()) = self.hints.recv() => self.dirty = true,
                _ = self.looks.tick() => self.look(),
            }
        }
        self.settled().await;
        self.dirty = false;
    }

    fn look(&mut self) {
        self.dirty = seen(&self.config) != self.seen;
        if self.watcher.is_none() {
            self.watch_folder();
        }
    }

    async fn settled(&mut self) {
        let begun = Instant::now();
        let mut since = begun;
        self.seen = seen(&self.config);
        while begun.elapsed() < SETTLE_MAX {
            let rest = match self.seen {
                None | Some((_, 0)) => SETTLE_EMPTY,
                Some(_) => SETTLE,
            };
            if since.elapsed() >= rest {
                break;
            }
            tokio::time::sleep(SETTLE).await;
            let now = seen(&self.config);
            if now != self.seen {
                (self.seen, since) = (now, Instant::now());
            }
        }
        // What they told of has been looked at, whatever it was.
        while self.hints.try_recv().is_ok() {}
    }

    /// The folder and not the file, since editors put another file in its place.
    fn watch_folder(&mut self) {
        let Some((folder, name)) = self.config.parent().zip(self.config.file_name()) else {
            return;
        };
        let (hint, name) = (self.hint.clone(), name.to_owned());
        let heard = move |event: notify::Result<Event>| {
            let concerns = event.map_or(true, |event| {
                let is_ours = |path: &PathBuf| path.file_name() == Some(name.as_os_str());
                !matches!(event.kind, EventKind::Access(_))
                    && (event.need_rescan() || event.paths.iter().any(is_ours))
            });
            if concerns {
                // Where one waits already, another says nothing new.
                let _ = hint.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(heard).and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        match watcher {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => debug!(%error, "The settings are looked at now and then alone"),
        }
    }
}

fn seen(config: &Path) -> Seen {
    let found = fs::metadata(config).ok()?;
    Some((found.modified().ok(), found.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough for a loaded machine, and for a slow look.
    const SOON: Duration = Duration::from_secs(60);

    async fn told(watch: &mut SettingsWatch) -> bool {
        tokio::time::timeout(SOON, watch.changed()).await.is_ok()
    }

    #[tokio::test]
    async fn each_way_to_save_a_file_is_heard_and_settles() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        let aside = folder.path().join(".config.toml.swp");
        let mut watch = SettingsWatch::begin(&config);
        type Save<'a> = (&'a str, &'a dyn Fn());
        let saves: [Save<'_>; 4] = [
            ("made", &|| fs::write(&config, "a = 1\n").unwrap()),
            ("written over", &|| fs::write(&config, "a = 22\n").unwrap()),
            ("replaced", &|| {
                fs::write(&aside, "a = 333\n").unwrap();
                fs::rename(&aside, &config).unwrap();
            }),
            ("removed", &|| fs::remove_file(&config).unwrap()),
        ];
        for (what, save) in saves {
            save();
            assert!(told(&mut watch).await, "{what}");
            assert_eq!(watch.seen, seen(&config), "{what}");
        }
    }

    #[tokio::test]
    async fn a_save_is_told_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        fs::write(&config, "a = 1\n").unwrap();
        let mut watch = SettingsWatch::begin(&config);
        fs::write(&config, "").unwrap();
        let later = tokio::spawn({
            let config = config.clone();
            async move {
                tokio::time::sleep(SETTLE * 2).await;
                fs::write(&config, "a = 4444\n").unwrap();
            }
        });
        assert!(told(&mut watch).await);
        assert!(later.is_finished(), "an empty file is not believed at once");
        assert_eq!(watch.seen.unwrap().1, 9);
    }

    #[tokio::test]
    async fn a_folder_that_is_made_later_is_found_by_a_look() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("later/config.toml");
        let mut watch = SettingsWatch::begin(&config);
        assert!(watch.watcher.is_none());
        fs::create_dir(config.parent().unwrap()).unwrap();
        fs::write(&config, "a = 1\n").unwrap();
        assert!(told(&mut watch).await);
        assert!(watch.watcher.is_some());
    }
}
