//! Symlinks in the working tree: left alone, and never followed.

use std::fs;
use std::os::unix::fs::symlink;

use super::Bench;

#[test]
fn symlinks_are_never_followed() {
    let mut bench = Bench::in_directory("x/y");
    bench.check("a=1 b=1", "a:written b:written");
    let outside = bench.folder.path().join("outside.md");
    fs::write(&outside, "1").unwrap();
    fs::remove_file(bench.path("a.md")).unwrap();
    symlink(&outside, bench.path("a.md")).unwrap();
    symlink(bench.folder.path().join("nowhere"), bench.path("c.md")).unwrap();
    bench.check("a=2 b=2 c=1", "a:no-file b:written c:no-file");
    bench.check("a= c=", "a:no-file c:no-file");
    assert_eq!(fs::read_to_string(&outside).unwrap(), "1");
    // A folder in the middle, and the tree itself.
    let elsewhere = bench.folder.path().join("elsewhere");
    for folder in ["repositories/tree/x", "repositories/tree"] {
        let folder = bench.folder.path().join(folder);
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir_all(elsewhere.join("x").join("y")).unwrap();
        symlink(&elsewhere, &folder).unwrap();
        bench.check("b=3 a=", "b:no-folder a:no-folder");
        assert!(
            fs::read_dir(elsewhere.join("x/y"))
                .unwrap()
                .next()
                .is_none()
        );
        fs::remove_file(&folder).unwrap();
        bench.check("b=3", "b:written");
    }
}
