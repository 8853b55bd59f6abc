//! Why a command was not done: the exit code, the stable code, and words that say what to do next.

use protocol::failure::{Failure, FailureCode};
use serde_json::{Value, json};

use crate::plain::one_line;

/// How the program ends; source: the outside contract, section 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// The operation failed.
    Failed,
    /// Bad usage.
    Usage,
    /// The daemon cannot be reached.
    Unavailable,
    /// Not permitted.
    NotPermitted,
    /// A hook wakes its agent: the client asks for this number.
    Woken,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage | Self::Woken => 2,
            Self::Unavailable => 69,
            Self::NotPermitted => 77,
        }
    }

    /// What a failure that the daemon answered means to the shell.
    pub(crate) fn of(code: FailureCode) -> Self {
        match code {
            FailureCode::InvalidArgument | FailureCode::InvalidTopic => Self::Usage,
            FailureCode::ReadOnly => Self::NotPermitted,
            FailureCode::DaemonUnavailable | FailureCode::VersionMismatch => Self::Unavailable,
            FailureCode::ThreadNotFound
            | FailureCode::EntryNotFound
            | FailureCode::RepositoryNotFound
            | FailureCode::RepositoryAmbiguous
            | FailureCode::TooLarge
            | FailureCode::CursorExpired
            | FailureCode::RateLimited
            | FailureCode::KeyReused
            | FailureCode::OutboxFull
            | FailureCode::NotDurable
            | FailureCode::Uncertain => Self::Failed,
        }
    }
}

/// A command that was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Problem {
    /// How the program ends.
    pub(crate) exit: Exit,
    /// A stable code: one of [`FailureCode`], or a kind of trouble.
    pub(crate) code: String,
    /// What failed, in one sentence.
    pub(crate) message: String,
    /// What to do next.
    pub(crate) hint: Option<String>,
}

impl Problem {
    /// A problem of the contract's codes that ends as that code does.
    pub(crate) fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            exit: Exit::of(code),
            code: code.as_str().to_owned(),
            message: message.into(),
            hint: None,
        }
    }

    /// The arguments are not of the form that the command takes.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureCode::InvalidArgument, message)
    }

    /// A file of ours could not be read or written.
    pub(crate) fn file(message: impl Into<String>, source: &std::io::Error) -> Self {
        let message = format!("{}: {source}", message.into());
        Self::new(FailureCode::NotDurable, message)
    }

    /// The same, with what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, ending otherwise.
    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// `{"code", "message", "hint"}`.
    pub(crate) fn document(&self) -> Value {
        json!({"code": self.code, "message": self.message, "hint": self.hint})
    }

    /// The lines for a person, line feed included.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("watercooler: {}\n", one_line(&self.message));
        if let Some(hint) = &self.hint {
            text.push_str(&format!("  {}\n", one_line(hint)));
        }
        text
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self {
            exit: Exit::of(failure.code),
            code: failure.code.as_str().to_owned(),
            message: failure.message,
            hint: failure.hint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_codes_are_those_of_the_contract() {
        let exits = [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::Unavailable,
            Exit::NotPermitted,
        ];
        assert_eq!(exits.map(Exit::code), [0, 1, 2, 69, 77]);
    }

    #[test]
    fn a_failure_ends_by_its_code() {
        fn check(code: FailureCode, exit: u8) {
            assert_eq!(Exit::of(code).code(), exit, "{code:?}");
        }
        check(FailureCode::ThreadNotFound, 1);
        check(FailureCode::EntryNotFound, 1);
        check(FailureCode::RepositoryNotFound, 1);
        check(FailureCode::RepositoryAmbiguous, 1);
        check(FailureCode::InvalidArgument, 2);
        check(FailureCode::InvalidTopic, 2);
        check(FailureCode::TooLarge, 1);
        check(FailureCode::CursorExpired, 1);
        check(FailureCode::ReadOnly, 77);
        check(FailureCode::RateLimited, 1);
        check(FailureCode::KeyReused, 1);
        check(FailureCode::OutboxFull, 1);
        check(FailureCode::NotDurable, 1);
        check(FailureCode::Uncertain, 1);
        check(FailureCode::DaemonUnavailable, 69);
        check(FailureCode::VersionMismatch, 69);
    }

    #[test]
    fn words_cannot_move_the_cursor() {
        let problem = Problem::usage("no \u{1b}[2Jthread\nnamed x").hint("try\ty");
        expect_test::expect![[r#"
            watercooler: no ␛[2Jthread␊named x
              try␉y
        "#]]
        .assert_eq(&problem.text());
    }
}
