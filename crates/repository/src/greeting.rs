//! As whom a forge greets who logs in by ssh and asks it for nothing, as `ssh -T git@github.com` does.

/// The longest name that is taken from a greeting, in characters.
const NAME_CHARS_MAX: usize = 100;

/// The lines of a greeting that are looked at: what stands further down is no greeting.
const LINES_MAX: usize = 20;

/// How forges greet: what stands before the name, what stands after it, and what the name is of. The
/// first that fits counts. Sources: docs.github.com "Testing your SSH connection"; gitlab-shell's
/// `discover` command; Gitea's and Forgejo's `cmd/serv.go`, whose own name an instance may change;
/// Gitolite's `info` command; Gerrit's `NoShell.java`; support.atlassian.com "Set up an SSH key", which
/// has not named anybody for some years.
const FORMS: [(&str, &str, &str); 8] = [
    (
        "Hi there! You've successfully authenticated with the deploy key named ",
        ", but ",
        "deploy key ",
    ),
    ("Hi there, ", "! You've successfully authenticated", ""),
    ("Hi ", "! You've successfully authenticated", ""),
    ("Hello ", "! You've successfully authenticated", ""),
    ("Welcome to GitLab, @", "!", ""),
    ("logged in as ", ".", ""),
    ("hello ", ", this is ", ""),
    ("Hi ", ", you have successfully connected over SSH", ""),
];

/// Whom the words greet; `None` where they greet nobody by name, in a form that is known. It holds
/// letters, digits and a few signs, and is short, whatever the words are.
pub(crate) fn who(words: &str) -> Option<String> {
    words
        .lines()
        .take(LINES_MAX)
        .find_map(|line| named(line.trim()))
}

fn named(line: &str) -> Option<String> {
    FORMS.iter().find_map(|(before, after, of)| {
        let (name, _) = line.strip_prefix(before)?.split_once(after)?;
        // What greets everybody alike.
        (!name.is_empty() && name != "there").then(|| format!("{of}{}", plain(name)))
    })
}

fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " ._-/@+:()".contains(c);
    let shown = |c: char| if is_plain(c) { c } else { '?' };
    name.chars().take(NAME_CHARS_MAX).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forges_greet_by_name() {
        let check = |words: &str, expected: Option<&str>| {
            assert_eq!(who(words).as_deref(), expected, "{words:?}");
        };
        let no_shell = "does not provide shell access.";
        check(
            &format!("Hi bob! You've successfully authenticated, but GitHub {no_shell}\n"),
            Some("bob"),
        );
        check(
            &format!("Hi acme/threads! You've successfully authenticated, but GitHub {no_shell}"),
            Some("acme/threads"),
        );
        check("Welcome to GitLab, @bob!\n", Some("bob"));
        check("Welcome to GitLab, Anonymous!\n", None);
        check(
            &format!(
                "Hi there, bob! You've successfully authenticated with the key named laptop, but Gitea {no_shell}"
            ),
            Some("bob"),
        );
        check(
            &format!(
                "Hi there! You've successfully authenticated with the deploy key named acme (rw), but Codeberg {no_shell}\nIf this is unexpected, please log in with password."
            ),
            Some("deploy key acme (rw)"),
        );
        check(
            &format!(
                "Hi there! You've successfully authenticated with the principal x, but Forgejo {no_shell}"
            ),
            None,
        );
        check(
            "hello bob, this is git@host running gitolite3\n",
            Some("bob"),
        );
        check(
            "\n  ****    Welcome to Gerrit Code Review    ****\n\n  Hi Bob Example, you have successfully connected over SSH.\n",
            Some("Bob Example"),
        );
        check("logged in as bob.\n", Some("bob"));
        check("authenticated via ssh key.\n\nYou can use git.", None);
        check("fatal: Interactive git shell is not enabled.\n", None);
        check("Last login: Hi bob!\nbob$ ", None);
        check("", None);
    }

    #[test]
    fn a_hostile_greeting_is_short_and_plain() {
        let hostile = "Hi \u{1b}]52;c;aGk=\u{7}b\u{202e}ob! You've successfully authenticated";
        assert_eq!(who(hostile).as_deref(), Some("??52?c?aGk??b?ob"));
        let long = format!("Welcome to GitLab, @{}!", "x".repeat(9_000));
        assert_eq!(who(&long), Some("x".repeat(NAME_CHARS_MAX)));
        let late = format!("{}Welcome to GitLab, @bob!", "\n".repeat(LINES_MAX));
        assert_eq!(who(&late), None);
        assert_eq!(who("Welcome to GitLab, @!"), None);
    }
}
