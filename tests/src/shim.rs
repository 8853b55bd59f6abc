//! A raw client of `watercooler-mcp` over its pipes, in both protocol eras, that holds the shim to
//! its word: on standard output there is JSON-RPC and nothing else, ever.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::canary;
use crate::json_rpc::{self, NotJsonRpc};
use crate::machine::Machine;
use crate::processes;
use crate::programs::Program;
use crate::wait::PATIENCE;

/// The newest version that has sessions.
pub const SESSIONS: &str = "2025-11-25";
/// The version without them.
pub const STATELESS: &str = "2026-07-28";

/// Which way of talking a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// `initialize` first.
    Sessions,
    /// Each request says all about itself.
    Stateless,
}

/// The answer of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// The text for the model.
    pub text: String,
    /// The structured result.
    pub structured: Value,
    /// Whether it says that the call failed.
    pub is_error: bool,
}

impl Called {
    /// The stable code of a failure.
    #[must_use]
    pub fn code(&self) -> &str {
        self.structured["error"]["code"].as_str().unwrap_or("none")
    }
}

/// What the reading thread has seen.
#[derive(Debug, Default)]
struct Heard {
    answers: HashMap<u64, Value>,
    others: Vec<Value>,
    not_json_rpc: Vec<NotJsonRpc>,
    /// A last line without its end, which only a shim that was killed may leave.
    cut: Option<NotJsonRpc>,
    /// How many lines held a secret of a story.
    secrets: usize,
    ended: bool,
}

/// A running shim and its client.
#[derive(Debug)]
pub struct Shim {
    child: Child,
    stdin: Option<ChildStdin>,
    heard: Arc<(Mutex<Heard>, Condvar)>,
    reader: Option<JoinHandle<()>>,
    stderr: PathBuf,
    era: Era,
    client: String,
    next_id: u64,
}

impl Shim {
    /// Starts a shim and says hello as the MCP client `client` in a session.
    #[must_use]
    pub fn connect(machine: &Machine, client: &str) -> Self {
        Self::connect_with(machine, client, Era::Sessions, &[])
    }

    /// Starts a shim with arguments, and says hello where that is usual in the era.
    #[must_use]
    pub fn connect_with(machine: &Machine, client: &str, era: Era, arguments: &[&str]) -> Self {
        let mut shim = Self::start(machine, client, era, arguments);
        shim.greet();
        shim
    }

    /// Starts a shim of another build, and says hello where that is usual in the era.
    #[must_use]
    pub fn connect_by(machine: &Machine, program: &Path, client: &str, era: Era) -> Self {
        let mut shim = Self::start_by(machine, program, client, era, &[]);
        shim.greet();
        shim
    }

    fn greet(&mut self) {
        if self.era == Era::Sessions {
            let hello = json!({
                "protocolVersion": SESSIONS,
                "capabilities": {},
                "clientInfo": {"name": self.client, "version": "1.0.0"},
            });
            let welcome = self.request("initialize", hello);
            assert_eq!(
                welcome["result"]["serverInfo"]["name"], "watercooler",
                "{welcome}"
            );
            self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        }
    }

    /// Starts a shim without a word to it.
    #[must_use]
    pub fn start(machine: &Machine, client: &str, era: Era, arguments: &[&str]) -> Self {
        Self::start_by(machine, &Program::Shim.path(), client, era, arguments)
    }

    fn start_by(
        machine: &Machine,
        program: &Path,
        client: &str,
        era: Era,
        arguments: &[&str],
    ) -> Self {
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let stderr = machine.root().join(format!("shim-{number}.stderr"));
        let file = File::create(&stderr).expect("the machine's folder can be written");
        let mut child = machine
            .command(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .expect("the shim starts");
        let heard = Arc::new((Mutex::new(Heard::default()), Condvar::new()));
        let stdout = child.stdout.take().expect("it was asked for");
        let stdin = child.stdin.take();
        let told = Arc::clone(&heard);
        Self {
            child,
            stdin,
            heard,
            reader: Some(std::thread::spawn(move || listen(stdout, &told))),
            stderr,
            era,
            client: client.to_owned(),
            next_id: 0,
        }
    }

    /// The shim's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the shim wrote to standard error.
    #[must_use]
    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// Calls a tool that must succeed.
    ///
    /// # Panics
    /// With the failure.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Called {
        let called = self.attempt(tool, arguments);
        assert!(!called.is_error, "{tool}: {}", called.text);
        called
    }

    /// Calls a tool that may fail by its own word.
    pub fn attempt(&mut self, tool: &str, arguments: Value) -> Called {
        let id = self.begin(tool, arguments);
        self.called(id, PATIENCE)
    }

    /// Says something in a thread.
    pub fn say(&mut self, topic: &str, title: &str, body: &str) -> Called {
        self.call("say", json!({"topic": topic, "title": title, "body": body}))
    }

