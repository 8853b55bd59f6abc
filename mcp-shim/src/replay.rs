//! What a new daemon must hear again: the client's handshake, its live subscriptions and its logging
//! level. In the stateless protocol of 2026-07-28 there is none of them, and nothing is replayed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::message;

/// How many subscriptions are remembered; further ones end with the daemon that holds them.
pub(crate) const SUBSCRIPTIONS_LEN_MAX: usize = 256;

/// What the ids of our own requests begin with, so that no client's is like them.
const OWN_ID: &str = "\"watercooler-mcp/";

/// The handshake and the subscriptions of one client.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    handshake: Option<Handshake>,
    initialized: Option<Arc<Vec<u8>>>,
    /// The raw text of an URI, and that of the parameters that it was subscribed with.
    subscriptions: BTreeMap<String, String>,
    /// The raw text of the parameters of the last `logging/setLevel`.
    level: Option<String>,
    /// The ids of our own subscribing, each with the raw text of its URI, until it is answered.
    subscribing: BTreeMap<Box<str>, String>,
    own_ids: u64,
}

#[derive(Debug)]
struct Handshake {
    id: Box<str>,
    line: Arc<Vec<u8>>,
    result: String,
}

impl Replay {
    /// An `initialize` was answered with a result.
    pub(crate) fn begun(&mut self, id: &str, line: Arc<Vec<u8>>, result: &str) {
        self.handshake = Some(Handshake {
            id: message::key(id),
            line,
            result: result.to_owned(),
        });
        self.subscriptions.clear();
        self.level = None;
    }

    /// `notifications/initialized` came.
    pub(crate) fn initialized(&mut self, line: Arc<Vec<u8>>) {
        self.initialized = Some(line);
    }

    /// What follows an `initialize` that is sent again, where the client did not wait for its answer.
    pub(crate) fn after_initialize(&self) -> Option<Arc<Vec<u8>>> {
        self.initialized.clone()
    }

    /// A `resources/subscribe` was answered with a result.
    pub(crate) fn subscribed(&mut self, params: Option<&str>) {
        if self.subscriptions.len() < SUBSCRIPTIONS_LEN_MAX
            && let Some(params) = params
            && let Some(uri) = message::parameter(Some(params), "uri")
        {
            self.subscriptions.insert(uri, params.to_owned());
        }
    }

    /// A `resources/unsubscribe` was asked for.
    pub(crate) fn unsubscribed(&mut self, params: Option<&str>) {
        if let Some(uri) = message::parameter(params, "uri") {
            self.subscriptions.remove(&uri);
        }
    }

    /// A `logging/setLevel` was answered with a result.
    pub(crate) fn level_set(&mut self, params: Option<&str>) {
        self.level = params.map(str::to_owned);
    }

    /// The client's own `initialize`, where one was answered.
    pub(crate) fn handshake(&self) -> Option<Arc<Vec<u8>>> {
        self.handshake
            .as_ref()
            .map(|handshake| Arc::clone(&handshake.line))
    }

    /// Whether that is the id of the client's `initialize`.
    pub(crate) fn is_handshake(&self, id: &str) -> bool {
        self.handshake
            .as_ref()
            .is_some_and(|handshake| *handshake.id == *message::key(id))
    }

    /// Takes the result of a replayed `initialize`, and tells whether it differs from the last.
    pub(crate) fn begun_again(&mut self, result: &str) -> bool {
        let Some(handshake) = &mut self.handshake else {
            return false;
        };
        let differs = handshake.result != result;
        handshake.result = result.to_owned();
        differs
    }

    /// The lines that follow a replayed `initialize`.
    pub(crate) fn rest(&mut self) -> Vec<Arc<Vec<u8>>> {
        let mut lines: Vec<_> = self.initialized.iter().cloned().collect();
        if let Some(params) = &self.level {
            self.own_ids += 1;
            lines.push(request(self.own_ids, "logging/setLevel", params).1);
        }
        self.subscribing.clear();
        for (uri, params) in &self.subscriptions {
            self.own_ids += 1;
            let (id, line) = request(self.own_ids, "resources/subscribe", params);
            self.subscribing.insert(id.into(), uri.clone());
            lines.push(line);
        }
        lines
    }

