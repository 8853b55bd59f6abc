//! What stood in the working tree before it was replaced: taken out by exchange into a folder
//! beside the tree, kept for a minute and read again, since an editor may still write to it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use threads::topic::Topic;

use super::disk::{self, OnDisk, Stamp};
use super::hash::Hash;

/// How long what was taken out is read again.
pub(crate) const KEPT: Duration = Duration::from_secs(60);

/// Between two reads of a file that something stands in the way of dealing with.
const AGAIN: Duration = Duration::from_secs(5);

/// How many files are kept so at once; the oldest are read a last time, and go, before more are
/// taken out.
pub(crate) const KEPT_MAX: usize = 4096;

/// Where it cannot lie beside the tree, it lies in the tree under this name.
const INSIDE: &str = ".watercooler-replaced";

/// The folder of what was taken out of one working tree.
#[derive(Debug)]
pub(super) struct Replaced {
    folder: PathBuf,
    next: u64,
    kept: Vec<Out>,
}

/// One file that was taken out.
#[derive(Debug)]
struct Out {
    path: PathBuf,
    topic: Topic,
    /// What it held when it was last dealt with.
    known: Hash,
    /// As it was when that was read; none where it must be read.
    stamp: Option<Stamp>,
    until: Instant,
}

/// What came of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It stands there.
    Done,
    /// It stands there, and what came out was not what was found: it is to be read.
    DoneLate,
    /// Something else stands there, untouched.
    NotDone,
}

/// What an editor wrote into a file after it was taken out.
#[derive(Debug)]
pub(super) struct Late {
    pub(super) path: PathBuf,
    pub(super) topic: Topic,
}

