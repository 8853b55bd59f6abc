//! Makes an operation of a write: arguments are checked, the Entry-ID is minted once, and the
//! answer waits for the disk alone.

use std::time::Duration;

use protocol::answer::{Answer, Delivery, RepositoryState, Written, WrittenDetails};
use protocol::failure::{Failure, FailureCode};
use protocol::request::{Ack, Context, Delivering, Handoff, Request, Say, SetStatus};
use sha2::{Digest, Sha256};
use threads::header::HeaderForm;
use threads::operation::{CodeTrailers, NewThread, Operation, Seen};
use threads::timestamp::Timestamp;
use threads::topic::Topic;
use tokio::sync::oneshot;
use tracing::{Instrument as _, info, info_span};

use crate::handle::{Accepted, Handle, Message, NotAccepted, Submission};
use crate::server::caller::Caller;
use crate::server::{reads, refusals, waits};
use crate::settings::HeaderChoice;
use crate::shared::{Setup, Shared};
use crate::snapshot::{Shown, Snapshot};

/// How long a write waits for its push at most.
const WAIT_SECONDS_MAX: i64 = 10;

/// A write's entry before it has an ID, and what it changes.
#[derive(Debug)]
struct Draft {
    topic: Topic,
    title: String,
    body: String,
    role: String,
    entry_type: String,
    ball: Option<String>,
    status: Option<String>,
    creates: Option<NewThread>,
    spec: Option<String>,
}

/// Carries out a write.
///
/// # Errors
/// What the contract names for writes; nothing was kept then.
pub(crate) async fn write(
    (shared, setup): (&Shared, &Setup),
    handle: &Handle,
    caller: &Caller,
    (context, code): (&Context, CodeTrailers),
    request: &Request,
) -> Result<Answer, Failure> {
    let snapshot = handle.shown();
    let (draft, delivering) = match request {
        Request::Say(say) => (
            draft_say(setup, handle, &snapshot, caller, say)?,
            &say.delivery,
        ),
        Request::Ack(ack) => (draft_ack(&snapshot, ack)?, &ack.delivery),
        Request::Handoff(handoff) => (
            draft_handoff(setup, &snapshot, caller, handoff)?,
            &handoff.delivery,
        ),
        Request::SetStatus(set) => (draft_status(&snapshot, set)?, &set.delivery),
        Request::Status
        | Request::ListThreads(_)
        | Request::ReadThread(_)
        | Request::ListUpdates(_)
        | Request::Search(_)
        | Request::MarkRead(_)
        | Request::Mute(_)
        | Request::Watch
        | Request::Sync(_)
        | Request::Health
        | Request::Whoami
        | Request::RepositoryList
        | Request::CredentialReload
        | Request::CredentialTest
        | Request::RepositoryProbe(_)
        | Request::RepositoryForget(_)
        | Request::SettingsReload
        | Request::Pause(_)
        | Request::Resume
        | Request::Stop => unreachable!("only writes are sent here"),
    };
    let wait = wait(delivering)?;
    let key = delivering
        .idempotency_key
        .as_deref()
        .map(threads::check::check_key)
        .transpose();
    let key = key.map_err(refusals::text("idempotency_key"))?;
    let before = snapshot
        .thread(&draft.topic)
        .map(|shown| shown.summary.ball.clone());
    let details = details(&draft, before.as_deref());
    let code = CodeTrailers {
        spec: draft.spec.clone(),
        ..code
    };
    let of_call = (key, digest(request), code);
    let operation = operation(shared, &snapshot, caller, draft, of_call);
    let topic = operation.topic.clone();
    let span = info_span!("write", id = %operation.id, repository = %handle.name);
    let submitted = submit(handle, operation, context.resent_as.clone());
    let accepted = submitted.instrument(span.clone()).await?;
    span.in_scope(|| info!(%topic, kept = %accepted.id, repeated = accepted.repeated, "Kept"));
    let snapshot = delivered(handle, &accepted, wait).await;
    Ok(Answer::Written(written(
        &snapshot, &topic, &accepted, wait, details,
    )))
}

