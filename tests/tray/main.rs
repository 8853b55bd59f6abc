//! The tray in a desktop session: a bus, a notification service, and what others pushed.

mod windows;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::json;
use tests::keychain::Session;
use tests::machine::Machine;
use tests::popups::Popups;
use tests::processes;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::tray::{Tray, log, wake_ups};
use tests::wait::{PATIENCE, wait_until};

/// Memory at rest; source: the issue of the tray.
const RESIDENT_KB_MAX: u64 = 40 << 10;

/// For how long the tray is left alone, to see whether it wakes.
const REST: Duration = Duration::from_secs(5);

/// How often it may wake then: the idle thread of the crate `blocking`, below zbus, does so twice a
/// second; nothing of ours does.
const WAKE_UPS_MAX: u64 = 20;

/// Two people with one remote; alice in a session with popups.
struct Desk {
    session: Session,
    popups: Popups,
    alice: Machine,
    bob: Machine,
    remote: BareRepository,
}

impl Desk {
    fn new(lines: &str) -> Self {
        let session = Session::without_keychain();
        let popups = Popups::serve(session.address());
        let remote = BareRepository::new();
        let settings = |user: &str| Settings::of(user).repository("acme", &remote.url(), "");
        let mut alice = Machine::new(&settings("alice"));
        if !lines.is_empty() {
            alice.configure(&format!("{}\n{lines}\n", settings("alice").text()));
        }
        session.used_by(&mut alice);
        let opener = alice.bin().join("xdg-open");
        let opened = alice.root().join("opened");
        let script = format!("#!/bin/sh\necho \"$1\" >>'{}'\n", opened.display());
        fs::write(&opener, script).expect("a machine's folder can be written");
        fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let mut bob = Machine::new(&settings("bob"));
        bob.start();
        alice.start();
        let mut first = Shim::connect(&bob, "claude-code");
        first.say("welcome", "Welcome", "b");
        bob.wait_in_step("acme");
        alice.wait_state("acme", "filled", |one| one["threads"] == 1);
        let _marked = alice.cli(&["mark-read", "--all"]).done();
        Self {
            session,
            popups,
            alice,
            bob,
            remote,
        }
    }

    /// Bob's agent writes.
    fn says(&self, topic: &str, title: &str, ball: &str) {
        let mut claude = Shim::connect(&self.bob, "claude-code");
        let say = json!({"topic": topic, "title": title, "body": "b", "ball": ball});
        let _said = claude.call("say", say).structured;
    }

    fn opened(&self) -> String {
        fs::read_to_string(self.alice.root().join("opened")).unwrap_or_default()
    }
}

#[test]
fn counts_and_popups_follow_what_another_daemon_pushed() {
    let desk = Desk::new("");
    let tray = Tray::start(&desk.alice);
    let alice = &desk.alice;
    tray.wait_menu(alice, "In step since");
    let in_step = tray.property(alice, "IconPixmap");

    desk.says("plan", "A plan", "Codex (bob)");
    tray.wait_property(alice, "Title", "Watercooler: 1 new");
    tray.wait_property(alice, "ToolTip", "1 new entry");
    tray.wait_menu(alice, "acme: 1 new entry");
    let new = tray.property(alice, "IconPixmap");
    assert_ne!(new, in_step, "the icon counts");
    let popup = desk.popups.wait_for("acme/plan");
    assert_eq!(popup.body, "Claude (bob): A plan");

    desk.says("auth", "Drop <b>the</b> token & go", "Human (alice)");
    tray.wait_property(alice, "Title", "Watercooler: 1 your turn, 2 new");
    tray.wait_menu(alice, "1 thread: your turn");
    assert_ne!(tray.property(alice, "IconPixmap"), new);
    let popup = desk.popups.wait_for("Your turn: auth");
    assert_eq!(
        popup.body,
        "Claude (bob): Drop &lt;b&gt;the&lt;/b&gt; token &amp; go"
    );
    assert_eq!(
        popup.actions,
        ["default", "Open", "snooze", "Snooze 1 hour"]
    );

    // A click opens the thread, which counts as read then.
    desk.popups.click(&popup, "default");
    wait_until("the thread is opened", PATIENCE, || {
        desk.opened().contains("repositories/acme/auth.md")
    });
    tray.wait_property(alice, "Title", "Watercooler: 1 your turn, 1 new");

    // Reading in another face counts too.
    let _read = alice.cli(&["read", "plan"]).done();
    tray.wait_property(alice, "Title", "Watercooler: 1 your turn'");
    let _said = alice
        .cli(&["say", "auth", "--title", "Done", "--body", "b"])
        .done();
    tray.wait_property(alice, "Title", "'Watercooler'");
    tray.end();
    drop(desk.session);
}

