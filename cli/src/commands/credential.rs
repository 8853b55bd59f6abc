//! `watercooler credential`: the ways in to remotes. Secrets go straight to the keychain; the daemon
//! hears only that something changed.

mod add;
mod ask;
mod list;
mod remove;
mod test;
mod trust;

use std::fs;
use std::io;
use std::path::Path;

use clap::Subcommand;
use protocol::failure::FailureCode;
use protocol::request::Request;
use secrets::known_hosts::KnownHosts;
use secrets::server::Server;
use secrets::store::{Listed, Store, StoreError};
use serde_json::{Value, json};

use crate::link::Link;
use crate::problem::{Exit, Problem};
use crate::report::Report;
use crate::session::Session;
use crate::settings;

/// What `credential` does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Keep a credential for a repository's remote
    Add(add::Arguments),
    /// List the credentials, without their secrets
    List,
    /// Ask the remote what the credential in use may do
    Test(test::Arguments),
    /// Remove a repository's credential from where it is kept
    Remove(remove::Arguments),
    /// Show an ssh server's key, and confirm it
    Trust(trust::Arguments),
}

/// Does it.
///
/// # Errors
/// What the keychain, the server or the daemon refuse.
pub(crate) fn run(session: &Session, command: Command) -> Result<Report, Problem> {
    // Before anything secret is read. Where it cannot be forbidden, there is no other way either.
    let _ = platform::process::forbid_dumps();
    match command {
        Command::Add(arguments) => add::run(session, &arguments),
        Command::List => list::run(session),
        Command::Test(arguments) => test::run(session, &arguments),
        Command::Remove(arguments) => remove::run(session, &arguments),
        Command::Trust(arguments) => trust::run(session, &arguments),
    }
}

/// The text of `config.toml`; empty where there is none.
fn settings_text(session: &Session) -> Result<String, Problem> {
    match fs::read_to_string(&session.dirs.config) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| Problem::file("the settings cannot be read", &error)),
    }
}

/// The credentials, kept where the settings say.
fn store(session: &Session, settings: &str) -> Result<Store, Problem> {
    let keep = settings::credentials::keep(settings)?;
    Ok(Store::new(state(session)?.to_owned(), keep))
}

fn known_hosts(session: &Session) -> Result<KnownHosts, Problem> {
    Ok(KnownHosts::in_folder(state(session)?))
}

/// The state folder, which is there and ours alone.
fn state(session: &Session) -> Result<&Path, Problem> {
    let state = session.dirs.state.as_path();
    platform::private_folder::ensure(state)
        .map_err(|error| Problem::new(FailureCode::NotDurable, error.to_string()))?;
    Ok(state)
}

/// The server of that repository's remote, by the settings.
fn server(settings: &str, name: &str) -> Result<Server, Problem> {
    let listed = settings::list(settings)?;
    let repository = listed.into_iter().find(|listed| listed.name == name);
    let repository = repository.ok_or_else(|| {
        Problem::new(
            FailureCode::RepositoryNotFound,
            format!("no repository is named `{name}` in the settings"),
        )
        .hint("`watercooler repo list` shows the repositories.")
    })?;
    let url = settings::credentials::url(settings, name)?;
    url.as_deref().and_then(Server::of).ok_or_else(|| {
        let what = repository
            .url
            .map_or("no remote", |_| "a folder as its remote");
        Problem::usage(format!(
            "`{name}` has {what}, so that no credential is needed"
        ))
    })
}

/// Tells the daemon, where one runs, that it should try again; of one repository or of all.
fn tell_daemon(session: &Session, repository: Option<&str>) {
    // Without a daemon there is nobody to tell: one looks when it starts.
    if let Ok(mut link) = Link::to_running(session) {
        let _ = match repository {
            Some(name) => link.ask_in(name, Request::CredentialReload),
            None => link.ask(Request::CredentialReload),
        };
    }
}

fn document(listed: &Listed) -> Value {
    json!({
        "repository": listed.place.repository,
        "host": listed.place.host,
        "kind": listed.kind.as_str(),
        "store": listed.keep.as_str(),
        "fingerprint": listed.fingerprint,
        "created": listed.created,
    })
}

fn not_kept(error: &StoreError) -> Problem {
    use secrets::keychain::KeychainError::{
        Absent, Failed, Locked, NoEntry, NotKept, Silent, TooLong,
    };
    let code = match error {
        StoreError::Keychain(Locked | Silent(_)) => "keychain_locked",
        StoreError::Keychain(Absent(_) | NoEntry | TooLong(_) | NotKept | Failed(_))
        | StoreError::NotAsListed
        | StoreError::FileNotAllowed => "credential_missing",
        StoreError::File { .. } | StoreError::TooLong => FailureCode::NotDurable.as_str(),
    };
    Problem {
        exit: Exit::Failed,
        code: code.to_owned(),
        message: error.to_string(),
        hint: Some(error.hint().to_owned()),
    }
}
