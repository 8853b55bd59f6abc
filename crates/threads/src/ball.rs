//! The ball: who is to act next, and whose turn that makes it (contract §5, "Whose turn").

use std::collections::BTreeMap;
use std::fmt;

use crate::check::{TextError, check_ball};
use crate::lines::one_line;
use crate::names::Names;
use crate::thread::is_closed;

/// The ball that is everyone's.
const TEAM: &str = "Team";
/// The name of a person who writes or is to act.
const HUMAN: &str = "Human";

/// A ball or an author: `NAME` or `NAME (TAG)`, where TAG is a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ball {
    /// An agent, a person, or `Team`.
    pub name: String,
    /// The user that it belongs to.
    pub tag: Option<String>,
}

impl Ball {
    /// Reads a ball as the Python project does: the last pair of parentheses is the tag, unless it
    /// is empty or nothing stands before it.
    pub fn parse(text: &str) -> Ball {
        let text = one_line(text);
        let untagged = || Ball {
            name: text.clone(),
            tag: None,
        };
        let Some(inner) = text.strip_suffix(')') else {
            return untagged();
        };
        // What is left of an earlier `)` belongs to the name.
        let floor = inner.rfind(')').map_or(0, |at| at + 1);
        let Some(open) = inner[floor..].find('(').map(|at| floor + at) else {
            return untagged();
        };
        let (name, tag) = (one_line(&inner[..open]), one_line(&inner[open + 1..]));
        if name.is_empty() || tag.is_empty() {
            untagged()
        } else {
            Ball {
                name,
                tag: Some(tag),
            }
        }
    }

    fn is(&self, name: &str, user: &str, names: &Names) -> bool {
        names.same_name(&self.name, name) && self.tag.as_deref().is_none_or(|tag| same(tag, user))
    }
}

impl fmt::Display for Ball {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tag {
            Some(tag) => write!(f, "{} ({tag})", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Who asks whether it is their turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// An agent of a user: a connection, or `--agent`.
    Agent {
        /// Its name by the canonical table.
        name: String,
        /// Its user.
        user: String,
    },
    /// The person: the tray, and the command line without an agent.
    Person {
        /// The user.
        user: String,
        /// The user's agents that connected in the last 30 days.
        agents: Vec<String>,
    },
}

impl Reader {
    /// Whether this reader wrote what `author` did. An untagged author is taken for every user's
    /// of that name: whose it was is not known.
    fn is_author(&self, author: &Ball, names: &Names) -> bool {
        match self {
            Reader::Agent { name, user } => author.is(name, user, names),
            Reader::Person { user, .. } => {
                author.is(HUMAN, user, names) || author.is(user, user, names)
            }
        }
    }
}

/// Whether it is the reader's turn in a thread with this ball, status and last author.
pub fn is_turn(
    reader: &Reader,
    ball: &str,
    status: &str,
    last_author: Option<&str>,
    names: &Names,
) -> bool {
    let ball = Ball::parse(ball);
    if is_closed(status) || ball.name.is_empty() {
        return false;
    }
    let wrote_last =
        last_author.is_some_and(|author| reader.is_author(&Ball::parse(author), names));
    let Some(tag) = &ball.tag else {
        let meant = names.same_name(&ball.name, TEAM)
            || match reader {
                Reader::Agent { name, .. } => names.same_name(&ball.name, name),
                Reader::Person { user, agents } => {
                    same(&ball.name, user)
                        || agents
                            .iter()
                            .any(|agent| names.same_name(&ball.name, agent))
                }
            };
        return meant && !wrote_last;
    };
    match reader {
        Reader::Agent { name, user } => same(tag, user) && names.same_name(&ball.name, name),
        Reader::Person { user, .. } => same(tag, user),
    }
}

/// The ball where a write names none: the settings' counterpart; else the latest other author in
/// the thread, as it stands; else Claude ↔ Codex without a tag; else `default_ball`.
pub fn next_ball<'e>(
    author: &Ball,
    mut entries_authors_newest_first: impl Iterator<Item = &'e str>,
    counterpart: &BTreeMap<String, String>,
    default_ball: &str,
    names: &Names,
) -> String {
    let set = counterpart
        .iter()
        .find(|(name, _)| names.same_name(name, &author.name));
    if let Some((_, counterpart)) = set {
        return one_line(counterpart);
    }
    let is_other = |other: &Ball| {
        let same_user = match (&author.tag, &other.tag) {
            (Some(one), Some(other)) => same(one, other),
            (None, _) | (_, None) => true,
        };
        let is_author = same_user && names.same_name(&other.name, &author.name);
        !is_author && !other.name.is_empty()
    };
    if let Some(other) = entries_authors_newest_first.find(|other| is_other(&Ball::parse(other))) {
        return one_line(other);
    }
    for (one, other) in [("Claude", "Codex"), ("Codex", "Claude")] {
        if names.same_name(&author.name, one) {
            return other.to_owned();
        }
    }
    one_line(default_ball)
}

/// The ball that a writer of `user` means: `me`, `team`, an agent's name, or any `NAME (TAG)`.
///
/// # Errors
/// The text is empty, longer than [`crate::check::BALL_CHARS_MAX`], or holds NUL.
pub fn resolve_ball(text: &str, user: &str, names: &Names) -> Result<String, TextError> {
    let text = check_ball(text)?;
    if same(&text, "me") {
        return Ok(Ball {
            name: HUMAN.to_owned(),
            tag: Some(one_line(user)),
        }
        .to_string());
    }
    let mut ball = Ball::parse(&text);
    if let Some(name) = names.known(&ball.name) {
        name.clone_into(&mut ball.name);
    }
    Ok(ball.to_string())
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
