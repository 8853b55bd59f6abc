//! Reads and edits the repositories in `config.toml`, and leaves every other byte, comment and order
//! in it as it was. What a key may hold is for the daemon to judge.

use protocol::answer::{Origin, RepositoryListed};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, RawString, Table, value};

use crate::remote_url;

/// The name of the repository that the daemon makes where the settings name none.
pub(crate) const LOCAL: &str = "local";

/// Why the settings could not be read or edited.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file is no TOML.
    #[error("the settings are no valid TOML: {0}")]
    Malformed(String),
    /// `repository` is something else than `[[repository]]` tables.
    #[error("`repository` is not written as [[repository]] tables in the settings")]
    OtherForm,
    /// No `[[repository]]` has that name.
    #[error("no repository is named `{0}` in the settings")]
    NoSuchName(String),
    /// Another remote has that name.
    #[error("the name `{0}` is taken by another repository in the settings")]
    NameTaken(String),
}

/// What `repo add` was told of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The remote, without a secret in it.
    pub(crate) url: String,
    /// Its name; absent: derived from the address.
    pub(crate) name: Option<String>,
    /// The branch to follow; absent: the remote's own.
    pub(crate) branch: Option<String>,
    /// Where threads live inside the tree.
    pub(crate) directory: Option<String>,
    /// Code checkouts, absolute.
    pub(crate) code: Vec<String>,
    /// The form of new threads.
    pub(crate) header: Option<String>,
    /// Whether commits are signed.
    pub(crate) sign: Option<String>,
    /// A private key's file, absolute.
    pub(crate) ssh_key: Option<String>,
}

/// An edit: the whole new text, and the repository's name in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Edited {
    /// The file's new text; the old one where nothing had to change.
    pub(crate) text: String,
    /// The repository's name.
    pub(crate) name: String,
}

/// Adds the repository; where one has the same remote (or the same name and no remote yet), sets in
/// that one what was given besides.
///
/// # Errors
/// [`SettingsError`].
pub(crate) fn add(text: &str, wanted: &Wanted) -> Result<Edited, SettingsError> {
    let mut document = parsed(text)?;
    let tables = tables_mut(&mut document)?;
    let named = |table: &Table| wanted.name.is_none() || field(table, "name") == wanted.name;
    let same = |table: &Table| {
        named(table) && field(table, "url").as_deref() == Some(&wanted.url)
            || wanted.name.is_some() && named(table) && field(table, "url").is_none()
    };
    let known = tables.iter().position(same);
    if let Some(table) = known.and_then(|index| tables.get_mut(index)) {
        let name = field(table, "name").unwrap_or_default();
        fill(table, wanted);
        let text = document.to_string();
        return Ok(Edited { text, name });
    }
    let taken: Vec<String> = tables
        .iter()
        .filter_map(|table| field(table, "name"))
        .collect();
    let name = match &wanted.name {
        Some(name) if taken.contains(name) => return Err(SettingsError::NameTaken(name.clone())),
        Some(name) => name.clone(),
        None => remote_url::name(&wanted.url, &taken),
    };
    let mut table = Table::new();
    table.insert("name", value(&name));
    fill(&mut table, wanted);
    tables.push(table);
    let text = document.to_string();
    Ok(Edited { text, name })
}

/// Takes the repository's table out, with the comment that stands right above it.
///
/// # Errors
/// [`SettingsError::NoSuchName`], and as [`add`].
pub(crate) fn remove(text: &str, name: &str) -> Result<String, SettingsError> {
    let mut document = parsed(text)?;
    let tables = tables_mut(&mut document)?;
    let index = tables
        .iter()
        .position(|table| field(table, "name").as_deref() == Some(name))
        .ok_or_else(|| SettingsError::NoSuchName(name.to_owned()))?;
    let removed = tables.get(index).cloned().unwrap_or_default();
    tables.remove(index);
    if tables.is_empty() {
        document.remove("repository");
    }
    give_to_what_follows(&mut document, &removed, above(&removed));
    Ok(document.to_string())
}

/// The repositories as `repo list` shows them without a daemon.
///
/// # Errors
/// [`SettingsError::Malformed`].
pub(crate) fn list(text: &str) -> Result<Vec<RepositoryListed>, SettingsError> {
    let mut document = parsed(text)?;
    let tables = tables_mut(&mut document)?;
    let mut listed: Vec<_> = tables.iter().map(listed).collect();
    if listed.is_empty() {
        let mut local = Table::new();
        local.insert("name", value(LOCAL));
        listed.push(self::listed(&local));
    }
    Ok(listed)
}

