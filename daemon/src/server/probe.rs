//! Tells whether a remote can be reached before it is set up: by a worker of its own, in a clone that
//! is thrown away, without a prompt and within a limit.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::answer::{Answer, Probed, Trouble};
use protocol::failure::{Failure, FailureCode};
use protocol::request::RepositoryProbe;
use repository::{Clone as GitClone, CloneConfig, Kind, Looked, Remote, RemoteUrl, TransferError};

use crate::checkout::{Checkout, project_of};
use crate::credentials::Credentials;
use crate::server::client::Client;
use crate::server::named;
use crate::server::places::resolved;
use crate::shared::{Setup, Shared};
use crate::transfer::Link;

/// How long a remote may take.
const PROBE_MAX: Duration = Duration::from_secs(20);

/// How long it is waited for in all: the worker's start, its grace and its end are in it.
const WAIT_MAX: Duration = Duration::from_secs(25);

/// How many probes run at once.
const PROBES_MAX: usize = 2;

/// Where the clones are, in the state folder.
pub(crate) const FOLDER: &str = "probes";

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Who is allowed to probe.
pub(crate) fn places() -> crate::checkout::Looking {
    crate::checkout::Looking::with(PROBES_MAX)
}

/// Asks the remote.
///
/// # Errors
/// `invalid_argument` for what is no address.
pub(crate) async fn probe(
    shared: &Shared,
    setup: &Setup,
    client: &Client,
    asked: &RepositoryProbe,
) -> Result<Answer, Failure> {
    let url = RemoteUrl::parse(&asked.url).map_err(|error| {
        Failure::new(
            FailureCode::InvalidArgument,
            format!("This is no address of a remote: {error}."),
            "Give it as git@host:path, https://host/path or a folder's absolute path.",
        )
    })?;
    let remote = Remote {
        url,
        branch: asked.branch.clone(),
        ssh_key: asked.ssh_key.as_ref().map(PathBuf::from),
        timeout: setup.settings.sync.network_timeout.min(PROBE_MAX),
    };
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = shared.probes.join(number.to_string());
    // One that is set up already may have a credential of its own.
    let name = named::of_settings(setup, &asked.url).map(|handle| handle.name.clone());
    let name = name.unwrap_or_else(|| "probe".to_owned());
    let credentials = Arc::clone(&shared.credentials);
    let looking = move || look(&name, &folder, &remote, credentials);
    let looked = shared.probing.at(WAIT_MAX, looking);
    let (looked, checkout) = tokio::join!(looked, checkout(shared, client, &asked.url));
    Ok(Answer::Probed(match looked {
        Some(Ok(looked)) => Probed {
            branch: Some(looked.branch),
            tip: looked.tip.map(|tip| tip.to_string()),
            trouble: None,
            checkout,
        },
        Some(Err(error)) => troubled(&error, checkout),
        None => troubled(&busy(), checkout),
    }))
}

fn look(
    name: &str,
    folder: &Path,
    remote: &Remote,
    credentials: Arc<Credentials>,
) -> Result<Looked, TransferError> {
    let config = CloneConfig {
        directory: String::new(),
        branch: remote.branch.clone(),
    };
    // Made for the worker, which attaches to it.
    drop(GitClone::open(folder, config.clone())?);
    let link = Link::new(name, folder.to_path_buf(), config, None, credentials);
    let looked = link.look(remote);
    link.end();
    // What cannot be removed goes at the next start of the daemon.
    let _ = std::fs::remove_dir_all(folder);
    looked
}

fn busy() -> TransferError {
    TransferError::new(
        Kind::Offline,
        "the remote was not reached in time",
        "it is tried again by itself; see: watercooler status",
    )
}

fn troubled(error: &TransferError, checkout: Option<String>) -> Probed {
    Probed {
        branch: None,
        tip: None,
        trouble: Some(Trouble {
            kind: error.kind.as_str().to_owned(),
            message: error.message.clone(),
            hint: error.hint.clone(),
        }),
        checkout,
    }
}

/// The checkout that the client works in: neither one of these very threads nor the person's whole
/// home, which everything would belong to.
async fn checkout(shared: &Shared, client: &Client, url: &str) -> Option<String> {
    let folder = PathBuf::from(client.hello.folder.as_deref()?);
    let project = project_of(url);
    let look = move || {
        let checkout = Checkout::around(&resolved(&folder))?;
        let remote = checkout.remote();
        let is_these = project.is_some() && remote.as_deref().and_then(project_of) == project;
        let is_home = std::env::home_dir().is_some_and(|home| resolved(&home) == checkout.root);
        let root = checkout.root.to_str()?.to_owned();
        (!is_these && !is_home).then_some(root)
    };
    shared.looking.at(PROBE_MAX, look).await.flatten()
}
