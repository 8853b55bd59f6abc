//! A connection that is for one repository reaches no other, whichever way it tries.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;

use protocol::frame;
use protocol::hello::{Hello, PROTOCOL, Program, Speaks, Welcome};
use serde_json::{Value, json};
use tests::git;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_until};

/// What stands in the other repository alone.
const SECRET: &str = "hunter2";

/// Two repositories on one machine, each with its code, and a thread `secret` in the second.
struct Bench {
    machine: Machine,
    theirs: BareRepository,
    _ours: BareRepository,
    written: usize,
}

impl Bench {
    fn new() -> Self {
        let (ours, theirs) = (BareRepository::new(), BareRepository::new());
        let mut machine = Machine::without_settings();
        let code = |name: &str| machine.home().join("src").join(name);
        for name in ["ours", "theirs"] {
            std::fs::create_dir_all(code(name)).expect("a home can be written");
            git::git(&code(name), &["init", "--quiet", "-b", "main"]);
        }
        let line = |name: &str| format!("code = [\"{}\"]", code(name).display());
        let settings = Settings::of("alice")
            .repository("ours", &ours.url(), &line("ours"))
            .repository("theirs", &theirs.url(), &line("theirs"));
        machine.configure(&settings.text());
        machine.start();
        let mut writer = Shim::connect_with(&machine, "w", Era::Sessions, &["--repository=theirs"]);
        for title in ["One", "Two", "Three"] {
            let _said = writer.say("secret", title, SECRET);
        }
        let _said = writer.say("secret-2", "One", SECRET);
        machine.wait_in_step("theirs");
        let mut writer = Shim::connect_with(&machine, "w", Era::Sessions, &["--repository=ours"]);
        let _said = writer.say("plan", "One", "ours");
        machine.wait_in_step("ours");
        let written = theirs.log().len();
        Self {
            machine,
            theirs,
            _ours: ours,
            written,
        }
    }

    fn path(&self, name: &str) -> String {
        self.machine
            .home()
            .join("src")
            .join(name)
            .display()
            .to_string()
    }

    fn ours(&self, era: Era) -> Shim {
        Shim::connect_with(&self.machine, "claude-code", era, &["--repository=ours"])
    }

    /// One who may reach the other repository, for what only it can know.
    fn theirs(&self) -> Shim {
        Shim::connect_with(
            &self.machine,
            "codex",
            Era::Sessions,
            &["--repository=theirs"],
        )
    }

    /// The ways by `code_path`, as a tool's argument.
    fn places(&self) -> Vec<String> {
        let link = self.machine.home().join("src/ours/link");
        let _there = symlink(self.path("theirs"), &link);
        let tree = self.machine.tree("theirs");
        vec![
            self.path("theirs"),
            self.path("ours/../theirs"),
            link.display().to_string(),
            tree.display().to_string(),
            tree.join("secret.md").display().to_string(),
            self.machine.clone_of("theirs").display().to_string(),
            "theirs".to_owned(),
            self.theirs.url(),
        ]
    }

    /// Names that would lead to the thread if they were paths or addresses.
    fn topics(&self) -> Vec<String> {
        let file = self.machine.tree("theirs").join("secret.md");
        let mut topics = [
            "secret",
            "theirs/secret",
            "../theirs/secret",
            "../theirs/secret.md",
            "..%2Ftheirs%2Fsecret",
            "theirs:secret",
            "watercooler://threads/secret",
            "linked",
        ]
        .map(str::to_owned)
        .to_vec();
        topics.push(file.display().to_string());
        topics.push(file.with_extension("").display().to_string());
        topics
    }

    fn check(&self, way: &str, answer: &Value) {
        let text = answer.to_string();
        assert!(!text.contains(SECRET), "{way} reached it: {text}");
        assert!(!text.contains("secret-2"), "{way} named it: {text}");
    }

    /// Nothing was written there.
    fn end(self) {
        self.machine.wait_in_step("ours");
        self.machine.wait_in_step("theirs");
        assert_eq!(
            self.theirs.log().len(),
            self.written,
            "somebody wrote there"
        );
    }
}

fn call(shim: &mut Shim, tool: &str, arguments: Value) -> Value {
    shim.request("tools/call", json!({"name": tool, "arguments": arguments}))
}

/// Tools that read, by their present and their old names.
const READING: [&str; 13] = [
    "watercooler_read_thread",
    "watercooler_v1_read_thread",
    "watercooler_list_thread_entries",
    "watercooler_get_thread_entry",
    "watercooler_get_thread_entry_range",
    "watercooler_list_threads",
    "watercooler_v1_list_threads",
    "watercooler_reindex",
    "watercooler_list_updates",
    "watercooler_search",
    "watercooler_health",
    "watercooler_whoami",
    "watercooler_sync",
];

const WRITING: [&str; 5] = [
    "watercooler_say",
    "watercooler_v1_say",
    "watercooler_ack",
    "watercooler_handoff",
    "watercooler_set_status",
];

