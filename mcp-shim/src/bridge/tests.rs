//! Events in, outputs out: each story is a list of both, and the moments between them.

use protocol::failure::FailureCode;
use serde_json::{Value, json};

use super::*;
use crate::waiting::{RESENDS_MAX, WAITING_LEN_MAX};

/// A bridge, and a clock that stands still until it is told otherwise.
struct Story {
    bridge: Bridge,
    now: Instant,
}

impl Story {
    fn new() -> Self {
        Self {
            bridge: Bridge::new(),
            now: Instant::now(),
        }
    }

    /// With a daemon, and a client that has shaken hands.
    fn begun() -> Self {
        let mut story = Self::linked();
        story.client(&initialize(0));
        story.daemon(&json!({"id": 0, "result": {"v": 1}}));
        story.client(&json!({"method": "notifications/initialized"}));
        story.outputs();
        story
    }

    fn linked() -> Self {
        let mut story = Self::new();
        story.handle(Event::Linked);
        assert_eq!(story.outputs(), Vec::<String>::new());
        story
    }

    fn handle(&mut self, event: Event) {
        self.bridge.handle(event, self.now);
    }

    fn client(&mut self, message: &Value) {
        self.handle(Event::ClientLine(line(message)));
    }

    fn daemon(&mut self, message: &Value) {
        self.handle(Event::DaemonLine(line(message)));
    }

    /// Time passes; whatever falls due on the way is done in its order.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.bridge.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.bridge.handle_timeout(self.now);
        }
        self.now = end;
        self.bridge.handle_timeout(end);
    }

    /// What was put out since the last time, in short.
    fn outputs(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.bridge.poll_output())
            .map(|output| shown(&output))
            .collect()
    }

    fn check(&mut self, expected: &[&str]) {
        assert_eq!(self.outputs(), expected);
    }
}

fn line(message: &Value) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).unwrap();
    line.push(b'\n');
    line
}

/// `client 1 ok`, `daemon 2 tools/call`, `client 3 uncertain`, …
fn shown(output: &Output) -> String {
    let short = |bytes: &[u8]| {
        assert_eq!(bytes.last(), Some(&b'\n'));
        let message: Value = serde_json::from_slice(bytes).unwrap();
        let id = message.get("id").map_or("-".to_owned(), Value::to_string);
        let what = match (&message["method"], &message["error"]) {
            (Value::String(method), _) => method.clone(),
            (_, Value::Null) => "ok".to_owned(),
            (_, error) => error["data"]["code"]
                .as_str()
                .map_or_else(|| error["code"].to_string(), str::to_owned),
        };
        format!("{id} {what}")
    };
    match output {
        Output::ToClient(bytes) => format!("client {}", short(bytes)),
        Output::ToDaemon(bytes) => format!("daemon {}", short(bytes)),
        Output::Relink { pause, start } => format!("relink {} {start:?}", pause.as_millis()),
        Output::Probe => "probe".to_owned(),
        Output::End { code, words } => match words {
            Some(words) => format!("end {code} {words}"),
            None => format!("end {code}"),
        },
    }
}

fn initialize(id: i64) -> Value {
    json!({"id": id, "method": "initialize", "params": {}})
}

fn call(id: i64) -> Value {
    json!({"id": id, "method": "tools/call", "params": {"name": "watercooler_say"}})
}

fn list(id: i64) -> Value {
    json!({"id": id, "method": "tools/list"})
}

fn failure() -> Failure {
    Failure::new(FailureCode::DaemonUnavailable, "Gone", "Wait.")
}

fn unreachable() -> Event {
    Event::Unreachable {
        failure: failure(),
        exit_code: 69,
    }
}

#[test]
fn lines_go_through_as_they_are() {
    let mut story = Story::linked();
    let odd = b" {\"method\" : \"tools/call\",\"id\":1, \"x\":1.0e2 }\r\n".to_vec();
    story.handle(Event::ClientLine(odd.clone()));
    assert_eq!(
        story.bridge.poll_output(),
        Some(Output::ToDaemon(Arc::new(odd)))
    );
    let odd = b"{\"id\" :1,\"result\":{ } }\n".to_vec();
    story.handle(Event::DaemonLine(odd.clone()));
    assert_eq!(story.bridge.poll_output(), Some(Output::ToClient(odd)));
    story.daemon(&json!({"method": "notifications/message"}));
    story.client(&json!({"method": "notifications/roots/list_changed"}));
    story.check(&[
        "client - notifications/message",
        "daemon - notifications/roots/list_changed",
    ]);
}

