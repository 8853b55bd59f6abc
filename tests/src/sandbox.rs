//! A sandbox as coding agents have them: a system call is refused to a program and to all that it
//! starts, by the kernel.

use std::path::Path;
use std::process::Command;

use crate::machine::Machine;

/// Which system call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// `connect`, as where a sandbox allows sockets and no way out.
    Connect,
    /// `socket`, as where it allows none.
    Socket,
}

/// With which error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// `EPERM`.
    Eperm = 1,
    /// `EACCES`.
    Eacces = 13,
}

/// Installs a filter of seccomp and becomes the program that is named.
///
/// The filter: on our architecture, where the number is the one that is refused, the error, else the
/// call. Source: seccomp(2), `linux/audit.h`, `linux/filter.h`. `socket` is refused for Unix sockets
/// (its first argument is 1), so that whatever else a program needs is there.
const PERL: &str = r#"
my ($arch, $prctl, $number, $error, $family, @command) = @ARGV;
sub step { pack("S C C L", @_) }
my $filter = step(0x20, 0, 0, 4) . step(0x15, 0, 5, $arch)
    . step(0x20, 0, 0, 0) . step(0x15, 0, 3, $number)
    . ($family ? step(0x20, 0, 0, 16) . step(0x15, 0, 1, 1)
               : step(0x20, 0, 0, 0) . step(0x15, 0, 1, $number))
    . step(0x06, 0, 0, 0x00050000 | $error) . step(0x06, 0, 0, 0x7fff0000);
my $program = pack("S x![P] P", length($filter) / 8, $filter);
syscall($prctl + 0, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!";
syscall($prctl + 0, 22, 2, $program) == 0 or die "seccomp: $!";
exec { $command[0] } @command or die "$command[0]: $!";
"#;

/// A command on this machine that the kernel refuses that call.
#[must_use]
pub fn command(machine: &Machine, (refused, with): (Refused, With), program: &Path) -> Command {
    let (arch, prctl, connect, socket) = if cfg!(target_arch = "aarch64") {
        (0xc000_00b7_u32, 167, 203, 198)
    } else {
        (0xc000_003e, 157, 42, 41)
    };
    let (number, family) = match refused {
        Refused::Connect => (connect, 0),
        Refused::Socket => (socket, 1),
    };
    let mut command = machine.command("perl");
    command.args(["-e", PERL, &arch.to_string()]);
    command.args([prctl, number, with as u32, family].map(|number| number.to_string()));
    command.arg(program);
    command
}
