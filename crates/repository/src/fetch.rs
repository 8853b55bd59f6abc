//! Brings the remote's branch here, and tells what became of it.

use std::sync::Arc;

use git2::{AutotagOption, Direction, FetchOptions, RemoteCallbacks, Repository};
use serde::{Deserialize, Serialize};

use crate::bearer::{self, Header};
use crate::clone::{DEFAULT_BRANCH, check_branch, remote_ref};
use crate::exchange::Exchange;
use crate::url::Place;
use crate::{Clone, Kind, Remote, Tip, TransferError, classify, credential, libgit2, web_settings};

/// A refspec that no remote has.
const NOTHING: &str = "+refs/watercooler/nothing:refs/watercooler/nothing";

/// What a fetch found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// The branch's newest commit; `None`: the branch is not there yet, the first push makes it.
    pub tip: Option<Tip>,
    /// The branch.
    pub branch: String,
    /// Whether the tip is another than before.
    pub moved: bool,
    /// The tip before, where the new one is no descendant of it. Its history is kept here, under
    /// `refs/backup/`.
    pub rewritten: Option<Tip>,
    /// What the remote sent, in bytes.
    pub bytes_received: u64,
}

/// What the remote has, of interest to us.
struct Advertised {
    branch: String,
    tip: Option<Tip>,
}

impl Clone {
    /// Fetches the one branch, without tags, and moves the tip to where the remote has it.
    ///
    /// A branch that was here and is gone from the remote is an error (`not_found`): the tip stays,
    /// and no push makes it again. Waits while another exchange of this clone runs.
    pub fn fetch(&self, remote: &Remote) -> Result<Fetched, TransferError> {
        let _moving = self.lock_moving();
        let repository = self.lend()?;
        let exchange = self.exchange(remote);
        let before = self.branch_of(&repository)?;
        let wanted = wanted_branch(remote, self.configured_branch())?;

        let advertised = exchange
            .run(|| download(&repository, &exchange, wanted, before.as_deref()))
            .map_err(|failure| {
                let trouble = failure.told(&exchange);
                self.end_ssh();
                trouble
            })?;
        self.settled(&repository, advertised, before.as_deref(), &exchange)
    }

    /// Moves the tip after a download.
    fn settled(
        &self,
        repository: &Repository,
        advertised: Advertised,
        before: Option<&str>,
        exchange: &Exchange,
    ) -> Result<Fetched, TransferError> {
        let Advertised { branch, tip } = advertised;
        let name = remote_ref(&branch);
        let here = self.target(repository, &name)?;
        // Where the remote's HEAD names another branch now, what was shown is the old branch's.
        let shown = match before {
            Some(before) if before != branch => self.target(repository, &remote_ref(before))?,
            Some(_) | None => here,
        };
        let bytes_received = exchange.received();
        let Some(new) = tip else {
            if shown.is_some() || here.is_some() {
                return Err(branch_gone(exchange, &branch));
            }
            self.remember(repository, &branch)?;
            return Ok(Fetched {
                tip,
                branch,
                moved: false,
                rewritten: None,
                bytes_received,
            });
        };
        if shown == Some(new) && here == shown {
            return Ok(Fetched {
                tip,
                branch,
                moved: false,
                rewritten: None,
                bytes_received,
            });
        }
        let mut rewritten = None;
        for old in [here, shown].into_iter().flatten() {
            let descends = old == new
                || repository
                    .graph_descendant_of(new.0, old.0)
                    .map_err(|error| self.git("compare two tips", error))?;
            if !descends {
                self.keep_backup(repository, old)?;
                rewritten = shown;
            }
        }
        if here != Some(new) {
            self.move_ref(repository, &name, here, new)?;
        }
        self.remember(repository, &branch)?;
        Ok(Fetched {
            tip,
            branch,
            moved: shown != Some(new),
            rewritten,
            bytes_received,
        })
    }

