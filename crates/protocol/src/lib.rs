//! What clients and the daemon say to each other: one JSON document a line, after one `Hello`.
//!
//! Wire types are written for clients and change slowly; they carry plain strings, and the daemon
//! checks every one of them at its edge. Nothing here touches a file, a clock or a socket.

pub mod answer;
pub mod environment;
pub mod failure;
pub mod frame;
pub mod hello;
pub mod hits;
pub mod request;
pub mod status;
pub mod update;
