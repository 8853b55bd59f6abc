//! Carries out one request of one connection: the one place where requests meet what does them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::answer::{Answer, Done, Outcome};
use protocol::failure::{Failure, FailureCode};
use protocol::request::{Context, Request};
use tokio::sync::oneshot;

use crate::handle::{Handle, Message};
use crate::server::caller::{self, Caller};
use crate::server::client::Client;
use crate::server::{
    checkout, credentials, marking, muting, pausing, probe, reads, refusals, searches, status,
    updates, waits, which, writes,
};
use crate::shared::{Order, Setup, Shared};

/// How long `sync` waits at most; source: the outside contract, section 4.
const SYNC_SECONDS_MAX: u32 = 60;

/// Carries out one request.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    client: &Client,
    context: &Context,
    request: &Request,
) -> Outcome {
    let setup = shared.setup.load_full();
    let caller = Caller::of(shared, &setup, client, context);
    let outcome = match request {
        Request::CredentialReload => Ok(bare(credentials::reload(&setup, context).await)),
        Request::Status => Ok(bare(status::status(shared, &setup, client, &caller))),
        Request::RepositoryList => Ok(bare(status::listed(&setup, client))),
        Request::RepositoryProbe(asked) => {
            let probed = probe::probe(shared, &setup, client, asked).await;
            probed.map(bare)
        }
        Request::RepositoryForget(asked) => forget(shared, &asked.name).await,
        Request::SettingsReload => reload(shared).await,
        Request::Pause(asked) => pausing::pause(shared, client, context, asked.length).await,
        Request::Resume => pausing::resume(shared, client, context).await,
        Request::Stop => stop(shared).await,
        Request::Watch => Err(Failure::new(
            FailureCode::InvalidArgument,
            "A watch is a stream of its own.",
            "Ask for it on a connection that speaks requests.",
        )),
        Request::ListThreads(_)
        | Request::ReadThread(_)
        | Request::ListUpdates(_)
        | Request::Search(_)
        | Request::MarkRead(_)
        | Request::Mute(_)
        | Request::Say(_)
        | Request::Ack(_)
        | Request::Handoff(_)
        | Request::SetStatus(_)
        | Request::Sync(_)
        | Request::Health
        | Request::CredentialTest
        | Request::Whoami => {
            of_repository(shared, &setup, client, &caller, (context, request)).await
        }
    };
    match outcome {
        Ok(done) => Outcome::Done(Box::new(done)),
        Err(failure) => Outcome::Failed(failure),
    }
}

async fn of_repository(
    shared: &Arc<Shared>,
    setup: &Setup,
    client: &Client,
    caller: &Caller,
    (context, request): (&Context, &Request),
) -> Result<Done, Failure> {
    let handle = which::repository(shared, setup, client, context).await?;
    let begun = Instant::now();
    handle.active(begun);
    let answer = match request {
        Request::ListThreads(asked) => timed(
            &shared.metrics.reads,
            begun,
            reads::list(setup, &handle, caller, asked),
        ),
        Request::ReadThread(asked) => {
            let answer = reads::read((shared, setup), &handle, caller, asked).await;
            timed(&shared.metrics.reads, begun, answer)
        }
        // Its time is mostly its wait.
        Request::ListUpdates(asked) => {
            let agent = checkout::agent(&client.hello, context, caller);
            updates::list((shared, setup), &handle, caller, (context, &agent), asked).await
        }
        Request::Search(asked) => searches::search(shared, &handle, asked).await,
        Request::MarkRead(asked) => timed(
            &shared.metrics.reads,
            begun,
            marking::mark(&handle, caller, asked),
        ),
        Request::Mute(asked) => muting::mute(&handle, asked),
        Request::Say(_) | Request::Ack(_) | Request::Handoff(_) | Request::SetStatus(_) => {
            caller::may_write((shared, setup), client, caller, context)?;
            let code = which::code_of(shared, client, context, &handle).await;
            let of = (context, code);
            let written = writes::write((shared, setup), &handle, caller, of, request).await;
            timed(&shared.metrics.writes, begun, written)
        }
        Request::Sync(asked) => {
            if caller.is_person() {
                // Where the loop has ended there is nothing to see to.
                let _ = handle.inbox.send(Message::SeenTo).await;
            }
            let limit = Duration::from_secs(asked.wait_seconds.min(SYNC_SECONDS_MAX).into());
            status::synced(&*waits::for_step(&handle, limit).await)
        }
        Request::CredentialTest => credentials::test(&handle).await,
        Request::Health => Ok(status::health((shared, setup), client, &handle, caller)),
        Request::Whoami => Ok(status::whoami(&handle, setup, caller)),
        Request::Status
        | Request::RepositoryList
        | Request::RepositoryProbe(_)
        | Request::RepositoryForget(_)
        | Request::CredentialReload
        | Request::SettingsReload
        | Request::Pause(_)
        | Request::Resume
        | Request::Stop
        | Request::Watch => unreachable!("these are about no repository"),
    }?;
    muting::tell(shared, &handle, caller, request);
    Ok(done(setup, &handle, caller, answer))
}

fn timed(
    times: &crate::metrics::Recorder,
    begun: Instant,
    answer: Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    times.record(begun.elapsed());
    answer
}

fn done(setup: &Setup, handle: &Handle, caller: &Caller, answer: Answer) -> Done {
    let your_turn = reads::your_turn(setup, &handle.shown(), caller);
    Done {
        repository: Some(handle.name.clone()),
        your_turn,
        answer,
    }
}

fn bare(answer: Answer) -> Done {
    Done {
        repository: None,
        your_turn: Vec::new(),
        answer,
    }
}

async fn reload(shared: &Shared) -> Result<Done, Failure> {
    let (answer, trouble) = oneshot::channel();
    let sent = shared.orders.send(Order::Reload(answer)).await;
    let trouble = match sent {
        Ok(()) => trouble.await.map_err(|_| refusals::stopping())?,
        Err(_) => return Err(refusals::stopping()),
    };
    match trouble {
        None => Ok(bare(Answer::Accepted)),
        Some(trouble) => Err(Failure::new(
            FailureCode::InvalidArgument,
            trouble.message,
            trouble.hint,
        )),
    }
}

async fn forget(shared: &Shared, name: &str) -> Result<Done, Failure> {
    let (answer, forgotten) = oneshot::channel();
    let order = Order::Forget(name.to_owned(), answer);
    let sent = shared.orders.send(order).await;
    sent.map_err(|_| refusals::stopping())?;
    if forgotten.await.map_err(|_| refusals::stopping())?? {
        return Ok(bare(Answer::Accepted));
    }
    Err(refusals::no_repository(&shared.setup.load(), name))
}

async fn stop(shared: &Shared) -> Result<Done, Failure> {
    shared
        .orders
        .send(Order::Stop)
        .await
        .map_err(|_| refusals::stopping())?;
    Ok(bare(Answer::Accepted))
}
