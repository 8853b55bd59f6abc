//! Frees a child of the bounds that this process set itself; Linux alone can do that from outside.

use std::process::Child;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

/// Fails only where the child is gone.
pub(crate) fn lift_bounds(child: &Child) {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return;
    };
    for resource in [Resource::As, Resource::Fsize] {
        let maximum = getrlimit(resource).maximum;
        let lifted = Rlimit {
            current: maximum,
            maximum,
        };
        let _ = prlimit(Some(pid), resource, lifted);
    }
}
