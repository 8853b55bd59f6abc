//! What the shim costs: a long answer carried through it, and its start.

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
use crate::table::Row;

/// How many entries the thread has that is read.
const ENTRIES_LEN: usize = 50;

/// All rows, on one machine with a warm daemon.
pub(crate) fn rows() -> Vec<Row> {
    let text = thread();
    let remote = BareRepository::holding(&[("plan.md", text.as_bytes())], "A long thread");
    let mut alice = Machine::new(&Settings::of("alice").sync("").remote(&remote.url()));
    alice.start();
    alice.wait_in_step("acme");
    let mut rows = carried(&alice);
    rows.push(start(&alice));
    rows
}

/// As another client of the format wrote it.
fn thread() -> String {
    let mut text = "# plan — Thread\nStatus: OPEN\nBall: Claude (alice)\nTopic: plan\n\
                    Created: 2026-01-01T00:00:00Z\n"
        .to_owned();
    for number in 0..ENTRIES_LEN {
        let words = "What was found, what follows from it, and what is left to do. ".repeat(6);
        write!(
            text,
            "\n---\nEntry: Codex (bob) 2026-01-01T00:00:{number:02}Z\nRole: implementer\n\
             Type: Note\nTitle: Step {number}\n\n{words}\n<!-- Entry-ID: {number:026} -->\n"
        )
        .expect("text can be written");
    }
    text
}

fn carried(machine: &Machine) -> Vec<Row> {
    let arguments = json!({"topic": "plan", "from_entry": 0, "limit": ENTRIES_LEN});
    let mut client = Shim::connect(machine, "claude-code");
    let mut as_json = arguments.clone();
    as_json["format"] = "json".into();
    let page = client.call("read_thread", as_json).structured;
    let entries = page["entries"].as_array().map(Vec::len);
    assert_eq!(entries, Some(ENTRIES_LEN), "{page}");
    drop(client);

    let folder = scratch::folder();
    let socket = folder.path().join("echo");
    pipe::echo_at(&socket);
    let mut shim = Pipe::shim(machine);
    shim.send(&pipe::line(
        &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    ));
    let this = std::env::current_exe().expect("a running program has a path");
    let mut pump = Pipe::start(Command::new(this).arg(PUMP).arg(&socket));
    let mut beside = |request: Value| {
        let request = pipe::line(&request);
        let mut same = vec![b'x'; shim.exchange(&request).len() - 1];
        same.push(b'\n');
        Pairs::take(
            500,
            || time(|| drop(shim.exchange(&request))),
            || time(|| drop(pump.exchange(&same))),
        )
    };
    let call = json!({"name": "watercooler_read_thread", "arguments": arguments});
    vec![
        Row {
            what: "`read_thread` of 50 entries",
            beside: "the same bytes echoed through a bare pump",
            ratio_max: Some(3.0),
            pairs: beside(
                json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}),
            ),
        },
        Row {
            what: "… `ping`, the least that a request takes",
            beside: "the same bytes echoed through a bare pump",
            ratio_max: None,
            pairs: beside(json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})),
        },
    ]
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
    Row {
        what: "shim start to `initialize` answered",
        beside: "`/bin/true`",
        ratio_max: Some(5.0),
        pairs: Pairs::take(60, ours, theirs),
    }
}
