//! Judges what a person wrote into a thread's file: what is new becomes operations, and what cannot
//! be told from a slip is kept in full.

use std::cmp::Reverse;
use std::collections::HashSet;

use threads::check::{check_body, check_entry_type, check_role, check_title};
use threads::entry::Entry;
use threads::entry_id::EntryId;
use threads::operation::{CodeTrailers, NewThread, OPERATION_FORMAT, Operation, Seen};
use threads::parse::parse;
use threads::thread::Thread;
use threads::timestamp::Timestamp;
use threads::topic::Topic;

/// What a person wrote, and what it is compared with.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// Whose file it is.
    pub(crate) topic: &'a Topic,
    /// The file.
    pub(crate) text: &'a [u8],
    /// What the file may have held before, the newest last.
    pub(crate) bases: &'a [Vec<u8>],
    /// What is shown of the thread; empty where there is none.
    pub(crate) shown: &'a [u8],
    /// Who is at this machine: `Human (alice)`.
    pub(crate) person: &'a str,
    pub(crate) now: Timestamp,
    /// The tip that is shown.
    pub(crate) made_on: Option<String>,
}

/// What it comes to.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// In order; what a repeated judgement makes the same again but for its IDs.
    pub(crate) operations: Vec<Operation>,
    /// The text holds something that is in none of them.
    pub(crate) keep: bool,
}

/// Judges; `mint` makes the IDs of entries without one.
pub(crate) fn judge(question: &Question<'_>, mint: impl Fn() -> EntryId) -> Judged {
    let (edited, _) = parse(question.text);
    let bases: Vec<Thread> = question.bases.iter().map(|base| parse(base).0).collect();
    let (shown, _) = parse(question.shown);
    let known = Known::of(bases.iter().chain([&shown]));
    let mut judged = Judged::default();
    for entry in edited.entries() {
        match known.judge(entry) {
            Standing::Known => (),
            Standing::Changed => judged.keep = true,
            Standing::New => match said(question, entry, &shown, &mint) {
                Some(operation) => judged.operations.push(operation),
                None => judged.keep = true,
            },
        }
    }
    let base = closest(&bases, &edited).map(|at| (&bases[at], &question.bases[at]));
    match base {
        Some((base, bytes)) => {
            let (was, is) = (head(base, bytes), head(&edited, question.text));
            if was == is {
                let fields = changed_fields(question, base, &edited, &shown);
                judged.operations.extend(fields.map(|operation| Operation {
                    id: mint(),
                    ..operation
                }));
            } else {
                judged.keep |= !was.starts_with(&is);
            }
        }
        None => {
            if let Some(first) = judged.operations.first_mut() {
                first.creates = Some(NewThread {
                    title: edited.title(),
                    form: edited.form(),
                    ball: edited.ball(),
                    status: edited.status(),
                });
            }
        }
    }
    judged
}

struct Known {
    raw: HashSet<String>,
    ids: HashSet<EntryId>,
    begins: HashSet<(String, Option<Timestamp>)>,
}

enum Standing {
    Known,
    Changed,
    New,
}

impl Known {
    fn of<'a>(threads: impl Iterator<Item = &'a Thread>) -> Self {
        let mut known = Self {
            raw: HashSet::new(),
            ids: HashSet::new(),
            begins: HashSet::new(),
        };
        for entry in threads.flat_map(Thread::entries) {
            known.raw.insert(normal(entry.raw()));
            known.ids.extend(entry.id.clone());
            known.begins.insert((entry.agent.clone(), entry.timestamp));
        }
        known
    }

    fn judge(&self, entry: &Entry) -> Standing {
        if self.raw.contains(&normal(entry.raw())) {
            return Standing::Known;
        }
        // An editor, or a full disk, has stopped in the middle of it.
        let half = normal(entry.raw());
        if self.raw.iter().any(|whole| whole.starts_with(&half)) {
            return Standing::Known;
        }
        let is_known = match &entry.id {
            Some(id) => self.ids.contains(id),
            None => self
                .begins
                .contains(&(entry.agent.clone(), entry.timestamp)),
        };
        if is_known {
            Standing::Changed
        } else {
            Standing::New
        }
    }
}

