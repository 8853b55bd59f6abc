//! Many operations on one file in linear time: the file is read once, and then only added to.

use std::collections::HashSet;

use super::{append, apply, time_written, with_changes};
use crate::apply::Applied;
use crate::entry::{Entry, Source};
use crate::fence::OpenFence;
use crate::header::Header;
use crate::header_edit::line_break;
use crate::id_comment::all_ids;
use crate::lines::python_lines;
use crate::operation::Operation;
use crate::parse::parse;
use crate::print::print_entry;
use crate::thread::Thread;

/// What [`apply`] makes of the file with one operation after the other; `None` where there is no
/// file and no operation.
pub fn apply_all<'operations>(
    operations: impl IntoIterator<Item = &'operations Operation>,
    mut file: Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let mut operations = operations.into_iter();
    // The first may make the thread. From then on there is one, which grows.
    if let Some(first) = operations.next()
        && let Applied::Changed(changed) = apply(first, file.as_deref())
    {
        file = Some(changed);
    }
    let mut growing = None;
    for operation in operations {
        let bytes = file.take().unwrap_or_default();
        let mut thread = match growing.take() {
            Some(growing) => growing,
            None => match Growing::of(&bytes) {
                Some(growing) => growing,
                None => {
                    file = match apply(operation, Some(&bytes)) {
                        Applied::Present => Some(bytes),
                        Applied::Changed(changed) => Some(changed),
                    };
                    continue;
                }
            },
        };
        thread.take(operation);
        growing = Some(thread);
    }
    growing.map(Growing::into_bytes).or(file)
}

/// A thread's file in two parts, of which the second only grows.
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

    fn take(&mut self, operation: &Operation) {
        if self.ids.contains(operation.id.plain().as_bytes()) {
            return;
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
        let mut fence = OpenFence::default();
        for line in python_lines(entry.as_bytes()) {
            fence.holds(line.text(entry.as_bytes()));
        }
        self.thread.fence = fence.get();
        self.ids.insert(operation.id.plain().as_bytes().to_vec());
        self.ids
            .extend(all_ids(entry.as_bytes()).map(<[u8]>::to_vec));
        let last = self.thread.newest().expect("it began with an entry");
        let mut next: Entry = last.clone();
        next.id = Some(operation.id.clone());
        next.timestamp = Some(written);
        self.thread.entries.push(next);
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.head.append(&mut self.rest);
        self.head
    }
}
