//! Files of ours alone: private from their first byte, and whole at any moment.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

/// Writes a file of mode 0600 that stands there whole or as it was. Its folder is made where it is
/// not there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    // 0600 from the start where the system has modes.
    let mut aside = tempfile::Builder::new().prefix(".").tempfile_in(folder)?;
    aside.write_all(bytes)?;
    aside.as_file().sync_data()?;
    aside.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// What the file holds, `bytes_max` at most; `None` where there is none.
pub(crate) fn read(path: &Path, bytes_max: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Room for all of it, so that no piece is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(bytes_max + 1));
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Some(bytes))
}

/// Removes the file; one that is not there is well.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
