//! Names of threads: strict for the ones we make, as they are for the ones others made.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Characters that a topic of ours may have at most.
pub const TOPIC_CHARS_MAX: usize = 80;
/// Bytes of a file name that every file system takes.
const FILE_NAME_BYTES_MAX: usize = 255;
/// What every thread's file name ends with.
const EXTENSION: &str = ".md";
/// Names that Windows keeps for devices, whatever extension follows.
const WINDOWS_DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// A thread's name: its file's name without `.md`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(Box<str>);

/// The text cannot name a new thread.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' cannot be a topic: {fault}; '{suggestion}' can")]
pub struct TopicError {
    /// What was asked for, cut to the length of a topic.
    pub text: String,
    /// What is wrong with it.
    pub fault: TopicFault,
    /// A topic like it that can be made.
    pub suggestion: Topic,
}

/// What is wrong with a topic's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopicFault {
    /// Nothing is left of it.
    #[error("it is empty")]
    Empty,
    /// More than [`TOPIC_CHARS_MAX`] characters.
    #[error("it is longer than {TOPIC_CHARS_MAX} characters")]
    TooLong,
    /// A character outside `[A-Za-z0-9._-]`.
    #[error("only letters, digits, '.', '_' and '-' are allowed")]
    Characters,
    /// `.`, `-` or `_` at an end.
    #[error("it begins or ends with '.', '-' or '_'")]
    Ends,
    /// A device's name on Windows.
    #[error("Windows reserves this name")]
    Reserved,
}

impl Topic {
    /// Reads the name of a thread that we make (contract §6). Whether another topic has the same
    /// name in another case is for [`other_case`] to say.
    ///
    /// # Errors
    /// What is wrong, with a topic that can be made instead.
    pub fn parse(text: &str) -> Result<Topic, TopicError> {
        match fault(text) {
            None => Ok(Topic(text.into())),
            Some(fault) => Err(TopicError {
                text: text.chars().take(TOPIC_CHARS_MAX).collect(),
                fault,
                suggestion: suggestion(text),
            }),
        }
    }

    /// The topic of a file that others made: `X.md` is `X` as it is. `None` for files that are no
    /// threads by name (dot files, other extensions) and names that some system cannot have as one
    /// path component: `..`, a separator, a control character, or what Windows refuses.
    pub fn of_file_name(name: &str) -> Option<Topic> {
        let stem = name.strip_suffix(EXTENSION)?;
        let illegal = |char: char| {
            char.is_ascii_control()
                || matches!(char, '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*')
        };
        let fits = !stem.is_empty()
            && !stem.starts_with('.')
            && !stem.contains(illegal)
            && name.len() <= FILE_NAME_BYTES_MAX
            && !is_reserved(stem);
        fits.then(|| Topic(stem.into()))
    }

    /// The topic's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of its file, `TOPIC.md`.
    pub fn file_name(&self) -> String {
        format!("{}{EXTENSION}", self.0)
    }
}

/// The topic among `existing` that has the same name in another case, if there is one: on a
/// case-blind file system the two would be one file.
pub fn other_case<'t>(
    topic: &Topic,
    existing: impl IntoIterator<Item = &'t Topic>,
) -> Option<&'t Topic> {
    let folded = topic.0.to_lowercase();
    existing
        .into_iter()
        .find(|other| *other != topic && other.0.to_lowercase() == folded)
}

fn is_topic_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || is_joint(char)
}

fn is_joint(char: char) -> bool {
    matches!(char, '.' | '-' | '_')
}

fn fault(text: &str) -> Option<TopicFault> {
    if text.is_empty() {
        Some(TopicFault::Empty)
    } else if !text.chars().all(is_topic_char) {
        Some(TopicFault::Characters)
    } else if text.len() > TOPIC_CHARS_MAX {
        Some(TopicFault::TooLong)
    } else if text.starts_with(is_joint) || text.ends_with(is_joint) {
        Some(TopicFault::Ends)
    } else if is_reserved(text) {
        Some(TopicFault::Reserved)
    } else {
        None
    }
}

/// Whether Windows takes a file name with this stem for a device's.
fn is_reserved(stem: &str) -> bool {
    let device = stem
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_lowercase();
    let port = device
        .strip_prefix("com")
        .or_else(|| device.strip_prefix("lpt"));
    // The superscripts count as digits there.
    let is_port = |port: &str| {
        matches!(
            port,
            "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"
        )
    };
    WINDOWS_DEVICES.contains(&device.as_str()) || port.is_some_and(is_port)
}

/// The nearest text that is a topic.
fn suggestion(text: &str) -> Topic {
    let mut slug = String::new();
    // Topics are cut by characters and what is kept is ASCII, so bytes and characters agree.
    for char in text.chars() {
        if slug.len() == TOPIC_CHARS_MAX {
            break;
        }
        if is_topic_char(char) {
            slug.push(char);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches(is_joint);
    match fault(slug) {
        None => Topic(slug.into()),
        Some(TopicFault::Reserved) => Topic(format!("thread-{slug}").into()),
        Some(
            TopicFault::Empty | TopicFault::TooLong | TopicFault::Characters | TopicFault::Ends,
        ) => Topic("thread".into()),
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Topic {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for Topic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Topic {
    /// Takes every topic that can stand in a tree, others' too.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Topic, D::Error> {
        let text = String::deserialize(deserializer)?;
        Topic::of_file_name(&format!("{text}{EXTENSION}"))
            .ok_or_else(|| de::Error::custom("not a topic"))
    }
}

#[cfg(test)]
mod tests;
