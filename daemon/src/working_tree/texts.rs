//! The bytes of remembered versions that the clone does not have: one file each, named by its hash.
//!
//! They survive the daemon, and are not flushed: after a power failure one may be gone or torn,
//! which its hash shows, and an older version serves as a base.

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::hash::Hash;

/// How many bytes are kept for a repository; the oldest make way.
pub(super) const TEXTS_BYTES_MAX: u64 = 64 << 20;

/// The longest text that is kept.
pub(super) const TEXT_BYTES_MAX: usize = 16 << 20;

/// The texts of one repository's versions.
#[derive(Debug)]
pub(super) struct Texts {
    folder: PathBuf,
    /// The oldest first, with their length.
    kept: VecDeque<(Hash, u64)>,
    bytes: u64,
}

impl Texts {
    /// Those in a folder, which is made where it is missing; texts that are not `wanted` go.
    pub(super) fn open(folder: PathBuf, wanted: &HashSet<Hash>) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name().into_string().unwrap_or_default();
            let hash = Hash::try_from(name)
                .ok()
                .filter(|hash| wanted.contains(hash));
            match (hash, entry.metadata()) {
                (Some(hash), Ok(about)) => {
                    let at = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    found.push((at, hash, about.len()));
                }
                // It takes room until the next start, no more.
                (None, _) | (_, Err(_)) => drop(fs::remove_file(entry.path())),
            }
        }
        found.sort_unstable_by_key(|(at, hash, _)| (*at, *hash));
        let mut texts = Self {
            folder,
            bytes: found.iter().map(|(_, _, len)| len).sum(),
            kept: found
                .into_iter()
                .map(|(_, hash, len)| (hash, len))
                .collect(),
        };
        texts.make_room();
        Ok(texts)
    }

    /// Keeps a text, unless it is too long.
    pub(super) fn keep(&mut self, hash: Hash, text: &[u8]) -> io::Result<()> {
        if text.len() > TEXT_BYTES_MAX || self.kept.iter().any(|(known, _)| *known == hash) {
            return Ok(());
        }
        let path = self.path(hash);
        let aside = path.with_extension("aside");
        fs::write(&aside, text)?;
        fs::rename(&aside, &path)?;
        self.kept.push_back((hash, text.len() as u64));
        self.bytes += text.len() as u64;
        self.make_room();
        Ok(())
    }

    /// A text that is kept, whole.
    pub(super) fn read(&self, hash: Hash) -> Option<Vec<u8>> {
        let text = platform::plain_file::read(&self.path(hash), TEXT_BYTES_MAX as u64).ok()?;
        (Hash::of(&text) == hash).then_some(text)
    }

    /// Lets texts go that nobody asks for any more.
    pub(super) fn forget(&mut self, hashes: &[Hash]) {
        let folder = &self.folder;
        let bytes = &mut self.bytes;
        self.kept.retain(|(hash, len)| {
            let goes = hashes.contains(hash);
            if goes {
                *bytes -= len;
                // One that stays is not counted, and goes with the next start.
                let _ = fs::remove_file(folder.join(String::from(*hash)));
            }
            !goes
        });
    }

    fn make_room(&mut self) {
        while self.bytes > TEXTS_BYTES_MAX
            && let Some((oldest, len)) = self.kept.pop_front()
        {
            self.bytes -= len;
            // One that stays is not counted, and goes with the next start.
            let _ = fs::remove_file(self.path(oldest));
        }
    }

    fn path(&self, hash: Hash) -> PathBuf {
        self.folder.join(String::from(hash))
    }
}

/// Where the texts of a memory are.
pub(super) fn folder_of(memory: &Path) -> PathBuf {
    memory.with_file_name("versions")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(folder: &Path, wanted: &[&[u8]]) -> Texts {
        let wanted = wanted.iter().map(|text| Hash::of(text)).collect();
        Texts::open(folder.join("versions"), &wanted).unwrap()
    }

    #[test]
    fn what_is_wanted_is_there_after_a_restart_and_a_torn_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut texts = opened(folder.path(), &[]);
        for text in [b"a", b"b", b"c"] {
            texts.keep(Hash::of(text), text).unwrap();
        }
        fs::write(texts.path(Hash::of(b"b")), b"").unwrap();
        let texts = opened(folder.path(), &[b"a", b"b"]);
        assert_eq!(texts.read(Hash::of(b"a")).unwrap(), b"a");
        assert_eq!(texts.read(Hash::of(b"b")), None);
        assert_eq!(texts.read(Hash::of(b"c")), None);
    }

    #[test]
    fn what_is_forgotten_takes_no_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut texts = opened(folder.path(), &[]);
        for text in [b"a", b"b", b"c"] {
            texts.keep(Hash::of(text), text).unwrap();
        }
        texts.forget(&[Hash::of(b"a"), Hash::of(b"d"), Hash::of(b"c")]);
        assert_eq!(texts.bytes, 1);
        assert_eq!(fs::read_dir(&texts.folder).unwrap().count(), 1);
        assert_eq!(texts.read(Hash::of(b"b")).unwrap(), b"b");
    }

    #[test]
    fn the_oldest_make_way_and_the_longest_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut texts = opened(folder.path(), &[]);
        let long = vec![b'x'; TEXT_BYTES_MAX + 1];
        texts.keep(Hash::of(&long), &long).unwrap();
        assert_eq!(texts.bytes, 0);
        let fitting = TEXTS_BYTES_MAX / TEXT_BYTES_MAX as u64;
        let text = |number: u64| vec![u8::try_from(number).unwrap(); TEXT_BYTES_MAX];
        for number in 0..=fitting {
            texts.keep(Hash::of(&text(number)), &text(number)).unwrap();
        }
        assert_eq!(texts.read(Hash::of(&text(0))), None);
        assert_eq!(texts.read(Hash::of(&text(1))).unwrap(), text(1));
        assert!(texts.bytes <= TEXTS_BYTES_MAX);
        assert_eq!(fs::read_dir(&texts.folder).unwrap().count() as u64, fitting);
    }
}
