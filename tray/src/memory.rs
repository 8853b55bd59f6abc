//! What popups remember over restarts, in `state/tray/told.json`.

use std::path::PathBuf;

use platform::dirs::Dirs;
use tracing::warn;

use crate::notify::Kept;

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// The file.
#[derive(Debug)]
pub(crate) struct Memory {
    file: PathBuf,
}

/// The tray's folder in the state.
pub(crate) fn folder(dirs: &Dirs) -> PathBuf {
    dirs.state.join("tray")
}

impl Memory {
    /// That of this person.
    pub(crate) fn of(dirs: &Dirs) -> Self {
        Self {
            file: folder(dirs).join("told.json"),
        }
    }

    /// What was remembered. Where nothing can be read, what stands there now is no news.
    pub(crate) fn read(&self) -> Kept {
        let len = std::fs::metadata(&self.file).map_or(0, |found| found.len());
        if len > FILE_BYTES_MAX {
            warn!(file = %self.file.display(), len, "What was told is too long");
            return Kept::default();
        }
        let Ok(bytes) = std::fs::read(&self.file) else {
            return Kept::default();
        };
        serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            warn!(%error, file = %self.file.display(), "What was told is unreadable");
            Kept::default()
        })
    }

    /// Remembers. A disk that refuses costs no popup: it may come twice.
    pub(crate) fn write(&self, kept: &Kept) {
        let bytes = serde_json::to_vec(kept).expect("names and numbers can be written");
        if let Err(error) = platform::durable::write_durably(&self.file, &bytes) {
            warn!(%error, file = %self.file.display(), "What was told was not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_unreadable_is_nothing() {
        let root = tempfile::tempdir().unwrap();
        let dirs = Dirs::under(root.path());
        std::fs::create_dir_all(folder(&dirs)).unwrap();
        let memory = Memory::of(&dirs);
        assert_eq!(memory.read(), Kept::default());
        let mut kept = Kept::default();
        kept.told
            .entry("acme".into())
            .or_default()
            .insert("auth".into());
        memory.write(&kept);
        assert_eq!(memory.read(), kept);
        std::fs::write(folder(&dirs).join("told.json"), "{").unwrap();
        assert_eq!(memory.read(), Kept::default());
    }
}
