//! Signing in by a device code (RFC 8628): the person confirms in a browser, here a token is waited
//! for, and it is renewed before it ends.

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::credential::SignedIn;
use crate::web;

/// How long is waited between two questions where the server says nothing; source: RFC 8628, 3.2.
const INTERVAL_USUAL: u64 = 5;

/// What `slow_down` adds; source: RFC 8628, 3.5.
const SLOWER_SECONDS: u64 = 5;

/// The longest pause between two questions, and the longest life of a code, in seconds.
const INTERVAL_MAX: u64 = 60;
const CODE_SECONDS_MAX: u64 = 3_600;

/// How long before its end a token is renewed, in seconds.
pub const RENEW_SECONDS_AHEAD: i64 = 300;

/// Where a person signs in, from the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Our id there.
    pub client_id: String,
    /// Where a device code is asked for.
    pub device_url: String,
    /// Where the token is.
    pub token_url: String,
    /// What is asked for; empty: what the server gives.
    pub scope: String,
    /// The user that goes with the token in a password's place.
    pub user: String,
}

/// A code that waits for its person.
#[allow(missing_debug_implementations, reason = "it holds a secret")]
pub struct Pending {
    /// What the person types in.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// Where nothing has to be typed in; `None` where the server has no such address.
    pub verification_uri_complete: Option<String>,
    /// For how long, in seconds.
    pub expires_in: u64,
    device_code: Zeroizing<String>,
    interval: u64,
}

/// Why nobody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignInError {
    /// The address in the settings is none that is asked.
    #[error("{0} is no https address")]
    Address(String),
    /// Nobody answers.
    #[error("{0}")]
    Unreachable(String),
    /// What answers is no such server.
    #[error("{0} did not answer as a sign-in's server does (status {1})")]
    Nonsense(String, u16),
    /// The person said no.
    #[error("the sign-in was denied")]
    Denied,
    /// The person did not come in time.
    #[error("the code has expired before it was confirmed")]
    Expired,
    /// The refresh token is spent or taken back.
    #[error("the sign-in has ended and cannot be renewed")]
    Ended,
    /// Another error of the server, by its name.
    #[error("the server refuses the sign-in: {0}")]
    Refused(String),
}

impl SignInError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Address(_) => "correct the addresses of [[sign_in]] in config.toml",
            Self::Unreachable(_) => "see that the server can be reached, and try again",
            Self::Nonsense(..) => {
                "see whether the addresses of [[sign_in]] in config.toml are right"
            }
            Self::Denied | Self::Expired | Self::Ended => {
                "sign in again: watercooler credential add NAME --sign-in"
            }
            Self::Refused(_) => "see whether client_id in config.toml is right, and what it may do",
        }
    }
}

