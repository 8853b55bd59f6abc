//! Bounds the calls under way on one connection: while the gate is full, nothing more is read, so
//! that a client that asks and never reads its answers costs a known amount of memory.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use rmcp::{
    RoleServer,
    model::{ClientNotification, JsonRpcMessage, RequestId},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};
use tokio::sync::Notify;

/// Requests of one connection that are under way or whose answers are not yet written.
pub(crate) const UNDER_WAY_MAX: usize = 128;

/// A transport that reads no further while [`UNDER_WAY_MAX`] requests are under way.
pub(crate) struct Gate<T> {
    inner: T,
    under_way: Arc<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    // Held for a set operation only, by the reading task and the tasks that write answers.
    ids: Mutex<HashSet<RequestId>>,
    freed: Notify,
}

impl<T> Gate<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self {
            inner,
            under_way: Arc::default(),
        }
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Gate<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let answered = match &message {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        let under_way = Arc::clone(&self.under_way);
        let sent = self.inner.send(message);
        async move {
            let result = sent.await;
            if let Some(id) = answered {
                under_way.leave(&id);
            }
            result
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        self.under_way.has_room().await;
        let message = self.inner.receive().await?;
        match &message {
            JsonRpcMessage::Request(request) => self.under_way.enter(request.id.clone()),
            JsonRpcMessage::Notification(notification) => {
                // A cancelled request gets no answer that would free its place.
                if let ClientNotification::CancelledNotification(cancelled) =
                    &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.under_way.leave(id);
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => (),
        }
        Some(message)
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

impl UnderWay {
    fn enter(&self, id: RequestId) {
        self.ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id);
    }

    fn leave(&self, id: &RequestId) {
        self.ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
        self.freed.notify_one();
    }

    fn len(&self) -> usize {
        self.ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    async fn has_room(&self) {
        while self.len() >= UNDER_WAY_MAX {
            self.freed.notified().await;
        }
    }
}
