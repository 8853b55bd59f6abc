//! The kinds of values in the settings file: each is checked while it is read, so that a complaint
//! knows its line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error as _};

/// The longest repository name; it becomes a folder's name.
const NAME_CHARS_MAX: usize = 64;

/// The longest user name; it stands in every entry.
const USER_CHARS_MAX: usize = 64;

/// Where credentials are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CredentialStore {
    /// The operating system's keychain.
    #[default]
    Keychain,
    /// A file under the state folder that only the user can read.
    File,
}

/// The header form of new threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HeaderChoice {
    /// Classic where a classic thread or a Python commit stands, else front matter.
    #[default]
    Auto,
    /// Always front matter.
    FrontMatter,
    /// Always classic.
    Classic,
}

/// Whether commits are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sign {
    /// No.
    #[default]
    Off,
    /// With an ssh key.
    Ssh,
}

/// A whole number from `MIN` to `MAX`.
pub(super) fn number<'de, const MIN: u32, const MAX: u32, D: Deserializer<'de>>(
    from: D,
) -> Result<u32, D::Error> {
    let number = i64::deserialize(from)?;
    u32::try_from(number)
        .ok()
        .filter(|number| (MIN..=MAX).contains(number))
        .ok_or_else(|| D::Error::custom(format_args!("{number} is out of range: {MIN} to {MAX}")))
}

/// A daily time without popups, in minutes since midnight; it may run past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quiet {
    /// First quiet minute.
    pub(crate) from_minute: u16,
    /// First minute that is not quiet any more.
    pub(crate) to_minute: u16,
}

/// A duration between `MIN_MS` and `MAX_MS` milliseconds, written `5s`, `300ms`, `2m` or `1h`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<const MIN_MS: u64, const MAX_MS: u64>(pub(super) Duration);

impl<'de, const MIN_MS: u64, const MAX_MS: u64> Deserialize<'de> for Span<MIN_MS, MAX_MS> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let ms = span_ms(&text).ok_or_else(|| {
            D::Error::custom(format_args!(
                "`{text}` is no duration: write it as \"5s\", \"300ms\" or \"2m\""
            ))
        })?;
        if (MIN_MS..=MAX_MS).contains(&ms) {
            Ok(Self(Duration::from_millis(ms)))
        } else {
            Err(D::Error::custom(format_args!(
                "`{text}` is out of range: {} to {}",
                shown(MIN_MS),
                shown(MAX_MS)
            )))
        }
    }
}

fn span_ms(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

fn shown(ms: u64) -> String {
    match ms {
        0 => "0s".to_owned(),
        ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

/// `22:00-08:00`.
pub(super) fn quiet<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Quiet>, D::Error> {
    let minute = |text: &str| {
        let (hours, minutes) = text.trim().split_once(':')?;
        let two = |text: &str, max: u16| {
            let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>()
                .ok()
                .filter(|value| digits && *value <= max)
        };
        Some(two(hours, 23)? * 60 + two(minutes, 59)?)
    };
    checked(from, |text| {
        let both = text.split_once('-');
        match both.and_then(|(start, end)| Some((minute(start)?, minute(end)?))) {
            Some((from_minute, to_minute)) => Ok(Some(Quiet {
                from_minute,
                to_minute,
            })),
            None if text.is_empty() => Ok(None),
            None => Err("is no time of day: write it as \"22:00-08:00\""),
        }
    })
}

/// A repository's name.
#[derive(Clone, Debug)]
pub(super) struct RepositoryName(pub(super) String);

impl<'de> Deserialize<'de> for RepositoryName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let legal = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        checked(from, |text| {
            if (1..=NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(legal) {
                Ok(Self(text.to_owned()))
            } else {
                Err("is no repository name: 1 to 64 of a-z, 0-9 and -")
            }
        })
    }
}

/// Whether this can stand as TAG in `Claude (TAG)`.
pub(super) fn is_user(text: &str) -> bool {
    (1..=USER_CHARS_MAX).contains(&text.chars().count())
        && text.trim() == text
        && !text.contains(|c: char| c.is_control() || "()<>".contains(c))
}

/// A user's name.
pub(super) fn user<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    checked(from, |text| match text {
        "" => Ok(None),
        text if is_user(text) => Ok(Some(text.to_owned())),
        _ => Err("cannot stand in \"Claude (USER)\": 1 to 64 characters without ( ) < >"),
    })
}

/// Text of one line as git takes it in an author; empty is none.
pub(super) fn author_part<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    checked(from, |text| {
        if text.contains(|c: char| c.is_control() || "<>".contains(c)) {
            Err("cannot stand in a commit's author: no < > and no line breaks")
        } else {
            Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
        }
    })
}

