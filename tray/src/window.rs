//! What is shown beside the menu: threads, credentials, files. Each window is to be a process of its
//! own (this program with another argument), so that the tray stays small while none is open.
//!
//! A thread is shown by the person's own program for its file. Credentials are the command line's.

use std::io;
use std::path::{Path, PathBuf};

use platform::dirs::Dirs;

use crate::memory;

/// What is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// A thread.
    Thread {
        /// Its file in the working tree.
        file: PathBuf,
    },
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
}

/// Shows it.
///
/// # Errors
/// [`WindowError`], in words for a person.
pub(crate) fn show(dirs: &Dirs, window: &Window) -> Result<(), WindowError> {
    match window {
        Window::Thread { file } => show_path(file),
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
}
