//! `watercooler credential add`: makes or takes a credential and keeps it for one repository's remote.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use jiff::Timestamp;
use secrets::credential::{Credential, Kind, Secret};
use secrets::keychain::Asking;
use secrets::keys::{self, Key};
use secrets::known_hosts::{DeployKeyPage, deploy_key_page};
use secrets::server::{Reach, Server};
use secrets::sign_in::{self, SignInError};
use secrets::store::Added;
use serde_json::json;

use super::{ask, document, not_kept, server, settings_text, store, tell_daemon};
use crate::clipboard::{self, Copied};
use crate::plain::one_line;
use crate::problem::{Exit, Problem};
use crate::report::Report;
use crate::session::Session;
use crate::settings;

/// The user beside a token where nobody names one; source: the outside contract, section 4.
const USER_USUAL: &str = "x-access-token";

/// What `credential add` takes.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("kind").required(true))]
pub(crate) struct Arguments {
    /// The repository by its name in the settings
    name: String,
    /// Make a new key for this repository alone; its public half goes to the forge
    #[arg(long, group = "kind")]
    deploy_key: bool,
    /// Keep a private key that you have; its passphrase is asked for
    #[arg(long, value_name = "FILE", group = "kind")]
    ssh_key: Option<PathBuf>,
    /// Keep a token for https, read from standard input or asked for
    #[arg(long, group = "kind")]
    token: bool,
    /// The user beside the token; else the URL's, else x-access-token
    #[arg(long, value_name = "U", conflicts_with_all = ["deploy_key", "ssh_key", "sign_in"])]
    user: Option<String>,
    /// Sign in at the forge in a browser
    #[arg(long, group = "kind")]
    sign_in: bool,
}

/// A credential that is not kept yet, and what is told of it then.
struct New {
    kind: Kind,
    secret: Secret,
    fingerprint: Option<String>,
    public: Option<String>,
}

/// Adds.
///
/// # Errors
/// No such repository, a secret that cannot be had, or a keychain that does not keep it.
pub(crate) fn run(session: &Session, arguments: &Arguments) -> Result<Report, Problem> {
    let name = &arguments.name;
    let settings = settings_text(session)?;
    let server = server(&settings, name)?;
    let store = store(session, &settings)?;
    let new = new(session, arguments, &server, &settings)?;
    let credential = Credential {
        place: server.place(name),
        kind: new.kind,
        secret: new.secret,
    };
    let created = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let added = store
        .add(&credential, new.fingerprint, created, Asking::APerson)
        .map_err(|error| not_kept(&error))?;
    tell_daemon(session, Some(name));
    let copied = new.public.as_deref();
    let copied = copied.and_then(|public| clipboard::copy(session, public));
    Ok(report(&added, new.public.as_deref(), copied, &server))
}

fn new(
    session: &Session,
    arguments: &Arguments,
    server: &Server,
    settings: &str,
) -> Result<New, Problem> {
    let name = &arguments.name;
    match &arguments.ssh_key {
        _ if arguments.deploy_key => {
            reached_by(server, Reach::Ssh, name)?;
            usable(keys::CAN_BE_HANDED_OVER)?;
            Ok(of_key(
                Kind::DeployKey,
                keys::made(&format!("watercooler {name}")),
            ))
        }
        Some(file) => {
            reached_by(server, Reach::Ssh, name)?;
            usable(keys::CAN_BE_HANDED_OVER)?;
            let prompt = format!("Passphrase of {}: ", file.display());
            let mut unasked = None;
            let key = keys::taken(file, || match ask::secret(&prompt) {
                Ok(passphrase) => Some(passphrase),
                Err(problem) => {
                    unasked = Some(problem);
                    None
                }
            });
            let key = key.map_err(|error| {
                let message = format!("{}: {error}", file.display());
                unasked
                    .unwrap_or_else(|| Problem::usage(message).exit(Exit::Failed))
                    .hint(error.hint())
            })?;
            Ok(of_key(Kind::SshKey, key))
        }
        None if arguments.token => {
            reached_by(server, Reach::Web, name)?;
            let user = arguments.user.clone().or_else(|| server.user.clone());
            let user = user.unwrap_or_else(|| USER_USUAL.to_owned());
            if user.is_empty() || user.contains(char::is_control) {
                return Err(Problem::usage("the user is no name"));
            }
            let token = ask::secret(&format!("Token for {user} at {}: ", server.host))?;
            Ok(of_web(Kind::Token, Secret::Token { user, token }))
        }
        None => {
            reached_by(server, Reach::Web, name)?;
            let provider = settings::credentials::provider(settings, &server.host)?;
            let signed = signed_in(session, &provider).map_err(|error| not_signed_in(&error))?;
            Ok(of_web(Kind::SignIn, Secret::SignIn(signed)))
        }
    }
}

fn of_key(kind: Kind, key: Key) -> New {
    New {
        kind,
        secret: Secret::Key(key.private),
        fingerprint: key.fingerprint,
        public: key.public.filter(|_| kind == Kind::DeployKey),
    }
}

fn of_web(kind: Kind, secret: Secret) -> New {
    New {
        kind,
        secret,
        fingerprint: None,
        public: None,
    }
}

fn reached_by(server: &Server, wanted: Reach, name: &str) -> Result<(), Problem> {
    if server.reach == wanted {
        return Ok(());
    }
    let (by, hint) = match server.reach {
        Reach::Ssh => ("ssh", "Use --deploy-key or --ssh-key."),
        Reach::Web => ("https", "Use --token or --sign-in."),
    };
    Err(Problem::usage(format!("`{name}` is reached by {by}")).hint(hint))
}

