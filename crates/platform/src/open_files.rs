//! How many files, sockets and pipes this process may have open at once.

use crate::os;

/// Lifts the limit to `wanted`, as far as the system lets an ordinary user; one that is higher
/// stays. Returns what it is then; for a system without such a limit, that is [`u64::MAX`].
///
/// Login sessions begin with 1,024 on Linux and 256 on macOS; whoever needs more asks for it
/// (source: getrlimit(2); systemd.exec(5), `LimitNOFILE`).
pub fn lift(wanted: u64) -> u64 {
    os::lift_files_max(wanted)
}

#[cfg(test)]
mod tests {
    use super::lift;

    #[test]
    fn a_limit_is_lifted_and_never_lowered() {
        let before = lift(0);
        assert!(before > 0);
        assert!(lift(before) >= before);
        assert!(lift(1) >= before, "it stays");
    }
}
