//! Secrets have types that cannot be shown or written: no `Debug`, no `Display`, no `Serialize`, looked
//! for in the source of every member, so that a new type is held to it too.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tests::scratch;

/// What is overwritten when dropped, and nothing else needs to be: who holds one holds a secret.
const WIPED: &str = "Zeroizing";

/// Fields that are secret whatever their type.
const FIELDS: [&str; 5] = [
    "password",
    "passphrase",
    "access_token",
    "refresh_token",
    "device_code",
];

/// Secret types that others take from the crates that make them.
const TAKEN: [&str; 4] = ["Secret", "SignedIn", "Given", "Credential"];

/// What shows or writes a value.
const SHOWING: [&str; 3] = ["Debug", "Display", "Serialize"];

/// Programs and crates that are built for people.
const MEMBERS: [&str; 5] = ["crates", "daemon", "cli", "mcp-shim", "installer"];

/// A type's name, what stands above it, and its fields.
#[derive(Debug)]
struct Item {
    name: String,
    above: String,
    body: String,
}

#[test]
fn secrets_have_a_type_without_debug_or_serialize() {
    let mut known = BTreeSet::new();
    let mut wrong = Vec::new();
    for path in MEMBERS.iter().flat_map(files_below) {
        let text = fs::read_to_string(&path).expect("source is UTF-8");
        let built = text.split("#[cfg(test)]\nmod tests").next();
        let source = built.unwrap_or_default();
        let secret = secret_types(source);
        let shown = shown(source, &secret);
        wrong.extend(
            shown
                .iter()
                .map(|what| format!("{}: {what}", path.display())),
        );
        known.extend(secret);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for name in [
        "Credential",
        "Secret",
        "SignedIn",
        "Pending",
        "Key",
        "Given",
        "New",
    ] {
        assert!(
            known.contains(name),
            "{name} is not seen to be secret: {known:?}"
        );
    }
}

#[test]
fn a_secret_that_could_be_shown_is_seen() {
    let check = |source: &str, expected: &[&str]| {
        let found = shown(source, &secret_types(source));
        assert_eq!(found, expected, "{source}");
    };
    check("struct A { a: Zeroizing<String> }\n", &[]);
    check("#[derive(Clone, Debug)]\nstruct A { a: u8 }\n", &[]);
    check(
        "#[derive(Clone, Debug)]\npub struct A {\n    a: Zeroizing<String>,\n}\n",
        &["A has Debug"],
    );
    check(
        "/// A.\n#[derive(\n    Clone,\n    Serialize,\n)]\nenum A {\n    B(Zeroizing<Vec<u8>>),\n}\n",
        &["A has Serialize"],
    );
    check(
        "#[derive(Deserialize)]\nstruct A { password: String }\n",
        &[],
    );
    check(
        "#[derive(Debug)]\nstruct A { password: String }\n",
        &["A has Debug"],
    );
    // Who holds what holds a secret does too.
    check(
        "struct A(Zeroizing<u8>);\n\n#[derive(Debug)]\nstruct B {\n    a: Option<A>,\n}\n",
        &["B has Debug"],
    );
    check(
        "type F = Zeroizing<u8>;\n\n#[derive(Debug)]\nstruct B(F);\n",
        &["B has Debug"],
    );
    check(
        "struct A(Zeroizing<u8>);\n\nimpl fmt::Display for A {\n}\n",
        &["A has Display"],
    );
}

/// The names of the types that hold a secret, by what their fields say.
fn secret_types(source: &str) -> BTreeSet<String> {
    let items = items(source);
    let imports: String = source
        .split_inclusive(';')
        .filter_map(|statement| statement.split_once("use "))
        .map(|(_, names)| names)
        .collect();
    let mut secret: BTreeSet<String> = words(&imports)
        .filter(|word| TAKEN.contains(word))
        .map(str::to_owned)
        .collect();
    loop {
        let before = secret.len();
        for item in &items {
            let holds = |word: &str| word == WIPED || (word != item.name && secret.contains(word));
            let is_secret = item.types().any(|text| words(text).any(holds))
                || words(&item.body).any(|word| FIELDS.contains(&word));
            if is_secret {
                secret.insert(item.name.clone());
            }
        }
        if secret.len() == before {
            return secret;
        }
    }
}

impl Item {
    /// What its fields are, without their names and those of variants; what a function takes or
    /// gives is held by nobody.
    fn types(&self) -> impl Iterator<Item = &str> {
        self.body.lines().filter_map(|line| {
            let start = line.find(": ").or_else(|| line.find(['(', '=']))?;
            line[start..].split("Fn(").next()
        })
    }
}

/// Which of these could be shown or written.
fn shown(source: &str, secret: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for item in items(source) {
        let derived = SHOWING.iter().filter(|what| {
            secret.contains(&item.name) && words(&item.above).any(|word| word == **what)
        });
        found.extend(derived.map(|what| format!("{} has {what}", item.name)));
    }
    for line in source.lines().filter(|line| line.starts_with("impl")) {
        let Some((of, name)) = line.split_once(" for ") else {
            continue;
        };
        let name = words(name).next().unwrap_or_default();
        let implemented = SHOWING
            .iter()
            .filter(|what| secret.contains(name) && words(of).any(|word| word == **what));
        found.extend(implemented.map(|what| format!("{name} has {what}")));
    }
    found
}

/// The types that a source defines. What is in it is formatted, so that an item ends at a line that
/// is as far in as its first.
fn items(source: &str) -> Vec<Item> {
    let lines: Vec<&str> = source.lines().collect();
    let mut items = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let mut rest = words(line).skip_while(|word| matches!(*word, "pub" | "crate" | "super"));
        let (Some("struct" | "enum" | "type"), Some(name)) = (rest.next(), rest.next()) else {
            continue;
        };
        if line.trim_start().starts_with("//") {
            continue;
        }
        let above = lines[..number].iter().rev().take_while(|line| {
            let line = line.trim_end();
            !(line.is_empty() || line.ends_with(['}', ';', '{']))
        });
        let above: Vec<&str> = above
            .filter(|line| !line.trim_start().starts_with("//"))
            .copied()
            .collect();
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        let is_one_line = line.trim_end().ends_with([';', '}']);
        let body = lines[number + 1..].iter().take_while(|line| {
            !is_one_line && !line.starts_with(&end) && **line != format!("{});", " ".repeat(indent))
        });
        let body = body
            .filter(|line| !line.trim_start().starts_with(['/', '#']))
            .fold((*line).to_owned(), |body, line| body + "\n" + line);
        items.push(Item {
            name: name.to_owned(),
            above: above.join("\n"),
            body,
        });
    }
    items
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
}

/// The files of which the members in a folder are built, without their tests.
fn files_below(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let folder = scratch::workspace().join(folder);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && name != "tests" {
            files.extend(files_below(path));
        } else if path.extension().is_some_and(|kind| kind == "rs") && name != "tests.rs" {
            files.push(path);
        }
    }
    files
}
