//! What a client wants to be told of by itself, and telling it: in the older era on the session,
//! in the newer one on each `subscriptions/listen`.
#![expect(
    deprecated,
    reason = "logging is deprecated in 2026-07-28, and is a part of the sessions before it"
)]

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use protocol::answer::RepositoryState;
use rmcp::{
    ErrorData, Peer, RoleServer,
    model::{
        CustomNotification, LoggingLevel, LoggingMessageNotificationParam,
        ResourceUpdatedNotificationParam, ServerNotification, SubscriptionFilter,
    },
    service::{ServiceError, SubscriptionContext, SubscriptionSendError},
};
use serde_json::json;
use tokio::task::AbortHandle;

use crate::{
    address::Address,
    news::{Gathered, News, State, gather},
    resources, text,
};

/// Resources that one session, or one `subscriptions/listen`, is told of.
pub(crate) const SUBSCRIPTIONS_MAX: usize = 256;

/// Requests to listen that are open at once on one connection: each holds a place among the
/// requests under way.
pub(crate) const LISTENS_MAX: usize = 16;

/// The capability and the notification of Claude Code's channels.
pub(crate) const CHANNEL: &str = "claude/channel";
const CHANNEL_METHOD: &str = "notifications/claude/channel";

/// The most characters of a topic or an entry's name in a notification.
const NAME_CHARS_MAX: usize = 200;

/// What one connection is told.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    wanted: Arc<Wanted>,
    // Held to look and to set only.
    telling: Mutex<Option<AbortHandle>>,
    listens: AtomicUsize,
}

/// What a session of the older era wants to hear.
#[derive(Debug)]
struct Wanted {
    // Both are held for a look-up only, by the calls of one connection and by its teller.
    uris: Mutex<BTreeSet<String>>,
    level: Mutex<Option<LoggingLevel>>,
    channel: bool,
}

impl Subscriptions {
    /// Nothing is wanted yet but what every session hears; with `channel` that is its turns too.
    pub(crate) fn new(channel: bool) -> Self {
        let wanted = Wanted {
            uris: Mutex::default(),
            level: Mutex::default(),
            channel,
        };
        Self {
            wanted: Arc::new(wanted),
            telling: Mutex::default(),
            listens: AtomicUsize::new(0),
        }
    }

    /// Tells a session of the older era from now on, once.
    pub(crate) fn begin(&self, peer: &Peer<RoleServer>, listen: impl FnOnce() -> Box<dyn News>) {
        let mut telling = locked(&self.telling);
        if telling.is_none() {
            let told = tell_session(peer.clone(), listen(), Arc::clone(&self.wanted));
            *telling = Some(tokio::spawn(told).abort_handle());
        }
    }

    /// `resources/subscribe`.
    pub(crate) fn subscribe(&self, uri: String) -> Result<(), ErrorData> {
        if Address::parse(&uri).is_none() {
            return Err(resources::not_found(&uri));
        }
        let mut uris = locked(&self.wanted.uris);
        if uris.len() >= SUBSCRIPTIONS_MAX && !uris.contains(&uri) {
            let message = format!("a session can subscribe to {SUBSCRIPTIONS_MAX} resources");
            return Err(ErrorData::invalid_params(message, None));
        }
        uris.insert(uri);
        Ok(())
    }

    /// `resources/unsubscribe`; that it was not subscribed to is no error.
    pub(crate) fn unsubscribe(&self, uri: &str) {
        locked(&self.wanted.uris).remove(uri);
    }

    /// `logging/setLevel`; before it, nothing is logged to the client.
    pub(crate) fn set_level(&self, level: LoggingLevel) {
        *locked(&self.wanted.level) = Some(level);
    }

    /// Tells on one `subscriptions/listen` until it is cancelled or no more news will come.
    pub(crate) async fn listen(
        &self,
        asked: &SubscriptionContext,
        news: Box<dyn News>,
    ) -> Result<(), ErrorData> {
        let _place = Place::among(&self.listens)?;
        tokio::select! {
            () = asked.cancelled() => Ok(()),
            // That the client has gone is the end too.
            _ = tell_listen(asked, news) => Ok(()),
        }
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        if let Some(telling) = locked(&self.telling).take() {
            telling.abort();
        }
    }
}

/// A place among the requests to listen.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn among(taken: &'a AtomicUsize) -> Result<Self, ErrorData> {
        let before = taken.fetch_add(1, Ordering::Relaxed);
        // Made first: dropping it gives the place back.
        let place = Self(taken);
        if before < LISTENS_MAX {
            return Ok(place);
        }
        let message = format!("a connection can listen {LISTENS_MAX} times at once");
        Err(ErrorData::invalid_params(message, None))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a `subscriptions/listen` can be told of what it asks for.
