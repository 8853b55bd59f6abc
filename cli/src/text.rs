//! The words for a person: pure functions from answers to text, where all that others wrote is made
//! safe to print and nothing of it can look like ours.

pub(crate) mod doctor;
pub(crate) mod freshness;
pub(crate) mod hits;
pub(crate) mod inbox;
pub(crate) mod paint;
pub(crate) mod redacted;
pub(crate) mod repositories;
pub(crate) mod status;
pub(crate) mod synced;
pub(crate) mod table;
pub(crate) mod thread;
pub(crate) mod threads;
pub(crate) mod updates;
pub(crate) mod written;
