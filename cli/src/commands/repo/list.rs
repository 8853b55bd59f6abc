//! `watercooler repo list`: from the daemon where one runs, else from the settings; starts none.

use protocol::answer::{Answer, RepositoryListed};
use protocol::request::Request;
use serde_json::json;

use super::{SettingsFile, environment};
use crate::link::{Link, unexpected};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;
use crate::settings;
use crate::text;

/// Lists.
///
/// # Errors
/// The settings cannot be read, or the daemon's failure.
pub(crate) fn run(session: &Session) -> Result<Report, Problem> {
    let listed = match Link::to_running(session) {
        Ok(mut link) => of_daemon(&mut link)?,
        Err(_) => {
            let mut listed = settings::list(SettingsFile::read(session)?.text())?;
            listed.extend(environment::listed(session));
            listed
        }
    };
    Ok(Report::new(
        text::repositories::text(&listed),
        json!(listed),
    ))
}

/// The repositories as a daemon knows them.
///
/// # Errors
/// The daemon's failure.
pub(super) fn of_daemon(link: &mut Link) -> Result<Vec<RepositoryListed>, Problem> {
    let Answer::Repositories(listed) = link.ask(Request::RepositoryList)?.answer else {
        return Err(unexpected());
    };
    Ok(listed)
}
