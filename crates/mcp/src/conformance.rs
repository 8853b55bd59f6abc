//! The tools, resources and prompts that the official conformance suite asks a server for, around
//! the server as it is; and HTTP, which is all that the suite speaks. In development builds alone.
//!
//! Source: the scenarios of `@modelcontextprotocol/conformance`, each of which says what it needs.
#![expect(
    deprecated,
    reason = "what 2026-07-28 deprecates is a part of the sessions before it"
)]

mod content;
mod handler;
mod http;
mod prompts;
mod rounds;
mod seal;
mod tools;

pub use http::{Http, serve_http};

pub(crate) use handler::handler;
