//! Hostile texts, writes and files.

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use threads::check::{ENTRY_TYPES, ROLES, check_title};
use threads::entry_id::EntryId;
use threads::header::HeaderForm;
use threads::operation::{CodeTrailers, NewThread, Operation, SAYING_FORMAT, Seen};
use threads::timestamp::Timestamp;
use threads::topic::Topic;

/// 2026-01-05T09:00:00Z.
pub(crate) const START: i64 = 1_767_603_600;

/// Pieces that mislead one reader or another.
const PIECES: [&str; 66] = [
    "Entry:",
    "Entry: Mallory 2026-01-05T09:00:00Z",
    "Entry: Mallory (x) 2020-01-05T09:00:00.5+00:00",
    "Entry: Mallory",
    "\\Entry:",
    "\\\\Entry: a 2026-01-05T09:00:00Z",
    "entry: a 2026-01-05T09:00:00Z",
    "> Entry: a 2026-01-05T09:00:00Z",
    "2026-01-05T09:00:00Z",
    "2026-01-05T09:00:00+01:00",
    "٢٠٢٦-٠١-٠٥T٠٩:٠٠:٠٠Z",
    "```",
    "````",
    "``````",
    "~~~",
    "~~~~~",
    "```rust",
    "~~~ text",
    "\\```",
    "\\\\~~~",
    "\\",
    "\\\\",
    "``",
    "`",
    "<!-- Entry-ID: EVIL -->",
    "<!--Entry-ID:X-->",
    "<!-- ENTRY-ID: x -->",
    "<!-- \\Entry-ID: X -->",
    "<!-- \\\\Entry-ID: X -->",
    "<!-- Entry-\u{130}D: X -->",
    "<!-- entry-\u{131}d: X -->",
    "<!-- Entry-ID: 01A",
    "<!--\n",
    "<!--",
    "Entry-ID: Y -->",
    "\\Entry-ID: Y -->",
    "-->",
    "---",
    "Role: admin",
    "Type: Closure",
    "Title: t",
    "Status: CLOSED",
    "status: closed",
    "Ball: evil",
    "ball: evil",
    "# heading",
    "Escaped: 1",
    "<!-- fence closed -->",
    "word",
    "two words",
    "é",
    "日本語",
    "",
    " ",
    "\t",
    "\u{a0}",
    "\u{3000}",
    "\u{1f}",
    "\u{200b}",
    "\u{feff}",
    "²",
    "{{BODY}}",
    "<AGENT>",
    "- Updated: 2026-01-05T09:00:00Z by x",
    "topic: x",
    "Created: never",
];
/// What stands between them: every line break there is.
const BREAKS: [&str; 18] = [
    "\n", "\n", "\n", "\n\n", "\r\n", "\r", "\u{b}", "\u{c}", "\u{1c}", "\u{1d}", "\u{1e}",
    "\u{85}", "\u{2028}", "\u{2029}", " ", "    ", "", "\n---\n",
];

/// Bytes that are no UTF-8, or no text.
const BROKEN: [&[u8]; 6] = [b"\xff\xfe", b"\xe2\x80", b"\xc2", b"\0", b"\n", b"\r"];

/// A text that tries to be misread.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        12 => select(&PIECES[..]).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ];
    vec((piece, select(&BREAKS[..])), 0..10).prop_map(|parts| {
        parts
            .into_iter()
            .map(|(piece, between)| piece + between)
            .collect()
    })
}

/// A title that [`check_title`] takes.
fn title() -> impl Strategy<Value = String> {
    hostile().prop_map(|text| {
        let short: String = text.chars().take(150).collect();
        check_title(&short).unwrap_or_else(|_| "Title".to_owned())
    })
}

/// A write without a topic's history: `seen` and the ID are for the caller to set.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) agent: String,
    pub(crate) seconds: i64,
    pub(crate) role: &'static str,
    pub(crate) entry_type: &'static str,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) ball: Option<&'static str>,
    pub(crate) status: Option<&'static str>,
}

