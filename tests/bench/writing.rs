//! What a write costs: until it is durable, and until it is on the remote.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde_json::json;
use tests::cli::Ran;
use tests::git;
use tests::machine::Machine;
use tests::scratch;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;

use crate::over::{self, Over, Reached};
use crate::pairs::{Pairs, time};
use crate::table::{Row, Target};

/// What one entry says.
pub(crate) const BODY: &str = "What was found, what follows from it, and what is left to do.\n";

/// What a write of ours stands beside.
pub(crate) const KEPT: &str = "write, fsync, rename, fsync of the folder";

/// What a push of ours stands beside.
const GIT: &str = "`git commit && git push`";

/// `say` beside the least that makes a file durable, in a folder beside the outbox.
pub(crate) fn durable() -> Row {
    let remote = BareRepository::new();
    let mut alice = Machine::new(&Settings::of("alice").sync("").remote(&remote.url()));
    alice.start();
    let mut claude = Shim::connect(&alice, "claude-code");
    let state = alice.folder().join("state/repositories/acme");
    let bytes = vec![b'x'; operation_bytes(&mut claude, &state.join("outbox"))];
    let folder = state.join("beside");
    fs::create_dir(&folder).expect("the machine's folder can be written");
    let mut number = 0;
    let ours = || {
        let taken = time(|| drop(claude.say("plan", "A step", BODY)));
        // The push is another row's, and must not fall on the other side of the pair.
        let _in_step = alice.cli(&["sync", "--wait"]).done();
        taken
    };
    let theirs = || {
        number += 1;
        time(|| keep(&folder, &format!("{number}.json"), &bytes))
    };
    let pairs = Pairs::take(60, ours, theirs);
    Row::of_pairs("`say` durable", KEPT, Target::AtMost(3.0), &pairs)
}

/// The size of what a `say` leaves in the outbox, seen before it is pushed.
pub(crate) fn operation_bytes(claude: &mut Shim, outbox: &Path) -> usize {
    for _ in 0..100 {
        drop(claude.say("plan", "A step", BODY));
        let files = fs::read_dir(outbox).into_iter().flatten().flatten();
        let sizes = files
            .filter_map(|file| file.metadata().ok())
            .filter(fs::Metadata::is_file);
        if let Some(bytes) = sizes.map(|one| one.len()).max().filter(|bytes| *bytes > 0) {
            return usize::try_from(bytes).expect("an operation is small");
        }
    }
    panic!("no operation was seen in {}", outbox.display());
}

/// The least that makes a file durable.
pub(crate) fn keep(folder: &Path, name: &str, bytes: &[u8]) {
    let new = folder.join(format!("{name}.new"));
    File::create(&new)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&new, folder.join(name)))
        .and_then(|()| File::open(folder)?.sync_all())
        .expect("a folder of ours can be written");
}

/// `say` until it is on the remote, beside git's commands, with the settings' defaults.
pub(crate) fn pushed(over: Over) -> Row {
    let what = format!("`say` to on the remote, {}", over.name());
    pushed_with(what, over, "", Target::AtMost(1.0))
}

/// The same over `file://` without the pause in which further writes may join a push.
pub(crate) fn pushed_at_once() -> Row {
    let what = "… `file://` with `push_delay = \"0s\"`".to_owned();
    pushed_with(what, Over::File, "push_delay = \"0s\"", Target::None)
}

fn pushed_with(what: String, over: Over, sync: &str, target: Target) -> Row {
    // A remote for each side, so that no side waits for what the other wrote.
    let (reached, beside) = (Reached::new(over), Reached::new(over));
    let alice = reached.machine("alice", sync);
    alice.wait_in_step("acme");
    let mut claude = Shim::connect(&alice, "claude-code");
    let words = json!({"topic": "plan", "title": "A step", "body": BODY, "wait_seconds": 10});
    let ours = || {
        time(|| {
            let said = claude.call("say", words.clone()).structured;
            assert_eq!(said["delivery"], "pushed", "{said}");
        })
    };
    let clone = scratch::folder();
    let git = |arguments: &[&str]| {
        let mut git = git::command(clone.path());
        let _done = Ran::run(beside.let_in(&mut git).args(arguments), "").done();
    };
    git(&["clone", "--quiet", "--branch", "main", &beside.url(), "."]);
    let theirs = || {
        append(&clone.path().join(over::THEIRS));
        time(|| {
            git(&["commit", "--quiet", "--all", "--message", "A step"]);
            git(&["push", "--quiet"]);
        })
    };
    Row::of_pairs(what, GIT, target, &Pairs::take(15, ours, theirs))
}

fn append(file: &Path) {
    File::options()
        .append(true)
        .open(file)
        .and_then(|mut file| file.write_all(BODY.as_bytes()))
        .expect("a clone can be written");
}
