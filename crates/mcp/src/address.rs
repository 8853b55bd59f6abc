//! Resource addresses: `watercooler://inbox`, `watercooler://instructions` and
//! `watercooler://threads/{topic}`. None of them names a repository: a connection's own is meant.

use std::fmt::Write;

/// The most bytes of an address that is looked at.
pub(crate) const ADDRESS_BYTES_MAX: usize = 1024;

/// Source: RFC 6570, level 1.
pub(crate) const THREAD_TEMPLATE: &str = "watercooler://threads/{topic}";

const INBOX: &str = "watercooler://inbox";
const INSTRUCTIONS: &str = "watercooler://instructions";
const THREADS: &str = "watercooler://threads/";

/// What an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// The open threads, those that wait on the reader first.
    Inbox,
    /// How an agent uses the server.
    Instructions,
    /// A thread, by its topic; whether it is there is not known here.
    Thread(String),
}

impl Address {
    /// Reads an address; `None` where it is none of ours.
    pub(crate) fn parse(uri: &str) -> Option<Self> {
        if uri.len() > ADDRESS_BYTES_MAX {
            return None;
        }
        match uri {
            INBOX => Some(Self::Inbox),
            INSTRUCTIONS => Some(Self::Instructions),
            _ => {
                let topic = decoded(uri.strip_prefix(THREADS)?)?;
                (!topic.is_empty()).then_some(Self::Thread(topic))
            }
        }
    }

    /// The address as it is listed.
    pub(crate) fn uri(&self) -> String {
        match self {
            Self::Inbox => INBOX.to_owned(),
            Self::Instructions => INSTRUCTIONS.to_owned(),
            Self::Thread(topic) => format!("{THREADS}{}", encoded(topic)),
        }
    }
}

/// Source: RFC 3986, section 2: unreserved characters stand for themselves.
fn encoded(topic: &str) -> String {
    let mut text = String::new();
    for byte in topic.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("a string takes every write");
        }
    }
    text
}

/// `None` where a `%` begins no byte, a separator stands bare, or the bytes are no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'/' | b'?' | b'#' => return None,
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            plain => bytes.push(plain),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        for topic in ["auth-refactor", "größe 1", "a/b", "100%", "?#&+", "😀"] {
            let address = Address::Thread(topic.to_owned());
            assert_eq!(Address::parse(&address.uri()), Some(address), "{topic}");
        }
        for address in [Address::Inbox, Address::Instructions] {
            assert_eq!(Address::parse(&address.uri()), Some(address));
        }
        let plain = Address::parse("watercooler://threads/größe 1");
        assert_eq!(plain, Some(Address::Thread("größe 1".to_owned())));
    }

    #[test]
    fn anything_else_is_no_address() {
        for uri in [
            "",
            "watercooler://",
            "watercooler://inbox/",
            "watercooler://threads",
            "watercooler://threads/",
            "watercooler://threads/a/b",
            "watercooler://threads/a?repository=other",
            "watercooler://threads/a#b",
            "watercooler://threads/%",
            "watercooler://threads/%4",
            "watercooler://threads/%zz",
            "watercooler://threads/%ff",
            "watercooler://other/threads/a",
            "https://threads/a",
            "file:///etc/passwd",
        ] {
            assert_eq!(Address::parse(uri), None, "{uri}");
        }
        let fits = format!("{THREADS}{}", "x".repeat(ADDRESS_BYTES_MAX - THREADS.len()));
        assert!(Address::parse(&fits).is_some());
        assert_eq!(Address::parse(&(fits + "x")), None);
    }
}
