//! Two people, two daemons, one remote: what one says, the other reads, in both directions.

use std::time::Duration;

use serde_json::json;
use tests::machine::{GRACE, Machine};
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::servers::sshd::SshServer;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

/// `poll_active` where the settings say nothing; source: the outside contract, section 3.
const POLL: Duration = Duration::from_secs(5);

/// How long after the poll interval the other side may read it.
const READ_WITHIN: Duration = Duration::from_secs(2);

/// How often the time is taken again on a machine that is too busy.
const TRIES: usize = 5;

#[test]
fn what_one_says_the_other_reads_over_file() {
    let remote = BareRepository::new();
    let alice = Machine::new(&Settings::of("alice").sync("").remote(&remote.url()));
    let bob = Machine::new(&Settings::of("bob").sync("").remote(&remote.url()));
    both_directions(&remote, alice, bob);
}

#[test]
fn what_one_says_the_other_reads_over_ssh_with_a_key() {
    let remote = BareRepository::new();
    let server = SshServer::start();
    let url = server.url(&remote.path());
    let key = format!("ssh_key = \"{}\"", server.user_key().display());
    let laptop = |user: &str| {
        let machine = Machine::new(&Settings::of(user).sync("").repository("acme", &url, &key));
        server.trusted_by(&machine);
        machine
    };
    both_directions(&remote, laptop("alice"), laptop("bob"));
}

fn both_directions(remote: &BareRepository, mut alice: Machine, mut bob: Machine) {
    alice.start();
    bob.start();
    let mut claude = Shim::connect(&alice, "claude-code");
    let mut codex = Shim::connect(&bob, "codex-mcp-client");
    // Both are active from here on.
    assert_eq!((claude.count("plan"), codex.count("plan")), (0, 0));

    let body = "Let us begin.\n\n- one\n- two — ☃";
    let first = claude.say("plan", "The plan", body).structured;
    assert_eq!(first["ball"], "Codex", "{first}");
    let to_bob = arrives("alice to bob", &mut codex, 1);
    let seen = codex.call("read_thread", json!({"topic": "plan", "format": "json"}));
    let entry = &seen.structured["entries"][0];
    assert_eq!(seen.structured["your_turn"], true, "{seen:?}");
    assert_eq!(entry["entry_id"], first["entry_id"]);
    assert_eq!(entry["agent"], "Claude (alice)");
    assert_eq!(entry["body"], body);

    let second = codex.say("plan", "An answer", "Agreed.").structured;
    assert_eq!(second["ball"], "Claude (alice)", "{second}");
    let to_alice = arrives("bob to alice", &mut claude, 2);
    let seen = claude.call("read_thread", json!({"topic": "plan", "format": "json"}));
    assert_eq!(seen.structured["your_turn"], true, "{seen:?}");
    assert_eq!(seen.structured["entries"][1]["agent"], "Codex (bob)");

    alice.wait_in_step("acme");
    bob.wait_in_step("acme");
    the_remote_is_right(remote, &seen.structured["entries"], body);
    for machine in [&alice, &bob] {
        wait_until("the working tree has it", PATIENCE, || {
            std::fs::read(machine.tree("acme").join("plan.md")).ok() == remote.file("plan.md")
        });
    }
    in_time(&mut claude, &mut codex, [to_bob, to_alice]);
    alice.stop();
    bob.stop();
}

/// Both directions took no longer than the contract allows. Where the machine was too busy for that
/// it is tried again, with both measured anew.
fn in_time(claude: &mut Shim, codex: &mut Shim, mut took: [Duration; 2]) {
    let limit = POLL + READ_WITHIN + GRACE;
    for _ in 0..TRIES {
        if took.iter().all(|one| *one <= limit) {
            return;
        }
        let entries = claude.count("plan");
        let _said = claude.say("plan", "Once more", "b");
        let to_bob = arrives("alice to bob", codex, entries + 1);
        let _said = codex.say("plan", "Once more", "b");
        took = [to_bob, arrives("bob to alice", claude, entries + 2)];
    }
    panic!("read after {took:?}, not within {limit:?}");
}

/// How long it takes from the moment the writer had its answer.
fn arrives(what: &str, reader: &mut Shim, entries: u64) -> Duration {
    wait_until(what, PATIENCE, || reader.count("plan") == entries)
}

fn the_remote_is_right(remote: &BareRepository, entries: &serde_json::Value, body: &str) {
    let text = |index: usize, key: &str| {
        let value = entries[index][key].as_str();
        value.expect("a read entry is complete").to_owned()
    };
    let (time, id) = (text(0, "timestamp"), text(0, "entry_id"));
    let (time2, id2) = (text(1, "timestamp"), text(1, "entry_id"));
    let wanted = format!(
        "---\ntopic: plan\ntitle: The plan\nstatus: OPEN\nball: Claude (alice)\n\
         created: {time}\n---\n\n# plan — Thread\n\n\
         ---\nEntry: Claude (alice) {time}\nRole: implementer\nType: Note\nTitle: The plan\n\n\
         {body}\n<!-- Entry-ID: {id} -->\n\n\
         ---\nEntry: Codex (bob) {time2}\nRole: implementer\nType: Note\nTitle: An answer\n\n\
         Agreed.\n<!-- Entry-ID: {id2} -->\n"
    );
    assert_eq!(remote.text("plan.md"), wanted);

    let log = remote.log();
    let shown: Vec<(&str, &str)> = log
        .iter()
        .map(|commit| (commit.author.as_str(), commit.subject.as_str()))
        .collect();
    let (alice, bob) = (Settings::author("alice"), Settings::author("bob"));
    let wanted = [
        (bob.as_str(), "Codex (bob): An answer (plan)"),
        (alice.as_str(), "Claude (alice): The plan (plan)"),
    ];
    assert_eq!(shown, wanted);
    for (commit, id) in log.iter().zip([id2, id]) {
        let wanted = [
            ("Watercooler-Entry-ID", id.as_str()),
            ("Watercooler-Topic", "plan"),
        ];
        let found: Vec<(&str, &str)> = commit
            .trailers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(found, wanted);
    }
    let python = python_reader::entries(&remote.text("plan.md"));
    assert_eq!(python.len(), 2);
    assert_eq!(python[1].agent, "Codex (bob)");
    remote.assert_sound();
}