#[test]
fn what_is_no_message_stays_here() {
    let mut story = Story::linked();
    story.handle(Event::ClientLine(b"word\n".to_vec()));
    story.handle(Event::DaemonLine(b"log line\n".to_vec()));
    story.check(&["client null -32700"]);
}

#[test]
fn lines_wait_for_the_first_daemon_in_their_order() {
    let mut story = Story::new();
    story.client(&initialize(0));
    story.client(&json!({"method": "notifications/initialized"}));
    story.client(&list(1));
    story.client(&json!({"method": "notifications/roots/list_changed"}));
    story.check(&[]);
    story.handle(Event::Linked);
    story.check(&[
        "daemon 0 initialize",
        "daemon - notifications/initialized",
        "daemon 1 tools/list",
        "daemon - notifications/roots/list_changed",
    ]);
    story.daemon(&json!({"id": 0, "result": {}}));
    story.daemon(&json!({"id": 1, "result": {}}));
    story.check(&["client 0 ok", "client 1 ok"]);
}

#[test]
fn a_new_daemon_hears_the_session_and_the_open_calls_again() {
    let mut story = Story::begun();
    story.client(&json!({"id": 1, "method": "resources/subscribe", "params": {"uri": "w://a"}}));
    story.daemon(&json!({"id": 1, "result": {}}));
    story.client(&call(2));
    story.client(&list(3));
    story.daemon(&json!({"id": 3, "result": {}}));
    story.outputs();
    story.handle(Event::Unlinked);
    story.check(&["relink 0 Always"]);
    story.client(&call(4));
    story.handle(Event::Linked);
    story.check(&["daemon 0 initialize"]);
    story.daemon(&json!({"id": 0, "result": {"v": 1}}));
    story.check(&[
        "daemon - notifications/initialized",
        "daemon \"watercooler-mcp/1\" resources/subscribe",
        "daemon 2 tools/call",
        "daemon 4 tools/call",
    ]);
    story.daemon(&json!({"id": "watercooler-mcp/1", "result": {}}));
    story.daemon(&json!({"id": 4, "result": {}}));
    story.daemon(&json!({"id": 2, "result": {}}));
    story.check(&[
        "client - notifications/resources/updated",
        "client 4 ok",
        "client 2 ok",
    ]);
}

#[test]
fn another_handshake_result_is_told_and_forgotten_subscriptions_are_not_replayed() {
    let mut story = Story::begun();
    for (id, method) in [(1, "resources/subscribe"), (2, "resources/unsubscribe")] {
        story.client(&json!({"id": id, "method": method, "params": {"uri": "w://a"}}));
        story.daemon(&json!({"id": id, "result": {}}));
    }
    story.outputs();
    story.handle(Event::Unlinked);
    story.handle(Event::Linked);
    story.daemon(&json!({"id": 0, "result": {"v": 2}}));
    story.check(&[
        "relink 0 AfterDeath",
        "daemon 0 initialize",
        "daemon - notifications/initialized",
        "client - notifications/tools/list_changed",
        "client - notifications/prompts/list_changed",
        "client - notifications/resources/list_changed",
    ]);
}

#[test]
fn an_unanswered_handshake_is_sent_again_and_its_answer_forwarded() {
    let mut story = Story::linked();
    story.client(&initialize(0));
    story.handle(Event::Unlinked);
    story.handle(Event::Linked);
    story.daemon(&json!({"id": 0, "result": {}}));
    story.check(&[
        "daemon 0 initialize",
        "relink 0 Always",
        "daemon 0 initialize",
        "client 0 ok",
    ]);
}

#[test]
fn the_stateless_protocol_needs_no_replay_and_a_listener_is_told_of_its_end() {
    let mut story = Story::linked();
    let listen = |id: i64| json!({"id": id, "method": "subscriptions/listen"});
    story.client(&listen(1));
    story.client(&call(2));
    story.handle(Event::Unlinked);
    // The client may listen again at once, under the same id.
    story.client(&listen(1));
    story.handle(Event::Linked);
    story.check(&[
        "daemon 1 subscriptions/listen",
        "daemon 2 tools/call",
        "client 1 daemon_unavailable",
        "relink 0 Always",
        "daemon 2 tools/call",
        "daemon 1 subscriptions/listen",
    ]);
}

#[test]
fn a_new_daemon_hears_the_logging_level_again() {
    let mut story = Story::begun();
    let set =
        |id: i64| json!({"id": id, "method": "logging/setLevel", "params": {"level": "info"}});
    story.client(&set(1));
    story.daemon(&json!({"id": 1, "result": {}}));
    story.client(&set(2));
    story.daemon(&json!({"id": 2, "error": {"code": 1}}));
    story.outputs();
    story.handle(Event::Unlinked);
    story.handle(Event::Linked);
    story.daemon(&json!({"id": 0, "result": {"v": 1}}));
    story.daemon(&json!({"id": "watercooler-mcp/1", "result": {}}));
    story.check(&[
        "relink 0 AfterDeath",
        "daemon 0 initialize",
        "daemon - notifications/initialized",
        "daemon \"watercooler-mcp/1\" logging/setLevel",
    ]);
}