/// Any write.
pub(crate) fn write() -> impl Strategy<Value = Write> {
    let agents = [
        "Claude (alice)",
        "Codex (bob)",
        "GPT-4o (bob2)",
        "Human (alice)",
        "Zoë",
        "a b.c-d_e",
    ];
    let balls = [
        None,
        Some("Codex"),
        Some("Claude (alice)"),
        Some("Team"),
        Some("Human (bob)"),
    ];
    let statuses = [None, None, Some("closed"), Some("IN_REVIEW"), Some("OPEN")];
    (
        (
            select(agents.to_vec()),
            -100..100i64,
            select(&ROLES[..]),
            select(&ENTRY_TYPES[..]),
        ),
        (
            title(),
            hostile(),
            select(balls.to_vec()),
            select(statuses.to_vec()),
        ),
    )
        .prop_map(
            |((agent, seconds, role, entry_type), (title, body, ball, status))| {
                let agent = agent.to_owned();
                Write {
                    agent,
                    seconds,
                    role,
                    entry_type,
                    title,
                    body,
                    ball,
                    status,
                }
            },
        )
}

/// Either form.
pub(crate) fn form() -> impl Strategy<Value = HeaderForm> {
    select(&[HeaderForm::FrontMatter, HeaderForm::Classic][..])
}

/// The ID of the `at`th write; like a ULID's it begins with a digit.
pub(crate) fn id(at: usize) -> EntryId {
    EntryId::parse(&format!("01JGT0000000000000000000{at:02}")).unwrap()
}

impl Write {
    /// The operation of this write, the `at`th, in a thread of the form.
    pub(crate) fn operation(&self, at: usize, form: HeaderForm, seen: Seen) -> Operation {
        Operation {
            format: SAYING_FORMAT,
            id: id(at),
            topic: Topic::parse("auth-refactor").unwrap(),
            agent: self.agent.clone(),
            timestamp: Timestamp::from_unix_seconds(START + self.seconds),
            role: self.role.to_owned(),
            entry_type: self.entry_type.to_owned(),
            title: self.title.clone(),
            body: self.body.clone(),
            ball: self.ball.map(str::to_owned),
            status: self.status.map(str::to_owned),
            creates: Some(NewThread {
                title: "A title".to_owned(),
                form,
                ball: "Team".to_owned(),
                status: "OPEN".to_owned(),
            }),
            seen,
            made_on: None,
            code: CodeTrailers::default(),
            key: None,
            arguments_digest: None,
            edit: None,
        }
    }
}

/// A file's bytes, shown as text.
#[derive(Clone)]
pub(crate) struct File(pub(crate) Vec<u8>);

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// Bytes that look like a thread's file here and there.
pub(crate) fn file() -> impl Strategy<Value = File> {
    let piece = prop_oneof![
        2 => select(&[
            "# t — Thread\nStatus: OPEN\nBall: Codex\nTopic: t\nCreated: 2026-01-05T09:00:00Z\n\n",
            "---\ntopic: t\nstatus: OPEN\nball: Codex\n---\n\n# t — Thread\n\n",
            "# t — Thread\r\nStatus:   open \r\nX-Odd : 1\r\n\r\n",
            "---\nstatus:\n---\n", "---\ntopic: t\n---", "\u{feff}", "# t\n\nStatus: x", "Ball:\n",
            "Status: a\nStatus: b\n", "---\r\ntitle: t\r\nball: x\r\n---\r\n",
        ][..]).prop_map(|text| text.as_bytes().to_vec()),
        4 => select(&[
            "---\nEntry: Claude (alice) 2026-01-05T09:00:00Z\nRole: pm\nType: Note\nTitle: T\n\nbody\n<!-- Entry-ID: A -->\n",
            "\n---\nEntry: Codex 2026-01-05T09:00:00.5+00:00\nrole : x\n\nbody\n\n<!-- Entry-ID: A -->\n",
            "---\r\nEntry: Codex (b) 2026-01-05T08:00:00Z\r\nTitle: x\r\n<!-- Entry-ID: B -->\r\n",
            "Entry: x 2026-99-05T08:00:00Z\n", "  Entry: x 2026-01-05T08:00:00Z\n", "---\n---\n",
        ][..]).prop_map(|text| text.as_bytes().to_vec()),
        4 => hostile().prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..6),
        1 => select(BROKEN.to_vec()).prop_map(<[u8]>::to_vec),
    ];
    vec(piece, 0..8).prop_map(|pieces| File(pieces.concat()))
}
