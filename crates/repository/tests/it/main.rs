//! The crate against real repositories and servers, which the tests start themselves.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test ends where what it needs is missing, and says what it measured or left out"
)]

mod bench;
mod by_hand;
mod draft;
mod fetch;
mod figures;
mod housekeeping;
mod http;
mod local;
mod push;
mod read;
mod renew;
mod ssh;
mod writers;
