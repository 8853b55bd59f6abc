//! The end of the daemon's socket that one thread's window has: reads the thread when something was
//! heard of it, and sends what the person wrote.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use ipc::client::{AskError, Client};
use platform::dirs::Dirs;
use protocol::answer::{Answer, Entry, Thread, Written};
use protocol::failure::{Failure, FailureCode};
use protocol::request::{Context, MarkRead, ReadThread, Request};
use protocol::update::Update;

use crate::link::{AGAIN_MAX, AGAIN_MIN, hello};

/// How long the daemon may take for an answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);

/// How many entries are shown, and how many more a click on *Earlier* brings.
pub(super) const ENTRIES_LEN: u64 = 50;

/// How many characters of bodies are asked for at once.
const PAGE_CHARS: i64 = 200_000;

/// How many pages one reading takes at most.
const PAGES_MAX: usize = 40;

/// What the window is told.
#[derive(Debug)]
pub(super) enum Heard {
    /// How the thread stands.
    Read(Box<Thread>),
    /// It could not be read.
    Unread(Failure),
    /// What the person wrote is durable here.
    Written(Box<Written>),
    /// It is not.
    Unwritten(Failure),
    /// The daemon is not reached, and why.
    Lost(String),
    /// It is.
    Reached,
}

/// What the window asks.
#[derive(Debug)]
pub(super) enum Order {
    /// The thread as it stands.
    Read,
    /// The same, with more of its earlier entries.
    ReadEarlier,
    /// They were shown.
    Mark,
    /// A new entry.
    Write(Box<Request>),
}

/// Which thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// Its repository.
    pub(crate) repository: String,
    /// Its name.
    pub(crate) topic: String,
}

impl Place {
    fn context(&self) -> Context {
        Context {
            repository: Some(self.repository.clone()),
            ..Context::default()
        }
    }
}

/// Tells whenever something was heard of the thread, until nobody listens.
pub(super) fn hear(
    dirs: &Dirs,
    place: &Place,
    tell: impl Fn(Heard) -> bool,
    look: impl Fn() -> bool,
) {
    let mut pause = AGAIN_MIN;
    loop {
        let watch = Client::open(dirs, &hello()).map_err(|error| error.failure().message);
        let watch = watch.and_then(|client| {
            let watch = client.watch(place.context());
            watch.map_err(|error| error.to_string())
        });
        let why = match watch {
            Err(why) => why,
            Ok(mut watch) => loop {
                match watch.next() {
                    Ok(Update::Hello { .. }) => {
                        pause = AGAIN_MIN;
                        if !tell(Heard::Reached) || !look() {
                            return;
                        }
                    }
                    Ok(update) => {
                        if concerns(&update, place) && !look() {
                            return;
                        }
                    }
                    Err(error) => break error.to_string(),
                }
            },
        };
        if !tell(Heard::Lost(why)) {
            return;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(AGAIN_MAX);
    }
}

fn concerns(update: &Update, place: &Place) -> bool {
    match update {
        Update::Entry { topic, .. } | Update::Ball { topic, .. } => *topic == place.topic,
        Update::State { .. } | Update::Hello { .. } => true,
        Update::Counts { .. } => false,
    }
}

/// Does what the window asks, until it asks no more.
pub(super) fn ask(
    dirs: &Dirs,
    place: &Place,
    orders: &Receiver<Order>,
    tell: impl Fn(Heard) -> bool,
) {
    let mut asker = Asker {
        dirs,
        place,
        client: None,
        count: ENTRIES_LEN,
    };
    while let Ok(order) = orders.recv() {
        let told = match order {
            Order::Read => asker.told(),
            Order::ReadEarlier => {
                asker.count += ENTRIES_LEN;
                asker.told()
            }
            Order::Mark => {
                let topics = vec![place.topic.clone()];
                // It stays new, and is marked the next time.
                let _unmarked = asker.ask(Request::MarkRead(MarkRead { topics, all: false }));
                continue;
            }
            Order::Write(request) => {
                let answer = asker.ask(*request);
                if let Ok(Answer::Written(written)) = answer {
                    Heard::Written(Box::new(written))
                } else {
                    Heard::Unwritten(answer.err().unwrap_or_else(unexpected))
                }
            }
        };
        if !tell(told) {
            return;
        }
    }
}

struct Asker<'a> {
    dirs: &'a Dirs,
    place: &'a Place,
    client: Option<Client>,
    /// How many of the newest entries are wanted.
    count: u64,
}

