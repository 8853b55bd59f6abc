//! The menu as data: what is known → what stands there. Pure; drawing it is for others.

use protocol::hello::PROTOCOL;

use crate::clicks::{Click, Span};
use crate::model::{Facts, Known, Look, Repository, Shape, counted};
use crate::plain::{cut, one_line};
use protocol::answer::{RepositoryState, ThreadSummary};

/// How many threads a list in the menu shows; the rest is counted.
pub(crate) const THREADS_MAX: usize = 10;

/// How long a thread's line is, in characters.
const LINE_CHARS_MAX: usize = 60;

/// A line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// Words that cannot be clicked.
    Words(String),
    /// What can be clicked.
    Click(String, Click),
    /// What can be on or off.
    Check(String, Click, bool),
    /// A menu of its own.
    More(String, Vec<Item>),
    /// A line between groups.
    Line,
}

/// Everything that is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The icon.
    pub(crate) look: Look,
    /// One line.
    pub(crate) title: String,
    /// Some lines.
    pub(crate) tooltip: String,
    /// From the top.
    pub(crate) menu: Vec<Item>,
}

/// What of this machine the menu shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Here<'a> {
    /// `X.Y.Z` of the tray.
    pub(crate) version: &'a str,
    /// Whether the tray starts at login.
    pub(crate) starts_at_login: bool,
    /// How many popups could not be shown.
    pub(crate) unshown: u64,
    /// How the last click ended, where it did not do what it should.
    pub(crate) problem: Option<&'a str>,
}

/// What is drawn for these facts.
pub(crate) fn shown(facts: &Facts, here: &Here<'_>) -> Shown {
    Shown {
        look: facts.look(),
        title: facts.title(),
        tooltip: facts.tooltip(),
        menu: menu(facts, here),
    }
}

fn menu(facts: &Facts, here: &Here<'_>) -> Vec<Item> {
    let mut items = vec![Item::Words(facts.words())];
    items.extend(facts.detail().map(Item::Words));
    items.extend(
        here.problem
            .map(|it| Item::Words(cut(&one_line(it), LINE_CHARS_MAX * 2))),
    );
    match facts.known() {
        Some(known) => of_known(known, here, &mut items),
        None => {
            let start = Item::Click("Start the daemon".to_owned(), Click::StartDaemon);
            items.extend([start, Item::Line]);
            items.extend(of_machine(None, here));
        }
    }
    let goes_on = if facts.known().is_some() {
        "Quit (the daemon goes on)"
    } else {
        "Quit"
    };
    items.extend([Item::Line, Item::Click(goes_on.to_owned(), Click::Quit)]);
    items
}

fn of_known(known: &Known, here: &Here<'_>, items: &mut Vec<Item>) {
    let is_mismatched = known.version != here.version || known.protocol != PROTOCOL;
    if is_mismatched {
        items.push(Item::Words(format!(
            "The daemon is {}, this tray is {}",
            known.version, here.version
        )));
        items.push(Item::Click(
            "Restart the daemon".to_owned(),
            Click::RestartDaemon,
        ));
    }
    items.push(Item::Line);
    items.extend(turns(known));
    items.extend(fresh(known));
    items.push(Item::Click("Sync now".to_owned(), Click::Sync));
    items.push(pauses(known));
    items.push(mutes(known));
    items.push(Item::More("Credentials".to_owned(), credentials(known)));
    items.push(Item::Line);
    items.extend(of_machine(Some(known), here));
}

fn turns(known: &Known) -> Vec<Item> {
    let several = known.repositories.len() > 1;
    let all = known.repositories.iter().flat_map(|repository| {
        let line = move |thread| of_thread(repository, thread, several);
        repository.turns.iter().map(line)
    });
    let all: Vec<Item> = all.collect();
    let Some(words) = counted(all.len() as u64, "thread: your turn", "threads: your turn") else {
        return Vec::new();
    };
    let mut items = vec![Item::Words(words)];
    items.extend(listed(all));
    items.push(Item::Line);
    items
}

fn fresh(known: &Known) -> Vec<Item> {
    let mut items = Vec::new();
    for repository in known.repositories.iter().filter(|one| one.new_entries > 0) {
        let words = counted(repository.new_entries, "new entry", "new entries");
        let words = format!("{}: {}", repository.name, words.unwrap_or_default());
        let lines = repository.fresh.iter();
        let lines = lines.map(|thread| of_thread(repository, thread, false));
        let mut inside = listed(lines.collect());
        let read = Click::MarkRead {
            repository: Some(repository.name.clone()),
        };
        inside.extend([Item::Line, Item::Click("Mark as read".to_owned(), read)]);
        items.push(Item::More(words, inside));
    }
    if !items.is_empty() {
        let all = Click::MarkRead { repository: None };
        items.push(Item::Click("Mark everything as read".to_owned(), all));
        items.push(Item::Line);
    }
    items
}

