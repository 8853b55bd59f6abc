//! Reads `config.toml`: what the user has set, with every default filled in. A bad edit leaves the
//! last good settings in force, also across a restart.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use protocol::answer::Origin;

mod account;
mod explain;
mod file;
#[cfg(test)]
mod tests;
mod values;
pub(crate) mod watching;

pub(crate) use values::{CredentialStore, HeaderChoice, Quiet, Sign};

/// The longest settings file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The copy of the last good settings, in the state folder.
const LAST_GOOD: &str = "settings.last-good.toml";

/// The repository that is there where the settings name none.
pub(crate) const LOCAL_REPOSITORY: &str = "local";

/// What the user has set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Where credentials are kept.
    pub(crate) credentials: CredentialStore,
    /// Who writes.
    pub(crate) identity: Identity,
    /// What holds for agents.
    pub(crate) agents: Agents,
    /// When to exchange with remotes.
    pub(crate) sync: Sync,
    /// Which popups are shown.
    pub(crate) notify: Notify,
    /// In the order of the file; [`LOCAL_REPOSITORY`] alone where the file names none.
    pub(crate) repositories: Vec<RepositorySettings>,
}

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The tag in `Claude (alice)`.
    pub(crate) user: String,
    /// Commit author.
    pub(crate) name: String,
    /// Commit author's address.
    pub(crate) email: String,
}

/// What holds for agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agents {
    /// Whose turn it is where nothing else says so.
    pub(crate) default_ball: String,
    /// Client name → agent name, added to the built-in table.
    pub(crate) canonical: BTreeMap<String, String>,
    /// Agent → agent who gets the ball.
    pub(crate) counterpart: BTreeMap<String, String>,
    /// For one client.
    pub(crate) writes_per_minute: u32,
    /// The `claude/channel` notification.
    pub(crate) channel: bool,
}

/// When to exchange with remotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sync {
    /// Between fetches while someone is active.
    pub(crate) poll_active: Duration,
    /// Between fetches otherwise.
    pub(crate) poll_idle: Duration,
    /// Gathers the writes that follow a first one.
    pub(crate) push_delay: Duration,
    /// For a whole exchange.
    pub(crate) network_timeout: Duration,
    /// How long `fresh` waits at most.
    pub(crate) fresh_wait: Duration,
}

/// Which popups are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notify {
    /// "Your turn".
    pub(crate) ball: bool,
    /// New-entry digests.
    pub(crate) entries: bool,
    /// When none are shown.
    pub(crate) quiet: Option<Quiet>,
}

/// One `[[repository]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepositorySettings {
    /// `[a-z0-9-]`, unique.
    pub(crate) name: String,
    /// As written and without a password, its grammar unchecked; none where local only.
    pub(crate) url: Option<String>,
    /// None: the remote's HEAD.
    pub(crate) branch: Option<String>,
    /// Where threads live inside the tree: relative, `/` between its parts, empty for the root.
    pub(crate) directory: String,
    /// Absolute paths of code checkouts whose agents talk in this repository.
    pub(crate) code: Vec<PathBuf>,
    /// The header of new threads.
    pub(crate) header: HeaderChoice,
    /// Absolute path of a private key that is used alone.
    pub(crate) ssh_key: Option<PathBuf>,
    /// Whether commits are signed.
    pub(crate) sign: Sign,
    /// None: `ssh_key`, else git's `user.signingkey`.
    pub(crate) signing_key: Option<String>,
    /// A hint relay's address; reserved.
    pub(crate) hints: Option<String>,
    /// No popups.
    pub(crate) muted: bool,
    /// No exchange with the remote.
    pub(crate) paused: bool,
    /// Whether the file names it, or a client's environment.
    pub(crate) origin: Origin,
    /// Commit author, other than [`Identity::name`]: of a client's environment alone.
    pub(crate) author_name: Option<String>,
    /// The same, of [`Identity::email`].
    pub(crate) author_email: Option<String>,
}

impl RepositorySettings {
    /// A repository of this name with nothing else set: local only.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            url: None,
            branch: None,
            directory: String::new(),
            code: Vec::new(),
            header: HeaderChoice::Auto,
            ssh_key: None,
            sign: Sign::Off,
            signing_key: None,
            hints: None,
            muted: false,
            paused: false,
            origin: Origin::Settings,
            author_name: None,
            author_email: None,
        }
    }
}

/// The settings in force, and what is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loaded {
    /// The file's, else the last good ones, else the defaults without any repository.
    pub(crate) settings: Settings,
    /// Why the file's are not in force.
    pub(crate) trouble: Option<SettingsTrouble>,
}

/// Why `config.toml` is not in force: the trouble `settings_invalid`. It repeats no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct SettingsTrouble {
    /// What is wrong, with the key and the line.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: String,
}

/// Reads the settings file `config`; a missing one is an empty one. Good settings are remembered in
/// the folder `state` for the next bad edit. Blocks: it may ask git for the author's name, for at
/// most [`account::GIT_WAIT_MAX`].
pub(crate) fn load(config: &Path, state: &Path) -> Loaded {
    let last_good = state.join(LAST_GOOD);
    match read(config).and_then(|text| Ok((file::parse(text.as_deref().unwrap_or(""))?, text))) {
        Ok((parsed, text)) => {
            if let Some(text) = text {
                remember(&last_good, &text);
            }
            Loaded {
                settings: filled(parsed),
                trouble: None,
            }
        }
        Err(trouble) => Loaded {
            settings: recall(&last_good),
            trouble: Some(trouble),
        },
    }
}

fn read(path: &Path) -> Result<Option<String>, SettingsTrouble> {
    let trouble = |message: String| SettingsTrouble {
        message,
        hint: "Correct it; it is read again when it changes. Until then the last good settings \
               are in force."
            .to_owned(),
    };
    let shown = path.display();
    let len = match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        Ok(_) => return Err(trouble(format!("{shown} is no file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(trouble(format!("{shown} cannot be read: {error}"))),
    };
    if len > FILE_BYTES_MAX {
        return Err(trouble(format!(
            "{shown} is {len} bytes long; the limit is {FILE_BYTES_MAX}"
        )));
    }
    fs::read_to_string(path)
        .map(Some)
        .map_err(|error| trouble(format!("{shown} cannot be read: {error}")))
}

fn remember(last_good: &Path, text: &str) {
    if fs::read_to_string(last_good).is_ok_and(|old| old == text) {
        return;
    }
    if let Err(error) = platform::durable::write_durably(last_good, text.as_bytes()) {
        tracing::warn!(%error, "Last good settings not remembered");
    }
}

fn recall(last_good: &Path) -> Settings {
    let parsed = match read(last_good) {
        Ok(Some(text)) => file::parse(&text).ok(),
        Ok(None) | Err(_) => None,
    };
    match parsed {
        Some(parsed) => filled(parsed),
        None => Settings {
            repositories: Vec::new(),
            ..filled(file::File::default())
        },
    }
}

fn filled(parsed: file::File) -> Settings {
    let account = if parsed.names_the_author() {
        account::Account::of_user()
    } else {
        account::Account::of_user_and_git()
    };
    parsed.into_settings(&account)
}
