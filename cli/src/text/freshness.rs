//! How fresh what is shown is, and how long ago things were.

use protocol::answer::{Freshness, RepositoryState, Trouble};

use crate::plain::one_line;
use crate::text::paint::Paint;

/// `(as of 10:42, offline)` where a person must be told, else nothing; line feed included.
pub(crate) fn warning(freshness: &Freshness, paint: Paint) -> String {
    match (&freshness.as_of, freshness.stale) {
        (Some(as_of), true) => format!("{}\n", paint.bad(&format!("(as of {})", one_line(as_of)))),
        (None, true) => {
            let state = state(freshness.state);
            format!(
                "{}\n",
                paint.bad(&format!("(as this machine knows it, {state})"))
            )
        }
        (_, false) => String::new(),
    }
}

/// The state in a person's words.
pub(crate) fn state(state: RepositoryState) -> &'static str {
    match state {
        RepositoryState::Synced => "in step",
        RepositoryState::Syncing => "syncing",
        RepositoryState::Offline => "offline",
        RepositoryState::Paused => "paused",
        RepositoryState::SignedOut => "signed out",
        RepositoryState::Attention => "needs attention",
        RepositoryState::Local => "on this machine only",
    }
}

/// The state, coloured by whether somebody should look.
pub(crate) fn painted_state(of: RepositoryState, paint: Paint) -> String {
    match of {
        RepositoryState::Synced | RepositoryState::Syncing | RepositoryState::Local => {
            paint.good(state(of))
        }
        RepositoryState::Offline
        | RepositoryState::Paused
        | RepositoryState::SignedOut
        | RepositoryState::Attention => paint.bad(state(of)),
    }
}

/// Two lines, line feeds included.
pub(crate) fn trouble(trouble: &Trouble, paint: Paint) -> String {
    let message = format!(
        "{}: {}",
        one_line(&trouble.kind),
        one_line(&trouble.message)
    );
    let hint = one_line(&trouble.hint);
    let mut text = format!("  {}\n", paint.bad(&message));
    if !hint.is_empty() {
        text.push_str(&format!("    {hint}\n"));
    }
    text
}

/// A span in words, in its biggest unit.
pub(crate) fn span(seconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s")];
    let seconds = seconds.max(0.0);
    let unit = UNITS.into_iter().find(|(length, _)| seconds >= *length);
    let (length, name) = unit.unwrap_or((1.0, "s"));
    format!("{:.0} {name}", (seconds / length).floor())
}

/// An RFC 3339 time as `2026-01-05 09:00`, in UTC as it is written.
pub(crate) fn minute(time: &str) -> String {
    let written = one_line(time).replacen('T', " ", 1);
    written.chars().take("2026-01-05 09:00".len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_their_biggest_unit() {
        let spans = [-1.0, 0.4, 59.9, 60.0, 7_199.0, 90_000.0].map(span);
        assert_eq!(spans, ["0 s", "0 s", "59 s", "1 min", "1 h", "1 d"]);
    }

    #[test]
    fn a_time_is_told_to_the_minute() {
        assert_eq!(minute("2026-01-05T09:00:59Z"), "2026-01-05 09:00");
        assert_eq!(minute("T\u{1b}[2J"), " ␛[2J");
    }
}
