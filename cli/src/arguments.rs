//! The command line as clap reads it: the common flags, and one command.

use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};
use protocol::hello::PROTOCOL;

use crate::commands::{
    ack, credential, daemon, doctor, handoff, hook, list, logs, manual, mark_read, mute, open,
    pause, read, repo, say, search, set_status, support_bundle, sync, updates,
};

/// `X.Y.Z (protocol N)`; clap puts the program's name before it.
static VERSION: LazyLock<String> =
    LazyLock::new(|| format!("{} (protocol {PROTOCOL})", env!("CARGO_PKG_VERSION")));

/// Threads that people and coding agents share through a git repository.
///
/// Without a command: the inbox, with your turn first, then what is new and what waits for others.
///
/// Exit codes: 0 done, 1 the operation failed, 2 bad usage, 69 the daemon cannot be reached,
/// 77 not permitted.
#[derive(Debug, Parser)]
#[command(name = "watercooler", version = VERSION.as_str())]
pub(crate) struct Arguments {
    /// Flags that every command takes.
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to do; none: the inbox.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Common {
    /// The repository by its name in the settings
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Common flags"
    )]
    pub(crate) repository: Option<String>,
    /// Speak as this agent; else $WATERCOOLER_AGENT, else the coding agent that runs the command
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Common flags"
    )]
    pub(crate) agent: Option<String>,
    /// Print one JSON document
    #[arg(long, global = true, help_heading = "Common flags")]
    pub(crate) json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The inbox, as without a command
    #[command(hide = true)]
    Inbox,
    /// Show the daemon, its repositories, how fresh they are and what stands in their way
    Status,
    /// List threads: your turn first, then the newest
    List(list::Arguments),
    /// Read a thread
    Read(read::Arguments),
    /// Add an entry to a thread, and make the thread where there is none
    Say(say::Arguments),
    /// Add an entry and leave the ball where it is
    Ack(ack::Arguments),
    /// Pass the ball on
    Handoff(handoff::Arguments),
    /// Change a thread's status
    SetStatus(set_status::Arguments),
    /// List what others wrote since you last asked
    Updates(updates::Arguments),
    /// Find entries that hold all of some words
    Search(search::Arguments),
    /// Say to a coding agent what waits, for its client's hooks
    Hook(hook::Arguments),
    /// Count threads as read
    MarkRead(mark_read::Arguments),
    /// End popups about a thread, or the repository; lists and counts stay
    Mute(mute::Arguments),
    /// Let popups come again
    Unmute(mute::Arguments),
    /// Open a thread's file with the program of your desktop, or $EDITOR on a terminal
    Open(open::Arguments),
    /// Print what becomes known, a line each, until interrupted
    Watch,
    /// Fetch and push now
    Sync(sync::Arguments),
    /// Exchange nothing with remotes for a while; what is written is kept and sent afterwards
    Pause(pause::Arguments),
    /// Exchange with remotes again, at once
    Resume,
    /// Add, list and remove repositories
    #[command(subcommand)]
    Repo(repo::Command),
    /// Keep, test and remove credentials for remotes, and confirm servers
    #[command(subcommand)]
    Credential(credential::Command),
    /// Start, stop and restart the daemon
    #[command(subcommand)]
    Daemon(daemon::Command),
    /// Look at everything that has to be right, and say what to do
    Doctor(doctor::Arguments),
    /// Print the daemon's log
    Logs(logs::Arguments),
    /// Write the manual pages and the shells' completions below a folder
    #[command(hide = true)]
    Manual(manual::Arguments),
    /// Write one text file of how this machine stands, without secrets, for whoever helps
    SupportBundle(support_bundle::Arguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_version_names_the_protocol() {
        let version = Arguments::command().render_version();
        let expected = concat!("watercooler ", env!("CARGO_PKG_VERSION"), " (protocol 1)\n");
        assert_eq!(version, expected);
    }

    /// What is said after the program's name, and whether it is understood.
    const LINES: [(&str, bool); 79] = [
        ("status --json", true),
        ("--json status --repository acme --agent Codex", true),
        ("list", true),
        ("list --mine", true),
        ("list --mine --new", false),
        ("read topic --from 3 --limit 10", true),
        ("read", false),
        ("read topic --from -1", false),
        ("say topic --title T", true),
        (
            "say topic --title T --body-file f --role pm --type Note --ball me --wait",
            true,
        ),
        ("say topic --title T --body text --body-file f", false),
        ("say topic --title T --body -", true),
        ("say topic --title T -", true),
        ("say topic --title T - --body text", false),
        ("say topic --title T --status OPEN --key k:1", true),
        ("say topic", false),
        ("ack topic --title T --body text", true),
        ("handoff topic --to team --note text", true),
        ("set-status topic CLOSED", true),
        ("sync --wait", true),
        ("pause --repository acme", true),
        ("pause 30m", true),
        ("pause tomorrow --json", true),
        ("pause soon", false),
        ("resume --repository acme", true),
        (
            "repo add URL --name n --branch b --directory d --code a --code b",
            true,
        ),
        ("repo add URL --header classic --ssh-key f", true),
        ("repo add", false),
        ("repo list", true),
        ("repo remove acme", true),
        ("credential add acme --deploy-key", true),
        ("credential add acme --ssh-key f", true),
        ("credential add acme --token --user u", true),
        ("credential add acme --sign-in", true),
        ("credential add acme", false),
        ("credential add acme --deploy-key --token", false),
        ("credential add acme --deploy-key --user u", false),
        ("credential add --token", false),
        ("credential list --json", true),
        ("credential test acme", true),
        ("credential remove acme", true),
        (
            "credential trust h.example:2222 --fingerprint SHA256:x",
            true,
        ),
        ("credential trust", false),
        ("daemon start", true),
        ("daemon stop --json", true),
        ("daemon restart", true),
        ("daemon run", false),
        ("logs -f", true),
        ("", true),
        ("inbox --json", true),
        ("updates", true),
        ("updates --since u1.a.1 --wait 45s", true),
        ("updates --wait", true),
        ("updates --wait --json", true),
        ("updates --wait soon", false),
        ("search token", true),
        ("search drop the token --limit 5 --json", true),
        ("search", false),
        ("search token --limit 0", false),
        ("hook session-start", true),
        ("hook prompt --client codex", true),
        ("hook wait --client claude-code", true),
        ("hook prompt --client cursor", true),
        ("hook start", false),
        ("hook prompt --client vim", false),
        ("mark-read a b", true),
        ("mark-read --all", true),
        ("mark-read", false),
        ("mark-read a --all", false),
        ("mute", true),
        ("mute topic", true),
        ("mute a b", false),
        ("unmute", true),
        ("unmute topic --repository acme", true),
        ("open topic", true),
        ("open", false),
        ("watch --json", true),
        ("support-bundle file.txt", true),
        ("support-bundle", false),
    ];

    #[test]
    fn the_commands_of_the_contract_are_read() {
        fn check(line: &str, accepted: bool) {
            let words = std::iter::once("watercooler").chain(line.split_whitespace());
            let read = Arguments::try_parse_from(words);
            assert_eq!(read.is_ok(), accepted, "{line}: {read:?}");
        }
        for (line, accepted) in LINES {
            check(line, accepted);
        }
    }
}
