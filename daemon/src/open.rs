//! Opens one repository: its clone, outbox and working tree, and starts its loop.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use platform::dirs::Dirs;
use protocol::answer::RepositoryState;
use repository::{Author, Clone as GitClone, CloneConfig, CloneError, Remote, RemoteUrl, Tip};
use sync_engine::engine::Engine;
use sync_engine::limits::Limits;
use sync_engine::moment::Span;
use sync_engine::state::Kind;
use tokio::sync::{mpsc, watch};
use tracing::warn;

use crate::arrivals::Arrivals;
use crate::asked::Asked;
use crate::base;
use crate::bodies::Bodies;
use crate::clock::Clock;
use crate::condition::Condition;
use crate::credentials::Credentials;
use crate::damage::Damage;
use crate::event_loop::hand_edits::HandEdits;
use crate::event_loop::mending::Mending;
use crate::event_loop::pending::Pending;
use crate::event_loop::submissions::Submissions;
use crate::event_loop::{EventLoop, INBOX_MAX, RESULTS_MAX};
use crate::handle::Handle;
use crate::joining::Joining;
use crate::lookout::Lookout;
use crate::metrics::Metrics;
use crate::mint::Mint;
use crate::mutes::Mutes;
use crate::news::News;
use crate::outbox::Outbox;
use crate::outside::Outside;
use crate::perform::{Finished, Performer, unix_now};
use crate::reading_marks::ReadingMarks;
use crate::settings::{RepositorySettings, Settings};
use crate::snapshot::{Base, Missing, Snapshot};
use crate::teller::{Teller, Told};
use crate::transfer::{Link, Sockets};
use crate::vanished::VanishedFile;
use crate::working_tree::WorkingTree;

/// What all repositories share.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) dirs: Dirs,
    pub(crate) clock: Clock,
    pub(crate) bodies: Bodies,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) news: News,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) outside: watch::Receiver<Outside>,
    pub(crate) lookout: Lookout,
    pub(crate) mint: Arc<Mint>,
}

/// One repository, opened: its loop and its teller are to be run.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) handle: Handle,
    pub(crate) event_loop: EventLoop,
    pub(crate) teller: Teller,
}

/// Opens a repository. Blocks on the disk.
///
/// # Errors
/// Where its folders cannot be used or its URL is none.
pub(crate) fn open(
    surroundings: &Surroundings,
    settings: &Settings,
    of: &RepositorySettings,
) -> anyhow::Result<Opened> {
    let state = surroundings.dirs.state.join("repositories").join(&of.name);
    std::fs::create_dir_all(&state).with_context(|| format!("make {}", state.display()))?;
    let remote = remote(settings, of)?;
    let config = CloneConfig {
        directory: of.directory.clone(),
        branch: of.branch.clone(),
    };
    let path = state.join("clone.git");
    let damage = Damage::default();
    let clone = opened_clone(&path, &config, remote.is_some(), &damage)?;
    let by_ssh = remote.as_ref().is_some_and(|remote| remote.url.is_ssh());
    let sockets = by_ssh.then(|| Arc::clone(&surroundings.sockets));
    let credentials = Arc::clone(&surroundings.credentials);
    let link = Link::new(&of.name, path, config, sockets, credentials);
    let mut opened = Outbox::open(&state, unix_now()).context("open the outbox")?;
    for unreadable in &opened.unreadable {
        warn!(repository = %of.name, ?unreadable, "A file of the outbox was set aside");
    }
    let (author, person) = (author(settings, of), person(settings));
    if remote.is_some() {
        let joining = Joining {
            name: &of.name,
            clone: &clone,
            author: &author,
            person: &person,
            mint: &surroundings.mint,
        };
        joining.join(&mut opened)?;
    }
    let tree = surroundings.dirs.repositories.join(&of.name);
    let tree = WorkingTree::open(&tree, &of.directory, &state.join("projected.jsonl"))
        .context("open the working tree")?;
    let tip = if remote.is_some() {
        clone.tip()
    } else {
        clone.local_tip()
    };
    let is_lost = is_lost(&tip, &opened.outbox, &tree);
    let base = base_of(&clone, tip, is_lost, &damage);
    let (results, received) = mpsc::channel(RESULTS_MAX);
    let performer = Performer {
        name: of.name.clone(),
        clone: Arc::new(clone),
        keeper: opened.keeper,
        bodies: surroundings.bodies.clone(),
        damage,
        remote,
        link: Arc::new(link),
        author,
        vanished_file: VanishedFile::in_folder(&state),
        lookout: surroundings.lookout.clone(),
        changes: Arc::default(),
        mint: Arc::clone(&surroundings.mint),
        person,
        results,
    };
    Ok(assemble(
        surroundings,
        settings,
        of,
        performer,
        (base, opened.outbox, tree, received),
    ))
}

