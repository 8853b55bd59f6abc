//! Hears of changes in the working trees: one watcher of the system for all repositories, which says
//! where something changed and never what. What it cannot watch is looked at often instead.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::EventKind;
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};
use tracing::{debug, info, warn};

pub(crate) use changes::Changes;

mod changes;

/// Hears of changes in the working trees.
#[derive(Clone, Debug)]
pub(crate) struct Lookout {
    places: Places,
    // Held while a folder is added or taken out, by threads that may block; nothing that is held
    // under `places` waits for it.
    watcher: Arc<Mutex<Option<RecommendedWatcher>>>,
}

/// Whose a watched folder is. Held for a look into the map alone; the watcher's thread and those
/// that add folders wait for each other that long.
type Places = Arc<Mutex<HashMap<PathBuf, Place>>>;

/// A watched folder.
#[derive(Clone, Debug)]
struct Place {
    changes: Arc<Changes>,
    kind: Kind,
}

/// What a change in a folder means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A thread's file may have changed.
    Threads,
    /// An editor may have written to a file that had been taken out.
    Replaced,
}

/// How changes in a folder come to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The system tells.
    AtOnce,
    /// Nobody tells: it must be looked at.
    ByLooking,
}

impl Lookout {
    /// Watches nothing yet.
    pub(crate) fn begin() -> Self {
        let places = Places::default();
        let to = Arc::clone(&places);
        let config = Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(move |event| hear(&to, event), config);
        let watcher = watcher
            .inspect_err(|error| warn!(%error, "Working trees are not watched, but looked at"))
            .ok();
        Self {
            places,
            watcher: Arc::new(Mutex::new(watcher)),
        }
    }

    /// Watches a folder for a repository, or goes on with it; where another folder has come under
    /// its name, that one. Blocks.
    pub(crate) fn watch(&self, folder: &Path, changes: &Arc<Changes>, kind: Kind) -> Heard {
        // A folder that is no more is watched for when it is made again.
        let Ok(folder) = folder.canonicalize() else {
            return Heard::ByLooking;
        };
        if let Some(system) = platform::volume::remote_kind(&folder) {
            debug!(folder = %folder.display(), system, "Looked at, since it is not of this machine");
            return Heard::ByLooking;
        }
        let place = Place {
            changes: Arc::clone(changes),
            kind,
        };
        let is_new = lock(&self.places).insert(folder.clone(), place).is_none();
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(watcher) = watcher.as_mut() else {
            return Heard::ByLooking;
        };
        match watcher.watch(&folder, RecursiveMode::NonRecursive) {
            Ok(()) => Heard::AtOnce,
            Err(error) => {
                if is_new {
                    info!(folder = %folder.display(), %error, "Looked at, since it cannot be watched");
                }
                Heard::ByLooking
            }
        }
    }

    /// Hears nothing more for a repository. Blocks.
    pub(crate) fn end(&self, changes: &Arc<Changes>) {
        let mut left = Vec::new();
        lock(&self.places).retain(|folder, place| {
            let is_its = Arc::ptr_eq(&place.changes, changes);
            if is_its {
                left.push(folder.clone());
            }
            !is_its
        });
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        for folder in left {
            if let Some(watcher) = watcher.as_mut() {
                // One that is gone is watched no more.
                let _ = watcher.unwatch(&folder);
            }
        }
    }
}

/// Runs on the watcher's thread: it does no more than say where.
fn hear(places: &Places, event: notify::Result<Event>) {
    let event = match event {
        Ok(event) => event,
        Err(error) => {
            debug!(%error, "The watch over the working trees failed");
            return lock(places).values().for_each(|place| place.changes.all());
        }
    };
    if event.need_rescan() {
        return lock(places).values().for_each(|place| place.changes.all());
    }
    match event.kind {
        // A look of our own is one of these; what is written is also modified.
        EventKind::Access(_) => return,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => (),
    }
    for path in &event.paths {
        hear_of(places, path);
    }
}

fn hear_of(places: &Places, path: &Path) {
    let places = lock(places);
    if let Some(place) = places.get(path) {
        // The folder itself went, or came.
        return place.changes.all();
    }
    let Some(place) = path.parent().and_then(|folder| places.get(folder)) else {
        return;
    };
    match (place.kind, path.file_name().and_then(|name| name.to_str())) {
        (Kind::Threads, Some(name)) => place.changes.named(name),
        (Kind::Replaced, Some(_)) => place.changes.late(),
        // What is not text names no thread.
        (Kind::Threads | Kind::Replaced, None) => (),
    }
}

fn lock(places: &Places) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Place>> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
