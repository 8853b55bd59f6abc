//! Fast-forwards by Python servers, with all that they commit.

use super::{PLAN, Scene, entry, reads};

/// A commit as a Python server makes it.
fn commit(carol: &tests::person::Person, subject: &str, trailers: &str) {
    carol.git(&["add", "--all"]);
    let message = format!("{subject}\n\n{trailers}");
    carol.git(&[
        "-c",
        "user.name=Agent",
        "-c",
        "user.email=mcp@watercooler.dev",
        "commit",
        "--quiet",
        "--author=Agent <mcp@watercooler.dev>",
        "-m",
        &message,
    ]);
}

fn a_working_day(carol: &tests::person::Person) {
    let text = String::from_utf8(carol.read("plan.md")).expect("text");
    let text = text.replace("Ball: Codex (bob)", "Ball: Claude (bob)");
    carol.write(
        "plan.md",
        text + &entry("01CCCCCCCCCCCCCCCCCCCCCCCC", "Say"),
    );
    // It adds everything that lies about.
    carol.write(".plan.lock", "pid=1 time=x user=bob cwd=/a b\n");
    carol.write(".wc-locks/plan.lock", "pid=1\n");
    carol.write("branch_parity_state.json", "{}");
    carol.write("graph/baseline/nodes.jsonl", "{}\n");
    commit(
        carol,
        "Codex (bob): Say (plan)",
        "Watercooler-Entry-ID: 01CCCCCCCCCCCCCCCCCCCCCCCC\nWatercooler-Topic: plan\n\
         Code-Repo: acme/acme\nCode-Branch: main\nCode-Commit: 0123abc\nSpec: opus:critic",
    );
    // An ack has no ID and two blank lines at its end.
    carol.append(
        "plan.md",
        "\n---\nEntry: Codex (bob) 2026-01-05T10:01:00Z\nRole: pm\nType: Note\nTitle: Ack\n\nack\n\n\n",
    );
    commit(carol, "Codex (bob): Ack (plan)", "Watercooler-Topic: plan");
    let text = String::from_utf8(carol.read("plan.md")).expect("text");
    carol.write("plan.md", text.replace("Status: OPEN", "Status: IN_REVIEW"));
    commit(
        carol,
        "Codex (bob): Status changed to in_review (plan)",
        "Watercooler-Topic: plan",
    );
    carol.write(
        "windows.md",
        PLAN.replace("plan", "windows").replace('\n', "\r\n"),
    );
    let cut = PLAN.replace("plan", "cut");
    carol.write("cut.md", cut.trim_end());
    commit(
        carol,
        "Codex (bob): Two (windows)",
        "Watercooler-Topic: windows",
    );
    carol.push();
}

#[test]
fn their_day_is_read_and_ours_is_put_behind_it() {
    let mut scene = Scene::new();
    scene.others(a_working_day);
    reads(&mut scene.agent, "plan", 4);
    for topic in ["plan", "windows", "cut"] {
        let name = format!("{topic}.md");
        let before = scene.remote.file(&name).expect("it is there");
        scene.ack(topic);
        scene.heard();
        let after = scene.remote.file(&name).expect("it is there");
        assert!(
            after.starts_with(&before),
            "an ack changes no byte of {topic}"
        );
    }
    scene.at_peace();
    scene.ends_well();
}

#[test]
fn their_day_meets_what_waits_here() {
    let mut scene = Scene::new();
    scene.apart(
        |scene| {
            scene.say("plan", "While they wrote");
            scene.ack("plan");
        },
        a_working_day,
    );
    reads(&mut scene.agent, "plan", 6);
    scene.heard();
    let text = scene.remote.text("plan.md");
    let theirs = text.find("Title: Say").expect("theirs is there");
    let ours = text.find("While they wrote").expect("ours is there");
    assert!(theirs < ours, "the remote's order comes first: {text}");
    assert_eq!(tests::python_reader::header_lines(&text, "Ball"), 1);
    scene.at_peace();
    scene.ends_well();
}
