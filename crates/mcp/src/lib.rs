//! MCP to and from protocol requests: one connection that speaks either era of the Model Context
//! Protocol becomes calls of one function, and their outcomes become the words that an agent reads.

mod address;
mod aliases;
mod arguments;
mod completion;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connection;
mod fit;
mod frame;
mod gate;
mod instructions;
mod news;
mod outcome;
mod place;
#[cfg(not(feature = "conformance"))]
mod plain;
mod prompts;
mod refused;
mod resources;
mod roots;
mod session;
mod subscriptions;
mod text;
mod tools;
mod turn_line;
mod under_way;

#[cfg(feature = "conformance")]
use conformance::handler;
#[cfg(not(feature = "conformance"))]
use plain::handler;

pub use instructions::INSTRUCTIONS_BYTES_MAX;
pub use news::{Listen, News, Piece};
pub use session::{Ask, ServeError, Session, serve};

/// A call's result, as sent, stays under this many bytes; source: the outside contract, section 5.
pub const RESULT_BYTES_MAX: usize = 60_000;

/// `tools/list`, as sent, stays within this many bytes; source: the outside contract, section 5.
pub const TOOLS_BYTES_MAX: usize = 6_144;

#[cfg(all(feature = "conformance", not(debug_assertions)))]
compile_error!("the fixtures of the conformance suite are for development builds alone");

#[cfg(test)]
mod tests;