    fn remember(&self, repository: &Repository, branch: &str) -> Result<(), TransferError> {
        if self.configured_branch().is_none() {
            self.remember_branch(repository, branch)?;
        }
        Ok(())
    }
}

/// The settings' branch: the remote's, else the clone's.
pub(crate) fn wanted_branch<'a>(
    remote: &'a Remote,
    configured: Option<&'a str>,
) -> Result<Option<&'a str>, TransferError> {
    let wanted = configured.or(remote.branch.as_deref());
    if let Some(name) = wanted {
        check_branch(name)?;
    }
    Ok(wanted)
}

/// A failure, before it is put into words.
pub(crate) enum Failure {
    Git(git2::Error),
    Told(TransferError),
}

impl From<git2::Error> for Failure {
    fn from(error: git2::Error) -> Failure {
        Failure::Git(error)
    }
}

impl Failure {
    /// To be called when the connection is closed, so that a child has said all it had to say.
    pub(crate) fn told(self, exchange: &Exchange) -> TransferError {
        match self {
            Failure::Git(error) if is_beyond_bounds(&error) => TransferError::new(
                Kind::Offline,
                format!(
                    "{} sent what takes more memory or disk than is allowed",
                    exchange.url
                ),
                "look at what the branch holds: threads are far smaller",
            )
            .caused_by(error),
            Failure::Git(error) => {
                let trouble = classify::transfer(exchange, error);
                web_settings::retry_after::heeded(exchange, trouble)
            }
            Failure::Told(trouble) => trouble,
        }
    }
}

/// Memory, or the length of a file, that the process may not have; an object that libgit2 takes from
/// nobody.
fn is_beyond_bounds(error: &git2::Error) -> bool {
    let words = error.message();
    error.class() == git2::ErrorClass::NoMemory
        || (error.class() == git2::ErrorClass::Os && words.contains("File too large"))
        || (error.class() == git2::ErrorClass::Invalid && words.contains("overly large object"))
}

fn download(
    repository: &Repository,
    exchange: &Arc<Exchange>,
    wanted: Option<&str>,
    before: Option<&str>,
) -> Result<Advertised, Failure> {
    connected(repository, exchange, |remote, header| {
        advertised(repository, remote, exchange, (wanted, before), header)
    })
}

/// Connects to fetch, with the header that the server wants where it wants one, and goes on.
pub(crate) fn connected<T>(
    repository: &Repository,
    exchange: &Arc<Exchange>,
    then: impl FnOnce(&mut git2::Remote<'_>, Option<&Header>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    prepare_waits(exchange);
    let mut remote = repository.remote_anonymous(&exchange.url.for_libgit2())?;
    let mut header = bearer::header(exchange).map_err(Failure::Told)?;
    if header.is_none() {
        let connected = remote.connect_auth(
            Direction::Fetch,
            Some(callbacks(exchange)),
            Some(web_settings::proxy(exchange)?),
        );
        match connected {
            Ok(mut connection) => return then(connection.remote(), None),
            Err(error) if bearer::is_asked_for(exchange, &error) => (),
            Err(error) => return Err(error.into()),
        }
        header = bearer::header(exchange).map_err(Failure::Told)?;
    }
    // libgit2 takes headers only with a download: this one wants nothing that there is.
    remote.download(&[NOTHING], Some(&mut options(exchange, header.as_ref())?))?;
    then(&mut remote, header.as_ref())
}

fn options<'a>(
    exchange: &Arc<Exchange>,
    header: Option<&Header>,
) -> Result<FetchOptions<'a>, git2::Error> {
    let mut options = FetchOptions::new();
    options
        .remote_callbacks(callbacks(exchange))
        .proxy_options(web_settings::proxy(exchange)?)
        .download_tags(AutotagOption::None);
    if let Some(header) = header {
        header.add_to_fetch(&mut options);
    }
    Ok(options)
}