/// A key that could be kept and never used is not made.
fn usable(can_be_handed_over: bool) -> Result<(), Problem> {
    if can_be_handed_over {
        return Ok(());
    }
    let problem = Problem::usage("ssh cannot be given a key from the keychain on this system");
    Err(problem.hint(
        "Name a key file by ssh_key in config.toml, use your own ssh agent, or an https address \
         with --token.",
    ))
}

#[allow(
    clippy::print_stderr,
    reason = "the person must act before the command can end"
)]
fn signed_in(
    session: &Session,
    provider: &sign_in::Provider,
) -> Result<secrets::credential::SignedIn, SignInError> {
    let pending = sign_in::begin(provider)?;
    let (code, place) = (
        one_line(&pending.user_code),
        one_line(&pending.verification_uri),
    );
    let minutes = pending.expires_in.div_ceil(60);
    eprintln!(
        "Open {place} and enter the code {}",
        session.paint.strong(&code)
    );
    if let Some(direct) = &pending.verification_uri_complete {
        eprintln!("  or open {}", one_line(direct));
    }
    eprintln!("Waiting for you, {minutes} min at most …");
    let now = || Timestamp::now().as_second();
    sign_in::wait(provider, &pending, std::thread::sleep, now)
}

fn not_signed_in(error: &SignInError) -> Problem {
    Problem {
        exit: Exit::Failed,
        code: "credential_missing".to_owned(),
        message: error.to_string(),
        hint: Some(error.hint().to_owned()),
    }
}

fn report(added: &Added, public: Option<&str>, copied: Option<Copied>, server: &Server) -> Report {
    let listed = &added.listed;
    let (name, host) = (
        one_line(&listed.place.repository),
        one_line(&listed.place.host),
    );
    let (kind, keep) = (listed.kind.words(), listed.keep.as_str());
    let fingerprint = listed.fingerprint.as_deref();
    let shown = fingerprint.map_or(String::new(), |text| format!(" {text}"));
    let mut text = format!("The {kind}{shown} for `{name}` at {host} is kept in the {keep}.\n");
    let page = public.and_then(|_| deploy_key_page(server));
    if let Some(public) = public {
        text.push_str(&to_the_forge(&name, public, page.as_ref(), copied));
    }
    let mut document = document(listed);
    if let serde_json::Value::Object(fields) = &mut document {
        fields.insert("public_key".to_owned(), json!(public));
        fields.insert("page".to_owned(), json!(page.map(|page| page.url)));
    }
    let report = Report::new(text, document);
    match &added.left_behind {
        None => report,
        Some(error) => {
            let problem = not_kept(error);
            let message = format!(
                "the credential that was there before could not be removed: {}",
                problem.message
            );
            report.with(Problem { message, ..problem })
        }
    }
}

/// What is to be done with the public half of a new key.
fn to_the_forge(
    name: &str,
    public: &str,
    page: Option<&DeployKeyPage>,
    copied: Option<Copied>,
) -> String {
    let copied = match copied {
        Some(Copied::ToClipboard) => "It is on the clipboard.\n",
        Some(Copied::ByTerminal) => {
            "Your terminal was asked to put it on the clipboard; where it is not there, copy the line.\n"
        }
        Some(Copied::Nowhere) => "Nothing here reaches a clipboard: copy the line.\n",
        None => "",
    };
    let place = match page {
        Some(page) => format!("Add this line as a deploy key at\n  {}\n", page.url),
        None => "Add this line as a deploy key of the repository on its forge.\n".to_owned(),
    };
    let write = if page.is_none_or(|page| page.may_write) {
        "Tick the box for write access there."
    } else {
        "Such a key may only read there; to write, keep a key of your account (--ssh-key) or a token."
    };
    format!(
        "\n{public}\n\n{copied}{place}{write} It takes an administrator of the repository:\n\
         if you are none, send one the line and the page. Then: watercooler credential test {name}\n"
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_key_that_ssh_cannot_be_given_is_not_made() {
        assert!(usable(true).is_ok());
        let problem = usable(false).unwrap_err();
        assert_eq!(problem.exit, Exit::Usage);
        assert!(problem.hint.is_some_and(|hint| hint.contains("ssh_key")));
    }

    #[test]
    fn a_new_key_comes_with_its_page_the_box_and_who_may_tick_it() {
        let page = |url: &str, may_write| DeployKeyPage {
            url: url.to_owned(),
            may_write,
        };
        let github = page("https://github.com/acme/t/settings/keys/new", true);
        let copied = Some(Copied::ToClipboard);
        let text = to_the_forge("acme", "ssh-ed25519 A", Some(&github), copied);
        expect![[r#"

            ssh-ed25519 A

            It is on the clipboard.
            Add this line as a deploy key at
              https://github.com/acme/t/settings/keys/new
            Tick the box for write access there. It takes an administrator of the repository:
            if you are none, send one the line and the page. Then: watercooler credential test acme
        "#]]
        .assert_eq(&text);
        let other = to_the_forge("acme", "ssh-ed25519 A", None, None);
        expect![[r#"

            ssh-ed25519 A

            Add this line as a deploy key of the repository on its forge.
            Tick the box for write access there. It takes an administrator of the repository:
            if you are none, send one the line and the page. Then: watercooler credential test acme
        "#]]
        .assert_eq(&other);
        let reading = page("https://bitbucket.org/acme/t/admin/access-keys/", false);
        let reading = to_the_forge("acme", "ssh-ed25519 A", Some(&reading), None);
        assert!(reading.contains("may only read there"), "{reading}");
        assert!(!reading.contains("write access"), "{reading}");
    }
}
