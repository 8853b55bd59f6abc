//! Writes a thread's file: the bytes of a parsed one, a new header, a new entry.

use crate::check::normal_body;
use crate::escape::escape;
use crate::header::{HEADING_SUFFIX, HeaderForm};
use crate::id_comment::id_comment;
use crate::lines::one_line;
use crate::operation::Operation;
use crate::thread::Thread;
use crate::timestamp::Timestamp;

/// The author of an entry whose writer has no name.
pub const AGENT_DEFAULT: &str = "Agent";

impl Thread {
    /// The bytes of the file that was parsed, exactly.
    pub fn print(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.source.0.len());
        for piece in &self.pieces {
            bytes.extend_from_slice(&self.source.0[piece.clone()]);
        }
        bytes
    }
}

/// What a new header says.
#[derive(Debug)]
pub(crate) struct NewHeader<'t> {
    pub(crate) form: HeaderForm,
    pub(crate) topic: &'t str,
    pub(crate) title: &'t str,
    pub(crate) status: &'t str,
    pub(crate) ball: &'t str,
    pub(crate) created: Timestamp,
}

impl NewHeader<'_> {
    /// The header's lines with LF. The classic form has no place for the title.
    pub(crate) fn print(&self) -> String {
        let NewHeader {
            form,
            topic,
            title,
            status,
            ball,
            created,
        } = self;
        let topic = one_line(topic);
        let heading = heading(&topic);
        match form {
            HeaderForm::FrontMatter => format!(
                "---\ntopic: {topic}\ntitle: {title}\nstatus: {status}\nball: {ball}\n\
                 created: {created}\n---\n\n{heading}\n"
            ),
            HeaderForm::Classic => format!(
                "{heading}\nStatus: {status}\nBall: {ball}\nTopic: {topic}\nCreated: {created}\n"
            ),
        }
    }
}

/// The heading that a thread's file begins with.
pub(crate) fn heading(topic: &str) -> String {
    format!("# {}{HEADING_SUFFIX}", one_line(topic))
}

/// The entry of an operation, from its separator to its ID comment, with LF.
///
/// An empty body leaves one blank line before the comment: without it the Python readers take the
/// comment for a header line.
pub(crate) fn print_entry(operation: &Operation, written: Timestamp) -> String {
    let body = normal_body(&operation.body);
    let escaped = escape(&one_line(&operation.title), &body);
    let mark = if escaped.marked { "Escaped: 1\n" } else { "" };
    let end = if escaped.body.is_empty() { "" } else { "\n" };
    format!(
        "---\nEntry: {agent} {written}\nRole: {role}\nType: {entry_type}\nTitle: {title}\n{mark}\
         \n{body}{end}{comment}\n",
        agent = agent_line(&operation.agent),
        role = one_line(&operation.role),
        entry_type = one_line(&operation.entry_type),
        title = escaped.title,
        body = escaped.body,
        comment = id_comment(&operation.id),
    )
}

/// An author as an entry's line can carry it: one line, without the characters that a timestamp
/// or a comment needs, and never empty.
fn agent_line(agent: &str) -> String {
    let agent = one_line(&one_line(agent).replace(['<', '>', ':'], ""));
    if agent.is_empty() {
        AGENT_DEFAULT.to_owned()
    } else {
        agent
    }
}
