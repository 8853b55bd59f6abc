//! `sync` and `repo add`: how the repository stands.

use protocol::answer::{RepositoryState, Synced};

use crate::plain::one_line;
use crate::text::freshness::{painted_state, trouble};
use crate::text::paint::Paint;
use crate::text::table::counted;

/// How the repository stands.
pub(crate) fn text(synced: &Synced, repository: &str, paint: Paint) -> String {
    let state = painted_state(synced.state, paint);
    let mut text = format!("{}: {state}", paint.strong(&one_line(repository)));
    if synced.pending > 0 {
        text.push_str(&format!(
            "; {} to be sent",
            counted(synced.pending, "entry")
        ));
    }
    text.push('\n');
    if let Some(in_the_way) = &synced.trouble {
        text.push_str(&trouble(in_the_way, paint));
    }
    text
}

/// Whether there is nothing to fetch or push.
pub(crate) fn in_step(synced: &Synced) -> bool {
    match synced.state {
        RepositoryState::Synced | RepositoryState::Local => synced.pending == 0,
        RepositoryState::Syncing
        | RepositoryState::Offline
        | RepositoryState::Paused
        | RepositoryState::SignedOut
        | RepositoryState::Attention => false,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use protocol::answer::{Freshness, Trouble};

    use super::*;

    #[test]
    fn trouble_is_told_with_the_state() {
        let freshness = Freshness {
            head: None,
            fetched_at: None,
            age_seconds: None,
            state: RepositoryState::SignedOut,
            stale: true,
            as_of: None,
        };
        let mut synced = Synced {
            state: RepositoryState::SignedOut,
            head: None,
            pending: 1,
            trouble: Some(Trouble {
                kind: "credential_refused".into(),
                message: "the server refused the key".into(),
                hint: "Add the key to the forge.".into(),
            }),
            freshness,
        };
        expect![[r#"
            acme: signed out; 1 entry to be sent
              credential_refused: the server refused the key
                Add the key to the forge.
        "#]]
        .assert_eq(&text(&synced, "acme", Paint::new(false)));
        assert!(!in_step(&synced));
        synced.state = RepositoryState::Synced;
        assert!(!in_step(&synced));
        synced.pending = 0;
        assert!(in_step(&synced));
    }
}
