//! The first words on a new machine: a thread that is said and read back, and the MCP server asked
//! as an agent asks it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::programs;

const TOPIC: &str = "welcome";

const BODY: &str = "This thread was written by the installer to show that everything works.\n\
Answer in it, or start another: every topic is a thread of its own.";

/// How much of the thread is shown.
const LINES_MAX: usize = 12;

/// How long the server may take for its answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(20);

/// Says a thread where none of its name is, in the repository that was added or the first of the
/// settings, and gives its beginning as it is read back.
///
/// # Errors
/// It cannot be written or read.
pub(crate) fn thread(program: &Path, repository: Option<&str>) -> anyhow::Result<String> {
    let repository = match repository {
        Some(name) => name.to_owned(),
        None => first(program)?,
    };
    let read = ["read", TOPIC, "--repository", &repository];
    let mut there = programs::run(program, &read)?;
    if there.code != Some(0) {
        let mut say = vec!["say", TOPIC, "--repository", &repository];
        say.extend([
            "--key",
            "installer-welcome",
            "--role",
            "scribe",
            "--ball",
            "team",
        ]);
        say.extend(["--title", "Welcome to the watercooler", "--body", BODY]);
        let said = programs::run(program, &say)?;
        said.succeeded()
            .context("a first thread cannot be written")?;
        there = programs::run(program, &read)?;
    }
    let text = there
        .succeeded()
        .context("the first thread cannot be read back")?;
    let lines: Vec<&str> = text.lines().take(LINES_MAX).collect();
    Ok(lines.join("\n"))
}

fn first(program: &Path) -> anyhow::Result<String> {
    let listed = programs::run(program, &["repo", "list", "--json"])?.succeeded()?;
    let listed: Value = serde_json::from_str(&listed).context("the list of repositories")?;
    let name = listed[0]["name"].as_str();
    Ok(name
        .context("no repository is set up; `watercooler status` says why")?
        .to_owned())
}

/// Starts the server as a client does; tells for whom it takes us.
///
/// # Errors
/// It does not answer.
pub(crate) fn greet(shim: &Path) -> anyhow::Result<String> {
    let mut child = Command::new(shim)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{} does not start", shim.display()))?;
    let answer = child.stdout.take().zip(child.stdin.take());
    let asked = answer
        .context("pipes were asked for")
        .and_then(|(stdout, mut stdin)| {
            for message in [
                json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2025-06-18", "capabilities": {},
                "clientInfo": {"name": "watercooler-installer", "version": "1"}}}),
                json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
                json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call",
                "params": {"name": "watercooler_whoami", "arguments": {}}}),
            ] {
                writeln!(stdin, "{message}")?;
            }
            let (told, answers) = mpsc::channel();
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let message: Value = serde_json::from_str(&line).unwrap_or_default();
                    if message["id"] == 2 {
                        let agent = &message["result"]["structuredContent"]["agent"];
                        // The other side may have given up.
                        let _ = told.send(agent.as_str().map(str::to_owned));
                        return;
                    }
                }
            });
            let answer = answers.recv_timeout(ANSWER_WAIT_MAX).ok().flatten();
            // The end of its input ends it.
            drop(stdin);
            Ok(answer)
        });
    programs::ended(&mut child, ANSWER_WAIT_MAX)?;
    match asked? {
        Some(agent) => Ok(format!(
            "It answers, and takes this installer for '{agent}'."
        )),
        None => bail!("the MCP server does not answer; `watercooler status` says more"),
    }
}
