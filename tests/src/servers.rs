//! The git servers of the stories, each on this machine alone.

pub mod authority;
pub mod bare;
pub mod crowded;
pub mod git_daemon;
pub mod mute;
pub mod nginx;
pub mod raw;
pub mod refusing;
pub mod rude;
pub mod served;
pub mod small_disk;
pub mod sshd;
pub mod tinyproxy;

#[cfg(test)]
mod tests;
