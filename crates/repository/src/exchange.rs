//! One exchange with a remote: its deadline, its limits, and what was heard in it.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::transport::{Agent, Group, Masters};
use crate::{Kind, Remote, RemoteUrl, TransferError, Ways};

/// The most that a remote may send in one exchange, in bytes.
pub const RECEIVED_BYTES_MAX: u64 = 256 << 20;

/// How much of what a remote says is kept: its last words, in bytes.
const WORDS_BYTES_MAX: usize = 8 << 10;

/// How long the last words of a child that ended are waited for.
pub(crate) const LAST_WORDS_WAIT: Duration = Duration::from_millis(500);

/// What libgit2's callbacks and our transports share while one exchange runs. libgit2 calls them on
/// the thread that started it, which is how they find theirs.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) url: RemoteUrl,
    pub(crate) ssh_key: Option<PathBuf>,
    pub(crate) ways: Ways,
    /// Our clone, whose configuration a child git may read.
    pub(crate) clone: PathBuf,
    pub(crate) timeout: Duration,
    /// Where its children go.
    pub(crate) group: Group,
    /// Keeps the login to an ssh remote.
    pub(crate) masters: Option<Arc<Masters>>,
    pub(crate) deadline: Instant,
    received: AtomicU64,
    sent: AtomicU64,
    /// Holds the kept key while ssh logs in by itself.
    pub(crate) agent: Mutex<Option<Agent>>,
    /// How often libgit2 asked for a credential.
    pub(crate) credentials_asked: AtomicUsize,
    heard: Mutex<Heard>,
    children: Mutex<usize>,
    child_ended: Condvar,
}

#[derive(Debug, Default)]
struct Heard {
    stderr: Tail,
    sideband: Tail,
    trouble: Option<TransferError>,
}

/// The last bytes of a stream.
#[derive(Debug, Default)]
pub(crate) struct Tail(Vec<u8>);

thread_local! {
    static CURRENT: RefCell<Option<Arc<Exchange>>> = const { RefCell::new(None) };
}

impl Exchange {
    /// One whose children are in groups of their own, and which logs in by itself.
    #[cfg(test)]
    pub(crate) fn new(remote: &Remote, clone: PathBuf) -> Arc<Exchange> {
        Exchange::within(remote, Ways::default(), clone, Group::Own, None)
    }

    pub(crate) fn within(
        remote: &Remote,
        ways: Ways,
        clone: PathBuf,
        group: Group,
        masters: Option<Arc<Masters>>,
    ) -> Arc<Exchange> {
        Arc::new(Exchange {
            url: remote.url.clone(),
            ssh_key: remote.ssh_key.clone(),
            ways,
            clone,
            timeout: remote.timeout,
            group,
            masters,
            deadline: Instant::now() + remote.timeout,
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            agent: Mutex::default(),
            credentials_asked: AtomicUsize::new(0),
            heard: Mutex::default(),
            children: Mutex::default(),
            child_ended: Condvar::new(),
        })
    }

