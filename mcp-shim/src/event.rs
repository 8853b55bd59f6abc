//! What happens to the bridge, from either side.

use protocol::failure::Failure;

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// The client wrote a line.
    ClientLine(Vec<u8>),
    /// The client wrote a line over the limit.
    ClientTooLong {
        /// The raw text of its id.
        id: Option<String>,
        /// Whether it names a method.
        is_call: bool,
    },
    /// The client's input ended.
    ClientEnded,
    /// A daemon serves us.
    Linked,
    /// The daemon wrote a line.
    DaemonLine(Vec<u8>),
    /// The daemon wrote a line over the limit.
    DaemonTooLong {
        /// The raw text of its id.
        id: Option<String>,
        /// Whether it names a method.
        is_call: bool,
    },
    /// The connection ended.
    Unlinked,
    /// No daemon could be had.
    Unreachable {
        /// Why.
        failure: Failure,
        /// What a program that ends on this exits with.
        exit_code: u8,
    },
    /// A daemon is there, and refuses to serve us.
    Refused(Failure),
    /// Asked whether it is alive, the daemon said so, or it is not for this to tell.
    ProbeAnswered,
    /// Asked whether it is alive, the daemon said nothing.
    ProbeSilent(Failure),
}
