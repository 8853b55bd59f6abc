//! Files that git's line merges spoiled: still read, still written to, and nothing spoiled further.

use tests::person::Person;

use super::{PLAN, Scene, entry};

const C: &str = "01CCCCCCCCCCCCCCCCCCCCCCCC";
const D: &str = "01DDDDDDDDDDDDDDDDDDDDDDDD";

/// Two say something and hand the ball on, and git merges the lines.
fn union_merge(carol: &Person) {
    let said = |ball: &str, status: &str, id: &str, title: &str| {
        let text = PLAN.replace("Ball: Codex (bob)", &format!("Ball: {ball}"));
        text.replace("Status: OPEN", &format!("Status: {status}")) + &entry(id, title)
    };
    carol.write(".gitattributes", "*.md merge=union\n");
    carol.commit("attributes");
    carol.git(&["checkout", "--quiet", "-b", "side"]);
    carol.write("plan.md", said("Zed (bob)", "IN_REVIEW", C, "Side"));
    carol.commit("side");
    carol.git(&["checkout", "--quiet", "main"]);
    carol.write("plan.md", said("Yan (carol)", "BLOCKED", D, "Main"));
    carol.commit("main");
    carol.git(&["merge", "--quiet", "-m", "Merge", "side"]);
    carol.push();
}

fn lines(text: &str, beginning: &str) -> usize {
    text.lines()
        .filter(|line| line.starts_with(beginning))
        .count()
}

#[test]
fn a_union_merge_is_read_and_written_to() {
    let mut scene = Scene::new();
    scene.others(union_merge);
    let damaged = scene.remote.text("plan.md");
    assert_eq!(
        (lines(&damaged, "Ball:"), lines(&damaged, "Status:")),
        (2, 2),
        "{damaged}"
    );
    assert!(damaged.contains(C) && damaged.contains(D));
    scene.at_peace();

    scene.ack("plan");
    scene.heard();
    let after = scene.remote.text("plan.md");
    assert!(
        after.starts_with(&damaged),
        "an ack changes nothing of it: {after}"
    );

    scene.say("plan", "And a word");
    scene.heard();
    let said = scene.remote.text("plan.md");
    let changed = said
        .lines()
        .zip(after.lines())
        .filter(|(one, other)| one != other);
    let changed: Vec<_> = changed.collect();
    assert_eq!(changed.len(), 1, "the ball alone: {changed:?}");
    assert!(changed[0].0.starts_with("Ball:"), "{changed:?}");
    scene.ends_well();
}

#[test]
fn a_union_merge_beneath_what_waits_here() {
    let mut scene = Scene::new();
    scene.apart(
        |scene| {
            scene.say("plan", "Ours");
            scene.ack("plan");
        },
        union_merge,
    );
    scene.heard();
    scene.ends_well();
}

#[test]
fn conflict_markers_are_text() {
    let mut scene = Scene::new();
    let marked = PLAN.replace(
        "Ball: Codex (bob)\n",
        "<<<<<<< HEAD\nBall: Codex (bob)\n=======\nBall: Zed (carol)\n>>>>>>> side\n",
    );
    let tail = format!(
        "<<<<<<< HEAD{}======={}>>>>>>> side\n",
        entry(C, "C"),
        entry(D, "D")
    );
    scene.apart(
        |scene| drop(scene.ack("plan")),
        |carol| {
            carol.write("plan.md", format!("{marked}\n{tail}"));
            carol.commit("conflict, committed as it was");
            carol.push();
        },
    );
    scene.heard();
    assert_eq!(scene.agent.count("plan"), 5, "all of them are read");
    let before = scene.remote.text("plan.md");
    assert!(before.contains(&tail), "{before}");
    scene.ack("plan");
    scene.heard();
    assert!(scene.remote.text("plan.md").starts_with(&before));
    scene.at_peace();
    scene.ends_well();
}
