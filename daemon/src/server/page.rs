//! Which part of a list or a thread one answer holds.

use std::cmp::Reverse;
use std::fmt;
use std::ops::Range;

use protocol::failure::{Failure, FailureCode};
use protocol::request::ReadThread;

use crate::entries::Entries;

/// How many entries a read gives where none is asked for, and at most.
const READ_LIMIT: i64 = 100;
const READ_LIMIT_MAX: i64 = 1000;

/// How many characters of bodies a read gives where none is asked for, and at most, so that the
/// answer stays within a frame however its characters are escaped.
const READ_CHARS: i64 = 40_000;
const READ_CHARS_MAX: i64 = 500_000;

/// A limit as given, or its default, within its bounds.
///
/// # Errors
/// `invalid_argument` below 1.
pub(crate) fn limit(given: Option<i64>, default: i64, max: i64) -> Result<usize, Failure> {
    let limit = given.unwrap_or(default).min(max);
    usize::try_from(limit)
        .ok()
        .filter(|limit| *limit > 0)
        .ok_or_else(|| {
            invalid(
                format!("A limit of {limit} is none."),
                format!("Give a number from 1 to {max}."),
            )
        })
}

/// A place in a list: your turn first, then newest first, then by topic.
pub(crate) type Place<'a> = (bool, Reverse<i64>, &'a str);

/// The place of a thread; `updated` is a Unix second.
pub(crate) fn place(your_turn: bool, updated: Option<i64>, topic: &str) -> Place<'_> {
    (!your_turn, Reverse(updated.unwrap_or(i64::MIN)), topic)
}

/// A place that an answer names and a later call goes on after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    not_yours: bool,
    updated: i64,
    topic: String,
}

impl Cursor {
    /// That place.
    pub(crate) fn at((not_yours, Reverse(updated), topic): Place<'_>) -> Self {
        Self {
            not_yours,
            updated,
            topic: topic.to_owned(),
        }
    }

    /// The place that it names.
    pub(crate) fn place(&self) -> Place<'_> {
        (self.not_yours, Reverse(self.updated), &self.topic)
    }

    /// The place that an earlier answer named.
    ///
    /// # Errors
    /// `cursor_expired` where it is none of ours.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let parts = text.strip_prefix("1.").and_then(|rest| {
            let (turn, rest) = rest.split_once('.')?;
            let (updated, topic) = rest.split_once('.')?;
            let not_yours = turn == "n";
            (turn == "y" || not_yours).then_some(())?;
            Some((not_yours, updated.parse().ok()?, topic))
        });
        let (not_yours, updated, topic) = parts.ok_or_else(|| {
            Failure::new(
                FailureCode::CursorExpired,
                "The cursor is not one that this daemon gave.",
                "Call again without a cursor to begin at the first page.",
            )
        })?;
        Ok(Self {
            not_yours,
            updated,
            topic: topic.to_owned(),
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turn = if self.not_yours { "n" } else { "y" };
        write!(f, "1.{turn}.{}.{}", self.updated, self.topic)
    }
}

/// The part of a thread that one answer holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Indices of the entries.
    entries: Range<usize>,
    /// Characters of the first entry's body, where it is cut.
    first_body: Option<Range<usize>>,
    /// Where to go on.
    pub(crate) next_entry: Option<usize>,
    /// The character of that entry's body to go on at.
    pub(crate) next_body_offset: Option<usize>,
}

impl Part {
    /// The part that is asked for; `after` is the place of its `since_entry`, where it has one.
    ///
    /// # Errors
    /// `entry_not_found` for an index past the end, `invalid_argument`; `uncertain` where the text
    /// cannot be read.
    pub(crate) fn of(
        asked: &ReadThread,
        after: Option<usize>,
        entries: &Entries,
    ) -> Result<Self, Failure> {
        let limit = limit(asked.limit, READ_LIMIT, READ_LIMIT_MAX)?;
        let chars = self::limit(asked.max_chars, READ_CHARS, READ_CHARS_MAX)?;
        let length = |index: usize| {
            if asked.without_bodies {
                Ok(0)
            } else {
                entries.body_chars(index).map_err(unreadable)
            }
        };
        let entries_len = entries.len();
        match begin(asked, after, entries.len())? {
            Some(begin) => {
                let offset = usize::try_from(asked.body_offset.unwrap_or(0)).map_err(|_| {
                    invalid(
                        "body_offset is below 0.".to_owned(),
                        "Give next_body_offset of the answer before.".to_owned(),
                    )
                })?;
                Self::forward(begin, offset, (limit, chars), entries_len, length)
            }
            None => Self::newest((limit, chars), entries_len, length),
        }
    }

    fn forward<E>(
        begin: usize,
        offset: usize,
        (limit, chars): (usize, usize),
        entries_len: usize,
        length: impl Fn(usize) -> Result<usize, E>,
    ) -> Result<Self, E> {
        let mut left = chars;
        let mut end = begin;
        while end < entries_len && end - begin < limit {
            let whole = length(end)?;
            let wanted = if end == begin {
                whole.saturating_sub(offset)
            } else {
                whole
            };
            if wanted > left {
                if end > begin {
                    break;
                }
                return Ok(Self::cut(end, offset..offset + left));
            }
            left -= wanted;
            end += 1;
        }
        let first_body = if offset > 0 && end > begin {
            Some(offset..length(begin)?.max(offset))
        } else {
            None
        };
        let next_entry = (end < entries_len).then_some(end);
        Ok(Self {
            entries: begin..end,
            first_body,
            next_entry,
            next_body_offset: None,
        })
    }

