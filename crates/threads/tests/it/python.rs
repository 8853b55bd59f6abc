//! What the two Python readers make of a file, with Python's own idea of lines and blanks.
//!
//! Both take entries line by line and skip fences; the newer one takes wider timestamps. The lists
//! come from patterns over the whole file, which cross lines and know no fences.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Older,
    Newer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) agent: String,
    pub(crate) timestamp: String,
    pub(crate) role: Option<String>,
    pub(crate) entry_type: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) body: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) title: Option<String>,
    pub(crate) status: String,
    pub(crate) ball: String,
    /// Author and time of each entry that the pattern finds.
    pub(crate) entries: Vec<(String, String)>,
}

/// Python's `\s`: the regex crate's lacks U+001C to U+001F.
const S: &str = r"[\s\x1c-\x1f]";

fn regex(pattern: &str) -> Regex {
    Regex::new(&pattern.replace(r"\s", S)).unwrap()
}

/// `read_text`: UTF-8, and LF for CRLF and CR.
fn read_text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec())
        .unwrap()
        .replace("\r\n", "\n")
        .replace('\r', "\n")
}

fn is_space(char: char) -> bool {
    char.is_whitespace() || ('\x1c'..='\x1f').contains(&char)
}

fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `splitlines(keepends=True)`.
fn split_lines(text: &str) -> Vec<&str> {
    text.split_inclusive(|char| {
        matches!(
            char,
            '\n' | '\r'
                | '\x0b'
                | '\x0c'
                | '\x1c'
                | '\x1d'
                | '\x1e'
                | '\u{85}'
                | '\u{2028}'
                | '\u{2029}'
        )
    })
    .collect()
}

/// The patterns of one version, which take long to make.
struct Patterns {
    line: Regex,
    fence: Regex,
    id: Regex,
    title: Regex,
    status: Regex,
    ball: Regex,
    /// An entry anywhere in the file, its author without digits and with any.
    anywhere: [Regex; 2],
}

static PATTERNS: LazyLock<[Patterns; 2]> =
    LazyLock::new(|| [Patterns::of(Version::Older), Patterns::of(Version::Newer)]);

impl Patterns {
    fn of(version: Version) -> Patterns {
        let time = match version {
            Version::Older => r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z",
            Version::Newer => r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})",
        };
        // Python's `IGNORECASE` also takes these two for an I.
        let key = r"[Ee][Nn][Tt][Rr][Yy]-[Ii\u{130}\u{131}][Dd]";
        let anywhere = |who: &str| regex(&format!(r"(?m)^Entry:\s*({who})\s+({time})"));
        Patterns {
            line: regex(&format!(r"^Entry:\s*(?P<agent>.+?)\s+(?P<time>{time})\s*$")),
            fence: regex(r"^(`{3,}|~{3,})"),
            id: regex(&format!(r"<!--\s*{key}:\s*([A-Za-z0-9_-]+)\s*-->")),
            title: regex(r"(?m)^#\s*(.+)$"),
            status: regex(r"(?im)^Status:\s*(.+)$"),
            ball: regex(r"(?im)^Ball:\s*(.+)$"),
            anywhere: [anywhere(r"[^\d]+?"), anywhere(r".+?")],
        }
    }
}

/// The entries, in the order of the reader: sorted by the timestamp's text, each ID once.
pub(crate) fn entries(bytes: &[u8], version: Version) -> Vec<Entry> {
    let text = read_text(bytes);
    let lines = split_lines(&text);
    let patterns = &PATTERNS[version as usize];
    let mut starts = Vec::new();
    let mut open: Option<(char, usize)> = None;
    for (at, text) in lines.iter().enumerate() {
        let text = strip(text);
        if let Some(found) = patterns.fence.find(text) {
            let mark = (found.as_str().chars().next().unwrap(), found.len());
            match open {
                None => open = Some(mark),
                Some((char, len)) if mark.0 == char && mark.1 >= len => open = None,
                Some(_) => (),
            }
            continue;
        }
        if open.is_none() && patterns.line.is_match(text) {
            starts.push(at);
        }
    }
    let mut ids = HashSet::new();
    let mut entries = Vec::new();
    for (at, start) in starts.iter().enumerate() {
        let end = starts.get(at + 1).copied().unwrap_or(lines.len());
        let entry = entry(&lines[*start..end], version);
        if entry.id.clone().is_none_or(|id| ids.insert(id)) {
            entries.push(entry);
        }
    }
    entries.sort_by(|one, other| one.timestamp.cmp(&other.timestamp));
    entries
}

fn entry(lines: &[&str], version: Version) -> Entry {
    let head = lines
        .iter()
        .position(|line| strip(line).is_empty())
        .unwrap_or(lines.len());
    let mut entry = Entry {
        agent: String::new(),
        timestamp: String::new(),
        role: None,
        entry_type: None,
        title: None,
        id: entry_id(lines, version),
        body: lines
            .get(head + 1..)
            .unwrap_or_default()
            .concat()
            .trim_end_matches('\n')
            .to_owned(),
    };
    for text in &lines[..head] {
        let text = strip(text);
        if let Some(found) = PATTERNS[version as usize].line.captures(text) {
            strip(&found["agent"]).clone_into(&mut entry.agent);
            strip(&found["time"]).clone_into(&mut entry.timestamp);
            continue;
        }
        let Some((key, value)) = text.split_once(':') else {
            continue;
        };
        let value = Some(strip(value).to_owned());
        match strip(key).to_lowercase().as_str() {
            "role" => entry.role = value,
            "type" => entry.entry_type = value,
            "title" => entry.title = value,
            _ => (),
        }
    }
    entry
}

/// The first ID comment: of the joined lines in the older one, of a single line in the newer.
fn entry_id(lines: &[&str], version: Version) -> Option<String> {
    let comment = &PATTERNS[version as usize].id;
    let find = |text: &str| comment.captures(text).map(|found| found[1].to_owned());
    match version {
        Version::Older => find(&lines.concat()),
        Version::Newer => lines.iter().find_map(|line| find(line)),
    }
}

/// What the lists show, with an author's pattern that takes no digit or one that takes any.
pub(crate) fn meta(bytes: &[u8], version: Version, digits: bool) -> Meta {
    let text = read_text(bytes);
    let patterns = &PATTERNS[version as usize];
    let first = |pattern: &Regex| {
        pattern
            .captures(&text)
            .map(|found| strip(&found[1]).to_owned())
    };
    Meta {
        title: first(&patterns.title),
        status: first(&patterns.status).unwrap_or_else(|| "open".to_owned()),
        ball: first(&patterns.ball).unwrap_or_else(|| "unknown".to_owned()),
        entries: patterns.anywhere[usize::from(digits)]
            .captures_iter(&text)
            .map(|found| (strip(&found[1]).to_owned(), found[2].to_owned()))
            .collect(),
    }
}
