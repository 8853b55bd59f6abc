//! Folders that are gone when the test is over.

use std::path::PathBuf;

use tempfile::TempDir;

/// How the names of these folders begin.
pub const PREFIX: &str = "wc";

/// A new empty folder under the system's temporary folder, removed on drop. Its name is short
/// enough for a socket below it.
#[must_use]
pub fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix(PREFIX)
        .tempdir()
        .expect("the temporary folder can be written")
}

/// The root of this workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("tests/ lies in the workspace")
        .to_owned()
}
