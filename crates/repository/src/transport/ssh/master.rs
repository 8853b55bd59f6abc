//! One login kept between exchanges: an `ssh` in the foreground that serves later ones by a socket,
//! so that a poll does not log in anew. It ends with the process that started it.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::{Agent, Identity, Login, add_destination, as_control_path, common, settings};
use crate::exchange::{Exchange, LAST_WORDS_WAIT, Tail};
use crate::transport::child::not_started;
use crate::transport::process::{Process, until};
use crate::{TransferError, classify};

/// A dead link is noticed after this many unanswered questions, so many seconds apart.
const ALIVE_SECONDS: u32 = 15;
const ALIVE_COUNT_MAX: u32 = 2;

/// What ssh says where it is logged in and cannot serve others (`mux.c`).
const CANNOT_SERVE: [&str; 3] = [
    "disabling multiplexing",
    "unix_listener",
    "ControlPath too long",
];

/// The login of one clone's exchanges.
#[derive(Debug)]
pub(crate) struct Masters {
    /// Private; holds nothing but our sockets.
    folder: PathBuf,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    master: Option<Master>,
    /// How many were started: each has a socket of its own.
    started: u32,
    /// Sockets do not work here: each exchange logs in by itself.
    impossible: bool,
}

#[derive(Debug)]
struct Master {
    login: Login,
    socket: PathBuf,
    process: Process,
    words: Arc<Words>,
}

/// The last that a master said.
#[derive(Debug, Default)]
struct Words {
    said: Mutex<(Tail, bool)>,
    ended: Condvar,
}

/// How starting a master went.
enum Start {
    Ready(Master),
    /// It cannot serve others here.
    Impossible,
    /// The login failed; said why.
    Failed,
}

impl Masters {
    pub(crate) fn new(folder: PathBuf) -> Masters {
        Masters {
            folder,
            kept: Mutex::default(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The socket of a master for that login, which is started where none runs; `None`: each exchange
    /// logs in by itself, because sockets do not work here or the user keeps a login that is joined.
    ///
    /// # Errors
    /// Why the login failed.
    pub(super) fn through(
        &self,
        login: &Login,
        exchange: &Exchange,
    ) -> Result<Option<PathBuf>, TransferError> {
        let mut kept = self.kept();
        if let Some(master) = kept.master.as_mut().filter(|kept| kept.login == *login)
            && master.serves()
        {
            return Ok(Some(master.socket.clone()));
        }
        kept.master = None;
        if kept.impossible || settings::has_master(login, exchange) {
            return Ok(None);
        }
        kept.started = kept.started.wrapping_add(1);
        let socket = self.folder.join(kept.started.to_string());
        match Master::start(login, socket, exchange)? {
            Start::Ready(master) => {
                let socket = master.socket.clone();
                kept.master = Some(master);
                Ok(Some(socket))
            }
            Start::Impossible => {
                tracing::warn!("ssh cannot keep a login here; each exchange logs in");
                kept.impossible = true;
                Ok(None)
            }
            Start::Failed => {
                let ended = git2::Error::from_str("ssh ended before it was logged in");
                Err(classify::transfer(exchange, ended))
            }
        }
    }

    /// Ends the login; the next exchange starts another.
    pub(crate) fn end(&self) {
        self.kept().master = None;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Master {
    fn start(login: &Login, socket: PathBuf, exchange: &Exchange) -> Result<Start, TransferError> {
        let mut command = common(exchange)?;
        command
            .args(["-M", "-N", "-S", &as_control_path(&socket)])
            .args(["-o", "ControlPersist=no"])
            .args(["-o", &format!("ServerAliveInterval={ALIVE_SECONDS}")])
            .args(["-o", &format!("ServerAliveCountMax={ALIVE_COUNT_MAX}")]);
        // It ends when the login is done.
        let agent = match login.identity {
            Identity::Kept(_) => Some(Agent::with_kept_key(exchange)?),
            Identity::Own | Identity::File(_) => None,
        };
        if let Some(agent) = &agent {
            agent.add_to(&mut command);
        }
        settings::add_known_hosts(&mut command, login, exchange);
        add_destination(&mut command, login);
        let pipes = [Stdio::null(), Stdio::null(), Stdio::piped()];
        let started = Process::start(command, pipes, exchange.group);
        let mut process = started.map_err(|error| not_started(&error))?;
        let words = Words::listen(process.take_stderr());
        let mut master = Master {
            login: login.clone(),
            socket,
            process,
            words,
        };
        let mut ended = false;
        let mut cannot_serve = false;
        // The socket is there when the login is done.
        let waited = until(exchange.deadline, || {
            ended = master.process.ended().is_some();
            cannot_serve = master.words.hold(&CANNOT_SERVE);
            ended || cannot_serve || master.socket.exists()
        });
        if ended {
            master.words.wait_for_end();
            cannot_serve = master.words.hold(&CANNOT_SERVE);
        }
        if cannot_serve {
            return Ok(Start::Impossible);
        }
        if waited && !ended {
            return Ok(Start::Ready(master));
        }
        exchange.hear_stderr(master.words.text().as_bytes());
        Ok(Start::Failed)
    }

    fn serves(&mut self) -> bool {
        self.process.ended().is_none() && self.socket.exists()
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.process.end();
        // One that was killed leaves it.
        let _ = std::fs::remove_file(&self.socket);
    }
}

impl Words {
    fn listen(mut stderr: impl Read + Send + 'static) -> Arc<Words> {
        let words = Arc::new(Words::default());
        let heard = Arc::clone(&words);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                match stderr.read(&mut buffer) {
                    Ok(count @ 1..) => heard.said().0.push(&buffer[..count]),
                    Err(error) if error.kind() == ErrorKind::Interrupted => (),
                    Ok(0) | Err(_) => break,
                }
            }
            heard.said().1 = true;
            heard.ended.notify_all();
        });
        words
    }

    fn wait_for_end(&self) {
        let said = self.said();
        let waited = self
            .ended
            .wait_timeout_while(said, LAST_WORDS_WAIT, |(_, ended)| !*ended);
        drop(waited);
    }

    fn text(&self) -> String {
        self.said().0.text()
    }

    fn hold(&self, words: &[&str]) -> bool {
        let text = self.text();
        words.iter().any(|word| text.contains(word))
    }

    fn said(&self) -> MutexGuard<'_, (Tail, bool)> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
