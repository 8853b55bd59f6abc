//! Lists what arrived: entries by others, in the order of their arrival, from a cursor, a time or a
//! commit on; where there is nothing, after a wait.

pub(crate) mod page;
pub(crate) mod since;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use protocol::answer::Answer;
use protocol::failure::{Failure, FailureCode};
use protocol::request::{Context, ListUpdates};
use protocol::update::{EntryUpdate, Updates};
use tokio::time::Instant;

use crate::asked::Answering;
use crate::handle::Handle;
use crate::server::caller::Caller;
use crate::server::updates::page::{Found, Page};
use crate::server::updates::since::{Cursor, Since};
use crate::server::{page as lists, reads};
use crate::shared::{Setup, Shared};
use crate::teller::Told;

/// How many updates an answer gives where no number is asked for, and at most.
const UPDATES_LIMIT: i64 = 50;
const UPDATES_LIMIT_MAX: i64 = 1000;

/// How long an answer waits at most; source: the outside contract, section 5.
const WAIT_SECONDS_MAX: i64 = 45;

/// How long it waits for the teller to come up to what is shown.
const TELLER_WAIT_MAX: Duration = Duration::from_secs(1);

/// `list_updates`.
///
/// # Errors
/// `invalid_argument`; `cursor_expired` for a `since` that is none of ours, or from before what is
/// kept; `uncertain` where the clone cannot be read.
pub(crate) async fn list(
    (shared, setup): (&Arc<Shared>, &Setup),
    handle: &Arc<Handle>,
    caller: &Caller,
    (context, agent): (&Context, &str),
    asked: &ListUpdates,
) -> Result<Answer, Failure> {
    let limit = lists::limit(asked.limit, UPDATES_LIMIT, UPDATES_LIMIT_MAX)?;
    let deadline = Instant::now() + wait(asked)?;
    let mut told = caught_up(handle).await;
    let since = Since::parse(asked.since.as_deref(), || {
        let log = handle.arrivals.bounds().log;
        handle
            .asked
            .place(agent, &log, context.resent_as.as_deref())
    })?;
    let start = since::start(handle, &told, since).await?;
    let mut page = Page {
        limit,
        own: caller.author.to_string(),
        upto: start.number,
        stood: start.stood,
    };
    let found = loop {
        let now = told.borrow_and_update().clone();
        let found = page.next(shared, handle, now).await?;
        page.upto = found.upto;
        if !found.rows.is_empty() || !next_is_told(&mut told, deadline).await {
            break found;
        }
    };
    let bounds = handle.arrivals.bounds();
    if !asked.unmarked {
        handle.asked.told(
            agent,
            Answering {
                now: Timestamp::now().as_second(),
                log: &bounds.log,
                from: start.number,
                upto: found.upto,
                call: context.resent_as.as_deref(),
            },
        );
    }
    let cursor = |number| Cursor::new(&bounds.log, number).to_string();
    let condition = &found.snapshot.condition;
    Ok(Answer::Updates(Updates {
        cursor: cursor(found.upto),
        from: cursor(start.number),
        more: found.more,
        freshness: condition.freshness(found.snapshot.base.tip.as_ref(), Timestamp::now()),
        updates: rows(setup, caller, found),
    }))
}

fn wait(asked: &ListUpdates) -> Result<Duration, Failure> {
    let seconds = asked.wait_seconds.unwrap_or(0);
    if !(0..=WAIT_SECONDS_MAX).contains(&seconds) {
        return Err(Failure::new(
            FailureCode::InvalidArgument,
            format!("wait_seconds is {seconds}."),
            format!("Give a number from 0 to {WAIT_SECONDS_MAX}."),
        ));
    }
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

/// What is told, when that is all that is shown now: who synced first finds what the sync brought.
async fn caught_up(handle: &Handle) -> tokio::sync::watch::Receiver<Told> {
    let shown = Some(*handle.replaced.borrow());
    let mut told = handle.told.clone();
    let catching_up = told.wait_for(|told| told.replaced >= shown);
    // Where the teller is slow or has ended, what it told so far is answered.
    let _ = tokio::time::timeout(TELLER_WAIT_MAX, catching_up).await;
    told
}

/// Waits for more to be told; false where the time is over, or the repository is opened anew.
async fn next_is_told(told: &mut tokio::sync::watch::Receiver<Told>, deadline: Instant) -> bool {
    let changed = tokio::time::timeout_at(deadline, told.changed()).await;
    matches!(changed, Ok(Ok(())))
}

fn rows(setup: &Setup, caller: &Caller, found: Found) -> Vec<EntryUpdate> {
    let row = |row: page::Row| EntryUpdate {
        topic: row.topic,
        entry_id: row.headline.entry_id,
        index: row.index as u64,
        agent: row.headline.agent,
        title: row.headline.title,
        timestamp: row.headline.timestamp,
        ball: row.thread.summary.ball.clone(),
        your_turn: reads::is_turn(setup, caller, &row.thread),
    };
    found.rows.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_has_its_limit() {
        fn check(seconds: Option<i64>, expected: Option<u64>) {
            let asked = ListUpdates {
                wait_seconds: seconds,
                ..ListUpdates::default()
            };
            let waits = wait(&asked).ok();
            assert_eq!(waits, expected.map(Duration::from_secs), "{seconds:?}");
        }
        check(None, Some(0));
        check(Some(0), Some(0));
        check(Some(WAIT_SECONDS_MAX), Some(45));
        check(Some(WAIT_SECONDS_MAX + 1), None);
        check(Some(-1), None);
    }
}
