//! The limit of open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub(crate) fn lift_files_max(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current else {
        return u64::MAX;
    };
    let lifted = limit.maximum.map_or(wanted, |most| most.min(wanted));
    if lifted <= current {
        return current;
    }
    let limit = Rlimit {
        current: Some(lifted),
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => lifted,
        Err(_) => current,
    }
}
