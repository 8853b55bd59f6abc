//! Keys that the system's `ssh-keygen` made are taken, and it reads those that were made here.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::*;

fn keygen(arguments: &[&str], passphrase: &str, path: &Path) {
    let done = Command::new("ssh-keygen")
        .arg("-q")
        .args(arguments)
        .args(["-N", passphrase, "-C", "test", "-f"])
        .arg(path)
        .status()
        .unwrap();
    assert!(done.success());
}

fn fingerprint_by_ssh(path: &Path) -> String {
    let said = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(path)
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    said.split_whitespace().nth(1).unwrap().to_owned()
}

fn written(folder: &Path, key: &Key) -> PathBuf {
    let path = folder.join("written");
    files::write(&path, key.private.as_bytes()).unwrap();
    path
}

#[test]
fn a_made_key_is_one_that_ssh_reads() {
    let folder = tempfile::tempdir().unwrap();
    let key = made("watercooler acme");
    let path = written(folder.path(), &key);
    assert_eq!(key.fingerprint, Some(fingerprint_by_ssh(&path)));
    let public = key.public.unwrap();
    assert!(
        public.starts_with("ssh-ed25519 ") && public.ends_with(" watercooler acme"),
        "{public}"
    );
    assert_eq!(fingerprint(&public), key.fingerprint);
    assert_ne!(made("watercooler acme").fingerprint, key.fingerprint);
}

#[test]
fn keys_of_every_kind_are_taken_with_and_without_a_passphrase() {
    for (number, kind) in ["ed25519", "rsa", "ecdsa"].into_iter().enumerate() {
        for passphrase in ["", "a passphrase"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(number.to_string());
            keygen(&["-t", kind, "-a", "4"], passphrase, &path);
            let key = taken(&path, || Some(Zeroizing::new("a passphrase".to_owned()))).unwrap();
            assert_eq!(
                key.fingerprint,
                Some(fingerprint_by_ssh(&path)),
                "{kind} {passphrase}"
            );
            let again = written(folder.path(), &key);
            let opened = Command::new("ssh-keygen")
                .args(["-y", "-P", "", "-f"])
                .arg(again)
                .output()
                .unwrap();
            assert!(opened.status.success(), "{kind}: {opened:?}");
        }
    }
}

#[test]
fn what_is_no_usable_key_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    keygen(&["-t", "ed25519", "-a", "4"], "secret", &path("locked"));
    keygen(&["-t", "rsa", "-m", "PEM"], "", &path("pem"));
    keygen(&["-t", "rsa", "-m", "PEM"], "secret", &path("locked-pem"));
    fs::write(path("words"), "no key").unwrap();
    fs::write(path("long"), vec![b'x'; SECRET_BYTES_MAX + 1]).unwrap();
    let check = |name: &str, passphrase: Option<&str>, expected: &str| {
        let given = passphrase.map(|text| Zeroizing::new(text.to_owned()));
        let told = match taken(&path(name), || given) {
            Ok(_) => "taken".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(told.contains(expected), "{name}: {told}");
    };
    check("locked", None, "opens with a passphrase alone");
    check("locked", Some("other"), "does not open the key");
    check("locked.pub", None, "no private key");
    check("pem", None, "taken");
    check("locked-pem", Some("secret"), "old PEM form");
    check("words", None, "no private key");
    check("long", None, "too large");
    check("none", None, "not found");
}