fn draft_say(
    setup: &Setup,
    handle: &Handle,
    snapshot: &Snapshot,
    caller: &Caller,
    say: &Say,
) -> Result<Draft, Failure> {
    let title = threads::check::check_title(&say.title).map_err(refusals::text("title"))?;
    let existing = reads::find(snapshot, &say.topic).ok();
    let topic = match &existing {
        Some((topic, _)) => topic.clone(),
        None => new_topic(snapshot, &say.topic)?,
    };
    let shown = existing.as_ref().map(|(_, shown)| &**shown);
    let ball = next_ball(setup, shown, caller, say.ball.as_deref())?;
    let status = say
        .status
        .as_deref()
        .map(threads::check::check_status)
        .transpose();
    let status = status.map_err(refusals::text("status"))?;
    let creates = existing.is_none().then(|| NewThread {
        title: title.clone(),
        form: form(handle, snapshot),
        ball: ball.clone(),
        status: status.clone().unwrap_or_else(|| "OPEN".to_owned()),
    });
    Ok(Draft {
        topic,
        title,
        body: threads::check::check_body(&say.body).map_err(refusals::text("body"))?,
        role: threads::check::check_role(say.role.as_deref().unwrap_or("implementer"))
            .map_err(refusals::text("role"))?,
        entry_type: threads::check::check_entry_type(say.entry_type.as_deref().unwrap_or("Note"))
            .map_err(refusals::text("entry_type"))?,
        ball: Some(ball),
        status,
        creates,
        spec: say.spec.clone(),
    })
}

fn draft_ack(snapshot: &Snapshot, ack: &Ack) -> Result<Draft, Failure> {
    let (topic, _) = reads::find(snapshot, &ack.topic)?;
    let title = ack
        .title
        .as_deref()
        .filter(|title| !title.trim().is_empty())
        .unwrap_or("Ack");
    let body = ack
        .body
        .as_deref()
        .filter(|body| !body.trim().is_empty())
        .unwrap_or("ack");
    Ok(Draft {
        topic,
        title: threads::check::check_title(title).map_err(refusals::text("title"))?,
        body: threads::check::check_body(body).map_err(refusals::text("body"))?,
        role: "pm".to_owned(),
        entry_type: "Note".to_owned(),
        ball: None,
        status: None,
        creates: None,
        spec: ack.spec.clone(),
    })
}

fn draft_handoff(
    setup: &Setup,
    snapshot: &Snapshot,
    caller: &Caller,
    handoff: &Handoff,
) -> Result<Draft, Failure> {
    let (topic, shown) = reads::find(snapshot, &handoff.topic)?;
    let to = handoff.to.as_deref().filter(|to| !to.trim().is_empty());
    let ball = next_ball(setup, Some(&shown), caller, to)?;
    Ok(Draft {
        topic,
        title: threads::check::check_title(&format!("Handoff to {ball}"))
            .map_err(refusals::text("to"))?,
        body: threads::check::check_body(handoff.note.as_deref().unwrap_or_default())
            .map_err(refusals::text("note"))?,
        role: "pm".to_owned(),
        entry_type: "Note".to_owned(),
        ball: Some(ball),
        status: None,
        creates: None,
        spec: handoff.spec.clone(),
    })
}

fn draft_status(snapshot: &Snapshot, set: &SetStatus) -> Result<Draft, Failure> {
    let (topic, _) = reads::find(snapshot, &set.topic)?;
    let status = threads::check::check_status(&set.status).map_err(refusals::text("status"))?;
    let closed = threads::thread::is_closed(&status);
    Ok(Draft {
        topic,
        title: format!("Status: {status}"),
        body: String::new(),
        role: "pm".to_owned(),
        entry_type: if closed { "Closure" } else { "Note" }.to_owned(),
        ball: None,
        status: Some(status),
        creates: None,
        spec: set.spec.clone(),
    })
}

