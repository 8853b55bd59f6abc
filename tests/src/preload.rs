//! Builds what stands before the C library in a program: another clock, other names of hosts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the C text into a library in the folder, for `LD_PRELOAD`.
///
/// # Panics
/// Where there is no C compiler, or it does not take the text.
#[must_use]
pub fn build(folder: &Path, name: &str, text: &str) -> PathBuf {
    let source = folder.join(format!("{name}.c"));
    let library = folder.join(format!("{name}.so"));
    fs::write(&source, text).expect("the folder can be written");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    assert!(built.expect("a C compiler is here").success());
    library
}
