//! What answers a connection: the server as it is.

use crate::session::Server;

/// The server as it is.
pub(crate) fn handler(server: Server) -> Server {
    server
}
