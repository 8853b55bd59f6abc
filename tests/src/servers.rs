//! The git servers of the stories, each on this machine alone.

pub mod bare;
pub mod mute;
pub mod raw;
pub mod refusing;
pub mod sshd;

#[cfg(test)]
mod tests;
