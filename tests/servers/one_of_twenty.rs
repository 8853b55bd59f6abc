//! Troubles of ways in, of this machine and of what it keeps, each on one of twenty repositories of one
//! daemon. Those of a remote and of its server are a story of their own.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use tests::keychain::Session;
use tests::machine::Machine;
use tests::outbox::{OPERATIONS_MAX, fill};
use tests::servers::bare::BareRepository;
use tests::servers::nginx::{PASSWORD, USER, WebServer};
use tests::servers::small_disk::{SmallDisk, with_small_disks};
use tests::servers::sshd::SshServer;
use tests::settings::Settings;
use tests::twenty::{SYNC, Trouble, Twenty, Write};

use crate::credentials::{machine, trusted};

/// A trouble that stands from the beginning, while which writes are kept.
fn trouble<'a>(
    name: &'static str,
    kind: &'static str,
    url: String,
    remote: &'a BareRepository,
) -> Trouble<'a> {
    Trouble {
        name,
        url,
        lines: String::new(),
        remote,
        kind,
        words: "",
        write: Write::Kept,
        comes: None,
        goes: Box::new(|_| ()),
    }
}

/// The person keeps that token for that repository.
fn with_token(machine: &Machine, name: &str, token: &str) {
    let words = [
        "credential",
        "add",
        name,
        "--token",
        "--user",
        USER,
        "--json",
    ];
    let _added = machine.cli_told(&words, &format!("{token}\n")).done();
}

#[test]
fn each_trouble_of_a_token_is_that_of_one_repository_alone() {
    let remotes: [BareRepository; 3] = std::array::from_fn(|_| BareRepository::new());
    let [missing, refused, locked] = &remotes;
    let [at_missing, at_refused, at_locked] =
        [missing, refused, locked].map(|remote| WebServer::start(remote.as_ref()));
    let private = |server: &WebServer| server.url("private/remote.git");
    let session = RefCell::new(Session::with_keychain());
    let machine = machine(&session.borrow(), &Settings::of("alice"));
    machine.configure(&three(&at_missing, &at_refused, &at_locked).text());
    for name in ["missing", "refused", "locked"] {
        with_token(&machine, name, PASSWORD);
    }
    let troubles = [
        Trouble {
            comes: Some(Box::new(|machine| {
                let _removed = machine.json(&["credential", "remove", "missing"]);
            })),
            goes: Box::new(|machine| with_token(machine, "missing", PASSWORD)),
            ..trouble(
                "missing",
                "credential_missing",
                private(&at_missing),
                missing,
            )
        },
        Trouble {
            comes: Some(Box::new(|machine| {
                with_token(machine, "refused", "canary7f-another-password");
            })),
            goes: Box::new(|machine| with_token(machine, "refused", PASSWORD)),
            ..trouble(
                "refused",
                "credential_refused",
                private(&at_refused),
                refused,
            )
        },
        Trouble {
            words: "the keychain is locked",
            comes: Some(Box::new(|_| session.borrow().lock())),
            goes: Box::new(|_| session.borrow_mut().open()),
            ..trouble("locked", "keychain_locked", private(&at_locked), locked)
        },
    ];
    Twenty::start(machine, &troubles).each_alone(&troubles);
}

#[test]
fn each_trouble_of_a_host_key_is_that_of_one_repository_alone() {
    let remotes: [BareRepository; 2] = std::array::from_fn(|_| BareRepository::new());
    let [unknown, changed] = &remotes;
    let (stranger, known) = (SshServer::start(), SshServer::start());
    let key = |server: &SshServer| format!("ssh_key = \"{}\"", server.user_key().display());
    let (at_unknown, of_unknown) = (stranger.url(&unknown.path()), key(&stranger));
    let (at_changed, of_changed) = (known.url(&changed.path()), key(&known));
    let session = Session::without_keychain();
    let machine = machine(&session, &Settings::of("alice"));
    trusted(&machine, &known);
    let known = RefCell::new(Some(known));
    let troubles = [
        Trouble {
            lines: of_unknown,
            words: "Host key verification failed",
            goes: Box::new(|machine| trusted(machine, &stranger)),
            ..trouble("unknown", "host_key_unknown", at_unknown, unknown)
        },
        Trouble {
            lines: of_changed,
            comes: Some(Box::new(|_| {
                let before = known.borrow_mut().take().expect("it serves");
                *known.borrow_mut() = Some(before.change_host_key());
            })),
            goes: Box::new(|machine| {
                trusted(machine, known.borrow().as_ref().expect("it serves"));
            }),
            ..trouble("changed", "host_key_changed", at_changed, changed)
        },
    ];
    Twenty::start(machine, &troubles).each_alone(&troubles);
}

