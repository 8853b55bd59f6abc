//! Many operations on one file in linear time: the file is read once, and then only added to.

use std::collections::HashSet;

use super::{append, apply, joined, time_written, with_changes};
use crate::apply::Applied;
use crate::entry::{Entry, Source};
use crate::fence::open_fence;
use crate::header::Header;
use crate::header_edit::line_break;
use crate::id_comment::all_ids;
use crate::operation::Operation;
use crate::parse::parse;
use crate::print::print_entry;
use crate::thread::Thread;

/// What [`apply`] makes of the file with one operation after the other; `None` where there is no
/// file and no operation.
pub fn apply_all<'operations>(
    operations: impl IntoIterator<Item = &'operations Operation>,
    file: Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let mut growth = Growth::of(file);
    for operation in operations {
        growth.take(operation);
    }
    growth.into_bytes()
}

/// A file that takes operations, one after the other, as [`apply`] would put them in.
#[derive(Debug)]
pub struct Growth {
    /// None also while it is `growing`.
    file: Option<Vec<u8>>,
    growing: Option<Growing>,
    /// The first operation may make the thread. From then on there is one, which grows.
    begun: bool,
}

impl Growth {
    /// Of a file's bytes; `None` where there is no file.
    #[must_use]
    pub fn of(file: Option<Vec<u8>>) -> Self {
        Self {
            file,
            growing: None,
            begun: false,
        }
    }

    /// Puts an operation in; false where its entry stands there already.
    pub fn take(&mut self, operation: &Operation) -> bool {
        // It may be about any part of the file.
        if operation.edit.is_some()
            && let Some(growing) = self.growing.take()
        {
            self.file = Some(growing.into_bytes());
        }
        if operation.edit.is_none() && self.begun && self.growing.is_none() {
            self.growing = self.file.as_deref().and_then(Growing::of);
            if self.growing.is_some() {
                self.file = None;
            }
        }
        self.begun = true;
        if let Some(growing) = &mut self.growing {
            return growing.take(operation);
        }
        match apply(operation, self.file.as_deref()) {
            Applied::Present => false,
            Applied::Changed(changed) => {
                self.file = Some(changed);
                true
            }
        }
    }

    /// The file's bytes now.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match &self.growing {
            Some(growing) => Some([growing.head.as_slice(), &growing.rest].concat()),
            None => self.file.clone(),
        }
    }

    /// This file under the name of another: there it is the same or, where the name is taken, its
    /// entries stand behind the other's, each once.
    #[must_use]
    pub fn moved_onto(self, there: Growth) -> Growth {
        let file = match (self.into_bytes(), there.into_bytes()) {
            (Some(from), Some(there)) => Some(joined(&from, there)),
            (from, there) => from.or(there),
        };
        Growth::of(file)
    }

    /// The file's bytes in the end.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        self.growing.map(Growing::into_bytes).or(self.file)
    }
}

/// A thread's file in two parts, of which the second only grows.
#[derive(Debug)]
struct Growing {
    /// What stands before the first `Entry:` line.
    head: Vec<u8>,
    /// The rest.
    rest: Vec<u8>,
    /// Over the head alone; of its entries, only ID and time are those of the file.
    thread: Thread,
    /// Of every ID comment in the file.
    ids: HashSet<Vec<u8>>,
}

impl Growing {
    /// None for a file whose line ends its head does not show, or that has no entry.
    fn of(bytes: &[u8]) -> Option<Self> {
        let (thread, _problems) = parse(bytes);
        let (head, rest) = bytes.split_at(thread.entries().first()?.start());
        head.contains(&b'\n').then(|| Self {
            head: head.to_vec(),
            rest: rest.to_vec(),
            thread: Thread {
                source: Source(head.into()),
                ..thread
            },
            ids: all_ids(bytes).map(<[u8]>::to_vec).collect(),
        })
    }

    fn take(&mut self, operation: &Operation) -> bool {
        if self.ids.contains(operation.id.plain().as_bytes()) {
            return false;
        }
        let written = time_written(operation, &self.thread);
        let head = with_changes(operation, &self.thread, &self.head);
        if head != self.head {
            self.thread.header = Header::read(&head, head.len());
            self.thread.source = Source(head.as_slice().into());
            self.head = head;
        }
        let entry = print_entry(operation, written);
        append(
            &mut self.rest,
            self.thread.fence,
            &entry,
            line_break(&self.head),
        );
        self.thread.fence = open_fence(entry.as_bytes());
        self.ids.insert(operation.id.plain().as_bytes().to_vec());
        self.ids
            .extend(all_ids(entry.as_bytes()).map(<[u8]>::to_vec));
        let last = self.thread.newest().expect("it began with an entry");
        let mut next: Entry = last.clone();
        next.id = Some(operation.id.clone());
        next.timestamp = Some(written);
        self.thread.entries.push(next);
        true
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.head.append(&mut self.rest);
        self.head
    }
}
