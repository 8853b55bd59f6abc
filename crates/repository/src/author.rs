//! Who stands as author and committer in the commits that we make.

use git2::{Signature, Time};
use serde::{Deserialize, Serialize};
use threads::timestamp::Timestamp;

const NAME_WHERE_EMPTY: &str = "watercooler";
const EMAIL_WHERE_EMPTY: &str = "watercooler@localhost";

/// A commit's author, from the settings `identity.name` and `identity.email`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The name; characters that git forbids in a name are left out, an empty one is replaced.
    pub name: String,
    /// The address, in the same way.
    pub email: String,
}

impl Author {
    /// The signature of a commit made at `at`, in UTC.
    pub(crate) fn signature(&self, at: Timestamp) -> Result<Signature<'static>, git2::Error> {
        let name = allowed(&self.name, NAME_WHERE_EMPTY);
        let email = allowed(&self.email, EMAIL_WHERE_EMPTY);
        Signature::new(&name, &email, &Time::new(at.as_unix_seconds(), 0))
    }
}

fn allowed(text: &str, where_empty: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| !matches!(c, '<' | '>') && !c.is_control())
        .collect();
    // Git trims these from both ends; what is left of a name like "." is nothing.
    let trimmed = kept.trim_matches(|c: char| c.is_whitespace() || ".,:;\"\\'".contains(c));
    if trimmed.is_empty() {
        where_empty.to_owned()
    } else {
        kept.trim().to_owned()
    }
}
