//! Finds the built programs: in `WATERCOOLER_PROGRAMS`, or where this test was built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::scratch;

/// The variable that names the folder of programs to test, instead of building them.
pub const VARIABLE: &str = "WATERCOOLER_PROGRAMS";

/// One of the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `watercoolerd`.
    Daemon,
    /// `watercooler-mcp`.
    Shim,
    /// `watercooler`.
    Cli,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Daemon, Self::Shim, Self::Cli];

    /// As it is called on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Daemon => "watercoolerd",
            Self::Shim => "watercooler-mcp",
            Self::Cli => "watercooler",
        }
    }

    /// Where it was built.
    #[must_use]
    pub fn path(self) -> PathBuf {
        folder().join(self.name())
    }
}

/// The folder of the programs.
///
/// # Panics
/// Where they do not build, or the named folder lacks one.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = match std::env::var_os(VARIABLE) {
            Some(named) => PathBuf::from(named)
                .canonicalize()
                .expect("the folder in WATERCOOLER_PROGRAMS exists"),
            None => built_beside_this_test(),
        };
        for program in Program::ALL {
            let path = folder.join(program.name());
            assert!(path.is_file(), "{} is missing", path.display());
        }
        folder
    })
}

/// A test of cargo's lies in `TARGET/PROFILE/deps`; programs lie one folder up.
fn built_beside_this_test() -> PathBuf {
    let this = std::env::current_exe().expect("a running test has a path");
    let folder = this
        .parent()
        .and_then(Path::parent)
        .expect("a test lies in TARGET/PROFILE/deps");
    let target = folder.parent().expect("a profile lies in a target folder");
    let mut build = Command::new(env!("CARGO"));
    build
        .current_dir(scratch::workspace())
        .args(["build", "--quiet", "--target-dir"])
        .arg(target);
    for program in Program::ALL {
        build.args(["--bin", program.name()]);
    }
    if folder.file_name().is_some_and(|name| name == "release") {
        build.arg("--release");
    }
    let status = build.status().expect("cargo starts");
    assert!(status.success(), "the programs do not build");
    folder.to_owned()
}
