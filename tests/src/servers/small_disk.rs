//! Disks that are soon full: a file system in memory, in mount namespaces that end with the test.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::Ran;

/// Set in the process that may mount.
const INSIDE: &str = "WATERCOOLER_TEST_MAY_MOUNT";

/// What a full disk is filled with at once, in bytes.
const CHUNK_BYTES: usize = 4096;

/// Runs the test called `name` (with its module) where file systems can be mounted: in a process
/// of its own with namespaces of its own. Where this system allows nobody that, it says so aloud,
/// in a line that the runner of the suites repeats.
///
/// # Panics
/// Where the test fails in there.
pub fn with_small_disks(name: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let Some(unshare) = unshare() else {
        let line = format!("*** SKIPPED {name}: nobody may mount a file system here\n");
        // Past the capture of the test harness, which shows nothing of a test that passes.
        let _unheard = std::io::stderr().write_all(line.as_bytes());
        return;
    };
    let this = std::env::current_exe().expect("a test is a program");
    let mut command = Command::new("unshare");
    command
        .args(unshare)
        .arg(this)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1");
    let ran = Ran::run(&mut command, "");
    let went_through = ran.code == Some(0) && ran.stdout.contains("1 passed");
    assert!(went_through, "{}\n{}", ran.stdout, ran.stderr);
}

/// How this system lets us have mounts of our own: as a user, else as root.
fn unshare() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["--map-root-user", "--mount"], &["--mount"]];
    WAYS.into_iter().find(|way| {
        let trial = "mount -t tmpfs -o size=64k tmpfs /tmp";
        let mut command = Command::new("unshare");
        command.args(*way).args(["sh", "-c", trial]);
        command.output().is_ok_and(|output| output.status.success())
    })
}

/// A small file system at a folder. It goes with the process that made it.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one of this size at `folder`, which is made.
    #[must_use]
    pub fn at(folder: &Path, kib: u32) -> Self {
        fs::create_dir_all(folder).expect("the folder can be made");
        let mut command = Command::new("mount");
        command
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={kib}k,mode=700"),
                "tmpfs",
            ])
            .arg(AsRef::<OsStr>::as_ref(folder));
        let _mounted = Ran::run(&mut command, "").done();
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Takes all the space that is left.
    pub fn fill(&self) {
        let mut file = File::create(self.ballast()).expect("an empty file needs no block");
        while file.write_all(&[b'x'; CHUNK_BYTES]).is_ok() {}
    }

    /// Gives it back.
    pub fn free(&self) {
        fs::remove_file(self.ballast()).expect("the disk was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}