    /// A request of ours was answered. A resource that is subscribed to again may have become
    /// another while nobody told: gives what tells the client so.
    pub(crate) fn answered(&mut self, id: &str, has_result: bool) -> Option<Vec<u8>> {
        let uri = self.subscribing.remove(id)?;
        let told = has_result && self.subscriptions.contains_key(&uri);
        told.then(|| {
            format!(
                "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/updated\",\
                 \"params\":{{\"uri\":{uri}}}}}\n"
            )
            .into_bytes()
        })
    }
}

/// A request of ours, and its id.
fn request(number: u64, method: &str, params: &str) -> (String, Arc<Vec<u8>>) {
    let id = format!("{OWN_ID}{number}\"");
    let line = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n"
    );
    (id, Arc::new(line.into_bytes()))
}

/// Whether that id is one of ours, so that its answer is nobody else's.
pub(crate) fn is_own(id: &str) -> bool {
    id.starts_with(OWN_ID)
}

/// An id of ours for a request of the daemon, whose own id the client already knows from a request
/// of the daemon before.
pub(crate) fn renamed(number: u64) -> String {
    format!("{OWN_ID}daemon/{number}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Arc<Vec<u8>>]) -> Vec<String> {
        let text = |line: &Arc<Vec<u8>>| String::from_utf8(line.to_vec()).unwrap();
        lines.iter().map(text).collect()
    }

    #[test]
    fn a_session_is_heard_again_as_it_stands() {
        let mut replay = Replay::default();
        assert_eq!(replay.handshake(), None);
        assert!(replay.rest().is_empty());
        replay.begun("0", Arc::new(b"init\n".to_vec()), r#"{"a":1}"#);
        replay.initialized(Arc::new(b"done\n".to_vec()));
        replay.subscribed(Some(r#"{"uri":"w://a","x":1}"#));
        replay.subscribed(Some(r#"{"uri":"w://b"}"#));
        replay.unsubscribed(Some(r#"{"uri":"w://b"}"#));
        replay.level_set(Some(r#"{"level":"error"}"#));
        replay.level_set(Some(r#"{"level":"info"}"#));
        assert!(replay.is_handshake("0") && !replay.is_handshake("1"));
        assert!(!replay.begun_again(r#"{"a":1}"#));
        assert!(replay.begun_again(r#"{"a":2}"#));
        assert!(!replay.begun_again(r#"{"a":2}"#));
        let lines = texts(&replay.rest());
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], "done\n");
        let level: serde_json::Value = serde_json::from_str(&lines[1]).unwrap();
        assert_eq!(level["method"], "logging/setLevel");
        assert_eq!(level["params"]["level"], "info");
        let asked: serde_json::Value = serde_json::from_str(&lines[2]).unwrap();
        assert_eq!(asked["params"]["x"], 1);
        assert!(is_own(&asked["id"].to_string()));
        assert_ne!(texts(&replay.rest())[2], lines[2]);
        replay.begun("0", Arc::new(b"init\n".to_vec()), "{}");
        assert_eq!(replay.rest().len(), 1);
    }

    #[test]
    fn what_is_subscribed_to_again_may_be_another() {
        let mut replay = Replay::default();
        for uri in ["w://a", "w://b", "w://c"] {
            replay.subscribed(Some(&format!(r#"{{"uri":"{uri}"}}"#)));
        }
        let ids: Vec<String> = texts(&replay.rest())
            .iter()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].to_string())
            .collect();
        replay.unsubscribed(Some(r#"{"uri":"w://c"}"#));
        let told = replay.answered(&ids[0], true).unwrap();
        let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
        assert_eq!(told["method"], "notifications/resources/updated");
        assert_eq!(told["params"]["uri"], "w://a");
        assert_eq!(replay.answered(&ids[0], true), None);
        assert_eq!(replay.answered(&ids[1], false), None);
        assert_eq!(replay.answered(&ids[2], true), None);
    }

    #[test]
    fn subscriptions_are_bounded() {
        let mut replay = Replay::default();
        for number in 0..=SUBSCRIPTIONS_LEN_MAX {
            replay.subscribed(Some(&format!(r#"{{"uri":"w://{number}"}}"#)));
        }
        assert_eq!(replay.rest().len(), SUBSCRIPTIONS_LEN_MAX);
    }
}
