//! `watercooler_handoff`: a new entry that passes the ball on.

use protocol::{
    failure::Failure,
    request::{Handoff, Request},
};

use super::{Call, Definition, Shows, Wrote};
use crate::arguments::Arguments;

pub(super) const DEFINITION: Definition = Definition {
    name: "watercooler_handoff",
    description: "Use to pass the ball to someone, with a note on what they should do.",
    schema: r#"{"type":"object","required":["topic"],"properties":{
        "topic":{"type":"string"},
        "to":{"type":"string","description":"an agent, Name (user), team or me; default the other agent"},
        "note":{"type":"string"},
        "idempotency_key":{"type":"string"},
        "code_path":{"type":"string"}}}"#,
};

pub(super) fn call(arguments: &Arguments) -> Result<Call, Failure> {
    let request = Request::Handoff(Handoff {
        topic: arguments.required("topic")?,
        to: arguments.text("to")?,
        note: arguments.text("note")?,
        spec: arguments.spec(),
        delivery: arguments.delivering()?,
    });
    Ok(Call::new(request, Shows::Written(Wrote::HandedOff)))
}
