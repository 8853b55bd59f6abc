//! The remote's branch goes, comes back, gets another name; the remote is made anew.

use tests::git;

use super::{PLAN, Scene};

#[test]
fn deleted_and_restored() {
    let mut scene = Scene::new();
    let tip = scene.carol.head();
    git::git(
        &scene.remote.path(),
        &["update-ref", "-d", "refs/heads/main"],
    );
    scene
        .machine
        .wait_state("acme", "without its branch", |one| {
            one["trouble"]["kind"] == "not_found" && one["state"] == "attention"
        });
    scene.say("plan", "Ours");
    assert_eq!(scene.agent.count("plan"), 3, "what was there is shown");
    let fetches = |scene: &Scene| {
        let status = scene.machine.json(&["status"]);
        status["metrics"]["retries"].as_u64().unwrap_or(0)
    };
    let begun = fetches(&scene);
    scene
        .machine
        .wait_state("acme", "asked again", |_| fetches(&scene) > begun + 1);
    let refs = git::git(&scene.remote.path(), &["for-each-ref"]);
    assert_eq!(refs, "", "no push makes it again");

    git::git(
        &scene.remote.path(),
        &["update-ref", "refs/heads/main", &tip],
    );
    scene.heard();
    scene.at_peace();
    scene.ends_well();
}

#[test]
fn another_name() {
    let mut scene = Scene::new();
    let ours = scene.say("plan", "Before");
    scene.heard();
    scene.apart(
        |scene| drop(scene.say("plan", "Meanwhile")),
        |carol| {
            let remote = carol.whereabouts();
            git::git(&remote, &["branch", "--move", "main", "trunk"]);
            git::git(&remote, &["symbolic-ref", "HEAD", "refs/heads/trunk"]);
        },
    );
    scene
        .machine
        .wait_state("acme", "on the other branch", |one| {
            one["branch"] == "trunk" && one["pending"] == 0
        });
    scene.at_peace();
    let text = git::file(&scene.remote.path(), "trunk", "plan.md").expect("it is there");
    let text = String::from_utf8(text).expect("text");
    assert!(
        text.contains(&ours) && text.contains("Title: Meanwhile"),
        "{text}"
    );
    // And back, for the rest.
    git::git(&scene.remote.path(), &["branch", "--move", "trunk", "main"]);
    git::git(
        &scene.remote.path(),
        &["symbolic-ref", "HEAD", "refs/heads/main"],
    );
    scene.ends_well();
}

#[test]
fn made_anew_at_the_same_place() {
    let mut scene = Scene::new();
    scene.remote.go_away();
    scene.say("plan", "Ours");
    let away = scene.carol.whereabouts();
    let refs = git::git(&away, &["for-each-ref", "--format=%(refname)"]);
    for name in refs.lines() {
        git::git(&away, &["update-ref", "-d", name]);
    }
    scene.remote.come_back();
    scene
        .machine
        .wait_state("acme", "without its branch", |one| {
            one["trouble"]["kind"] == "not_found"
        });
    assert_eq!(scene.agent.count("plan"), 3, "what was there is shown");
    scene.carol.git(&["checkout", "--quiet", "--orphan", "new"]);
    scene.carol.git(&["rm", "-r", "--quiet", "--force", "."]);
    scene.carol.write(
        "fresh.md",
        PLAN.replace("plan", "fresh").replace("01A", "01X"),
    );
    scene.carol.commit("another repository");
    scene.carol.push();
    scene.heard();
    // One of the two entries is in the new repository too, under another name.
    scene.told("1 entry");
    scene.ends_well();
}
