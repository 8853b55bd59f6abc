//! Opens files in folders that are not ours, whatever stands there: a pipe, a device or a socket is
//! refused instead of waited for, and nothing is longer than is asked for.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::os;

/// Opens a plain file to read it; links are followed.
///
/// # Errors
/// `InvalidInput` where it is no plain file, and the operating system's.
pub fn open(path: &Path) -> io::Result<File> {
    // Opening some devices does something; the second look is for what was exchanged in between.
    plain(&fs::metadata(path)?)?;
    let file = os::open_without_waiting(path)?;
    plain(&file.metadata()?)?;
    Ok(file)
}

/// The bytes of a plain file; links are followed.
///
/// # Errors
/// As [`open`], and `FileTooLarge` where it is longer than `bytes_max`.
pub fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn plain(found: &fs::Metadata) -> io::Result<()> {
    if found.is_file() {
        Ok(())
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read(&file, 5).unwrap(), b"12345");
        let kind = |path: &Path, max| read(path, max).unwrap_err().kind();
        assert_eq!(kind(&file, 4), io::ErrorKind::FileTooLarge);
        assert_eq!(kind(folder.path(), 4), io::ErrorKind::InvalidInput);
        let missing = folder.path().join("missing");
        assert_eq!(kind(&missing, 4), io::ErrorKind::NotFound);
    }
}
