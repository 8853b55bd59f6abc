//! Every server that a remote may be behind, and every way in which each fails: provoked for real,
//! and judged by what `status` tells a person.

mod canary;
mod credentials;
mod disk;
mod file;
mod git_daemon;
mod handbook;
mod host_keys;
mod http;
mod network;
mod one_of_twenty;
mod proxy;
mod reach;
mod refusals;
mod ssh;
mod story;
mod tls;
mod ways_in;
