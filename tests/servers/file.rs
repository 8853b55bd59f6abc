//! A remote that is a folder: on a disk that is not there, on one that is full, or no repository.

use std::fs;

use tests::machine::Machine;
use tests::scratch;
use tests::servers::bare::BareRepository;

use crate::story::{QUICK, Row, Story, alice};

#[test]
fn a_folder_that_is_not_there_is_offline_until_it_comes_back() {
    let remote = BareRepository::new();
    let mut story = Story::well_begun(Machine::new(&alice(QUICK, &remote.url(), "")));
    remote.go_away();
    story.troubled(Row {
        kind: "offline",
        words: &["remote.git", "is not there"],
    });
    remote.come_back();
    story.healed(&remote);
}

#[test]
fn a_folder_that_is_no_repository_is_told() {
    let folder = scratch::folder();
    fs::write(folder.path().join("letter.txt"), "x").expect("a scratch folder can be written");
    let url = format!("file://{}", folder.path().display());
    let mut story = Story::on(Machine::new(&alice(QUICK, &url, "")));
    story.say();
    story.troubled(Row {
        kind: "not_found",
        words: &["does not appear to be a git repository"],
    });
    let left = fs::read_dir(folder.path()).expect("it is ours").count();
    assert_eq!(left, 1, "nothing was made there");
}
