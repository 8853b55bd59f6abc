//! What the shim costs: a long answer carried through it, and its start.

use std::cell::Cell;
use std::fmt::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tests::machine::Machine;
use tests::scratch;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;

use crate::pairs::{Pairs, time};
use crate::pipe::{self, PUMP, Pipe};
use crate::table::{Row, Target};

/// How many entries the thread has that is read.
const ENTRIES_LEN: usize = 50;

/// How many the longest thread has.
const ENTRIES_LEN_LONG: usize = 1_000;

/// How many threads are read for the first time.
const FIRST_READS_LEN: usize = 60;

/// How often a thread is read right after a write to it.
const READS_AFTER_WRITES_LEN: usize = 40;

/// What everything that is read stands beside.
const ECHO: &str = "the same bytes echoed through a bare pump";

/// All rows, on one machine with a warm daemon.
pub(crate) fn rows() -> Vec<Row> {
    let text = thread(ENTRIES_LEN);
    let mut files = vec![
        ("plan.md".to_owned(), text.clone()),
        ("busy.md".to_owned(), text.clone()),
        ("long.md".to_owned(), thread(ENTRIES_LEN_LONG)),
    ];
    // One that differs in a word is another to every cache.
    let firsts = (0..=FIRST_READS_LEN).map(|number| {
        let text = text.replace("What was found", &format!("What {number} found"));
        (format!("first-{number}.md"), text)
    });
    files.extend(firsts);
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    let remote = BareRepository::holding(&files, "Long threads");
    let mut alice = Machine::new(&Settings::of("alice").sync("").remote(&remote.url()));
    alice.start();
    alice.wait_in_step("acme");
    let mut rows = carried(&alice);
    rows.push(start(&alice));
    rows
}

/// As another client of the format wrote it.
fn thread(entries_len: usize) -> String {
    let mut text = "# plan — Thread\nStatus: OPEN\nBall: Claude (alice)\nTopic: plan\n\
                    Created: 2026-01-01T00:00:00Z\n"
        .to_owned();
    for number in 0..entries_len {
        let words = "What was found, what follows from it, and what is left to do. ".repeat(6);
        write!(
            text,
            "\n---\nEntry: Codex (bob) 2026-01-01T00:{:02}:{:02}Z\nRole: implementer\n\
             Type: Note\nTitle: Step {number}\n\n{words}\n<!-- Entry-ID: {number:026} -->\n",
            number / 60,
            number % 60,
        )
        .expect("text can be written");
    }
    text
}

fn carried(machine: &Machine) -> Vec<Row> {
    prove_whole(machine);
    let folder = scratch::folder();
    let socket = folder.path().join("echo");
    pipe::echo_at(&socket);
    let mut shim = Pipe::shim(machine);
    shim.send(&pipe::line(
        &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    ));
    let this = std::env::current_exe().expect("a running program has a path");
    let mut pump = Pipe::start(Command::new(this).arg(PUMP).arg(&socket));
    let mut beside = |pairs_len: usize, mut request: Box<dyn FnMut(&mut Pipe) -> Value>| {
        let answer_len = Cell::new(0);
        Pairs::take(
            pairs_len,
            || {
                let request = pipe::line(&request(&mut shim));
                time(|| answer_len.set(shim.exchange(&request).len()))
            },
            || {
                let mut same = vec![b'x'; answer_len.get() - 1];
                same.push(b'\n');
                time(|| drop(pump.exchange(&same)))
            },
        )
    };
    let mut row = |what: &str, target, pairs_len, request| {
        Row::of_pairs(what, ECHO, target, &beside(pairs_len, request))
    };
    let (mut topics, mut says) = (0.., 0..);
    vec![
        row(
            "`read_thread` of 50 entries",
            Target::AtMost(3.0),
            500,
            Box::new(|_| read("plan")),
        ),
        row(
            "… `ping`, the least that a request takes",
            Target::None,
            500,
            Box::new(|_| json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})),
        ),
        row(
            "… of a thread that was not read before",
            Target::None,
            FIRST_READS_LEN,
            Box::new(move |_| read(&format!("first-{}", topics.next().unwrap_or(0)))),
        ),
        row(
            "… right after a write to the thread",
            Target::None,
            READS_AFTER_WRITES_LEN,
            Box::new(move |shim| {
                let said = shim.exchange(&pipe::line(&say("busy", says.next().unwrap_or(0))));
                let said = String::from_utf8_lossy(&said);
                assert!(!said.contains("isError\":true"), "{said}");
                read("busy")
            }),
        ),
        row(
            "… the newest of a thread of 1,000 entries",
            Target::None,
            200,
            Box::new(|_| call("read_thread", &json!({"topic": "long"}))),
        ),
    ]
}

/// Proves that what is measured holds every entry.
fn prove_whole(machine: &Machine) {
    let arguments = json!({"topic": "plan", "from_entry": 0, "limit": ENTRIES_LEN});
    let mut client = Shim::connect(machine, "claude-code");
    let mut as_json = arguments.clone();
    as_json["format"] = "json".into();
    let page = client.call("read_thread", as_json).structured;
    let entries = page["entries"].as_array().map(Vec::len);
    assert_eq!(entries, Some(ENTRIES_LEN), "{page}");
}

fn read(topic: &str) -> Value {
    let arguments = json!({"topic": topic, "from_entry": 0, "limit": ENTRIES_LEN});
    call("read_thread", &arguments)
}

/// Each with an id of its own: the same one again is taken for the same call.
fn say(topic: &str, number: u32) -> Value {
    let arguments = json!({"topic": topic, "title": "More", "body": "One entry more."});
    let mut call = call("say", &arguments);
    call["id"] = json!(format!("say-{number}"));
    call
}

fn call(tool: &str, arguments: &Value) -> Value {
    let params = json!({"name": format!("watercooler_{tool}"), "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
}

fn start(machine: &Machine) -> Row {
    let ours = || {
        let mut started = None;
        let taken = time(|| started = Some(Pipe::shim(machine)));
        drop(started);
        taken
    };
    let theirs = || {
        time(|| {
            let mut nothing = machine.command("/bin/true");
            let nothing = nothing.stdin(Stdio::piped()).stdout(Stdio::piped());
            assert!(nothing.output().is_ok_and(|output| output.status.success()));
        })
    };
    Row::of_pairs(
        "shim start to `initialize` answered",
        "`/bin/true`",
        Target::AtMost(5.0),
        &Pairs::take(60, ours, theirs),
    )
}