/// Opens the clone. One of a remote that cannot be opened is thrown away, since it can be cloned
/// again; nothing of a local-only one ever is.
fn opened_clone(
    path: &Path,
    config: &CloneConfig,
    has_remote: bool,
    damage: &Damage,
) -> anyhow::Result<GitClone> {
    let error = match GitClone::open(path, config.clone()) {
        Ok(clone) => return Ok(clone),
        Err(error) => error,
    };
    let is_damage = match &error {
        CloneError::Damaged { .. } | CloneError::Git { .. } => true,
        CloneError::Io { source, .. } => matches!(
            source.kind(),
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists | ErrorKind::IsADirectory
        ),
        CloneError::Branch { .. }
        | CloneError::Directory { .. }
        | CloneError::DiskFull { .. }
        | CloneError::InUse { .. }
        | CloneError::TooLarge { .. }
        | CloneError::Blocked { .. }
        | CloneError::Raced => false,
    };
    if !is_damage || !has_remote {
        return Err(error).context("open the clone");
    }
    warn!(path = %path.display(), %error, "A clone that cannot be opened is made anew");
    damage.met();
    repository::discard(path).context("remove a clone that cannot be opened")?;
    GitClone::open(path, config.clone()).context("make a clone")
}

/// Whether threads were shown here once and the clone knows of none.
fn is_lost(tip: &Result<Option<Tip>, CloneError>, outbox: &Outbox, tree: &WorkingTree) -> bool {
    let pending: BTreeSet<_> = outbox.pending().map(|kept| &kept.operation.topic).collect();
    matches!(tip, Ok(None)) && !tree.topics().is_subset(&pending)
}

/// The threads of the clone, as far as it can be read.
fn base_of(
    clone: &GitClone,
    tip: Result<Option<Tip>, CloneError>,
    is_lost: bool,
    damage: &Damage,
) -> Arc<Base> {
    let read = tip.map(|tip| {
        let base = base::advance(clone, &Arc::default(), tip.as_ref());
        match base {
            Ok(_) if is_lost => base::readable(clone, None),
            Ok(base) => base,
            Err(error) => {
                warn!(%error, "Not all threads of the clone can be read");
                base::readable(clone, tip.as_ref())
            }
        }
    });
    let base = read.unwrap_or_else(|error: CloneError| {
        warn!(%error, "The tip of the clone cannot be read");
        base::readable(clone, None)
    });
    if base.missing != Missing::Nothing {
        damage.met();
    }
    base
}

fn remote(settings: &Settings, of: &RepositorySettings) -> anyhow::Result<Option<Remote>> {
    let Some(url) = &of.url else { return Ok(None) };
    let url = RemoteUrl::parse(url).with_context(|| format!("the url of '{}'", of.name))?;
    Ok(Some(Remote {
        url,
        branch: of.branch.clone(),
        ssh_key: of.ssh_key.clone(),
        timeout: settings.sync.network_timeout,
    }))
}

/// Who is at this machine, as the author of what is written without an agent.
fn person(settings: &Settings) -> String {
    format!("Human ({})", settings.identity.user)
}

fn author(settings: &Settings, of: &RepositorySettings) -> Author {
    let identity = &settings.identity;
    Author {
        name: (of.author_name.as_ref()).map_or_else(|| identity.name.clone(), Clone::clone),
        email: (of.author_email.as_ref()).map_or_else(|| identity.email.clone(), Clone::clone),
    }
}

