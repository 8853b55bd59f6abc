//! Runs other programs to their end: with no input unless some is given, and never for ever.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// How long another's program may take.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(60);

/// Between two looks at whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How much of what a program says is shown.
const SAID_CHARS_MAX: usize = 600;

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    stderr: String,
}

impl Ran {
    /// Its output.
    ///
    /// # Errors
    /// It failed: in its own words.
    pub(crate) fn succeeded(self) -> anyhow::Result<String> {
        if self.code == Some(0) {
            return Ok(self.stdout);
        }
        bail!("{}", self.problem())
    }

    /// What it said of its failure.
    pub(crate) fn problem(&self) -> String {
        let said = [&self.stderr, &self.stdout].map(|said| said.trim());
        let said = said.into_iter().find(|said| !said.is_empty());
        said.unwrap_or("it said nothing")
            .chars()
            .take(SAID_CHARS_MAX)
            .collect()
    }
}

/// Runs a program.
///
/// # Errors
/// It does not start, or was ended after [`WAIT_MAX`].
pub(crate) fn run<A: AsRef<OsStr>>(program: &Path, arguments: &[A]) -> anyhow::Result<Ran> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("{} does not start", program.display()))?;
    let stdout = child.stdout.take().map(heard);
    let stderr = child.stderr.take().map(heard);
    let status = ended(&mut child, WAIT_MAX)
        .with_context(|| format!("{} does not come to an end", program.display()))?;
    // What it left behind may hold its output open: only what came till its end counts.
    let said = |hearing: Option<std::thread::JoinHandle<String>>| {
        hearing
            .and_then(|hearing| hearing.join().ok())
            .unwrap_or_default()
    };
    Ok(Ran {
        code: status.code(),
        stdout: said(stdout),
        stderr: said(stderr),
    })
}

/// Waits for a child, and ends it where it takes longer.
///
/// # Errors
/// It was ended.
pub(crate) fn ended(child: &mut Child, wait_max: Duration) -> anyhow::Result<ExitStatus> {
    let limit = Instant::now() + wait_max;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= limit {
            let _ = child.kill();
            let _ = child.wait();
            bail!("it was ended after {} s", wait_max.as_secs());
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn heard(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut said = Vec::new();
        let _ = from.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    })
}
