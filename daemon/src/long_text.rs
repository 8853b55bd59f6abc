//! The text of a long thread in a file that has no name: it is gone with its last reader, also where
//! the daemon is killed.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The name that the file has for a moment. One is made at a time, and what a killed daemon left is
/// written over.
const NAME: &str = "long-text.tmp";

/// The text of one thread.
#[derive(Debug)]
pub(crate) struct LongText {
    // Readers of the same long thread take turns: to seek and to read are two steps.
    file: Mutex<File>,
    bytes_len: u64,
}

impl LongText {
    /// Puts a text into a file that has no name, on the disk of `folder`. One call at a time.
    ///
    /// # Errors
    /// Such as that the disk is full.
    pub(crate) fn put(folder: &Path, text: &[u8]) -> io::Result<Self> {
        let path = folder.join(NAME);
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?;
        fs::remove_file(&path)?;
        file.write_all(text)?;
        Ok(Self {
            file: Mutex::new(file),
            bytes_len: text.len() as u64,
        })
    }

    /// How many bytes it has.
    pub(crate) fn bytes_len(&self) -> u64 {
        self.bytes_len
    }

    /// These bytes of it.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn read(&self, range: Range<usize>) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; range.len()];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(range.start as u64))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
