//! Searches the entries of one repository, beside the thread that serves connections and for a
//! bounded time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use protocol::answer::Answer;
use protocol::failure::{Failure, FailureCode};
use protocol::hits::Hits;
use protocol::request::Search;
use tracing::warn;

use crate::handle::Handle;
use crate::search::cursor::Cursor;
use crate::search::query::Query;
use crate::search::scan::{Found, Scan};
use crate::server::page;
use crate::shared::Shared;

/// How long one call looks; the next page goes on where it stopped.
const SEARCH_TIME_MAX: Duration = Duration::from_secs(1);

/// How many searches run at once; others wait for their turn.
pub(crate) const SEARCHES_MAX: usize = 2;

/// How many hits an answer gives where none is asked for, and at most.
const LIMIT: i64 = 20;
const LIMIT_MAX: i64 = 100;

/// `search`.
///
/// # Errors
/// `invalid_argument`, `cursor_expired`; `uncertain` where the clone cannot be read.
pub(crate) async fn search(
    shared: &Arc<Shared>,
    handle: &Arc<Handle>,
    asked: &Search,
) -> Result<Answer, Failure> {
    let limit = page::limit(asked.limit, LIMIT, LIMIT_MAX)?;
    let query = Query::parse(&asked.query)?;
    let cursor = asked.cursor.as_deref();
    let cursor = cursor.map(|text| Cursor::parse(text, &query)).transpose()?;
    let unreadable = |error: &dyn std::error::Error| {
        warn!(%error, "A thread's text is missing from the clone");
        handle.report_damage();
        Failure::new(
            FailureCode::Uncertain,
            "The text of a thread could not be read from the local clone.",
            "It is fetched again by itself; try again in a moment, or run: watercooler status",
        )
    };
    let turn = Arc::clone(&shared.searches).acquire_owned().await;
    let turn = turn.expect("nobody closes it");
    let (for_it, of) = (Arc::clone(shared), Arc::clone(handle));
    let words = query.clone();
    let searching = tokio::task::spawn_blocking(move || {
        // A client that leaves does not end what runs, so it is the search that gives its turn back.
        let _turn = turn;
        let begun = Instant::now();
        let snapshot = of.shown();
        let scan = Scan {
            snapshot: &snapshot,
            bodies: &for_it.bodies,
            clone: &of.clone,
        };
        let is_over = || begun.elapsed() >= SEARCH_TIME_MAX;
        let found = scan.page((&words, cursor.unwrap_or_default()), limit, is_over);
        (found, snapshot)
    });
    let (found, snapshot) = searching.await.map_err(|error| unreadable(&error))?;
    let Found {
        hits,
        next,
        unsearched,
    } = found.map_err(|error| unreadable(&error))?;
    Ok(Answer::Hits(Hits {
        hits,
        next_cursor: next.map(|cursor| cursor.text(&query)),
        unsearched,
        freshness: snapshot
            .condition
            .freshness(snapshot.base.tip.as_ref(), Timestamp::now()),
    }))
}
