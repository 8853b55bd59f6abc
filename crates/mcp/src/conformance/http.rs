//! The server over HTTP, for the suite alone: clients come through the shim.

use std::{error::Error, sync::Arc};

use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::handler::{Fixtures, handler};
use crate::{
    news::Listen,
    session::{Ask, Server, Session},
};

/// What is served over HTTP; clones share their sessions.
#[derive(Clone)]
pub struct Http(StreamableHttpService<Fixtures, LocalSessionManager>);

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

impl Http {
    /// Serves every session as if it were this connection.
    #[must_use]
    pub fn new(session: Session, ask: Ask, listen: Listen) -> Self {
        let served = move || {
            let server = Server::new(session.clone(), Arc::clone(&ask), Arc::clone(&listen));
            Ok(handler(server))
        };
        let config = StreamableHttpServerConfig::default();
        Self(StreamableHttpService::new(served, Arc::default(), config))
    }
}

/// Serves one HTTP connection to its end.
///
/// # Errors
/// What hyper says of a connection that failed.
pub async fn serve_http<S>(stream: S, http: Http) -> Result<(), Box<dyn Error + Send + Sync>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = TowerToHyperService::new(http.0);
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    Ok(serving.await?)
}
