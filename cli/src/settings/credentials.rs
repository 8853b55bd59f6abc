//! What the settings say of credentials: where they are kept, and where one signs in.

use secrets::sign_in::Provider;
use secrets::store::Keep;
use toml_edit::{Item, Table};

use super::{SettingsError, field, parsed, tables_mut};
use crate::problem::Problem;

/// Where forges take a sign-in: host, device address, token address, what is asked for, and the user
/// that goes with a token. Sources: docs.github.com "Authorizing OAuth apps", device flow;
/// docs.gitlab.com "OAuth 2.0 identity provider API", device authorization grant.
const FORGES: [(&str, &str, &str, &str, &str); 2] = [
    (
        "github.com",
        "https://github.com/login/device/code",
        "https://github.com/login/oauth/access_token",
        "repo",
        "x-access-token",
    ),
    (
        "gitlab.com",
        "https://gitlab.com/oauth/authorize_device",
        "https://gitlab.com/oauth/token",
        "write_repository",
        "oauth2",
    ),
];

/// Where the settings keep credentials.
///
/// # Errors
/// [`SettingsError::Malformed`].
pub(crate) fn keep(text: &str) -> Result<Keep, SettingsError> {
    let document = parsed(text)?;
    match document.get("credentials").map(Item::as_str) {
        None | Some(Some("keychain")) => Ok(Keep::Keychain),
        Some(Some("file")) => Ok(Keep::File),
        Some(Some(_) | None) => Err(SettingsError::Malformed(
            "`credentials` is neither \"keychain\" nor \"file\"".to_owned(),
        )),
    }
}

/// The remote of that repository as it is written.
///
/// # Errors
/// [`SettingsError::Malformed`].
pub(crate) fn url(text: &str, name: &str) -> Result<Option<String>, SettingsError> {
    let mut document = parsed(text)?;
    let tables = tables_mut(&mut document)?;
    let table = tables
        .iter()
        .find(|table| field(table, "name").as_deref() == Some(name));
    Ok(table.and_then(|table| field(table, "url")))
}

/// Where one signs in for that host: by `[[sign_in]]`, filled up with what is known of the forge.
///
/// # Errors
/// The settings name no client id for the host, or an address is missing.
pub(crate) fn provider(text: &str, host: &str) -> Result<Provider, Problem> {
    let document = parsed(text)?;
    let tables = document.get("sign_in").and_then(Item::as_array_of_tables);
    let is_of_host = |table: &&Table| field(table, "host").as_deref() == Some(host);
    let table = tables.into_iter().flatten().find(is_of_host);
    let forge = FORGES.iter().find(|(known, ..)| *known == host);
    let set = |key: &str, known: Option<&str>| {
        table
            .and_then(|table| field(table, key))
            .or_else(|| known.map(str::to_owned))
    };
    let client_id = set("client_id", None);
    let device_url = set("device_url", forge.map(|forge| forge.1));
    let token_url = set("token_url", forge.map(|forge| forge.2));
    match (client_id, device_url, token_url) {
        (Some(client_id), Some(device_url), Some(token_url)) => Ok(Provider {
            client_id,
            device_url,
            token_url,
            scope: set("scope", forge.map(|forge| forge.3)).unwrap_or_default(),
            user: set("user", forge.map(|forge| forge.4)).unwrap_or_else(|| "oauth2".to_owned()),
        }),
        (Some(_) | None, Some(_) | None, Some(_) | None) => Err(Problem::usage(format!(
            "the settings do not say where to sign in for {host}"
        ))
        .hint(
            "Add a table [[sign_in]] with host, client_id and, but for GitHub and GitLab, \
             device_url and token_url to config.toml; or use --token.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_kept_in_files_only_where_that_is_written() {
        let check = |text: &str, expected: Option<Keep>| {
            assert_eq!(keep(text).ok(), expected, "{text}");
        };
        check("", Some(Keep::Keychain));
        check("credentials = \"keychain\"", Some(Keep::Keychain));
        check("credentials = \"file\"", Some(Keep::File));
        check("credentials = \"File\"", None);
        check("credentials = true", None);
        check("[identity]\ncredentials = \"file\"", Some(Keep::Keychain));
    }

    #[test]
    fn a_sign_in_needs_a_client_id_and_for_other_hosts_addresses() {
        let text = "[[sign_in]]\nhost = \"github.com\"\nclient_id = \"a\"\n\
                    [[sign_in]]\nhost = \"git.example\"\nclient_id = \"b\"\ntoken_url = \"t\"\n";
        let known = provider(text, "github.com").unwrap();
        assert_eq!(known.client_id, "a");
        assert_eq!(known.device_url, "https://github.com/login/device/code");
        assert_eq!(
            (known.scope.as_str(), known.user.as_str()),
            ("repo", "x-access-token")
        );
        for host in ["git.example", "gitlab.com"] {
            let problem = provider(text, host).err().and_then(|problem| problem.hint);
            let hint = problem.unwrap_or_default();
            for word in [
                "[[sign_in]]",
                "host",
                "client_id",
                "device_url",
                "token_url",
            ] {
                assert!(hint.contains(word), "{word} is not in: {hint}");
            }
        }
        let full = text.replace("token_url", "device_url = \"d\"\ntoken_url");
        let own = provider(&full, "git.example").unwrap();
        assert_eq!(
            (own.device_url.as_str(), own.token_url.as_str()),
            ("d", "t")
        );
    }
}
