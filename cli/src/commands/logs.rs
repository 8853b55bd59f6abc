//! `watercooler logs`: the end of the daemon's newest log, and with `-f` what is added to it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use clap::Args;
use protocol::failure::FailureCode;
use serde_json::json;

use crate::plain::one_line;
use crate::problem::{Exit, Problem};
use crate::session::Session;

/// How much of the log is shown.
const TAIL_BYTES_MAX: u64 = 256 << 10;

/// The longest line that is waited for; what is longer is shown in pieces.
const LINE_BYTES_MAX: usize = 64 << 10;

/// Between two looks for more.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What `logs` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Go on with what is added, until interrupted
    #[arg(short, long)]
    follow: bool,
}

/// Prints the log.
///
/// # Errors
/// There is no log, or it cannot be read.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<(), Problem> {
    let folder = session.dirs.logs();
    let Some(newest) = newest(&folder) else {
        let message = format!("no log is in {}", folder.display());
        let hint = "`watercooler daemon start` starts a daemon.";
        return Err(Problem::new(FailureCode::DaemonUnavailable, message)
            .exit(Exit::Failed)
            .hint(hint));
    };
    let shown = show(&folder, newest, session.json, arguments.follow);
    match shown {
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        shown => shown.map_err(|error| Problem::file("the log cannot be shown", &error)),
    }
}

fn show(folder: &Path, newest: PathBuf, json: bool, follow: bool) -> io::Result<()> {
    let out = &mut io::stdout().lock();
    let mut logs = Logs::open(folder, newest, json)?;
    logs.show(out)?;
    if !follow {
        return logs.end(out);
    }
    loop {
        thread::sleep(LOOK_EVERY);
        logs.find_new()?;
        logs.show(out)?;
        logs.let_go();
    }
}

/// The files of the folder: a new one begins where one is full, and one is for what goes wrong at a
/// start.
#[derive(Debug)]
struct Logs {
    folder: PathBuf,
    logs: Vec<Log>,
    json: bool,
}

impl Logs {
    /// The newest file is shown from its tail on, the others from their end on.
    fn open(folder: &Path, newest: PathBuf, json: bool) -> io::Result<Self> {
        let mut logs = vec![Log::open_at_tail(newest.clone(), json)?];
        for (_, path) in dated(folder).filter(|(_, path)| *path != newest) {
            let mut log = Log::open(path, json)?;
            log.file.seek(SeekFrom::End(0))?;
            logs.push(log);
        }
        Ok(Self {
            folder: folder.to_owned(),
            logs,
            json,
        })
    }

    fn find_new(&mut self) -> io::Result<()> {
        for (_, path) in dated(&self.folder) {
            if !self.logs.iter().any(|log| log.path == path) {
                self.logs.push(Log::open(path, self.json)?);
            }
        }
        Ok(())
    }

    fn show(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.logs.iter_mut().try_for_each(|log| log.show(out))
    }

    /// Files that were removed; what they held has been shown.
    fn let_go(&mut self) {
        self.logs.retain(|log| log.path.exists());
    }

    fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.logs.iter_mut().try_for_each(|log| log.end(out))
    }
}

/// One log file, and how far it was shown.
#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: File,
    /// The beginning of a line whose end is not there yet.
    begun: Vec<u8>,
    json: bool,
}

impl Log {
    fn open(path: PathBuf, json: bool) -> io::Result<Self> {
        Ok(Self {
            file: File::open(&path)?,
            path,
            begun: Vec::new(),
            json,
        })
    }

    fn open_at_tail(path: PathBuf, json: bool) -> io::Result<Self> {
        let mut log = Self::open(path, json)?;
        let skipped = log.file.metadata()?.len().saturating_sub(TAIL_BYTES_MAX);
        if skipped > 0 {
            log.file.seek(SeekFrom::Start(skipped))?;
            let mut tail = Vec::new();
            Read::by_ref(&mut log.file)
                .take(TAIL_BYTES_MAX)
                .read_to_end(&mut tail)?;
            // The first line is cut.
            let whole = tail
                .iter()
                .position(|&byte| byte == b'\n')
                .map_or(0, |at| at + 1);
            log.begun = tail.split_off(whole);
        }
        Ok(log)
    }

