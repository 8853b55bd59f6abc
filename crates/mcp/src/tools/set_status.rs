//! `watercooler_set_status`: a new entry that changes a thread's status.

use protocol::{
    failure::Failure,
    request::{Request, SetStatus},
};

use super::{Call, Definition, Shows, Wrote};
use crate::arguments::Arguments;

pub(super) const DEFINITION: Definition = Definition {
    name: "watercooler_set_status",
    description: "Use to close or reopen a thread, or to mark it as in review or blocked; the \
                  ball stays.",
    schema: r#"{"type":"object","required":["topic","status"],"properties":{
        "topic":{"type":"string"},
        "status":{"type":"string",
            "description":"OPEN, IN_REVIEW, BLOCKED, …; CLOSED, DONE, MERGED, RESOLVED, ABANDONED, OBSOLETE close"},
        "idempotency_key":{"type":"string"},
        "code_path":{"type":"string"}}}"#,
};

pub(super) fn call(arguments: &Arguments) -> Result<Call, Failure> {
    let request = Request::SetStatus(SetStatus {
        topic: arguments.required("topic")?,
        status: arguments.required("status")?,
        spec: arguments.spec(),
        delivery: arguments.delivering()?,
    });
    Ok(Call::new(request, Shows::Written(Wrote::StatusSet)))
}
