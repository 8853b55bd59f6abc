//! What the working tree does over real folders, with a crash at each step.

use std::fs;
use std::path::PathBuf;

use super::memory::VERSIONS_MAX;
use super::*;

mod inbox;
#[cfg(unix)]
mod symlinks;

fn topic(name: &str) -> Topic {
    Topic::of_file_name(&format!("{name}.md")).unwrap()
}

/// A text that the clone does not have.
fn plain(bytes: &[u8]) -> Text<'_> {
    Text { bytes, blob: None }
}

/// A working tree in `tree/`, remembered in `memory/`.
struct Bench {
    folder: tempfile::TempDir,
    directory: &'static str,
    tree: WorkingTree,
}

impl Bench {
    fn new() -> Self {
        Self::in_directory("")
    }

    fn in_directory(directory: &'static str) -> Self {
        Self::opened(tempfile::tempdir().unwrap(), directory)
    }

    fn opened(folder: tempfile::TempDir, directory: &'static str) -> Self {
        let root = folder.path().join("repositories").join("tree");
        let memory = folder.path().join("state").join("projected.jsonl");
        let tree = WorkingTree::open(&root, directory, &memory).unwrap();
        Self {
            folder,
            directory,
            tree,
        }
    }

    /// As after a crash: all that was in memory is gone.
    fn restarted(self) -> Self {
        Self::opened(self.folder, self.directory)
    }

    fn root(&self) -> PathBuf {
        self.tree.root.clone()
    }

    fn path(&self, file: &str) -> PathBuf {
        self.tree.folder().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.tree.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Projects `TOPIC=TEXT …`, no text for a topic that vanished, and compares with `TOPIC:RESULT`.
    fn check(&mut self, wanted: &str, expected: &str) {
        let wanted: Vec<_> = wanted
            .split_whitespace()
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, text)| (topic(name), Some(text).filter(|text| !text.is_empty())))
            .collect();
        let given: Vec<_> = wanted
            .iter()
            .map(|(topic, text)| (topic, text.map(|text| plain(text.as_bytes()))))
            .collect();
        let results = self.tree.project_all(&given).unwrap();
        let shown: Vec<_> = wanted
            .iter()
            .zip(&results)
            .map(|((topic, _), result)| {
                let word = match result {
                    Ok(Projection::Written) => "written",
                    Ok(Projection::Unchanged) => "same",
                    Ok(Projection::Removed) => "removed",
                    Ok(Projection::Foreign(Foreign::Edited)) => "edited",
                    Ok(Projection::Foreign(Foreign::NoFile)) => "no-file",
                    Ok(Projection::Foreign(Foreign::NoFolder)) => "no-folder",
                    Ok(Projection::Foreign(Foreign::Closed)) => "closed",
                    Ok(Projection::Foreign(Foreign::TooLong)) => "too-long",
                    Ok(Projection::Foreign(Foreign::Locked)) => "locked",
                    Ok(Projection::Foreign(Foreign::Copy)) => "copy",
                    Err(_) => "error",
                };
                format!("{topic}:{word}")
            })
            .collect();
        assert_eq!(shown.join(" "), expected);
        for ((topic, _), result) in wanted.iter().zip(&results) {
            let foreign = match result {
                Ok(Projection::Foreign(foreign)) => Some(foreign),
                _ => None,
            };
            assert_eq!(self.tree.foreign().get(topic), foreign, "{topic}");
        }
    }
}

#[test]
fn files_are_written_replaced_and_removed() {
    let mut bench = Bench::new();
    bench.check("a=1 b=2", "a:written b:written");
    assert_eq!(
        (bench.read("a.md"), bench.read("b.md")),
        ("1".into(), "2".into())
    );
    bench.check("a=1 b=3", "a:same b:written");
    bench.check("a=", "a:removed");
    bench.check("a=", "a:removed");
    assert_eq!(bench.files(), ["b.md"]);
    let mut bench = bench.restarted();
    bench.check("b=3", "b:same");
    bench.check("b=4", "b:written");
    assert_eq!(bench.read("b.md"), "4");
    bench.check("", "");
}

