//! Looks at places that clients name on `std::thread`s of their own: a file system that hangs costs
//! one of a few threads and a moment, and no connection but its own notices.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

/// How many looks are under way at most, those that hang included.
pub(crate) const LOOKS_MAX: usize = 8;

/// Who is allowed to look.
#[derive(Clone, Debug)]
pub(crate) struct Looking(Arc<Semaphore>);

impl Looking {
    /// Nobody looks yet.
    pub(crate) fn new() -> Self {
        Self::with(LOOKS_MAX)
    }

    /// The same, with another number of looks at most.
    pub(crate) fn with(looks_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(looks_max)))
    }

    /// What `look` finds; none where it takes longer than `wait_max`, its turn included.
    pub(crate) async fn at<T: Send + 'static>(
        &self,
        wait_max: Duration,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let found = async {
            let turn = Arc::clone(&self.0).acquire_owned().await.ok()?;
            let (tell, found) = oneshot::channel();
            let started = std::thread::Builder::new()
                .name("watercoolerd-look".to_owned())
                .spawn(move || {
                    // Whoever waited too long does not hear it.
                    let _ = tell.send(look());
                    drop(turn);
                });
            started.ok()?;
            found.await.ok()
        };
        tokio::time::timeout(wait_max, found).await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(30);
    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn what_hangs_costs_its_own_wait_and_no_more_threads_than_allowed() {
        let looking = Looking::new();
        assert_eq!(looking.at(PATIENCE, || 1).await, Some(1));
        let (begun, begins) = channel();
        let mut gates = Vec::new();
        for _ in 0..=LOOKS_MAX {
            let (gate, opened) = channel::<()>();
            let begun = begun.clone();
            let hung = looking.at(LIMIT, move || {
                begun.send(()).unwrap();
                let _ = opened.recv();
            });
            assert_eq!(hung.await, None);
            gates.push(gate);
        }
        assert_eq!(begins.try_iter().count(), LOOKS_MAX);
        drop(gates);
        assert_eq!(looking.at(PATIENCE, || 2).await, Some(2));
    }
}
