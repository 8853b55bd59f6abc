//! What differs between operating systems: folders, the ownership lock, processes, durable files.
//!
//! The only crate that knows the operating system. Each has a module with the same functions, named
//! `os` in the rest of the crate; nothing else here mentions a system by name.

pub mod dirs;
pub mod durable;
pub mod exchange;
pub mod open_files;
pub mod opener;
pub mod placed;
pub mod plain_file;
pub mod power;
pub mod private_folder;
pub mod process;
pub mod readiness;
pub mod single_instance;
pub mod volume;
pub mod worker;

#[cfg(unix)]
#[path = "unix/mod.rs"]
mod os;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod os;
