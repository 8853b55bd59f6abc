//! Credentials are kept in files where that is allowed, found by repository and host, and whole.

use std::fs;

use super::*;
use crate::credential::{Kind, Secret, SignedIn};

fn place(repository: &str, host: &str) -> Place {
    Place {
        repository: repository.to_owned(),
        host: host.to_owned(),
    }
}

fn token(place: Place, text: &str) -> Credential {
    let secret = Secret::Token {
        user: "alice".to_owned(),
        token: Zeroizing::new(text.to_owned()),
    };
    Credential {
        place,
        kind: Kind::Token,
        secret,
    }
}

fn text(credential: &Credential) -> String {
    match &credential.secret {
        Secret::Key(key) => key.to_string(),
        Secret::Token { user, token } => format!("{user} {}", token.as_str()),
        Secret::SignIn(signed) => format!("{} {}", signed.user, signed.access.as_str()),
    }
}

fn add(store: &Store, credential: &Credential) -> Listed {
    let created = "2026-11-23T00:00:00Z".to_owned();
    let added = store
        .add(credential, None, created, Asking::Nobody)
        .unwrap();
    assert!(added.left_behind.is_none());
    added.listed
}

fn in_files(folder: &tempfile::TempDir) -> Store {
    Store::new(folder.path().to_owned(), Keep::File)
}

#[test]
fn a_credential_is_found_by_repository_and_host_and_by_nothing_less() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_files(&folder);
    let here = place("acme", "h.example");
    add(&store, &token(here.clone(), "one"));
    add(&store, &token(place("acme", "h.example:8443"), "two"));
    let check = |place: &Place, expected: Option<&str>| {
        let found = store.find(place).unwrap();
        let read = found.map(|listed| text(&store.read(&listed, Asking::Nobody).unwrap()));
        assert_eq!(read.as_deref(), expected, "{place}");
    };
    check(&here, Some("alice one"));
    check(&place("acme", "h.example:8443"), Some("alice two"));
    check(&place("acme", "evil.example"), None);
    check(&place("other", "h.example"), None);
    check(&place("acme", "h.example.evil"), None);
}

#[test]
fn a_replaced_or_removed_secret_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_files(&folder);
    let here = place("acme", "h.example");
    let first = add(&store, &token(here.clone(), "canary-one"));
    let second = add(&store, &token(here.clone(), "canary-two"));
    assert_ne!(first.id, second.id);
    assert_eq!(store.list().unwrap(), std::slice::from_ref(&second));
    assert_eq!(secrets_in(&folder), ["canary-two"]);
    assert!(store.read(&first, Asking::Nobody).is_err());
    assert_eq!(store.remove(&here, Asking::Nobody).unwrap(), Some(second));
    assert_eq!(store.remove(&here, Asking::Nobody).unwrap(), None);
    assert!(secrets_in(&folder).is_empty());
}

/// The secrets that lie in any file below the folder.
fn secrets_in(folder: &tempfile::TempDir) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let held = fs::read_to_string(entry.path()).unwrap();
            found.extend(
                held.split_whitespace()
                    .filter(|word| word.starts_with("canary"))
                    .map(str::to_owned),
            );
        }
    }
    found
}

#[test]
fn what_is_listed_holds_no_secret_and_files_are_private() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_files(&folder);
    let listed = add(&store, &token(place("acme", "h.example"), "canary"));
    let listing = fs::read_to_string(folder.path().join("credentials.json")).unwrap();
    assert!(
        !listing.contains("canary") && listing.contains(&listed.id),
        "{listing}"
    );
    #[cfg(unix)]
    for path in [folder.path().join("credentials.json"), store.path(&listed)] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }
}

#[test]
fn a_file_is_read_only_where_the_settings_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let listed = add(
        &in_files(&folder),
        &token(place("acme", "h.example"), "canary"),
    );
    let strict = Store::new(folder.path().to_owned(), Keep::Keychain);
    let refused = strict.read(&listed, Asking::Nobody);
    assert!(matches!(refused, Err(StoreError::FileNotAllowed)));
}

#[test]
fn a_tampered_listing_leads_no_secret_to_another_place() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_files(&folder);
    add(&store, &token(place("acme", "h.example"), "canary"));
    let path = folder.path().join("credentials.json");
    let tampered = fs::read_to_string(&path)
        .unwrap()
        .replace("h.example", "evil.example");
    fs::write(&path, tampered).unwrap();
    let listed = store.find(&place("acme", "evil.example")).unwrap().unwrap();
    let refused = store.read(&listed, Asking::Nobody);
    assert!(matches!(refused, Err(StoreError::NotAsListed)));
}

#[test]
fn what_is_too_long_or_too_much_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_files(&folder);
    let long = token(place("acme", "h.example"), &"x".repeat(FILE_BYTES_MAX));
    let refused = store.add(&long, None, String::new(), Asking::Nobody);
    assert!(matches!(refused, Err(StoreError::TooLong)));
    let one = add(&store, &token(place("acme", "h.example"), "x"));
    let many = (0..crate::listing::CREDENTIALS_MAX).map(|number| Listed {
        place: place("many", &number.to_string()),
        ..one.clone()
    });
    let all: Vec<Listed> = many.collect();
    let listing = serde_json::json!({"format": 1, "credentials": all});
    fs::write(folder.path().join("credentials.json"), listing.to_string()).unwrap();
    let over = store.add(
        &token(place("acme", "other"), "y"),
        None,
        String::new(),
        Asking::Nobody,
    );
    assert!(matches!(over, Err(StoreError::File { .. })));
    let kept = fs::read_dir(folder.path().join(FOLDER)).unwrap().count();
    assert_eq!(kept, 1, "what could not be listed is not left behind");
}

#[test]
fn a_listing_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_files(&folder);
    let path = folder.path().join("credentials.json");
    let later = r#"{"format": 2, "credentials": []}"#;
    fs::write(&path, later).unwrap();
    assert!(store.list().is_err());
    let added = store.add(
        &token(place("a", "h"), "x"),
        None,
        String::new(),
        Asking::Nobody,
    );
    assert!(added.is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), later);
}

#[test]
fn every_kind_survives_being_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_files(&folder);
    let signed = |refresh: Option<&str>, expires| {
        Secret::SignIn(SignedIn {
            user: "oauth2".to_owned(),
            access: Zeroizing::new("access".to_owned()),
            refresh: refresh.map(|text| Zeroizing::new(text.to_owned())),
            expires,
            client_id: "client".to_owned(),
            token_url: "https://h.example/token".to_owned(),
        })
    };
    let key = crate::keys::made("test").private;
    for (kind, secret) in [
        (Kind::DeployKey, Secret::Key(key.clone())),
        (Kind::SshKey, Secret::Key(key)),
        (Kind::SignIn, signed(Some("refresh"), Some(1_900_000_000))),
        (Kind::SignIn, signed(None, None)),
    ] {
        let wanted = Credential {
            place: place("acme", "h"),
            kind,
            secret,
        };
        let listed = add(&store, &wanted);
        let found = store.read(&listed, Asking::Nobody).unwrap();
        assert_eq!((found.kind, text(&found)), (kind, text(&wanted)));
        if let (Secret::SignIn(found), Secret::SignIn(wanted)) = (&found.secret, &wanted.secret) {
            assert_eq!(found.refresh, wanted.refresh);
            assert_eq!(found.expires, wanted.expires);
            assert_eq!(found.token_url, wanted.token_url);
            assert_eq!(found.client_id, wanted.client_id);
        }
    }
}