pub(crate) fn accepted(requested: &SubscriptionFilter) -> SubscriptionFilter {
    let mut accepted = requested.clone();
    if let Some(uris) = &mut accepted.resource_subscriptions {
        uris.retain(|uri| Address::parse(uri).is_some());
        uris.truncate(SUBSCRIPTIONS_MAX);
    }
    accepted
}

async fn tell_session(peer: Peer<RoleServer>, mut news: Box<dyn News>, wanted: Arc<Wanted>) {
    while let Some(gathered) = gather(&mut *news).await {
        if tell(&peer, &gathered, &wanted).await.is_err() {
            return;
        }
    }
}

async fn tell(
    peer: &Peer<RoleServer>,
    gathered: &Gathered,
    wanted: &Wanted,
) -> Result<(), ServiceError> {
    if gathered.changes_list() {
        peer.notify_resource_list_changed().await?;
    }
    let mut uris: Vec<String> = locked(&wanted.uris).iter().cloned().collect();
    uris.retain(|uri| is_touched(uri, gathered));
    for uri in uris {
        let updated = ResourceUpdatedNotificationParam::new(uri);
        peer.notify_resource_updated(updated).await?;
    }
    if wanted.channel && !gathered.turns.is_empty() {
        let notification = ServerNotification::CustomNotification(channel(gathered));
        peer.send_notification(notification).await?;
    }
    let level = *locked(&wanted.level);
    if let (Some(state), Some(level)) = (&gathered.state, level)
        && severity(state) as u8 >= level as u8
    {
        peer.notify_logging_message(logged(state)).await?;
    }
    Ok(())
}

async fn tell_listen(
    asked: &SubscriptionContext,
    mut news: Box<dyn News>,
) -> Result<(), SubscriptionSendError> {
    let (accepted, sink) = (asked.accepted(), asked.sink());
    let uris = accepted.resource_subscriptions.as_deref();
    let wants_list = accepted.resources_list_changed == Some(true);
    while let Some(gathered) = gather(&mut *news).await {
        if wants_list && gathered.changes_list() {
            sink.notify_resource_list_changed().await?;
        }
        for uri in uris.unwrap_or_default() {
            if is_touched(uri, &gathered) {
                sink.notify_resource_updated(uri).await?;
            }
        }
    }
    Ok(())
}

fn is_touched(uri: &str, gathered: &Gathered) -> bool {
    match Address::parse(uri) {
        Some(Address::Inbox) => gathered.touches_any(),
        Some(Address::Thread(topic)) => gathered.touches(&topic),
        Some(Address::Instructions) | None => false,
    }
}

/// One notification for all turns of one telling. It is shown to the model as it is: it holds names
/// alone, nothing of what anybody wrote in a title or a body.
fn channel(gathered: &Gathered) -> CustomNotification {
    let name = |name: &str| text::clipped(&text::one_line(name), NAME_CHARS_MAX);
    let mut turns = gathered.turns.iter();
    let params = match (turns.next(), turns.len()) {
        (Some((topic, entry_id)), 0) => {
            let topic = name(topic);
            let mut meta = json!({"event": "your_turn", "topic": topic});
            if let Some(entry_id) = entry_id {
                meta["entry_id"] = json!(name(entry_id));
            }
            let content = format!(
                "It is your turn in the watercooler thread '{topic}'. Read it with \
                 watercooler_read_thread."
            );
            json!({"content": content, "meta": meta})
        }
        (_, more) => {
            let threads = (more + 1).to_string();
            let content = format!(
                "It is your turn in {threads} watercooler threads. See them with \
                 watercooler_list_threads, filter=mine."
            );
            json!({"content": content, "meta": {"event": "your_turn", "threads": threads}})
        }
    };
    CustomNotification::new(CHANNEL_METHOD, Some(params))
}

fn severity(state: &State) -> LoggingLevel {
    match state.state {
        RepositoryState::Syncing => LoggingLevel::Debug,
        RepositoryState::Synced | RepositoryState::Paused | RepositoryState::Local => {
            LoggingLevel::Info
        }
        RepositoryState::Offline => LoggingLevel::Notice,
        RepositoryState::SignedOut | RepositoryState::Attention => LoggingLevel::Warning,
    }
}

fn logged(state: &State) -> LoggingMessageNotificationParam {
    let data = json!({
        "repository": state.repository,
        "state": state.state,
        "trouble": state.trouble,
    });
    LoggingMessageNotificationParam::new(severity(state), data).with_logger("watercooler")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
