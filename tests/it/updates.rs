//! What others write is told in the order of its arrival, once, at once, and over every restart.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::machine::{GRACE, Machine};
use tests::person::Person;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_for, wait_until};

/// From local knowledge to the answer; source: the outside contract, section 5.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

/// How often the time is taken again on a machine that is too busy.
const TRIES: usize = 5;

fn laptop(user: &str, remote: &BareRepository) -> Machine {
    let mut machine = Machine::new(&Settings::of(user).remote(&remote.url()));
    machine.start();
    machine.wait_in_step("acme");
    machine
}

fn say(machine: &Machine, topic: &str, title: &str) -> Value {
    machine.json(&["say", topic, "--title", title, "--agent", "Codex", "--wait"])
}

fn titles(updates: &Value) -> Vec<&str> {
    let updates = updates["updates"].as_array().expect("a list");
    let titles = updates.iter().map(|update| update["title"].as_str());
    titles.map(|title| title.expect("a title")).collect()
}

fn waiting(machine: &Machine) -> Child {
    let mut command = machine.command(tests::programs::Program::Cli.path());
    let arguments = ["updates", "--wait", "2m", "--json"];
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command.spawn().expect("the command starts")
}

#[test]
fn a_wait_ends_when_another_machine_has_pushed() {
    let remote = BareRepository::new();
    let (alice, bob) = (laptop("alice", &remote), laptop("bob", &remote));
    assert_eq!(titles(&alice.json(&["updates"])), [""; 0]);
    let mut took = Duration::MAX;
    for round in 0..TRIES {
        let title = format!("Round {round}");
        let waiting = waiting(&alice);
        let said = say(&bob, "plan", &title);
        assert_eq!(said["delivery"], "pushed", "{said}");
        let known = wait_for("alice's daemon has it", PATIENCE, || {
            let read = alice.cli(&["read", "plan", "--json"]);
            let is_there = read.code == Some(0) && read.stdout.contains(&title);
            is_there.then(Instant::now)
        });
        let told = waiting.wait_with_output().expect("it ends");
        took = took.min(known.elapsed());
        let told: Value = serde_json::from_slice(&told.stdout).expect("one document");
        assert_eq!(titles(&told), [title.as_str()], "{told}");
        let update = &told["updates"][0];
        assert_eq!(update["entry_id"], said["entry_id"]);
        assert_eq!(update["agent"], "Codex (bob)");
        assert_eq!(update["index"], round);
        assert_eq!(told["repository"], "acme");
        assert_eq!(told["more"], false);
        if took <= TOLD_WITHIN + GRACE {
            return;
        }
    }
    panic!("told {took:?} after it was known");
}

#[test]
fn an_agent_hears_by_a_tool_and_a_cancelled_wait_tells_nothing() {
    let remote = BareRepository::new();
    let (alice, bob) = (laptop("alice", &remote), laptop("bob", &remote));
    let mut claude = Shim::connect(&alice, "claude-code");
    let first = claude.call("list_updates", json!({})).structured;
    assert_eq!(titles(&first), [""; 0]);
    let own = claude
        .say("plan", "Mine", "one's own is left out")
        .structured;
    alice.wait_in_step("acme");

    let cancelled = claude.begin("list_updates", json!({"wait_seconds": 45}));
    let parameters = json!({"requestId": cancelled, "reason": "enough"});
    let notification = json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": parameters,
    });
    claude.send(&notification);
    let waiting = claude.begin(
        "list_updates",
        json!({"wait_seconds": 45, "since": first["cursor"]}),
    );
    let said = say(&bob, "plan", "From bob");
    let told = claude.called(waiting, PATIENCE).structured;
    assert_eq!(titles(&told), ["From bob"], "{own}");
    assert_eq!(told["updates"][0]["entry_id"], said["entry_id"]);
    assert_eq!(told["updates"][0]["your_turn"], true);
    let later = claude.call("list_updates", json!({})).structured;
    assert_eq!(titles(&later), [""; 0], "it goes on where it stopped");
    assert_eq!(later["cursor"], told["cursor"]);
}

