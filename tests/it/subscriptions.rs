//! What a client is told by itself, through the shim, over a daemon that is killed; and that the
//! programs which people get hold no fixtures.

use serde_json::{Value, json};
use tests::machine::Machine;
use tests::settings::Settings;
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_until};

const PLAN: &str = "watercooler://threads/plan";

fn machine() -> Machine {
    let mut machine = Machine::new(&Settings::of("alice"));
    machine.start();
    machine
}

fn updates(shim: &Shim, uri: &str) -> usize {
    let is_update = |told: &&Value| {
        told["method"] == "notifications/resources/updated" && told["params"]["uri"] == uri
    };
    shim.notifications().iter().filter(is_update).count()
}

/// Waits until the shim was told of the resource more often than `before`.
fn wait_told(shim: &Shim, uri: &str, before: usize) {
    wait_until("an update is told", PATIENCE, || {
        updates(shim, uri) > before
    });
}

#[test]
fn a_session_is_told_of_news_also_after_its_daemon_was_killed() {
    let mut machine = machine();
    let mut reader = Shim::connect(&machine, "claude-code");
    let mut writer = Shim::connect(&machine, "codex-mcp-client");
    let _said = writer.say("plan", "First", "b");
    let subscribed = reader.request("resources/subscribe", json!({"uri": PLAN}));
    assert_eq!(subscribed["result"], json!({}), "{subscribed}");
    let _said = writer.say("plan", "Second", "b");
    wait_told(&reader, PLAN, 0);

    let before = updates(&reader, PLAN);
    machine.kill();
    // Whatever happened meanwhile was told by nobody.
    wait_told(&reader, PLAN, before);
    let before = updates(&reader, PLAN);
    let _said = writer.say("plan", "Third", "b");
    wait_told(&reader, PLAN, before);
    let read = reader.request("resources/read", json!({"uri": PLAN}));
    let text = read["result"]["contents"][0]["text"].as_str();
    assert!(text.is_some_and(|text| text.contains("Third")), "{read}");
    // What a client reads ahead nobody counts as shown.
    let listed = reader.call("list_threads", json!({"filter": "new"}));
    assert_eq!(listed.structured["threads"][0]["topic"], "plan");
}

#[test]
fn a_listener_is_told_of_news_and_of_the_end_of_its_daemon() {
    let mut machine = machine();
    let mut reader = Shim::connect_with(&machine, "claude-code", Era::Stateless, &[]);
    let mut writer = Shim::connect(&machine, "codex-mcp-client");
    let wanted = json!({"notifications": {
        "resourceSubscriptions": [PLAN], "resourcesListChanged": true,
    }});
    let listening = reader.begin_request("subscriptions/listen", wanted.clone());
    let acknowledged = |shim: &Shim| {
        let all = shim.notifications();
        let is_word = |told: &&Value| told["method"] == "notifications/subscriptions/acknowledged";
        all.iter().filter(is_word).count()
    };
    wait_until("it listens", PATIENCE, || acknowledged(&reader) == 1);
    let _said = writer.say("plan", "First", "b");
    wait_told(&reader, PLAN, 0);
    machine.kill();
    let end = reader.answer(listening, PATIENCE);
    assert_eq!(end["error"]["data"]["code"], "daemon_unavailable", "{end}");

    let _listening = reader.begin_request("subscriptions/listen", wanted);
    wait_until("it listens again", PATIENCE, || acknowledged(&reader) == 2);
    let before = updates(&reader, PLAN);
    let _said = writer.say("plan", "Second", "b");
    wait_told(&reader, PLAN, before);
}

#[test]
fn the_programs_that_people_get_hold_no_fixtures() {
    let machine = machine();
    let mut agent = Shim::connect(&machine, "claude-code");
    for (method, list) in [
        ("tools/list", "tools"),
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
    ] {
        let listed = agent.request(method, json!({}));
        let names: Vec<&str> = listed["result"][list]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|each| each["name"].as_str())
            .collect();
        assert!(!names.is_empty(), "{listed}");
        let fixtures = names.iter().filter(|name| name.starts_with("test"));
        assert_eq!(fixtures.count(), 0, "{names:?}");
    }
    let params = json!({"name": "test_simple_text", "arguments": {}});
    let answer = agent.request("tools/call", params);
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}
