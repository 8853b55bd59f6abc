//! A connection with a scripted daemon: lines in, lines out, and what the daemon was asked.

use std::{
    future::pending,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use protocol::{
    answer::{
        Answer, Delivery, Done, Entry, Freshness, Outcome, RepositoryState, Thread, ThreadSummary,
        Threads, Written, WrittenDetails,
    },
    request::{Context, Request},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};

use crate::{Ask, Listen, News, Piece, ServeError, Session, serve};

/// No answer takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) type Asked = Arc<Mutex<Vec<(Context, Request)>>>;

pub(super) struct Bench {
    lines: tokio::io::Lines<BufReader<ReadHalf<DuplexStream>>>,
    to: WriteHalf<DuplexStream>,
    served: JoinHandle<Result<(), ServeError>>,
    pub(super) asked: Asked,
    /// Where this is dropped, no more news will come.
    pub(super) news: Option<mpsc::UnboundedSender<Piece>>,
    last_id: u64,
}

/// News from a test, to whoever listens first; those that listen later hear none.
struct Told(Option<mpsc::UnboundedReceiver<Piece>>);

impl News for Told {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<Piece>> + Send + '_>> {
        Box::pin(async {
            match &mut self.0 {
                Some(told) => told.recv().await,
                None => pending().await,
            }
        })
    }

    fn ready(&mut self) -> Option<Piece> {
        self.0.as_mut()?.try_recv().ok()
    }
}

impl Bench {
    pub(super) fn start(
        read_only: bool,
        answer: impl Fn(&Request) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let asked = Asked::default();
        let noted = Arc::clone(&asked);
        let ask: Ask = Arc::new(move |context, request| {
            let outcome = answer(&request);
            noted.lock().unwrap().push((context, request));
            Box::pin(async move { outcome })
        });
        Self::start_with(read_only, ask, asked)
    }

    pub(super) fn start_with(read_only: bool, ask: Ask, asked: Asked) -> Self {
        Self::start_as(read_only, false, ask, asked)
    }

    pub(super) fn start_as(read_only: bool, channel: bool, ask: Ask, asked: Asked) -> Self {
        let (client, server) = tokio::io::duplex(1 << 20);
        let (news, told) = mpsc::unbounded_channel();
        let told = Mutex::new(Some(told));
        let listen: Listen = Arc::new(move |_| Box::new(Told(told.lock().unwrap().take())));
        let session = Session {
            key: "shim-1".into(),
            read_only,
            channel,
            version: "0.1.0".into(),
        };
        let served = tokio::spawn(serve(server, session, ask, listen));
        let (from, to) = tokio::io::split(client);
        Self {
            lines: BufReader::new(from).lines(),
            to,
            served,
            asked,
            news: Some(news),
            last_id: 0,
        }
    }

    /// A session of the older era, opened by a client.
    pub(super) async fn session(
        answer: impl Fn(&Request) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let mut bench = Self::start(false, answer);
        bench.initialize("2025-11-25", "claude-code").await;
        bench
    }

    pub(super) async fn initialize(&mut self, version: &str, client: &str) -> Value {
        let params = json!({
            "protocolVersion": version, "capabilities": {},
            "clientInfo": {"name": client, "version": "2.1"},
        });
        let answer = self.request("initialize", params).await;
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string())
            .await;
        answer
    }

    pub(super) async fn send(&mut self, line: &str) {
        self.to.write_all(line.as_bytes()).await.unwrap();
        self.to.write_all(b"\n").await.unwrap();
    }

    pub(super) async fn line(&mut self) -> String {
        timeout(PATIENCE, self.lines.next_line())
            .await
            .expect("an answer in time")
            .unwrap()
            .expect("an open connection")
    }

    /// The next message.
    pub(super) async fn message(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }

    /// Sends a request and does not wait for its answer.
    pub(super) async fn ask(&mut self, method: &str, params: Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(&request.to_string()).await;
        id
    }

    pub(super) async fn notify(&mut self, method: &str, params: Value) {
        let notification = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.send(&notification.to_string()).await;
    }

    pub(super) fn tell(&self, piece: Piece) {
        self.news.as_ref().unwrap().send(piece).unwrap();
    }

    /// The whole answer, `result` or `error`.
    pub(super) async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params).await;
        let answer = self.message().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// The result of a tool call.
    pub(super) async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        let mut answer = self.request("tools/call", params).await;
        answer["result"].take()
    }

    /// What the daemon was last asked.
    pub(super) fn last_asked(&self) -> (Context, Request) {
        self.asked.lock().unwrap().last().unwrap().clone()
    }

    pub(super) fn asked_len(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// What `serve` ends with when the client leaves.
    pub(super) async fn leave(self) -> Result<(), ServeError> {
        let Self {
            lines, to, served, ..
        } = self;
        drop((lines.into_inner().into_inner(), to));
        timeout(PATIENCE, served).await.unwrap().unwrap()
    }
}

