//! What the client says on standard input: which session it is, and where. Nobody is waited for.

use std::io::Read;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long standard input is read; source: the outside contract, section 4.
const READ_TIME_MAX: Duration = Duration::from_millis(20);

/// The most that is read of it; it holds the person's prompt.
const INPUT_BYTES_MAX: usize = 4 << 20;

/// The most characters of a session's name or of a path.
const FIELD_CHARS_MAX: usize = 4096;

/// What the client said, as far as it is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Input {
    /// What tells this session from others.
    pub(super) session: Option<String>,
    /// The absolute path where the agent works.
    pub(super) folder: Option<String>,
}

impl Input {
    /// Reads what comes in time.
    pub(super) fn read(from: impl Read + Send + 'static) -> Self {
        let bytes = arrived(from, Instant::now() + READ_TIME_MAX);
        serde_json::from_slice(&bytes).map_or_else(|_| Self::default(), |said| Self::of(&said))
    }

    fn of(said: &Value) -> Self {
        let text = |name: &str| said[name].as_str().map(str::to_owned);
        let root = || said["workspace_roots"][0].as_str().map(str::to_owned);
        let fits = |text: &String| !text.is_empty() && text.chars().count() <= FIELD_CHARS_MAX;
        let session = text("session_id").or_else(|| text("conversation_id"));
        let folder = text("cwd").or_else(root).filter(fits);
        Self {
            session: session.filter(fits),
            folder: folder.filter(|folder| Path::new(folder).is_absolute()),
        }
    }
}

/// What came before the end or the deadline. A reader that is left behind ends with the process.
fn arrived(mut from: impl Read + Send + 'static, deadline: Instant) -> Vec<u8> {
    let (send, parts) = channel();
    let reading = thread::Builder::new().spawn(move || {
        let mut part = vec![0; 64 << 10];
        while let Ok(len @ 1..) = from.read(&mut part) {
            if send.send(part[..len].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut bytes = Vec::new();
    if reading.is_err() {
        return bytes;
    }
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match parts.recv_timeout(left) {
            Ok(part) if bytes.len() + part.len() <= INPUT_BYTES_MAX => bytes.extend(part),
            Ok(_) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn check(said: &str, session: Option<&str>, folder: Option<&str>) {
        let input = Input::read(io::Cursor::new(said.to_owned()));
        let found = (input.session.as_deref(), input.folder.as_deref());
        assert_eq!(found, (session, folder), "{said}");
    }

    #[test]
    fn the_session_and_the_folder_are_found_in_each_clients_words() {
        let place = std::env::temp_dir().display().to_string();
        let place = place.as_str();
        let said = json(&[("session_id", "a1"), ("cwd", place), ("prompt", "x")]);
        check(&said, Some("a1"), Some(place));
        let roots = serde_json::json!({"conversation_id": "c1", "workspace_roots": [place]});
        check(&roots.to_string(), Some("c1"), Some(place));
        check(
            &json(&[("cwd", "relative"), ("session_id", "")]),
            None,
            None,
        );
        check("", None, None);
        check("[1]", None, None);
        check("{\"session_id\": 7}", None, None);
        check("\u{1b}[2J not JSON", None, None);
        let long = "x".repeat(FIELD_CHARS_MAX + 1);
        check(&json(&[("session_id", &long)]), None, None);
        let large = json(&[
            ("session_id", "a"),
            ("prompt", &"x".repeat(INPUT_BYTES_MAX)),
        ]);
        check(&large, None, None);
    }

    fn json(fields: &[(&str, &str)]) -> String {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()));
        Value::Object(fields.collect()).to_string()
    }

    #[test]
    fn a_client_that_keeps_the_pipe_open_is_not_waited_for() {
        let (reader, _writer) = io::pipe().unwrap();
        let begun = Instant::now();
        assert_eq!(Input::read(reader), Input::default());
        assert!(begun.elapsed() >= READ_TIME_MAX);
        assert!(
            begun.elapsed() < READ_TIME_MAX * 50,
            "{:?}",
            begun.elapsed()
        );
    }
}
