//! What the credential window makes of what the command line says.

use serde_json::json;

use super::*;

#[test]
fn a_servers_key_is_shown_before_it_is_trusted() {
    let check = |code: &str, message: &str, expected: Option<(&str, bool)>| {
        let step = scanned(Problem {
            code: code.to_owned(),
            message: message.to_owned(),
            hint: String::new(),
        });
        let found = if let Step::Trust {
            fingerprint,
            is_changed,
            ..
        } = &step
        {
            Some((fingerprint.as_str(), *is_changed))
        } else {
            None
        };
        assert_eq!(found, expected, "{message}");
    };
    let new = "h shows the key SHA256:abc (ssh-ed25519)";
    check("host_key_unknown", new, Some(("SHA256:abc", false)));
    let other = "h shows the key SHA256:abc (ssh-ed25519); known here is SHA256:old";
    check("host_key_changed", other, Some(("SHA256:abc", true)));
    check("offline", "h is not reached", None);
    check("offline", new, None);
}

#[test]
fn what_is_kept_is_told_of_this_repository_alone() {
    let one = |repository: &str| {
        json!({"repository": repository, "host": "h\u{202e}", "kind": "deploy_key", "store": "keychain",
               "fingerprint": "SHA256:x", "created": "t"})
    };
    let lines = kept(&json!([one("acme"), one("other")]), "acme");
    assert_eq!(lines, ["deploy key for h␣, in the keychain SHA256:x"]);
}
