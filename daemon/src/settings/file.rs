//! The settings file as it is written. Source: the outside contract, section 3.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use protocol::answer::Origin;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

use super::account::Account;
use super::values::{
    self, AbsolutePath, CredentialStore, HeaderChoice, Quiet, RepositoryName, Sign, Span,
};
use super::{LOCAL_REPOSITORY, RepositorySettings, Settings, SettingsTrouble, explain};

/// Shortest and longest time between polls, and for an exchange.
const POLL_MS_MIN: u64 = 50;
const POLL_MS_MAX: u64 = 24 * 3_600_000;
const TIMEOUT_MS_MIN: u64 = 100;
const TIMEOUT_MS_MAX: u64 = 600_000;
/// What gathers writes is itself gathered for at most this long.
const PUSH_DELAY_MS_MAX: u64 = 3_000;
const FRESH_WAIT_MS_MAX: u64 = 60_000;

/// The most that one client can be allowed to write.
const WRITES_PER_MINUTE_MAX: u32 = 100_000;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    credentials: CredentialStore,
    identity: Identity,
    agents: Agents,
    sync: Sync,
    notify: Notify,
    repository: Vec<Repository>,
    /// Read by who signs in; here only checked.
    #[allow(dead_code, reason = "the command that signs in reads it")]
    sign_in: Vec<SignIn>,
}

/// `[identity]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Identity {
    #[serde(deserialize_with = "values::user")]
    user: Option<String>,
    #[serde(deserialize_with = "values::author_part")]
    name: Option<String>,
    #[serde(deserialize_with = "values::author_part")]
    email: Option<String>,
}

/// `[agents]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Agents {
    #[serde(deserialize_with = "values::ball")]
    default_ball: String,
    canonical: BTreeMap<String, String>,
    counterpart: BTreeMap<String, String>,
    #[serde(deserialize_with = "writes_per_minute")]
    writes_per_minute: u32,
    channel: bool,
}

impl Default for Agents {
    fn default() -> Self {
        Self {
            default_ball: "Team".to_owned(),
            canonical: BTreeMap::new(),
            counterpart: BTreeMap::new(),
            writes_per_minute: 60,
            channel: false,
        }
    }
}

/// `[sync]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sync {
    poll_active: Span<POLL_MS_MIN, POLL_MS_MAX>,
    poll_idle: Span<POLL_MS_MIN, POLL_MS_MAX>,
    push_delay: Span<0, PUSH_DELAY_MS_MAX>,
    network_timeout: Span<TIMEOUT_MS_MIN, TIMEOUT_MS_MAX>,
    fresh_wait: Span<0, FRESH_WAIT_MS_MAX>,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            poll_active: Span(Duration::from_secs(5)),
            poll_idle: Span(Duration::from_secs(60)),
            push_delay: Span(Duration::from_millis(300)),
            network_timeout: Span(Duration::from_secs(30)),
            fresh_wait: Span(Duration::from_secs(5)),
        }
    }
}

/// `[notify]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Notify {
    ball: bool,
    entries: bool,
    #[serde(deserialize_with = "values::quiet")]
    quiet: Option<Quiet>,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            ball: true,
            entries: true,
            quiet: None,
        }
    }
}

/// One `[[repository]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repository {
    name: Spanned<RepositoryName>,
    #[serde(default, deserialize_with = "values::url")]
    url: Option<String>,
    #[serde(default, deserialize_with = "values::branch")]
    branch: Option<String>,
    #[serde(default, deserialize_with = "values::directory")]
    directory: String,
    #[serde(default)]
    code: Vec<AbsolutePath>,
    #[serde(default)]
    header: HeaderChoice,
    #[serde(default, deserialize_with = "values::optional_path")]
    ssh_key: Option<PathBuf>,
    #[serde(default)]
    sign: Sign,
    #[serde(default, deserialize_with = "values::optional")]
    signing_key: Option<String>,
    #[serde(default, deserialize_with = "values::optional")]
    hints: Option<String>,
    #[serde(default)]
    muted: bool,
    #[serde(default)]
    paused: bool,
}

/// One `[[sign_in]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    dead_code,
    reason = "the command that signs in reads it; here it is only checked"
)]
pub(super) struct SignIn {
    host: String,
    client_id: String,
    #[serde(default)]
    device_url: Option<String>,
    #[serde(default)]
    token_url: Option<String>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    user: Option<String>,
}

fn writes_per_minute<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    values::number::<1, WRITES_PER_MINUTE_MAX, D>(from)
}

/// Reads a settings file's text.
pub(super) fn parse(text: &str) -> Result<File, SettingsTrouble> {
    let root = DeTable::parse(text).map_err(|error| explain::unparsed(text, &error))?;
    if let Some(trouble) = explain::unknown_key(text, root.get_ref()) {
        return Err(trouble);
    }
    let file = File::deserialize(Deserializer::from(root.clone()))
        .map_err(|error| explain::complaint(text, root.get_ref(), &error))?;
    let mut names = BTreeSet::new();
    for repository in &file.repository {
        let name = &repository.name.get_ref().0;
        if !names.insert(name) {
            let message = format!("`name`: there is another repository `{name}`");
            return Err(explain::trouble(
                text,
                Some(repository.name.span().start),
                &message,
            ));
        }
    }
    Ok(file)
}

impl File {
    /// Whether git need not be asked for the author.
    pub(super) fn names_the_author(&self) -> bool {
        self.identity.name.is_some() && self.identity.email.is_some()
    }

    /// With every default filled in.
    pub(super) fn into_settings(self, account: &Account) -> Settings {
        let user = self.identity.user.unwrap_or_else(|| account.user.clone());
        let host = &account.host;
        let mut repositories: Vec<_> = self.repository.into_iter().map(Into::into).collect();
        if repositories.is_empty() {
            repositories.push(RepositorySettings::named(LOCAL_REPOSITORY));
        }
        Settings {
            credentials: self.credentials,
            identity: super::Identity {
                name: (self.identity.name)
                    .or_else(|| account.git_name.clone())
                    .unwrap_or_else(|| user.clone()),
                email: (self.identity.email)
                    .or_else(|| account.git_email.clone())
                    .unwrap_or_else(|| format!("{user}@{host}")),
                user,
            },
            agents: super::Agents {
                default_ball: self.agents.default_ball,
                canonical: self.agents.canonical,
                counterpart: self.agents.counterpart,
                writes_per_minute: self.agents.writes_per_minute,
                channel: self.agents.channel,
            },
            sync: super::Sync {
                poll_active: self.sync.poll_active.0,
                poll_idle: self.sync.poll_idle.0,
                push_delay: self.sync.push_delay.0,
                network_timeout: self.sync.network_timeout.0,
                fresh_wait: self.sync.fresh_wait.0,
            },
            notify: super::Notify {
                ball: self.notify.ball,
                entries: self.notify.entries,
                quiet: self.notify.quiet,
            },
            repositories,
        }
    }
}

impl From<Repository> for RepositorySettings {
    fn from(written: Repository) -> Self {
        Self {
            name: written.name.into_inner().0,
            url: written.url,
            branch: written.branch,
            directory: written.directory,
            code: written.code.into_iter().map(|path| path.0).collect(),
            header: written.header,
            ssh_key: written.ssh_key,
            sign: written.sign,
            signing_key: written.signing_key,
            hints: written.hints,
            muted: written.muted,
            paused: written.paused,
            origin: Origin::Settings,
            author_name: None,
            author_email: None,
        }
    }
}