    /// Runs `work` with this as the thread's current exchange.
    pub(crate) fn run<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        struct Entered;
        impl Drop for Entered {
            fn drop(&mut self) {
                CURRENT.with(|current| current.borrow_mut().take());
            }
        }
        CURRENT.with(|current| current.borrow_mut().replace(Arc::clone(self)));
        let _entered = Entered;
        work()
    }

    /// The exchange that runs on this thread.
    pub(crate) fn current() -> Option<Arc<Exchange>> {
        CURRENT.with(|current| current.borrow().clone())
    }

    pub(crate) fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether to go on: false, with the trouble noted, after the deadline or past the limit.
    pub(crate) fn may_go_on(&self) -> bool {
        if self.remaining().is_zero() {
            self.note(self.timed_out());
            return false;
        }
        if self.received() > RECEIVED_BYTES_MAX {
            let mib = RECEIVED_BYTES_MAX >> 20;
            self.note(TransferError::new(
                Kind::Offline,
                format!(
                    "{} sent more than {mib} MiB at once; the rest was not taken",
                    self.url
                ),
                "look at what the branch holds: threads are far smaller",
            ));
            return false;
        }
        true
    }

    pub(crate) fn timed_out(&self) -> TransferError {
        TransferError::new(
            Kind::Offline,
            format!(
                "{} did not answer in {:.1} s",
                self.url,
                self.timeout.as_secs_f64()
            ),
            "it is tried again; raise sync.network_timeout where the link is slow",
        )
    }

    /// Keeps the first trouble that one of our own parts met; it says more than libgit2's words.
    pub(crate) fn note(&self, trouble: TransferError) {
        self.heard().trouble.get_or_insert(trouble);
    }

    pub(crate) fn take_trouble(&self) -> Option<TransferError> {
        self.heard().trouble.take()
    }

    pub(crate) fn add_received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// libgit2 counts by itself what https brings.
    pub(crate) fn set_received(&self, bytes: u64) {
        self.received.fetch_max(bytes, Ordering::Relaxed);
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(crate) fn add_sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn set_sent(&self, bytes: u64) {
        self.sent.fetch_max(bytes, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn hear_stderr(&self, bytes: &[u8]) {
        self.heard().stderr.push(bytes);
    }

    pub(crate) fn hear_sideband(&self, bytes: &[u8]) {
        self.heard().sideband.push(bytes);
    }

    /// What ssh or a child git wrote to its stderr.
    pub(crate) fn stderr(&self) -> String {
        self.heard().stderr.text()
    }

    /// What the remote told people: hooks, rules, progress.
    pub(crate) fn sideband(&self) -> String {
        self.heard().sideband.text()
    }

    pub(crate) fn child_started(&self) {
        *self.children.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    pub(crate) fn child_ended(&self) {
        *self.children.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.child_ended.notify_all();
    }

    /// Waits, not for long, until the children have said their last words.
    pub(crate) fn settle(&self) {
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .child_ended
            .wait_timeout_while(children, LAST_WORDS_WAIT, |children| *children > 0);
        drop(waited);
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tail {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        let surplus = self.0.len().saturating_sub(WORDS_BYTES_MAX);
        self.0.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(timeout: Duration) -> Arc<Exchange> {
        let url = RemoteUrl::parse("/nowhere").unwrap();
        let remote = Remote {
            url,
            branch: None,
            ssh_key: None,
            timeout,
        };
        Exchange::new(&remote, PathBuf::new())
    }

    #[test]
    fn only_the_last_words_are_kept() {
        let exchange = exchange(Duration::from_secs(9));
        for _ in 0..3 {
            exchange.hear_stderr(&[b'x'; WORDS_BYTES_MAX]);
        }
        exchange.hear_stderr(b"the end");
        assert_eq!(exchange.stderr().len(), WORDS_BYTES_MAX);
        assert!(exchange.stderr().ends_with("xthe end"));
    }

    #[test]
    fn what_a_remote_sends_is_bounded() {
        let exchange = exchange(Duration::from_secs(9));
        exchange.add_received(RECEIVED_BYTES_MAX);
        assert!(exchange.may_go_on());
        exchange.add_received(1);
        assert!(!exchange.may_go_on());
        assert!(exchange.take_trouble().unwrap().message.contains("256 MiB"));
    }

    #[test]
    fn the_first_trouble_is_kept() {
        let exchange = exchange(Duration::ZERO);
        assert!(!exchange.may_go_on());
        exchange.note(TransferError::new(Kind::Damaged, "second", "none"));
        assert_eq!(exchange.take_trouble().unwrap().kind, Kind::Offline);
    }

    #[test]
    fn an_exchange_is_current_only_while_it_runs() {
        let exchange = exchange(Duration::ZERO);
        assert!(Exchange::current().is_none());
        exchange.run(|| assert!(Exchange::current().is_some()));
        assert!(Exchange::current().is_none());
    }
}
