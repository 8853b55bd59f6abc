//! Tells how the daemon and its repositories stand.

use std::sync::Arc;

use jiff::Timestamp;
use protocol::answer::{Answer, RepositoryListed, RepositoryState, Synced, Whoami};
use protocol::failure::Failure;
use protocol::status::{DaemonStatus, Health, Notify, RepositoryStatus, Status};

use crate::condition::seconds;
use crate::handle::Handle;
use crate::server::caller::Caller;
use crate::server::client::Client;
use crate::server::{named, reads};
use crate::settings::CredentialStore;
use crate::shared::{Setup, Shared};
use crate::snapshot::Snapshot;

/// `status`: the daemon and all its repositories.
pub(crate) fn status(shared: &Shared, setup: &Setup, client: &Client, caller: &Caller) -> Answer {
    let repositories = reachable(setup, client).map(|handle| {
        let snapshot = handle.shown();
        repository(setup, handle, &snapshot, caller)
    });
    Answer::Status(Status {
        daemon: Some(daemon(shared, setup)),
        repositories: repositories.collect(),
        metrics: shared.metrics.shown(),
    })
}

/// `health`: the daemon and one repository.
pub(crate) fn health(
    (shared, setup): (&Shared, &Setup),
    client: &Client,
    handle: &Handle,
    caller: &Caller,
) -> Answer {
    let snapshot = handle.shown();
    Answer::Health(Box::new(Health {
        daemon: daemon(shared, setup),
        repository: repository(setup, handle, &snapshot, caller),
        metrics: shared.metrics.shown(),
        notes: named::notes(client),
        freshness: snapshot
            .condition
            .freshness(snapshot.base.tip.as_ref(), Timestamp::now()),
    }))
}

/// `whoami`.
pub(crate) fn whoami(handle: &Handle, setup: &Setup, caller: &Caller) -> Answer {
    let snapshot = handle.shown();
    Answer::Whoami(Whoami {
        agent: caller.author.to_string(),
        user: setup.settings.identity.user.clone(),
        repository: handle.name.clone(),
        client: caller.client.clone(),
        freshness: snapshot
            .condition
            .freshness(snapshot.base.tip.as_ref(), Timestamp::now()),
    })
}

/// `sync`, when its wait is over.
pub(crate) fn synced(snapshot: &Snapshot) -> Result<Answer, Failure> {
    Ok(Answer::Synced(Synced {
        state: snapshot.condition.state,
        head: snapshot.base.tip.as_ref().map(ToString::to_string),
        pending: snapshot.pending.len() as u64,
        trouble: snapshot.condition.trouble.clone(),
        freshness: snapshot
            .condition
            .freshness(snapshot.base.tip.as_ref(), Timestamp::now()),
    }))
}

/// `repo list`.
pub(crate) fn listed(setup: &Setup, client: &Client) -> Answer {
    let rows = reachable(setup, client).map(|handle| {
        let snapshot = handle.shown();
        RepositoryListed {
            name: handle.name.clone(),
            url: handle.url_shown.clone(),
            branch: snapshot.condition.branch.clone(),
            directory: handle.settings.directory.clone(),
            code: handle
                .settings
                .code
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            state: Some(snapshot.condition.state),
            origin: handle.origin,
        }
    });
    Answer::Repositories(rows.collect())
}

/// All repositories, but for a connection that is for one alone.
fn reachable<'a>(setup: &'a Setup, client: &'a Client) -> impl Iterator<Item = &'a Arc<Handle>> {
    let bound = client.hello.repository.as_ref();
    let all = setup.repositories.iter();
    all.filter(move |handle| bound.is_none_or(|bound| *bound == handle.name))
}

fn daemon(shared: &Shared, setup: &Setup) -> DaemonStatus {
    DaemonStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: protocol::hello::PROTOCOL,
        pid: std::process::id(),
        uptime_seconds: shared.started.elapsed().as_secs_f64(),
        trouble: setup.trouble.clone(),
        credentials_in_files: setup.settings.credentials == CredentialStore::File,
        user: setup.settings.identity.user.clone(),
        notify: notify(setup),
    }
}

fn notify(setup: &Setup) -> Notify {
    let notify = setup.settings.notify;
    Notify {
        ball: notify.ball,
        entries: notify.entries,
        quiet: notify
            .quiet
            .map(|quiet| (quiet.from_minute, quiet.to_minute)),
    }
}

fn repository(
    setup: &Setup,
    handle: &Handle,
    snapshot: &Snapshot,
    caller: &Caller,
) -> RepositoryStatus {
    let condition = &snapshot.condition;
    let tip = snapshot.base.tip.as_ref().map(ToString::to_string);
    let reader = caller.reader_key();
    let muted = handle.mutes.shown(handle.settings.muted);
    let unread = snapshot.threads().map(|(topic, shown)| {
        handle
            .marks
            .unread(&reader, &reader, topic.as_str(), &shown.summary)
    });
    RepositoryStatus {
        name: handle.name.clone(),
        url: handle.url_shown.clone(),
        branch: condition.branch.clone(),
        state: condition.state,
        remote_head: tip.clone().filter(|_| handle.url_shown.is_some()),
        head: tip,
        pending: (snapshot.pending.len() as u64).saturating_sub(condition.held_back),
        held: condition.held + condition.held_back,
        last_fetch: condition.fetched_at.map(seconds),
        last_push: condition.pushed_at.map(seconds),
        way: handle
            .remote
            .as_ref()
            .and_then(|remote| handle.link.way_words(remote)),
        threads: snapshot.threads_len() as u64,
        your_turn: reads::your_turn(setup, snapshot, caller).len() as u64,
        new_entries: unread.sum(),
        muted: muted.muted,
        muted_topics: muted.topics,
        folder: Some(handle.folder.display().to_string()),
        trouble: condition.trouble.clone(),
        paused_until: condition
            .paused_until
            .filter(|_| condition.state == RepositoryState::Paused)
            .map(seconds),
        left_alone: condition.left_alone.to_vec(),
    }
}