#[test]
fn a_refused_or_silent_replay_is_tried_with_the_next_daemon() {
    let mut story = Story::begun();
    story.handle(Event::Unlinked);
    story.handle(Event::Linked);
    story.daemon(&json!({"id": 0, "error": {"code": 1}}));
    story.handle(Event::Linked);
    story.pass(REPLAY_WAIT_MAX);
    story.check(&[
        "relink 0 AfterDeath",
        "daemon 0 initialize",
        "relink 100 AfterDeath",
        "daemon 0 initialize",
        "relink 200 AfterDeath",
    ]);
}

#[test]
fn without_a_daemon_calls_are_answered_in_time_and_the_bridge_lives_on() {
    let mut story = Story::begun();
    story.client(&call(1));
    story.client(&list(2));
    story.outputs();
    story.handle(Event::Unlinked);
    story.client(&call(3));
    story.pass(RECONNECT_WAIT_MAX - Duration::from_millis(1));
    story.check(&["relink 0 Always"]);
    story.pass(Duration::from_millis(1));
    story.check(&[
        "client 1 uncertain",
        "client 2 daemon_unavailable",
        "client 3 daemon_unavailable",
    ]);
    story.handle(unreachable());
    story.client(&call(4));
    story.pass(DOWN_WAIT_MAX);
    story.check(&[
        "relink 100 AfterDeath",
        "relink 0 Always",
        "client 4 daemon_unavailable",
    ]);
    story.handle(Event::Linked);
    story.daemon(&json!({"id": 0, "result": {"v": 1}}));
    story.client(&call(5));
    story.check(&[
        "daemon 0 initialize",
        "daemon - notifications/initialized",
        "daemon 5 tools/call",
    ]);
}

#[test]
fn the_pause_between_attempts_grows_to_its_greatest() {
    let mut story = Story::begun();
    story.handle(Event::Unlinked);
    for _ in 0..20 {
        story.handle(unreachable());
    }
    let outputs = story.outputs();
    assert_eq!(
        outputs[..3],
        [
            "relink 0 AfterDeath",
            "relink 100 AfterDeath",
            "relink 200 AfterDeath"
        ]
    );
    assert_eq!(outputs.last().unwrap(), "relink 1000 AfterDeath");
}

#[test]
fn the_first_daemon_that_cannot_be_had_ends_the_program_with_words() {
    let mut story = Story::new();
    story.client(&initialize(0));
    story.handle(unreachable());
    story.check(&["client 0 daemon_unavailable", "end 69 Gone. Wait."]);
}

#[test]
fn a_request_that_comes_after_the_failure_is_told_too() {
    let mut story = Story::new();
    story.handle(unreachable());
    story.check(&[]);
    story.client(&initialize(0));
    story.check(&["client 0 daemon_unavailable", "end 69 Gone. Wait."]);
}

#[test]
fn without_a_request_the_program_ends_all_the_same() {
    let mut story = Story::new();
    story.handle(unreachable());
    story.pass(FIRST_REQUEST_WAIT_MAX);
    story.check(&["end 69 Gone. Wait."]);
}

#[test]
fn a_daemon_that_refuses_is_quoted_to_every_call() {
    let refusal = Failure::new(FailureCode::VersionMismatch, "Too old", "Update.");
    let mut story = Story::new();
    story.client(&initialize(0));
    story.handle(Event::Refused(refusal));
    story.client(&initialize(1));
    story.check(&[
        "client 0 version_mismatch",
        "relink 5000 AfterDeath",
        "client 1 version_mismatch",
    ]);
    story.handle(Event::Linked);
    story.client(&initialize(2));
    story.check(&["daemon 2 initialize"]);
}

#[test]
fn a_silent_daemon_is_asked_and_given_up() {
    let mut story = Story::begun();
    story.client(&call(1));
    story.client(&json!({"id": 2, "method": "subscriptions/listen"}));
    story.client(&list(3));
    story.outputs();
    story.pass(SILENCE_MAX);
    story.check(&["probe"]);
    story.handle(Event::ProbeSilent(failure()));
    story.check(&[
        "client 1 uncertain",
        "client 3 daemon_unavailable",
        "client 2 daemon_unavailable",
        "relink 0 AfterDeath",
    ]);
    story.client(&list(4));
    story.pass(DOWN_WAIT_MAX);
    story.check(&["relink 0 Always", "client 4 daemon_unavailable"]);
}