#[test]
fn each_trouble_of_this_machine_is_that_of_one_repository_alone() {
    let remotes: [BareRepository; 2] = std::array::from_fn(|_| BareRepository::new());
    let [proxied, damaged] = &remotes;
    let at_proxied = WebServer::start(proxied.as_ref());
    let machine = Machine::new(&Settings::of("alice"));
    let about = at_proxied.url("");
    let text = format!("[http \"{about}\"]\n\tproxy = ftp://proxy.example\n");
    fs::write(machine.home().join(".gitconfig"), text).expect("a home can be written");
    let troubles = [
        Trouble {
            words: "ftp://proxy.example",
            goes: Box::new(|machine| {
                fs::remove_file(machine.home().join(".gitconfig")).expect("it was written");
            }),
            ..trouble(
                "proxied",
                "settings_invalid",
                at_proxied.url("git/remote.git"),
                proxied,
            )
        },
        Trouble {
            // It is told until it is cloned anew, which waits for the remote.
            comes: Some(Box::new(|machine| {
                damaged.go_away();
                let objects = machine.clone_of("damaged").join("objects");
                fs::remove_dir_all(objects).expect("they are there");
            })),
            goes: Box::new(|_| damaged.come_back()),
            ..trouble("damaged", "damaged", damaged.url(), damaged)
        },
    ];
    Twenty::start(machine, &troubles).each_alone(&troubles);
}

/// Settings with the repositories whose tokens are in the keychain.
fn three(missing: &WebServer, refused: &WebServer, locked: &WebServer) -> Settings {
    let named = [
        ("missing", missing),
        ("refused", refused),
        ("locked", locked),
    ];
    named
        .into_iter()
        .fold(Settings::of("alice").sync(SYNC), |settings, (name, web)| {
            settings.repository(name, &web.url("private/remote.git"), "")
        })
}

#[test]
fn a_full_outbox_is_that_of_one_repository_alone() {
    let remote = BareRepository::new();
    let settings = Settings::of("alice").sync(SYNC);
    let mut machine = Machine::new(&settings.repository("full", &remote.url(), ""));
    machine.start();
    machine.wait_in_step("full");
    remote.go_away();
    let said = machine.json(&["say", "topic-0", "--title", "T", "--body", "b"]);
    machine.stop();
    let outbox = machine.folder().join("state/repositories/full/outbox");
    let first = said["entry_id"].as_str().expect("an id");
    let _topics = fill(&outbox, first, OPERATIONS_MAX);
    let troubles = [Trouble {
        write: Write::Refused("outbox_full"),
        goes: Box::new(|_| remote.come_back()),
        ..trouble("full", "outbox_full", remote.url(), &remote)
    }];
    Twenty::start(machine, &troubles).each_alone(&troubles);
}

#[test]
fn a_full_disk_is_that_of_one_repository_alone() {
    let name = "one_of_twenty::a_full_disk_is_that_of_one_repository_alone";
    with_small_disks(name, || {
        let remote = BareRepository::new();
        let machine = Machine::new(&Settings::of("alice"));
        let state = machine.folder().join("state");
        let disk = SmallDisk::at(&state.join("repositories/small"), 8192);
        fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("it is ours");
        let large = vec![b'x'; 64 << 10];
        let troubles = [Trouble {
            write: Write::Refused("not_durable"),
            comes: Some(Box::new(|_| {
                disk.fill();
                remote.push(&[("large.txt", &large)], "carol sends much");
            })),
            goes: Box::new(|_| disk.free()),
            ..trouble("small", "disk_full", remote.url(), &remote)
        }];
        Twenty::start(machine, &troubles).each_alone(&troubles);
    });
}