#[test]
fn a_place_outlives_the_daemon_and_another_repositorys_is_refused() {
    let (remote, other) = (BareRepository::new(), BareRepository::new());
    let settings =
        Settings::of("alice")
            .remote(&remote.url())
            .repository("other", &other.url(), "");
    let mut alice = Machine::new(&settings);
    alice.start();
    alice.wait_in_step("acme");
    alice.wait_in_step("other");
    let bob = laptop("bob", &remote);
    let updates = |alice: &Machine, since: &[&str]| {
        let mut arguments = vec!["updates", "--repository", "acme"];
        arguments.extend(since);
        alice.json(&arguments)
    };
    let begin = updates(&alice, &[])["cursor"]
        .as_str()
        .expect("text")
        .to_owned();
    let head = |machine: &Machine| machine.repository("acme")["head"].clone();
    say(&bob, "plan", "One");
    let one = head(&bob).as_str().expect("a commit").to_owned();
    say(&bob, "plan", "Two");
    let catch_up = |alice: &Machine| {
        wait_until("alice has it", PATIENCE, || head(alice) == head(&bob));
    };
    catch_up(&alice);
    assert_eq!(titles(&updates(&alice, &[])), ["One", "Two"]);
    alice.restart();
    assert_eq!(
        titles(&updates(&alice, &[])),
        [""; 0],
        "kept over a restart"
    );
    assert_eq!(
        titles(&updates(&alice, &["--since", &begin])),
        ["One", "Two"]
    );
    say(&bob, "plan", "Three");
    catch_up(&alice);
    alice.kill();
    alice.start();
    assert_eq!(
        titles(&updates(&alice, &["--since", &one])),
        ["Two", "Three"]
    );
    let told = updates(&alice, &["--since", &begin]);
    assert_eq!(titles(&told), ["One", "Two", "Three"], "kept over a kill");
    let ever = updates(&alice, &["--since", "2020-01-01T00:00:00Z"]);
    assert_eq!(titles(&ever), ["One", "Two", "Three"]);
    assert_eq!(
        titles(&updates(&alice, &["--since", "2999-01-01T00:00:00Z"])),
        [""; 0]
    );

    refused(&alice, "other", &begin);
    refused(&alice, "other", &one);
    refused(&alice, "acme", &format!("{begin}9999999999999999"));
    refused(&alice, "acme", "1.n.5.plan");
    refused(&alice, "acme", "rubbish");
}

fn refused(machine: &Machine, repository: &str, since: &str) {
    let arguments = [
        "updates",
        "--repository",
        repository,
        "--since",
        since,
        "--json",
    ];
    let failed = machine.cli(&arguments).exited(1).json();
    assert_eq!(
        failed["error"]["code"], "cursor_expired",
        "{since}: {failed}"
    );
}

#[test]
fn two_hundred_entries_of_many_writers_are_each_told_once() {
    let remote = BareRepository::new();
    let alice = laptop("alice", &remote);
    let (bob, carol) = (laptop("bob", &remote), laptop("carol", &remote));
    let mut claude = Shim::connect(&alice, "claude-code");
    let mut reader = Reader::begin(&mut claude);
    let mut codex = Shim::connect(&bob, "codex-mcp-client");
    let mut gemini = Shim::connect(&carol, "gemini-cli");
    let mut written = BTreeSet::new();
    let mut write = |claude: &mut Shim, reader: &mut Reader, rounds: usize| {
        for round in 0..rounds {
            let topics = ["plan", "work"];
            for (writer, topic) in [(&mut codex, topics[round % 2]), (&mut gemini, "plan")] {
                let said = writer.say(topic, "T", "b").structured;
                written.insert(said["entry_id"].as_str().expect("text").to_owned());
            }
            if round % 10 == 0 {
                // One's own entry waits here while those of others are put before it.
                let _own = claude.say("plan", "Own", "b");
                reader.read(claude);
            }
        }
        written.len()
    };
    write(&mut claude, &mut reader, 50);
    for machine in [&alice, &bob, &carol] {
        machine.wait_in_step("acme");
    }
    wait_until("all is on the remote", PATIENCE, || {
        let text = remote.text("plan.md") + &remote.text("work.md");
        text.matches("Entry-ID").count() >= 105
    });
    let dave = Person::clone_of(&remote);
    dave.append(
        "work.md",
        "\n---\nEntry: Dave (dave) 2026-01-05T09:00:00Z\nTitle: By hand\n\nb\n",
    );
    dave.git(&[
        "commit",
        "--quiet",
        "--all",
        "--amend",
        "--message",
        "rewritten",
    ]);
    dave.rewrite();
    wait_until("alice has the rewritten history", PATIENCE, || {
        alice.repository("acme")["head"] == dave.head()
    });
    let written_len = write(&mut claude, &mut reader, 50);
    assert_eq!(written_len, 200);
    wait_until("alice was told of all", PATIENCE, || {
        reader.read(&mut claude);
        reader.told.len() > 200
    });
    assert_eq!(reader.nameless, 1, "the entry by hand");
    let ids: BTreeSet<String> = reader.told.iter().cloned().collect();
    assert_eq!(ids.len(), reader.told.len(), "an entry was told twice");
    assert!(written.is_subset(&ids), "an entry was not told");
    assert!(!reader.titles.contains("Own"), "one's own entry was told");
}

