//! The folders that a client works in, asked of it at its first call, where it says that it tells
//! them. In the stateless era nothing is asked of clients.

use std::{sync::Arc, time::Duration};

use rmcp::{Peer, RoleServer};
use tokio::{sync::Mutex, time::timeout};

use crate::text;

/// How long a client may take to tell its folders; a call waits for that once.
pub(crate) const ROOTS_WAIT_MAX: Duration = Duration::from_secs(1);

/// How many folders of a client count.
pub(crate) const ROOTS_MAX: usize = 16;

/// The most characters of a folder's path.
const ROOT_CHARS_MAX: usize = 4096;

/// What a client told; empty before it is asked.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    // Held while the client is asked, so that it is asked once however many calls come.
    told: Mutex<Option<Arc<Vec<String>>>>,
}

impl Roots {
    /// The absolute paths that the client told, in its order; none where it tells none in time.
    pub(crate) async fn of(&self, peer: &Peer<RoleServer>) -> Arc<Vec<String>> {
        let tells = peer
            .peer_info()
            .is_some_and(|client| client.capabilities.roots.is_some());
        if !tells {
            return Arc::default();
        }
        let mut told = self.told.lock().await;
        if let Some(told) = &*told {
            return Arc::clone(told);
        }
        let roots = Arc::new(asked(peer).await);
        *told = Some(Arc::clone(&roots));
        roots
    }

    /// The client has others now; the next call asks.
    pub(crate) async fn changed(&self) {
        *self.told.lock().await = None;
    }
}

#[expect(
    deprecated,
    reason = "the sessions of today's clients have them, whatever later versions drop"
)]
async fn asked(peer: &Peer<RoleServer>) -> Vec<String> {
    let Ok(Ok(listed)) = timeout(ROOTS_WAIT_MAX, peer.list_roots()).await else {
        return Vec::new();
    };
    let paths = listed.roots.iter().filter_map(|root| path(&root.uri));
    paths.take(ROOTS_MAX).collect()
}

/// The path of a `file:` address of this machine.
fn path(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest
        .strip_prefix("localhost")
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(rest);
    let path = text::percent_decoded(rest)?;
    let is_drive = path.as_bytes().get(2) == Some(&b':');
    let path = if is_drive { &path[1..] } else { &path[..] };
    let fits = path.chars().count() <= ROOT_CHARS_MAX && !path.contains(char::is_control);
    (fits && (is_drive || path.starts_with('/'))).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_an_absolute_path_of_this_machine() {
        fn check(uri: &str, expected: Option<&str>) {
            assert_eq!(path(uri).as_deref(), expected, "{uri}");
        }
        check("file:///home/alice/src", Some("/home/alice/src"));
        check("file:///home/a%20b/%C3%BC", Some("/home/a b/ü"));
        check("file://localhost/src", Some("/src"));
        check("file:///C:/src", Some("C:/src"));
        check("file:///c%3A/src", Some("c:/src"));
        check("file://host/src", None);
        check("file:///%00", None);
        check("file:///%zz", None);
        check("https://host/src", None);
        check("src", None);
        check(&format!("file:///{}", "x".repeat(ROOT_CHARS_MAX)), None);
    }
}
