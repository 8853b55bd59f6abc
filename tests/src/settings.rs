//! Writes the `config.toml` of a machine.

use std::fmt::Write;

/// The settings of one person's machine; the contract's defaults where nothing is said.
#[derive(Clone, Debug)]
pub struct Settings {
    user: String,
    sync: String,
    repositories: String,
}

impl Settings {
    /// Of `alice`: her name, a poll each second, and no repository, which is the local one.
    #[must_use]
    pub fn of(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            sync: "poll_active = \"1s\"\npoll_idle = \"1s\"\n".to_owned(),
            repositories: String::new(),
        }
    }

    /// With these lines under `[sync]` instead.
    #[must_use]
    pub fn sync(mut self, lines: &str) -> Self {
        self.sync = format!("{lines}\n");
        self
    }

    /// With one more repository, and further lines for it.
    #[must_use]
    pub fn repository(mut self, name: &str, url: &str, lines: &str) -> Self {
        write!(
            self.repositories,
            "\n[[repository]]\nname = \"{name}\"\nurl = \"{url}\"\n{lines}\n"
        )
        .expect("text can be written");
        self
    }

    /// With the repository `acme` at `url`.
    #[must_use]
    pub fn remote(self, url: &str) -> Self {
        self.repository("acme", url, "")
    }

    /// Commits carry this name and address: `Alice Example <alice@example.com>`.
    #[must_use]
    pub fn author(user: &str) -> String {
        let mut letters = user.chars();
        let first: String = letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        format!("{first}{} Example <{user}@example.com>", letters.as_str())
    }

    /// As the file's text.
    #[must_use]
    pub fn text(&self) -> String {
        let author = Self::author(&self.user);
        let (name, address) = author.split_once(" <").expect("an author has both");
        format!(
            "[identity]\nuser = \"{}\"\nname = \"{name}\"\nemail = \"{}\"\n\n\
             [agents]\nwrites_per_minute = 100000\n\n[sync]\n{}{}",
            self.user,
            address.trim_end_matches('>'),
            self.sync,
            self.repositories
        )
    }
}