#[test]
fn each_turn_is_told_once_whatever_starts_again() {
    let mut desk = Desk::new("");
    let tray = Tray::start(&desk.alice);
    tray.wait_menu(&desk.alice, "In step since");
    desk.says("auth", "Auth", "Human (alice)");
    let _shown = desk.popups.wait_for("Your turn: auth");
    desk.alice.restart();
    tray.wait_menu(&desk.alice, "1 thread: your turn");
    tray.end();
    // While no tray runs.
    desk.says("later", "Later", "Human (alice)");
    desk.alice
        .wait_state("acme", "with two turns", |one| one["your_turn"] == 2);
    let tray = Tray::start(&desk.alice);
    let _shown = desk.popups.wait_for("Your turn: later");
    tray.end();
    let tray = Tray::start(&desk.alice);
    tray.wait_menu(&desk.alice, "2 threads: your turn");
    // What comes after proves that nothing else was on its way.
    desk.says("last", "Last", "Human (alice)");
    let _shown = desk.popups.wait_for("Your turn: last");
    let titles: Vec<String> = desk.popups.all().into_iter().map(|it| it.title).collect();
    let expected = ["Your turn: auth", "Your turn: later", "Your turn: last"];
    assert_eq!(titles, expected);
}

#[test]
fn clicks_in_the_menu_do_what_they_say() {
    let desk = Desk::new("");
    let alice = &desk.alice;
    let tray = Tray::start(alice);
    tray.wait_menu(alice, "In step since");
    desk.says("plan", "A plan", "Codex (bob)");
    desk.says("other", "Another", "Codex (bob)");
    tray.wait_menu(alice, "acme: 2 new entries");

    tray.click(alice, "plan: A plan");
    wait_until("the thread is opened", PATIENCE, || {
        desk.opened().contains("acme/plan.md")
    });
    tray.wait_menu(alice, "acme: 1 new entry");
    tray.click(alice, "Mark everything as read");
    tray.wait_property(alice, "Title", "'Watercooler'");
    assert_eq!(alice.repository("acme")["new_entries"], 0);

    tray.click(alice, "No popups about acme");
    let muted = "'toggle-state': <1>, 'label': <'No popups about acme'";
    let other = "'label': <'No popups about acme'>, 'toggle-state': <1>";
    wait_until("it is muted", PATIENCE, || {
        let menu = tray.menu(alice);
        menu.contains(muted) || menu.contains(other)
    });
    let before = desk.popups.all().len();
    desk.says("quiet", "Quiet", "Human (alice)");
    tray.wait_menu(alice, "1 thread: your turn");
    assert_eq!(desk.popups.all().len(), before);
    let _unmuted = alice.cli(&["unmute"]).done();

    tray.click(alice, "Start at login");
    let starter = alice
        .home()
        .join(".config/autostart/watercooler-tray.desktop");
    wait_until("it starts at login", PATIENCE, || starter.is_file());
    tray.click(alice, "Start at login");
    wait_until("it does not any more", PATIENCE, || !starter.is_file());

    tray.click(alice, "Copy diagnostics");
    let file = alice.folder().join("state/tray/diagnostics.txt");
    wait_until("there are diagnostics", PATIENCE, || file.is_file());
    let text = fs::read_to_string(file).expect("it was written");
    assert!(text.contains("repository 1: synced"), "{text}");
    assert!(!text.contains("acme") && !text.contains("quiet"), "{text}");

    tray.click(alice, "Quit (the daemon goes on)");
    assert_eq!(tray.wait_end(), Some(0));
    assert!(alice.daemon_pid().is_some());
}

