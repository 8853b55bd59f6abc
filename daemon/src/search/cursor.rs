//! Where a search goes on: numbers alone, so that a cursor reaches nothing that its query does not.

use std::cmp::Reverse;
use std::fmt;

use protocol::failure::{Failure, FailureCode};

use super::place::{Place, Rank, ThreadKey, first_eight};
use super::query::{Query, Stands};

/// Where a search goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The place after which this stretch of entries begins; none: at the newest.
    pub(crate) begin: Option<Place>,
    /// The last place of the stretch; none: as far as there is time.
    pub(crate) end: Option<Place>,
    /// The hit of the stretch after which the page begins; none: at the best.
    pub(crate) after: Option<Rank>,
}

/// What stands where there is no place.
const NONE: &str = "-";

impl Cursor {
    /// Reads what [`Cursor::text`] wrote for the same query.
    ///
    /// # Errors
    /// `cursor_expired` where it is none of ours, or of another query.
    pub(crate) fn parse(text: &str, query: &Query) -> Result<Self, Failure> {
        read(text, query).ok_or_else(|| {
            Failure::new(
                FailureCode::CursorExpired,
                "The cursor is not one that this daemon gave for this query.",
                "Search again without a cursor to begin at the first page.",
            )
        })
    }

    /// As an answer gives it.
    pub(crate) fn text(&self, query: &Query) -> String {
        let place = |place: Option<Place>| Written(place.map(of_place));
        let after = Written(self.after.map(of_rank));
        let key = key_of(query);
        let (begin, end) = (place(self.begin), place(self.end));
        format!("1.{key:x}.{begin}.{end}.{after}")
    }
}

/// Numbers with a comma between.
struct Written(Option<[i64; 4]>);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some([a, b, c, d]) => write!(f, "{a},{b},{c},{d}"),
            None => f.write_str(NONE),
        }
    }
}

fn key_of(query: &Query) -> u64 {
    // No folded word holds a line feed.
    first_eight(&query.words().join("\n"))
}

fn of_place(place: Place) -> [i64; 4] {
    let ThreadKey(thread) = place.thread;
    let (Reverse(updated), Reverse(index)) = (place.updated, place.index);
    [0, updated, thread.cast_signed(), index.cast_signed()]
}

fn of_rank(rank: Rank) -> [i64; 4] {
    let ThreadKey(thread) = rank.thread;
    let (Reverse(at), Reverse(index)) = (rank.at, rank.index);
    let stands = match rank.stands {
        Stands::InTitle => 0,
        Stands::InBody => 1,
    };
    [stands, at, thread.cast_signed(), index.cast_signed()]
}

fn read(text: &str, query: &Query) -> Option<Cursor> {
    let mut parts = text.split('.');
    let mut next = || parts.next();
    if next()? != "1" || u64::from_str_radix(next()?, 16).ok()? != key_of(query) {
        return None;
    }
    let (begin, end, after) = (numbers(next()?)?, numbers(next()?)?, numbers(next()?)?);
    let place = |[_, updated, thread, index]: [i64; 4]| Place {
        updated: Reverse(updated),
        thread: ThreadKey(thread.cast_unsigned()),
        index: Reverse(index.cast_unsigned()),
    };
    let rank = |[stands, at, thread, index]: [i64; 4]| Rank {
        stands: if stands == 0 {
            Stands::InTitle
        } else {
            Stands::InBody
        },
        at: Reverse(at),
        thread: ThreadKey(thread.cast_unsigned()),
        index: Reverse(index.cast_unsigned()),
    };
    parts.next().is_none().then_some(Cursor {
        begin: begin.map(place),
        end: end.map(place),
        after: after.map(rank),
    })
}

/// `None` where they cannot be read, `Some(None)` where there are none.
fn numbers(text: &str) -> Option<Option<[i64; 4]>> {
    if text == NONE {
        return Some(None);
    }
    let mut numbers = [0; 4];
    let mut parts = text.split(',');
    for number in &mut numbers {
        *number = parts.next()?.parse().ok()?;
    }
    parts.next().is_none().then_some(Some(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    #[test]
    fn a_cursor_is_read_back_for_its_own_query() {
        let place = Place {
            updated: Reverse(i64::MIN),
            thread: ThreadKey(u64::MAX),
            index: Reverse(7),
        };
        let rank = Rank {
            stands: Stands::InBody,
            at: Reverse(-1),
            thread: ThreadKey(1 << 63),
            index: Reverse(u64::MAX),
        };
        let whole = Cursor {
            begin: Some(place),
            end: Some(place),
            after: Some(rank),
        };
        for cursor in [Cursor::default(), whole] {
            let text = cursor.text(&query("a b"));
            assert_eq!(Cursor::parse(&text, &query("A  B")).unwrap(), cursor);
            assert!(Cursor::parse(&text, &query("a")).is_err());
        }
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        let own = Cursor::default().text(&query("a"));
        for text in [
            "",
            "1",
            "1.x.-.-.-",
            &own[2..],
            &format!("{own}.-"),
            &own.replace('-', "1,2"),
        ] {
            let failure = Cursor::parse(text, &query("a")).unwrap_err();
            assert_eq!(failure.code, FailureCode::CursorExpired, "{text}");
        }
    }
}
