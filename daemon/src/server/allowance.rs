//! How much each client may write: `writes_per_minute` at once, and from then on one each time that
//! its share of a minute has passed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use protocol::failure::{Failure, FailureCode};

/// How many clients are remembered; beyond that, who wrote longest ago is forgotten.
const CLIENTS_MAX: usize = 1024;

/// How many of a client's writes are recognised when they are sent again.
const CALLS_MAX: usize = 128;

const MINUTE: Duration = Duration::from_secs(60);

/// What each client wrote lately.
#[derive(Debug, Default)]
pub(crate) struct Allowances {
    // Held for one look-up.
    clients: Mutex<HashMap<String, Spent>>,
}

#[derive(Debug)]
struct Spent {
    /// When all of it is there again.
    whole: Instant,
    /// What was allowed: a call that is sent again over a new connection costs nothing.
    calls: VecDeque<String>,
}

impl Allowances {
    /// Takes one write from a client's allowance.
    ///
    /// # Errors
    /// `rate_limited`, with the time after which there is one again.
    pub(crate) fn take(
        &self,
        client: &str,
        call: Option<&str>,
        per_minute: u32,
        now: Instant,
    ) -> Result<(), Failure> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if !clients.contains_key(client) {
            make_room(&mut clients, now);
        }
        let spent = clients.entry(client.to_owned()).or_insert(Spent {
            whole: now,
            calls: VecDeque::new(),
        });
        if call.is_some_and(|call| spent.calls.iter().any(|known| known == call)) {
            return Ok(());
        }
        let one = MINUTE / per_minute.max(1);
        let whole = spent.whole.max(now) + one;
        let wait = whole.saturating_duration_since(now + MINUTE);
        if !wait.is_zero() {
            return Err(refused(per_minute, wait));
        }
        spent.whole = whole;
        if let Some(call) = call {
            spent.calls.truncate(CALLS_MAX - 1);
            spent.calls.push_front(call.to_owned());
        }
        Ok(())
    }
}

fn make_room(clients: &mut HashMap<String, Spent>, now: Instant) {
    if clients.len() < CLIENTS_MAX {
        return;
    }
    clients.retain(|_, spent| spent.whole > now);
    let longest_ago = clients.iter().min_by_key(|(_, spent)| spent.whole);
    if clients.len() >= CLIENTS_MAX
        && let Some(client) = longest_ago.map(|(client, _)| client.clone())
    {
        clients.remove(&client);
    }
}

fn refused(per_minute: u32, wait: Duration) -> Failure {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Failure::new(
        FailureCode::RateLimited,
        format!(
            "This client wrote {per_minute} entries within a minute; nothing more was written."
        ),
        format!(
            "Call again in {seconds} s, with the same idempotency_key if there was one. The limit is \
             agents.writes_per_minute in the settings."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_writes_go_at_once_and_then_one_at_a_time() {
        let (all, begun) = (Allowances::default(), Instant::now());
        let check = |client: &str, seconds: u64, expected: Option<&str>| {
            let now = begun + Duration::from_secs(seconds);
            let refused = all.take(client, None, 6, now).err();
            let hint = refused.and_then(|failure| failure.hint);
            let hint = hint.as_deref().and_then(|hint| hint.split(',').next());
            assert_eq!(hint, expected, "{client} {seconds}");
        };
        for _ in 0..6 {
            check("one", 0, None);
        }
        check("one", 0, Some("Call again in 10 s"));
        check("one", 7, Some("Call again in 3 s"));
        check("other", 7, None);
        check("one", 10, None);
        check("one", 10, Some("Call again in 10 s"));
        for _ in 0..6 {
            check("one", 600, None);
        }
        check("one", 600, Some("Call again in 10 s"));
    }

    #[test]
    fn a_call_that_is_sent_again_costs_nothing() {
        let (all, now) = (Allowances::default(), Instant::now());
        let take =
            |call: usize, per_minute| all.take("c", Some(&call.to_string()), per_minute, now);
        take(0, 1).unwrap();
        take(0, 1).unwrap();
        assert_eq!(take(1, 1).unwrap_err().code, FailureCode::RateLimited);
        let all = Allowances::default();
        let take =
            |call: usize, per_minute| all.take("c", Some(&call.to_string()), per_minute, now);
        for call in 0..=CALLS_MAX {
            take(call, 1_000).unwrap();
        }
        take(1, 1).unwrap();
        take(0, 1).unwrap_err();
    }

    #[test]
    fn few_clients_are_remembered() {
        let (all, now) = (Allowances::default(), Instant::now());
        for number in 0..CLIENTS_MAX {
            let later = now + Duration::from_millis(number as u64);
            all.take(&number.to_string(), None, 1, later).unwrap();
        }
        all.take("one more", None, 1, now + Duration::from_secs(2))
            .unwrap();
        let clients = all.clients.lock().unwrap();
        assert!(clients.len() == CLIENTS_MAX && !clients.contains_key("0"));
    }
}