impl Asker<'_> {
    fn told(&mut self) -> Heard {
        match self.read() {
            Ok(thread) => Heard::Read(Box::new(thread)),
            Err(failure) => Heard::Unread(failure),
        }
    }

    /// The newest entries with their whole bodies.
    fn read(&mut self) -> Result<Thread, Failure> {
        let mut whole = self.page(Some(0), None, true)?;
        let mut next = Some(whole.total_entries.saturating_sub(self.count));
        let mut offset = None;
        let mut entries: Vec<Arc<Entry>> = Vec::new();
        for _ in 0..PAGES_MAX {
            let Some(from) = next.filter(|_| whole.total_entries > 0) else {
                break;
            };
            let page = self.page(i64::try_from(from).ok(), offset, false)?;
            let mut arrived = page.entries.into_iter().peekable();
            if offset.is_some()
                && let (Some(last), Some(rest)) = (entries.last_mut(), arrived.next())
            {
                Arc::make_mut(last).body.push_str(&rest.body);
            }
            entries.extend(arrived);
            next = page.next_entry;
            offset = page.next_body_offset.and_then(|at| i64::try_from(at).ok());
        }
        whole.entries = entries;
        Ok(whole)
    }

    fn page(
        &mut self,
        from_entry: Option<i64>,
        body_offset: Option<i64>,
        is_summary: bool,
    ) -> Result<Thread, Failure> {
        let request = Request::ReadThread(ReadThread {
            topic: self.place.topic.clone(),
            from_entry,
            limit: Some(if is_summary { 1 } else { 100 }),
            max_chars: Some(PAGE_CHARS),
            body_offset,
            without_bodies: is_summary,
            unmarked: true,
            ..ReadThread::default()
        });
        let Answer::Thread(thread) = self.ask(request)? else {
            return Err(unexpected());
        };
        Ok(thread)
    }

    /// Asks, on a new connection where the last one is gone.
    fn ask(&mut self, request: Request) -> Result<Answer, Failure> {
        let context = self.place.context();
        if let Some(client) = &mut self.client {
            match client.ask(context.clone(), request.clone(), ANSWER_WAIT_MAX) {
                Ok(done) => return Ok(done.answer),
                Err(AskError::Lost(_)) => self.client = None,
                Err(error) => return Err(error.failure()),
            }
        }
        let client = Client::open(self.dirs, &hello()).map_err(|error| error.failure())?;
        let client = self.client.insert(client);
        let done = client.ask(context, request, ANSWER_WAIT_MAX);
        done.map(|done| done.answer)
            .map_err(|error| error.failure())
    }
}

fn unexpected() -> Failure {
    Failure::new(
        FailureCode::VersionMismatch,
        "the daemon answered something else than what was asked",
        "Restart the daemon, so that it and this window are of one version.",
    )
}

/// Begins both ends, each in a thread of its own; what they tell wakes the window. What comes back
/// takes orders.
pub(super) fn begin(
    dirs: &Dirs,
    place: &Place,
    heard: &Sender<Heard>,
    wake: &egui::Context,
) -> Sender<Order> {
    let (orders, ordered) = mpsc::channel();
    let teller = || {
        let (heard, wake) = (heard.clone(), wake.clone());
        move |told: Heard| {
            let is_heard = heard.send(told).is_ok();
            wake.request_repaint();
            is_heard
        }
    };
    let (hearing, at, told, looks) = (dirs.clone(), place.clone(), teller(), orders.clone());
    thread::spawn(move || hear(&hearing, &at, told, || looks.send(Order::Read).is_ok()));
    let (asking, at, told) = (dirs.clone(), place.clone(), teller());
    thread::spawn(move || ask(&asking, &at, &ordered, told));
    orders
}
