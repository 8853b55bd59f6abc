//! Which repository a call reaches, by what clients bring: places, worktrees, roots, and the
//! environment of the Python server's users; and what a write tells of the code.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tests::git;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_until};

/// A checkout with one commit and a remote, in the machine's home.
fn checkout(machine: &Machine, name: &str, remote: &str) -> PathBuf {
    let folder = machine.home().join("src").join(name);
    fs::create_dir_all(&folder).expect("a home can be written");
    for line in [
        "init --quiet -b main",
        &format!("remote add origin {remote}"),
        "commit --quiet --allow-empty -m one",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        git::git(&folder, &words);
    }
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("our folders have plain names")
}

fn reached(machine: &Machine, arguments: &[&str], call: Value) -> String {
    let mut shim = Shim::connect_with(machine, "claude-code", Era::Sessions, arguments);
    let who = shim.attempt("whoami", call);
    match who.structured["repository"].as_str() {
        Some(name) => name.to_owned(),
        None => who.code().to_owned(),
    }
}

#[test]
fn places_lead_to_their_repository_in_the_order_of_the_rule() {
    let (a, b) = (BareRepository::new(), BareRepository::new());
    let mut machine = Machine::without_settings();
    let one = checkout(&machine, "one", "git@example.com:acme/one.git");
    let two = checkout(&machine, "two", "git@example.com:acme/two.git");
    let again = checkout(&machine, "again", "git@example.com:acme/one.git");
    let tree = machine.home().join("elsewhere/tree");
    git::git(
        &one,
        &["worktree", "add", "--quiet", "-b", "fix", text(&tree)],
    );
    let code = |paths: &[&Path]| {
        let paths: Vec<_> = paths
            .iter()
            .map(|path| format!("\"{}\"", path.display()))
            .collect();
        format!("code = [{}]", paths.join(", "))
    };
    let settings = Settings::of("alice")
        .repository("a", &a.url(), &code(&[&one, &again]))
        .repository("b", &b.url(), &code(&[&two]));
    machine.configure(&settings.text());
    machine.start();
    let check = |machine: &Machine, flags: &[&str], place: Option<&Path>, expected: &str| {
        let call = place.map_or_else(|| json!({}), |place| json!({"code_path": text(place)}));
        assert_eq!(
            reached(machine, flags, call),
            expected,
            "{flags:?} {place:?}"
        );
    };
    check(&machine, &[], None, "repository_ambiguous");
    check(&machine, &[], Some(&one), "a");
    check(&machine, &[], Some(&two.join("deep/down")), "b");
    check(&machine, &[], Some(&again), "a");
    check(&machine, &[], Some(&tree), "a");
    check(&machine, &[], Some(Path::new("src/two")), "b");
    check(&machine, &["--code", text(&tree)], None, "a");
    check(&machine, &["--code", text(&one)], Some(&two), "b");
    check(&machine, &["--repository=b"], Some(&one), "b");
    check(
        &machine,
        &["--repository=no"],
        Some(&one),
        "repository_not_found",
    );
    machine.set("CLAUDE_PROJECT_DIR", &two);
    check(&machine, &[], None, "b");
    check(&machine, &["--code", text(&one)], None, "a");
    machine.set("WATERCOOLER_DIR", machine.tree("a"));
    check(&machine, &[], Some(&two), "a");
    machine.set("WATERCOOLER_DIR", machine.home());
    check(&machine, &[], Some(&two), "repository_not_found");
    machine.set("WATERCOOLER_GIT_REPO", b.url());
    check(&machine, &[], Some(&one), "b");
    let mut shim = Shim::connect(&machine, "claude-code");
    let health = shim.call("health", json!({})).text;
    assert!(health.contains("the first counts"), "{health}");
}

