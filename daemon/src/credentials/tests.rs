//! Which way is taken, and that what was replaced meanwhile is found.

use std::time::Duration;

use repository::RemoteUrl;
use secrets::credential;
use secrets::server::Place;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;

fn in_files() -> (TempDir, Credentials) {
    let folder = tempfile::tempdir().unwrap();
    let credentials = Credentials::open(&Dirs::under(folder.path()));
    credentials.keep_in(CredentialStore::File);
    (folder, credentials)
}

fn remote(url: &str, ssh_key: Option<&str>) -> Remote {
    Remote {
        url: RemoteUrl::parse(url).unwrap(),
        branch: None,
        ssh_key: ssh_key.map(Into::into),
        timeout: Duration::from_secs(5),
    }
}

fn add(credentials: &Credentials, host: &str, secret: Secret) -> Listed {
    let kind = match &secret {
        Secret::Key(_) => credential::Kind::DeployKey,
        Secret::Token { .. } => credential::Kind::Token,
        Secret::SignIn(_) => credential::Kind::SignIn,
    };
    let place = Place {
        repository: "acme".to_owned(),
        host: host.to_owned(),
    };
    let credential = Credential {
        place,
        kind,
        secret,
    };
    let store = credentials.store.load_full();
    let added = store.add(&credential, None, String::new(), Asking::Nobody);
    added.unwrap().listed
}

fn token(text: &str) -> Secret {
    Secret::Token {
        user: "alice".to_owned(),
        token: Zeroizing::new(text.to_owned()),
    }
}

fn key() -> Secret {
    Secret::Key(Zeroizing::new("a key".to_owned()))
}

#[test]
fn ways_are_tried_in_the_contracts_order_and_credentials_stay_at_their_place() {
    let (_folder, credentials) = in_files();
    let check = |repository: &str, url: &str, ssh_key: Option<&str>, expected: Option<&str>| {
        let way = credentials.way(repository, &remote(url, ssh_key)).unwrap();
        assert_eq!(way.words().as_deref(), expected, "{repository} {url}");
    };
    let (ssh, web) = ("git@h.example:t", "https://h.example/t");
    check("acme", ssh, None, Some("your own ssh"));
    check(
        "acme",
        ssh,
        Some("/k"),
        Some("the key file of the settings"),
    );
    let helpers = Some("git's credential helpers, where the server asks");
    check("acme", web, None, helpers);
    check("acme", "/srv/t", None, None);
    add(&credentials, "h.example", token("x"));
    check("acme", web, None, Some("token from a file"));
    // A token is none for ssh, nor for another repository or host.
    check("acme", ssh, None, Some("your own ssh"));
    check("other", web, None, helpers);
    check("acme", "https://h.example:8443/t", None, helpers);
    check("acme", "https://h.example.evil/t", None, helpers);
    add(&credentials, "h.example", key());
    check("acme", ssh, Some("/k"), Some("deploy key from a file"));
    check("acme", web, None, helpers);
}

#[test]
fn what_was_put_in_its_place_meanwhile_is_handed_over() {
    let (_folder, credentials) = in_files();
    let freed = Arc::default();
    let password = |way: &Way| match credentials.hand_over(way, &freed) {
        Ok(Given::Password { password, .. }) => Ok(password.to_string()),
        Ok(Given::Key(_)) => panic!("it is no key"),
        Err(trouble) => Err(trouble.kind),
    };
    add(&credentials, "h.example", token("old"));
    let way = credentials
        .way("acme", &remote("https://h.example/t", None))
        .unwrap();
    assert_eq!(password(&way), Ok("old".to_owned()));
    add(&credentials, "h.example", token("new"));
    assert_eq!(password(&way), Ok("new".to_owned()));
    let place = Place {
        repository: "acme".to_owned(),
        host: "h.example".to_owned(),
    };
    credentials
        .store
        .load()
        .remove(&place, Asking::Nobody)
        .unwrap();
    assert_eq!(password(&way), Err(Kind::CredentialMissing));
    assert_eq!(password(&Way::OwnSsh), Err(Kind::CredentialMissing));
}

#[test]
fn a_list_that_cannot_be_read_leads_no_other_way() {
    let (folder, credentials) = in_files();
    let listing = Dirs::under(folder.path()).state.join("credentials.json");
    std::fs::write(listing, "{").unwrap();
    let trouble = credentials
        .way("acme", &remote("git@h.example:t", None))
        .unwrap_err();
    assert_eq!(trouble.kind, Kind::SettingsInvalid);
}
