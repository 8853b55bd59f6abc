//! `status`: the daemon and each repository, with what stands in the way.

use protocol::status::{DaemonStatus, RepositoryStatus, Status};

use crate::plain::one_line;
use crate::text::freshness::{minute, painted_state, span, trouble};
use crate::text::paint::Paint;
use crate::text::table::counted;

/// The whole status.
pub(crate) fn text(status: &Status, paint: Paint) -> String {
    let mut text = match &status.daemon {
        Some(daemon) => daemon_text(daemon, paint),
        None => "No daemon runs.\n".to_owned(),
    };
    for repository in &status.repositories {
        text.push('\n');
        text.push_str(&repository_text(repository, paint));
    }
    text
}

/// The daemon's own line, and its trouble.
pub(crate) fn daemon_text(daemon: &DaemonStatus, paint: Paint) -> String {
    let (version, pid) = (one_line(&daemon.version), daemon.pid);
    let (protocol, up) = (daemon.protocol, span(daemon.uptime_seconds));
    let mut text = format!("Daemon {version} (protocol {protocol}), process {pid}, up {up}\n");
    if daemon.credentials_in_files {
        text.push_str("  credentials are kept in files, by the settings\n");
    }
    if let Some(in_the_way) = &daemon.trouble {
        text.push_str(&trouble(in_the_way, paint));
    }
    text
}

fn repository_text(repository: &RepositoryStatus, paint: Paint) -> String {
    let name = paint.strong(&one_line(&repository.name));
    let state = painted_state(repository.state, paint);
    let mut counts = vec![counted(repository.threads, "thread")];
    if repository.your_turn > 0 {
        counts.push(format!("{} your turn", repository.your_turn));
    }
    if repository.new_entries > 0 {
        counts.push(counted(repository.new_entries, "new entry"));
    }
    let mut text = format!("{name}: {state}; {}\n", counts.join(", "));
    if let Some(url) = &repository.url {
        let branch = repository
            .branch
            .as_deref()
            .map_or_else(String::new, |branch| {
                format!(", branch {}", one_line(branch))
            });
        text.push_str(&format!("  {}{branch}\n", one_line(url)));
        let time = |at: &Option<String>| at.as_deref().map_or_else(|| "never".into(), minute);
        let (fetched, pushed) = (time(&repository.last_fetch), time(&repository.last_push));
        if let Some(way) = &repository.way {
            text.push_str(&format!("  by {}\n", one_line(way)));
        }
        text.push_str(&format!("  fetched {fetched}, pushed {pushed}\n"));
    }
    if repository.pending > 0 {
        text.push_str(&format!(
            "  {} to be sent\n",
            counted(repository.pending, "entry")
        ));
    }
    if repository.held > 0 {
        let held = counted(repository.held, "entry");
        text.push_str(&format!(
            "  {}\n",
            paint.bad(&format!("{held} refused by the remote"))
        ));
    }
    if let Some(in_the_way) = &repository.trouble {
        text.push_str(&trouble(in_the_way, paint));
    }
    for left in &repository.left_alone {
        let words = format!("{} {}", one_line(&left.file), one_line(&left.why));
        text.push_str(&format!("  {}\n", paint.bad(&words)));
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use protocol::answer::{RepositoryState, Trouble};
    use protocol::status::Metrics;

    use super::*;

    fn repository(name: &str, state: RepositoryState) -> RepositoryStatus {
        RepositoryStatus {
            name: name.into(),
            url: None,
            branch: None,
            state,
            head: None,
            remote_head: None,
            pending: 0,
            held: 0,
            last_fetch: None,
            last_push: None,
            threads: 1,
            your_turn: 0,
            new_entries: 0,
            trouble: None,
            way: None,
            paused_until: None,
            left_alone: Vec::new(),
            muted: false,
            muted_topics: Vec::new(),
            folder: None,
        }
    }

    #[test]
    fn a_status_tells_what_stands_in_the_way() {
        let acme = RepositoryStatus {
            url: Some("git@github.com:acme/acme-threads.git".into()),
            branch: Some("main".into()),
            pending: 2,
            held: 1,
            last_fetch: Some("2026-01-05T09:00:00Z".into()),
            threads: 12,
            your_turn: 3,
            new_entries: 1,
            way: Some("deploy key SHA256:x from a file".into()),
            trouble: Some(Trouble {
                kind: "offline".into(),
                message: "no route\u{1b}[2J to host".into(),
                hint: "Nothing to do; it is tried again.".into(),
            }),
            ..repository("acme", RepositoryState::Offline)
        };
        let status = Status {
            daemon: Some(DaemonStatus {
                version: "0.1.0".into(),
                protocol: 1,
                pid: 42,
                uptime_seconds: 200.0,
                trouble: None,
                credentials_in_files: true,
                user: "alice".into(),
                notify: protocol::status::Notify::default(),
            }),
            repositories: vec![acme, repository("local", RepositoryState::Local)],
            metrics: Metrics::default(),
        };
        expect![[r#"
            Daemon 0.1.0 (protocol 1), process 42, up 3 min
              credentials are kept in files, by the settings

            acme: offline; 12 threads, 3 your turn, 1 new entry
              git@github.com:acme/acme-threads.git, branch main
              by deploy key SHA256:x from a file
              fetched 2026-01-05 09:00, pushed never
              2 entries to be sent
              1 entry refused by the remote
              offline: no route␛[2J to host
                Nothing to do; it is tried again.

            local: on this machine only; 1 thread
        "#]]
        .assert_eq(&text(&status, Paint::new(false)));
    }
}
