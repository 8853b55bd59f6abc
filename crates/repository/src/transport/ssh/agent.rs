//! An ssh agent of our own for one login: it holds the kept key alone, in memory, and ends with the
//! login.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::exchange::Exchange;
use crate::transport::child::{not_started, run};
use crate::transport::process::{Process, until};
use crate::transport::program_missing;
use crate::{Given, Kind, TransferError, program};

/// The most that handing the key to the agent may take.
const HAND_OVER_WAIT_MAX: Duration = Duration::from_secs(10);

/// For how long the agent keeps the key, whatever happens to us, in seconds.
const KEY_SECONDS_MAX: u32 = 120;

/// The most that the agent's public keys may take, in bytes.
const PUBLIC_KEY_BYTES_MAX: u64 = 64 << 10;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A running agent.
#[derive(Debug)]
pub(crate) struct Agent {
    process: Process,
    socket: PathBuf,
    /// The public half, by which ssh picks the agent's key and no other.
    public: PathBuf,
}

impl Agent {
    /// One that holds the key that is kept for the exchange's remote.
    ///
    /// # Errors
    /// Why there is no key, or no agent.
    pub(super) fn with_kept_key(exchange: &Exchange) -> Result<Agent, TransferError> {
        let folder = exchange.masters.as_ref().map(|masters| masters.folder());
        let folder = folder.ok_or_else(|| not_held(exchange, "this system has no place for it"))?;
        let kept = exchange.ways.kept.as_ref();
        let kept = kept.ok_or_else(|| not_held(exchange, "there is none"))?;
        // The key comes last, so that it waits for nothing.
        let agent = Agent::start(exchange, folder)?;
        match kept.hand_over()? {
            Given::Key(key) => agent.hold(key.as_bytes(), exchange)?,
            Given::Password { .. } => return Err(not_held(exchange, "it is no key")),
        }
        Ok(agent)
    }

    fn start(exchange: &Exchange, folder: &Path) -> Result<Agent, TransferError> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let socket = folder.join(format!("a{number}"));
        let program = program::find("ssh-agent").ok_or_else(|| program_missing("ssh-agent"))?;
        let mut command = Command::new(program);
        command
            .arg("-D")
            .args(["-t", &KEY_SECONDS_MAX.to_string(), "-a"])
            .arg(&socket);
        let pipes = [Stdio::null(), Stdio::null(), Stdio::null()];
        let process = Process::start(command, pipes, exchange.group);
        let process = process.map_err(|error| not_started(&error))?;
        let public = folder.join(format!("p{number}"));
        let mut agent = Agent {
            process,
            socket,
            public,
        };
        let mut ended = false;
        until(exchange.deadline, || {
            ended = agent.process.ended().is_some();
            ended || agent.socket.exists()
        });
        if ended || !agent.socket.exists() {
            return Err(not_held(exchange, "the ssh agent did not start"));
        }
        Ok(agent)
    }

    fn hold(&self, key: &[u8], exchange: &Exchange) -> Result<(), TransferError> {
        let program = program::find("ssh-add").ok_or_else(|| program_missing("ssh-add"))?;
        let ask = |arguments: &[&str], input: &[u8]| {
            let mut command = Command::new(&program);
            command
                .args(arguments)
                .env("SSH_AUTH_SOCK", &self.socket)
                .env("SSH_ASKPASS_REQUIRE", "never")
                .env_remove("SSH_ASKPASS");
            let limit = exchange.remaining().min(HAND_OVER_WAIT_MAX);
            let ran = run(command, input, limit, PUBLIC_KEY_BYTES_MAX, exchange.group);
            ran.ok().filter(|ran| ran.status.success())
        };
        ask(&["-q", "-"], key).ok_or_else(|| not_held(exchange, "ssh does not take it"))?;
        let public = ask(&["-L"], b"");
        let public = public.ok_or_else(|| not_held(exchange, "the ssh agent does not show it"))?;
        fs::write(&self.public, public.stdout)
            .map_err(|error| not_held(exchange, &error.to_string()))
    }

    /// Makes ssh use this agent's key and no other.
    pub(super) fn add_to(&self, command: &mut Command) {
        let socket = self.socket.to_string_lossy().replace('%', "%%");
        command
            .args(["-o", "IdentitiesOnly=yes", "-o"])
            .arg(format!("IdentityAgent=\"{socket}\""))
            .arg("-i")
            .arg(&self.public);
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.process.end();
        // One that was killed leaves it.
        let _ = fs::remove_file(&self.socket);
        let _ = fs::remove_file(&self.public);
    }
}

fn not_held(exchange: &Exchange, why: &str) -> TransferError {
    TransferError::new(
        Kind::CredentialMissing,
        format!(
            "the key that is kept for {} cannot be used: {why}",
            exchange.url
        ),
        "let ssh_key name a key file instead, or use your own ssh agent",
    )
}
