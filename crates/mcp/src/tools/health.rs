//! `watercooler_health`: how the daemon and this connection's repository stand.

use protocol::status::{Health, RepositoryStatus, Timings};

use super::Definition;
use crate::text;

pub(super) const DEFINITION: Definition = Definition {
    name: "watercooler_health",
    description: "Use when something seems stuck or stale: what stands in the way, and what to do.",
    schema: r#"{"type":"object","properties":{
        "code_path":{"type":"string"}}}"#,
};

pub(super) fn text(health: &Health) -> String {
    let daemon = &health.daemon;
    let mut lines = vec![format!(
        "watercoolerd {} (protocol {}), pid {}, up {:.0} s",
        text::one_line(&daemon.version),
        daemon.protocol,
        daemon.pid,
        daemon.uptime_seconds
    )];
    if let Some(trouble) = &daemon.trouble {
        lines.extend(text::trouble_lines(trouble));
    }
    lines.extend(repository_lines(&health.repository));
    lines.extend(health.notes.iter().map(|note| text::one_line(note)));
    let metrics = &health.metrics;
    lines.push(format!(
        "Reads: {} | Writes: {} | Fetches: {} | Pushes: {}, {} failed",
        timings(&metrics.reads),
        timings(&metrics.writes),
        timings(&metrics.fetches),
        timings(&metrics.pushes),
        metrics.push_failures
    ));
    lines.join("\n")
}

fn repository_lines(repository: &RepositoryStatus) -> Vec<String> {
    let remote = match (&repository.url, &repository.branch) {
        (None, _) => "none, on this machine alone".to_owned(),
        (Some(url), None) => text::one_line(url),
        (Some(url), Some(branch)) => {
            format!("{} ({})", text::one_line(url), text::one_line(branch))
        }
    };
    let mut lines = vec![
        format!(
            "Repository: {} | State: {}",
            text::one_line(&repository.name),
            repository.state.as_str()
        ),
        format!("Remote: {remote}"),
        format!(
            "Threads: {} | Your turn: {} | New entries: {}",
            repository.threads, repository.your_turn, repository.new_entries
        ),
        format!(
            "Waiting to be sent: {} | Refused by the remote: {}",
            repository.pending, repository.held
        ),
        format!(
            "Last fetch: {} | Last push: {}",
            moment(repository.last_fetch.as_deref()),
            moment(repository.last_push.as_deref())
        ),
    ];
    if let Some(trouble) = &repository.trouble {
        lines.extend(text::trouble_lines(trouble));
    }
    lines
}

fn moment(time: Option<&str>) -> String {
    time.map_or_else(|| "never".to_owned(), text::one_line)
}

fn timings(timings: &Timings) -> String {
    if timings.count == 0 {
        return "0".to_owned();
    }
    format!(
        "{} (p50 {} µs, p95 {} µs)",
        timings.count, timings.p50_us, timings.p95_us
    )
}