#[derive(Deserialize)]
struct Begun {
    device_code: Option<String>,
    user_code: Option<String>,
    #[serde(alias = "verification_url")]
    verification_uri: Option<String>,
    verification_uri_complete: Option<String>,
    expires_in: Option<u64>,
    interval: Option<u64>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Given {
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<i64>,
    error: Option<String>,
}

/// Asks for a code.
///
/// # Errors
/// [`SignInError`].
pub fn begin(provider: &Provider) -> Result<Pending, SignInError> {
    let mut fields = vec![("client_id", provider.client_id.as_str())];
    if !provider.scope.is_empty() {
        fields.push(("scope", &provider.scope));
    }
    let begun: Begun = web::ask(&provider.device_url, &fields)?;
    if let Some(error) = begun.error {
        return Err(refused(&error));
    }
    match (begun.device_code, begun.user_code, begun.verification_uri) {
        (Some(device_code), Some(user_code), Some(verification_uri)) => Ok(Pending {
            user_code: plain(&user_code),
            verification_uri: plain(&verification_uri),
            verification_uri_complete: begun.verification_uri_complete.map(|uri| plain(&uri)),
            expires_in: begun
                .expires_in
                .unwrap_or(CODE_SECONDS_MAX)
                .min(CODE_SECONDS_MAX),
            device_code: Zeroizing::new(device_code),
            interval: begun
                .interval
                .unwrap_or(INTERVAL_USUAL)
                .clamp(1, INTERVAL_MAX),
        }),
        (Some(_) | None, Some(_) | None, Some(_) | None) => {
            Err(SignInError::Nonsense(provider.device_url.clone(), 200))
        }
    }
}

/// Waits until the person has confirmed the code. `pause` waits for so long between two questions;
/// `now` is in seconds since 1970.
///
/// # Errors
/// [`SignInError`]; the network may fail in between, up to the code's end.
pub fn wait(
    provider: &Provider,
    pending: &Pending,
    mut pause: impl FnMut(Duration),
    now: impl Fn() -> i64,
) -> Result<SignedIn, SignInError> {
    let mut interval = pending.interval;
    let mut waited = 0;
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", pending.device_code.as_str()),
        ("client_id", provider.client_id.as_str()),
    ];
    while waited < pending.expires_in {
        pause(Duration::from_secs(interval));
        waited += interval;
        let given: Given = match web::ask(&provider.token_url, &fields) {
            Ok(given) => given,
            // RFC 8628, 3.5: a time-out is met by asking less often.
            Err(SignInError::Unreachable(_)) => {
                interval = (interval * 2).min(INTERVAL_MAX);
                continue;
            }
            Err(error) => return Err(error),
        };
        match (given.access_token, given.error.as_deref()) {
            (Some(access), None) => {
                let provider = provider.clone();
                return Ok(SignedIn {
                    user: provider.user,
                    access: Zeroizing::new(access),
                    refresh: given.refresh_token.map(Zeroizing::new),
                    expires: given
                        .expires_in
                        .map(|seconds| now().saturating_add(seconds)),
                    client_id: provider.client_id,
                    token_url: provider.token_url,
                });
            }
            (_, Some("authorization_pending")) => (),
            (_, Some("slow_down")) => interval = (interval + SLOWER_SECONDS).min(INTERVAL_MAX),
            (_, Some("access_denied")) => return Err(SignInError::Denied),
            (_, Some("expired_token")) => return Err(SignInError::Expired),
            (_, Some(error)) => return Err(refused(error)),
            (None, None) => return Err(SignInError::Nonsense(provider.token_url.clone(), 200)),
        }
    }
    Err(SignInError::Expired)
}

/// Whether a token ends so soon that it is to be renewed first.
#[must_use]
pub fn is_due(signed: &SignedIn, now: i64) -> bool {
    signed
        .expires
        .is_some_and(|expires| expires.saturating_sub(RENEW_SECONDS_AHEAD) <= now)
}

/// A new token for the old one.
///
/// # Errors
/// [`SignInError`]; [`SignInError::Ended`] where a person has to sign in again.
pub fn renewed(signed: &SignedIn, now: i64) -> Result<SignedIn, SignInError> {
    let refresh = signed.refresh.as_ref().ok_or(SignInError::Ended)?;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        ("client_id", signed.client_id.as_str()),
    ];
    let given: Given = web::ask(&signed.token_url, &fields)?;
    match (given.access_token, given.error.as_deref()) {
        (Some(access), None) => Ok(SignedIn {
            access: Zeroizing::new(access),
            refresh: given
                .refresh_token
                .map(Zeroizing::new)
                .or_else(|| signed.refresh.clone()),
            expires: given.expires_in.map(|seconds| now.saturating_add(seconds)),
            ..signed.clone()
        }),
        (_, Some("invalid_grant" | "bad_refresh_token" | "expired_token")) => {
            Err(SignInError::Ended)
        }
        (_, Some(error)) => Err(refused(error)),
        (None, None) => Err(SignInError::Nonsense(signed.token_url.clone(), 200)),
    }
}

fn refused(error: &str) -> SignInError {
    SignInError::Refused(plain(error))
}

/// A server's words on one line, without what could move a terminal.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(500).collect()
}

#[cfg(test)]
mod tests;
