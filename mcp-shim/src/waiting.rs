//! The client's lines that are not done: requests without an answer, and notifications that could
//! not be sent yet; in the client's order, bounded in number and in bytes.

use std::sync::Arc;
use std::time::Instant;

use protocol::frame::FRAME_BYTES_MAX;

use crate::message;

/// How many lines are kept.
pub(crate) const WAITING_LEN_MAX: usize = 1024;

/// How many bytes are kept, in all lines.
pub(crate) const WAITING_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;

/// How often a line is sent again. One that ends a daemon each time must not do so for ever.
pub(crate) const RESENDS_MAX: u32 = 3;

/// What a line asks for, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `initialize`.
    Initialize,
    /// `tools/call`: may write.
    Call,
    /// `resources/subscribe`.
    Subscribe,
    /// `logging/setLevel`.
    SetLevel,
    /// `subscriptions/listen`: is answered at its end, which may be never.
    Listen,
    /// Any other request.
    Other,
    /// Wants no answer.
    Notification,
}

impl Kind {
    pub(crate) fn of_request(method: &str) -> Self {
        match method {
            "initialize" => Self::Initialize,
            "tools/call" => Self::Call,
            "resources/subscribe" => Self::Subscribe,
            "logging/setLevel" => Self::SetLevel,
            "subscriptions/listen" => Self::Listen,
            _ => Self::Other,
        }
    }

    /// Whether the client waits for its answer now.
    pub(crate) fn is_awaited(self) -> bool {
        match self {
            Self::Initialize | Self::Call | Self::Subscribe | Self::SetLevel | Self::Other => true,
            Self::Listen | Self::Notification => false,
        }
    }
}

/// One line that is not done.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// The raw text of its id; empty for a notification.
    pub(crate) id: Box<str>,
    /// What it asks for.
    pub(crate) kind: Kind,
    /// Its bytes, as the client wrote them.
    pub(crate) line: Arc<Vec<u8>>,
    /// How often it was sent.
    pub(crate) sent: u32,
    /// When it was sent last.
    pub(crate) sent_at: Option<Instant>,
    /// When it is given up, while there is no daemon.
    pub(crate) expires: Option<Instant>,
}

/// There is no room for another line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The lines that are not done.
#[derive(Debug, Default)]
pub(crate) struct Table {
    lines: Vec<Waiting>,
    bytes: usize,
}

impl Table {
    pub(crate) fn push(&mut self, waiting: Waiting) -> Result<(), Full> {
        let bytes = self.bytes + waiting.line.len();
        if self.lines.len() >= WAITING_LEN_MAX || bytes > WAITING_BYTES_MAX {
            return Err(Full);
        }
        self.bytes = bytes;
        self.lines.push(waiting);
        Ok(())
    }

    /// Takes out the request of that id, whatever way either side writes it.
    pub(crate) fn take(&mut self, id: &str) -> Option<Waiting> {
        let key = message::key(id);
        let at = self
            .lines
            .iter()
            .position(|waiting| waiting.kind != Kind::Notification && same(&waiting.id, &key))?;
        Some(self.remove(at))
    }

    /// Takes out the lines that a rule picks, in order.
    pub(crate) fn take_if(&mut self, rule: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        let (taken, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.lines).into_iter().partition(rule);
        self.lines = kept;
        self.bytes -= taken
            .iter()
            .map(|waiting| waiting.line.len())
            .sum::<usize>();
        taken
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.lines.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Waiting> {
        self.lines.iter_mut()
    }

    fn remove(&mut self, at: usize) -> Waiting {
        let waiting = self.lines.remove(at);
        self.bytes -= waiting.line.len();
        waiting
    }
}

fn same(id: &str, key: &str) -> bool {
    id == key || (id.contains('\\') && *message::key(id) == *key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(id: &str, len: usize) -> Waiting {
        Waiting {
            id: id.into(),
            kind: Kind::Call,
            line: Arc::new(vec![b'x'; len]),
            sent: 0,
            sent_at: None,
            expires: None,
        }
    }

    #[test]
    fn number_and_bytes_are_bounded() {
        let mut table = Table::default();
        for id in 0..WAITING_LEN_MAX {
            table.push(waiting(&id.to_string(), 1)).unwrap();
        }
        assert_eq!(table.push(waiting("one more", 1)), Err(Full));
        assert_eq!(table.take_if(|_| true).len(), WAITING_LEN_MAX);
        table.push(waiting("a", WAITING_BYTES_MAX)).unwrap();
        assert_eq!(table.push(waiting("b", 1)), Err(Full));
        assert!(table.take("a").is_some());
        table.push(waiting("b", 1)).unwrap();
    }

    #[test]
    fn a_request_is_found_by_its_id_in_any_spelling() {
        let mut table = Table::default();
        table.push(waiting(r#""a\u0062""#, 1)).unwrap();
        table.push(waiting("1", 1)).unwrap();
        assert!(table.take(r#""1""#).is_none());
        assert!(table.take(r#""ab""#).is_some());
        assert!(table.take("1").is_some());
        assert!(table.take("1").is_none());
    }
}