impl Replaced {
    /// What an earlier run left is read once more. `topic_of` knows topics by the name that
    /// [`name_of`] gives; what nobody knows stays there.
    pub(super) fn open(
        folder: PathBuf,
        topic_of: impl Fn(&str) -> Option<Topic>,
        now: Instant,
    ) -> Self {
        let mut replaced = Self {
            folder,
            next: 0,
            kept: Vec::new(),
        };
        for entry in fs::read_dir(&replaced.folder)
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name().into_string().unwrap_or_default();
            let Some((number, topic, known)) = parts(&name) else {
                continue;
            };
            replaced.next = replaced.next.max(number + 1);
            if let Some(topic) = topic_of(topic) {
                replaced.kept.push(Out {
                    path: entry.path(),
                    topic,
                    known,
                    stamp: None,
                    until: now + KEPT,
                });
            }
        }
        replaced
    }

    /// The folder, where editors' late writes are to be watched.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// When something is to be read for the last time.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.kept.iter().map(|out| out.until).min()
    }

    /// Puts these bytes at `path`, in the folder of threads, where it still is as `found`.
    pub(super) fn put(
        &mut self,
        (topic, path): (&Topic, &Path),
        bytes: &[u8],
        (found, stamp): (&OnDisk, Option<Stamp>),
        now: Instant,
    ) -> io::Result<Put> {
        if Stamp::of(path) != stamp {
            return Ok(Put::NotDone);
        }
        let aside = self.write_aside((topic, found), path, bytes)?;
        let put = match found {
            OnDisk::File(_) | OnDisk::Empty => platform::exchange::exchange(&aside, path)
                .and_then(|()| self.came_out(topic, (&aside, path), found, now)),
            OnDisk::Missing | OnDisk::TooLong | OnDisk::Closed | OnDisk::Other => {
                platform::exchange::place(&aside, path)
                    .map(|placed| if placed { Put::Done } else { Put::NotDone })
            }
        };
        match put {
            Ok(Put::Done | Put::DoneLate) => put,
            Ok(Put::NotDone) | Err(_) => {
                // What it holds is written again at the next try.
                let _ = fs::remove_file(&aside);
                match put {
                    Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                        self.move_inside(path)?;
                        Ok(Put::NotDone)
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Put::NotDone),
                    Ok(_) | Err(_) => put,
                }
            }
        }
    }

    /// Takes the file at `path` out where it still is as `found`.
    pub(super) fn take_out(
        &mut self,
        (topic, path): (&Topic, &Path),
        (found, stamp): (&OnDisk, Option<Stamp>),
        now: Instant,
    ) -> io::Result<Put> {
        if Stamp::of(path) != stamp {
            return Ok(Put::NotDone);
        }
        let OnDisk::File(known) = found else {
            disk::remove_if_there(path)?;
            return Ok(Put::Done);
        };
        let aside = self.aside(topic, *known)?;
        match fs::rename(path, &aside) {
            Ok(()) => Ok(self.keep(topic, aside, *known, now)),
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                self.move_inside(path)?;
                Ok(Put::NotDone)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Put::NotDone),
            Err(error) => Err(error),
        }
    }

    /// What was written since it was dealt with. What is as it was goes when its time is over, or
    /// the folder is full.
    pub(super) fn look(&mut self, now: Instant) -> Vec<Late> {
        let mut late = Vec::new();
        let excess = (self.kept.len() + 1).saturating_sub(KEPT_MAX);
        let mut place = 0;
        self.kept.retain_mut(|out| {
            place += 1;
            let is_over = now >= out.until || place <= excess;
            let stamp = Stamp::of(&out.path);
            if stamp.is_none() {
                return false;
            }
            if stamp != out.stamp || is_over {
                out.stamp = stamp;
                match disk::look(&out.path) {
                    // Emptied by an editor that is about to write, or has given up.
                    Ok(OnDisk::Empty) => (),
                    Ok(OnDisk::File(hash)) if hash == out.known => (),
                    Ok(OnDisk::File(_) | OnDisk::TooLong) => {
                        late.push(Late {
                            path: out.path.clone(),
                            topic: out.topic.clone(),
                        });
                        // Read again until it is dealt with.
                        out.stamp = None;
                        out.until = out.until.max(now + AGAIN);
                        return true;
                    }
                    Ok(OnDisk::Missing | OnDisk::Closed | OnDisk::Other) | Err(_) => {
                        out.until = out.until.max(now + AGAIN);
                        return true;
                    }
                }
            }
            if is_over {
                // One that stays is found at the next start.
                let _ = fs::remove_file(&out.path);
            }
            !is_over
        });
        late
    }

    /// What was found late in a file is dealt with; it is read on for as long as any other.
    pub(super) fn dealt_with(&mut self, topic: &Topic, hash: Hash, now: Instant) {
        for out in self.kept.iter_mut().filter(|out| out.topic == *topic) {
            if out.stamp.is_none() && disk::look(&out.path).ok() == Some(OnDisk::File(hash)) {
                out.renamed(hash);
                out.known = hash;
                out.stamp = None;
                out.until = out.until.max(now + KEPT);
            }
        }
    }

    fn came_out(
        &mut self,
        topic: &Topic,
        (aside, path): (&Path, &Path),
        found: &OnDisk,
        now: Instant,
    ) -> io::Result<Put> {
        if Stamp::of(aside).is_none() {
            // A link or a folder took its place in the last moment: it goes back.
            platform::exchange::exchange(aside, path)?;
            return Ok(Put::NotDone);
        }
        Ok(self.keep(topic, aside.to_owned(), held(found), now))
    }

    fn keep(&mut self, topic: &Topic, path: PathBuf, known: Hash, now: Instant) -> Put {
        // Looked at first, so that what is written while it is read is seen later.
        let stamp = Stamp::of(&path);
        let is_known = match disk::look(&path) {
            Ok(OnDisk::File(hash)) => hash == known,
            Ok(OnDisk::Empty) => true,
            Ok(OnDisk::Missing | OnDisk::TooLong | OnDisk::Closed | OnDisk::Other) | Err(_) => {
                false
            }
        };
        self.kept.push(Out {
            path,
            topic: topic.clone(),
            known,
            stamp: stamp.filter(|_| is_known),
            until: now + KEPT,
        });
        if is_known { Put::Done } else { Put::DoneLate }
    }

    fn write_aside(
        &mut self,
        (topic, found): (&Topic, &OnDisk),
        path: &Path,
        bytes: &[u8],
    ) -> io::Result<PathBuf> {
        let aside = self.aside(topic, held(found))?;
        // Fails, rather than follows a symlink, where somebody was faster.
        let mut file = File::create_new(&aside)?;
        file.write_all(bytes)?;
        // As its owner set it.
        if let Ok(about) = path.symlink_metadata()
            && about.is_file()
        {
            file.set_permissions(about.permissions())?;
        }
        Ok(aside)
    }

    /// A new name for what is taken out, which tells what it held: after a restart it may be
    /// remembered no more.
    fn aside(&mut self, topic: &Topic, known: Hash) -> io::Result<PathBuf> {
        match fs::create_dir(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => (),
        }
        let number = self.next;
        self.next += 1;
        Ok(self.folder.join(name(number, &name_of(topic), known)))
    }

    /// The tree's folder of threads is on a file system of its own.
    fn move_inside(&mut self, path: &Path) -> io::Result<()> {
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        self.folder = folder.join(INSIDE);
        Ok(())
    }
}

impl Out {
    /// Names the file by what it holds now; where it cannot be, the next start reads it as an edit
    /// that was dealt with.
    fn renamed(&mut self, known: Hash) {
        let name_now = self.path.file_name().and_then(|name| name.to_str());
        if let Some((number, topic, _)) = name_now.and_then(parts) {
            let path = self.path.with_file_name(name(number, topic, known));
            if fs::rename(&self.path, &path).is_ok() {
                self.path = path;
            }
        }
    }
}

/// What a file that is taken out held.
fn held(found: &OnDisk) -> Hash {
    match found {
        OnDisk::File(hash) => *hash,
        OnDisk::Empty | OnDisk::Missing | OnDisk::TooLong | OnDisk::Closed | OnDisk::Other => {
            Hash::of(b"")
        }
    }
}

fn name(number: u64, topic: &str, known: Hash) -> String {
    format!("{number}-{topic}-{}", String::from(known))
}

/// The parts of a file's name: its number, what stands for its topic, and what it held.
fn parts(name: &str) -> Option<(u64, &str, Hash)> {
    let (number, rest) = name.split_once('-')?;
    let (topic, known) = rest.split_once('-')?;
    let known = Hash::try_from(known.to_owned()).ok()?;
    Some((number.parse().ok()?, topic, known))
}

/// What stands for a topic in the name of a file that was taken out, whatever its length.
pub(super) fn name_of(topic: &Topic) -> String {
    Hash::of(topic.as_str().as_bytes()).short()
}