#[test]
fn the_roots_of_a_client_are_places_too() {
    let (a, b) = (BareRepository::new(), BareRepository::new());
    let mut machine = Machine::without_settings();
    let one = checkout(&machine, "my one", "git@example.com:acme/one.git");
    let line = format!("code = [\"{}\"]", one.display());
    let settings = Settings::of("alice")
        .repository("a", &a.url(), &line)
        .repository("b", &b.url(), "");
    machine.configure(&settings.text());
    machine.start();
    let mut shim = Shim::start(&machine, "claude-code", Era::Sessions, &[]);
    let hello = json!({
        "protocolVersion": "2025-11-25", "capabilities": {"roots": {}},
        "clientInfo": {"name": "claude-code", "version": "1"},
    });
    let _welcome = shim.request("initialize", hello);
    shim.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let question = |shim: &Shim| {
        let others = shim.notifications();
        others.into_iter().find(|one| one["method"] == "roots/list")
    };
    wait_until("the question", PATIENCE, || question(&shim).is_some());
    let id = question(&shim).expect("it was seen")["id"].clone();
    let uri = format!("file://{}", text(&one).replace(' ', "%20"));
    shim.send(&json!({"jsonrpc": "2.0", "id": id, "result": {"roots": [{"uri": uri}]}}));
    let who = shim.call("whoami", json!({})).structured;
    assert_eq!(who["repository"], "a");
}

#[test]
fn what_an_environment_names_works_also_after_a_restart_until_it_is_taken_out() {
    let remote = BareRepository::new();
    let mut machine = Machine::new(&Settings::of("alice"));
    machine.start();
    machine.set("WATERCOOLER_GIT_REPO", remote.url());
    machine.set("WATERCOOLER_GIT_AUTHOR", "Ada Example");
    machine.set("WATERCOOLER_GIT_EMAIL", "ada@example.com");
    let mut claude = Shim::connect(&machine, "claude-code");
    let said = claude.say("plan", "T", "b");
    assert!(!said.is_error, "{}", said.text);
    let name = claude.call("whoami", json!({})).structured["repository"].clone();
    let name = name.as_str().expect("a name").to_owned();
    machine.wait_in_step(&name);
    let log = remote.log();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].author, "Ada Example <ada@example.com>");
    let settings = fs::read_to_string(machine.folder().join("config.toml"));
    assert!(!settings.expect("it was written").contains(&remote.url()));

    let origin = |machine: &Machine| {
        let listed = machine.json(&["repo", "list"]);
        let rows = listed.as_array().cloned().unwrap_or_default();
        let row = rows.into_iter().find(|row| row["name"] == name.as_str());
        row.map(|row| row["origin"].clone())
    };
    assert_eq!(origin(&machine), Some(json!("environment")));
    machine.restart();
    assert_eq!(origin(&machine), Some(json!("environment")));
    let again = claude.say("plan", "U", "b");
    assert_eq!(again.structured["index"], 1, "{}", again.text);
    machine.wait_in_step(&name);

    for variable in ["REPO", "AUTHOR", "EMAIL"] {
        machine.unset(&format!("WATERCOOLER_GIT_{variable}"));
    }
    assert_eq!(
        reached(&machine, &[], json!({})),
        "local",
        "it is not for others"
    );
    let _removed = machine.cli(&["repo", "remove", &name]).done();
    assert_eq!(origin(&machine), None);
    let gone = claude.attempt("list_threads", json!({}));
    assert_eq!(gone.code(), "repository_not_found", "{}", gone.text);
    machine.restart();
    assert_eq!(origin(&machine), None);
    assert!(
        machine.tree(&name).join("plan.md").exists(),
        "its files stay"
    );
}

#[test]
fn a_pattern_is_filled_from_the_codes_remote() {
    let remote = BareRepository::new();
    let mut machine = Machine::new(&Settings::of("alice"));
    let folder = remote.path();
    let above = folder.parent().expect("it lies in a folder").display();
    let code = checkout(
        &machine,
        "one",
        "https://alice:hunter2@example.com/acme/remote",
    );
    machine.set(
        "WATERCOOLER_THREADS_PATTERN",
        format!("file://{above}/{{repo}}.git"),
    );
    machine.start();
    let name = reached(&machine, &["--code", text(&code)], json!({}));
    assert!(name.starts_with("remote-"), "{name}");
    assert_eq!(reached(&machine, &[], json!({})), "local");
}

