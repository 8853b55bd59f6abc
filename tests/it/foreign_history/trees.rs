//! What people do to files: renamed, moved, replaced by what is no file, thousands at once.

use std::os::unix::fs::symlink;

use tests::person::Person;

use super::{PLAN, Scene, entry, reads};

/// How many files one commit touches at once.
const FILES: usize = 5_000;

/// One change of the tree while we say something; the trouble's words, where there is one.
fn check(theirs: impl FnOnce(&Person), told: Option<&str>, says: &str) {
    let other = PLAN
        .replace("plan", "other")
        .replace("01A", "01X")
        .replace("01B", "01Y");
    let mut scene = Scene::holding(&[("plan.md", PLAN.as_bytes()), ("other.md", other.as_bytes())]);
    scene.apart(
        |scene| drop(scene.say(says, "Ours")),
        |carol| {
            theirs(carol);
            carol.commit("a change of the tree");
            carol.push();
        },
    );
    scene.heard();
    match told {
        Some(words) => drop(scene.told(words)),
        None => scene.at_peace(),
    }
    scene.ends_well();
}

#[test]
fn a_renamed_thread_has_moved() {
    let rename = |carol: &Person| drop(carol.git(&["mv", "plan.md", "scheme.md"]));
    check(rename, None, "other");
    // What was said under the old name begins it anew.
    let rename = |carol: &Person| drop(carol.git(&["mv", "plan.md", "scheme.md"]));
    check(rename, None, "plan");
}

#[test]
fn a_thread_in_a_subfolder_is_shown_no_more() {
    let moved = |carol: &Person| {
        std::fs::create_dir(carol.folder().join("archive")).expect("a new folder");
        carol.git(&["mv", "plan.md", "archive/plan.md"]);
    };
    check(moved, Some("plan (2)"), "other");
}

#[test]
fn a_thread_that_became_no_file() {
    let link = |carol: &Person| {
        carol.git(&["rm", "--quiet", "plan.md"]);
        symlink("other.md", carol.folder().join("plan.md")).expect("a link can be made");
    };
    check(link, Some("plan (2)"), "other");
    let folder = |carol: &Person| {
        carol.git(&["rm", "--quiet", "plan.md"]);
        carol.write("plan.md/inner.md", PLAN);
    };
    check(folder, Some("plan (2)"), "other");
    let module = |carol: &Person| {
        let head = carol.head();
        carol.git(&["rm", "--quiet", "plan.md"]);
        let info = format!("160000,{head},plan.md");
        carol.git(&["update-index", "--add", "--cacheinfo", &info]);
        carol.git(&["commit", "--quiet", "-m", "a submodule"]);
        assert!(
            carol
                .git(&["ls-tree", "HEAD", "plan.md"])
                .starts_with("160000")
        );
        std::fs::create_dir(carol.folder().join("plan.md")).expect("a new folder");
    };
    check(module, Some("plan (2)"), "other");
}

#[test]
fn names_that_differ_by_case_alone() {
    let collide = |carol: &Person| {
        carol.write(
            "Plan.md",
            PLAN.replace("01A", "01C") + &entry("01D", "Case"),
        );
    };
    check(collide, None, "plan");
}

#[test]
fn thousands_of_files_in_one_commit() {
    let mut scene = Scene::new();
    scene.apart(
        |scene| drop(scene.say("plan", "Ours")),
        |carol| {
            for number in 0..FILES {
                carol.write(&format!("note-{number}.txt"), "not a thread");
            }
            for number in 0..100 {
                let topic = format!("many-{number}");
                carol.write(&format!("{topic}.md"), PLAN.replace("plan", &topic));
            }
            carol.commit("very much");
            carol.push();
        },
    );
    reads(&mut scene.agent, "many-99", 2);
    scene.heard();
    scene.at_peace();
    assert_eq!(scene.machine.repository("acme")["threads"], 101);
    scene.say("many-7", "Ours too");
    scene.ends_well();
}
