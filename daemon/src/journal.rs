//! A file of JSON lines that only grows, is durable line by line, survives a torn end, and is
//! rewritten where most of it is out of date.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Serialize, de::DeserializeOwned};

/// Out-of-date lines that are carried along before the file is rewritten, so that a small file is
/// not rewritten at each line.
const DEAD_LINES_MAX: usize = 128;

/// The longest file that is read at the start.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// An open journal. One owner appends; nobody else writes the file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// How much of the file counts; what a failed append left behind it is cut off by the next.
    len: u64,
    lines: usize,
}

/// What stood in a journal.
#[derive(Debug)]
pub(crate) struct Replayed<T> {
    /// Its readable lines, oldest first.
    pub(crate) lines: Vec<T>,
    /// How many lines were unreadable; they are kept beside the journal, in a file `….damaged`.
    pub(crate) damaged: usize,
}

impl Journal {
    /// Opens the journal at `path` and reads it; makes it, and its folder, where they are missing.
    /// A last line without its line feed was never answered for, and is cut off.
    ///
    /// # Errors
    /// Of the file system, and `InvalidData` for a file over 256 MiB.
    pub(crate) fn open<T: DeserializeOwned>(path: &Path) -> io::Result<(Self, Replayed<T>)> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        if file.metadata()?.len() > FILE_BYTES_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "journal too long",
            ));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64)?;
        }
        file.sync_all()?;
        platform::durable::sync_folder(folder)?;
        let mut replayed = Replayed {
            lines: Vec::new(),
            damaged: 0,
        };
        let mut damaged = Vec::new();
        for line in bytes[..whole].split_inclusive(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(value) => replayed.lines.push(value),
                Err(_) => damaged.extend_from_slice(line),
            }
        }
        replayed.damaged = damaged.iter().filter(|byte| **byte == b'\n').count();
        let journal = Self {
            path: path.to_owned(),
            file,
            len: whole as u64,
            lines: replayed.lines.len() + replayed.damaged,
        };
        if replayed.damaged > 0 {
            fs::write(beside(path, "damaged"), damaged)?;
        }
        Ok((journal, replayed))
    }

    /// Adds lines; they are durable when this returns.
    ///
    /// # Errors
    /// Of the file system; then none of the lines counts.
    pub(crate) fn append<'a, T: Serialize + 'a>(
        &mut self,
        values: impl IntoIterator<Item = &'a T>,
    ) -> io::Result<()> {
        let (bytes, lines) = encode(values)?;
        if self.file.metadata()?.len() > self.len {
            self.file.set_len(self.len)?;
        }
        self.file.write_all(&bytes)?;
        self.file.sync_data()?;
        self.len += bytes.len() as u64;
        self.lines += lines;
        Ok(())
    }

    /// Whether the file holds so many more lines than the `live` ones that it should be rewritten.
    pub(crate) fn is_mostly_dead(&self, live: usize) -> bool {
        self.lines > live.saturating_mul(2).saturating_add(DEAD_LINES_MAX)
    }

    /// Replaces all lines by these, at once: after a crash either the old or the new ones stand.
    ///
    /// # Errors
    /// Of the file system; then the old lines stand.
    pub(crate) fn rewrite<'a, T: Serialize + 'a>(
        &mut self,
        live: impl IntoIterator<Item = &'a T>,
    ) -> io::Result<()> {
        let (bytes, lines) = encode(live)?;
        platform::durable::write_durably(&self.path, &bytes)?;
        self.file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(&self.path)?;
        self.len = bytes.len() as u64;
        self.lines = lines;
        Ok(())
    }
}

fn encode<'a, T: Serialize + 'a>(
    values: impl IntoIterator<Item = &'a T>,
) -> io::Result<(Vec<u8>, usize)> {
    let mut bytes = Vec::new();
    let mut lines = 0;
    for value in values {
        serde_json::to_writer(&mut bytes, value)?;
        bytes.push(b'\n');
        lines += 1;
    }
    Ok((bytes, lines))
}

/// `projected.jsonl` → `projected.jsonl.damaged`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

