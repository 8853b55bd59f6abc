//! The repositories that clients' environments named, where no daemon tells of them.

use protocol::answer::{Origin, RepositoryListed};
use protocol::environment::{ENVIRONMENT_FILE, EnvironmentRepository};

use crate::remote_url;
use crate::session::Session;

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Those that the daemon keeps; none where its file cannot be read.
pub(super) fn kept(session: &Session) -> Vec<EnvironmentRepository> {
    let file = session.dirs.state.join(ENVIRONMENT_FILE);
    let bytes = platform::plain_file::read(&file, FILE_BYTES_MAX).ok();
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// As `repo list` shows them.
pub(super) fn listed(session: &Session) -> impl Iterator<Item = RepositoryListed> {
    kept(session).into_iter().map(|each| RepositoryListed {
        name: each.name,
        url: Some(remote_url::shown(&each.url)),
        branch: None,
        directory: String::new(),
        code: Vec::new(),
        state: None,
        origin: Origin::Environment,
    })
}
