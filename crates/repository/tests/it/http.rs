//! libgit2's http, on loopback: fetch, push, credentials from git's helpers, and other answers.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use repository::{Clone, CloneConfig, Kind, PushError};

use crate::bench::{Bench, author, operation, remote_at, run_again, script};

/// `alice:right` in base64.
const AUTHORIZATION: &str = "Basic YWxpY2U6cmlnaHQ=";

/// A server whose answer is named by the first part of the path; `git` and `private` are served by
/// git's own CGI program.
struct Server {
    port: u16,
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Server {
    /// Serves the folder until the process ends.
    fn start(folder: &Path) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let folder = folder.to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let folder = folder.clone();
                // A client that goes away ends its own connection alone.
                thread::spawn(move || drop(serve(stream, &folder, port)));
            }
        });
        Server { port }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// Answers one request after the other, until the client goes away.
fn serve(mut stream: TcpStream, folder: &Path, port: u16) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let request = request(&mut reader)?;
        answer(&mut stream, folder, port, &request)?;
    }
}

fn answer(
    stream: &mut TcpStream,
    folder: &Path,
    port: u16,
    request: &Request,
) -> std::io::Result<()> {
    let (first, rest) = request.path[1..]
        .split_once('/')
        .unwrap_or((&request.path, ""));
    let plain = |line: &str| format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n");
    let unauthorized = "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"threads\"";
    match first {
        "git" => cgi(stream, folder, rest, request),
        "private" => match request.headers.get("authorization").map(String::as_str) {
            Some(AUTHORIZATION) => cgi(stream, folder, rest, request),
            given => {
                let line = if given.is_some() {
                    "a credential"
                } else {
                    "none"
                };
                let log = fs::OpenOptions::new()
                    .append(true)
                    .create(true)
                    .open(folder.join("log"));
                writeln!(log?, "{line}")?;
                stream.write_all(plain(unauthorized).as_bytes())
            }
        },
        "redirect" => {
            let to = format!("http://localhost:{port}/private/{rest}?{}", request.query);
            stream.write_all(plain(&format!("301 Moved\r\nLocation: {to}")).as_bytes())
        }
        "portal" => stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi",
        ),
        "silent" => stream.read(&mut [0]).map(drop),
        status => stream.write_all(plain(&format!("{status} Word")).as_bytes()),
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> std::io::Result<Request> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or("/").to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned())
            }
            None => break,
        };
    }
    let mut body = Vec::new();
    if headers
        .get("transfer-encoding")
        .is_some_and(|coding| coding == "chunked")
    {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let len = u64::from_str_radix(line.trim(), 16).unwrap_or(0);
            reader.by_ref().take(len).read_to_end(&mut body)?;
            reader.read_line(&mut line)?;
            if len == 0 {
                break;
            }
        }
    } else if let Some(len) = headers
        .get("content-length")
        .and_then(|len| len.parse().ok())
    {
        reader.by_ref().take(len).read_to_end(&mut body)?;
    }
    Ok(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
    })
}

/// Runs `git http-backend` (RFC 3875) and passes on what it says.
fn cgi(
    stream: &mut TcpStream,
    folder: &Path,
    path: &str,
    request: &Request,
) -> std::io::Result<()> {
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "alice")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", format!("/{path}"))
        .env("QUERY_STRING", &request.query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    child
        .stdin
        .take()
        .expect("asked for as a pipe")
        .write_all(&request.body)?;
    let said = child.wait_with_output()?.stdout;
    let end = said
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or(0);
    let head = String::from_utf8_lossy(&said[..end]);
    let status = head
        .lines()
        .find_map(|line| line.strip_prefix("Status: "))
        .unwrap_or("200 OK");
    let body = &said[end + 4..];
    let len = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {len}\r\n\r\n"
    )?;
    stream.write_all(body)
}

fn clone(folder: &Path, name: &str) -> Clone {
    Clone::open(&folder.join(name), CloneConfig::default()).expect("the clone opens")
}

#[test]
fn fetch_and_push_without_a_credential() {
    let bench = Bench::new();
    let server = Server::start(bench.folder.path());
    let remote = remote_at(&server.url("/git/remote.git"));
    let (ours, theirs) = (bench.clone("ours"), bench.clone("theirs"));
    assert_eq!(ours.fetch(&remote).unwrap().tip, None);
    let pushed = ours
        .push(&remote, None, &[operation("alpha", 1)], &author())
        .unwrap();
    let fetched = theirs.fetch(&remote).unwrap();
    assert_eq!(fetched.tip, Some(pushed.tip));
    assert!(fetched.bytes_received > 0 && pushed.bytes_sent > 0);
    theirs
        .push(
            &remote,
            fetched.tip.as_ref(),
            &[operation("alpha", 2)],
            &author(),
        )
        .unwrap();
    let raced = ours.push(
        &remote,
        Some(&pushed.tip),
        &[operation("alpha", 3)],
        &author(),
    );
    assert!(
        matches!(raced, Err(PushError::Rejected { .. })),
        "{raced:?}"
    );
    bench.hook("pre-receive", "echo 'not today' >&2; exit 1");
    let tip = ours.fetch(&remote).unwrap().tip;
    let refused = ours.push(&remote, tip.as_ref(), &[operation("alpha", 3)], &author());
    let Err(PushError::Refused { reason }) = refused else {
        panic!("{refused:?}")
    };
    assert!(reason.contains("not today"), "{reason}");
    bench.check_sound("ours");
}