#[cfg(test)]
impl Journal {
    /// As on a disk that has failed.
    pub(crate) fn fail_from_now(&mut self) {
        self.file = File::open(&self.path).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Lines = Vec<(u32, String)>;

    fn line(number: u32) -> (u32, String) {
        (number, "x".repeat(10))
    }

    fn journal_in(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("inner").join("journal.jsonl")
    }

    /// Opens it and closes it again: the numbers of its lines, and how many are damaged.
    fn check(path: &Path, numbers: &[u32], damaged: usize) {
        let (_, replayed) = Journal::open::<(u32, String)>(path).unwrap();
        let found: Vec<_> = replayed.lines.iter().map(|line| line.0).collect();
        assert_eq!((&found[..], replayed.damaged), (numbers, damaged));
    }

    #[test]
    fn lines_are_read_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = journal_in(&folder);
        check(&path, &[], 0);
        let (mut journal, _) = Journal::open::<(u32, String)>(&path).unwrap();
        journal.append(&[line(1), line(2)]).unwrap();
        journal.append(&Lines::new()).unwrap();
        journal.append(&[line(3)]).unwrap();
        drop(journal);
        check(&path, &[1, 2, 3], 0);
    }

    #[test]
    fn a_torn_end_of_any_length_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = journal_in(&folder);
        let (mut journal, _) = Journal::open::<(u32, String)>(&path).unwrap();
        journal.append(&[line(1), line(2)]).unwrap();
        let whole = fs::read(&path).unwrap();
        let first_len = whole.len() / 2;
        for len in 0..=whole.len() {
            fs::write(&path, &whole[..len]).unwrap();
            let (mut journal, replayed) = Journal::open::<(u32, String)>(&path).unwrap();
            let kept = u32::try_from(len / first_len).unwrap();
            assert_eq!(replayed.lines, (1..=kept).map(line).collect::<Lines>());
            journal.append(&[line(9)]).unwrap();
            let numbers: Vec<_> = (1..=kept).chain([9]).collect();
            check(&path, &numbers, 0);
        }
    }

    #[test]
    fn a_damaged_line_is_kept_beside_and_the_others_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = journal_in(&folder);
        check(&path, &[], 0);
        fs::write(&path, "[1,\"x\"]\nnonsense\n\n[2,\"x\"]\n").unwrap();
        check(&path, &[1, 2], 2);
        let damaged = fs::read_to_string(beside(&path, "damaged")).unwrap();
        assert_eq!(damaged, "nonsense\n\n");
    }

    #[test]
    fn what_a_failed_append_left_is_cut_off_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = journal_in(&folder);
        let (mut journal, _) = Journal::open::<(u32, String)>(&path).unwrap();
        journal.append(&[line(1)]).unwrap();
        let mut torn = OpenOptions::new().append(true).open(&path).unwrap();
        torn.write_all(b"[2,\"ha").unwrap();
        journal.append(&[line(3)]).unwrap();
        check(&path, &[1, 3], 0);
        journal.fail_from_now();
        journal.append(&[line(4)]).unwrap_err();
        check(&path, &[1, 3], 0);
    }

    #[test]
    fn a_rewritten_journal_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = journal_in(&folder);
        let (mut journal, _) = Journal::open::<(u32, String)>(&path).unwrap();
        let dead: Vec<_> = (0..u32::try_from(DEAD_LINES_MAX).unwrap())
            .map(line)
            .collect();
        journal.append(&dead).unwrap();
        assert!(!journal.is_mostly_dead(0));
        journal.append(&[line(7)]).unwrap();
        assert!(journal.is_mostly_dead(0) && !journal.is_mostly_dead(1));
        journal.rewrite(&[line(7)]).unwrap();
        assert!(!journal.is_mostly_dead(0));
        journal.append(&[line(8)]).unwrap();
        check(&path, &[7, 8], 0);
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = journal_in(&folder);
        check(&path, &[], 0);
        // Sparse: it takes no room.
        File::create(&path)
            .unwrap()
            .set_len(FILE_BYTES_MAX + 1)
            .unwrap();
        let error = Journal::open::<u32>(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
