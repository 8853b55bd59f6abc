//! One connection's client: what it said at its hello, and what is bound to it from then on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use protocol::hello::Hello;
use protocol::request::Context;

use crate::server::places::{Code, Match};

/// How long it is believed where a place belongs; a worktree may be made or moved in between.
const KNOWN_FOR: Duration = Duration::from_secs(5);

/// Of how many places that is remembered.
const KNOWN_MAX: usize = 32;

/// How many remotes one connection may name in its environment and by its pattern.
const NAMED_MAX: usize = 16;

/// One connection's client.
#[derive(Debug)]
pub(crate) struct Client {
    /// What it said.
    pub(crate) hello: Hello,
    /// The MCP client's own name, as it first gave it.
    name: OnceLock<String>,
    // Held to look up or to note one place.
    known: Mutex<Vec<Known>>,
    // Held to look up or to note one address.
    named: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Known {
    place: PathBuf,
    codes: Arc<Vec<Code>>,
    at: Instant,
    found: Match,
}

impl Client {
    /// Nothing is bound but what the hello says.
    pub(crate) fn new(hello: Hello) -> Self {
        Self {
            hello,
            name: OnceLock::new(),
            known: Mutex::default(),
            named: Mutex::default(),
        }
    }

    /// The MCP client's own name: the first that was heard here, whatever later calls say.
    pub(crate) fn name(&self, context: &Context) -> Option<&str> {
        match &context.client {
            Some(name) => Some(self.name.get_or_init(|| name.clone())),
            None => self.name.get().map(String::as_str),
        }
    }

    /// A forwarded variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.hello.environment.get(name).map(String::as_str)
    }

    /// Where the place was lately found to belong.
    pub(crate) fn known(
        &self,
        place: &Path,
        codes: &Arc<Vec<Code>>,
        now: Instant,
    ) -> Option<Match> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|each| {
            Arc::ptr_eq(&each.codes, codes) && now.saturating_duration_since(each.at) < KNOWN_FOR
        });
        let found = known.iter().find(|each| each.place == place);
        found.map(|each| each.found.clone())
    }

    /// Remembers where the place belongs.
    pub(crate) fn note(&self, place: PathBuf, codes: &Arc<Vec<Code>>, now: Instant, found: Match) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.remove(0);
        }
        known.push(Known {
            place,
            codes: Arc::clone(codes),
            at: now,
            found,
        });
    }

    /// Whether this connection brought that address before.
    pub(crate) fn has_named(&self, url: &str) -> bool {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.iter().any(|each| each == url)
    }

    /// It brought that address.
    pub(crate) fn names(&self, url: &str) {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.len() >= NAMED_MAX {
            named.remove(0);
        }
        named.push(url.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use ipc::caller;
    use protocol::hello::{Program, Speaks};

    use super::*;

    fn client() -> Client {
        Client::new(caller::hello(Program::Shim, Speaks::Mcp))
    }

    #[test]
    fn the_first_name_stays() {
        let client = client();
        let says = |name: Option<&str>| Context {
            client: name.map(str::to_owned),
            ..Context::default()
        };
        assert_eq!(client.name(&says(None)), None);
        assert_eq!(client.name(&says(Some("claude-code"))), Some("claude-code"));
        assert_eq!(client.name(&says(Some("cursor"))), Some("claude-code"));
        assert_eq!(client.name(&says(None)), Some("claude-code"));
    }

    #[test]
    fn places_are_known_for_a_while_and_not_too_many() {
        let (client, codes, now) = (client(), Arc::default(), Instant::now());
        let place = |number: usize| PathBuf::from(format!("/{number}"));
        for number in 0..=KNOWN_MAX {
            client.note(place(number), &codes, now, Match::Nothing);
        }
        assert_eq!(client.known(&place(0), &codes, now), None);
        assert_eq!(client.known(&place(1), &codes, now), Some(Match::Nothing));
        assert_eq!(client.known(&place(1), &codes, now + KNOWN_FOR), None);
        client.note(place(1), &codes, now, Match::Nothing);
        assert_eq!(client.known(&place(1), &Arc::default(), now), None);
    }

    #[test]
    fn few_addresses_are_remembered() {
        let client = client();
        for number in 0..=NAMED_MAX {
            client.names(&number.to_string());
        }
        assert!(!client.has_named("0") && client.has_named("1"));
    }
}