    /// All entries of a thread, from the first, over as many pages as it takes.
    pub fn entries(&mut self, topic: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let from = all.len();
            let page = json!({"topic": topic, "from_entry": from, "limit": 100, "format": "json"});
            let page = self.call("read_thread", page).structured;
            let entries = page["entries"].as_array().cloned().unwrap_or_default();
            let advanced = !entries.is_empty();
            all.extend(entries);
            if page["next_entry"].is_null() || !advanced {
                return all;
            }
        }
    }

    /// How many entries a thread has here; 0 where there is none.
    pub fn count(&mut self, topic: &str) -> u64 {
        let read = self.attempt("read_thread", json!({"topic": topic, "format": "summary"}));
        read.structured["total_entries"].as_u64().unwrap_or(0)
    }

    /// Sends a tool call and returns its id, without waiting.
    pub fn begin(&mut self, tool: &str, arguments: Value) -> u64 {
        let name = format!("watercooler_{tool}");
        self.begin_request("tools/call", json!({"name": name, "arguments": arguments}))
    }

    /// Waits for the answer of a tool call.
    ///
    /// # Panics
    /// Where none comes within `limit`, or the call was refused by the protocol.
    #[must_use]
    pub fn called(&self, id: u64, limit: Duration) -> Called {
        let answer = self.answer(id, limit);
        let result = &answer["result"];
        assert!(result.is_object(), "no result: {answer}");
        let texts = result["content"].as_array().map(Vec::as_slice);
        let texts = texts.unwrap_or_default().iter();
        Called {
            text: texts.filter_map(|part| part["text"].as_str()).collect(),
            structured: result["structuredContent"].clone(),
            is_error: result["isError"] == true,
        }
    }

    /// Sends a request and waits for its answer, whatever that is.
    pub fn request(&mut self, method: &str, parameters: Value) -> Value {
        let id = self.begin_request(method, parameters);
        self.answer(id, PATIENCE)
    }

    /// The methods of the notifications that came so far.
    #[must_use]
    pub fn notifications(&self) -> Vec<Value> {
        self.heard
            .0
            .lock()
            .expect("no reader panics")
            .others
            .clone()
    }

    /// Ends the input and waits for the shim's end.
    ///
    /// # Panics
    /// Where it does not end within `limit`, or wrote anything but JSON-RPC.
    pub fn finish(mut self, limit: Duration) -> ExitStatus {
        drop(self.stdin.take());
        let end = processes::reap("the shim ends", &mut self.child, limit);
        self.reader.take().map(JoinHandle::join);
        end
    }

    /// Writes one message as it is.
    pub fn send(&mut self, message: &Value) {
        let mut line = message.to_string();
        line.push('\n');
        let stdin = self.stdin.as_mut().expect("the input is open");
        stdin
            .write_all(line.as_bytes())
            .and_then(|()| stdin.flush())
            .unwrap_or_else(|error| {
                let said = fs::read_to_string(&self.stderr).unwrap_or_default();
                panic!("the shim does not read ({error}): {said}")
            });
    }

    /// Sends a request and returns its id, without waiting.
    pub fn begin_request(&mut self, method: &str, mut parameters: Value) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        if self.era == Era::Stateless {
            parameters["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": STATELESS,
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": {"name": self.client, "version": "1.0.0"},
            });
        }
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters}));
        id
    }

    /// Waits for the answer to a request, whatever that is.
    ///
    /// # Panics
    /// Where none comes within `limit`.
    #[must_use]
    pub fn answer(&self, id: u64, limit: Duration) -> Value {
        let (heard, news) = &*self.heard;
        let until = Instant::now() + limit;
        let mut heard = heard.lock().expect("no reader panics");
        loop {
            if let Some(answer) = heard.answers.remove(&id) {
                return answer;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !heard.ended,
                "no answer to request {id} within {limit:?} (ended: {}): {}",
                heard.ended,
                self.stderr()
            );
            heard = news.wait_timeout(heard, left).expect("no reader panics").0;
        }
    }
}

static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

impl Drop for Shim {
    fn drop(&mut self) {
        let ended_itself = matches!(self.child.try_wait(), Ok(Some(_)));
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
        // What it wrote last was perhaps not read yet.
        self.reader.take().map(JoinHandle::join);
        let heard = self.heard.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = heard.cut.iter().filter(|_| ended_itself);
        let wrong: Vec<&NotJsonRpc> = heard.not_json_rpc.iter().chain(cut).collect();
        if std::thread::panicking() {
            for line in wrong {
                eprintln!("-- not JSON-RPC on standard output: {line}");
            }
            return;
        }
        assert!(
            wrong.is_empty(),
            "not JSON-RPC on standard output: {wrong:?}"
        );
        assert_eq!(heard.secrets, 0, "a secret is shown by the shim");
    }
}

fn listen(stdout: ChildStdout, heard: &(Mutex<Heard>, Condvar)) {
    let mut lines = BufReader::new(stdout);
    let mut line = Vec::new();
    let note = |change: &mut dyn FnMut(&mut Heard)| {
        change(
            &mut heard
                .0
                .lock()
                .expect("no client panics while it holds this"),
        );
        heard.1.notify_all();
    };
    loop {
        line.clear();
        match lines.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return note(&mut |heard| heard.ended = true),
            Ok(_) => {
                note(&mut |heard| sort(&line, heard));
                let is_open = canary::is_in(&line);
                note(&mut |heard| heard.secrets += usize::from(is_open));
            }
        }
    }
}

fn sort(line: &[u8], heard: &mut Heard) {
    match json_rpc::message(line) {
        Ok(message) => {
            let answered = message["id"].as_u64();
            match answered.filter(|_| message["method"].is_null()) {
                Some(id) => drop(heard.answers.insert(id, message)),
                None => heard.others.push(message),
            }
        }
        Err(wrong) if line.ends_with(b"\n") => heard.not_json_rpc.push(wrong),
        Err(cut) => heard.cut = Some(cut),
    }
}
