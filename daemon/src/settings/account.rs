//! What the machine knows of its user: the defaults of who writes.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::values;

/// How long git may take to tell the user's name.
pub(super) const GIT_WAIT_MAX: Duration = Duration::from_secs(2);

/// The longest answer that is read from git.
const GIT_ANSWER_BYTES_MAX: u64 = 4 << 10;

/// What the machine knows of its user.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    /// Can stand in `Claude (USER)`.
    pub(super) user: String,
    /// The machine's name.
    pub(super) host: String,
    /// Git's `user.name`.
    pub(super) git_name: Option<String>,
    /// Git's `user.email`.
    pub(super) git_email: Option<String>,
}

impl Account {
    /// Without what git knows.
    pub(super) fn of_user() -> Self {
        Self {
            user: user_from(&platform::process::own_user_name()),
            host: platform::process::host_name(),
            git_name: None,
            git_email: None,
        }
    }

    /// With what git knows, where git is there and answers within [`GIT_WAIT_MAX`].
    pub(super) fn of_user_and_git() -> Self {
        let mut command = Command::new("git");
        command.args([
            "config",
            "--global",
            "-z",
            "--get-regexp",
            r"^user\.(name|email)$",
        ]);
        let answer = ask(command, GIT_WAIT_MAX).unwrap_or_default();
        Self {
            git_name: value_of("user.name", &answer),
            git_email: value_of("user.email", &answer),
            ..Self::of_user()
        }
    }
}

/// A user's name from what the operating system says: what cannot stand in an author becomes `-`.
fn user_from(account: &str) -> String {
    let legal = |c: char| {
        if values::is_user(&c.to_string()) {
            c
        } else {
            '-'
        }
    };
    let user: String = account.trim().chars().take(64).map(legal).collect();
    if values::is_user(&user) {
        user
    } else {
        "user".to_owned()
    }
}

/// The output of a command that asks nothing; none where it fails or takes longer than `wait_max`.
fn ask(mut command: Command, wait_max: Duration) -> Option<Vec<u8>> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let output = child.stdout.take()?;
    let (sender, answered) = mpsc::channel();
    std::thread::spawn(move || {
        let mut answer = Vec::new();
        let read = output.take(GIT_ANSWER_BYTES_MAX).read_to_end(&mut answer);
        // Nobody waits any more where the time is over.
        let _ = sender.send(read.map(|_| answer));
    });
    let answer = answered.recv_timeout(wait_max).ok().and_then(Result::ok);
    if answer.is_none() {
        // It ends by itself at the latest when its pipe closes.
        let _ = child.kill();
    }
    let status = child.wait().ok()?;
    answer.filter(|_| status.success())
}

/// The last value of a key in `KEY\nVALUE\0…`, as `git config -z` writes it.
fn value_of(key: &str, answer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer);
    let mut values = text.split('\0').filter_map(|pair| pair.split_once('\n'));
    let value = values.rfind(|(name, _)| *name == key)?.1;
    let legal = |c: char| !c.is_control() && !"<>".contains(c);
    let value: String = value.trim().chars().filter(|c| legal(*c)).collect();
    Some(value).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_made_of_any_account() {
        for (account, user) in [
            ("alice", "alice"),
            (" alice ", "alice"),
            ("Alice B", "Alice-B"),
            ("a(b)\n", "a-b-"),
            ("", "user"),
        ] {
            assert_eq!(user_from(account), user, "{account:?}");
        }
        assert!(values::is_user(&user_from(&"x".repeat(1_000))));
    }

    #[test]
    fn git_answers_with_pairs() {
        let answer = b"user.name\nAlice\0user.email\na@b\0user.name\nAlice <E>\0";
        assert_eq!(value_of("user.name", answer).as_deref(), Some("Alice E"));
        assert_eq!(value_of("user.email", answer).as_deref(), Some("a@b"));
        assert_eq!(value_of("user.email", b"user.email\n\0"), None);
        assert_eq!(value_of("user.email", b"\xff"), None);
    }

    #[test]
    fn a_silent_a_failing_and_a_missing_command_are_none() {
        let mut silent = Command::new("sh");
        silent.args(["-c", "exec sleep 60"]);
        assert_eq!(ask(silent, Duration::from_millis(20)), None);
        let mut failing = Command::new("sh");
        failing.args(["-c", "echo x; exit 1"]);
        assert_eq!(ask(failing, GIT_WAIT_MAX), None);
        assert_eq!(ask(Command::new("no-such-command"), GIT_WAIT_MAX), None);
        let mut long = Command::new("sh");
        long.args(["-c", "head -c 100000 /dev/zero"]);
        let cut = ask(long, GIT_WAIT_MAX);
        assert!(cut.is_none_or(|answer| answer.len() as u64 <= GIT_ANSWER_BYTES_MAX));
    }
}
