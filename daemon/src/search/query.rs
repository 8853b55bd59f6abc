//! What is looked for: words, all of which an entry must hold.

use protocol::failure::{Failure, FailureCode};

use super::fold::fold;
use super::snippet::snippet;

/// The most characters of a query.
pub(crate) const QUERY_CHARS_MAX: usize = 1_000;

/// The most words of a query.
pub(crate) const WORDS_MAX: usize = 16;

/// The words that are looked for, folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    words: Vec<String>,
}

/// Where an entry holds the words; what is better is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stands {
    /// All in its title.
    InTitle,
    /// Some in its body alone.
    InBody,
}

/// That an entry holds all words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) stands: Stands,
    /// The byte of the body's folded form at which the first word is that stands there; none where
    /// no word does.
    in_body: Option<usize>,
}

/// The texts of one entry; folding them takes memory that the next entry uses again.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    title: String,
    body: String,
}

impl Query {
    /// Reads words with spaces between; what stands in double quotes is one.
    ///
    /// # Errors
    /// `invalid_argument` where there is no word, or too much.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = |message: String| {
            Failure::new(
                FailureCode::InvalidArgument,
                message,
                "Give a few words; entries that hold all of them are found. \"Quotes\" make several \
                 words one.",
            )
        };
        if text.chars().nth(QUERY_CHARS_MAX).is_some() {
            let message = format!("A query has at most {QUERY_CHARS_MAX} characters.");
            return Err(wrong(message));
        }
        let mut words = Vec::new();
        for (place, part) in text.split('"').enumerate() {
            let mut folded = String::new();
            fold(part, &mut folded);
            let folded = folded.trim();
            if place % 2 == 1 {
                words.push(folded.to_owned());
            } else {
                words.extend(folded.split(' ').map(str::to_owned));
            }
        }
        words.retain(|word| !word.is_empty());
        words.dedup();
        if words.is_empty() {
            return Err(wrong("The query holds no word.".to_owned()));
        }
        if words.len() > WORDS_MAX {
            return Err(wrong(format!("A query has at most {WORDS_MAX} words.")));
        }
        Ok(Self { words })
    }

    /// The words, folded.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// Looks for all words in an entry: first in its title, and for those that are not there in its
    /// body.
    pub(crate) fn look(&self, folded: &mut Folded, title: &str, body: &str) -> Option<Match> {
        folded.title.clear();
        fold(title, &mut folded.title);
        let in_title = |word: &&String| folded.title.contains(word.as_str());
        let missing: Vec<&String> = self.words.iter().filter(|word| !in_title(word)).collect();
        if missing.is_empty() {
            return Some(Match {
                stands: Stands::InTitle,
                in_body: None,
            });
        }
        folded.body.clear();
        fold(body, &mut folded.body);
        let mut first = usize::MAX;
        for word in missing {
            first = first.min(folded.body.find(word.as_str())?);
        }
        Some(Match {
            stands: Stands::InBody,
            in_body: Some(first),
        })
    }

    /// The line that shows a match: of the body around what was found, else of its beginning, else
    /// the title.
    pub(crate) fn snippet(found: Match, title: &str, body: &str) -> String {
        let line = snippet(body, found.in_body.unwrap_or(0));
        if line.is_empty() {
            snippet(title, 0)
        } else {
            line
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, title: &str, body: &str, expected: Option<Stands>) {
        let query = Query::parse(query).unwrap();
        let found = query.look(&mut Folded::default(), title, body);
        assert_eq!(found.map(|found| found.stands), expected, "{query:?}");
    }

    #[test]
    fn an_entry_is_found_by_all_words_in_any_case() {
        check("start", "Start", "", Some(Stands::InTitle));
        check(
            "START auth",
            "Start",
            "the Auth module",
            Some(Stands::InBody),
        );
        check("start missing", "Start", "the auth module", None);
        check(
            "\"auth module\"",
            "",
            "the auth\n  Module",
            Some(Stands::InBody),
        );
        check("\"module auth\"", "", "the auth module", None);
        check("strasse", "", "Straße", Some(Stands::InBody));
        check(
            "Entry: Mallory",
            "",
            "x\nEntry: Mallory",
            Some(Stands::InBody),
        );
    }

    #[test]
    fn a_query_without_a_word_or_with_too_much_is_refused() {
        fn refused(text: &str) {
            let failure = Query::parse(text).unwrap_err();
            assert_eq!(failure.code, FailureCode::InvalidArgument, "{text:?}");
        }
        refused("");
        refused(" \n\t");
        refused("\"\"");
        refused(&"x".repeat(QUERY_CHARS_MAX + 1));
        let many: Vec<String> = (0..=WORDS_MAX).map(|number| number.to_string()).collect();
        refused(&many.join(" "));
        assert!(Query::parse(&many[1..].join(" ")).is_ok());
        assert!(Query::parse(&"x".repeat(QUERY_CHARS_MAX)).is_ok());
    }

    #[test]
    fn what_is_shown_of_a_match_in_the_title_is_the_body() {
        let query = Query::parse("start").unwrap();
        let look = |body| query.look(&mut Folded::default(), "Start", body).unwrap();
        assert_eq!(
            Query::snippet(look("One\ntwo"), "Start", "One\ntwo"),
            "One two"
        );
        assert_eq!(Query::snippet(look("\n"), "Start", "\n"), "Start");
    }
}
