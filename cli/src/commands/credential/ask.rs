//! Secrets from a person or a script: typed without echo on a terminal, else read from standard input.

use std::io::{self, IsTerminal, Read};

use secrets::credential::SECRET_BYTES_MAX;
use zeroize::Zeroizing;

use crate::problem::Problem;

/// One secret line.
///
/// # Errors
/// Nothing was given, or more than one line.
pub(super) fn secret(prompt: &str) -> Result<Zeroizing<String>, Problem> {
    let given = if io::stdin().is_terminal() {
        rpassword::prompt_password(prompt).map(Zeroizing::new)
    } else {
        piped()
    };
    let given = given.map_err(|error| Problem::file("the secret cannot be read", &error))?;
    let line = given.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(Problem::usage("nothing was given on standard input"));
    }
    if line.contains(char::is_control) {
        return Err(Problem::usage("the secret is more than one line"));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// Whether a person can be asked.
pub(super) fn can_answer() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn piped() -> io::Result<Zeroizing<String>> {
    // Room for all of it, so that no piece is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_BYTES_MAX + 1));
    let stdin = platform::worker::own_stdin()?;
    stdin
        .take(SECRET_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() > SECRET_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Zeroizing::new(text.to_owned()))
}
