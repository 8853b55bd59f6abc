//! Tells a private key that nobody can use without a passphrase from one that a server refused: `ssh`
//! says the same of both.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::exchange::Exchange;
use crate::program;
use crate::transport::run;

/// The most that looking at a key may take; deriving from a passphrase is slow by design.
const LOOK_TIMEOUT_MAX: Duration = Duration::from_secs(5);

/// The most that a public key may take, in bytes.
const PUBLIC_KEY_BYTES_MAX: u64 = 64 << 10;

/// The configured key file, where it can be read and is no private key that opens without a
/// passphrase. Only a look at it with an empty passphrase tells, in whichever format it is.
pub(crate) fn locked(exchange: &Exchange) -> Option<&Path> {
    let key = exchange.ssh_key.as_deref()?;
    std::fs::File::open(key).ok()?;
    let mut command = Command::new(program::find("ssh-keygen")?);
    command
        .args(["-y", "-P", "", "-f"])
        .arg(key)
        .env("SSH_ASKPASS_REQUIRE", "never")
        .env_remove("SSH_ASKPASS");
    let limit = exchange.remaining().min(LOOK_TIMEOUT_MAX);
    let looked = run(command, b"", limit, PUBLIC_KEY_BYTES_MAX, exchange.group).ok()?;
    (!looked.status.success()).then_some(key)
}
