//! A log in several files of bounded size: a new one begins where the next line does not fit, and
//! the oldest goes. Files are numbered and never renamed, so that whoever follows them holds on.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How many files there are at most. Source: the project's issue on logs, as is the next.
pub(crate) const FILES_MAX: usize = 5;

/// How long one may grow; a line that is longer than this has a file of its own.
pub(crate) const FILE_BYTES_MAX: u64 = 2 << 20;

const PREFIX: &str = "watercoolerd.";
const SUFFIX: &str = ".log";

/// Writes lines; each call of `write` is one.
#[derive(Debug)]
pub(crate) struct Rotating {
    folder: PathBuf,
    number: u64,
    file: File,
    len: u64,
    len_max: u64,
}

impl Rotating {
    /// Goes on with the newest file, or begins the first.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        Self::with_len_max(folder, FILE_BYTES_MAX)
    }

    fn with_len_max(folder: &Path, len_max: u64) -> io::Result<Self> {
        let number = numbered(folder).last().map_or(1, |(number, _)| *number);
        let (file, len) = append(folder, number)?;
        remove_old(folder);
        Ok(Self {
            folder: folder.to_owned(),
            number,
            file,
            len,
            len_max,
        })
    }

    fn begin_next(&mut self) -> io::Result<()> {
        let (file, len) = append(&self.folder, self.number + 1)?;
        (self.number, self.file, self.len) = (self.number + 1, file, len);
        remove_old(&self.folder);
        Ok(())
    }
}

impl Write for Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let added = line.len() as u64;
        if self.len > 0 && self.len + added > self.len_max {
            // Where no file can be made, the one that there is grows: better than silence.
            let _ = self.begin_next();
        }
        self.file.write_all(line)?;
        self.len += added;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(folder: &Path, number: u64) -> io::Result<(File, u64)> {
    let path = folder.join(format!("{PREFIX}{number:06}{SUFFIX}"));
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let len = file.metadata()?.len();
    Ok((file, len))
}

/// What goes beyond [`FILES_MAX`], and files that are named by their day.
fn remove_old(folder: &Path) {
    let numbered = numbered(folder);
    let excess = numbered.len().saturating_sub(FILES_MAX);
    let old = numbered.into_iter().take(excess).map(|(_, path)| path);
    for path in old.chain(named_by_day(folder)) {
        // A file that somebody holds open goes another time.
        let _ = fs::remove_file(path);
    }
}

/// By number.
fn numbered(folder: &Path) -> Vec<(u64, PathBuf)> {
    let number_of = |path: &Path| middle(path)?.parse().ok();
    let mut found: Vec<(u64, PathBuf)> = files(folder)
        .filter_map(|path| Some((number_of(&path)?, path)))
        .collect();
    found.sort();
    found
}

/// `watercoolerd.2026-01-05.log`.
fn named_by_day(folder: &Path) -> impl Iterator<Item = PathBuf> {
    files(folder).filter(|path| middle(path).is_some_and(|middle| middle.contains('-')))
}

fn middle(path: &Path) -> Option<&str> {
    let name = path.file_name().and_then(OsStr::to_str)?;
    name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names, and how long each file is.
    fn listed(folder: &Path) -> Vec<(String, u64)> {
        let mut all: Vec<_> = files(folder)
            .map(|path| {
                let len = fs::metadata(&path).unwrap().len();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, len)
            })
            .collect();
        all.sort();
        all
    }

    #[test]
    fn five_files_of_bounded_size_are_kept_whatever_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let by_day = folder.path().join("watercoolerd.2026-01-05.log");
        let other = folder.path().join("start.log");
        fs::write(&by_day, "old").unwrap();
        fs::write(&other, "of a start").unwrap();
        let mut log = Rotating::with_len_max(folder.path(), 100).unwrap();
        for number in 0..1_000 {
            log.write_all(format!("line {number:05}\n").as_bytes())
                .unwrap();
        }
        let files = listed(folder.path());
        assert_eq!(files.len(), FILES_MAX + 1, "{files:?}");
        assert!(files.iter().all(|(_, len)| *len <= 100), "{files:?}");
        assert!(other.exists() && !by_day.exists());
        let last = fs::read_to_string(folder.path().join(&files[FILES_MAX].0)).unwrap();
        assert!(last.ends_with("line 00999\n"), "{last}");
    }

    #[test]
    fn a_new_start_goes_on_where_the_last_one_ended() {
        let folder = tempfile::tempdir().unwrap();
        for part in ["one\n", "two\n"] {
            let mut log = Rotating::with_len_max(folder.path(), 10).unwrap();
            log.write_all(part.as_bytes()).unwrap();
        }
        assert_eq!(
            listed(folder.path()),
            [("watercoolerd.000001.log".to_owned(), 8)]
        );
        let mut log = Rotating::with_len_max(folder.path(), 10).unwrap();
        log.write_all(b"a line that is longer than a file\n")
            .unwrap();
        log.write_all(b"x\n").unwrap();
        let lens: Vec<u64> = listed(folder.path()).iter().map(|(_, len)| *len).collect();
        assert_eq!(lens, [8, 34, 2]);
    }

    #[test]
    fn the_limits_are_those_of_the_issue() {
        assert_eq!(FILES_MAX as u64 * FILE_BYTES_MAX, 10 << 20);
    }
}
