//! `watercooler credential list`: what is kept, without secrets and without asking a keychain.

use serde_json::Value;

use super::{document, not_kept, settings_text, store};
use crate::plain::one_line;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;
use crate::text::table;

/// Lists.
///
/// # Errors
/// The list or the settings cannot be read.
pub(crate) fn run(session: &Session) -> Result<Report, Problem> {
    let settings = settings_text(session)?;
    let listed = store(session, &settings)?
        .list()
        .map_err(|error| not_kept(&error))?;
    let rows: Vec<[String; 6]> = listed
        .iter()
        .map(|each| {
            [
                one_line(&each.place.repository),
                one_line(&each.place.host),
                each.kind.words().to_owned(),
                each.keep.as_str().to_owned(),
                each.created.clone(),
                each.fingerprint.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        "No credential is kept here.\n".to_owned()
    } else {
        table::lines(&rows, |_, _, cell| cell.to_owned())
    };
    Ok(Report::new(
        text,
        Value::Array(listed.iter().map(document).collect()),
    ))
}
