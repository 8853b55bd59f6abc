//! What a command has to show, as words for a person and as one JSON document.

use protocol::answer::Done;
use serde_json::Value;

use crate::problem::Problem;

/// What is shown at the end of a command.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    /// For a person, line feeds included.
    pub(crate) text: String,
    /// For `--json`.
    pub(crate) document: Value,
    /// Why it is not all well, though there is something to show: told on standard error, and the
    /// program ends as it says.
    pub(crate) problem: Option<Problem>,
}

impl Report {
    /// Shows what was done.
    pub(crate) fn new(text: String, document: Value) -> Self {
        Self {
            text,
            document,
            problem: None,
        }
    }

    /// The same with a problem, which the document names as `error`.
    pub(crate) fn with(mut self, problem: Problem) -> Self {
        if let Value::Object(fields) = &mut self.document {
            fields.insert("error".to_owned(), problem.document());
        }
        self.problem = Some(problem);
        self
    }
}

/// The structured result of the tool of the same name, with `repository` added.
pub(crate) fn document(done: &Done) -> Value {
    let mut document = done.structured();
    if let Value::Object(fields) = &mut document {
        fields.insert("repository".to_owned(), done.repository.clone().into());
    }
    document
}