fn assemble(
    surroundings: &Surroundings,
    settings: &Settings,
    of: &RepositorySettings,
    performer: Performer,
    (base, outbox, tree, results): (Arc<Base>, Outbox, WorkingTree, mpsc::Receiver<Finished>),
) -> Opened {
    let (inbox, messages) = mpsc::channel(INBOX_MAX);
    let (replaced, replacements) = watch::channel(0);
    let (told, heard) = watch::channel(Told::nothing());
    let clock = surroundings.clock;
    let mut pending = Pending::new(&outbox);
    // The first reader may come before the loop runs, and reads what is pending all the same.
    pending.rebase(&base, &performer);
    let condition = condition(settings, &performer, &pending);
    let shown = first_snapshot(&base, &pending, &condition);
    let shown = Arc::new(ArcSwap::from_pointee(shown));
    let state = surroundings.dirs.state.join("repositories").join(&of.name);
    let handle = Handle {
        name: of.name.clone(),
        settings: of.clone(),
        url_shown: url_shown(&performer),
        origin: of.origin,
        snapshot: Arc::clone(&shown),
        replaced: replacements,
        clone: Arc::clone(&performer.clone),
        damage: performer.damage.clone(),
        marks: Arc::new(ReadingMarks::open(state.join("shown.json"))),
        mutes: Arc::new(Mutes::open(state.join("mutes.json"))),
        folder: folder(surroundings, of),
        arrivals: Arc::new(Arrivals::open(&state)),
        asked: Arc::new(Asked::open(state.join("asked.json"))),
        told: heard,
        remote: performer.remote.clone(),
        link: Arc::clone(&performer.link),
        inbox,
        told_active: Mutex::new(None),
    };
    let teller = teller(surroundings, &handle, told);
    let mut outside = surroundings.outside.clone();
    let heeded = *outside.borrow_and_update();
    let event_loop = EventLoop {
        limits: limits(settings),
        outside,
        heeded,
        way_freed: performer.link.way_freed(),
        vanished: performer.vanished_file.read(),
        notes: 0,
        clock,
        engine: engine(
            &limits(settings).slowed(heeded.slower),
            performer.remote.as_ref(),
            clock,
        ),
        performer,
        metrics: Arc::clone(&surroundings.metrics),
        inbox: messages,
        results,
        shown,
        replaced,
        base,
        condition,
        outbox,
        pending,
        submissions: Submissions::default(),
        asked: Vec::new(),
        words: std::collections::HashMap::new(),
        unprojected: BTreeSet::new(),
        mending: Mending::default(),
        pause: None,
        working_tree: Some(tree),
        hand_edits: HandEdits::new(),
    };
    Opened {
        handle,
        event_loop,
        teller,
    }
}

/// Where the working tree has its thread files.
fn folder(surroundings: &Surroundings, of: &RepositorySettings) -> std::path::PathBuf {
    let tree = surroundings.dirs.repositories.join(&of.name);
    if of.directory.is_empty() {
        tree
    } else {
        tree.join(&of.directory)
    }
}

/// What is shown before the loop runs.
fn first_snapshot(base: &Arc<Base>, pending: &Pending, condition: &Condition) -> Snapshot {
    Snapshot {
        base: Arc::clone(base),
        overlay: Arc::clone(pending.overlay()),
        gone: pending.gone(),
        pending: pending.id_set(),
        held: pending.held(),
        condition: Arc::new(condition.clone()),
        alike: Arc::default(),
    }
}

/// How the repository stands before its loop runs.
fn condition(settings: &Settings, performer: &Performer, pending: &Pending) -> Condition {
    let (branch, state) = if performer.is_local() {
        let branch = performer.clone.local_branch().to_owned();
        (Some(branch), RepositoryState::Local)
    } else {
        (performer.clone.branch(), RepositoryState::Syncing)
    };
    Condition {
        branch,
        held: pending.held().len() as u64,
        poll_interval: settings.sync.poll_idle,
        state,
        ..Condition::default()
    }
}

fn teller(surroundings: &Surroundings, handle: &Handle, told: watch::Sender<Told>) -> Teller {
    Teller {
        name: handle.name.clone(),
        shown: Arc::clone(&handle.snapshot),
        replaced: handle.replaced.clone(),
        told,
        arrivals: Arc::clone(&handle.arrivals),
        bodies: surroundings.bodies.clone(),
        clone: Arc::clone(&handle.clone),
        news: surroundings.news.clone(),
    }
}

fn url_shown(performer: &Performer) -> Option<String> {
    let remote = performer.remote.as_ref()?;
    Some(remote.url.shown().to_owned())
}

fn engine(limits: &Limits, remote: Option<&Remote>, clock: Clock) -> Engine {
    let kind = match remote {
        None => Kind::Local,
        Some(remote) => Kind::Remote {
            metered_budget: !(remote.url.is_file() || remote.url.is_loopback()),
        },
    };
    Engine::new(kind, limits.clone(), fastrand::u64(..), clock.now())
}

fn limits(settings: &Settings) -> Limits {
    Limits {
        poll_active: Span::from(settings.sync.poll_active),
        poll_idle: Span::from(settings.sync.poll_idle),
        push_delay: Span::from(settings.sync.push_delay),
        ..Limits::default()
    }
}