pub(super) fn meta_2026(client: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": client, "version": "3.0"},
    })
}

pub(super) fn text_of(result: &Value) -> String {
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

/// The text of a result and its structured part, in a form that does not depend on features of
/// `serde_json`, with the frame's random key as `K`.
pub(super) fn seen(result: &Value) -> String {
    let mut text = text_of(result);
    if let Some(at) = text.find(" key=") {
        let key: String = text[at + 5..].chars().take(12).collect();
        assert!(key.chars().all(|c| c.is_ascii_hexdigit()), "{key}");
        text = text.replace(&key, "K");
    }
    assert_eq!(result["content"].as_array().unwrap().len(), 1);
    let mut seen = format!("isError: {}\n{text}\n---\n", result["isError"]);
    for (name, value) in sorted(&result["structuredContent"]).as_object().unwrap() {
        seen.push_str(&format!("{name}: {value}\n"));
    }
    seen
}

pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(&sorted(value)).unwrap()
}

pub(super) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<_> = fields.keys().collect();
            names.sort();
            let fields = names
                .into_iter()
                .map(|name| (name.clone(), sorted(&fields[name])));
            Value::Object(fields.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

pub(super) fn done(answer: Answer) -> Outcome {
    done_with(answer, &[])
}

pub(super) fn done_with(answer: Answer, your_turn: &[&str]) -> Outcome {
    Outcome::Done(Box::new(Done {
        repository: Some("acme".into()),
        your_turn: your_turn.iter().map(|topic| (*topic).to_owned()).collect(),
        answer,
    }))
}

pub(super) fn fresh() -> Freshness {
    Freshness {
        head: Some("0123456789abcdef0123456789abcdef01234567".into()),
        fetched_at: Some("2026-11-22T10:42:00Z".into()),
        age_seconds: Some(1.5),
        state: RepositoryState::Synced,
        stale: false,
        as_of: None,
    }
}

pub(super) fn stale() -> Freshness {
    Freshness {
        state: RepositoryState::Offline,
        stale: true,
        as_of: Some("10:42, offline".into()),
        ..fresh()
    }
}

pub(super) fn summary(topic: &str) -> ThreadSummary {
    ThreadSummary {
        topic: topic.into(),
        title: "Refactor auth".into(),
        status: "OPEN".into(),
        ball: "Claude (alice)".into(),
        your_turn: true,
        is_new: true,
        entries: 2,
        updated: Some("2026-01-05T09:10:00Z".into()),
        last_author: Some("Codex (bob)".into()),
    }
}

pub(super) fn threads(threads: Vec<ThreadSummary>) -> Threads {
    Threads {
        total: threads.len() as u64,
        threads,
        next_cursor: None,
        freshness: fresh(),
    }
}

pub(super) fn entry(index: u64, body: &str) -> Entry {
    Entry {
        index,
        entry_id: Some(format!("01JGT{index}")),
        agent: "Claude (alice)".into(),
        timestamp: Some("2026-01-05T09:00:00Z".into()),
        role: "planner".into(),
        entry_type: "Plan".into(),
        title: "Start".into(),
        body: body.into(),
    }
}

pub(super) fn thread(entries: Vec<Entry>) -> Thread {
    Thread {
        topic: "auth-refactor".into(),
        title: "Refactor auth".into(),
        status: "OPEN".into(),
        ball: "Codex".into(),
        your_turn: false,
        total_entries: entries.len() as u64,
        next_entry: None,
        next_body_offset: None,
        entries: entries.into_iter().map(Into::into).collect(),
        freshness: fresh(),
    }
}

pub(super) fn written() -> Written {
    Written {
        topic: "auth-refactor".into(),
        entry_id: "01JGT7".into(),
        index: 3,
        ball: "Codex".into(),
        status: "OPEN".into(),
        delivery: Delivery::Queued,
        delivery_reason: Some("syncing".into()),
        details: WrittenDetails {
            title: "Done".into(),
            role: "implementer".into(),
            entry_type: "Note".into(),
            ball_flipped: true,
            closed: false,
        },
    }
}
