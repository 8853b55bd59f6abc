//! The hash by which a file's bytes are told from others.

use std::fmt::Write as _;
use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How much of a file is held while it is read.
const READ_BYTES: usize = 64 << 10;

/// SHA-256 of a file's bytes, in 64 hex digits.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, std::hash::Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Hash([u8; 32]);

impl Hash {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of what is read to its end, and how many bytes that was; a part at a time is held.
    pub(crate) fn read(reader: &mut impl io::Read) -> io::Result<(Self, u64)> {
        let (mut hasher, mut len) = (Sha256::new(), 0);
        let mut part = vec![0; READ_BYTES];
        loop {
            match reader.read(&mut part) {
                Ok(0) => return Ok((Self(hasher.finalize().into()), len)),
                Ok(read) => {
                    hasher.update(&part[..read]);
                    len += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
    }

    /// Its first eight digits.
    pub(crate) fn short(self) -> String {
        let mut digits = String::from(self);
        digits.truncate(8);
        digits
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.0
            .iter()
            .fold(Self::with_capacity(64), |mut digits, byte| {
                // Writing into a string cannot fail.
                let _ = write!(digits, "{byte:02x}");
                digits
            })
    }
}

/// A hash is 64 hex digits.
#[derive(Debug, thiserror::Error)]
#[error("a hash is 64 hex digits")]
pub(crate) struct NoHash;

impl TryFrom<String> for Hash {
    type Error = NoHash;

    fn try_from(digits: String) -> Result<Self, NoHash> {
        let mut bytes = [0; 32];
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(NoHash);
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| NoHash)?;
        }
        Ok(Self(bytes))
    }
}