/// A topic that this write would make.
fn new_topic(snapshot: &Snapshot, name: &str) -> Result<Topic, Failure> {
    let topic = Topic::parse(name).map_err(|error| {
        let hint = format!("Call again with the topic '{}'.", error.suggestion);
        Failure::new(FailureCode::InvalidTopic, error.to_string(), hint)
    })?;
    let same = threads::topic::other_case(&topic, snapshot.threads().map(|(topic, _)| topic));
    match same {
        None => Ok(topic),
        Some(other) => Err(Failure::new(
            FailureCode::InvalidTopic,
            format!("'{topic}' differs from the thread '{other}' by case alone."),
            format!("Call again with the topic '{other}', or choose another name."),
        )),
    }
}

/// Whose turn it is after the write: as named, or by the contract's rule.
fn next_ball(
    setup: &Setup,
    shown: Option<&Shown>,
    caller: &Caller,
    named: Option<&str>,
) -> Result<String, Failure> {
    let user = &setup.settings.identity.user;
    if let Some(named) = named {
        let ball = threads::ball::resolve_ball(named, user, &setup.names);
        return ball.map_err(refusals::text("ball"));
    }
    let authors = shown
        .map(|shown| shown.summary.authors.as_slice())
        .unwrap_or_default();
    Ok(threads::ball::next_ball(
        &caller.author,
        authors.iter().map(String::as_str),
        &setup.settings.agents.counterpart,
        &setup.settings.agents.default_ball,
        &setup.names,
    ))
}

fn form(handle: &Handle, snapshot: &Snapshot) -> HeaderForm {
    match handle.settings.header {
        HeaderChoice::FrontMatter => HeaderForm::FrontMatter,
        HeaderChoice::Classic => HeaderForm::Classic,
        HeaderChoice::Auto if snapshot.base.python => HeaderForm::Classic,
        HeaderChoice::Auto => HeaderForm::FrontMatter,
    }
}

fn operation(
    shared: &Shared,
    snapshot: &Snapshot,
    caller: &Caller,
    draft: Draft,
    (key, digest, code): (Option<String>, String, CodeTrailers),
) -> Operation {
    let summary = snapshot.thread(&draft.topic).map(|shown| &shown.summary);
    let seen = Seen {
        ball: summary.map(|thread| thread.ball.clone()),
        status: summary.map(|thread| thread.status.clone()),
        newest: summary.and_then(|thread| thread.newest.clone()),
        entries_len: summary.map_or(0, |thread| thread.entries.len() as u64),
    };
    Operation {
        format: threads::operation::SAYING_FORMAT,
        id: shared.mint.draw(),
        topic: draft.topic,
        agent: caller.author.to_string(),
        timestamp: Timestamp::from_unix_seconds(jiff::Timestamp::now().as_second()),
        role: draft.role,
        entry_type: draft.entry_type,
        title: draft.title,
        body: draft.body,
        ball: draft.ball,
        status: draft.status,
        creates: draft.creates,
        seen,
        made_on: snapshot.base.tip.as_ref().map(ToString::to_string),
        code,
        key,
        arguments_digest: Some(digest),
        edit: None,
    }
}

