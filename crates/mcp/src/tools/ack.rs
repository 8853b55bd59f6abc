//! `watercooler_ack`: a new entry that leaves the ball where it is.

use protocol::{
    failure::Failure,
    request::{Ack, Request},
};

use super::{Call, Definition, Shows, Wrote};
use crate::arguments::Arguments;

pub(super) const DEFINITION: Definition = Definition {
    name: "watercooler_ack",
    description: "Use to say that you have read a thread, or add a remark, and leave the ball \
                  where it is.",
    schema: r#"{"type":"object","required":["topic"],"properties":{
        "topic":{"type":"string"},
        "title":{"type":"string","description":"default Ack"},
        "body":{"type":"string","description":"default ack"},
        "idempotency_key":{"type":"string"},
        "code_path":{"type":"string"}}}"#,
};

pub(super) fn call(arguments: &Arguments) -> Result<Call, Failure> {
    let request = Request::Ack(Ack {
        topic: arguments.required("topic")?,
        title: arguments.text("title")?,
        body: arguments.text("body")?,
        spec: arguments.spec(),
        delivery: arguments.delivering()?,
    });
    Ok(Call::new(request, Shows::Written(Wrote::Acknowledged)))
}