/// Reads updates page by page.
struct Reader {
    cursor: Value,
    told: Vec<String>,
    nameless: usize,
    titles: BTreeSet<String>,
}

impl Reader {
    fn begin(shim: &mut Shim) -> Self {
        let cursor = shim.call("list_updates", json!({})).structured["cursor"].clone();
        Self {
            cursor,
            told: Vec::new(),
            nameless: 0,
            titles: BTreeSet::new(),
        }
    }

    fn read(&mut self, shim: &mut Shim) {
        loop {
            let arguments = json!({"since": self.cursor, "limit": 7});
            let page = shim.call("list_updates", arguments).structured;
            let updates = page["updates"].as_array().expect("a list");
            assert!(updates.len() <= 7);
            for update in updates {
                let id = update["entry_id"].as_str().unwrap_or_else(|| {
                    self.nameless += 1;
                    "by hand"
                });
                self.told.push(id.to_owned());
                self.titles
                    .insert(update["title"].as_str().expect("text").to_owned());
            }
            self.cursor = page["cursor"].clone();
            if page["more"] == false {
                return;
            }
        }
    }
}

#[test]
fn counts_are_of_one_reader_and_go_by_reading() {
    let remote = BareRepository::new();
    let (mut alice, bob) = (laptop("alice", &remote), laptop("bob", &remote));
    let say = |topic: &str, ball: &str| {
        bob.json(&[
            "say", topic, "--title", "T", "--agent", "Codex", "--ball", ball, "--wait",
        ])
    };
    say("mine", "Human (alice)");
    say("mine", "Human (alice)");
    say("theirs", "Codex (bob)");
    let heads = |alice: &Machine| {
        wait_until("alice has it", PATIENCE, || {
            alice.repository("acme")["head"] == bob.repository("acme")["head"]
        });
    };
    heads(&alice);
    let check = |alice: &Machine, agent: Option<&str>, counts: (u64, u64)| {
        let mut arguments = vec!["status", "--json"];
        arguments.extend(agent.map(|name| ["--agent", name]).into_iter().flatten());
        let status = alice.cli(&arguments).done().json();
        let one = &status["repositories"][0];
        let found = (one["your_turn"].as_u64(), one["new_entries"].as_u64());
        assert_eq!(found, (Some(counts.0), Some(counts.1)), "{agent:?}");
    };
    check(&alice, None, (1, 3));
    check(&alice, Some("Claude"), (0, 3));
    assert_eq!(titles(&alice.json(&["updates"])).len(), 3);
    check(&alice, None, (1, 3));
    let inbox = alice.json(&[]);
    let part = |part: &str| inbox["repositories"][0][part][0]["topic"].clone();
    assert_eq!(part("your_turn"), "mine");
    assert_eq!(part("new"), "theirs");
    assert_eq!(part("waiting"), Value::Null);
    let _read = alice.json(&["read", "theirs"]);
    check(&alice, None, (1, 2));
    let listed = alice.json(&["list", "--new"]);
    assert_eq!(
        listed["threads"].as_array().map(Vec::len),
        Some(1),
        "{listed}"
    );
    let marked = alice.json(&["mark-read", "mine"]);
    assert_eq!(
        marked,
        json!({"threads": 1, "entries": 2, "repository": "acme"})
    );
    check(&alice, None, (1, 0));
    check(&alice, Some("Claude"), (0, 3));
    alice.restart();
    check(&alice, None, (1, 0));
    check(&alice, Some("Claude"), (0, 3));
    let missing = alice
        .cli(&["mark-read", "mine", "nowhere", "--json"])
        .exited(1);
    assert_eq!(missing.json()["error"]["code"], "thread_not_found");
    let all = alice.json(&["mark-read", "--all", "--agent", "Claude"]);
    assert_eq!((&all["threads"], &all["entries"]), (&json!(2), &json!(3)));
    check(&alice, Some("Claude"), (0, 0));
    let _answered = alice.json(&["ack", "mine"]);
    say("theirs", "Team");
    heads_after_answer(&alice);
    wait_until("alice has it", PATIENCE, || {
        alice.repository("acme")["new_entries"] == 1
    });
    check(&alice, None, (2, 1));
}

fn heads_after_answer(alice: &Machine) {
    alice.wait_in_step("acme");
}
