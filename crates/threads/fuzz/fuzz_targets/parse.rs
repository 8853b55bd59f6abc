//! Any bytes are printed as they were, and take an entry exactly once.

#![no_main]

use libfuzzer_sys::fuzz_target;
use threads::apply::{Applied, apply};
use threads::check::check_body;
use threads::entry_id::EntryId;
use threads::operation::{CodeTrailers, Operation, SAYING_FORMAT, Seen};
use threads::parse::parse;
use threads::timestamp::Timestamp;
use threads::topic::Topic;

fuzz_target!(|bytes: &[u8]| {
    let (before, _) = parse(bytes);
    assert_eq!(before.print(), bytes);

    // The bytes are the file once, and once what is said in it.
    let text = String::from_utf8_lossy(bytes).replace('\0', "");
    let Ok(body) = check_body(&text) else { return };
    let operation = Operation {
        format: SAYING_FORMAT,
        id: EntryId::parse("01JGT00000000000000000000F").expect("it is one"),
        topic: Topic::parse("fuzz").expect("it is one"),
        agent: "Claude (alice)".to_owned(),
        timestamp: Timestamp::from_unix_seconds(1_767_603_600),
        role: "pm".to_owned(),
        entry_type: "Note".to_owned(),
        title: "Title".to_owned(),
        body,
        ball: Some("Codex".to_owned()),
        status: Some("CLOSED".to_owned()),
        creates: None,
        seen: Seen::default(),
        made_on: None,
        code: CodeTrailers::default(),
        key: None,
        arguments_digest: None,
        edit: None,
    };
    for file in [None, Some(bytes)] {
        let Applied::Changed(changed) = apply(&operation, file) else {
            return;
        };
        assert_eq!(apply(&operation, Some(&changed)), Applied::Present);
        let (after, _) = parse(&changed);
        let added = file.map_or(0, |_| before.entries().len());
        assert_eq!(after.entries().len(), added + 1);
        let newest = after.newest().expect("it was put in");
        assert_eq!(newest.id.as_ref(), Some(&operation.id));
        assert_eq!(newest.body(), operation.body);
    }
});
