//! The hooks that answer at once: at the start of a session and at a prompt.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use protocol::answer::{Freshness, ThreadSummary};
use protocol::request::Filter;

use super::asking::Asking;
use super::client::Moment;
use super::memory::Memory;
use super::{notes, turns};

/// How long such a hook takes at most, from here on; source: the outside contract, section 4, less
/// what it takes to begin and to end a process.
const TIME_MAX: Duration = Duration::from_millis(35);

/// What is to be said, and what is remembered once it is said.
struct Said {
    note: Option<String>,
    memory: Memory,
    cursor: Option<String>,
}

/// Says what waits.
pub(crate) fn session_start(asking: Asking) {
    say(asking, Moment::SessionStart, look_at_start);
}

/// Says what is new since the session was told last.
pub(crate) fn prompt(asking: Asking) {
    say(asking, Moment::Prompt, look_at_prompt);
}

/// What is not known in time is not said: the client waits for this process.
fn say(asking: Asking, moment: Moment, look: fn(&Asking, Instant) -> Option<Said>) {
    let deadline = Instant::now() + TIME_MAX;
    let client = asking.client;
    let (send, found) = channel();
    let looking = thread::Builder::new().spawn(move || {
        let said = look(&asking.told(), deadline);
        // Nobody hears it where the time is over.
        let _ = send.send(said);
    });
    if looking.is_err() {
        return;
    }
    let left = deadline.saturating_duration_since(Instant::now());
    let Ok(Some(said)) = found.recv_timeout(left) else {
        return;
    };
    if let Some(note) = said.note {
        let output = client.output(moment, &note);
        let mut stdout = io::stdout().lock();
        let written = stdout
            .write_all(output.as_bytes())
            .and_then(|()| stdout.flush());
        if written.is_err() {
            return;
        }
    }
    if let Some(cursor) = said.cursor {
        said.memory.tell(&cursor);
    }
    if moment == Moment::SessionStart {
        said.memory.forget_old();
    }
}

fn look_at_start(asking: &Asking, deadline: Instant) -> Option<Said> {
    let memory = Memory::of(asking.memory(), &asking.session);
    let mut daemon = asking.daemon(deadline.saturating_duration_since(Instant::now()))?;
    // Before the lists: what arrives after them is told at the next prompt.
    let arrived = turns::updates(&mut daemon, None, 0, deadline)
        .ok()
        .flatten();
    let mine = turns::threads(&mut daemon, Filter::Mine, deadline)?;
    let new = turns::threads(&mut daemon, Filter::New, deadline)?;
    let new: Vec<ThreadSummary> = new
        .threads
        .threads
        .into_iter()
        .filter(|thread| !thread.your_turn)
        .collect();
    let as_of = as_of(&mine.threads.freshness);
    Some(Said {
        note: notes::of_start(&mine.repository, as_of, &mine.threads.threads, &new),
        memory,
        cursor: arrived.map(|arrived| arrived.updates.cursor),
    })
}

fn look_at_prompt(asking: &Asking, deadline: Instant) -> Option<Said> {
    let memory = Memory::of(asking.memory(), &asking.session);
    let mut daemon = asking.daemon(deadline.saturating_duration_since(Instant::now()))?;
    let told = memory.told();
    let arrived = turns::updates(&mut daemon, told.as_deref(), 0, deadline).ok()??;
    let mut updates = arrived.updates;
    if !updates.updates.is_empty() {
        // What the agent has read since is no news.
        let unread = turns::threads(&mut daemon, Filter::New, deadline)?.threads;
        let is_whole = unread.next_cursor.is_none();
        let unread: HashSet<&str> = unread.threads.iter().map(|it| it.topic.as_str()).collect();
        let kept = |topic: &str| !is_whole || unread.contains(topic);
        updates.updates.retain(|update| kept(&update.topic));
    }
    let as_of = as_of(&updates.freshness);
    Some(Said {
        note: notes::of_prompt(&arrived.repository, as_of, &updates.updates),
        cursor: Some(updates.cursor).filter(|cursor| told.as_ref() != Some(cursor)),
        memory,
    })
}

fn as_of(freshness: &Freshness) -> Option<&str> {
    let as_of = freshness.as_of.as_deref();
    as_of.filter(|_| freshness.stale)
}