#[test]
fn pauses_and_sync_are_clicks_too() {
    let mut desk = Desk::new("");
    // From here on nothing but a click fetches.
    let seldom = "poll_active = \"1h\"\npoll_idle = \"1h\"";
    let settings = Settings::of("alice").sync(seldom);
    let settings = settings.repository("acme", &desk.remote.url(), "");
    desk.alice.stop();
    desk.alice.configure(&settings.text());
    desk.alice.start();
    let alice = &desk.alice;
    let tray = Tray::start(alice);
    tray.wait_menu(alice, "In step since");
    for (words, shown) in [
        ("For 30 minutes", "Paused until "),
        ("For 1 hour", "Paused until "),
        ("Until tomorrow", "Paused until tomorrow 08:00"),
        ("Until resumed", "Paused since "),
    ] {
        tray.click(alice, words);
        tray.wait_menu(alice, shown);
        assert_eq!(alice.repository("acme")["state"], "paused");
        tray.click(alice, "Resume");
        tray.wait_menu(alice, "In step since");
    }
    desk.says("plan", "A plan", "Codex (bob)");
    desk.bob.wait_in_step("acme");
    tray.click(alice, "Sync now");
    tray.wait_menu(alice, "acme: 1 new entry");
}

#[test]
fn a_snoozed_turn_comes_no_more_for_now() {
    let desk = Desk::new("");
    let tray = Tray::start(&desk.alice);
    tray.wait_menu(&desk.alice, "In step since");
    desk.says("auth", "Auth", "Human (alice)");
    let popup = desk.popups.wait_for("Your turn: auth");
    desk.popups.click(&popup, "snooze");
    let told = desk.alice.folder().join("state/tray/told.json");
    wait_until("it is snoozed", PATIENCE, || {
        let text = fs::read_to_string(&told).unwrap_or_default();
        text.contains("snooze") && text.contains("auth")
    });
    desk.says("later", "Later", "Human (alice)");
    let _shown = desk.popups.wait_for("Your turn: later");
    let titles: Vec<String> = desk.popups.all().into_iter().map(|it| it.title).collect();
    assert_eq!(titles, ["Your turn: auth", "Your turn: later"]);
}

#[test]
fn without_daemon_bus_or_popups_it_waits_and_says_so() {
    let mut desk = Desk::new("");
    // The socket of a bus that is not there.
    let mut lonely = Machine::new(&Settings::of("carol"));
    lonely.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let mut tray = Tray::begin(&lonely);
    wait_until("it says what it waits for", PATIENCE, || {
        Tray::stderr(&lonely).contains("no session bus")
    });
    assert!(tray.is_alive());
    tray.end();

    desk.alice.stop();
    let tray = Tray::start(&desk.alice);
    tray.wait_menu(&desk.alice, "The daemon is not running");
    let unknown = tray.property(&desk.alice, "IconPixmap");
    assert!(Tray::stderr(&desk.alice).contains("shows no tray icons"));
    desk.alice.start();
    tray.wait_menu(&desk.alice, "In step since");
    let in_step = tray.property(&desk.alice, "IconPixmap");
    assert_ne!(unknown, in_step);
    desk.alice.stop();
    tray.wait_menu(&desk.alice, "The daemon is not running");
    assert_eq!(
        tray.property(&desk.alice, "IconPixmap"),
        unknown,
        "not green"
    );

    // Nobody shows popups: that is counted.
    let Desk {
        popups,
        mut alice,
        bob,
        ..
    } = desk;
    drop(popups);
    alice.start();
    tray.wait_menu(&alice, "In step since");
    let mut claude = Shim::connect(&bob, "claude-code");
    let say = json!({"topic": "auth", "title": "T", "body": "b", "ball": "Human (alice)"});
    let _said = claude.call("say", say).structured;
    tray.wait_menu(&alice, "1 popup could not be shown");
}

#[test]
fn at_rest_it_is_small_and_sleeps() {
    let desk = Desk::new("");
    let tray = Tray::start(&desk.alice);
    tray.wait_menu(&desk.alice, "In step since");
    let resident = processes::memory(tray.pid()) / 1024;
    let woken = wake_ups(tray.pid(), REST);
    println!("{resident} kB resident, woken {woken} times in {REST:?}");
    assert!(resident <= RESIDENT_KB_MAX, "{resident} kB");
    assert!(woken <= WAKE_UPS_MAX, "{woken} times\n{}", log(&desk.alice));
}
