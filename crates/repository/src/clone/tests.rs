//! What the clone's folder and configuration are, whatever lies around them.

use git2::ConfigLevel;

use super::*;

fn config(directory: &str, branch: Option<&str>) -> CloneConfig {
    CloneConfig {
        directory: directory.to_owned(),
        branch: branch.map(str::to_owned),
    }
}

#[test]
fn only_our_own_configuration_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clone.git");
    let clone = Clone::open(&path, config("", None)).unwrap();
    let mut entries = clone.lend().unwrap().config().unwrap();
    let entries = entries.snapshot().unwrap();
    let mut seen = 0;
    entries
        .entries(None)
        .unwrap()
        .for_each(|entry| {
            assert_eq!(entry.level(), ConfigLevel::Local);
            seen += 1;
        })
        .unwrap();
    assert!(seen > 8);
    assert!(!path.join("index").exists());
}

#[test]
fn attaching_removes_what_a_killed_worker_left_and_nothing_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clone.git");
    let _daemons = Clone::open(&path, config("", None)).unwrap();
    let left = [
        "refs/remotes/origin/main.lock",
        "packed-refs.lock",
        "objects/pack/pack_git2_abcdef",
    ];
    for left in left {
        fs::create_dir_all(path.join(left).parent().unwrap()).unwrap();
        fs::write(path.join(left), "").unwrap();
    }
    let _workers = Clone::attach(&path, config("", None)).unwrap();
    for left in left {
        assert!(!path.join(left).exists(), "{left}");
    }
    assert!(path.join("config").exists() && path.join("HEAD").exists());
}

#[test]
fn opening_again_puts_the_configuration_right_and_removes_locks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clone.git");
    drop(Clone::open(&path, config("", None)).unwrap());
    fs::write(path.join("config"), "[core]\n\tfsmonitor = /bin/evil\n").unwrap();
    let locks = [
        "HEAD.lock",
        "refs/remotes/origin/main.lock",
        "packed-refs.lock",
        "config.lock",
    ];
    for lock in locks {
        fs::create_dir_all(path.join(lock).parent().unwrap()).unwrap();
        fs::write(path.join(lock), "").unwrap();
    }
    let clone = Clone::open(&path, config("", None)).unwrap();
    assert_eq!(
        fs::read_to_string(path.join("config")).unwrap(),
        configuration::configuration(false)
    );
    assert!(locks.iter().all(|lock| !path.join(lock).exists()));
    assert_eq!((clone.tip().unwrap(), clone.branch()), (None, None));

    clone.make_durable().unwrap();
    drop(clone);
    Clone::open(&path, config("", None)).unwrap();
    assert_eq!(
        fs::read_to_string(path.join("config")).unwrap(),
        configuration::configuration(true)
    );
}

#[test]
fn directories_and_branches_are_checked() {
    let check = |directory: &str, valid: bool| {
        assert_eq!(directory_checked(directory).is_ok(), valid, "{directory}");
    };
    check("", true);
    check(".watercooler", true);
    check("docs/threads/", true);
    for wrong in [
        "/", "/etc", "..", "a/../b", "a//b", ".git", "a/.GIT", "a\\b", "a\nb", ".",
    ] {
        check(wrong, false);
    }
    let check = |name: &str, valid: bool| assert_eq!(check_branch(name).is_ok(), valid, "{name}");
    check("main", true);
    check("watercooler/threads", true);
    for wrong in [
        "", "-x", "HEAD", "a..b", "a b", "a:b", "a.lock", "/a", "a/", "a~1", "@{", "a*",
    ] {
        check(wrong, false);
    }
}
