//! The engine's behaviour as scripts of events and the actions that follow.

mod script;

use expect_test::{Expect, expect};

use crate::state::Kind;

const FILE: Kind = Kind::Remote {
    metered_budget: false,
};
const FORGE: Kind = Kind::Remote {
    metered_budget: true,
};

/// Runs `script` for a file remote, which has no budget.
fn check(script: &str, expected: Expect) {
    expected.assert_eq(&script::run(FILE, script));
}

fn check_forge(script: &str, expected: Expect) {
    expected.assert_eq(&script::run(FORGE, script));
}

fn check_local(script: &str, expected: Expect) {
    expected.assert_eq(&script::run(Kind::Local, script));
}

mod asking;
mod crowd;
mod pausing;
mod pending;
mod polling;
mod properties;
mod racing;
mod tidying;
mod troubled;