/// The name of an agent or a role for whom the ball can wait.
pub(super) fn ball<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    checked(from, |text| {
        if text.trim().is_empty() || text.contains(char::is_control) {
            Err("is no name of whose turn it is")
        } else {
            Ok(text.trim().to_owned())
        }
    })
}

/// Text, where empty means not set.
pub(super) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// A remote's URL: anything but a password in it, which is not repeated in the complaint.
pub(super) fn url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    let text = text.trim();
    if has_password(text) {
        Err(D::Error::custom(
            "the URL has a password in it, which belongs into the keychain",
        ))
    } else if text.contains(|c: char| c.is_control() || c == ' ') {
        Err(D::Error::custom(
            "the URL has a space or a line break in it",
        ))
    } else {
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }
}

/// Whether `USER:PASSWORD@` stands in a URL, or in the `USER@HOST:PATH` form of ssh.
pub(super) fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else {
        // `alice:secret@host:path`; a drive letter, or a path with `@`, has no second colon.
        return url.split_once(':').is_some_and(|(_, rest)| {
            rest.split_once('@')
                .is_some_and(|(before, host)| !before.contains('/') && host.contains(':'))
        });
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((userinfo, _)) => userinfo.contains(':'),
        // An unescaped `/` in a password ends the authority early: what looks like a port is none.
        None => {
            let port = authority.rsplit_once(':').map(|(_, port)| port);
            path.contains('@')
                && port.is_some_and(|port| !port.bytes().all(|byte| byte.is_ascii_digit()))
        }
    }
}

/// A branch's short name, by the rules of `git check-ref-format`.
pub(super) fn branch<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    checked(from, |text| {
        let part_is_legal =
            |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
        let legal = !text.starts_with('-')
            && !text.ends_with('.')
            && !text.contains("..")
            && !text.contains("@{")
            && text != "@"
            && !text.contains(|c: char| c.is_control() || " ~^:?*[\\".contains(c))
            && text.split('/').all(part_is_legal);
        match text {
            "" => Ok(None),
            text if legal => Ok(Some(text.to_owned())),
            _ => Err("is no branch name"),
        }
    })
}

/// A folder inside the tree.
pub(super) fn directory<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    checked(from, |text| {
        let inside = text.trim_end_matches('/');
        let part_is_legal = |part: &str| {
            !matches!(part, "" | "." | "..")
                && !part.eq_ignore_ascii_case(".git")
                && !part.contains(|c: char| c.is_control() || "\\:".contains(c))
        };
        if text.is_empty() || (!inside.is_empty() && inside.split('/').all(part_is_legal)) {
            Ok(inside.to_owned())
        } else {
            Err("is no folder inside the repository")
        }
    })
}

/// An absolute path, or one that begins with `~/`.
#[derive(Clone, Debug)]
pub(super) struct AbsolutePath(pub(super) PathBuf);

impl<'de> Deserialize<'de> for AbsolutePath {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        checked(from, |text| {
            path(text).map(Self).ok_or("is no absolute path")
        })
    }
}

/// An absolute path, where empty means not set.
pub(super) fn optional_path<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<PathBuf>, D::Error> {
    checked(from, |text| match text {
        "" => Ok(None),
        text => path(text).map(Some).ok_or("is no absolute path"),
    })
}

fn path(text: &str) -> Option<PathBuf> {
    let path = match text.strip_prefix("~/") {
        Some(rest) => std::env::home_dir()?.join(rest),
        None => Path::new(text).to_owned(),
    };
    path.is_absolute().then_some(path)
}

fn checked<'de, D: Deserializer<'de>, T>(
    from: D,
    check: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    check(&text).map_err(|why| D::Error::custom(format_args!("`{text}` {why}")))
}
