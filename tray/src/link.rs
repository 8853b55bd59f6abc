//! The tray's end of the daemon's socket: hears what becomes known and asks for the rest, and comes
//! back for ever, less and less often up to a limit. It never starts a daemon by itself.

use std::sync::mpsc::{Receiver, Sender};
use std::thread;
use std::time::Duration;

use ipc::client::{AskError, Client};
use ipc::connection::ConnectError;
use platform::dirs::Dirs;
use protocol::answer::{Answer, Done, RepositoryState, ThreadSummary};
use protocol::hello::{Hello, Program, Speaks};
use protocol::request::{Context, Filter, ListThreads, Request};
use protocol::status::{RepositoryStatus, Status};
use protocol::update::Update;

use crate::model::{Known, Repository};

/// How long the daemon may take for an answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);

/// Between two attempts to reach the daemon: at first, and at most.
pub(crate) const AGAIN_MIN: Duration = Duration::from_millis(250);
/// See [`AGAIN_MIN`].
pub(crate) const AGAIN_MAX: Duration = Duration::from_secs(15);

/// How many threads of a repository are asked for; the menu shows fewer, and popups know the rest as
/// a count.
const THREADS_MAX: i64 = 200;

/// What the link tells.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The daemon is there, from here on its news is heard.
    Reached,
    /// It is not, and why.
    Lost(String),
    /// What became known.
    News(Update),
    /// What was asked for: all that is shown.
    Looked(Known),
    /// What somebody asked for was not done.
    Failed(String),
}

/// What the link is told to ask.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asked {
    /// All that is shown.
    Look,
    /// That, of each of these repositories, and then all that is shown.
    Each {
        /// Their names.
        repositories: Vec<String>,
        /// What is asked.
        request: Box<Request>,
    },
}

/// Hears the news, until nobody listens to it.
pub(crate) fn hear(dirs: &Dirs, heard: &Sender<Heard>) {
    let mut pause = AGAIN_MIN;
    loop {
        let why = match watch(dirs, heard) {
            Ok(Lost { why, was_served }) => {
                if was_served {
                    pause = AGAIN_MIN;
                }
                why
            }
            Err(NobodyListens) => return,
        };
        if heard.send(Heard::Lost(why)).is_err() {
            return;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(AGAIN_MAX);
    }
}

/// How a watch ended.
#[derive(Debug)]
struct Lost {
    why: String,
    was_served: bool,
}

/// The tray ends.
#[derive(Debug)]
struct NobodyListens;

fn watch(dirs: &Dirs, heard: &Sender<Heard>) -> Result<Lost, NobodyListens> {
    let lost = |why: String, was_served| Ok(Lost { why, was_served });
    let client = match Client::open(dirs, &hello()) {
        Ok(client) => client,
        Err(error) => return lost(words(&error), false),
    };
    let mut watch = match client.watch(Context::default()) {
        Ok(watch) => watch,
        Err(error) => return lost(error.to_string(), false),
    };
    loop {
        let told = match watch.next() {
            Ok(Update::Hello { .. }) => Heard::Reached,
            Ok(update) => Heard::News(update),
            Err(error) => return lost(error.to_string(), true),
        };
        heard.send(told).map_err(|_| NobodyListens)?;
    }
}

/// Asks what it is told to, until nobody tells it.
pub(crate) fn ask(dirs: &Dirs, orders: &Receiver<Asked>, heard: &Sender<Heard>) {
    let mut asker = Asker {
        dirs: dirs.clone(),
        client: None,
    };
    while let Ok(first) = orders.recv() {
        // Looks that were asked for meanwhile are one.
        let mut asked = vec![first];
        asked.extend(orders.try_iter());
        for one in asked {
            if let Asked::Each {
                repositories,
                request,
            } = &one
                && let Err(why) = asker.each(repositories, request)
                && heard.send(Heard::Failed(why)).is_err()
            {
                return;
            }
        }
        let told = match asker.look() {
            Ok(known) => Heard::Looked(known),
            Err(why) => Heard::Lost(why),
        };
        if heard.send(told).is_err() {
            return;
        }
    }
}

/// A connection that is made where there is none.
#[derive(Debug)]
struct Asker {
    dirs: Dirs,
    client: Option<Client>,
}

impl Asker {
    fn each(&mut self, repositories: &[String], request: &Request) -> Result<(), String> {
        for name in repositories {
            self.ask(Some(name), request.clone())?;
        }
        Ok(())
    }

    fn look(&mut self) -> Result<Known, String> {
        let done = self.ask(None, Request::Status)?;
        let Answer::Status(status) = done.answer else {
            return Err(unexpected());
        };
        let mut repositories = Vec::new();
        for one in &status.repositories {
            repositories.push(self.repository(one)?);
        }
        known(status, repositories)
    }

    fn repository(&mut self, status: &RepositoryStatus) -> Result<Repository, String> {
        let mut list = |filter, count| {
            if count == 0 {
                return Ok(Vec::new());
            }
            self.threads(&status.name, filter)
        };
        let turns = list(Filter::Mine, status.your_turn)?;
        let fresh = list(Filter::New, status.new_entries)?;
        Ok(Repository {
            name: status.name.clone(),
            state: status.state,
            trouble: status.trouble.clone(),
            paused_until: status.paused_until.clone(),
            is_settled: status.url.is_none()
                || status.last_fetch.is_some()
                || status.state == RepositoryState::Local,
            threads: status.threads,
            new_entries: status.new_entries,
            turns,
            fresh,
            muted: status.muted,
            muted_topics: status.muted_topics.clone(),
            folder: status.folder.clone(),
        })
    }

    fn threads(&mut self, name: &str, filter: Filter) -> Result<Vec<ThreadSummary>, String> {
        let request = Request::ListThreads(ListThreads {
            filter,
            limit: Some(THREADS_MAX),
            cursor: None,
        });
        let Answer::Threads(threads) = self.ask(Some(name), request)?.answer else {
            return Err(unexpected());
        };
        Ok(threads.threads)
    }

    /// Asks, on a new connection where the last one is gone.
    fn ask(&mut self, repository: Option<&str>, request: Request) -> Result<Done, String> {
        let context = Context {
            repository: repository.map(str::to_owned),
            ..Context::default()
        };
        if let Some(client) = &mut self.client {
            match client.ask(context.clone(), request.clone(), ANSWER_WAIT_MAX) {
                Ok(done) => return Ok(done),
                Err(AskError::Lost(_)) => self.client = None,
                Err(error) => return Err(error.to_string()),
            }
        }
        let client = Client::open(&self.dirs, &hello()).map_err(|error| words(&error))?;
        let client = self.client.insert(client);
        client
            .ask(context, request, ANSWER_WAIT_MAX)
            .map_err(|error| error.to_string())
    }
}

fn known(status: Status, repositories: Vec<Repository>) -> Result<Known, String> {
    let daemon = status.daemon.ok_or_else(unexpected)?;
    Ok(Known {
        version: daemon.version,
        protocol: daemon.protocol,
        user: daemon.user,
        notify: daemon.notify,
        trouble: daemon.trouble,
        repositories,
    })
}

/// The person's hello: no agent and no variable that was meant for one speaks here.
pub(crate) fn hello() -> Hello {
    Hello {
        environment: std::collections::BTreeMap::new(),
        ..ipc::caller::hello(Program::Tray, Speaks::Requests)
    }
}

fn words(error: &ConnectError) -> String {
    error.failure().message
}

fn unexpected() -> String {
    "the daemon answered something else than what was asked; restart it".to_owned()
}