#[test]
fn other_answers_are_told_apart() {
    let bench = Bench::new();
    let server = Server::start(bench.folder.path());
    let clone = bench.clone("clone");
    let check = |path: &str, expected: Kind| {
        let remote = remote_at(&server.url(path));
        let error = clone.fetch(&remote).unwrap_err();
        assert_eq!(error.kind, expected, "{path}: {error}");
        assert!(!error.hint.is_empty());
        let pushed = clone.push(&remote, None, &[operation("alpha", 1)], &author());
        let Err(PushError::Failed(error)) = pushed else {
            panic!("{path}: {pushed:?}")
        };
        assert_eq!(error.kind, expected, "{path}: {error}");
    };
    check("/404/x.git", Kind::NotFound);
    check("/403/x.git", Kind::CredentialRefused);
    check("/429/x.git", Kind::RateLimited);
    check("/500/x.git", Kind::Offline);
    check("/portal/x.git", Kind::Offline);
    check("/git/nowhere.git", Kind::NotFound);
    let free = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let error = clone
        .fetch(&remote_at(&format!("http://127.0.0.1:{free}/x")))
        .unwrap_err();
    assert_eq!(error.kind, Kind::Offline, "{error}");
}

#[test]
fn a_silent_server_ends_at_the_deadline() {
    if env::var_os("SILENT_SERVER").is_none() {
        // The limit of a single wait is the process's, set by its first remote.
        let test = "http::a_silent_server_ends_at_the_deadline";
        return run_again(test, &[("SILENT_SERVER", "1")]);
    }
    let bench = Bench::new();
    let server = Server::start(bench.folder.path());
    let mut remote = remote_at(&server.url("/silent/x.git"));
    remote.timeout = Duration::from_millis(500);
    let error = bench.clone("clone").fetch(&remote).unwrap_err();
    assert_eq!(error.kind, Kind::Offline);
    assert!(error.message.contains("did not answer in 0.5 s"), "{error}");
}

#[test]
fn credentials_come_from_gits_helpers_once() {
    if let Some(folder) = env::var_os("HTTP_BENCH") {
        return with_helpers(Path::new(&folder));
    }
    let bench = Bench::new();
    let folder = bench.folder.path();
    script(
        &folder.join("ask"),
        &format!("touch {}/asked; echo x", folder.display()),
    );
    let ask = folder.join("ask").display().to_string();
    run_again(
        "http::credentials_come_from_gits_helpers_once",
        &[
            ("HTTP_BENCH", folder.to_str().unwrap()),
            (
                "GIT_CONFIG_GLOBAL",
                folder.join("gitconfig").to_str().unwrap(),
            ),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_ASKPASS", &ask),
            ("SSH_ASKPASS", &ask),
        ],
    );
    assert!(!folder.join("asked").exists(), "somebody was asked");
}

fn with_helpers(folder: &Path) {
    let server = Server::start(folder);
    let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
    let forget = || drop(fs::remove_file(folder.join("log")));
    let helper = |lines: &str| {
        script(&folder.join("helper"), lines);
        let shown = folder.join("helper").display().to_string();
        fs::write(
            folder.join("gitconfig"),
            format!("[credential]\n\thelper = {shown}\n"),
        )
        .unwrap();
    };
    let clone = clone(folder, "clone");
    let remote = remote_at(&server.url("/private/remote.git"));
    let kind = |remote: &_| {
        clone
            .fetch(remote)
            .map(|fetched| fetched.tip)
            .map_err(|e| e.kind)
    };

    fs::write(folder.join("gitconfig"), "").unwrap();
    assert_eq!(kind(&remote), Err(Kind::CredentialMissing));

    helper("test \"$1\" = get && printf 'username=alice\\npassword=right\\n'");
    assert_eq!(kind(&remote), Ok(None));
    let pushed = clone
        .push(&remote, None, &[operation("alpha", 1)], &author())
        .unwrap();
    assert_eq!(kind(&remote), Ok(Some(pushed.tip)));

    helper("test \"$1\" = get && printf 'username=alice\\npassword=wrong\\n'");
    forget();
    assert_eq!(kind(&remote), Err(Kind::CredentialRefused));
    assert_eq!(log(), "none\na credential\n");

    // Another server than the configured one never gets it.
    helper("test \"$1\" = get && printf 'username=alice\\npassword=right\\n'");
    forget();
    let redirected = remote_at(&server.url("/redirect/remote.git"));
    assert_eq!(kind(&redirected), Err(Kind::CredentialRefused));
    assert_eq!(log(), "none\n");

    // A helper that waits for a person.
    helper("sleep 60; :");
    let mut remote = remote;
    remote.timeout = Duration::from_secs(1);
    assert_eq!(kind(&remote), Err(Kind::KeychainLocked));
}
