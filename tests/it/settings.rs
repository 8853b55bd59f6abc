//! `config.toml`: a bad edit is reported and the last good settings stay; and which repository a
//! call means.

use serde_json::json;
use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::{Era, Shim};

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
