//! Text that is shown to others, without what opens a door: passwords, tokens, private keys.

/// What stands in place of a secret.
const GONE: &str = "[removed]";

/// How tokens of forges and services begin.
const TOKEN_BEGINNINGS: [&str; 13] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "ATATT",
    "ATBB",
    "sk-",
    "xox",
];

/// Words after which the rest of a line is not shown.
const SECRET_NAMES: [&str; 8] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "bearer",
    "cookie",
];

/// At least so many letters follow a token's beginning.
const TOKEN_REST_MIN: usize = 6;

/// A run of letters and digits this long, of all three kinds, is taken for a secret; so is none of
/// the names of commits and entries, which have two kinds at most.
const RUN_CHARS_MIN: usize = 24;

/// The text line by line, without what may be a secret.
pub(crate) fn redacted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut in_key = false;
    for line in text.lines() {
        if in_key {
            in_key = !line.contains("-----END ");
            continue;
        }
        let line = match line.split_once("-----BEGIN ") {
            Some((before, key)) => {
                in_key = !key.contains("-----END ");
                format!("{}{GONE}", without(before))
            }
            None => without(line),
        };
        shown.push_str(&line);
        shown.push('\n');
    }
    shown
}

fn without(line: &str) -> String {
    let line = after_names(&addresses(line));
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-+=".contains(letter);
    let mut shown = String::with_capacity(line.len());
    let mut rest = line.as_str();
    while !rest.is_empty() {
        let run = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let (run, following) = rest.split_at(run);
        shown.push_str(if is_secret(run) { GONE } else { run });
        let next = following.find(is_part).unwrap_or(following.len());
        let (between, following) = following.split_at(next);
        shown.push_str(between);
        rest = following;
    }
    shown
}

fn is_secret(run: &str) -> bool {
    let begins = |beginning: &&str| {
        run.len() > beginning.len() + TOKEN_REST_MIN && run.starts_with(*beginning)
    };
    let has = |kind: fn(&char) -> bool| run.chars().any(|letter| kind(&letter));
    TOKEN_BEGINNINGS.iter().any(begins)
        || (run.len() >= RUN_CHARS_MIN
            && has(char::is_ascii_uppercase)
            && has(char::is_ascii_lowercase)
            && has(char::is_ascii_digit))
}

/// What stands before the `@` of an address's host.
fn addresses(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, host) = rest.split_at(at + 3);
        shown.push_str(before);
        let ends = |letter: char| letter.is_whitespace() || "/\"'<>?#".contains(letter);
        let end = host.find(ends).unwrap_or(host.len());
        rest = match host[..end].rsplit_once('@') {
            Some((person, _)) => {
                // An ssh user is part of the way, and no secret.
                shown.push_str(if person == "git" { "git" } else { GONE });
                &host[person.len()..]
            }
            None => host,
        };
    }
    shown.push_str(rest);
    shown
}

/// The rest of a line after a word that names a secret and is followed by a value.
fn after_names(line: &str) -> String {
    // Only ASCII changes, so that places in one are places in the other.
    let lower = line.to_ascii_lowercase();
    let value = |name: &&str| {
        let end = lower.find(*name)? + name.len();
        let tail = &lower[end..];
        let sign = tail.find(['=', ':', ' '])?;
        let is_name = tail[..sign]
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_-\"'".contains(letter));
        let is_value = *name == "bearer" || tail[sign..].trim_start().starts_with(['=', ':']);
        (is_name && is_value).then_some(end + sign + 1)
    };
    match SECRET_NAMES.iter().filter_map(value).min() {
        Some(from) => format!("{}{GONE}", &line[..from]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing of this may be seen anywhere.
    const CANARY: &str = "c4naryC4NARYc4naryC4NARY";

    #[test]
    fn a_secret_is_not_shown_wherever_it_stands() {
        fn check(text: &str) {
            let text = text.replace("CANARY", CANARY);
            let shown = redacted(&text);
            assert!(!shown.to_lowercase().contains("canary"), "{shown}");
            assert!(shown.contains(GONE), "{shown}");
        }
        check("https://alice:CANARY@git.example.org/a.git");
        check("fetch https://CANARY@git.example.org and https://x:CANARY@b.example");
        check("https://a:b@CANARY@git.example.org/");
        check("password = \"CANARY with words\"");
        check("GITHUB_TOKEN=CANARY");
        check("\"access_token\": \"canary\"");
        check("Authorization: Bearer canary");
        check("told bearer canary");
        check("the key is CANARY here");
        check("ghp_canary0000");
        check("glpat-canary-000");
        check(
            "-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY\n-----END OPENSSH PRIVATE KEY-----\nafter",
        );
        check("x -----BEGIN RSA PRIVATE KEY-----\nCANARY");
    }

    #[test]
    fn what_helps_to_understand_is_shown() {
        fn check(line: &str) {
            assert_eq!(redacted(line), format!("{line}\n"));
        }
        check("url = \"git@git.example.org:acme/acme-threads.git\"");
        check("ssh://git@git.example.org/acme/threads.git is offline");
        check("file:///home/alice/threads.git");
        check("head 0123456789abcdef0123456789abcdef01234567");
        check("entry 01JGTABCDEFGHJKMNPQRSTVWXY of thread token-cache");
        check(
            "2026-01-05T09:00:00.123456Z  INFO watercoolerd::start: Serving version=\"0.1.0\" pid=12",
        );
        check("credential_refused: the server refuses the token");
        check("é ://");
    }
}
