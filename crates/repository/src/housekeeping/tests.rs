//! What counts as clutter, and what counts as left behind.

use super::*;
use crate::CloneConfig;

fn clone(folder: &Path) -> Clone {
    Clone::open(&folder.join("clone.git"), CloneConfig::default()).unwrap()
}

#[test]
fn clutter_is_too_much_beyond_each_limit() {
    let check = |loose: usize, packs: usize, beside_bytes: u64, largest_bytes: u64, too_much| {
        let clutter = Clutter {
            loose,
            packs,
            bytes: beside_bytes + largest_bytes,
            largest_bytes,
        };
        assert_eq!(clutter.is_too_much(), too_much, "{clutter:?}");
    };
    check(0, 0, 0, 0, false);
    check(LOOSE_MAX, PACKS_MAX, CLUTTER_BYTES_MIN, 0, false);
    check(LOOSE_MAX + 1, 0, 0, 0, true);
    check(0, PACKS_MAX + 1, 0, 0, true);
    check(0, 0, CLUTTER_BYTES_MIN + 1, 0, true);
    check(0, 0, 1 << 20, 2 << 20, false);
    check(0, 0, (1 << 20) + 1, 2 << 20, true);
}

#[test]
fn what_is_half_written_goes_after_an_hour() {
    let folder = tempfile::tempdir().unwrap();
    let clone = clone(folder.path());
    let objects = clone.path.join("objects");
    fs::create_dir_all(objects.join("ab")).unwrap();
    let stale = [
        "pack/pack_git2_0a1b",
        "pack/tmp_pack_x1",
        "pack/tmp_idx_x1",
        "pack/.tmp-12-pack-34.pack",
        "ab/tmp_obj_x1",
        "ab/tmp_object_git2_x1",
        "tmp_obj_x1",
    ];
    let kept = ["pack/pack-12.pack", "ab/cdef"];
    for name in stale.iter().chain(&kept) {
        fs::write(objects.join(name), "").unwrap();
    }
    let left = || -> Vec<&str> {
        let all = stale.iter().chain(&kept).copied();
        all.filter(|name| objects.join(name).exists()).collect()
    };
    clone
        .remove_stale(SystemTime::now() + STALE_AGE / 2)
        .unwrap();
    assert_eq!(left().len(), stale.len() + kept.len());
    let later = SystemTime::now() + STALE_AGE + Duration::from_secs(5);
    clone.remove_stale(later).unwrap();
    assert_eq!(left(), kept);
}

#[test]
fn a_pack_in_the_making_is_removed_when_the_clone_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let aside = clone(folder.path()).path.join(ASIDE);
    fs::create_dir_all(aside.join("pack")).unwrap();
    fs::write(aside.join("pack/pack-12.pack"), "PACK").unwrap();
    drop(clone(folder.path()));
    assert!(!aside.exists());
}
