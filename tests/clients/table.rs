//! The table in `docs/agents.md` of the clients that were run: a row is what a run gives.

use std::fs;

use serde_json::Value;
use tests::scratch;

/// The heading over the table.
const SECTION: &str = "## Clients that are run by the tests";

/// A client of the matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// As the table calls it.
    pub(crate) name: &'static str,
    /// The package that is pinned.
    pub(crate) package: &'static str,
    /// The protocol version that it agrees on.
    pub(crate) version: &'static str,
    /// What it does here.
    pub(crate) does: &'static str,
}

impl Client {
    /// Its row.
    pub(crate) fn row(&self) -> String {
        let (name, package, version) = (self.name, self.package, self.version);
        let pinned = pinned(package);
        format!(
            "| {name} | `{package}` {pinned} | {version} | {} |",
            self.does
        )
    }

    /// Prints the row, which must stand in the table.
    ///
    /// # Panics
    /// Where it does not.
    pub(crate) fn ran(&self) {
        let row = self.row();
        println!("{row}");
        assert!(rows().contains(&row), "docs/agents.md has no row {row}");
    }
}

/// The rows of the table as it stands.
pub(crate) fn rows() -> Vec<String> {
    let text = text("docs/agents.md");
    let (_, section) = text.split_once(SECTION).expect("the section stands");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with('|'));
    // A heading and a line under it come first.
    rows.skip(2).map(str::to_owned).collect()
}

/// The version of a package that the set-up of these tests fetches.
fn pinned(package: &str) -> String {
    let python = text("tests/clients/python/requirements.txt");
    let mut lines = python.lines().filter_map(|line| line.split_once("=="));
    if let Some((_, version)) = lines.find(|(name, _)| *name == package) {
        return version.to_owned();
    }
    let node: Value =
        serde_json::from_str(&text("tests/clients/node/package.json")).expect("it is JSON");
    let version = node["dependencies"][package].as_str();
    let version = version.unwrap_or_else(|| panic!("{package} is not pinned"));
    version.to_owned()
}

fn text(path: &str) -> String {
    fs::read_to_string(scratch::workspace().join(path)).expect("the file stands")
}
