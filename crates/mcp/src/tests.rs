//! Drives `serve` over a stream with raw lines, and a scripted daemon behind it.

mod bench;
mod failing;
mod limits;
mod old_names;
mod opening;
mod reading;
mod resources;
mod roots;
mod searching;
mod telling;
mod turns;
mod updates;
mod writing;