fn arguments(topic: &str, place: Option<&str>) -> Value {
    let mut arguments = json!({
        "topic": topic, "query": SECRET.get(..6), "filter": "all", "index": 0, "since_entry": null,
        "title": "T", "body": "b", "status": "BLOCKED",
        "repository": "theirs", "repo": "theirs", "project": "theirs", "url": "theirs",
    });
    if let Some(place) = place {
        arguments["code_path"] = json!(place);
    }
    arguments
}

#[test]
fn no_tool_argument_leads_elsewhere() {
    let bench = Bench::new();
    let link = bench.machine.tree("ours").join("linked.md");
    symlink(bench.machine.tree("theirs").join("secret.md"), link).expect("a tree can be written");
    for era in [Era::Sessions, Era::Stateless] {
        let mut claude = bench.ours(era);
        for place in bench.places() {
            for tool in READING {
                let answer = call(&mut claude, tool, arguments("secret", Some(&place)));
                bench.check(&format!("{tool} at {place}"), &answer);
            }
            let who = claude.call("whoami", json!({"code_path": place}));
            assert_eq!(who.structured["repository"], "ours", "{place}");
        }
        for topic in bench.topics() {
            for tool in READING {
                let answer = call(&mut claude, tool, arguments(&topic, None));
                bench.check(&format!("{tool} of {topic}"), &answer);
            }
        }
    }
    bench.end();
}

#[test]
fn no_write_lands_elsewhere() {
    let bench = Bench::new();
    let mut claude = bench.ours(Era::Sessions);
    for place in bench.places() {
        for tool in WRITING {
            let answer = call(&mut claude, tool, arguments("plan", Some(&place)));
            assert_eq!(
                answer["result"]["isError"], false,
                "{tool} {place}: {answer}"
            );
        }
    }
    for topic in bench.topics() {
        for tool in [
            "watercooler_ack",
            "watercooler_handoff",
            "watercooler_set_status",
        ] {
            let answer = call(&mut claude, tool, arguments(&topic, None));
            assert_eq!(
                answer["result"]["isError"], true,
                "{tool} {topic}: {answer}"
            );
        }
        let answer = call(&mut claude, "watercooler_say", arguments(&topic, None));
        bench.check(&topic, &answer);
    }
    bench.end();
}

#[test]
fn no_cursor_and_no_entry_of_another_repository_counts() {
    let bench = Bench::new();
    let mut other = bench.theirs();
    let list = other.call("list_threads", json!({"limit": 1})).structured;
    let updates = other.call("list_updates", json!({"limit": 1})).structured;
    let found = other
        .call("search", json!({"query": SECRET, "limit": 1}))
        .structured;
    let entry = other.entries("secret")[0]["entry_id"].clone();
    let head = updates["freshness"]["head"].clone();
    let tries = [
        (
            "list_threads",
            json!({"filter": "all", "cursor": list["next_cursor"]}),
        ),
        ("list_updates", json!({"since": updates["cursor"]})),
        ("list_updates", json!({"since": head})),
        (
            "search",
            json!({"query": SECRET, "cursor": found["next_cursor"]}),
        ),
        (
            "read_thread",
            json!({"topic": "plan", "since_entry": entry}),
        ),
        (
            "read_thread",
            json!({"topic": "secret", "since_entry": entry}),
        ),
        (
            "get_thread_entry",
            json!({"topic": "plan", "entry_id": entry}),
        ),
    ];
    assert!(list["next_cursor"].is_string() && updates["cursor"].is_string());
    assert!(found["next_cursor"].is_string() && head.is_string());
    for era in [Era::Sessions, Era::Stateless] {
        let mut claude = bench.ours(era);
        for (tool, arguments) in &tries {
            let answer = call(
                &mut claude,
                &format!("watercooler_{tool}"),
                arguments.clone(),
            );
            bench.check(
                &format!("{tool} {arguments}"),
                &answer["result"]["structuredContent"],
            );
            let text = answer["result"]["content"].to_string();
            assert!(!text.contains("secret-2"), "{tool} {arguments}: {text}");
        }
    }
    bench.end();
}

#[test]
fn no_address_prompt_or_completion_leads_elsewhere() {
    let bench = Bench::new();
    for era in [Era::Sessions, Era::Stateless] {
        let mut claude = bench.ours(era);
        let listed = claude.request("resources/list", json!({}));
        bench.check("resources/list", &listed);
        for topic in bench.topics() {
            for uri in [
                format!("watercooler://threads/{topic}"),
                format!("watercooler://threads/{topic}?repository=theirs"),
                format!("watercooler://theirs/threads/{topic}"),
                format!("watercooler://threads/theirs/{topic}"),
                topic.clone(),
            ] {
                let read = claude.request("resources/read", json!({"uri": uri}));
                bench.check(&uri, &read);
            }
            for prompt in ["catch-up", "reply", "hand-off"] {
                let asked = json!({"name": prompt, "arguments": {"topic": topic, "to": "Codex"}});
                let got = claude.request("prompts/get", asked);
                bench.check(&format!("{prompt} {topic}"), &got);
            }
        }
        let inbox = claude.request("resources/read", json!({"uri": "watercooler://inbox"}));
        bench.check("inbox", &inbox);
        let template = json!({"type": "ref/resource", "uri": "watercooler://threads/{topic}"});
        let asked = json!({"ref": template, "argument": {"name": "topic", "value": "s"}});
        let completed = claude.request("completion/complete", asked);
        assert!(!completed.to_string().contains("secret"), "{completed}");
    }
    bench.end();
}

