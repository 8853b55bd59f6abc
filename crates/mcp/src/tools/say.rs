//! `watercooler_say`: a new entry, and a new thread where the topic has none.

use protocol::{
    failure::Failure,
    request::{Request, Say},
};

use super::{Call, Definition, Shows, Wrote};
use crate::arguments::Arguments;

pub(super) const DEFINITION: Definition = Definition {
    name: "watercooler_say",
    description: "Use to answer, plan, report or decide in a thread, or to start one under a new \
                  topic. Passes the ball to the other agent unless ball names someone. Saved at \
                  once, sent by itself.",
    schema: r#"{"type":"object","required":["topic","title","body"],"properties":{
        "topic":{"type":"string","description":"[A-Za-z0-9._-], up to 80"},
        "title":{"type":"string","description":"one line"},
        "body":{"type":"string","description":"markdown"},
        "role":{"type":"string","enum":["planner","critic","implementer","tester","pm","scribe"],
            "description":"default implementer"},
        "entry_type":{"type":"string","enum":["Note","Plan","Decision","PR","Closure"],
            "description":"default Note"},
        "ball":{"type":"string","description":"who is next: an agent, Name (user), team or me"},
        "status":{"type":"string","description":"new status: OPEN, IN_REVIEW, CLOSED, …"},
        "idempotency_key":{"type":"string","description":"makes repeating safe"},
        "wait_seconds":{"type":"integer","description":"0-10, for the push"},
        "code_path":{"type":"string"}}}"#,
};

pub(super) fn call(arguments: &Arguments) -> Result<Call, Failure> {
    let status = arguments.text("status")?;
    let wrote = Wrote::Said {
        status_given: status.is_some(),
    };
    let request = Request::Say(Say {
        topic: arguments.required("topic")?,
        title: arguments.required("title")?,
        body: arguments.required("body")?,
        role: arguments.text("role")?,
        entry_type: arguments.text("entry_type")?,
        ball: arguments.text("ball")?,
        status,
        spec: arguments.spec(),
        delivery: arguments.delivering()?,
    });
    Ok(Call::new(request, Shows::Written(wrote)))
}
