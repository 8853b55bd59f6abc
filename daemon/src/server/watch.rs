//! Streams what becomes known to one client: entries, balls, states, a line each.
//!
//! A client that reads slowly costs one line and its place in the news. Where it lagged, its entries
//! are read from the arrival log, none is left out and none told twice; of balls and states it hears
//! how they stand then. Where the log does not reach back so far, the stream ends, and says why.

mod follower;

use std::sync::Arc;

use ipc::listener::Stream;
use protocol::answer::{Outcome, Reply};
use protocol::failure::Failure;
use protocol::hello::PROTOCOL;
use protocol::request::Ask;
use protocol::update::{Line, Update};
use tokio::sync::broadcast::error::RecvError;

use crate::server::client::Client;
use crate::server::watch::follower::{Follower, Lines};
use crate::shared::Shared;

/// Streams until the client leaves, the daemon ends, or the client is too far behind.
///
/// # Errors
/// That the connection failed.
pub(crate) async fn serve(
    mut stream: Stream,
    shared: Arc<Shared>,
    client: Client,
    ask: Ask,
) -> anyhow::Result<()> {
    // Listens first: what happens while the hello is sent is told too.
    let mut news = shared.news.listen();
    let mut follower = match Follower::new(&shared, client, ask.context) {
        Ok(follower) => follower,
        Err(failure) => return end(stream, ask.id, failure).await,
    };
    let first = Update::Hello {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL,
    };
    stream.send(&Line::Update(first)).await?;
    loop {
        let heard = tokio::select! {
            biased;
            () = stream.left() => return Ok(()),
            heard = news.recv() => heard,
        };
        let lines = match heard {
            Ok(piece) => follower.hear(&shared, &piece),
            Err(RecvError::Lagged(_)) => {
                news = news.resubscribe();
                follower.lagged()
            }
            Err(RecvError::Closed) => return Ok(()),
        };
        if let Err(failure) = send(&mut stream, &shared, &mut follower, lines).await? {
            return end(stream, ask.id, failure).await;
        }
    }
}

/// Sends the lines; where they are too many to be held at once, in parts.
async fn send(
    stream: &mut Stream,
    shared: &Arc<Shared>,
    follower: &mut Follower,
    lines: Lines,
) -> anyhow::Result<Result<(), Failure>> {
    let names = match lines {
        Lines::These(updates) => {
            for update in updates {
                stream.send(&Line::Update(update)).await?;
            }
            return Ok(Ok(()));
        }
        Lines::AllOf(names) => names,
    };
    for name in names {
        loop {
            let part = match follower.catch_up(shared, &name).await {
                Ok(part) => part,
                Err(failure) => return Ok(Err(failure)),
            };
            for update in part.updates {
                stream.send(&Line::Update(update)).await?;
            }
            if part.is_last {
                break;
            }
        }
    }
    Ok(Ok(()))
}

async fn end(mut stream: Stream, id: u64, failure: Failure) -> anyhow::Result<()> {
    let outcome = Outcome::Failed(failure);
    stream.send(&Line::Ended(Reply { id, outcome })).await?;
    Ok(())
}
