//! Commits that are odd in themselves: dates, encodings, signatures, parents.

use std::process::Stdio;

use tests::git;
use tests::person::Person;

use super::{PLAN, Scene, entry};

/// A commit object of these bytes on top of what is checked out; `{tree}` and `{parent}` are
/// filled in.
fn raw(carol: &Person, object: &[u8]) {
    carol.git(&["add", "--all"]);
    let (tree, parent) = (carol.git(&["write-tree"]), carol.head());
    let text = String::from_utf8_lossy(object)
        .replace("{tree}", &tree)
        .replace("{parent}", &parent);
    // Bytes that are no text stand in for themselves.
    let bytes: Vec<u8> = text
        .chars()
        .flat_map(|c| match c {
            '\u{fffd}' => vec![0xe9],
            c => c.to_string().into_bytes(),
        })
        .collect();
    let file = carol.folder().join(".git/raw");
    std::fs::write(&file, bytes).expect("a clone can be written");
    let input = std::fs::File::open(&file).expect("it was written");
    let output = git::command(carol.folder())
        .args([
            "hash-object",
            "-t",
            "commit",
            "-w",
            "--literally",
            "--stdin",
        ])
        .stdin(Stdio::from(input))
        .output()
        .expect("git starts");
    assert!(output.status.success(), "{output:?}");
    let id = String::from_utf8(output.stdout).expect("hex digits");
    carol.git(&["reset", "--quiet", "--soft", id.trim()]);
}

#[test]
fn dates_messages_encodings_and_signatures() {
    let mut scene = Scene::new();
    let by = "Carol <carol@example.com>";
    let head = "tree {tree}\nparent {parent}\n";
    let commits: [Vec<u8>; 5] = [
        format!("{head}author {by} 0 +0000\ncommitter {by} 0 +0000\n\n").into_bytes(),
        format!("{head}author {by} 4102444800 +1400\ncommitter {by} 4102444800 -1200\n\nfuture\n")
            .into_bytes(),
        format!(
            "{head}author {by} 1 +0000\ncommitter {by} 1 +0000\n\
             gpgsig -----BEGIN PGP SIGNATURE-----\n \n not a signature\n -----END\n\nsigned\n"
        )
        .into_bytes(),
        [
            format!(
                "{head}author {by} 1 +0000\ncommitter {by} 1 +0000\nencoding ISO-8859-1\n\ncaf"
            )
            .as_bytes(),
            b"\xe9\n\nWatercooler-Entry-ID: \xe9\n",
        ]
        .concat(),
        format!("{head}author {by} 1 +0000\ncommitter {by} 1 +0000\nencoding no-such\n\nx\n")
            .into_bytes(),
    ];
    scene.apart(
        |scene| drop(scene.say("plan", "Ours")),
        |carol| {
            for (number, commit) in commits.iter().enumerate() {
                carol.append("plan.md", &entry(&format!("01ODD{number}"), "Odd"));
                raw(carol, commit);
            }
            carol.push();
        },
    );
    scene.heard();
    assert_eq!(scene.agent.count("plan"), 8);
    scene.at_peace();
    scene.ends_well();
}

#[test]
fn histories_that_were_joined() {
    let mut scene = Scene::new();
    scene.apart(
        |scene| drop(scene.say("plan", "Ours")),
        |carol| {
            carol.git(&["checkout", "--quiet", "--orphan", "apart"]);
            carol.git(&["rm", "-r", "--quiet", "--force", "."]);
            carol.write("apart.md", PLAN.replace("plan", "apart"));
            carol.commit("apart");
            carol.git(&["checkout", "--quiet", "main"]);
            carol.git(&[
                "merge",
                "--quiet",
                "--allow-unrelated-histories",
                "-m",
                "Join",
                "apart",
            ]);
            carol.push();
        },
    );
    scene.heard();
    scene.at_peace();
    assert_eq!(scene.agent.count("apart"), 2);
    scene.ends_well();
}

#[test]
fn a_shallow_clone_pushes() {
    let mut scene = Scene::new();
    for number in 0..3 {
        scene.say("plan", &format!("Ours {number}"));
    }
    scene.heard();
    let folder = tests::scratch::folder();
    let url = scene.remote.url();
    git::git(
        folder.path(),
        &["clone", "--quiet", "--depth", "1", &url, "."],
    );
    let file = folder.path().join("plan.md");
    let text = std::fs::read_to_string(&file).expect("text");
    let more = text + &entry("01CCCCCCCCCCCCCCCCCCCCCCCC", "Shallow");
    std::fs::write(file, more).expect("it can be written");
    git::git(
        folder.path(),
        &["commit", "--quiet", "--all", "-m", "shallow"],
    );
    git::git(folder.path(), &["push", "--quiet", "origin", "HEAD:main"]);
    scene.heard();
    assert_eq!(scene.agent.count("plan"), 6);
    scene.at_peace();
    scene.say("plan", "Ours once more");
    scene.ends_well();
}