    fn newest<E>(
        (limit, chars): (usize, usize),
        entries_len: usize,
        length: impl Fn(usize) -> Result<usize, E>,
    ) -> Result<Self, E> {
        let mut left = chars;
        let mut begin = entries_len;
        while begin > 0 && entries_len - begin < limit {
            let wanted = length(begin - 1)?;
            if wanted > left {
                if begin == entries_len {
                    return Ok(Self::cut(begin - 1, 0..left));
                }
                break;
            }
            left -= wanted;
            begin -= 1;
        }
        Ok(Self {
            entries: begin..entries_len,
            first_body: None,
            next_entry: None,
            next_body_offset: None,
        })
    }

    /// One entry whose body does not fit.
    fn cut(index: usize, body: Range<usize>) -> Self {
        Self {
            entries: index..index + 1,
            next_entry: Some(index),
            next_body_offset: Some(body.end),
            first_body: Some(body),
        }
    }

    /// The entries' indices, each with the characters of its body.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let first = self.entries.start;
        self.entries.clone().map(move |index| {
            let cut = self.first_body.clone().filter(|_| index == first);
            (index, cut.unwrap_or(0..usize::MAX))
        })
    }

    /// How many of the thread's entries a reader of this part was shown, from the first on.
    pub(crate) fn shown_len(&self) -> usize {
        if self.next_body_offset.is_some() {
            self.entries.start
        } else {
            self.entries.end
        }
    }
}

/// The index to begin at; none for the newest that fit.
fn begin(
    asked: &ReadThread,
    after: Option<usize>,
    entries_len: usize,
) -> Result<Option<usize>, Failure> {
    if let Some(after) = after {
        return Ok(Some(after + 1));
    }
    let Some(from) = asked.from_entry else {
        return Ok(None);
    };
    let index = usize::try_from(from)
        .ok()
        .filter(|index| *index <= entries_len);
    index.map(Some).ok_or_else(|| {
        Failure::new(
            FailureCode::EntryNotFound,
            format!(
                "'{}' has no entry {from}; it has {entries_len} entries.",
                asked.topic,
            ),
            "Indices begin at 0; call again without from_entry for the newest entries.",
        )
    })
}

/// What a client is told where a thread's text is not to be had.
pub(crate) fn unreadable(error: impl fmt::Display) -> Failure {
    tracing::warn!(%error, "A thread's text could not be read");
    Failure::new(
        FailureCode::Uncertain,
        "The thread's text could not be read on this machine.",
        "Try again in a moment, or run: watercooler status",
    )
}

fn invalid(message: String, hint: String) -> Failure {
    Failure::new(FailureCode::InvalidArgument, message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODIES: [usize; 5] = [10, 20, 30, 40, 50];

    fn check(part: &Part, indices: Range<usize>, next: Option<usize>, offset: Option<usize>) {
        assert_eq!(
            (part.entries.clone(), part.next_entry, part.next_body_offset),
            (indices, next, offset)
        );
    }

    fn body(index: usize) -> Result<usize, std::convert::Infallible> {
        Ok(BODIES[index])
    }

    fn forward(begin: usize, offset: usize, limit: usize, chars: usize) -> Part {
        Part::forward(begin, offset, (limit, chars), BODIES.len(), body).unwrap()
    }

    fn newest(limit: usize, chars: usize) -> Part {
        Part::newest((limit, chars), BODIES.len(), body).unwrap()
    }

    #[test]
    fn a_part_holds_what_fits_and_says_where_to_go_on() {
        check(&forward(0, 0, 100, 1000), 0..5, None, None);
        check(&forward(0, 0, 2, 1000), 0..2, Some(2), None);
        check(&forward(0, 0, 100, 59), 0..2, Some(2), None);
        check(&forward(5, 0, 100, 1000), 5..5, None, None);
        check(&newest(100, 1000), 0..5, None, None);
        check(&newest(2, 1000), 3..5, None, None);
        check(&newest(100, 119), 3..5, None, None);
    }

    #[test]
    fn a_body_that_does_not_fit_is_cut_and_gone_on_with() {
        let first = forward(4, 0, 100, 30);
        check(&first, 4..5, Some(4), Some(30));
        assert_eq!(first.rows().next(), Some((4, 0..30)));
        let second = forward(4, 30, 100, 30);
        check(&second, 4..5, None, None);
        assert_eq!(second.rows().next(), Some((4, 30..50)));
        check(&newest(100, 20), 4..5, Some(4), Some(20));
        assert_eq!(newest(100, 20).shown_len(), 4);
    }

    #[test]
    fn a_cursor_is_read_back_and_a_foreign_one_is_refused() {
        let place = Cursor::at(place(false, Some(1_767_603_600), "a.b"));
        assert_eq!(Cursor::parse(&place.to_string()).unwrap(), place);
        for text in ["", "1.", "2.y.1.y", "1.q.1.y", "1.y.1", "1.y.x.y"] {
            assert_eq!(
                Cursor::parse(text).unwrap_err().code,
                FailureCode::CursorExpired,
                "{text}"
            );
        }
    }

    #[test]
    fn limits_are_bounded() {
        assert_eq!(limit(None, 50, 1000).unwrap(), 50);
        assert_eq!(limit(Some(5000), 50, 1000).unwrap(), 1000);
        assert!(limit(Some(0), 50, 1000).is_err());
        assert!(limit(Some(-1), 50, 1000).is_err());
    }
}
