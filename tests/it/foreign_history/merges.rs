//! People's merge commits, while we have something pending.

use tests::person::Person;

use super::{PLAN, Scene, entry};

const C: &str = "01CCCCCCCCCCCCCCCCCCCCCCCC";
const D: &str = "01DDDDDDDDDDDDDDDDDDDDDDDD";
const E: &str = "01EEEEEEEEEEEEEEEEEEEEEEEE";

/// Makes a branch of the checked out commit with one change, and comes back.
fn branch(carol: &Person, name: &str, change: impl FnOnce()) {
    carol.git(&["checkout", "--quiet", "-b", name]);
    change();
    carol.commit(name);
    carol.git(&["checkout", "--quiet", "main"]);
}

#[test]
fn of_two_clones_that_do_not_meet() {
    let mut scene = Scene::new();
    scene.apart(
        |scene| drop(scene.say("plan", "Ours")),
        |carol| {
            branch(carol, "side", || carol.append("plan.md", &entry(C, "Side")));
            carol.write("other.md", PLAN.replace("plan", "other"));
            carol.commit("another thread");
            carol.git(&["merge", "--quiet", "--no-ff", "-m", "Merge", "side"]);
            carol.push();
        },
    );
    scene.heard();
    scene.at_peace();
    assert_eq!(scene.agent.count("plan"), 4);
    scene.ends_well();
}

#[test]
fn of_a_conflict_that_somebody_solved_by_hand() {
    let mut scene = Scene::new();
    scene.apart(
        |scene| drop(scene.ack("plan")),
        |carol| {
            branch(carol, "side", || carol.append("plan.md", &entry(C, "Side")));
            carol.append("plan.md", &entry(D, "Main"));
            carol.commit("main");
            let merge = tests::git::command(carol.folder())
                .args(["merge", "--quiet", "side"])
                .output()
                .expect("git starts");
            assert!(!merge.status.success(), "they meet");
            let solved = PLAN.to_owned() + &entry(D, "Main") + &entry(C, "Side");
            carol.write("plan.md", solved);
            carol.commit("Merge, solved by hand");
            carol.push();
        },
    );
    scene.heard();
    scene.at_peace();
    assert_eq!(scene.agent.count("plan"), 5);
    scene.ends_well();
}

#[test]
fn of_many_branches_at_once() {
    let mut scene = Scene::new();
    scene.apart(
        |scene| drop(scene.say("third", "Ours is a new thread")),
        |carol| {
            for (name, id) in [("one", C), ("two", D), ("three", E)] {
                let text = PLAN.replace("plan", name) + &entry(id, name);
                branch(carol, name, || carol.write(&format!("{name}.md"), text));
            }
            carol.git(&["merge", "--quiet", "-m", "Octopus", "one", "two", "three"]);
            carol.push();
        },
    );
    scene.heard();
    assert_eq!(scene.machine.repository("acme")["threads"], 5);
    scene.at_peace();
    scene.ends_well();
}

/// The worse side was taken: what the other said is gone from the tip, though not from history.
#[test]
fn that_take_one_side_alone_lose_entries_and_are_told() {
    let mut scene = Scene::new();
    scene.others(|carol| {
        carol.append("plan.md", &entry(C, "Side"));
        carol.commit("side");
        carol.push();
    });
    scene.others(|carol| {
        carol.git(&["checkout", "--quiet", "-b", "old", "HEAD~1"]);
        carol.append("plan.md", &entry(D, "Old"));
        carol.commit("old");
        carol.git(&["merge", "--quiet", "-s", "ours", "-m", "Merge", "main"]);
        carol.git(&["checkout", "--quiet", "-B", "main", "old"]);
        carol.push();
    });
    let trouble = scene.told("1 entry");
    assert!(
        !trouble["message"].as_str().unwrap().contains("rewritten"),
        "{trouble}"
    );
    scene.ack("plan");
    scene.ends_well();
}
