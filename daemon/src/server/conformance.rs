//! MCP over HTTP for the official conformance suite, on a loopback address that the environment
//! names. In development builds with the feature `conformance` alone.

use std::net::SocketAddr;
use std::sync::Arc;

use mcp::conformance::{Http, serve_http};
use protocol::hello::{Hello, PROTOCOL, Program, Speaks};
use tokio::net::TcpListener;
use tracing::{debug, error};

use crate::server;
use crate::shared::Shared;

/// Names the address, such as `127.0.0.1:8964`.
const ADDRESS: &str = "WATERCOOLER_CONFORMANCE";

/// Serves on the address that the environment names, if it names one of this machine's own.
pub(crate) fn begin(shared: &Arc<Shared>) {
    let address = std::env::var(ADDRESS).ok();
    let address = address.and_then(|text| text.parse::<SocketAddr>().ok());
    let Some(address) = address.filter(|address| address.ip().is_loopback()) else {
        return;
    };
    let (session, ask, listen) = server::session_parts(shared, hello());
    let http = Http::new(session, ask, listen);
    tokio::spawn(async move {
        if let Err(error) = serve(address, http).await {
            error!(%error, "The conformance suite is not served");
        }
    });
}

async fn serve(address: SocketAddr, http: Http) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let http = http.clone();
        tokio::spawn(async move {
            if let Err(error) = serve_http(stream, http).await {
                debug!(%error, "A connection of the conformance suite ended");
            }
        });
    }
}

fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        program: Program::Shim,
        pid: std::process::id(),
        speaks: Speaks::Mcp,
        session: "conformance".to_owned(),
        agent: None,
        repository: None,
        code: None,
        folder: None,
        environment: Default::default(),
        read_only: false,
    }
}
