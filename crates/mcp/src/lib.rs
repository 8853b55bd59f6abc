//! MCP to and from protocol requests: one connection that speaks either era of the Model Context
//! Protocol becomes calls of one function, and their outcomes become the words that an agent reads.

mod aliases;
mod arguments;
mod connection;
mod fit;
mod frame;
mod gate;
mod outcome;
mod place;
mod session;
mod text;
mod tools;
mod turn_line;

pub use session::{Ask, INSTRUCTIONS_BYTES_MAX, ServeError, Session, serve};

/// A call's result, as sent, stays under this many bytes; source: the outside contract, section 5.
pub const RESULT_BYTES_MAX: usize = 60_000;

/// `tools/list`, as sent, stays within this many bytes; source: the outside contract, section 5.
pub const TOOLS_BYTES_MAX: usize = 6_144;

#[cfg(test)]
mod tests;
