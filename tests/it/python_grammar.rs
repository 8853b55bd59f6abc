//! Threads that the Python tools wrote: read, answered, and read again, with every foreign byte as
//! it was.

use serde_json::json;
use tests::machine::Machine;
use tests::python_reader;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;

/// Classic header, entries with and without ID, as the older Python writes them.
const CLASSIC: &str = "# t1 — Thread\nStatus: OPEN\nBall: Codex (alice)\nTopic: t1\n\
    Created: 2026-01-05T09:00:00Z\nPriority: P2\n\n\
    ---\nEntry: Claude (alice) 2026-01-05T09:00:00Z\nRole: planner\nType: Note\nTitle: T\n\n\
    body text\n<!-- Entry-ID: 01AAAAAAAAAAAAAAAAAAAAAAAA -->\n\n\
    ---\nEntry: Codex (alice) 2026-01-05T09:01:00Z\nRole: implementer\nType: Note\nTitle: Ack\n\n\
    ack\n\n\n";

/// The newer Python: fractions and offsets, a blank line before the ID.
const NEWER: &str = "# t2 — Thread\nStatus: IN_REVIEW\nBall: Claude\nTopic: t2\n\
    Created: 2026-01-05T09:00:00.123456+00:00\n\n\
    ---\nEntry: Claude (alice) 2026-01-05T09:00:00.123456+00:00\nRole: planner\nType: Plan\n\
    Title: T\n\nbody\n\n<!-- Entry-ID: 01BBBBBBBBBBBBBBBBBBBBBBBB -->\n";

/// Odd keys, odd spacing, an odd order, and no line feed at the end.
const ODD: &str = "# t3 — Thread\nBALL:   codex  \nX-Odd: \"kept\"\nStatus: open\n\
    Topic: t3\nOwner:alice\n\nA word before the first entry.\n\n\
    ---\nEntry: Claude (alice) 2026-01-05T09:00:00Z\nrole: critic\nTYPE: Note\nSpec: opus:critic\n\
    Title: T\n\nno end of line";

const PYTHON_COMMIT: &str = "Claude (alice): T (t1)\n\n\
    Watercooler-Entry-ID: 01AAAAAAAAAAAAAAAAAAAAAAAA\nWatercooler-Topic: t1\n";

struct Scene {
    remote: BareRepository,
    machine: Machine,
    agent: Shim,
}

/// Alice's machine, in step with a remote that holds this one file.
fn scene(name: &str, bytes: &[u8]) -> Scene {
    let remote = BareRepository::holding(&[(name, bytes)], PYTHON_COMMIT);
    let mut machine = Machine::new(&Settings::of("alice").remote(&remote.url()));
    machine.start();
    machine.wait_in_step("acme");
    let agent = Shim::connect(&machine, "claude-code");
    Scene {
        remote,
        machine,
        agent,
    }
}

/// An answer appends; of what stood there only the value of the ball changes.
fn check(topic: &str, text: &str, ball: (&str, &str), agents: &[&str]) {
    let name = format!("{topic}.md");
    let Scene {
        remote,
        machine,
        mut agent,
    } = scene(&name, text.as_bytes());
    let before = agent.entries(topic);
    let shown: Vec<&str> = before
        .iter()
        .filter_map(|entry| entry["agent"].as_str())
        .collect();
    assert_eq!(shown, agents, "{topic}");

    let ack = json!({"topic": topic, "title": "Seen", "body": "seen"});
    let _seen = agent.call("ack", ack);
    machine.wait_in_step("acme");
    let after_ack = remote.file(&name).expect("the file is there");
    assert!(
        after_ack.starts_with(text.as_bytes()),
        "an ack changes no foreign byte of {topic}: {:?}",
        String::from_utf8_lossy(&after_ack)
    );

    let say = json!({"topic": topic, "title": "Over", "body": "to you", "ball": "Zed (bob)"});
    let said = agent.call("say", say).structured;
    assert_eq!(said["ball"], "Zed (bob)");
    machine.wait_in_step("acme");
    let after_say = remote.text(&name);
    let (old, new) = ball;
    assert!(text.contains(old), "the case names the ball as it stands");
    let prefix = text.replacen(old, new, 1);
    assert!(
        after_say.starts_with(&prefix),
        "a say changes the ball alone of {topic}: {after_say:?}"
    );

    let again = agent.entries(topic);
    assert_eq!(again.len(), agents.len() + 2);
    assert_eq!(
        again[..agents.len()],
        before[..],
        "what others wrote reads as before"
    );
    assert_eq!(
        python_reader::first_value(&after_say, "Ball").as_deref(),
        Some("Zed (bob)")
    );
    assert_eq!(python_reader::header_lines(&after_say, "Ball"), 1);
    let python = python_reader::entries(&after_say);
    assert_eq!(python.len(), agents.len() + 2, "{after_say}");
    let last = python.last().expect("there are entries");
    assert_eq!(
        (last.title.as_str(), last.body.as_str()),
        ("Over", "to you")
    );
    assert_eq!(last.id.as_deref(), said["entry_id"].as_str());
    remote.assert_sound();
}

#[test]
fn the_classic_form_with_and_without_ids() {
    let agents = ["Claude (alice)", "Codex (alice)"];
    check(
        "t1",
        CLASSIC,
        ("Ball: Codex (alice)", "Ball: Zed (bob)"),
        &agents,
    );
}

#[test]
fn the_newer_timestamps() {
    check(
        "t2",
        NEWER,
        ("Ball: Claude", "Ball: Zed (bob)"),
        &["Claude (alice)"],
    );
}

#[test]
fn odd_keys_and_no_line_end() {
    // The spacing around a value is a foreign byte too.
    check(
        "t3",
        ODD,
        ("BALL:   codex  \n", "BALL:   Zed (bob)  \n"),
        &["Claude (alice)"],
    );
}

#[test]
fn carriage_returns_stay() {
    let text = CLASSIC.replace("t1", "t4").replace('\n', "\r\n");
    let agents = ["Claude (alice)", "Codex (alice)"];
    check(
        "t4",
        &text,
        ("Ball: Codex (alice)\r\n", "Ball: Zed (bob)\r\n"),
        &agents,
    );
}

#[test]
fn a_byte_order_mark_stays() {
    let text = format!("\u{feff}{}", CLASSIC.replace("t1", "t5"));
    let agents = ["Claude (alice)", "Codex (alice)"];
    check(
        "t5",
        &text,
        ("Ball: Codex (alice)", "Ball: Zed (bob)"),
        &agents,
    );
}

#[test]
fn a_new_thread_beside_them_is_classic_too() {
    let Scene {
        remote,
        machine,
        mut agent,
    } = scene("t1.md", CLASSIC.as_bytes());
    let said = agent.say("t9", "Start", "Body, any markdown.").structured;
    machine.wait_in_step("acme");
    let entries = agent.entries("t9");
    let time = entries[0]["timestamp"].as_str().expect("a time");
    let id = said["entry_id"].as_str().expect("an id");
    let wanted = format!(
        "# t9 — Thread\nStatus: OPEN\nBall: Codex\nTopic: t9\nCreated: {time}\n\n\
         ---\nEntry: Claude (alice) {time}\nRole: implementer\nType: Note\nTitle: Start\n\n\
         Body, any markdown.\n<!-- Entry-ID: {id} -->\n"
    );
    assert_eq!(remote.text("t9.md"), wanted);
    assert_eq!(
        remote.text("t1.md"),
        CLASSIC,
        "the other thread is untouched"
    );
}