fn listed(table: &Table) -> RepositoryListed {
    let code = table.get("code").and_then(Item::as_array);
    let code = code.into_iter().flatten().filter_map(|each| each.as_str());
    RepositoryListed {
        name: field(table, "name").unwrap_or_default(),
        url: field(table, "url").map(|url| remote_url::shown(&url)),
        branch: field(table, "branch"),
        directory: field(table, "directory").unwrap_or_default(),
        code: code.map(str::to_owned).collect(),
        state: None,
        origin: Origin::Settings,
    }
}

fn parsed(text: &str) -> Result<DocumentMut, SettingsError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.parse().map_err(|error: toml_edit::TomlError| {
        // The error's own words quote the line, and an address with a password may stand on it.
        let before = error
            .span()
            .map_or("", |span| &text[..span.start.min(text.len())]);
        let line = before.lines().count().max(1);
        SettingsError::Malformed(format!("line {line}: {}", error.message()))
    })
}

fn tables_mut(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, SettingsError> {
    document
        .entry("repository")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or(SettingsError::OtherForm)
}

/// The field's text; absent and empty are the same.
fn field(table: &Table, key: &str) -> Option<String> {
    let text = table.get(key).and_then(Item::as_str);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn fill(table: &mut Table, wanted: &Wanted) {
    let fields = [
        ("url", Some(&wanted.url)),
        ("branch", wanted.branch.as_ref()),
        ("directory", wanted.directory.as_ref()),
        ("header", wanted.header.as_ref()),
        ("sign", wanted.sign.as_ref()),
        ("ssh_key", wanted.ssh_key.as_ref()),
    ];
    for (key, text) in fields {
        match text {
            Some(text) if table.get(key).and_then(Item::as_str) != Some(text) => {
                set(table, key, text);
            }
            Some(_) | None => (),
        }
    }
    if wanted.code.is_empty() {
        return;
    }
    let code = table.entry("code").or_insert_with(|| value(Array::new()));
    if let Some(code) = code.as_array_mut() {
        for folder in &wanted.code {
            if !code.iter().any(|each| each.as_str() == Some(folder)) {
                push(code, folder);
            }
        }
    }
}

/// Puts one more behind the others, on a line of its own where they stand so.
fn push(code: &mut Array, folder: &str) {
    let ending = code.trailing().as_str().unwrap_or_default().to_owned();
    let first = code
        .iter()
        .next()
        .and_then(|each| each.decor().prefix()?.as_str());
    let indent = first.and_then(|prefix| prefix.rfind('\n').map(|at| prefix[at + 1..].to_owned()));
    match indent {
        Some(indent) if ending.contains('\n') => {
            // What stands behind the last one is its comment.
            let mut added = toml_edit::Value::from(folder);
            added
                .decor_mut()
                .set_prefix(format!("{}\n{indent}", ending.trim_end()));
            code.push_formatted(added);
            code.set_trailing("\n");
            code.set_trailing_comma(true);
        }
        Some(_) | None => code.push(folder),
    }
}

/// Sets the field and keeps the comment behind it.
fn set(table: &mut Table, key: &str, text: &str) {
    let mut changed = toml_edit::Value::from(text);
    if let Some(old) = table.get(key).and_then(Item::as_value) {
        *changed.decor_mut() = old.decor().clone();
    }
    table.insert(key, Item::Value(changed));
}

/// What stands above the table and is not its own comment: everything up to the last blank line.
fn above(table: &Table) -> String {
    let above = table
        .decor()
        .prefix()
        .and_then(RawString::as_str)
        .unwrap_or_default();
    let blank = above.rfind("\n\n").map(|at| at + 2);
    above[..blank.unwrap_or_default()].to_owned()
}

fn give_to_what_follows(document: &mut DocumentMut, removed: &Table, kept: String) {
    if kept.trim().is_empty() {
        return;
    }
    let after = removed.position().unwrap_or(isize::MAX);
    match next_table(document.as_table_mut(), after) {
        Some(next) => {
            let own = next.decor().prefix().and_then(RawString::as_str);
            let joined = format!("{kept}{}", own.unwrap_or_default().trim_start_matches('\n'));
            next.decor_mut().set_prefix(joined);
        }
        None => {
            let own = document.trailing().as_str().unwrap_or_default().to_owned();
            document.set_trailing(format!("{kept}{own}"));
        }
    }
}

/// The first table written after the position, at any depth that settings have.
fn next_table(root: &mut Table, after: isize) -> Option<&mut Table> {
    let mut tables: Vec<&mut Table> = Vec::new();
    for (_, item) in root.iter_mut() {
        match item {
            Item::Table(table) => tables.push(table),
            Item::ArrayOfTables(array) => tables.extend(array.iter_mut()),
            Item::None | Item::Value(_) => (),
        }
    }
    let written = |table: &&mut Table| table.position().is_some_and(|at| at > after);
    tables
        .into_iter()
        .filter(written)
        .min_by_key(|table| table.position())
}

pub(crate) mod credentials;
#[cfg(test)]
mod tests;
