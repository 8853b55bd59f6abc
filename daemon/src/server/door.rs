//! Counts who is being served, and who stands at the door without a word: those who only connect
//! take no place of a client, and do not keep the next one from being heard.

use std::sync::Arc;
use std::time::Duration;

use ipc::listener::HELLO_WAIT_MAX;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many connections are served at once; the next one waits for its welcome.
const CONNECTIONS_MAX: usize = 1024;

/// How many connections stand at the door at once; the next one waits to be accepted.
const STRANGERS_MAX: usize = 1024;

/// How long a client may take to say hello while at least half of that room is taken. Ours say it
/// at once, and what stands in the socket is read however late its turn comes.
const HURRIED_HELLO_WAIT_MAX: Duration = Duration::from_millis(250);

/// What the daemon has open besides connections: clones, packs, logs, pipes of a few workers.
const OTHER_FILES_MAX: u64 = 1024;

/// How many files the daemon wants to have open at most.
pub(crate) const FILES_WANTED: u64 =
    CONNECTIONS_MAX as u64 + STRANGERS_MAX as u64 + OTHER_FILES_MAX;

/// The room for connections.
#[derive(Debug)]
pub(crate) struct Door {
    strangers: Arc<Semaphore>,
    strangers_max: usize,
    served: Arc<Semaphore>,
}

/// A connection's place at the door, until it is served or dropped.
#[derive(Debug)]
pub(crate) struct Stranger {
    place: OwnedSemaphorePermit,
    served: Arc<Semaphore>,
    /// How long its hello is waited for.
    pub(crate) hello_wait: Duration,
}

impl Door {
    /// Where the daemon may have `files_max` files open: connections take two thirds of them at
    /// most.
    pub(crate) fn new(files_max: u64) -> Self {
        let third = usize::try_from(files_max / 3).unwrap_or(usize::MAX);
        let strangers_max = STRANGERS_MAX.min(third);
        Self {
            strangers: Arc::new(Semaphore::new(strangers_max)),
            strangers_max,
            served: Arc::new(Semaphore::new(CONNECTIONS_MAX.min(third))),
        }
    }

    /// Waits for room for one more; `None` where nobody is let in any more.
    pub(crate) async fn stranger(&self) -> Option<Stranger> {
        let place = Arc::clone(&self.strangers).acquire_owned().await.ok()?;
        let is_crowded = self.strangers.available_permits() < self.strangers_max / 2;
        Some(Stranger {
            place,
            served: Arc::clone(&self.served),
            hello_wait: if is_crowded {
                HURRIED_HELLO_WAIT_MAX
            } else {
                HELLO_WAIT_MAX
            },
        })
    }
}

impl Stranger {
    /// Waits for a place among the served, and leaves the door; `None` where nobody is served any
    /// more.
    pub(crate) async fn served(self) -> Option<OwnedSemaphorePermit> {
        let served = self.served.acquire_owned().await.ok();
        drop(self.place);
        served
    }
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use ipc::listener::HELLO_WAIT_MAX;

    use super::{
        CONNECTIONS_MAX, Door, FILES_WANTED, HURRIED_HELLO_WAIT_MAX, STRANGERS_MAX, Stranger,
    };

    fn poll<F: Future>(what: Pin<&mut F>) -> Poll<F::Output> {
        what.poll(&mut Context::from_waker(Waker::noop()))
    }

    async fn crowd(door: &Door, len: usize) -> Vec<Stranger> {
        let mut all = Vec::new();
        for _ in 0..len {
            all.push(door.stranger().await.unwrap());
        }
        all
    }

    fn has_room(door: &Door) -> bool {
        matches!(poll(pin!(door.stranger())), Poll::Ready(Some(_)))
    }

    #[tokio::test]
    async fn a_crowd_at_the_door_is_hurried_and_takes_no_place_of_a_client() {
        let door = Door::new(FILES_WANTED);
        let client = door.stranger().await.unwrap();
        assert_eq!(client.hello_wait, HELLO_WAIT_MAX);
        let crowd = crowd(&door, STRANGERS_MAX - 1).await;
        assert_eq!(crowd.last().unwrap().hello_wait, HURRIED_HELLO_WAIT_MAX);
        assert!(!has_room(&door), "the door is full");
        let _served = client.served().await.unwrap();
        assert!(has_room(&door), "the client left the door");
        drop(crowd);
        let calm = door.stranger().await.unwrap();
        assert_eq!(calm.hello_wait, HELLO_WAIT_MAX);
    }

    #[tokio::test]
    async fn one_client_more_than_can_be_served_waits_for_another_to_leave() {
        let door = Door::new(FILES_WANTED);
        let mut served = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            served.push(door.stranger().await.unwrap().served().await.unwrap());
        }
        let mut waits = pin!(door.stranger().await.unwrap().served());
        assert!(poll(waits.as_mut()).is_pending());
        served.pop();
        assert!(matches!(poll(waits), Poll::Ready(Some(_))));
    }

    #[tokio::test]
    async fn where_few_files_may_be_open_fewer_are_let_in() {
        let door = Door::new(30);
        let crowd = crowd(&door, 10).await;
        assert!(!has_room(&door));
        drop(crowd);
        assert!(has_room(&door));
    }
}