fn advertised(
    repository: &Repository,
    remote: &mut git2::Remote<'_>,
    exchange: &Arc<Exchange>,
    (wanted, before): (Option<&str>, Option<&str>),
    header: Option<&Header>,
) -> Result<Advertised, Failure> {
    let branch = branch_in(remote, exchange, wanted, before)?;
    let name = format!("refs/heads/{branch}");
    let tip = remote
        .list()?
        .iter()
        .find(|head| head.name() == name)
        .map(|head| head.oid());
    let Some(tip) = tip else {
        return Ok(Advertised { branch, tip: None });
    };
    if repository.find_commit(tip).is_err() {
        let mut options = options(exchange, header)?;
        // libgit2 takes refs from it alone; ours are moved by compare-and-swap afterwards.
        let refspec = format!("+{name}:{}", remote_ref(&branch));
        remote.download(&[&refspec], Some(&mut options))?;
        exchange.set_received(remote.stats().received_bytes() as u64);
        repository.find_commit(tip)?;
    }
    Ok(Advertised {
        branch,
        tip: Some(Tip(tip)),
    })
}

pub(crate) fn branch_in(
    remote: &git2::Remote<'_>,
    exchange: &Exchange,
    wanted: Option<&str>,
    before: Option<&str>,
) -> Result<String, Failure> {
    if let Some(wanted) = wanted {
        return Ok(wanted.to_owned());
    }
    let named = remote.default_branch();
    let named = named.as_ref().ok().and_then(|name| name.as_str().ok());
    let named = named.and_then(|name| name.strip_prefix("refs/heads/"));
    if let Some(named) = named.filter(|name| check_branch(name).is_ok()) {
        return Ok(named.to_owned());
    }
    // A HEAD that names a branch which is not there is not told to us.
    let heads = remote
        .list()?
        .iter()
        .filter_map(|head| head.name().strip_prefix("refs/heads/"));
    let heads: Vec<&str> = heads.filter(|name| check_branch(name).is_ok()).collect();
    let known = before.filter(|before| heads.is_empty() || heads.contains(before));
    match (known, heads.as_slice()) {
        (Some(known), _) => Ok(known.to_owned()),
        (None, []) => Ok(DEFAULT_BRANCH.to_owned()),
        (None, [only]) => Ok((*only).to_owned()),
        (None, several) if several.contains(&DEFAULT_BRANCH) => Ok(DEFAULT_BRANCH.to_owned()),
        (None, _) => Err(Failure::Told(TransferError::new(
            Kind::SettingsInvalid,
            format!(
                "{} does not say which of its branches is the main one",
                exchange.url
            ),
            "set `branch` in the repository's settings",
        ))),
    }
}

pub(crate) fn branch_gone(exchange: &Exchange, branch: &str) -> TransferError {
    TransferError::new(
        Kind::NotFound,
        format!("{} no longer has the branch '{branch}'", exchange.url),
        "restore the branch on the remote, or set another one; what it held is still shown here",
    )
}

/// libgit2's own transports wait on sockets, within limits of the process.
pub(crate) fn prepare_waits(exchange: &Exchange) {
    match exchange.url.place() {
        Place::Web { .. } => libgit2::limit_waits(exchange.timeout),
        Place::Ssh { .. } | Place::File(_) => (),
    }
}

/// What every exchange listens to: the remote's words, its bytes, its questions.
pub(crate) fn callbacks<'a>(exchange: &Arc<Exchange>) -> RemoteCallbacks<'a> {
    let mut callbacks = RemoteCallbacks::new();
    let hearing = Arc::clone(exchange);
    callbacks.sideband_progress(move |words| {
        hearing.hear_sideband(words);
        hearing.may_go_on()
    });
    let counting = Arc::clone(exchange);
    callbacks.transfer_progress(move |progress| {
        counting.set_received(progress.received_bytes() as u64);
        counting.may_go_on()
    });
    let asked = Arc::clone(exchange);
    callbacks.credentials(move |url, _user, allowed| {
        credential::answer(&asked, url, allowed).map_err(|trouble| {
            let error = git2::Error::from_str(&trouble.message);
            asked.note(trouble);
            error
        })
    });
    callbacks
}
