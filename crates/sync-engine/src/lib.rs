//! Decides what to do next to keep one threads repository and its remote in step.
//!
//! The daemon tells the [`engine::Engine`] what happened ([`event::Event`]) and when
//! ([`moment::Moment`]), performs what it asks for ([`action::Action`]), and tells it what came of
//! that. What one push sends, part by part, [`delivery::Delivery`] says. Nothing here reads a clock, a file or a socket, and chance comes from a seed, so that the
//! same events at the same moments give the same actions.

pub mod action;
mod backoff;
mod budget;
pub mod delivery;
pub mod engine;
pub mod event;
mod gather;
mod lane;
pub mod limits;
pub mod moment;
mod poll;
mod random;
pub mod state;
pub mod tidy;
pub mod trouble;
mod writers;
