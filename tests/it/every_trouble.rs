//! Troubles of a remote and of its server, each on one of twenty repositories of one daemon. Those of
//! ways in, of the disk and of this machine are in the suite of servers.

use tests::git;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::nginx::WebServer;
use tests::settings::Settings;
use tests::twenty::{Trouble, Twenty, Write};

const REFUSES: &str = "#!/bin/sh\necho 'no entries on Sundays' >&2\nexit 1\n";
const TAKES: &str = "#!/bin/sh\nexit 0\n";

/// One trouble: what `status` shows of it, and how it comes and goes.
struct Row {
    name: &'static str,
    kind: &'static str,
    /// What the message says.
    words: &'static str,
    /// Whether the remote stands behind a web server.
    by_web: bool,
    comes: fn(&Remote),
    goes: fn(&Remote),
}

struct Remote {
    bare: BareRepository,
    web: Option<WebServer>,
}

impl Remote {
    fn of(row: &Row) -> Self {
        let bare = BareRepository::new();
        let web = row.by_web.then(|| WebServer::start(bare.as_ref()));
        Self { bare, web }
    }

    fn url(&self) -> String {
        match &self.web {
            Some(web) => web.url("git/remote.git"),
            None => self.bare.url(),
        }
    }

    fn web(&self) -> &WebServer {
        self.web.as_ref().expect("the row says so")
    }

    fn git(&self, arguments: &[&str]) -> String {
        git::git(&self.bare.path(), arguments)
    }
}

static ROWS: [Row; 8] = [
    Row {
        name: "away",
        kind: "offline",
        words: "",
        by_web: false,
        comes: |remote| remote.bare.go_away(),
        goes: |remote| remote.bare.come_back(),
    },
    Row {
        name: "portal",
        kind: "offline",
        words: "text/html",
        by_web: true,
        comes: |remote| remote.web().answer_with_a_page(),
        goes: |remote| remote.web().answer(),
    },
    Row {
        name: "broken-server",
        kind: "offline",
        words: "503",
        by_web: true,
        comes: |remote| remote.web().answer_with(503),
        goes: |remote| remote.web().answer(),
    },
    Row {
        name: "limited",
        kind: "rate_limited",
        words: "s of quiet",
        by_web: true,
        comes: |remote| remote.web().answer_with(429),
        goes: |remote| remote.web().answer(),
    },
    Row {
        name: "hidden",
        kind: "not_found",
        words: "404",
        by_web: true,
        comes: |remote| remote.web().answer_with(404),
        goes: |remote| remote.web().answer(),
    },
    Row {
        name: "branchless",
        kind: "not_found",
        words: "no longer has the branch 'main'",
        by_web: false,
        comes: |remote| {
            remote.git(&["update-ref", "refs/kept/main", "main"]);
            remote.git(&["update-ref", "-d", "refs/heads/main"]);
        },
        goes: |remote| {
            remote.git(&["update-ref", "refs/heads/main", "refs/kept/main"]);
        },
    },
    Row {
        name: "refusing",
        kind: "push_refused",
        words: "no entries on Sundays",
        by_web: false,
        comes: |remote| remote.bare.hook("pre-receive", REFUSES),
        goes: |remote| remote.bare.hook("pre-receive", TAKES),
    },
    Row {
        name: "rewritten",
        kind: "rewritten",
        words: "",
        by_web: false,
        comes: |remote| {
            let tree = remote.git(&["hash-object", "-t", "tree", "-w", "/dev/null"]);
            let commit = remote.git(&["commit-tree", tree.trim(), "-m", "emptied"]);
            remote.git(&["update-ref", "refs/heads/main", commit.trim()]);
        },
        goes: |_| (),
    },
];

#[test]
fn each_trouble_is_that_of_one_repository_alone() {
    let remotes: Vec<Remote> = ROWS.iter().map(Remote::of).collect();
    let trouble = |(row, remote): (&'static Row, _)| {
        let remote: &Remote = remote;
        Trouble {
            name: row.name,
            url: remote.url(),
            lines: String::new(),
            remote: &remote.bare,
            kind: row.kind,
            words: row.words,
            write: match row.kind {
                "rewritten" => Write::None,
                _ => Write::Kept,
            },
            comes: Some(Box::new(|_| (row.comes)(remote))),
            goes: Box::new(|_| (row.goes)(remote)),
        }
    };
    let troubles: Vec<Trouble<'_>> = ROWS.iter().zip(&remotes).map(trouble).collect();
    let machine = Machine::new(&Settings::of("alice"));
    let mut twenty = Twenty::start(machine, &troubles);
    twenty.each_alone(&troubles);
    twenty.metrics_are_filled();
}
