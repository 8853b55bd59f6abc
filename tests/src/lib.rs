//! The bench of the whole-system tests: machines, programs, servers and clients, each in a folder
//! of its own and gone at the end, also where a test panics.
//!
//! The programs run as processes only; nothing of them is linked here but the wire types. A bench
//! that cannot go on panics: that is how a test fails.

#![allow(
    clippy::print_stderr,
    reason = "the logs of a failed test are for the person who runs it"
)]

pub mod canary;
pub mod cli;
pub mod editor;
pub mod git;
pub mod json_rpc;
pub mod keychain;
pub mod machine;
pub mod outbox;
pub mod person;
pub mod popups;
pub mod preload;
pub mod processes;
pub mod programs;
pub mod python_reader;
pub mod raw;
pub mod sandbox;
pub mod scratch;
pub mod screen;
pub mod servers;
pub mod settings;
pub mod shim;
pub mod tray;
pub mod twenty;
pub mod wait;
pub mod watcher;
