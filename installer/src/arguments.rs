//! What the command line says. Source of the names: the outside contract, section 4.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use protocol::hello::PROTOCOL;

static VERSION: LazyLock<String> =
    LazyLock::new(|| format!("{} (protocol {PROTOCOL})", env!("CARGO_PKG_VERSION")));

/// Puts watercooler on this machine, updates it, takes it off.
#[derive(Debug, Parser)]
#[command(name = "watercooler-installer", version = VERSION.as_str(), arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) deed: Deed,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Deed {
    /// Copy the programs, start the daemon, register the MCP server with the agents that are found
    Install(Options),
    /// The same, over an older version
    Update(Options),
    /// Take off what was put on; your threads stay unless --purge is given
    Uninstall(Options),
    /// Show what `install` would do, and how each step is undone
    Plan(Options),
    /// Write the manual pages and the shells' completions of all programs below a folder
    #[command(hide = true)]
    Manual {
        /// The folder, made where it is missing
        folder: PathBuf,
    },
}

#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Options {
    /// Ask nothing
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show the steps and do none
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Put the programs into DIR/bin [default: ~/.local]
    #[arg(long, value_name = "DIR")]
    pub(crate) prefix: Option<PathBuf>,
    /// Keep the threads at this git remote (ssh, https, file)
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Register with this client alone, or with `none`; may be given more than once
    #[arg(long = "client", value_name = "NAME")]
    pub(crate) clients: Vec<String>,
    /// Let Claude Code, Codex and Cursor ask what waits when a session begins and a person speaks,
    /// wake an idle session, and call the tools that only read (docs/agents.md)
    #[arg(long)]
    pub(crate) hooks: bool,
    /// Whether the daemon starts at login
    #[arg(long, value_enum, default_value_t = Autostart::Yes)]
    pub(crate) autostart: Autostart,
    /// With `uninstall`: settings, threads and everything else go too
    #[arg(long)]
    pub(crate) purge: bool,
    /// One JSON document on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Autostart {
    #[default]
    Yes,
    No,
}
