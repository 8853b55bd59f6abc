//! No text makes a reader see another entry, author, time, role, title, ID, status or ball.

use proptest::collection::vec;
use proptest::prelude::*;
use threads::apply::{Applied, apply};
use threads::check::check_body;
use threads::header::HeaderForm;
use threads::operation::Seen;
use threads::parse::parse;

use crate::generate::{Write, form, id, write};
use crate::python::{self, Version};

/// The state of a thread after some writes, as it should be read.
#[derive(Debug, Default)]
struct Expected {
    ball: String,
    status: String,
    entries: Vec<Write>,
}

/// What stands in the file after these writes, each of whose writers had seen the ones before.
fn written(start: Option<&[u8]>, form: HeaderForm, writes: &[Write]) -> (Vec<u8>, Expected) {
    let mut file = start.map(<[u8]>::to_vec);
    let thread = parse(start.unwrap_or_default()).0;
    let or = |value: String, other: &str| {
        if value.is_empty() {
            other.to_owned()
        } else {
            value
        }
    };
    let mut expected = Expected {
        ball: or(thread.ball(), "Team"),
        status: or(thread.status(), "OPEN"),
        entries: Vec::new(),
    };
    for (at, write) in writes.iter().enumerate() {
        let thread = parse(file.as_deref().unwrap_or_default()).0;
        let seen = Seen {
            ball: Some(thread.ball()),
            status: Some(thread.status()),
            newest: None,
            entries_len: thread.entries().len() as u64,
        };
        let applied = apply(&write.operation(at, form, seen), file.as_deref());
        let Applied::Changed(changed) = applied else {
            panic!("the ID is new")
        };
        file = Some(changed);
        write
            .ball
            .unwrap_or(&expected.ball.clone())
            .clone_into(&mut expected.ball);
        expected.status = write.status.unwrap_or(&expected.status).to_uppercase();
        expected.entries.push(write.clone());
    }
    (file.unwrap_or_default(), expected)
}

fn check(file: &[u8], expected: &Expected, foreign: usize) -> Result<(), TestCaseError> {
    check_ours(file, expected, foreign)?;
    for version in [Version::Older, Version::Newer] {
        check_python(file, expected, version, foreign)?;
    }
    Ok(())
}

fn check_ours(file: &[u8], expected: &Expected, foreign: usize) -> Result<(), TestCaseError> {
    let (thread, _) = parse(file);
    prop_assert_eq!(thread.print(), file);
    prop_assert_eq!(thread.ball(), expected.ball.as_str());
    prop_assert_eq!(thread.status(), expected.status.as_str());
    prop_assert_eq!(thread.entries().len(), foreign + expected.entries.len());
    for (at, (entry, write)) in thread.entries()[foreign..]
        .iter()
        .zip(&expected.entries)
        .enumerate()
    {
        prop_assert_eq!(entry.id.as_ref(), Some(&id(at)));
        prop_assert_eq!(&entry.agent, &write.agent);
        prop_assert_eq!(&entry.role, write.role);
        prop_assert_eq!(&entry.entry_type, write.entry_type);
        prop_assert_eq!(&entry.title, &write.title);
        prop_assert_eq!(entry.body(), check_body(&write.body).unwrap_or_default());
    }
    Ok(())
}

fn check_python(
    file: &[u8],
    expected: &Expected,
    version: Version,
    foreign: usize,
) -> Result<(), TestCaseError> {
    let ours = parse(file).0;
    let times: Vec<_> = ours.entries()[foreign..]
        .iter()
        .map(|entry| {
            entry
                .timestamp
                .map(|time| time.to_string())
                .unwrap_or_default()
        })
        .collect();
    let entries = python::entries(file, version);
    let skipped = entries.len().checked_sub(expected.entries.len());
    prop_assert!(
        skipped.is_some_and(|skipped| skipped <= foreign),
        "{entries:?}"
    );
    let entries = &entries[skipped.unwrap_or_default()..];
    for (at, (entry, write)) in entries.iter().zip(&expected.entries).enumerate() {
        prop_assert_eq!(&entry.agent, &write.agent);
        prop_assert_eq!(&entry.timestamp, &times[at]);
        prop_assert_eq!(entry.role.as_deref(), Some(write.role));
        prop_assert_eq!(entry.entry_type.as_deref(), Some(write.entry_type));
        prop_assert_eq!(entry.id.clone(), Some(id(at).to_string()));
        let marked = ours.entries()[foreign + at].is_escaped();
        if !marked {
            prop_assert_eq!(entry.title.as_deref(), Some(write.title.as_str()));
            let body = check_body(&write.body).unwrap_or_default();
            prop_assert!(entry.body.starts_with(&body), "{:?} {body:?}", entry.body);
        }
    }
    for digits in [false, true] {
        let meta = python::meta(file, version, digits);
        prop_assert_eq!(&meta.ball, &expected.ball);
        prop_assert_eq!(meta.status.to_uppercase(), expected.status.as_str());
        let all = expected.entries.iter().zip(&times);
        let seen = all
            .filter(|(write, _)| {
                digits || !write.agent.contains(|char: char| char.is_ascii_digit())
            })
            .map(|(write, time)| (write.agent.clone(), time.clone()))
            .collect::<Vec<_>>();
        let skipped = meta.entries.len().checked_sub(seen.len());
        prop_assert!(
            skipped.is_some_and(|skipped| foreign > 0 || skipped == 0),
            "{meta:?}"
        );
        prop_assert_eq!(&meta.entries[skipped.unwrap_or_default()..], seen);
        if foreign == 0 {
            prop_assert_eq!(meta.title.as_deref(), Some("auth-refactor — Thread"));
        }
    }
    Ok(())
}

/// Files of others to which we add.
const FOREIGN: [(&str, usize); 6] = [
    (include_str!("../samples/older.md"), 3),
    (include_str!("../samples/newer.md"), 2),
    (include_str!("../samples/crlf.md"), 2),
    (include_str!("../samples/open-fence.md"), 1),
    (include_str!("../samples/headless.md"), 1),
    (include_str!("../samples/front-matter.md"), 1),
];

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn nothing_is_misread_in_a_file_of_ours(form in form(), writes in vec(write(), 1..6)) {
        let (file, expected) = written(None, form, &writes);
        check(&file, &expected, 0)?;

        // An editor that writes CRLF changes nothing of it either.
        let crlf = String::from_utf8(file).unwrap_or_default().replace('\n', "\r\n");
        check(crlf.as_bytes(), &expected, 0)?;
    }

    #[test]
    fn nothing_is_misread_behind_the_entries_of_others(
        which in 0..FOREIGN.len(),
        form in form(),
        writes in vec(write(), 1..4),
    ) {
        let (foreign, entries_len) = FOREIGN[which];
        let (file, expected) = written(Some(foreign.as_bytes()), form, &writes);
        check(&file, &expected, entries_len)?;
    }
}