fn normal(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    text.trim_end().to_owned()
}

fn is_field(line: &str) -> bool {
    let key = line.split(':').next().unwrap_or_default().to_lowercase();
    matches!(key.trim(), "status" | "ball")
}

/// What stands before the entries, but for the fields that an operation can change.
fn head(thread: &Thread, bytes: &[u8]) -> String {
    let text = normal(&bytes[..thread.entries_start()]);
    let lines: Vec<&str> = text.lines().filter(|line| !is_field(line)).collect();
    lines.join("\n")
}

/// The place of the base with the fewest changes; of several the newest.
fn closest(bases: &[Thread], edited: &Thread) -> Option<usize> {
    let raw = |thread: &Thread| -> HashSet<Vec<u8>> {
        thread
            .entries()
            .iter()
            .map(|entry| entry.raw().to_vec())
            .collect()
    };
    let is = raw(edited);
    (0..bases.len()).max_by_key(|at| {
        let base = &bases[*at];
        let entries = raw(base).symmetric_difference(&is).count();
        let status = usize::from(base.status() != edited.status());
        let ball = usize::from(base.ball() != edited.ball());
        Reverse(entries + status + ball)
    })
}

/// None where it cannot be written as an operation.
fn said(
    question: &Question<'_>,
    entry: &Entry,
    shown: &Thread,
    mint: &impl Fn() -> EntryId,
) -> Option<Operation> {
    let title = check_title(&entry.title).unwrap_or_else(|_| "Note".to_owned());
    let is_whole = title == entry.title || entry.title.is_empty();
    let body = check_body(&entry.body()).ok().filter(|_| is_whole)?;
    let agent = if entry.agent.is_empty() {
        question.person.to_owned()
    } else {
        entry.agent.clone()
    };
    Some(Operation {
        id: entry.id.clone().unwrap_or_else(mint),
        timestamp: entry.timestamp.unwrap_or(question.now),
        role: check_role(&entry.role).unwrap_or_else(|_| "pm".to_owned()),
        entry_type: check_entry_type(&entry.entry_type).unwrap_or_else(|_| "Note".to_owned()),
        title,
        body,
        agent,
        ..blank(question, shown)
    })
}

fn changed_fields(
    question: &Question<'_>,
    base: &Thread,
    edited: &Thread,
    shown: &Thread,
) -> Option<Operation> {
    let changed = |was: String, is: String| (was != is && !is.is_empty()).then_some(is);
    let status = changed(base.status(), edited.status());
    let ball = changed(base.ball(), edited.ball());
    let title = match (&status, &ball) {
        (Some(status), _) => format!("Status: {status}"),
        (None, Some(ball)) => format!("Handoff to {ball}"),
        (None, None) => return None,
    };
    let before = blank(question, shown);
    Some(Operation {
        title,
        status,
        ball,
        seen: Seen {
            ball: Some(base.ball()),
            status: Some(base.status()),
            ..before.seen.clone()
        },
        ..before
    })
}

fn blank(question: &Question<'_>, shown: &Thread) -> Operation {
    Operation {
        format: OPERATION_FORMAT,
        id: EntryId::parse("none").expect("letters are an Entry-ID"),
        topic: question.topic.clone(),
        agent: question.person.to_owned(),
        timestamp: question.now,
        role: "pm".to_owned(),
        entry_type: "Note".to_owned(),
        title: String::new(),
        body: String::new(),
        ball: None,
        status: None,
        creates: None,
        seen: Seen {
            ball: Some(shown.ball()),
            status: Some(shown.status()),
            newest: shown.newest().and_then(|entry| entry.id.clone()),
            entries_len: shown.entries().len() as u64,
        },
        made_on: question.made_on.clone(),
        code: CodeTrailers::default(),
        key: None,
        arguments_digest: None,
    }
}

#[cfg(test)]
mod tests;
