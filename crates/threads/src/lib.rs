//! What a thread is: how its file is read and written, and the rules of topics, balls and turns.
//!
//! Pure: bytes and values in, bytes and values out. Reading what people wrote never fails.

pub mod apply;
pub mod ball;
pub mod check;
pub mod conflict;
pub mod entry;
pub mod entry_id;
pub mod escape;
mod fence;
pub mod hand_edit;
pub mod header;
mod header_edit;
mod header_lines;
mod id_comment;
mod lines;
pub mod merge;
pub mod names;
pub mod nearest;
pub mod operation;
pub mod outline;
pub mod parse;
pub mod print;
pub mod problem;
pub mod thread;
pub mod timestamp;
pub mod topic;
