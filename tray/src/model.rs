//! What the tray knows, and what of it is shown: the state in words, the look of the icon.
//!
//! Pure: facts and the time come in, text comes out.

use jiff::Zoned;
use protocol::answer::{RepositoryState, ThreadSummary, Trouble};
use protocol::status::Notify;

use crate::plain::{cut, one_line};

/// How long a trouble's words are in a menu or tooltip, in characters.
const WORDS_CHARS_MAX: usize = 120;

/// What the daemon last told, or why it tells nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Facts {
    /// Nobody was asked yet.
    Starting,
    /// The daemon is not reached, and why.
    Unreached {
        /// In words for a person.
        why: String,
        /// Since when.
        since: Zoned,
    },
    /// It answered.
    Known {
        /// What it told.
        known: Known,
        /// Since when the state is as it is.
        since: Zoned,
    },
}

/// What the daemon told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    /// `X.Y.Z` of the daemon.
    pub(crate) version: String,
    /// Its protocol.
    pub(crate) protocol: u32,
    /// Whose it is: the tag in `Claude (alice)`.
    pub(crate) user: String,
    /// Which popups are wanted.
    pub(crate) notify: Notify,
    /// What stands in the daemon's way.
    pub(crate) trouble: Option<Trouble>,
    /// In the order of the settings.
    pub(crate) repositories: Vec<Repository>,
}

/// What the daemon told of one repository.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Repository {
    /// Its name.
    pub(crate) name: String,
    /// How it stands.
    pub(crate) state: RepositoryState,
    /// What stands in its way.
    pub(crate) trouble: Option<Trouble>,
    /// Until when it is paused, RFC 3339; none: until resumed.
    pub(crate) paused_until: Option<String>,
    /// Whether its remote was ever heard, or it has none.
    pub(crate) is_settled: bool,
    /// How many threads it has.
    pub(crate) threads: u64,
    /// How many entries the person has not been shown.
    pub(crate) new_entries: u64,
    /// The threads whose turn is the person's.
    pub(crate) turns: Vec<ThreadSummary>,
    /// The threads with entries that the person has not been shown.
    pub(crate) fresh: Vec<ThreadSummary>,
    /// Whether popups about it are not wanted.
    pub(crate) muted: bool,
    /// The threads about which popups are not wanted.
    pub(crate) muted_topics: Vec<String>,
    /// The folder of its thread files.
    pub(crate) folder: Option<String>,
}

/// What the icon says: the most pressing of what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Everything is where it belongs.
    InStep,
    /// Under way.
    Syncing,
    /// Entries that the person has not been shown.
    New,
    /// By the person, all repositories.
    Paused,
    /// A remote cannot be reached.
    Offline,
    /// A thread waits for the person.
    YourTurn,
    /// A person is needed.
    Trouble,
    /// A credential is missing or refused.
    SignIn,
    /// Nothing is known: no daemon answers.
    Unknown,
}

impl Shape {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 9] = [
        Self::InStep,
        Self::Syncing,
        Self::New,
        Self::Paused,
        Self::Offline,
        Self::YourTurn,
        Self::Trouble,
        Self::SignIn,
        Self::Unknown,
    ];
}

/// The icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Its shape.
    pub(crate) shape: Shape,
    /// How many new entries its badge counts; 0: no badge.
    pub(crate) count: u64,
}

impl Repository {
    /// Whether popups about that thread are wanted.
    pub(crate) fn is_muted(&self, topic: &str) -> bool {
        self.muted || self.muted_topics.iter().any(|muted| muted == topic)
    }

    fn shape(&self) -> Shape {
        match self.state {
            RepositoryState::Synced | RepositoryState::Local => Shape::InStep,
            RepositoryState::Syncing => Shape::Syncing,
            RepositoryState::Offline => Shape::Offline,
            RepositoryState::Paused => Shape::Paused,
            RepositoryState::SignedOut => Shape::SignIn,
            RepositoryState::Attention => Shape::Trouble,
        }
    }
}

impl Known {
    /// How many threads wait for the person.
    pub(crate) fn turns_len(&self) -> usize {
        self.repositories.iter().map(|one| one.turns.len()).sum()
    }

    /// How many entries the person has not been shown.
    pub(crate) fn new_entries(&self) -> u64 {
        self.repositories.iter().map(|one| one.new_entries).sum()
    }

    /// Whether every repository is paused.
    pub(crate) fn is_paused(&self) -> bool {
        let paused = |one: &Repository| one.state == RepositoryState::Paused;
        !self.repositories.is_empty() && self.repositories.iter().all(paused)
    }

