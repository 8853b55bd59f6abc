//! Clients of other versions, clients that talk nonsense, and clients that vanish.

use std::io::{Read, Write};
use std::net::Shutdown;

use protocol::failure::FailureCode;
use protocol::frame;
use protocol::hello::{Hello, PROTOCOL, Welcome};
use protocol::request::{Ask, Context, Request};
use serde_json::json;
use tests::machine::Machine;
use tests::raw::{connect, hello, welcome};
use tests::shim::Shim;

fn hello_of(protocol: u32, version: &str) -> Hello {
    Hello {
        protocol,
        version: version.to_owned(),
        ..hello()
    }
}

fn machine() -> Machine {
    let mut machine = Machine::without_settings();
    machine.start();
    machine
}

fn still_serves(machine: &Machine) {
    let mut agent = Shim::connect(machine, "claude-code");
    let _said = agent.say("plan", "T", "b");
}

#[test]
fn a_client_of_another_version_is_served_or_told_so() {
    let machine = machine();
    let served = welcome(&connect(&machine), &hello_of(PROTOCOL, "0.0.1"));
    let Some(Welcome::Served { protocol, .. }) = served else {
        panic!("the same protocol is served: {served:?}");
    };
    assert_eq!(protocol, PROTOCOL);
    match welcome(&connect(&machine), &hello_of(PROTOCOL + 98, "99.0.0")) {
        Some(Welcome::Served { protocol, .. }) => assert_eq!(protocol, PROTOCOL),
        Some(Welcome::Refused(failure)) => {
            assert_eq!(failure.code, FailureCode::VersionMismatch);
            assert!(failure.hint.is_some_and(|hint| !hint.is_empty()));
        }
        None => panic!("neither served nor told so"),
    }
    still_serves(&machine);
}

#[test]
fn a_client_that_talks_nonsense_ends_its_own_connection_alone() {
    let machine = machine();
    let mut agent = Shim::connect(&machine, "claude-code");
    for nonsense in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\xff\xfe\0\n",
        b"{}\n",
        b"[]\n",
        b"\n",
    ] {
        let mut stream = connect(&machine);
        let _refused = stream.write_all(nonsense);
        let _half = stream.shutdown(Shutdown::Write);
        let mut rest = Vec::new();
        // The end of the connection is what is waited for; how it ends does not matter.
        let _end = stream.read_to_end(&mut rest);
    }
    let _said = agent.say("plan", "T", "b");
}

#[test]
fn a_line_over_the_limit_ends_its_own_connection_alone() {
    let machine = machine();
    let mut stream = connect(&machine);
    let long = vec![b'x'; frame::FRAME_BYTES_MAX + 1];
    let _refused = stream.write_all(&long);
    let mut rest = Vec::new();
    let _end = stream.read_to_end(&mut rest);
    still_serves(&machine);
}

#[test]
fn clients_that_vanish_in_the_middle_end_their_own_tasks_alone() {
    let machine = machine();
    let mut witness = Shim::connect(&machine, "claude-code");
    for number in 0..50 {
        let mut stream = connect(&machine);
        if number % 2 == 0 {
            frame::write(&mut stream, &hello()).expect("the daemon reads");
            let ask = Ask {
                id: 1,
                context: Context::default(),
                request: Request::Status,
            };
            frame::write(&mut stream, &ask).expect("the daemon reads");
        } else {
            stream
                .write_all(b"{\"protocol\":")
                .expect("the daemon reads");
        }
    }
    for _ in 0..10 {
        let mut gone = Shim::connect(&machine, "codex-mcp-client");
        let _unheard = gone.begin("say", json!({"topic": "gone", "title": "T", "body": "b"}));
    }
    let _said = witness.say("plan", "T", "b");
    assert_eq!(witness.count("plan"), 1);
}
