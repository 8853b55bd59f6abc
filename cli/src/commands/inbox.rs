//! `watercooler` alone: the inbox of every repository: your turn, new, waiting for others.

use protocol::answer::{Answer, Freshness, RepositoryListed, ThreadSummary};
use protocol::request::{Filter, Request};
use serde_json::json;

use crate::commands::list::every_page;
use crate::link::{Link, unexpected};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::Session;
use crate::text;

/// The inbox of one repository. A thread stands in one part of it.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// The repository's name.
    pub(crate) repository: String,
    /// Your turn.
    pub(crate) your_turn: Vec<ThreadSummary>,
    /// With entries that you have not been shown.
    pub(crate) new: Vec<ThreadSummary>,
    /// You, or an agent of yours, wrote last, and it is another's turn.
    pub(crate) waiting: Vec<ThreadSummary>,
    /// How fresh.
    pub(crate) freshness: Freshness,
}

/// Shows the inbox.
///
/// # Errors
/// The daemon's failure, or why it cannot be reached.
pub(crate) fn run(session: &Session) -> Result<Report, Problem> {
    let mut link = Link::started(session)?;
    let names = match &session.repository {
        Some(name) => vec![name.clone()],
        None => names(&mut link)?,
    };
    let inboxes = names.iter().map(|name| inbox(&mut link, name));
    let inboxes: Vec<Inbox> = inboxes.collect::<Result<_, _>>()?;
    let text = text::inbox::text(&inboxes, session.paint);
    let repositories: Vec<_> = inboxes.iter().map(document).collect();
    Ok(Report::new(text, json!({"repositories": repositories})))
}

fn names(link: &mut Link) -> Result<Vec<String>, Problem> {
    let done = link.ask(Request::RepositoryList)?;
    let Answer::Repositories(listed) = done.answer else {
        return Err(unexpected());
    };
    let name = |each: RepositoryListed| each.name;
    Ok(listed.into_iter().map(name).collect())
}

fn inbox(link: &mut Link, repository: &str) -> Result<Inbox, Problem> {
    let whoami = link.ask_in(repository, Request::Whoami)?;
    let Answer::Whoami(whoami) = whoami.answer else {
        return Err(unexpected());
    };
    let mut list = |filter| {
        let done = every_page(filter, |request| link.ask_in(repository, request))?;
        let Answer::Threads(threads) = done.answer else {
            return Err(unexpected());
        };
        Ok((threads.threads, threads.freshness))
    };
    let (new, _) = list(Filter::New)?;
    let (open, freshness) = list(Filter::Open)?;
    let tag = format!("({})", whoami.user);
    let is_ours = |thread: &ThreadSummary| {
        let author = thread.last_author.as_deref();
        author.is_some_and(|author| author.ends_with(&tag))
    };
    let (your_turn, others): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|thread| thread.your_turn);
    let waits = |thread: &ThreadSummary| !thread.is_new && is_ours(thread);
    Ok(Inbox {
        repository: repository.to_owned(),
        your_turn,
        new: new.into_iter().filter(|thread| !thread.your_turn).collect(),
        waiting: others.into_iter().filter(waits).collect(),
        freshness,
    })
}

fn document(inbox: &Inbox) -> serde_json::Value {
    let freshness = &inbox.freshness;
    json!({
        "repository": inbox.repository,
        "your_turn": inbox.your_turn,
        "new": inbox.new,
        "waiting": inbox.waiting,
        "freshness": {
            "head": freshness.head,
            "fetched_at": freshness.fetched_at,
            "age_seconds": freshness.age_seconds,
            "state": freshness.state,
        },
    })
}
