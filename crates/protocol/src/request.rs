//! What a client asks for. Arguments are as the person or the agent gave them; the daemon checks.

use serde::{Deserialize, Serialize};

/// One request on a connection that speaks [`crate::hello::Speaks::Requests`], and inside the
/// daemon what an MCP call becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// Chosen by the client, repeated in the reply.
    pub id: u64,
    /// What is known of the call besides its arguments.
    #[serde(default)]
    pub context: Context,
    /// What is asked for.
    pub request: Request,
}

/// What is known of one call besides its arguments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The MCP client's own name (`claude-code`), where it gave one.
    #[serde(default)]
    pub client: Option<String>,
    /// The argument `code_path` of a tool call, or the common flag of the command line.
    #[serde(default)]
    pub code_path: Option<String>,
    /// The folders that an MCP client works in, as it names them: absolute paths.
    #[serde(default)]
    pub roots: Vec<String>,
    /// The flag `--repository` of a command.
    #[serde(default)]
    pub repository: Option<String>,
    /// What makes this very call recognisable when it is sent again: the shim's session and the
    /// JSON-RPC id. Weaker than an `idempotency_key`: with other arguments it is another call.
    #[serde(default)]
    pub resent_as: Option<String>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// The daemon and all its repositories.
    Status,
    /// The threads of a repository.
    ListThreads(ListThreads),
    /// One thread.
    ReadThread(ReadThread),
    /// A new entry, and a new thread where the topic has none.
    Say(Say),
    /// A new entry that leaves the ball where it is.
    Ack(Ack),
    /// A new entry that passes the ball on.
    Handoff(Handoff),
    /// A new entry that changes the status.
    SetStatus(SetStatus),
    /// Entries by others, in the order of their arrival.
    ListUpdates(ListUpdates),
    /// Entries that hold some words.
    Search(Search),
    /// The reader counts as shown what stands there.
    MarkRead(MarkRead),
    /// Whether popups about a repository, or one of its threads, are wanted.
    Mute(Mute),
    /// From here on [`crate::update::Line`]s instead of replies, until the connection ends. Of all
    /// repositories, where the context and the hello name none.
    Watch,
    /// Fetch and push now.
    Sync(Sync),
    /// The daemon and this repository.
    Health,
    /// Who the daemon takes this connection for.
    Whoami,
    /// The repositories that are set up.
    RepositoryList,
    /// A credential or a known host was changed: try again, with what there is now. Of the repository
    /// in [`Context`], else of all.
    CredentialReload,
    /// Ask the remote what the credential in use may do.
    CredentialTest,
    /// Whether a remote can be reached, before it is set up.
    RepositoryProbe(RepositoryProbe),
    /// Keep no longer a repository that a client's environment named.
    RepositoryForget(RepositoryForget),
    /// Read `config.toml` again, now.
    SettingsReload,
    /// Exchange nothing with the remote for a while: of the repository in [`Context`] or the hello,
    /// else of all.
    Pause(Pause),
    /// Exchange again, at once.
    Resume,
    /// End the daemon, cleanly.
    Stop,
}

impl Request {
    /// Whether carrying this out can change a thread.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self {
            Self::Say(_) | Self::Ack(_) | Self::Handoff(_) | Self::SetStatus(_) => true,
            Self::Status
            | Self::ListThreads(_)
            | Self::ReadThread(_)
            | Self::ListUpdates(_)
            | Self::Search(_)
            | Self::MarkRead(_)
            | Self::Mute(_)
            | Self::Watch
            | Self::Sync(_)
            | Self::Health
            | Self::Whoami
            | Self::RepositoryList
            | Self::CredentialReload
            | Self::CredentialTest
            | Self::RepositoryProbe(_)
            | Self::RepositoryForget(_)
            | Self::SettingsReload
            | Self::Pause(_)
            | Self::Resume
            | Self::Stop => false,
        }
    }
}

/// Arguments of `pause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// For how long.
    pub length: PauseLength,
}

/// How long a pause lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseLength {
    /// Until `resume`.
    UntilResumed,
    /// For so many seconds.
    Seconds(u64),
    /// Until the next morning, in the time zone of the daemon's machine.
    Tomorrow,
}

/// Arguments of `list_threads`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListThreads {
    /// Which threads; absent: open ones.
    #[serde(default)]
    pub filter: Filter,
    /// How many at most; absent: 50.
    #[serde(default)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// Which threads a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Not closed.
    #[default]
    Open,
    /// The reader's turn.
    Mine,
    /// With entries that the reader has not been shown.
    New,
    /// Closed.
    Closed,
    /// Every one.
    All,
}