#[test]
fn a_file_that_somebody_edited_is_never_overwritten_or_removed() {
    let mut bench = Bench::new();
    bench.check("a=1 b=1 c=1", "a:written b:written c:written");
    for name in ["a.md", "b.md"] {
        bench.write(name, "mine");
    }
    bench.check("a=2 b= c=2", "a:edited b:edited c:written");
    let mut bench = bench.restarted();
    bench.check("a=2 b= c=3", "a:edited b:edited c:written");
    assert_eq!(
        (bench.read("a.md"), bench.read("b.md")),
        ("mine".into(), "mine".into())
    );
    // Edited back, or caught up with by the remote, it is ours again.
    bench.write("a.md", "1");
    bench.check("a=2", "a:written");
    bench.write("a.md", "3");
    bench.check("a=3", "a:same");
    bench.check("a=4", "a:written");
}

#[test]
fn a_file_that_somebody_made_is_left_alone_and_one_that_is_as_wanted_is_taken() {
    let mut bench = Bench::new();
    bench.check("a=1", "a:written");
    bench.write("b.md", "mine");
    bench.write("c.md", "same");
    bench.check("b=1 c=same d=", "b:edited c:same d:removed");
    bench.check("b=2 c=new", "b:edited c:written");
    bench.write("e.md", "mine");
    bench.check("e=", "e:edited");
    assert_eq!(
        (bench.read("b.md"), bench.read("e.md")),
        ("mine".into(), "mine".into())
    );
}

#[test]
fn a_missing_file_folder_or_tree_is_put_back() {
    let mut bench = Bench::in_directory("x/y");
    bench.check("a=1", "a:written");
    fs::remove_file(bench.path("a.md")).unwrap();
    bench.check("a=1", "a:written");
    bench.check("a=1", "a:same");
    fs::remove_dir_all(bench.root()).unwrap();
    bench.check("a=1", "a:written");
    fs::remove_dir_all(bench.root().parent().unwrap()).unwrap();
    let mut bench = bench.restarted();
    bench.check("a=1", "a:written");
    assert_eq!(bench.read("a.md"), "1");
}

#[test]
fn an_empty_file_holds_nobodys_text() {
    let mut bench = Bench::new();
    bench.check("a=1 b=1", "a:written b:written");
    bench.write("a.md", "");
    bench.write("b.md", "");
    bench.check("a=2 b=", "a:written b:removed");
    assert_eq!(bench.files(), ["a.md"]);
}

#[test]
fn threads_stand_in_their_directory() {
    let mut bench = Bench::in_directory(".watercooler/threads");
    bench.check("a=1", "a:written");
    let path = bench
        .root()
        .join(".watercooler")
        .join("threads")
        .join("a.md");
    assert_eq!(fs::read_to_string(path).unwrap(), "1");
}

#[test]
fn a_crash_before_or_after_the_replacement_leaves_a_file_of_ours() {
    // Before: the new hash is remembered and the old file stands.
    let mut bench = Bench::new();
    bench.check("a=1", "a:written");
    let new = bench.tree.line(&topic("a"), Hash::of(b"2"), None);
    bench.tree.remember(vec![new]).unwrap();
    let mut bench = bench.restarted();
    bench.check("a=3", "a:written");
    // After: the memory holds both hashes and the new file stands.
    bench.check("a=4", "a:written");
    let mut bench = bench.restarted();
    assert_eq!(bench.tree.remembered[&topic("a")].versions.len(), 4);
    bench.check("a=5", "a:written");
    // While a file was written aside.
    let aside = bench.tree.replaced_folder().join("77-0");
    fs::write(&aside, "half").unwrap();
    let mut bench = bench.restarted();
    bench.check("a=6", "a:written");
    assert_eq!(bench.files(), ["a.md"]);
    // After the removal, before it was forgotten.
    fs::remove_file(bench.path("a.md")).unwrap();
    let mut bench = bench.restarted();
    assert!(bench.tree.topics().contains(&topic("a")));
    bench.check("a=", "a:removed");
    assert!(bench.tree.topics().is_empty());
    assert!(bench.restarted().tree.topics().is_empty());
}

#[test]
fn without_its_memory_it_overwrites_nothing() {
    let mut bench = Bench::new();
    bench.check("a=1 b=1", "a:written b:written");
    fs::remove_dir_all(bench.folder.path().join("state")).unwrap();
    let mut bench = bench.restarted();
    bench.check("a=1 b=2", "a:same b:edited");
    bench.check("a=2", "a:written");
}

