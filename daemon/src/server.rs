//! Serves the local socket: a task a connection, which ends alone when its client vanishes.

pub(crate) mod allowance;
pub(crate) mod answers;
pub(crate) mod caller;
pub(crate) mod checkout;
pub(crate) mod client;
#[cfg(feature = "conformance")]
pub(crate) mod conformance;
pub(crate) mod credentials;
pub(crate) mod door;
pub(crate) mod listening;
pub(crate) mod marking;
pub(crate) mod muting;
mod named;
pub(crate) mod page;
mod pausing;
pub(crate) mod places;
pub(crate) mod probe;
pub(crate) mod reads;
pub(crate) mod refusals;
pub(crate) mod searches;
pub(crate) mod serving;
pub(crate) mod status;
pub(crate) mod updates;
pub(crate) mod waits;
pub(crate) mod watch;
pub(crate) mod which;
pub(crate) mod writes;

use std::sync::Arc;
use std::time::Duration;

use ipc::listener::{Listener, Stream};
use protocol::answer::Reply;
use protocol::failure::{Failure, FailureCode};
use protocol::hello::{Hello, PROTOCOL, Speaks, Welcome};
use protocol::request::{Ask, Request};
use tracing::{debug, warn};

use crate::server::client::Client;
use crate::server::door::{Door, FILES_WANTED, Stranger};
use crate::server::listening::Listening;
use crate::shared::Shared;

/// How long to rest when no connection can be accepted, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until the task is dropped.
pub(crate) async fn serve(listener: Arc<Listener>, shared: Arc<Shared>) {
    #[cfg(feature = "conformance")]
    conformance::begin(&shared);
    let door = Door::new(platform::open_files::lift(FILES_WANTED));
    loop {
        let Some(stranger) = door.stranger().await else {
            return;
        };
        match listener.accept().await {
            Ok(stream) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    if let Err(error) = connection(stream, stranger, shared).await {
                        debug!(%error, "A connection ended");
                    }
                });
            }
            Err(error) => {
                warn!(%error, "A connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(
    mut stream: Stream,
    stranger: Stranger,
    shared: Arc<Shared>,
) -> anyhow::Result<()> {
    let hello_wait = stranger.hello_wait;
    let Some(hello) = stream.receive_within::<Hello>(hello_wait).await? else {
        return Ok(());
    };
    let Some(_place) = stranger.served().await else {
        return Ok(());
    };
    debug!(program = ?hello.program, pid = hello.pid, version = %hello.version, "Hello");
    let welcome = welcome(&hello);
    stream.send(&welcome).await?;
    match (welcome, hello.speaks) {
        (Welcome::Refused(_), _) => Ok(()),
        (Welcome::Served { .. }, Speaks::Requests) => requests(stream, shared, hello).await,
        (Welcome::Served { .. }, Speaks::Mcp) => mcp_session(stream, shared, hello).await,
    }
}

/// A client of another version is told so, and served if it can be.
fn welcome(hello: &Hello) -> Welcome {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    if hello.protocol == PROTOCOL {
        return Welcome::Served {
            protocol: PROTOCOL,
            version,
            pid: std::process::id(),
        };
    }
    Welcome::Refused(Failure::new(
        FailureCode::VersionMismatch,
        format!(
            "This client speaks protocol {} ({}), the running daemon protocol {PROTOCOL} \
             ({version}).",
            hello.protocol, hello.version
        ),
        "Restart the older of the two: watercooler daemon restart, or restart the client.",
    ))
}

async fn requests(mut stream: Stream, shared: Arc<Shared>, hello: Hello) -> anyhow::Result<()> {
    let client = Client::new(hello);
    while let Some(ask) = stream.receive::<Ask>().await? {
        let outcome = match &ask.request {
            Request::Watch => return watch::serve(stream, shared, client, ask).await,
            Request::ListUpdates(_) => {
                let answering = answers::answer(&shared, &client, &ask.context, &ask.request);
                tokio::select! {
                    biased;
                    outcome = answering => outcome,
                    // Nobody is told, so nothing counts as told.
                    () = stream.left() => return Ok(()),
                }
            }
            Request::Status
            | Request::ListThreads(_)
            | Request::ReadThread(_)
            | Request::Search(_)
            | Request::MarkRead(_)
            | Request::Mute(_)
            | Request::Say(_)
            | Request::Ack(_)
            | Request::Handoff(_)
            | Request::SetStatus(_)
            | Request::Sync(_)
            | Request::Health
            | Request::Whoami
            | Request::RepositoryList
            | Request::CredentialReload
            | Request::CredentialTest
            | Request::RepositoryProbe(_)
            | Request::RepositoryForget(_)
            | Request::SettingsReload
            | Request::Pause(_)
            | Request::Resume
            | Request::Stop => answers::answer(&shared, &client, &ask.context, &ask.request).await,
        };
        stream
            .send(&Reply {
                id: ask.id,
                outcome,
            })
            .await?;
    }
    Ok(())
}

async fn mcp_session(stream: Stream, shared: Arc<Shared>, hello: Hello) -> anyhow::Result<()> {
    let (session, ask, listen) = session_parts(&shared, hello);
    Ok(mcp::serve(stream, session, ask, listen).await?)
}

fn session_parts(shared: &Arc<Shared>, hello: Hello) -> (mcp::Session, mcp::Ask, mcp::Listen) {
    let channel = shared.setup.load().settings.agents.channel;
    let session = mcp::Session {
        key: hello.session.clone(),
        read_only: hello.read_only,
        channel,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let client = Arc::new(Client::new(hello));
    let (asking, asker) = (Arc::clone(shared), Arc::clone(&client));
    let ask: mcp::Ask = Arc::new(move |context, request| {
        let (shared, client) = (Arc::clone(&asking), Arc::clone(&asker));
        Box::pin(async move { answers::answer(&shared, &client, &context, &request).await })
    });
    let telling = Arc::clone(shared);
    let listen: mcp::Listen =
        Arc::new(move |context| Box::new(Listening::begin(&telling, &client, context, channel)));
    (session, ask, listen)
}
