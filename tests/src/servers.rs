//! The git servers of the stories, each on this machine alone.

pub mod authority;
pub mod bare;
pub mod crowded;
pub mod drip;
pub mod endless;
pub mod git_daemon;
pub mod loopback;
pub mod mute;
pub mod nginx;
pub mod pack_protocol;
pub mod raw;
pub mod refusing;
pub mod rude;
pub mod served;
pub mod sign_in;
pub mod small_disk;
pub mod sshd;
pub mod tinyproxy;

#[cfg(test)]
mod tests;