#[test]
fn an_environment_with_a_password_is_refused_and_not_repeated() {
    let mut machine = Machine::new(&Settings::of("alice"));
    machine.start();
    for url in [
        "https://alice:hunter2@example.com/acme/t.git",
        "https://ghp_hunter2@example.com/acme/t.git",
        "ext::sh -c hunter2",
        "--upload-pack=hunter2",
    ] {
        machine.set("WATERCOOLER_GIT_REPO", url);
        let mut claude = Shim::connect(&machine, "claude-code");
        let refused = claude.attempt("say", json!({"topic": "t", "title": "T", "body": "b"}));
        assert_eq!(refused.code(), "invalid_argument", "{}", refused.text);
        assert!(!refused.text.contains("hunter2"), "{}", refused.text);
    }
    assert!(!machine.logs().contains("hunter2"));
    assert!(!machine.folder().join("state/environment.json").exists());
}

#[test]
fn a_write_tells_where_its_code_stood_and_changes_nothing_there() {
    let remote = BareRepository::new();
    let mut machine = Machine::new(&Settings::of("alice").remote(&remote.url()));
    let code = checkout(
        &machine,
        "app",
        "https://alice:hunter2@example.com/acme/app.git",
    );
    let commit = git::git(&code, &["rev-parse", "HEAD"]).trim().to_owned();
    // A git that is run there would leave its mark.
    let mark = machine.root().join("ran");
    let script = format!("touch {}", mark.display());
    git::git(&code, &["config", "core.fsmonitor", &script]);
    machine.start();
    let flags = ["--code", text(&code)];
    let mut claude = Shim::connect_with(&machine, "claude-code", Era::Sessions, &flags);
    let spec = json!({"topic": "plan", "title": "T", "body": "b", "agent_func": "C:opus:pm"});
    let _said = claude.call("say", spec);
    let own = ["-c", "core.fsmonitor=", "checkout", "--quiet"];
    git::git(&code, &[&own[..], &["-b", "fix/it"]].concat());
    let _said = claude.say("plan", "U", "b");
    git::git(&code, &[&own[..], &["--detach"]].concat());
    let _said = claude.say("plan", "V", "b");
    let head = code.join(".git/HEAD");
    fs::remove_file(&head).expect("it was there");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &head,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .expect("a pipe can be made");
    let _said = claude.say("plan", "W", "b");
    machine.wait_in_step("acme");
    let log = remote.log();
    let told: Vec<_> = log
        .iter()
        .rev()
        .map(|one| {
            ["Code-Repo", "Code-Branch", "Code-Commit", "Spec"]
                .map(|name| one.trailer(name).map(str::to_owned))
        })
        .collect();
    let of = |branch: Option<&str>, commit: Option<&str>, spec: Option<&str>| {
        [Some("acme/app"), branch, commit, spec].map(|one| one.map(str::to_owned))
    };
    let expected = [
        of(Some("main"), Some(&commit), Some("opus:pm")),
        of(Some("fix/it"), Some(&commit), None),
        of(None, Some(&commit), None),
        of(None, None, None),
    ];
    assert_eq!(told, expected);
    assert!(!mark.exists(), "git was run in the checkout");
    let all = git::git(&remote.path(), &["log", "-p", "--all"]);
    assert!(!all.contains("hunter2"));
}

#[test]
fn each_client_writes_as_much_as_it_may_in_a_minute() {
    let mut machine = Machine::new(&Settings::of("alice"));
    let text = Settings::of("alice").text();
    machine.configure(&text.replace("writes_per_minute = 100000", "writes_per_minute = 3"));
    machine.start();
    let say = json!({"topic": "plan", "title": "T", "body": "b"});
    let mut claude = Shim::connect(&machine, "claude-code");
    for _ in 0..3 {
        let _said = claude.call("say", say.clone());
    }
    let refused = claude.attempt("say", say.clone());
    assert_eq!(refused.code(), "rate_limited", "{}", refused.text);
    assert!(refused.text.contains("Call again in "), "{}", refused.text);
    assert_eq!(claude.count("plan"), 3, "reads go on");
    let mut codex = Shim::connect(&machine, "codex-mcp-client");
    let _said = codex.call("say", say);
    for number in 0..4 {
        let line = [
            "say", "plan", "--title", "T", "--body", "b", "--agent", "Rex",
        ];
        let ran = machine.cli(&line);
        assert_eq!(ran.code, Some(i32::from(number == 3)), "{}", ran.stderr);
    }
}
