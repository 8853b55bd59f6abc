//! What is shown beside the menu: threads, credentials, files. Each window is a process of its own
//! (this program with another argument), so that the tray stays small while none is open.
//!
//! Where there is no display, a thread is shown by the person's own program for its file, and
//! credentials are told in words.

mod canvas;
mod command;
mod credentials;
mod frame;
#[cfg(any(target_os = "macos", windows))]
#[path = "window/elsewhere.rs"]
mod os;
#[cfg(not(any(target_os = "macos", windows)))]
#[path = "window/freedesktop.rs"]
mod os;
mod secret_field;
mod strokes;
mod style;
mod thread;
mod thread_link;

use std::collections::HashMap;
use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::Sender;

use platform::dirs::Dirs;
use winit::event_loop::EventLoopProxy;

use self::credentials::CredentialScreen;
use self::frame::Told;
use self::thread::ThreadScreen;
pub(crate) use self::thread_link::Place;
use crate::desk::Event;
use crate::memory;

/// How many windows are open at once; a further one is refused in words.
const WINDOWS_MAX: usize = 16;

/// What is to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Window {
    /// A thread.
    Thread(Place),
    /// The credentials of a repository.
    Credentials {
        /// Its name.
        repository: String,
    },
}

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WindowError {
    /// There is no such file.
    #[error("{} is not there", .0.display())]
    Missing(PathBuf),
    /// The desktop has no program for it.
    #[error("nothing opens {}: {source}", path.display())]
    NoProgram {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The words could not be written.
    #[error("{} cannot be written: {source}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There are as many as there may be.
    #[error("{WINDOWS_MAX} windows are open; close one first")]
    TooMany,
    /// There is no display.
    #[error("there is no display for a window")]
    NoDisplay,
    /// Its process does not start.
    #[error("a window cannot be started: {0}")]
    NotStarted(#[source] io::Error),
}

/// The windows that this tray has opened.
#[derive(Debug)]
pub(crate) struct Windows {
    open: HashMap<Window, ChildStdin>,
    events: Sender<Event>,
}

impl Windows {
    /// None; what becomes of them is told there.
    pub(crate) fn new(events: Sender<Event>) -> Self {
        Self {
            open: HashMap::new(),
            events,
        }
    }

    /// Opens the window; one that is open comes to the front.
    ///
    /// # Errors
    /// [`WindowError`]; then nothing is shown.
    pub(crate) fn open(&mut self, window: &Window) -> Result<(), WindowError> {
        if let Some(stdin) = self.open.get_mut(window)
            && stdin.write_all(b"\n").is_ok()
        {
            return Ok(());
        }
        if self.open.len() >= WINDOWS_MAX {
            return Err(WindowError::TooMany);
        }
        let mut child = start(window)?;
        if let Some(stdin) = child.stdin.take() {
            self.open.insert(window.clone(), stdin);
        }
        let (events, window) = (self.events.clone(), window.clone());
        std::thread::spawn(move || {
            let is_well = child.wait().is_ok_and(|status| status.success());
            let _gone = events.send(Event::Closed { window, is_well });
        });
        Ok(())
    }

    /// It is closed.
    pub(crate) fn closed(&mut self, window: &Window) {
        self.open.remove(window);
    }
}

/// Starts this program as that window.
fn start(window: &Window) -> Result<Child, WindowError> {
    if !os::has_display() {
        return Err(WindowError::NoDisplay);
    }
    let own = std::env::current_exe().map_err(WindowError::NotStarted)?;
    let mut command = Command::new(own);
    match window {
        Window::Thread(place) => {
            command.args(["--thread", &place.repository, &place.topic]);
        }
        Window::Credentials { repository } => {
            command.args(["--credentials", repository, "--window"]);
        }
    }
    for name in os::unwanted_variables() {
        command.env_remove(name);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    command.spawn().map_err(WindowError::NotStarted)
}

/// Is that window, until the person closes it.
///
/// # Errors
/// There is no display, or it takes no window.
pub(crate) fn be(dirs: &Dirs, window: &Window) -> anyhow::Result<()> {
    // Before anything secret is typed. Where it cannot be forbidden, there is no other way either.
    let _ = platform::process::forbid_dumps();
    match window {
        Window::Thread(place) => {
            frame::open(|ctx| ThreadScreen::new(dirs, place.clone(), ctx), raised)
        }
        Window::Credentials { repository } => {
            frame::open(|ctx| CredentialScreen::new(repository, ctx), raised)
        }
    }
}

/// Comes to the front when the tray writes a line.
fn raised(proxy: EventLoopProxy<Told>) {
    std::thread::spawn(move || {
        let lines = io::stdin().lock().lines();
        for _line in lines.map_while(Result::ok) {
            if proxy.send_event(Told::Raise).is_err() {
                return;
            }
        }
    });
}

/// Opens the credentials from a terminal, and waits for their end; without a display, the words.
///
/// # Errors
/// The window does not open.
pub(crate) fn credentials(repository: &str) -> anyhow::Result<()> {
    let window = Window::Credentials {
        repository: repository.to_owned(),
    };
    match start(&window) {
        Ok(mut child) => {
            // Its standard input stays open until it ends.
            let status = child.wait()?;
            anyhow::ensure!(status.success(), "the window ended with {status}");
            Ok(())
        }
        Err(WindowError::NoDisplay) => {
            Ok(io::stdout().write_all(credential_words(repository).as_bytes())?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Shows it without a window.
///
/// # Errors
/// [`WindowError`], in words for a person.
pub(crate) fn show_plainly(
    dirs: &Dirs,
    window: &Window,
    folder: Option<&Path>,
) -> Result<(), WindowError> {
    match window {
        Window::Thread(place) => {
            let file = PathBuf::from(format!("{}.md", place.topic));
            show_path(&folder.map(|folder| folder.join(&file)).unwrap_or(file))
        }
        Window::Credentials { repository } => {
            let path = memory::folder(dirs).join("credentials.txt");
            let words = credential_words(repository);
            let written = platform::durable::write_unsettled(&path, words.as_bytes());
            written.map_err(|source| WindowError::Unwritten {
                path: path.clone(),
                source,
            })?;
            show_path(&path)
        }
    }
}

/// Shows a file or folder with the desktop's program for it.
///
/// # Errors
/// [`WindowError`], in words for a person.
pub(crate) fn show_path(path: &Path) -> Result<(), WindowError> {
    if !path.exists() {
        return Err(WindowError::Missing(path.to_owned()));
    }
    platform::opener::open(path).map_err(|source| WindowError::NoProgram {
        path: path.to_owned(),
        source,
    })
}

/// How a repository is let in, by the command that does it.
pub(crate) fn credential_words(repository: &str) -> String {
    format!(
        "How watercooler gets into the repository {repository}\n\n\
         In a terminal, one of these. None of them asks for a password in a place that is not yours.\n\n\
         \x20   watercooler credential add {repository} --deploy-key    a key for this repository alone\n\
         \x20   watercooler credential add {repository} --ssh-key FILE  a key that you have\n\
         \x20   watercooler credential add {repository} --token         an access token\n\
         \x20   watercooler credential add {repository} --sign-in       in your browser\n\n\
         \x20   watercooler credential test {repository}                whether it works\n\
         \x20   watercooler credential remove {repository}              forget it\n\
         \x20   watercooler credential trust HOST                       confirm a server's key\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_said() {
        let missing = show_path(Path::new("/no/such/thread.md")).unwrap_err();
        assert_eq!(missing.to_string(), "/no/such/thread.md is not there");
    }

    #[test]
    fn the_words_name_the_repository_in_each_command() {
        let words = credential_words("acme");
        assert_eq!(words.matches("credential").count(), 7);
        assert_eq!(words.matches("acme").count(), 7);
    }

    #[test]
    fn there_is_an_end_to_windows() {
        let (events, _told) = std::sync::mpsc::channel();
        let mut windows = Windows::new(events);
        let mut held = Vec::new();
        for number in 0..WINDOWS_MAX {
            let mut child = Command::new(std::env::current_exe().unwrap());
            let child = child
                .args(["--list"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null());
            let mut child = child.spawn().unwrap();
            let repository = number.to_string();
            let stdin = child.stdin.take().unwrap();
            windows
                .open
                .insert(Window::Credentials { repository }, stdin);
            held.push(child);
        }
        let further = Window::Credentials {
            repository: "one more".to_owned(),
        };
        assert!(matches!(windows.open(&further), Err(WindowError::TooMany)));
        windows.closed(&Window::Credentials {
            repository: "0".to_owned(),
        });
        assert_eq!(windows.open.len(), WINDOWS_MAX - 1);
        for mut child in held {
            child.wait().unwrap();
        }
    }
}
