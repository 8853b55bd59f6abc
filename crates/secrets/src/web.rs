//! Asks a sign-in's server: one form sent, one JSON document back, nothing followed.

use std::time::Duration;

use serde::de::DeserializeOwned;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use zeroize::Zeroizing;

use crate::server::{Reach, Server};
use crate::sign_in::SignInError;

/// The most that a whole exchange may take.
const EXCHANGE_WAIT_MAX: Duration = Duration::from_secs(20);

/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Sends the fields and reads the answer, whatever its status.
pub(crate) fn ask<T: DeserializeOwned>(
    url: &str,
    fields: &[(&str, &str)],
) -> Result<T, SignInError> {
    checked(url)?;
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(EXCHANGE_WAIT_MAX))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("watercooler/", env!("CARGO_PKG_VERSION")))
        .accept("application/json")
        .tls_config(
            TlsConfig::builder()
                .provider(TlsProvider::NativeTls)
                .root_certs(RootCerts::PlatformVerifier)
                .build(),
        )
        .build()
        .into();
    let failed = |error: ureq::Error| SignInError::Unreachable(format!("{}: {error}", shown(url)));
    let mut answer = agent
        .post(url)
        .send_form(fields.iter().copied())
        .map_err(failed)?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    let text = Zeroizing::new(body.read_to_string().map_err(failed)?);
    // The error of a wrong document would quote it.
    serde_json::from_str(&text).map_err(|_| SignInError::Nonsense(shown(url), status))
}

/// Tokens cross the network encrypted, or do not leave this machine.
fn checked(url: &str) -> Result<(), SignInError> {
    let server =
        Server::of(url).filter(|server| server.reach == Reach::Web && server.user.is_none());
    let server = server.ok_or_else(|| SignInError::Address(shown(url)))?;
    let is_here = matches!(server.name(), "localhost" | "127.0.0.1" | "::1");
    if url.starts_with("https://") || is_here {
        Ok(())
    } else {
        Err(SignInError::Address(shown(url)))
    }
}

/// The address without what may follow a question mark or name a user.
fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => "an address".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_addresses_and_this_machine_are_asked() {
        let check = |url: &str, allowed: bool| assert_eq!(checked(url).is_ok(), allowed, "{url}");
        check("https://h.example/token", true);
        check("http://127.0.0.1:8080/token", true);
        check("http://h.example/token", false);
        check("https://u:p@h.example/token", false);
        check("ssh://h.example/token", false);
        check("nonsense", false);
        assert_eq!(
            shown("https://u:p@h.example/t?secret=1"),
            "https://h.example/t"
        );
    }
}
