//! Says what is wrong with a settings file: the key, its line, and the nearest key that there is.

use serde::de::{Deserialize, Deserializer, Visitor, value::Error as NoValue};
use toml::de::{DeTable, DeValue};

use super::SettingsTrouble;
use super::file::{Agents, File, Identity, Notify, Repository, SignIn, Sync};
use super::values::has_password;

/// The trouble at the byte `at` of the settings `text`.
pub(super) fn trouble(text: &str, at: Option<usize>, message: &str) -> SettingsTrouble {
    let line = at.map(|at| {
        let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    });
    let shown = if may_hold_password(message) {
        "the value is not of the expected form; it is not repeated here, since it looks like a \
         URL with a password"
    } else {
        message.trim_end()
    };
    SettingsTrouble {
        message: match line {
            Some(line) => format!("config.toml, line {line}: {shown}"),
            None => format!("config.toml: {shown}"),
        },
        hint: "Correct it; it is read again when it changes. Until then the last good settings \
               are in force."
            .to_owned(),
    }
}

fn may_hold_password(message: &str) -> bool {
    let word_may = |word: &str| has_password(word);
    (message.contains("://") && message.contains('@'))
        || message
            .split(|c: char| c.is_whitespace() || "\"`'".contains(c))
            .any(word_may)
}

/// What toml complained of before there were keys; a word that it points at is named.
pub(super) fn unparsed(text: &str, error: &toml::de::Error) -> SettingsTrouble {
    let span = error.span();
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let word = span
        .clone()
        .and_then(|span| text.get(span))
        .filter(|word| !word.is_empty() && word.bytes().all(is_key));
    let at = span.map(|span| span.start);
    match word {
        Some(word) => trouble(text, at, &format!("`{word}`: {}", error.message())),
        None => trouble(text, at, error.message()),
    }
}

/// What toml or a value's check complained of, with the key that it stands at.
pub(super) fn complaint(
    text: &str,
    root: &DeTable<'_>,
    error: &toml::de::Error,
) -> SettingsTrouble {
    let at = error.span().map(|span| span.start);
    match at.and_then(|at| key_at(root, at)) {
        Some(key) => trouble(text, at, &format!("`{key}`: {}", error.message())),
        None => trouble(text, at, error.message()),
    }
}

/// The innermost key whose value stands at this byte.
fn key_at(table: &DeTable<'_>, at: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let inner = match value.get_ref() {
            DeValue::Table(table) => key_at(table, at),
            DeValue::Array(items) => items.iter().find_map(|item| match item.get_ref() {
                DeValue::Table(table) => key_at(table, at),
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_) => None,
            }),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => None,
        };
        let own = value.span().contains(&at) || key.span().contains(&at);
        inner.or_else(|| own.then(|| key.get_ref().to_string()))
    })
}

/// The first key that there is not.
pub(super) fn unknown_key(text: &str, root: &DeTable<'_>) -> Option<SettingsTrouble> {
    let mut first = unknown_in(root, None);
    for (section, value) in root {
        let name = section.get_ref().as_ref();
        match value.get_ref() {
            DeValue::Table(table) => first = earlier(first, unknown_in(table, Some(name))),
            DeValue::Array(items) => {
                for item in items {
                    if let DeValue::Table(table) = item.get_ref() {
                        first = earlier(first, unknown_in(table, Some(name)));
                    }
                }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => (),
        }
    }
    first.map(|(at, message)| trouble(text, Some(at), &message))
}

type Unknown = Option<(usize, String)>;

fn earlier(one: Unknown, other: Unknown) -> Unknown {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.0 < one.0 { other } else { one }),
        (one, other) => one.or(other),
    }
}

fn unknown_in(table: &DeTable<'_>, section: Option<&str>) -> Unknown {
    let known = known_keys(section)?;
    let (key, _) = table
        .iter()
        .filter(|(key, _)| !known.contains(&key.get_ref().as_ref()))
        .min_by_key(|(key, _)| key.span().start)?;
    let name = key.get_ref();
    let place = section.map_or(String::new(), |section| format!(" in `{section}`"));
    let elsewhere = SECTIONS
        .iter()
        .find(|other| known_keys(Some(other)).is_some_and(|keys| keys.contains(&name.as_ref())));
    let advice = match elsewhere {
        Some(other) => format!("it belongs into `{other}`"),
        None => nearest(name, known),
    };
    let message = format!("unknown key `{name}`{place}; {advice}");
    Some((key.span().start, message))
}

fn nearest(name: &str, known: &[&str]) -> String {
    let nearest = threads::nearest::nearest(name, known.iter().copied(), 1);
    nearest.first().map_or_else(
        || format!("known are {}", known.join(", ")),
        |nearest| format!("the nearest known one is `{nearest}`"),
    )
}

const SECTIONS: [&str; 6] = [
    "identity",
    "agents",
    "sync",
    "notify",
    "repository",
    "sign_in",
];

/// The keys of a section, or of the root; none for a section that there is not.
fn known_keys(section: Option<&str>) -> Option<&'static [&'static str]> {
    match section {
        None => Some(fields::<File>()),
        Some("identity") => Some(fields::<Identity>()),
        Some("agents") => Some(fields::<Agents>()),
        Some("sync") => Some(fields::<Sync>()),
        Some("notify") => Some(fields::<Notify>()),
        Some("sign_in") => Some(fields::<SignIn>()),
        Some("repository") => Some(fields::<Repository>()),
        Some(_) => None,
    }
}

/// The keys that a struct is read from, asked of its own `Deserialize`, so that there is one list.
fn fields<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    let mut found: &'static [&'static str] = &[];
    // It reads nothing and ends with an error, on purpose.
    let _ = T::deserialize(Fields(&mut found));
    found
}

struct Fields<'found>(&'found mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = NoValue;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, NoValue> {
        *self.0 = fields;
        Err(serde::de::Error::custom("only the fields are wanted"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, NoValue> {
        Err(serde::de::Error::custom("only the fields are wanted"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
