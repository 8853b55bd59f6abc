//! Names both keys where a server shows another one than is known: ssh tells one of them alone.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::time::Duration;

use crate::exchange::Exchange;
use crate::program;
use crate::transport::run;

/// The most that computing a fingerprint may take and say.
const FINGERPRINT_WAIT_MAX: Duration = Duration::from_secs(5);
const FINGERPRINT_BYTES_MAX: u64 = 64 << 10;

/// `it shows SHA256:…, known is SHA256:… (FILE:LINE); `, as far as what ssh wrote tells; else empty.
pub(crate) fn fingerprints(stderr: &str, exchange: &Exchange) -> String {
    let Some(shown) = shown(stderr) else {
        return String::new();
    };
    let known = offending(stderr).and_then(|(file, number)| {
        let line = BufReader::new(File::open(file).ok()?)
            .lines()
            .nth(number - 1)?
            .ok()?;
        Some((fingerprint(&line, exchange)?, format!("{file}:{number}")))
    });
    match known {
        Some((known, place)) => format!("it shows {shown}, known is {known} ({place}); "),
        None => format!("it shows {shown}; "),
    }
}

/// The fingerprint in ssh's warning (`sshconnect.c`, `warn_changed_key`).
fn shown(stderr: &str) -> Option<&str> {
    let (_, after) = stderr.split_once("sent by the remote host is")?;
    let word = after.split_whitespace().next()?;
    Some(word.trim_end_matches('.')).filter(|word| word.starts_with("SHA256:"))
}

/// The file and line of the key that is known, counted from 1.
fn offending(stderr: &str) -> Option<(&str, usize)> {
    let line = stderr.lines().find(|line| line.starts_with("Offending "))?;
    let (_, place) = line.split_once(" key in ")?;
    let (file, number) = place.trim().rsplit_once(':')?;
    let number = number.parse().ok().filter(|number| *number > 0)?;
    Some((file, number))
}

fn fingerprint(line: &str, exchange: &Exchange) -> Option<String> {
    let mut command = Command::new(program::find("ssh-keygen")?);
    command.args(["-l", "-f", "-"]);
    let limit = exchange.remaining().min(FINGERPRINT_WAIT_MAX);
    let input = format!("{line}\n");
    let ran = run(
        command,
        input.as_bytes(),
        limit,
        FINGERPRINT_BYTES_MAX,
        exchange.group,
    )
    .ok()?;
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    said.split_whitespace().nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sshs_warning_names_the_key_and_the_place_of_the_other() {
        let warning = "@@@@\r\nIT IS POSSIBLE\r\nThe fingerprint for the ED25519 key sent by the remote \
                       host is\r\nSHA256:abc/+9.\r\nPlease contact\r\nOffending ED25519 key in \
                       /home/al:ice/.ssh/known_hosts:12\r\n";
        assert_eq!(shown(warning), Some("SHA256:abc/+9"));
        assert_eq!(
            offending(warning),
            Some(("/home/al:ice/.ssh/known_hosts", 12))
        );
        assert_eq!(shown("no warning"), None);
        assert_eq!(offending("Offending key nowhere"), None);
    }
}
