//! Names of entries: a ULID where we make one, `[A-Za-z0-9_-]+` where others did.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

/// Characters that an ID may have at most.
pub const ENTRY_ID_CHARS_MAX: usize = 64;
/// Hex digits of the hash that a doubled ID is shown with.
const HASH_DIGITS: usize = 8;

/// An entry's ID: 1 to 64 of `[A-Za-z0-9_-]`, and `~HASH` (eight hex digits) behind it where
/// another entry of the thread has the same ID and other bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(Box<str>);

/// The text is no ID of an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an entry ID is 1 to {ENTRY_ID_CHARS_MAX} letters, digits, '_' or '-'")]
pub struct EntryIdError;

impl EntryId {
    /// Reads an ID as a file or [`EntryId::as_str`] gives it.
    ///
    /// # Errors
    /// The text is empty, too long, or has other characters.
    pub fn parse(text: &str) -> Result<EntryId, EntryIdError> {
        let (plain, hash) = text
            .split_once('~')
            .map_or((text, None), |(id, hash)| (id, Some(hash)));
        let plain_fits =
            (1..=ENTRY_ID_CHARS_MAX).contains(&plain.len()) && plain.bytes().all(is_id_byte);
        let hash_fits = hash.is_none_or(|hash| {
            hash.len() == HASH_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        if plain_fits && hash_fits {
            Ok(EntryId(text.into()))
        } else {
            Err(EntryIdError)
        }
    }

    /// The ID that is shown for another entry with the same ID: `ID~HASH` of its `bytes`.
    pub(crate) fn doubled(&self, bytes: &[u8]) -> EntryId {
        let digest = Sha256::digest(bytes);
        let hash: String = digest
            .iter()
            .take(HASH_DIGITS / 2)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        EntryId(format!("{}~{hash}", self.plain()).into())
    }

    /// The ID as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ID as it stands in the file, without `~HASH`.
    pub fn plain(&self) -> &str {
        self.0.split_once('~').map_or(&self.0, |(plain, _)| plain)
    }
}

/// Whether a byte may stand in an ID.
pub(crate) fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for EntryId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for EntryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EntryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EntryId, D::Error> {
        EntryId::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ids() {
        let longest = "x".repeat(ENTRY_ID_CHARS_MAX);
        for text in ["01JGT", "a_b-c", "X~0123abcd", &longest] {
            assert_eq!(EntryId::parse(text).unwrap().as_str(), text);
        }
        let too_long = "x".repeat(ENTRY_ID_CHARS_MAX + 1);
        for text in [
            "",
            "a b",
            "é",
            "X~",
            "X~0123",
            "~0123abcd",
            "X~0123abcz",
            "a\n",
            &too_long,
        ] {
            assert_eq!(EntryId::parse(text), Err(EntryIdError), "{text}");
        }
    }

    #[test]
    fn a_doubled_id_shows_the_hash_of_its_bytes() {
        let id = EntryId::parse("A").unwrap().doubled(b"abc");
        assert_eq!((id.as_str(), id.plain()), ("A~ba7816bf", "A"));
        assert_eq!(EntryId::parse(id.as_str()), Ok(id));
    }
}