    /// The repository of that name.
    pub(crate) fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|one| one.name == name)
    }

    /// How the exchange with the remotes stands, whatever waits for the person: the worst of all,
    /// where a pause counts only if it is of all.
    pub(crate) fn standing(&self) -> Shape {
        let shapes = self.repositories.iter().map(Repository::shape);
        let worst = shapes.filter(|shape| *shape != Shape::Paused || self.is_paused());
        let own = self.trouble.as_ref().map(|_| Shape::Trouble);
        worst.chain(own).max().unwrap_or(Shape::InStep)
    }

    fn look(&self) -> Look {
        let count = self.new_entries();
        let new = (count > 0).then_some(Shape::New);
        let turn = (self.turns_len() > 0).then_some(Shape::YourTurn);
        let shape = [new, turn].into_iter().flatten().max();
        Look {
            shape: self.standing().max(shape.unwrap_or(Shape::InStep)),
            count,
        }
    }

    fn worst(&self) -> Option<&Repository> {
        let standing = self.standing();
        self.repositories.iter().find(|one| one.shape() == standing)
    }
}

impl Facts {
    /// The icon.
    pub(crate) fn look(&self) -> Look {
        match self {
            Self::Starting | Self::Unreached { .. } => Look {
                shape: Shape::Unknown,
                count: 0,
            },
            Self::Known { known, .. } => known.look(),
        }
    }

    /// What the daemon told, where it answers.
    pub(crate) fn known(&self) -> Option<&Known> {
        match self {
            Self::Starting | Self::Unreached { .. } => None,
            Self::Known { known, .. } => Some(known),
        }
    }

    /// The state in words, with its time.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Starting => "Looking for the daemon".to_owned(),
            Self::Unreached { since, .. } => {
                format!("The daemon is not running (since {})", minute(since))
            }
            Self::Known { known, since } => known.words(since),
        }
    }

    /// Why the state is as it is, where there is more to say.
    pub(crate) fn detail(&self) -> Option<String> {
        let words = |trouble: &Trouble| cut(&one_line(&trouble.message), WORDS_CHARS_MAX);
        match self {
            Self::Starting => None,
            Self::Unreached { why, .. } => Some(cut(&one_line(why), WORDS_CHARS_MAX)),
            Self::Known { known, .. } => {
                let own = known.trouble.as_ref().map(words);
                own.or_else(|| known.worst()?.trouble.as_ref().map(words))
            }
        }
    }

    /// What stands beside the icon when it is pointed at: what waits, then the state.
    pub(crate) fn tooltip(&self) -> String {
        let mut lines = Vec::new();
        if let Some(known) = self.known() {
            let waiting = [
                counted(
                    known.turns_len() as u64,
                    "thread waits for you",
                    "threads wait for you",
                ),
                counted(known.new_entries(), "new entry", "new entries"),
            ];
            lines.extend(waiting.into_iter().flatten());
        }
        lines.push(self.words());
        lines.extend(self.detail());
        lines.join("\n")
    }

    /// One line for those who show a title: the name, and what waits.
    pub(crate) fn title(&self) -> String {
        let waiting = self.known().map(|known| {
            let turns = known.turns_len();
            let new = known.new_entries();
            match (turns, new) {
                (0, 0) => String::new(),
                (0, new) => format!(": {new} new"),
                (turns, 0) => format!(": {turns} your turn"),
                (turns, new) => format!(": {turns} your turn, {new} new"),
            }
        });
        format!("Watercooler{}", waiting.unwrap_or_default())
    }
}

impl Known {
    fn words(&self, since: &Zoned) -> String {
        let at = minute(since);
        let who = self
            .worst()
            .map(|one| one.name.as_str())
            .unwrap_or_default();
        match self.standing() {
            Shape::InStep => format!("In step since {at}"),
            Shape::Syncing => format!("Syncing since {at}"),
            Shape::Offline => format!("{who}: offline since {at}"),
            Shape::Paused => self.paused_words(since),
            Shape::SignIn => format!("{who}: needs a sign-in since {at}"),
            Shape::Trouble if self.trouble.is_some() => {
                format!("The settings need you since {at}")
            }
            Shape::Trouble => format!("{who}: needs you since {at}"),
            Shape::New | Shape::YourTurn | Shape::Unknown => {
                unreachable!("these are no states of an exchange")
            }
        }
    }

    fn paused_words(&self, since: &Zoned) -> String {
        let untils = self.repositories.iter().map(|one| &one.paused_until);
        let first = untils.min().and_then(Option::as_ref);
        match first.and_then(|until| until.parse::<jiff::Timestamp>().ok()) {
            Some(until) => {
                let until = until.to_zoned(since.time_zone().clone());
                let day = if until.date() == since.date() {
                    String::new()
                } else if since
                    .date()
                    .tomorrow()
                    .is_ok_and(|next| next == until.date())
                {
                    "tomorrow ".to_owned()
                } else {
                    until.strftime("%-d %b ").to_string()
                };
                format!("Paused until {day}{}", minute(&until))
            }
            None => format!("Paused since {}, until resumed", minute(since)),
        }
    }
}

/// `10:42` of that moment, on the clock of its zone.
pub(crate) fn minute(at: &Zoned) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// `1 thread`, `3 threads`; none where there is none.
pub(crate) fn counted(count: u64, one: &str, more: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {more}")),
    }
}

#[cfg(test)]
#[path = "model/tests.rs"]
mod tests;
