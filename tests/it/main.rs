//! The stories: real programs, real git servers, a test for each.

mod architecture;
mod conflicts;
mod contention;
mod crash;
mod foreign_history;
mod hostile;
mod housekeeping;
mod identity;
mod local_repository;
mod mcp;
mod offline;
mod poisoned;
mod programs;
mod prompts;
mod python_grammar;
mod refused;
mod settings;
mod shim;
mod silent_remotes;
mod starts;
mod transfer;
mod two_laptops;
mod versions;
mod working_tree;
mod writing;
