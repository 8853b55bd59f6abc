//! `watercooler-tray`: shows what is new and whose turn it is, and sends clicks to the daemon.
//!
//! Facts come in over the socket (`link`), a menu goes out (`model`, `menu`, `icon`), by way of one
//! loop (`desk`); drawing and popups are thin (`draw`, `popup`).

mod clicks;
mod desk;
mod diagnostics;
mod draw;
mod icon;
mod link;
mod login;
mod logs;
mod memory;
mod menu;
mod model;
mod notify;
mod plain;
mod popup;
mod programs;
mod window;

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::sync::mpsc;
use std::thread;

use anyhow::Context as _;
use clap::{CommandFactory, Parser};
use platform::dirs::Dirs;
use protocol::hello::PROTOCOL;

use crate::desk::{Desk, Event};
use crate::window::{Place, Window};

/// `X.Y.Z (protocol N)`; clap puts the program's name before it.
static VERSION: LazyLock<String> =
    LazyLock::new(|| format!("{} (protocol {PROTOCOL})", env!("CARGO_PKG_VERSION")));

/// Shows in the tray what is new in your threads, and whose turn it is.
///
/// It runs until it is told to quit, also while no daemon, no desktop or no tray is there.
///
/// Exit codes: 0 done, 1 the operation failed, 2 bad usage.
#[derive(Debug, Parser)]
#[command(name = "watercooler-tray", version = VERSION.as_str())]
struct Arguments {
    /// Show how a repository is let in, and let it in
    #[arg(long, value_name = "NAME")]
    credentials: Option<String>,
    /// Be the window of a thread
    #[arg(long, hide = true, num_args = 2, value_names = ["NAME", "TOPIC"], conflicts_with = "credentials")]
    thread: Option<Vec<String>>,
    /// Be the window of the credentials
    #[arg(long, hide = true, requires = "credentials")]
    window: bool,
    /// Write the manual page and the shells' completions below a folder, and end
    #[arg(long, value_name = "DIR", hide = true)]
    manual: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match act(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed stderr is nobody's.
            let _ = writeln!(std::io::stderr(), "watercooler-tray: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn act(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(folder) = arguments.manual {
        return manual::write(&Arguments::command(), &folder).context("write the manual");
    }
    let be = |window| {
        let dirs = Dirs::find().context("find the folders")?;
        window::be(&dirs, &window)
    };
    match (arguments.thread.as_deref(), arguments.credentials) {
        (Some([repository, topic]), _) => be(Window::Thread(Place {
            repository: repository.clone(),
            topic: topic.clone(),
        })),
        (None | Some(_), Some(repository)) if arguments.window => {
            be(Window::Credentials { repository })
        }
        (None | Some(_), Some(repository)) => window::credentials(&repository),
        (None | Some(_), None) => run(),
    }
}

fn run() -> anyhow::Result<()> {
    let dirs = Dirs::find().context("find the folders")?;
    let folder = memory::folder(&dirs);
    platform::private_folder::ensure(&dirs.state).context("make the state folder")?;
    platform::private_folder::ensure(&folder).context("make the tray's folder")?;
    let _only_one = lock(&dirs)?;
    let _logs = logs::begin(&folder.join("logs"))?;
    let (events, happened) = mpsc::channel();
    let (asker, orders) = mpsc::channel();
    follow(&dirs, &events, orders)?;
    let desk = Desk::new(dirs, asker, events.clone());
    draw::run(events, Box::new(move |draw| desk.run(&happened, draw)));
    Ok(())
}

/// One tray a person: a second one ends.
fn lock(dirs: &Dirs) -> anyhow::Result<File> {
    let path = memory::folder(dirs).join("tray.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.with_context(|| format!("open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => anyhow::bail!("already running"),
        Err(TryLockError::Error(error)) => Err(error).context("lock the tray's folder"),
    }
}

/// Starts the two threads of the link, and what tells the desk of them.
fn follow(
    dirs: &Dirs,
    events: &mpsc::Sender<Event>,
    orders: mpsc::Receiver<link::Asked>,
) -> anyhow::Result<()> {
    let (heard, told) = mpsc::channel();
    let (hearing, hears) = (dirs.clone(), heard.clone());
    let asking = dirs.clone();
    let events = events.clone();
    let begin = |name: &str, what: Box<dyn FnOnce() + Send>| {
        let thread = thread::Builder::new().name(name.to_owned());
        thread.spawn(what).context("start a thread")
    };
    begin("hear", Box::new(move || link::hear(&hearing, &hears)))?;
    begin("ask", Box::new(move || link::ask(&asking, &orders, &heard)))?;
    let pass_on = move || {
        for heard in told {
            if events.send(Event::Heard(heard)).is_err() {
                return;
            }
        }
    };
    begin("tell", Box::new(pass_on))?;
    Ok(())
}
