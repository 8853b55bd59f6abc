//! Pauses and resumes repositories: one that is named, else all that have a remote.

use jiff::{Timestamp, Zoned};
use protocol::answer::{Answer, Done, RepositoryPaused};
use protocol::failure::{Failure, FailureCode};
use protocol::request::{Context, PauseLength};
use tokio::sync::oneshot;

use crate::condition::seconds;
use crate::handle::Handle;
use crate::pauses::Pause;
use crate::server::client::Client;
use crate::server::refusals;
use crate::shared::{Order, Setup, Shared};

/// `pause`.
///
/// # Errors
/// `repository_not_found`, `invalid_argument`, `not_durable`.
pub(crate) async fn pause(
    shared: &Shared,
    client: &Client,
    context: &Context,
    length: PauseLength,
) -> Result<Done, Failure> {
    let pause = Pause::begin(length, &Zoned::now())?;
    set(shared, client, context, Some(pause)).await
}

/// `resume`.
///
/// # Errors
/// `repository_not_found`, `invalid_argument` for one that `config.toml` pauses, `not_durable`.
pub(crate) async fn resume(
    shared: &Shared,
    client: &Client,
    context: &Context,
) -> Result<Done, Failure> {
    set(shared, client, context, None).await
}

async fn set(
    shared: &Shared,
    client: &Client,
    context: &Context,
    pause: Option<Pause>,
) -> Result<Done, Failure> {
    let setup = shared.setup.load_full();
    let named = context.repository.as_ref();
    let named = named.or(client.hello.repository.as_ref());
    let names = match named {
        Some(name) => vec![pausable(&setup, name, pause)?],
        None => {
            let remotes = setup.repositories.iter().filter(|one| one.remote.is_some());
            remotes.map(|handle| handle.name.clone()).collect()
        }
    };
    let (answer, done) = oneshot::channel();
    let order = Order::Pause(names.clone(), pause, answer);
    let sent = shared.orders.send(order).await;
    sent.map_err(|_| refusals::stopping())?;
    done.await.map_err(|_| refusals::stopping())??;
    let rows = names.iter().filter_map(|name| setup.repository(name));
    let rows = rows.map(|handle| row(handle, pause)).collect();
    Ok(Done {
        repository: named.cloned(),
        your_turn: Vec::new(),
        answer: Answer::Paused(rows),
    })
}

fn pausable(setup: &Setup, name: &str, pause: Option<Pause>) -> Result<String, Failure> {
    let handle = setup.repository(name);
    let handle = handle.ok_or_else(|| refusals::no_repository(setup, name))?;
    if handle.remote.is_none() {
        return Err(Failure::new(
            FailureCode::InvalidArgument,
            format!("'{name}' is on this machine only: there is nothing to pause."),
            "Name a repository that has a remote; `watercooler repo list` shows them.",
        ));
    }
    if pause.is_none() && handle.settings.paused {
        return Err(Failure::new(
            FailureCode::InvalidArgument,
            format!("'{name}' is paused in config.toml."),
            "Take `paused = true` out there; it is read when it changes.",
        ));
    }
    Ok(name.to_owned())
}

fn row(handle: &Handle, pause: Option<Pause>) -> RepositoryPaused {
    let by_settings = handle.settings.paused;
    let until: Option<Timestamp> = match pause {
        Some(Pause::Until(at)) if !by_settings => Some(at),
        Some(Pause::Until(_) | Pause::UntilResumed) | None => None,
    };
    RepositoryPaused {
        name: handle.name.clone(),
        paused: pause.is_some() || by_settings,
        until: until.map(seconds),
    }
}