#[test]
fn a_slow_daemon_that_lives_is_left_alone() {
    let mut story = Story::begun();
    story.client(&call(1));
    story.outputs();
    story.pass(SILENCE_MAX);
    story.handle(Event::ProbeAnswered);
    story.pass(SILENCE_AGAIN - Duration::from_millis(1));
    story.check(&["probe"]);
    story.pass(Duration::from_millis(1));
    story.check(&["probe"]);
    // A line of its own is as good as an answer.
    story.daemon(&json!({"method": "notifications/progress"}));
    story.handle(Event::ProbeSilent(failure()));
    story.check(&["client - notifications/progress"]);
    story.daemon(&json!({"id": 1, "result": {}}));
    story.pass(SILENCE_AGAIN * 10);
    story.check(&["client 1 ok"]);
}

#[test]
fn a_call_that_ends_every_daemon_is_given_up() {
    let mut story = Story::linked();
    story.client(&call(1));
    story.client(&list(2));
    for _ in 0..RESENDS_MAX {
        story.handle(Event::Unlinked);
        story.handle(Event::Linked);
    }
    story.outputs();
    story.handle(Event::Unlinked);
    story.handle(Event::Linked);
    let outputs = story.outputs();
    assert_eq!(
        outputs[1..],
        ["client 1 uncertain", "client 2 daemon_unavailable"]
    );
}

#[test]
fn a_cancelled_call_is_not_sent_again() {
    let mut story = Story::linked();
    let cancel =
        |id: i64| json!({"method": "notifications/cancelled", "params": {"requestId": id}});
    story.client(&call(1));
    story.client(&cancel(1));
    story.handle(Event::Unlinked);
    story.client(&call(2));
    story.client(&cancel(2));
    story.handle(Event::Linked);
    story.daemon(&json!({"id": 1, "result": {}}));
    story.check(&[
        "daemon 1 tools/call",
        "daemon - notifications/cancelled",
        "relink 0 AfterDeath",
        "relink 0 Always",
    ]);
}

#[test]
fn an_answer_reaches_the_daemon_that_asked_alone() {
    let mut story = Story::begun();
    let roots = json!({"id": 0, "method": "roots/list"});
    story.daemon(&roots);
    story.handle(Event::Unlinked);
    story.handle(Event::Linked);
    story.daemon(&json!({"id": 0, "result": {"v": 1}}));
    story.outputs();
    story.daemon(&roots);
    story.client(&json!({"id": 0, "result": {"roots": []}}));
    story.client(&json!({"id": "watercooler-mcp/daemon/1", "result": {"roots": []}}));
    story.check(&[
        "client \"watercooler-mcp/daemon/1\" roots/list",
        "daemon 0 ok",
    ]);
}

#[test]
fn too_many_calls_are_refused() {
    let mut story = Story::new();
    let len = i64::try_from(WAITING_LEN_MAX).unwrap();
    (0..len).for_each(|id| story.client(&call(id)));
    story.check(&[]);
    story.client(&call(len));
    story.check(&[&format!("client {len} rate_limited")]);
}

#[test]
fn lines_over_the_limit_are_answered() {
    let mut story = Story::linked();
    let too_long = |id: Option<&str>, is_call| Event::ClientTooLong {
        id: id.map(str::to_owned),
        is_call,
    };
    story.handle(too_long(Some("7"), true));
    story.handle(too_long(None, true));
    story.handle(too_long(Some("7"), false));
    story.client(&call(1));
    story.handle(Event::DaemonTooLong {
        id: Some("1".to_owned()),
        is_call: false,
    });
    story.check(&[
        "client 7 too_large",
        "client null too_large",
        "daemon 1 tools/call",
        "client 1 too_large",
    ]);
}

#[test]
fn the_end_of_input_waits_for_answers_and_not_for_long() {
    let mut story = Story::begun();
    story.handle(Event::ClientEnded);
    story.check(&["end 0"]);

    let mut story = Story::begun();
    story.client(&call(1));
    story.client(&json!({"id": 2, "method": "subscriptions/listen"}));
    story.outputs();
    story.handle(Event::ClientEnded);
    story.daemon(&json!({"id": 1, "result": {}}));
    story.check(&["client 1 ok", "end 0"]);

    let mut story = Story::begun();
    story.client(&call(1));
    story.outputs();
    story.handle(Event::ClientEnded);
    story.pass(DRAIN_WAIT_MAX);
    story.check(&["probe", "client 1 uncertain", "end 0"]);
}
