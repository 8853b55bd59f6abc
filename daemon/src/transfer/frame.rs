//! Frames between the daemon and its worker: four bytes of length, the greatest first, then JSON.

use std::io::{self, ErrorKind, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// The longest frame, in bytes without its length.
pub(super) const FRAME_BYTES_MAX: usize = 32 << 20;

const LENGTH_BYTES: usize = 4;

/// What a frame may take before it is read, in bytes: more than any credential, so that none leaves a
/// piece behind where its place grows.
const ROOM_BYTES: usize = 64 << 10;

/// The whole frame of a value.
///
/// # Errors
/// `FileTooLarge` beyond [`FRAME_BYTES_MAX`]; `InvalidData` for what JSON cannot say.
pub(super) fn encode(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; LENGTH_BYTES];
    serde_json::to_writer(&mut frame, value)?;
    let length = frame.len() - LENGTH_BYTES;
    if length > FRAME_BYTES_MAX {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let length = u32::try_from(length).expect("the limit is far smaller");
    frame[..LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
    Ok(frame)
}

/// Writes one frame.
///
/// # Errors
/// As [`encode`], and those of the stream.
pub(super) fn write(to: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    to.write_all(&encode(value)?)?;
    to.flush()
}

/// The whole frame of bytes that are no JSON.
///
/// # Errors
/// `FileTooLarge` beyond what fits without growing, for who reads it.
pub(super) fn encode_bytes(bytes: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
    if bytes.len() > ROOM_BYTES {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let length = u32::try_from(bytes.len()).expect("the limit is far smaller");
    let mut frame = Zeroizing::new(Vec::with_capacity(LENGTH_BYTES + bytes.len()));
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(bytes);
    Ok(frame)
}

/// The bytes of the next frame; `None` where the stream ends before one begins.
///
/// # Errors
/// `FileTooLarge` beyond [`FRAME_BYTES_MAX`], `UnexpectedEof` within a frame, and those of the stream.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut length = Vec::with_capacity(LENGTH_BYTES);
    from.take(LENGTH_BYTES as u64).read_to_end(&mut length)?;
    if length.is_empty() {
        return Ok(None);
    }
    let length = <[u8; LENGTH_BYTES]>::try_from(length.as_slice())
        .map_err(|_| io::Error::from(ErrorKind::UnexpectedEof))?;
    let length = u32::from_be_bytes(length);
    if length as usize > FRAME_BYTES_MAX {
        return Err(ErrorKind::FileTooLarge.into());
    }
    // Grows with what comes, not with what is promised.
    let mut bytes = Zeroizing::new(Vec::with_capacity((length as usize).min(ROOM_BYTES)));
    from.take(length.into()).read_to_end(&mut bytes)?;
    if bytes.len() < length as usize {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(bytes))
}

/// What a frame says.
///
/// # Errors
/// `InvalidData` where that is nothing of the kind. The error names no value of the frame.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        let at = format!("a frame with an error at byte {}", error.column());
        io::Error::new(ErrorKind::InvalidData, at)
    })
}