fn of_thread(repository: &Repository, thread: &ThreadSummary, several: bool) -> Item {
    let place = if several {
        format!("{}/{}", repository.name, thread.topic)
    } else {
        thread.topic.clone()
    };
    let words = if thread.title.is_empty() || thread.title == thread.topic {
        place
    } else {
        format!("{place}: {}", thread.title)
    };
    let click = Click::Open {
        repository: repository.name.clone(),
        topic: thread.topic.clone(),
    };
    Item::Click(cut(&one_line(&words), LINE_CHARS_MAX), click)
}

fn listed(mut lines: Vec<Item>) -> Vec<Item> {
    let over = lines.len().saturating_sub(THREADS_MAX);
    lines.truncate(THREADS_MAX);
    if over > 0 {
        lines.push(Item::Words(format!("and {over} more")));
    }
    lines
}

fn pauses(known: &Known) -> Item {
    let mut items = pause(None, known.is_paused());
    if known.repositories.len() > 1 {
        items.push(Item::Line);
        let each = known.repositories.iter().map(|one| {
            let is_paused = one.state == RepositoryState::Paused;
            let words = if is_paused {
                format!("{} (paused)", one.name)
            } else {
                one.name.clone()
            };
            Item::More(words, pause(Some(&one.name), is_paused))
        });
        items.extend(each);
    }
    Item::More("Pause".to_owned(), items)
}

fn pause(repository: Option<&str>, is_paused: bool) -> Vec<Item> {
    let repository = repository.map(str::to_owned);
    if is_paused {
        let resume = Click::Resume { repository };
        return vec![Item::Click("Resume".to_owned(), resume)];
    }
    let item = |span: Span| {
        let repository = repository.clone();
        Item::Click(span.words().to_owned(), Click::Pause { repository, span })
    };
    Span::ALL.map(item).into()
}

fn mutes(known: &Known) -> Item {
    let mut items = Vec::new();
    for one in &known.repositories {
        let click = |topic: Option<&str>, muted| Click::Mute {
            repository: one.name.clone(),
            topic: topic.map(str::to_owned),
            muted,
        };
        items.push(Item::Check(
            format!("No popups about {}", one.name),
            click(None, !one.muted),
            one.muted,
        ));
        let waiting = one.turns.iter().map(|thread| &thread.topic);
        let mut topics: Vec<&String> = one.muted_topics.iter().chain(waiting).collect();
        topics.sort_unstable();
        topics.dedup();
        let line = |topic: &String| {
            let muted = one.muted_topics.contains(topic);
            let words = format!("{}/{}", one.name, topic);
            let words = cut(&one_line(&words), LINE_CHARS_MAX);
            Item::Check(words, click(Some(topic), !muted), muted)
        };
        items.extend(listed(topics.into_iter().map(line).collect()));
    }
    items.push(Item::Line);
    let quiet = match known.notify.quiet {
        Some((from, to)) => format!("Quiet hours: {} to {}…", hour(from), hour(to)),
        None => "Quiet hours: none…".to_owned(),
    };
    items.push(Item::Click(quiet, Click::Settings));
    Item::More("Popups".to_owned(), items)
}

fn hour(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn credentials(known: &Known) -> Vec<Item> {
    let each = known.repositories.iter().map(|one| {
        let words = match one.state {
            RepositoryState::SignedOut => format!("{}: needs a sign-in…", one.name),
            RepositoryState::Local => format!("{}: has no remote…", one.name),
            RepositoryState::Synced
            | RepositoryState::Syncing
            | RepositoryState::Offline
            | RepositoryState::Paused
            | RepositoryState::Attention => format!("{}…", one.name),
        };
        let repository = one.name.clone();
        Item::Click(words, Click::Credentials { repository })
    });
    each.collect()
}

fn of_machine(known: Option<&Known>, here: &Here<'_>) -> Vec<Item> {
    let wanted = !here.starts_at_login;
    let mut items = vec![
        Item::Check(
            "Start at login".to_owned(),
            Click::StartAtLogin { wanted },
            here.starts_at_login,
        ),
        Item::Click("Open logs".to_owned(), Click::Logs),
        Item::Click("Copy diagnostics".to_owned(), Click::Diagnostics),
    ];
    let daemon = known.map(|known| format!(", daemon {}", known.version));
    let about = format!(
        "Watercooler {} (protocol {PROTOCOL}){}",
        here.version,
        daemon.unwrap_or_default()
    );
    items.push(Item::Words(about));
    if here.unshown > 0 {
        let words = counted(
            here.unshown,
            "popup could not be shown",
            "popups could not be shown",
        );
        items.extend(words.map(Item::Words));
    }
    items
}

/// The shape in one word, for logs and diagnostics.
pub(crate) fn shape_word(shape: Shape) -> &'static str {
    match shape {
        Shape::InStep => "in_step",
        Shape::Syncing => "syncing",
        Shape::New => "new",
        Shape::Paused => "paused",
        Shape::Offline => "offline",
        Shape::YourTurn => "your_turn",
        Shape::Trouble => "trouble",
        Shape::SignIn => "sign_in",
        Shape::Unknown => "unknown",
    }
}

#[cfg(test)]
#[path = "menu/tests.rs"]
mod tests;
