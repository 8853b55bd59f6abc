//! The few answers that wait: for a fetch, for a push, for a repository to be in step. Each has a
//! limit, and what is known at its end is answered.

use std::sync::Arc;
use std::time::Duration;

use protocol::answer::RepositoryState;
use threads::entry_id::EntryId;
use tokio::sync::oneshot;

use crate::handle::{Handle, Message};
use crate::snapshot::Snapshot;

/// Waits until a fetch that began after this call has ended.
pub(crate) async fn for_a_fetch(handle: &Handle, limit: Duration) -> Arc<Snapshot> {
    let Some(begun_before) = ask(handle, Message::Refresh).await else {
        return handle.shown();
    };
    handle
        .wait_until(limit, |snapshot| {
            let condition = &snapshot.condition;
            condition.fetches_ended > begun_before || rests(condition.state)
        })
        .await
}

/// Waits until the repository is in step, or is in a state that waiting does not change.
pub(crate) async fn for_step(handle: &Handle, limit: Duration) -> Arc<Snapshot> {
    let Some(begun_before) = ask(handle, Message::Sync).await else {
        return handle.shown();
    };
    handle
        .wait_until(limit, |snapshot| {
            let condition = &snapshot.condition;
            let heard = condition.fetches_ended > begun_before;
            let settled = match condition.state {
                RepositoryState::Synced => true,
                RepositoryState::Syncing => false,
                RepositoryState::Offline
                | RepositoryState::SignedOut
                | RepositoryState::Attention => condition.trouble.is_some(),
                RepositoryState::Paused | RepositoryState::Local => true,
            };
            let pending = condition.state == RepositoryState::Local && !snapshot.pending.is_empty();
            (heard || rests(condition.state)) && settled && !pending
        })
        .await
}

/// Waits until the entry is no longer pending; until then its push waits for no company.
pub(crate) async fn for_a_push(handle: &Handle, id: &EntryId, limit: Duration) -> Arc<Snapshot> {
    // Where the loop ends, what is shown does not change any more, and the wait has its limit.
    let _ = handle.inbox.send(Message::Await(id.clone())).await;
    handle
        .wait_until(limit, |snapshot| !snapshot.pending.contains(id))
        .await
}

/// Whether asking may begin no fetch in that state.
fn rests(state: RepositoryState) -> bool {
    match state {
        RepositoryState::Paused | RepositoryState::Local | RepositoryState::SignedOut => true,
        RepositoryState::Synced
        | RepositoryState::Syncing
        | RepositoryState::Offline
        | RepositoryState::Attention => false,
    }
}

async fn ask(
    handle: &Handle,
    message: impl FnOnce(oneshot::Sender<u64>) -> Message,
) -> Option<u64> {
    let (answer, begun_before) = oneshot::channel();
    handle.inbox.send(message(answer)).await.ok()?;
    begun_before.await.ok()
}
