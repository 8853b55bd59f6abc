//! What the system tells of real folders.

use std::fs;
use std::time::{Duration, Instant};

use super::*;
use crate::working_tree::Sight;

const PATIENCE: Duration = Duration::from_secs(60);

fn sight(changes: &Changes) -> Sight {
    let start = Instant::now();
    loop {
        if let Some(sight) = changes.take_due(Instant::now()) {
            return sight;
        }
        assert!(start.elapsed() < PATIENCE, "nothing was told");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn names(of: &[&str]) -> Sight {
    Sight::Names(of.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn each_folder_tells_its_own_repository_and_reads_tell_nothing() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let lookout = Lookout::begin();
    let (first, second) = (Arc::new(Changes::default()), Arc::new(Changes::default()));
    for (folder, changes) in [(&one, &first), (&two, &second)] {
        let heard = lookout.watch(folder.path(), changes, Kind::Threads);
        assert_eq!(heard, Heard::AtOnce);
    }
    fs::write(one.path().join("a.md"), "text").unwrap();
    assert_eq!(sight(&first), names(&["a.md"]));
    fs::read(one.path().join("a.md")).unwrap();
    fs::read_dir(one.path()).unwrap().count();
    fs::rename(one.path().join("a.md"), one.path().join("b.md")).unwrap();
    assert_eq!(sight(&first), names(&["a.md", "b.md"]));
    assert_eq!(second.due_at(), None);
    lookout.end(&first);
    fs::write(one.path().join("c.md"), "text").unwrap();
    fs::write(two.path().join("d.md"), "text").unwrap();
    assert_eq!(sight(&second), names(&["d.md"]));
    assert_eq!(first.due_at(), None);
}

#[test]
fn a_folder_that_is_made_again_is_watched_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("tree");
    let lookout = Lookout::begin();
    let changes = Arc::new(Changes::default());
    assert_eq!(
        lookout.watch(&folder, &changes, Kind::Threads),
        Heard::ByLooking
    );
    fs::create_dir(&folder).unwrap();
    assert_eq!(
        lookout.watch(&folder, &changes, Kind::Threads),
        Heard::AtOnce
    );
    fs::remove_dir(&folder).unwrap();
    assert_eq!(sight(&changes), Sight::All);
    fs::create_dir(&folder).unwrap();
    assert_eq!(
        lookout.watch(&folder, &changes, Kind::Threads),
        Heard::AtOnce
    );
    assert_eq!(
        lookout.watch(&folder, &changes, Kind::Threads),
        Heard::AtOnce
    );
    fs::write(folder.join("a.md"), "text").unwrap();
    // The end of the old folder may be told late, and then all of it is looked at.
    assert!([names(&["a.md"]), Sight::All].contains(&sight(&changes)));
}

#[test]
fn a_failed_watch_and_lost_events_mean_all_of_it() {
    let changes = Arc::new(Changes::default());
    let place = Place {
        changes: Arc::clone(&changes),
        kind: Kind::Replaced,
    };
    let places = Places::default();
    lock(&places).insert(PathBuf::from("/tree"), place);
    let overflow = Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
    hear(&places, Ok(overflow));
    assert_eq!(sight(&changes), Sight::All);
    hear(&places, Err(notify::Error::generic("lost")));
    assert_eq!(sight(&changes), Sight::All);
    hear(
        &places,
        Ok(Event::new(EventKind::Any).add_path("/tree/1-ab".into())),
    );
    assert_eq!(sight(&changes), names(&[]));
    hear(
        &places,
        Ok(Event::new(EventKind::Any).add_path("/other/a.md".into())),
    );
    assert_eq!(changes.due_at(), None);
}
