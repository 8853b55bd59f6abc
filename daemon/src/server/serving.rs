//! The std::thread that serves all connections, with a runtime of its own: a request that is heard
//! passes from task to task without waking another thread, and the repositories' loops go on
//! whatever clients ask.
//!
//! What takes long does not belong on it: reading a thread from the disk and showing a long one are
//! handed to threads that may block.

use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use ipc::listener::Listener;
use tokio::sync::oneshot;
use tracing::error;

use crate::server;
use crate::shared::Shared;

/// How many threads read and show for all connections at most; further ones wait their turn.
const BLOCKING_THREADS_MAX: usize = 4;

/// Connections that are being served.
#[derive(Debug)]
pub(crate) struct Serving {
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Serving {
    /// Serves whoever connects, from now on.
    ///
    /// # Errors
    /// The operating system's, where no thread can be started.
    pub(crate) fn begin(listener: Arc<Listener>, shared: Arc<Shared>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_name("watercoolerd-reads")
            .enable_all()
            .build()?;
        let (end, ended) = oneshot::channel();
        let thread = Builder::new()
            .name("watercoolerd-connections".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = server::serve(listener, shared) => (),
                        // That the other end is dropped is the word too.
                        _ = ended => (),
                    }
                });
                // Nothing is written there, so nobody waits for it.
                runtime.shutdown_background();
            })?;
        Ok(Self { end, thread })
    }

    /// Closes every connection and waits until that is done.
    pub(crate) async fn end(self) {
        let Self { end, thread } = self;
        drop(end);
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            error!("The thread that served connections ended in a panic");
        }
    }
}
