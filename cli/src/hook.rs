//! What a client's hooks learn of the threads: fast, quiet, and never in the client's way.

pub(crate) mod asking;
pub(crate) mod client;
pub(crate) mod memory;
pub(crate) mod notes;
pub(crate) mod quick;
pub(crate) mod wait;

mod input;
mod turns;
