//! `config.toml`: a bad edit is reported and the last good settings stay; and which repository a
//! call means.

use serde_json::json;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::{Era, Shim};
use tests::wait::{PATIENCE, wait_until};

#[test]
fn a_bad_edit_is_reported_and_the_last_good_settings_stay_across_a_restart() {
    let remote = BareRepository::new();
    let good = Settings::of("alice").remote(&remote.url());
    let mut alice = Machine::new(&good);
    alice.start();
    alice.wait_in_step("acme");
    alice.stop();
    alice.configure(&good.text().replace("poll_idle", "pol_idle"));
    let started = alice.cli(&["daemon", "start"]).done();
    drop(started);
    let status = alice.json(&["status"]);
    let trouble = &status["daemon"]["trouble"];
    assert_eq!(trouble["kind"], "settings_invalid", "{status}");
    let message = trouble["message"].as_str().expect("a message");
    for part in ["pol_idle", "line", "poll_idle"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(status["repositories"][0]["name"], "acme", "{status}");
    let said = alice.json(&["say", "plan", "--title", "T", "--body", "b"]);
    assert_eq!(said["repository"], "acme");
    alice.wait_in_step("acme");
}

#[test]
fn a_bad_file_at_the_first_start_is_served_without_a_repository() {
    let machine = Machine::without_settings();
    machine.configure("this is no setting\n");
    let _started = machine.cli(&["daemon", "start"]).done();
    let status = machine.json(&["status"]);
    assert_eq!(
        status["daemon"]["trouble"]["kind"], "settings_invalid",
        "{status}"
    );
    assert_eq!(status["repositories"], json!([]));
}

#[test]
fn a_password_in_a_url_is_refused_and_never_repeated() {
    let machine = Machine::without_settings();
    let url = "https://alice:hunter2@example.com/acme.git";
    machine.configure(&Settings::of("alice").remote(url).text());
    let _started = machine.cli(&["daemon", "start"]).done();
    let status = machine.json(&["status"]);
    assert_eq!(
        status["daemon"]["trouble"]["kind"], "settings_invalid",
        "{status}"
    );
    assert!(!status.to_string().contains("hunter2"), "{status}");
    assert!(
        !machine.logs().contains("hunter2"),
        "not in the logs either"
    );
}

#[test]
fn a_call_means_the_repository_of_its_code() {
    let (one, two) = (BareRepository::new(), BareRepository::new());
    let mut machine = Machine::without_settings();
    let code = |name: &str| machine.home().join(name).display().to_string();
    let (outer, inner) = (code("src"), code("src/deep/inner"));
    std::fs::create_dir_all(machine.home().join("src/deep/inner")).expect("a home can be written");
    let settings = Settings::of("alice")
        .repository("one", &one.url(), &format!("code = [\"{outer}\"]"))
        .repository("two", &two.url(), &format!("code = [\"{inner}\"]"));
    machine.configure(&settings.text());
    machine.start();
    let meant = |arguments: &[&str], code_path: Option<&str>| {
        let mut agent = Shim::connect_with(&machine, "claude-code", Era::Sessions, arguments);
        let asked = code_path.map_or(json!({}), |path| json!({"code_path": path}));
        let who = agent.attempt("whoami", asked).structured;
        match who["repository"].as_str() {
            Some(name) => name.to_owned(),
            None => who["error"]["code"].as_str().expect("a code").to_owned(),
        }
    };
    let below = format!("{inner}/below");
    assert_eq!(meant(&["--code", &outer], None), "one");
    assert_eq!(meant(&["--code", &below], None), "two", "the longest path");
    assert_eq!(
        meant(&["--code", &outer], Some(&inner)),
        "two",
        "the argument first"
    );
    assert_eq!(
        meant(&["--repository", "one"], Some(&inner)),
        "one",
        "the flag before all"
    );
    assert_eq!(meant(&[], None), "repository_ambiguous");
    assert_eq!(
        meant(&["--repository", "three"], None),
        "repository_not_found"
    );
}

/// How often the daemon has opened this repository.
fn openings(machine: &Machine, name: &str) -> usize {
    let part = format!("Opened repository={name} ");
    machine.logs().matches(&part).count()
}

/// Saves `config.toml` as most editors do: another file, put in its place.
fn save(machine: &Machine, settings: &str) {
    let folder = machine.folder();
    let aside = folder.join(".config.toml.new");
    std::fs::write(&aside, settings).expect("the folder can be written");
    std::fs::rename(aside, folder.join("config.toml")).expect("it is on the same disk");
}

#[test]
fn repositories_are_added_changed_and_removed_while_the_others_run_on() {
    let (one, two) = (BareRepository::new(), BareRepository::new());
    let settings = Settings::of("alice").repository("one", &one.url(), "");
    let mut alice = Machine::new(&settings);
    alice.start();
    alice.wait_in_step("one");
    let (daemon, opened) = (alice.daemon_pid(), openings(&alice, "one"));
    assert!(opened > 0);
    let names = || {
        let listed = alice.json(&["repo", "list"]);
        let rows = listed.as_array().expect("a list").clone();
        rows.iter()
            .map(|row| row["name"].clone())
            .collect::<Vec<_>>()
    };
    let both = settings.clone().repository("two", &two.url(), "");
    save(&alice, &both.text());
    wait_until("it is added", PATIENCE, || names() == ["one", "two"]);
    alice.wait_in_step("two");
    let say = [
        "say",
        "plan",
        "--title",
        "T",
        "--body",
        "b",
        "--repository",
        "two",
    ];
    assert_eq!(alice.json(&say)["repository"], "two");
    alice.wait_in_step("two");

    let deep = settings
        .clone()
        .repository("two", &two.url(), "directory = \"deep\"");
    save(&alice, &deep.text());
    wait_until("it is changed", PATIENCE, || {
        alice.json(&["status"])["repositories"][1]["threads"] == 0
    });

    alice.configure(&settings.text());
    wait_until("it is removed", PATIENCE, || names() == ["one"]);
    assert_eq!(openings(&alice, "one"), opened, "the other one runs on");
    assert_eq!(alice.daemon_pid(), daemon);
}

#[test]
fn a_bad_edit_while_it_runs_is_told_stays_harmless_and_is_mended() {
    let remote = BareRepository::new();
    let good = Settings::of("alice").remote(&remote.url());
    let mut alice = Machine::new(&good);
    alice.start();
    alice.wait_in_step("acme");
    let opened = openings(&alice, "acme");
    let trouble = || alice.json(&["status"])["daemon"]["trouble"].clone();
    let bad = [
        good.text().replace("poll_idle", "pol_idle"),
        good.text().replace("[sync]", "[sync"),
        good.text().replace("user = \"alice\"", "user = 7"),
    ];
    for (bad, words) in bad.iter().zip(["pol_idle", "line", "`user`"]) {
        save(&alice, bad);
        wait_until("it is told", PATIENCE, || {
            let message = trouble()["message"].as_str().map(str::to_owned);
            message.is_some_and(|message| message.contains(words) && message.contains("line"))
        });
        assert_eq!(trouble()["kind"], "settings_invalid");
        let said = alice.json(&["say", "plan", "--title", "T", "--body", "b"]);
        assert_eq!(said["repository"], "acme");
        alice.wait_in_step("acme");
    }
    save(&alice, &good.text());
    wait_until("it is mended", PATIENCE, || trouble().is_null());
    assert_eq!(openings(&alice, "acme"), opened, "nothing was opened anew");
}

#[test]
fn a_bad_file_at_the_first_start_is_mended_while_the_daemon_runs() {
    let remote = BareRepository::new();
    let machine = Machine::without_settings();
    machine.configure("this is no setting\n");
    let _started = machine.cli(&["daemon", "start"]).done();
    let status = machine.json(&["status"]);
    assert_eq!(status["repositories"], json!([]), "{status}");
    machine.configure(&Settings::of("alice").remote(&remote.url()).text());
    wait_until("the settings are in force", PATIENCE, || {
        let status = machine.json(&["status"]);
        status["daemon"]["trouble"].is_null() && status["repositories"][0]["name"] == "acme"
    });
    machine.wait_in_step("acme");
}