    fn show(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.file.read_to_end(&mut self.begun)?;
        while let Some(at) = self.begun.iter().position(|&byte| byte == b'\n') {
            let rest = self.begun.split_off(at + 1);
            let line = std::mem::replace(&mut self.begun, rest);
            self.print(&line[..at], out)?;
        }
        if self.begun.len() > LINE_BYTES_MAX {
            self.end(out)?;
        }
        out.flush()
    }

    fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        let line = std::mem::take(&mut self.begun);
        if line.is_empty() {
            Ok(())
        } else {
            self.print(&line, out)
        }
    }

    fn print(&self, line: &[u8], out: &mut impl Write) -> io::Result<()> {
        let line = String::from_utf8_lossy(line);
        if self.json {
            writeln!(out, "{}", json!({"line": line}))
        } else {
            writeln!(out, "{}", one_line(&line))
        }
    }
}

fn newest(folder: &Path) -> Option<PathBuf> {
    dated(folder).max().map(|(_, path)| path)
}

fn dated(folder: &Path) -> impl Iterator<Item = (SystemTime, PathBuf)> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|entry| {
        let found = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        let has_content = found.len() > 0;
        has_content.then_some((found.modified().ok()?, entry.path()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &[u8], json: bool, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watercoolerd.log");
        fs::write(&path, content).unwrap();
        let mut out = Vec::new();
        let mut logs = Logs::open(folder.path(), path, json).unwrap();
        logs.show(&mut out).unwrap();
        logs.end(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_log_is_shown_line_by_line_and_harmless() {
        check(b"", false, "");
        check(b"one\ntwo \x1b[2J\nthree", false, "one\ntwo ␛[2J\nthree\n");
        check(
            b"a \"b\"\n\xff\n",
            true,
            "{\"line\":\"a \\\"b\\\"\"}\n{\"line\":\"\u{fffd}\"}\n",
        );
    }

    #[test]
    fn of_a_long_log_the_end_is_shown_in_whole_lines() {
        let line = "0123456789".repeat(10);
        let count = usize::try_from(TAIL_BYTES_MAX).unwrap() / 100;
        let content = format!("{line}\n").repeat(count);
        let kept = usize::try_from(TAIL_BYTES_MAX).unwrap() / 101;
        check(content.as_bytes(), false, &format!("{line}\n").repeat(kept));
    }

    #[test]
    fn a_line_without_end_is_shown_in_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "x".repeat(LINE_BYTES_MAX + 1)).unwrap();
        let mut log = Log::open(path, false).unwrap();
        let mut out = Vec::new();
        log.show(&mut out).unwrap();
        assert_eq!(out.len(), LINE_BYTES_MAX + 2);
        assert!(log.begun.is_empty());
    }

    #[test]
    fn what_is_added_is_shown_also_in_new_files() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| {
            let path = folder.path().join(name);
            let mut file = File::options()
                .create(true)
                .append(true)
                .open(&path)
                .unwrap();
            file.write_all(content.as_bytes()).unwrap();
            path
        };
        assert_eq!(newest(folder.path()), None);
        let start = write("start.log", "old\n");
        File::open(&start)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        let first = write("1.log", "one\ntw");
        assert_eq!(newest(folder.path()), Some(first.clone()));
        let mut logs = Logs::open(folder.path(), first, false).unwrap();
        let mut out = Vec::new();
        logs.show(&mut out).unwrap();
        write("1.log", "o\nthree\n");
        write("2.log", "four\n");
        write("start.log", "five\n");
        logs.find_new().unwrap();
        logs.show(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "one\ntwo\nthree\nfive\nfour\n"
        );
        fs::remove_file(folder.path().join("1.log")).unwrap();
        logs.let_go();
        assert_eq!(logs.logs.len(), 2);
    }
}
