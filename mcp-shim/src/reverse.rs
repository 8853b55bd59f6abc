//! Requests of the daemon to the client, as older protocols have them. An answer to a daemon that is
//! gone reaches no other: each daemon counts its requests from the beginning.

use std::collections::BTreeMap;

use crate::message;
use crate::replay;

/// How many requests of dead daemons are remembered, until the client has answered them.
pub(crate) const LOST_LEN_MAX: usize = 256;

/// The requests that the client has not answered.
#[derive(Debug, Default)]
pub(crate) struct Reverse {
    /// The id that the client knows, and the raw text of the daemon's own.
    open: BTreeMap<Box<str>, String>,
    /// Ids that the client knows of daemons that are gone.
    lost: Vec<Box<str>>,
    renamed: u64,
}

impl Reverse {
    /// The daemon's request as the client is to see it.
    pub(crate) fn asked(&mut self, id: &str, line: &[u8]) -> Vec<u8> {
        let known = message::key(id);
        if !self.lost.contains(&known) {
            self.open.insert(known, id.to_owned());
            return line.to_vec();
        }
        self.renamed += 1;
        let new = replay::renamed(self.renamed);
        let seen = message::with_id(line, &new);
        self.open.insert(new.into(), id.to_owned());
        seen
    }

    /// The client's answer as the daemon is to see it; `None` where that daemon is gone.
    pub(crate) fn answered(&mut self, id: &str, line: &[u8]) -> Option<Vec<u8>> {
        let known = message::key(id);
        if let Some(own) = self.open.remove(&known) {
            let is_same = own == id;
            return Some(if is_same {
                line.to_vec()
            } else {
                message::with_id(line, &own)
            });
        }
        self.lost.retain(|lost| *lost != known);
        None
    }

    /// The daemon is gone: what tells the client that its requests need no answer.
    pub(crate) fn lost(&mut self) -> Vec<Vec<u8>> {
        let open = std::mem::take(&mut self.open);
        let cancel = |id: &str| {
            format!(
                "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\
                 \"params\":{{\"requestId\":{id},\"reason\":\"the daemon was lost\"}}}}\n"
            )
            .into_bytes()
        };
        let cancelled = open.keys().map(|id| cancel(id)).collect();
        self.lost.extend(open.into_keys());
        let too_many = self.lost.len().saturating_sub(LOST_LEN_MAX);
        self.lost.drain(..too_many);
        cancelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reaches_its_own_daemon_alone() {
        let mut reverse = Reverse::default();
        let line = br#"{"id":0,"method":"roots/list"}"#;
        assert_eq!(reverse.asked("0", line), line.to_vec());
        assert_eq!(reverse.lost().len(), 1);
        let seen = String::from_utf8(reverse.asked("0", line)).unwrap();
        let new = serde_json::from_str::<serde_json::Value>(&seen).unwrap()["id"].to_string();
        assert_ne!(new, "0");
        assert_eq!(reverse.answered("0", br#"{"id":0,"result":1}"#), None);
        let late = format!(r#"{{"id":{new},"result":2}}"#);
        assert_eq!(
            reverse.answered(&new, late.as_bytes()),
            Some(br#"{"id":0,"result":2}"#.to_vec())
        );
        // The old answer came, so that the id is free again.
        assert_eq!(reverse.asked("0", line), line.to_vec());
    }

    #[test]
    fn requests_of_dead_daemons_are_bounded() {
        let mut reverse = Reverse::default();
        for id in 0..=LOST_LEN_MAX {
            let id = id.to_string();
            let line = format!(r#"{{"id":{id}}}"#);
            reverse.asked(&id, line.as_bytes());
            reverse.lost();
        }
        assert_eq!(reverse.lost.len(), LOST_LEN_MAX);
        assert!(!reverse.lost.contains(&"0".into()));
    }
}
