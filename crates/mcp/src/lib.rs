//! MCP to and from protocol requests: one connection that speaks either era of the Model Context
//! Protocol becomes calls of one function, and their outcomes become the words that an agent reads.

mod address;
mod aliases;
mod arguments;
mod completion;
mod connection;
mod fit;
mod frame;
mod gate;
mod instructions;
mod news;
mod outcome;
mod place;
mod prompts;
mod refused;
mod resources;
mod session;
mod subscriptions;
mod text;
mod tools;
mod turn_line;
mod under_way;

pub use instructions::INSTRUCTIONS_BYTES_MAX;
pub use news::{Listen, News, Piece};
pub use session::{Ask, ServeError, Session, serve};

/// A call's result, as sent, stays under this many bytes; source: the outside contract, section 5.
pub const RESULT_BYTES_MAX: usize = 60_000;

/// `tools/list`, as sent, stays within this many bytes; source: the outside contract, section 5.
pub const TOOLS_BYTES_MAX: usize = 6_144;

#[cfg(test)]
mod tests;
