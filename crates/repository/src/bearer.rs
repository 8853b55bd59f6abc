//! Tokens that a web server takes as a bearer's (RFC 6750): libgit2 knows no such answer, so they go
//! with each request from its beginning, once the server has said that it takes nothing else.

use git2::{FetchOptions, PushOptions, RemoteRedirect};
use zeroize::Zeroizing;

use crate::exchange::Exchange;
use crate::url::Place;
use crate::{Given, TransferError};

/// What libgit2 says of a server that takes neither passwords nor anything else that it has.
pub(crate) const NOTHING_ELSE: &str = "server requires authentication that we do not support";

/// A line of each request. It goes to the configured server alone: no redirect is followed with it.
pub(crate) struct Header(Zeroizing<String>);

/// The header for this exchange; `None` where the server has not asked for one, or nothing is kept.
///
/// # Errors
/// Why the credential is not handed over.
pub(crate) fn header(exchange: &Exchange) -> Result<Option<Header>, TransferError> {
    let Some(kept) = exchange
        .ways
        .kept
        .as_ref()
        .filter(|_| exchange.ways.is_bearer.is_known())
    else {
        return Ok(None);
    };
    match kept.hand_over()? {
        Given::Password { password, .. } => {
            let mut line = Zeroizing::new(String::with_capacity(password.len() + 32));
            line.push_str("Authorization: Bearer ");
            line.push_str(&password);
            Ok(Some(Header(line)))
        }
        Given::Key(_) => Ok(None),
    }
}

/// Whether the exchange is to be begun once more with a header: the server has just said that it
/// takes nothing else, and has got nothing yet.
pub(crate) fn is_asked_for(exchange: &Exchange, error: &git2::Error) -> bool {
    let is_asked = error.message() == NOTHING_ELSE
        && matches!(exchange.url.place(), Place::Web { .. })
        && exchange.ways.kept.is_some()
        && !exchange.ways.is_bearer.is_known();
    if is_asked {
        exchange.ways.is_bearer.learn();
    }
    is_asked
}

impl Header {
    pub(crate) fn add_to_fetch(&self, options: &mut FetchOptions<'_>) {
        options
            .custom_headers(&[self.0.as_str()])
            .follow_redirects(RemoteRedirect::None);
    }

    pub(crate) fn add_to_push(&self, options: &mut PushOptions<'_>) {
        options
            .custom_headers(&[self.0.as_str()])
            .follow_redirects(RemoteRedirect::None);
    }
}
