//! What a write costs: until it is durable, and until it is on the remote.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tests::cli::Ran;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::sshd::SshServer;
use tests::settings::Settings;
use tests::shim::Shim;

use crate::pairs::{Pairs, time};
use crate::table::Row;

/// What one entry says.
const BODY: &str = "What was found, what follows from it, and what is left to do.\n";

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
    Row {
        what: "`say` durable",
        beside: "write, fsync, rename, fsync of the folder",
        ratio_max: Some(3.0),
        pairs: Pairs::take(60, ours, theirs),
    }
}

/// The size of what a `say` leaves in the outbox, seen before it is pushed.
fn operation_bytes(claude: &mut Shim, outbox: &Path) -> usize {
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

fn keep(folder: &Path, name: &str, bytes: &[u8]) {
    let new = folder.join(format!("{name}.new"));
    File::create(&new)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&new, folder.join(name)))
        .and_then(|()| File::open(folder)?.sync_all())
        .expect("a folder of ours can be written");
}

/// `say` until it is on the remote, beside git's commands, over `file://`.
pub(crate) fn pushed_over_file() -> Row {
    over_file("`say` to on the remote, `file://`", "", Some(1.0))
}

/// The same without the pause in which further writes may join a push.
pub(crate) fn pushed_at_once() -> Row {
    over_file("… with `push_delay = \"0s\"`", "push_delay = \"0s\"", None)
}

fn over_file(what: &'static str, sync: &str, ratio_max: Option<f64>) -> Row {
    let sides = Sides::new();
    let mut alice = Machine::new(&Settings::of("alice").sync(sync).remote(&sides.ours.url()));
    alice.start();
    let clone = sides.clone_theirs(&alice, &sides.theirs.url(), "ssh");
    Row {
        what,
        beside: GIT,
        ratio_max,
        pairs: pushed(&alice, &clone),
    }
}

/// `say` until it is on the remote, beside git's commands, over ssh with a key.
pub(crate) fn pushed_over_ssh() -> Row {
    let sides = Sides::new();
    let server = SshServer::start();
    let key = format!("ssh_key = \"{}\"", server.user_key().display());
    let url = server.url(&sides.ours.path());
    let mut alice = Machine::new(
        &Settings::of("alice")
            .sync("")
            .repository("acme", &url, &key),
    );
    server.trusted_by(&alice);
    alice.start();
    let ssh = format!(
        "ssh -o IdentitiesOnly=yes -i {}",
        server.user_key().display()
    );
    let clone = sides.clone_theirs(&alice, &server.url(&sides.theirs.path()), &ssh);
    Row {
        what: "`say` to on the remote, ssh",
        beside: GIT,
        ratio_max: Some(1.0),
        pairs: pushed(&alice, &clone),
    }
}

fn pushed(alice: &Machine, clone: &Clone<'_>) -> Pairs {
    alice.wait_in_step("acme");
    let mut claude = Shim::connect(alice, "claude-code");
    let words = json!({"topic": "plan", "title": "A step", "body": BODY, "wait_seconds": 10});
    let ours = || {
        time(|| {
            let said = claude.call("say", words.clone()).structured;
            assert_eq!(said["delivery"], "pushed", "{said}");
        })
    };
    let theirs = || {
        clone.add_an_entry();
        time(|| {
            clone.git(&["commit", "--quiet", "--all", "--message", "A step"]);
            clone.git(&["push", "--quiet"]);
        })
    };
    Pairs::take(15, ours, theirs)
}

/// A remote for each side, so that no side waits for what the other wrote.
struct Sides {
    ours: BareRepository,
    theirs: BareRepository,
}

impl Sides {
    fn new() -> Self {
        let text: &[(&str, &[u8])] = &[("README.md", b"Threads.\n"), ("theirs.txt", b"Begin.\n")];
        let one = || BareRepository::holding(text, "Begin");
        Self {
            ours: one(),
            theirs: one(),
        }
    }

    fn clone_theirs<'machine>(
        &self,
        machine: &'machine Machine,
        url: &str,
        ssh: &str,
    ) -> Clone<'machine> {
        let clone = Clone {
            machine,
            folder: machine.home().join("theirs"),
            ssh: ssh.to_owned(),
        };
        fs::create_dir(&clone.folder).expect("a home can be written");
        clone.git(&["clone", "--quiet", "--branch", "main", url, "."]);
        clone
    }
}

/// A clone as a person has it, driven by git's commands.
struct Clone<'machine> {
    machine: &'machine Machine,
    folder: PathBuf,
    ssh: String,
}

impl Clone<'_> {
    /// Runs git.
    fn git(&self, arguments: &[&str]) {
        let mut command: Command = self.machine.command("git");
        command
            .current_dir(&self.folder)
            .env("GIT_SSH_COMMAND", &self.ssh)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([
                ("GIT_AUTHOR_NAME", "Carol"),
                ("GIT_COMMITTER_NAME", "Carol"),
            ])
            .env("GIT_AUTHOR_EMAIL", "carol@example.com")
            .env("GIT_COMMITTER_EMAIL", "carol@example.com")
            .args(arguments);
        let _done = Ran::run(&mut command, "").done();
    }

    fn add_an_entry(&self) {
        File::options()
            .append(true)
            .open(self.folder.join("theirs.txt"))
            .and_then(|mut file| file.write_all(BODY.as_bytes()))
            .expect("a clone can be written");
    }
}
