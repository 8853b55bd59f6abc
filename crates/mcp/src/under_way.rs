//! A tool call while it is carried out: it tells how long it takes to a client that asked to be
//! told, and ends early where it is cancelled and writes nothing.

use std::{convert::Infallible, future::pending, time::Duration};

use rmcp::{
    RoleServer,
    model::{CallToolResult, ProgressNotificationParam},
    service::RequestContext,
};
use tokio::time::{Instant, interval_at};

use crate::{connection, tools::Tool};

/// How often a call that waits tells so. A shim looks after a daemon that says nothing for longer.
pub(crate) const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// Carries out a call. It runs in a task of its own: neither a panic nor a client that leaves ends
/// a write half-way.
pub(crate) async fn call(
    tool: Tool,
    called: impl Future<Output = CallToolResult> + Send + 'static,
    context: &RequestContext<RoleServer>,
) -> CallToolResult {
    let mut running = tokio::spawn(called);
    let result = tokio::select! {
        result = &mut running => result,
        never = tell(context) => match never {},
        () = context.ct.cancelled(), if !tool.writes() => {
            running.abort();
            running.await
        }
    };
    result.unwrap_or_else(|_| connection::panicked(tool))
}

/// Tells how long it takes, for as long as somebody wants to be told.
async fn tell(context: &RequestContext<RoleServer>) -> Infallible {
    let Some(token) = context.meta.get_progress_token() else {
        return pending().await;
    };
    let mut ticks = interval_at(Instant::now() + PROGRESS_EVERY, PROGRESS_EVERY);
    let mut seconds = 0;
    loop {
        ticks.tick().await;
        seconds += PROGRESS_EVERY.as_secs();
        let progress = ProgressNotificationParam::new(token.clone(), seconds as f64)
            .with_message(format!("waiting, {seconds} s"));
        if context.peer.notify_progress(progress).await.is_err() {
            return pending().await;
        }
    }
}