#[test]
fn no_news_of_another_repository_is_told() {
    let mut bench = Bench::new();
    let mut claude = bench.ours(Era::Sessions);
    for uri in ["watercooler://threads/plan", "watercooler://threads/secret"] {
        let _subscribed = claude.request("resources/subscribe", json!({"uri": uri}));
    }
    let mut other = bench.theirs();
    let _said = other.say("secret", "Four", SECRET);
    let _said = other.say("secret-3", "One", SECRET);
    bench.machine.wait_in_step("theirs");
    bench.written = bench.theirs.log().len();
    let mut codex = Shim::connect_with(
        &bench.machine,
        "codex",
        Era::Sessions,
        &["--repository=ours"],
    );
    let _said = codex.say("plan", "Two", "ours");
    let is_told = |claude: &Shim| {
        claude
            .notifications()
            .iter()
            .any(|told| told.to_string().contains("plan"))
    };
    wait_until("our own news", PATIENCE, || is_told(&claude));
    let told = json!(claude.notifications());
    assert!(!told.to_string().contains("secret"), "{told}");
    bench.end();
}

#[test]
fn neither_environment_nor_roots_widen_it() {
    let mut bench = Bench::new();
    let (url, tree) = (bench.theirs.url(), bench.machine.tree("theirs"));
    bench
        .machine
        .set("CLAUDE_PROJECT_DIR", bench.path("theirs"));
    bench.machine.set("WATERCOOLER_GIT_REPO", url);
    bench.machine.set("WATERCOOLER_DIR", tree);
    bench
        .machine
        .set("WATERCOOLER_THREADS_PATTERN", "file:///{repo}");
    let mut claude = Shim::start(
        &bench.machine,
        "claude-code",
        Era::Sessions,
        &["--repository=ours", "--code", &bench.path("theirs")],
    );
    let hello = json!({
        "protocolVersion": "2025-11-25", "capabilities": {"roots": {}},
        "clientInfo": {"name": "claude-code", "version": "1"},
    });
    let _welcome = claude.request("initialize", hello);
    claude.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    wait_until("the question for roots", PATIENCE, || {
        claude
            .notifications()
            .iter()
            .any(|one| one["method"] == "roots/list")
    });
    let asked = claude.notifications();
    let asked = asked.iter().find(|one| one["method"] == "roots/list");
    let id = asked.expect("it was seen")["id"].clone();
    let roots = json!({"roots": [{"uri": format!("file://{}", bench.path("theirs"))}]});
    claude.send(&json!({"jsonrpc": "2.0", "id": id, "result": roots}));
    let who = claude.call("whoami", json!({})).structured;
    assert_eq!(who["repository"], "ours");
    bench.end();
}

/// A connection that speaks requests, bound at its hello.
fn ask(machine: &Machine, context: &Value, request: &Value) -> Value {
    let stream = UnixStream::connect(machine.socket()).expect("the daemon listens");
    let hello = Hello {
        protocol: PROTOCOL,
        version: "0.1.0".to_owned(),
        program: Program::Cli,
        pid: std::process::id(),
        speaks: Speaks::Requests,
        session: "scope".to_owned(),
        agent: None,
        repository: Some("ours".to_owned()),
        code: None,
        folder: None,
        environment: std::collections::BTreeMap::new(),
        read_only: false,
    };
    frame::write(&mut &stream, &hello).expect("the daemon reads");
    let mut from = std::io::BufReader::new(&stream);
    let _welcome: Option<Welcome> = frame::read(&mut from).expect("the daemon answers");
    let ask = json!({"id": 1, "context": context, "request": request});
    frame::write(&mut &stream, &ask).expect("the daemon reads");
    let reply: Option<Value> = frame::read(&mut from).expect("the daemon answers");
    reply.expect("there is an answer")["outcome"].clone()
}

#[test]
fn another_name_on_a_bound_connection_is_refused() {
    let bench = Bench::new();
    let read = json!({"read_thread": {"topic": "secret"}});
    let refused = ask(&bench.machine, &json!({"repository": "theirs"}), &read);
    assert_eq!(
        refused["failed"]["code"], "repository_not_found",
        "{refused}"
    );
    for request in ["status", "repository_list"] {
        let told = ask(&bench.machine, &json!({}), &json!(request));
        assert!(!told.to_string().contains("theirs"), "{request}: {told}");
        assert!(told.to_string().contains("ours"), "{request}: {told}");
    }
    bench.end();
}
