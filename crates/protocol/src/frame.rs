//! One JSON document a line, each bounded, so that no peer can make the other hold more.

use std::io::{self, BufRead, Read, Write};

use serde::{Serialize, de::DeserializeOwned};

/// The longest line either side reads, line feed included.
pub const FRAME_BYTES_MAX: usize = 4 << 20;

/// Why a line could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The line is longer than [`FRAME_BYTES_MAX`].
    #[error("a line is longer than {FRAME_BYTES_MAX} bytes")]
    TooLong,
    /// The line is no JSON document of the expected form.
    #[error("a line is not of the expected form")]
    Malformed(#[source] serde_json::Error),
    /// The connection failed.
    #[error("the connection failed")]
    Io(#[from] io::Error),
}

/// One document as its line, line feed included.
///
/// # Errors
/// [`FrameError::TooLong`] over [`FRAME_BYTES_MAX`].
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, FrameError> {
    let mut line = serde_json::to_vec(value).map_err(FrameError::Malformed)?;
    line.push(b'\n');
    if line.len() > FRAME_BYTES_MAX {
        Err(FrameError::TooLong)
    } else {
        Ok(line)
    }
}

/// The document on one line, with or without its line feed.
///
/// # Errors
/// [`FrameError::Malformed`] where the line is not of the form of `T`.
pub fn decode<T: DeserializeOwned>(line: &[u8]) -> Result<T, FrameError> {
    serde_json::from_slice(line).map_err(FrameError::Malformed)
}

/// Writes one document and flushes.
///
/// # Errors
/// As [`encode`], and [`FrameError::Io`].
pub fn write<T: Serialize>(to: &mut impl Write, value: &T) -> Result<(), FrameError> {
    to.write_all(&encode(value)?)?;
    Ok(to.flush()?)
}

/// Reads one document; `None` at a clean end.
///
/// # Errors
/// [`FrameError`]; an end in the middle of a line is [`FrameError::Io`].
pub fn read<T: DeserializeOwned>(from: &mut impl BufRead) -> Result<Option<T>, FrameError> {
    let mut line = Vec::new();
    let limit = u64::try_from(FRAME_BYTES_MAX).unwrap_or(u64::MAX);
    from.take(limit).read_until(b'\n', &mut line)?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => decode(&line).map(Some),
        Some(_) if line.len() >= FRAME_BYTES_MAX => Err(FrameError::TooLong),
        Some(_) => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_back() {
        let mut wire = Vec::new();
        write(&mut wire, &vec![1, 2]).unwrap();
        write(&mut wire, &vec![3]).unwrap();
        let mut from = wire.as_slice();
        assert_eq!(read::<Vec<u8>>(&mut from).unwrap(), Some(vec![1, 2]));
        assert_eq!(read::<Vec<u8>>(&mut from).unwrap(), Some(vec![3]));
        assert_eq!(read::<Vec<u8>>(&mut from).unwrap(), None);
    }

    #[test]
    fn a_line_over_the_limit_is_refused_on_both_sides() {
        let long = "x".repeat(FRAME_BYTES_MAX);
        assert!(matches!(encode(&long), Err(FrameError::TooLong)));
        let mut from = long.as_bytes();
        assert!(matches!(
            read::<String>(&mut from),
            Err(FrameError::TooLong)
        ));
    }

    #[test]
    fn half_a_line_is_no_document() {
        let mut from = &b"[1,2"[..];
        assert!(matches!(read::<Vec<u8>>(&mut from), Err(FrameError::Io(_))));
    }
}