/// Arguments of `read_thread`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadThread {
    /// The thread.
    pub topic: String,
    /// 0-based index of the first entry; absent: the newest that fit.
    #[serde(default)]
    pub from_entry: Option<i64>,
    /// How many entries at most; absent: 100.
    #[serde(default)]
    pub limit: Option<i64>,
    /// An Entry-ID; only what stands after it.
    #[serde(default)]
    pub since_entry: Option<String>,
    /// How many characters of bodies at most; absent: 40,000.
    #[serde(default)]
    pub max_chars: Option<i64>,
    /// The character of the first entry's body to begin at.
    #[serde(default)]
    pub body_offset: Option<i64>,
    /// Whether bodies are wanted at all; a summary is without.
    #[serde(default)]
    pub without_bodies: bool,
    /// Wait for one fetch first, for at most `fresh_wait`.
    #[serde(default)]
    pub fresh: bool,
    /// The reader does not count as shown what is read: a program looks, for somebody to come.
    #[serde(default)]
    pub unmarked: bool,
}

/// Arguments of `say`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Say {
    /// The thread.
    pub topic: String,
    /// The entry's title.
    pub title: String,
    /// The entry's body, any markdown.
    pub body: String,
    /// Absent: `implementer`.
    #[serde(default)]
    pub role: Option<String>,
    /// Absent: `Note`.
    #[serde(default)]
    pub entry_type: Option<String>,
    /// Whose turn it is next; absent: by the contract's rule.
    #[serde(default)]
    pub ball: Option<String>,
    /// The thread's new status; absent: as it is.
    #[serde(default)]
    pub status: Option<String>,
    /// `Spec` trailer, where the call names a model and a role.
    #[serde(default)]
    pub spec: Option<String>,
    /// See [`Delivering`] and the contract on keys.
    #[serde(flatten)]
    pub delivery: Delivering,
}

/// Arguments of `ack`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The thread.
    pub topic: String,
    /// Absent: `Ack`.
    #[serde(default)]
    pub title: Option<String>,
    /// Absent: `ack`.
    #[serde(default)]
    pub body: Option<String>,
    /// `Spec` trailer, where the call names a model and a role.
    #[serde(default)]
    pub spec: Option<String>,
    /// Key and wait.
    #[serde(flatten)]
    pub delivery: Delivering,
}

/// Arguments of `handoff`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// The thread.
    pub topic: String,
    /// Who is next; absent: by the contract's rule.
    #[serde(default)]
    pub to: Option<String>,
    /// The entry's body.
    #[serde(default)]
    pub note: Option<String>,
    /// `Spec` trailer, where the call names a model and a role.
    #[serde(default)]
    pub spec: Option<String>,
    /// Key and wait.
    #[serde(flatten)]
    pub delivery: Delivering,
}

/// Arguments of `set_status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetStatus {
    /// The thread.
    pub topic: String,
    /// The new status.
    pub status: String,
    /// `Spec` trailer, where the call names a model and a role.
    #[serde(default)]
    pub spec: Option<String>,
    /// Key and wait.
    #[serde(flatten)]
    pub delivery: Delivering,
}

/// How a write is recognised when repeated, and how long its sender waits for the remote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivering {
    /// 1 to 128 of `[A-Za-z0-9._:-]`, in force for 30 days.
    #[serde(default)]
    pub idempotency_key: Option<String>,
    /// 0 to 10; how long to wait for the push.
    #[serde(default)]
    pub wait_seconds: Option<i64>,
}

/// Arguments of `sync`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sync {
    /// How long to wait for the repository to be in step; 0 only asks. The daemon waits 60 at most.
    #[serde(default)]
    pub wait_seconds: u32,
}

/// Arguments of `list_updates`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListUpdates {
    /// A cursor of an earlier answer, an RFC 3339 time or a commit; absent: since this agent last
    /// asked.
    #[serde(default)]
    pub since: Option<String>,
    /// 0 to 45; how long to wait where there is nothing.
    #[serde(default)]
    pub wait_seconds: Option<i64>,
    /// How many at most; absent: 50.
    #[serde(default)]
    pub limit: Option<i64>,
    /// The agent's place stays where it is: a program looks, for an agent to come.
    #[serde(default)]
    pub unmarked: bool,
}

/// Arguments of `search`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// The words looked for.
    pub query: String,
    /// How many at most; absent: 20.
    #[serde(default)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// Arguments of `mark-read`: the reader counts as shown what stands in these threads now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkRead {
    /// The threads; empty where `all`.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Every thread of the repository.
    #[serde(default)]
    pub all: bool,
}

/// Arguments of `mute` and `unmute`: it is the popups that end; lists and counts stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// The thread; absent: the repository.
    #[serde(default)]
    pub topic: Option<String>,
    /// Whether popups end, or begin again.
    pub muted: bool,
}

/// A remote that is to be set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryProbe {
    /// Its address.
    pub url: String,
    /// The branch that is meant; absent: the remote's HEAD.
    #[serde(default)]
    pub branch: Option<String>,
    /// A private key that is used alone: an absolute path.
    #[serde(default)]
    pub ssh_key: Option<String>,
}

/// A repository that is kept no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryForget {
    /// Its name.
    pub name: String,
}