#[test]
fn nothing_is_written_that_could_not_be_remembered() {
    let mut bench = Bench::new();
    bench.check("a=1", "a:written");
    bench.tree.journal.fail_from_now();
    let a = topic("a");
    let wanted = [(&a, Some(plain(b"2")))];
    bench.tree.project_all(&wanted).unwrap_err();
    assert_eq!(bench.read("a.md"), "1");
    bench.restarted().check("a=2", "a:written");
}

#[test]
fn other_things_in_the_way_are_left_alone() {
    let mut bench = Bench::new();
    bench.check("a=1", "a:written");
    fs::create_dir_all(bench.path("b.md/inside")).unwrap();
    bench.check("b=1 a=2", "b:no-file a:written");
    assert!(bench.path("b.md/inside").is_dir());
    fs::remove_dir_all(bench.root()).unwrap();
    fs::write(bench.root(), "a file").unwrap();
    bench.check("a=2", "a:no-folder");
}

#[test]
fn a_file_over_the_limit_is_somebody_elses() {
    let mut bench = Bench::new();
    bench.check("a=1", "a:written");
    let file = fs::File::create(bench.path("a.md")).unwrap();
    file.set_len(disk::FILE_BYTES_MAX + 1).unwrap();
    bench.check("a=2", "a:too-long");
}

#[test]
fn an_edit_in_the_last_moment_is_seen() {
    let mut bench = Bench::new();
    bench.check("a=1 b=1", "a:written b:written");
    let (a, path) = (topic("a"), bench.path("a.md"));
    let (found, stamp) = (disk::look(&path).unwrap(), Stamp::of(&path));
    bench.write("a.md", "mine");
    let now = Instant::now();
    let replaced = &mut bench.tree.replaced;
    let at = (&a, path.as_path());
    let put = replaced.put(at, b"2", (&found, stamp), now).unwrap();
    assert_eq!(put, Put::NotDone);
    let put = replaced.take_out(at, (&found, stamp), now).unwrap();
    assert_eq!(put, Put::NotDone);
    let put = replaced.put(at, b"2", (&OnDisk::Missing, Stamp::of(&path)), now);
    assert_eq!(put.unwrap(), Put::NotDone);
    assert_eq!(bench.read("a.md"), "mine");
    assert_eq!(bench.files(), ["a.md", "b.md"], "nothing is left aside");
}

#[test]
fn on_a_case_blind_file_system_the_second_of_two_names_has_its_hash() {
    let mut bench = Bench::new();
    bench.check("", "");
    bench.tree.case_blind = Some(true);
    bench.check(
        "Auth=1 auth=2 AUTH=3",
        "Auth:written auth:written AUTH:written",
    );
    let second = format!("auth~{}.md", Hash::of(b"auth").short());
    let third = format!("AUTH~{}.md", Hash::of(b"AUTH").short());
    let mut names = ["Auth.md".to_owned(), second.clone(), third];
    names.sort();
    assert_eq!(bench.files(), names);
    assert_eq!(
        (bench.read("Auth.md"), bench.read(&second)),
        ("1".into(), "2".into())
    );
    // Each keeps its name, across a restart and when the first has gone.
    let mut bench = bench.restarted();
    bench.tree.prepare().unwrap();
    bench.tree.case_blind = Some(true);
    bench.check("auth=5 Auth= AUTH=3", "auth:written Auth:removed AUTH:same");
    assert_eq!(bench.read(&second), "5");
    bench.check("AuTH=1", "AuTH:written");
    assert_eq!(bench.read("AuTH.md"), "1");
}

#[test]
fn the_memory_is_rewritten_before_it_grows_large() {
    let mut bench = Bench::new();
    let rounds = 5 * VERSIONS_MAX;
    for n in 0..rounds {
        bench.check(&format!("a={n} b={n}"), "a:written b:written");
    }
    let memory = bench.folder.path().join("state/projected.jsonl");
    let lines = fs::read_to_string(memory).unwrap().lines().count();
    assert!(lines < 2 * rounds, "{lines}");
    assert_eq!(
        bench.tree.remembered[&topic("a")].versions.len(),
        VERSIONS_MAX
    );
    let last = rounds - 1;
    bench
        .restarted()
        .check(&format!("a={last} c=1"), "a:same c:written");
}
