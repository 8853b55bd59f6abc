//! What the crate promises as a whole, on generated files and on samples of real ones.
//!
//! Each property runs 500 cases; `PROPTEST_CASES=10000 cargo test -p threads --release` runs more.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apply;
mod bytes;
mod conflict;
mod forgery;
mod generate;
mod limits;
mod merge;
mod operation;
mod python;
mod samples;

use proptest::test_runner::Config;

/// Cases of each property.
const CASES: u32 = 500;
/// What proptest takes where its environment variable says nothing.
const CASES_OF_PROPTEST: u32 = 256;

/// The configuration of every property here.
fn config() -> Config {
    let given = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let cases = if given.cases == CASES_OF_PROPTEST {
        CASES
    } else {
        given.cases
    };
    Config { cases, ..given }
}
