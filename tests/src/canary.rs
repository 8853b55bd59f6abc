//! The canary: what every secret of the stories holds, looked for wherever no secret may be: in files,
//! arguments, environments, answers and logs, as it is and as the web sends it.
//!
//! From the first story on that has a keychain or a web server, every machine that ends is looked
//! through, every answer of a command, a shim or a watch, and the arguments and environments of all
//! processes of stories. Suites without such a story have no secret, and pay nothing.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::scratch;

/// Stands in every token, password and passphrase of a story that must stay secret.
pub const CANARY: &str = "canary7f";

/// Files that are longer are not looked through.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// The share of a processor that looking at processes for a whole suite takes: one part in so many.
const SUITE_SHARE: u32 = 12;

/// Where a secret was found.
pub type Found = Vec<String>;

/// A secret in each form in which it may stand somewhere.
#[derive(Clone, Debug)]
pub struct Sought(Vec<String>);

impl Sought {
    /// The secret as it is, and the part of its base64 that is the same whatever stands before it.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let mut forms = vec![secret.to_owned()];
        for before in 0..3 {
            let mut bytes = vec![b':'; before];
            bytes.extend(secret.as_bytes());
            let whole = bytes.len() * 8 / 6;
            forms.push(STANDARD_NO_PAD.encode(bytes)[(before * 8).div_ceil(6)..whole].to_owned());
        }
        Self(forms)
    }

    /// Whether these bytes hold it.
    #[must_use]
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        self.0.iter().any(|form| text.contains(form))
    }

    /// The processes of stories whose arguments or environment hold it. The far end's own programs
    /// are left out: they get it from us, which is what it is for.
    #[must_use]
    pub fn in_processes(&self) -> Found {
        let ours = std::process::id().to_string();
        let mut found = Found::new();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = process.file_name().to_string_lossy().into_owned();
            if name == ours || !name.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let read = |what| fs::read(process.path().join(what));
            let environment = read("environ");
            let program = String::from_utf8_lossy(&read("comm").unwrap_or_default()).into_owned();
            if !is_of_a_story(environment.as_deref().ok(), &program) {
                continue;
            }
            let environment = environment.unwrap_or_default();
            let arguments = read("cmdline").unwrap_or_default();
            for (what, bytes) in [("cmdline", arguments), ("environ", environment)] {
                if self.is_in(&bytes) {
                    found.push(format!("{} {name} {what}", program.trim()));
                }
            }
        }
        found
    }

    /// The files and names below a folder that hold it, but for what `is_allowed`.
    #[must_use]
    pub fn in_files(&self, folder: &Path, is_allowed: impl Fn(&Path) -> bool) -> Found {
        let mut found = Found::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                if is_allowed(&path) {
                    continue;
                }
                if self.is_in(entry.file_name().as_encoded_bytes()) {
                    found.push(format!("the name {}", path.display()));
                }
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() && self.is_in(&text_of(&path)) {
                    found.push(path.display().to_string());
                }
            }
        }
        found
    }
}

/// Whether a process was started by a story and is none of a web server's: what a person types beside
/// the tests concerns nobody. A daemon hides its environment from all but root.
fn is_of_a_story(environment: Option<&[u8]>, program: &str) -> bool {
    let Some(environment) = environment else {
        return program.starts_with("watercooler");
    };
    let scratch = std::env::temp_dir().join(scratch::PREFIX);
    let text = String::from_utf8_lossy(environment);
    let is_ours = text.is_empty() || text.contains(&*scratch.to_string_lossy());
    is_ours && !text.contains("GIT_PROJECT_ROOT=")
}

fn text_of(path: &Path) -> Vec<u8> {
    let is_short = fs::metadata(path).is_ok_and(|file| file.len() <= FILE_BYTES_MAX);
    if is_short {
        fs::read(path).unwrap_or_default()
    } else {
        Vec::new()
    }
}

/// The canary itself, in each of its forms.
fn sought() -> &'static Sought {
    static SOUGHT: std::sync::OnceLock<Sought> = std::sync::OnceLock::new();
    SOUGHT.get_or_init(|| Sought::new(CANARY))
}

/// Whether an answer holds the canary, where a story may have one.
#[must_use]
pub fn is_in(answer: &[u8]) -> bool {
    IS_WATCHED.load(Ordering::Relaxed) && sought().is_in(answer)
}

/// Insists that what was answered holds no secret.
///
/// # Panics
/// Where it does; the words are not shown.
pub fn assert_none_in(what: &str, answer: &[u8]) {
    assert!(!is_in(answer), "a secret is shown by {what}");
}

/// Where a secret of a story lies below a folder, but for what `is_allowed`, and in which processes
/// one was seen.
#[must_use]
pub fn left_in(folder: &Path, is_allowed: impl Fn(&Path) -> bool) -> Found {
    if !IS_WATCHED.load(Ordering::Relaxed) {
        return Found::new();
    }
    let mut found = sought().in_files(folder, is_allowed);
    found.extend(SEEN.lock().unwrap_or_else(PoisonError::into_inner).clone());
    found
}

/// Looks at the arguments and the environment of every process, until it is stopped.
#[derive(Debug)]
pub struct Watch {
    is_over: Arc<AtomicBool>,
    watching: JoinHandle<Found>,
}

impl Watch {
    /// Begins to look for the secret, again and again after `pause`.
    #[must_use]
    pub fn begin(secret: &str, pause: Duration) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, sought) = (Arc::clone(&is_over), Sought::new(secret));
        let watching = thread::spawn(move || {
            let mut found = Found::new();
            while !over.load(Ordering::Relaxed) {
                found.extend(sought.in_processes());
                thread::park_timeout(pause);
            }
            found
        });
        Self { is_over, watching }
    }

    /// Where it was found.
    ///
    /// # Panics
    /// Never: looking does not.
    #[must_use]
    pub fn end(self) -> Found {
        self.is_over.store(true, Ordering::Relaxed);
        self.watching.join().expect("it only looks")
    }
}

static IS_WATCHED: AtomicBool = AtomicBool::new(false);

static SEEN: Mutex<Found> = Mutex::new(Found::new());

/// From here on, up to the end of this process, nothing may hold the canary.
pub fn watch_over_the_suite() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        IS_WATCHED.store(true, Ordering::Relaxed);
        let _watching = thread::spawn(|| {
            loop {
                let begun = Instant::now();
                let found = sought().in_processes();
                if !found.is_empty() {
                    SEEN.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .extend(found);
                }
                thread::park_timeout(begun.elapsed() * SUITE_SHARE);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_as_it_is_and_as_the_web_sends_it() {
        let sought = Sought::new(CANARY);
        for before in ["", "a", "al", "ali", "alice:"] {
            let text = format!("{before}x{CANARY}-after");
            let sent = STANDARD_NO_PAD.encode(&text);
            for shown in [&text, &sent] {
                let line = format!("\u{fffd} authorization: Basic {shown}\n");
                assert!(sought.is_in(line.as_bytes()), "{line}");
            }
        }
        assert!(!sought.is_in(STANDARD_NO_PAD.encode("alice:another").as_bytes()));
        assert!(!sought.is_in(b""));
    }
}
