//! Names of git objects, as the rest of the program carries them.

use std::fmt;

use git2::Oid;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const HEX_LEN: usize = 40;

/// The newest commit of a branch: 40 lower-case hex digits in text and in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tip(pub(crate) Oid);

/// A file's content in the clone: 40 lower-case hex digits in text. The same bytes have the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub(crate) Oid);

impl Tip {
    /// Reads 40 hex digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Tip> {
        oid(text).map(Tip)
    }
}

impl BlobId {
    /// Reads 40 hex digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<BlobId> {
        oid(text).map(BlobId)
    }
}

fn oid(text: &str) -> Option<Oid> {
    // libgit2 also takes shorter names and completes them with zeros.
    let whole = text.len() == HEX_LEN && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| Oid::from_str(text).ok()).flatten()
}

impl fmt::Display for Tip {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for Tip {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Tip {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tip, D::Error> {
        let text = String::deserialize(deserializer)?;
        Tip::parse(&text).ok_or_else(|| D::Error::custom("a commit is 40 hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tip_is_forty_hex_digits_and_survives_json() {
        let text = "0123456789abcdef0123456789abcdef01234567";
        let tip = Tip::parse(text).unwrap();
        assert_eq!(tip.to_string(), text);
        let json = serde_json::to_string(&tip).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Tip>(&json).unwrap(), tip);
        for wrong in [
            "",
            "0123",
            &text[1..],
            "g123456789abcdef0123456789abcdef01234567",
        ] {
            assert_eq!(Tip::parse(wrong), None, "{wrong}");
            assert_eq!(BlobId::parse(wrong), None, "{wrong}");
        }
        assert!(serde_json::from_str::<Tip>("\"main\"").is_err());
    }
}