/// What tells a repeated call from another under the same key: its arguments, but for the wait.
fn digest(request: &Request) -> String {
    let mut request = request.clone();
    match &mut request {
        Request::Say(Say { delivery, .. })
        | Request::Ack(Ack { delivery, .. })
        | Request::Handoff(Handoff { delivery, .. })
        | Request::SetStatus(SetStatus { delivery, .. }) => delivery.wait_seconds = None,
        Request::Status
        | Request::ListThreads(_)
        | Request::ReadThread(_)
        | Request::ListUpdates(_)
        | Request::Search(_)
        | Request::MarkRead(_)
        | Request::Mute(_)
        | Request::Watch
        | Request::Sync(_)
        | Request::Health
        | Request::Whoami
        | Request::RepositoryList
        | Request::CredentialReload
        | Request::CredentialTest
        | Request::RepositoryProbe(_)
        | Request::RepositoryForget(_)
        | Request::SettingsReload
        | Request::Pause(_)
        | Request::Resume
        | Request::Stop => (),
    }
    let text = serde_json::to_vec(&request).expect("a request is made of strings and numbers");
    let digest = Sha256::digest(&text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn wait(delivering: &Delivering) -> Result<Duration, Failure> {
    let seconds = delivering.wait_seconds.unwrap_or(0);
    if !(0..=WAIT_SECONDS_MAX).contains(&seconds) {
        return Err(Failure::new(
            FailureCode::InvalidArgument,
            format!("wait_seconds is {seconds}."),
            format!("Give a number from 0 to {WAIT_SECONDS_MAX}."),
        ));
    }
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

async fn submit(
    handle: &Handle,
    operation: Operation,
    resent_as: Option<String>,
) -> Result<Accepted, Failure> {
    let (answer, outcome) = oneshot::channel();
    let submission = Submission {
        operation,
        resent_as,
        answer,
    };
    let sent = handle
        .inbox
        .send(Message::Submit(Box::new(submission)))
        .await;
    let outcome = match sent {
        Ok(()) => outcome.await.unwrap_or(Err(NotAccepted::Stopping)),
        Err(_) => Err(NotAccepted::Stopping),
    };
    outcome.map_err(|why| refusals::not_accepted(&why))
}

async fn delivered(
    handle: &Handle,
    accepted: &Accepted,
    wait: Duration,
) -> std::sync::Arc<Snapshot> {
    if wait.is_zero() {
        handle.shown()
    } else {
        waits::for_a_push(handle, &accepted.id, wait).await
    }
}

fn details(draft: &Draft, ball_before: Option<&str>) -> WrittenDetails {
    WrittenDetails {
        title: draft.title.clone(),
        role: draft.role.clone(),
        entry_type: draft.entry_type.clone(),
        ball_flipped: draft
            .ball
            .as_deref()
            .is_some_and(|ball| Some(ball) != ball_before),
        closed: false,
    }
}

fn written(
    snapshot: &Snapshot,
    topic: &Topic,
    accepted: &Accepted,
    wait: Duration,
    details: WrittenDetails,
) -> Written {
    let thread = snapshot.thread(topic).map(|shown| &shown.summary);
    let index = thread.and_then(|thread| thread.place_of(&accepted.id));
    let now = thread.map(|thread| crate::outbox::Written {
        index: None,
        ball: thread.ball.clone(),
        status: thread.status.clone(),
    });
    let then = accepted.then.as_ref();
    let (delivery, delivery_reason) = delivery(snapshot, accepted, wait);
    Written {
        topic: topic.as_str().to_owned(),
        entry_id: accepted.id.to_string(),
        index: index.unwrap_or_default() as u64,
        ball: then
            .or(now.as_ref())
            .map(|w| w.ball.clone())
            .unwrap_or_default(),
        status: then
            .or(now.as_ref())
            .map(|w| w.status.clone())
            .unwrap_or_default(),
        delivery,
        delivery_reason,
        details: WrittenDetails {
            closed: thread.is_some_and(|thread| thread.closed),
            ..details
        },
    }
}

fn delivery(
    snapshot: &Snapshot,
    accepted: &Accepted,
    wait: Duration,
) -> (Delivery, Option<String>) {
    if snapshot.condition.state == RepositoryState::Local {
        return (Delivery::Local, None);
    }
    if snapshot.held.contains(&accepted.id) {
        return (Delivery::Queued, Some("push_refused".to_owned()));
    }
    let asked = accepted.repeated || !wait.is_zero();
    if asked && !snapshot.pending.contains(&accepted.id) {
        return (Delivery::Pushed, None);
    }
    (Delivery::Queued, snapshot.condition.delivery_reason())
}
