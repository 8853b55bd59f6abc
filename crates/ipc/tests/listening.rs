//! Both ends of the socket, over real sockets: who is let in, who is spoken to, and what is said
//! when nobody answers.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends where something is not as it should be, and says what it skips"
)]

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use ipc::address::Address;
use ipc::caller;
use ipc::client::{AskError, Client};
use ipc::connection::{ConnectError, Connection, HANDSHAKE_WAIT_MAX};
use ipc::listener::{BindError, Listener, Stream};
use platform::dirs::Dirs;
use platform::single_instance::Ownership;
use protocol::answer::{Answer, Done, Outcome, Reply};
use protocol::failure::{Failure, FailureCode};
use protocol::frame::FrameError;
use protocol::hello::{Hello, PROTOCOL, Program, Speaks, Welcome};
use protocol::request::{Ask, Context, Request};
use tokio::runtime::Runtime;

const ANOTHER_USER: &str = "65534";
const WAIT_MAX: Duration = Duration::from_secs(20);
const CHILD: &str = "child_connects";

fn home() -> (tempfile::TempDir, Dirs) {
    let folder = tempfile::tempdir().unwrap();
    let dirs = Dirs::under(folder.path());
    (folder, dirs)
}

fn hello() -> Hello {
    caller::hello(Program::Cli, Speaks::Requests)
}

fn served() -> Welcome {
    Welcome::Served {
        protocol: PROTOCOL,
        version: "0.0.0".to_owned(),
        pid: std::process::id(),
    }
}

fn done(answer: Answer) -> Outcome {
    Outcome::Done(Box::new(Done {
        repository: None,
        your_turn: Vec::new(),
        answer,
    }))
}

fn open(dirs: &Dirs) -> Result<Connection, ConnectError> {
    Connection::open(dirs, &hello(), HANDSHAKE_WAIT_MAX)
}

/// Serves one client as the test says, on a thread of its own.
fn serve<F: Future<Output = ()>>(
    dirs: &Dirs,
    with: impl FnOnce(Stream) -> F + Send + 'static,
) -> std::thread::JoinHandle<()> {
    let dirs = dirs.clone();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let serving = std::thread::spawn(move || {
        let ownership = Ownership::take(&dirs.state).unwrap();
        Runtime::new().unwrap().block_on(async {
            let listener = Listener::bind(&dirs, &ownership).unwrap();
            ready.send(()).unwrap();
            with(listener.accept().await.unwrap()).await;
            listener.close(&ownership).unwrap();
        });
    });
    is_ready.recv_timeout(WAIT_MAX).unwrap();
    serving
}

async fn greet(stream: &mut Stream) {
    let hello: Hello = stream.receive_within(WAIT_MAX).await.unwrap().unwrap();
    assert_eq!(hello.pid, std::process::id());
    assert_eq!(stream.pid(), Some(std::process::id()));
    stream.send(&served()).await.unwrap();
}

#[test]
fn requests_are_answered_by_id_and_within_a_limit() {
    let (_folder, dirs) = home();
    let serving = serve(&dirs, |mut stream| async move {
        greet(&mut stream).await;
        let mut ids = Vec::new();
        while let Some(ask) = stream.receive::<Ask>().await.unwrap() {
            ids.push(ask.id);
            let reply = |id, outcome| Reply { id, outcome };
            // Health is left unanswered, and answered before the next.
            if ask.request == Request::Status {
                let late = done(Answer::Accepted);
                stream.send(&reply(ids[0], late)).await.unwrap();
                let failure = Failure::new(FailureCode::ReadOnly, "No.", "Ask.");
                let failed = Outcome::Failed(failure);
                stream.send(&reply(ask.id, failed)).await.unwrap();
            } else if ask.request == Request::Stop {
                let accepted = done(Answer::Accepted);
                stream.send(&reply(ask.id, accepted)).await.unwrap();
            }
        }
        assert_eq!(ids, [1, 2, 3]);
    });
    let mut client = Client::open(&dirs, &hello()).unwrap();
    assert_eq!(client.connection().daemon().protocol, PROTOCOL);
    let mut ask = |request, limit| client.ask(Context::default(), request, limit);
    let silent = ask(Request::Health, Duration::from_millis(50));
    assert!(matches!(silent, Err(AskError::Silent(_))), "{silent:?}");
    let failed = ask(Request::Status, WAIT_MAX);
    assert!(
        matches!(&failed, Err(AskError::Failed(failure)) if failure.code == FailureCode::ReadOnly),
        "{failed:?}"
    );
    let stopped = ask(Request::Stop, WAIT_MAX).unwrap();
    assert_eq!(stopped.answer, Answer::Accepted);
    drop(client);
    serving.join().unwrap();
}

#[test]
fn a_lost_connection_and_a_request_over_the_limit_have_words() {
    let (_folder, dirs) = home();
    let serving = serve(&dirs, |mut stream| async move {
        greet(&mut stream).await;
        let _: Option<Ask> = stream.receive().await.unwrap();
    });
    let mut client = Client::open(&dirs, &hello()).unwrap();
    let say = protocol::request::Say {
        body: "x".repeat(protocol::frame::FRAME_BYTES_MAX),
        ..Default::default()
    };
    let too_large = client.ask(Context::default(), Request::Say(say), WAIT_MAX);
    assert!(matches!(too_large, Err(AskError::TooLarge)));
    let lost = client.ask(Context::default(), Request::Stop, WAIT_MAX);
    assert!(matches!(&lost, Err(error @ AskError::Lost(_))
        if error.failure().code == FailureCode::Uncertain));
    serving.join().unwrap();
}

#[test]
fn what_stands_in_the_way_has_four_different_words() {
    let (_folder, dirs) = home();
    let path = dirs.runtime.join("daemon.sock");
    let mut words = Vec::new();

    let absent = open(&dirs).unwrap_err();
    assert!(matches!(absent, ConnectError::NotRunning { .. }));
    words.push(absent.to_string());

    platform::private_folder::ensure(&dirs.runtime).unwrap();
    drop(UnixListener::bind(&path).unwrap());
    let stale = open(&dirs).unwrap_err();
    assert!(matches!(stale, ConnectError::Stale { .. }));
    words.push(stale.to_string());

    fs::remove_file(&path).unwrap();
    let silent_listener = UnixListener::bind(&path).unwrap();
    let begun = Instant::now();
    let silent = open(&dirs).unwrap_err();
    assert!(begun.elapsed() < HANDSHAKE_WAIT_MAX + Duration::from_secs(1));
    assert!(matches!(silent, ConnectError::Silent { .. }), "{silent:?}");
    words.push(silent.to_string());

    let source = ErrorKind::PermissionDenied.into();
    let forbidden = ConnectError::NotPermitted { path, source };
    assert_eq!((forbidden.exit_code(), silent.exit_code()), (77, 69));
    words.push(forbidden.to_string());

    words.sort();
    words.dedup();
    assert_eq!(words.len(), 4, "{words:?}");
    drop(silent_listener);
}

#[test]
fn a_daemon_that_accepts_nothing_is_silent_even_with_its_queue_full() {
    let (_folder, dirs) = home();
    platform::private_folder::ensure(&dirs.runtime).unwrap();
    let path = dirs.runtime.join("daemon.sock");
    let listener = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let _first = UnixStream::connect(&path).unwrap();
    let begun = Instant::now();
    let limit = Duration::from_millis(300);
    let silent = Connection::open(&dirs, &hello(), limit).unwrap_err();
    assert!(matches!(silent, ConnectError::Silent { .. }), "{silent:?}");
    assert!(begun.elapsed() < limit + Duration::from_secs(1));
}

#[test]
fn a_daemon_that_ends_or_babbles_is_told_from_one_that_serves() {
    let (_folder, dirs) = home();
    let serving = serve(&dirs, |stream| async move { drop(stream) });
    let ended = open(&dirs).unwrap_err();
    assert!(matches!(ended, ConnectError::Ended { .. }), "{ended:?}");
    serving.join().unwrap();
    let serving = serve(&dirs, |mut stream| async move {
        let _: Option<Hello> = stream.receive().await.unwrap();
        stream.send(&"hello yourself").await.unwrap();
    });
    let malformed = open(&dirs).unwrap_err();
    assert!(matches!(malformed, ConnectError::Malformed { .. }));
    serving.join().unwrap();
    let serving = serve(&dirs, |mut stream| async move {
        let _: Option<Hello> = stream.receive().await.unwrap();
        let failure = Failure::new(FailureCode::VersionMismatch, "No.", "Update.");
        stream.send(&Welcome::Refused(failure)).await.unwrap();
    });
    let refused = open(&dirs).unwrap_err();
    assert_eq!(refused.failure().code, FailureCode::VersionMismatch);
    serving.join().unwrap();
}

#[test]
fn a_client_that_says_nothing_or_too_much_is_an_error_of_its_own() {
    use std::io::Write;
    let (_folder, dirs) = home();
    let path = dirs.runtime.join("daemon.sock");
    let serving = serve(&dirs, |mut stream| async move {
        let limit = Duration::from_millis(50);
        let silent = stream.receive_within::<Hello>(limit).await;
        assert!(
            matches!(silent, Err(FrameError::Io(error)) if error.kind() == ErrorKind::TimedOut)
        );
    });
    let quiet = UnixStream::connect(&path).unwrap();
    serving.join().unwrap();
    drop(quiet);
    let serving = serve(&dirs, |mut stream| async move {
        let long = stream.receive_within::<Hello>(WAIT_MAX).await;
        assert!(matches!(long, Err(FrameError::TooLong)));
    });
    let mut loud = UnixStream::connect(&path).unwrap();
    // The other end closes as soon as it has heard enough.
    let _ = loud.write_all(&vec![b' '; protocol::frame::FRAME_BYTES_MAX + 1]);
    serving.join().unwrap();
}

#[test]
fn the_socket_is_private_stands_in_for_a_stale_one_and_is_removed() {
    let (_folder, dirs) = home();
    let ownership = Ownership::take(&dirs.state).unwrap();
    let runtime = Runtime::new().unwrap();
    let _within = runtime.enter();
    platform::private_folder::ensure(&dirs.runtime).unwrap();
    let path = dirs.runtime.join("daemon.sock");
    drop(UnixListener::bind(&path).unwrap());
    let listener = Listener::bind(&dirs, &ownership).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&dirs.runtime)), (0o600, 0o700));
    assert!(listener.is_in_place());
    fs::remove_file(&path).unwrap();
    assert!(!listener.is_in_place());
    drop(listener);
    let listener = Listener::bind(&dirs, &ownership).unwrap();
    listener.close(&ownership).unwrap();
    assert!(!path.exists());

    fs::write(&path, "no socket").unwrap();
    let refused = Listener::bind(&dirs, &ownership);
    assert!(matches!(refused, Err(BindError::Io { .. })));
    assert!(path.exists(), "what is no socket stays");
    fs::set_permissions(&dirs.runtime, Permissions::from_mode(0o755)).unwrap();
    let refused = Listener::bind(&dirs, &ownership);
    assert!(matches!(refused, Err(BindError::Folder(_))));
}

#[test]
fn a_client_led_elsewhere_finds_the_daemon_by_its_lock() {
    let (_folder, dirs) = home();
    let serving = serve(&dirs, |mut stream| async move { greet(&mut stream).await });
    let elsewhere = Dirs {
        runtime: dirs.runtime.join("elsewhere"),
        ..dirs.clone()
    };
    open(&elsewhere).unwrap();
    serving.join().unwrap();
}

#[test]
fn a_long_home_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let dirs = Dirs::under(&folder.path().join("x".repeat(150)));
    let serving = serve(&dirs, |mut stream| async move { greet(&mut stream).await });
    let connection = open(&dirs).unwrap();
    assert_eq!(connection.path(), Address::of(&dirs).unwrap().as_path());
    assert!(!connection.path().starts_with(folder.path()));
    drop(connection);
    serving.join().unwrap();
}

/// Not a test of its own: connects as whom the test that starts it made it, and says what it heard.
#[test]
fn child_connects() {
    if let Some(home) = std::env::var_os("CONNECT_TO") {
        let dirs = Dirs::under(&PathBuf::from(home));
        println!("HEARD {:?}", open(&dirs).map(drop));
    }
    if let Some(path) = std::env::var_os("LISTEN_TO") {
        let mut stream = UnixStream::connect(path).unwrap();
        println!("HEARD {:?}", stream.read(&mut [0; 16]).ok());
    }
}

/// What a client of another user hears; `None`, with words, where there can be none.
fn as_another_user(variable: &str, value: &Path) -> Option<String> {
    let open = tempfile::tempdir().unwrap();
    fs::set_permissions(open.path(), Permissions::from_mode(0o755)).unwrap();
    let program = open.path().join("client");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let output = Command::new("setpriv")
        .args(["--reuid", ANOTHER_USER, "--clear-groups", "--inh-caps=-all"])
        .arg(program)
        .args(["--exact", CHILD, "--nocapture"])
        .env(variable, value)
        .current_dir("/")
        .output();
    let text = output.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    let heard = text.lines().find_map(|line| line.split_once("HEARD "));
    if heard.is_none() {
        eprintln!("SKIPPED: no other user can be had here (needs root and setpriv)");
    }
    heard.map(|(_, heard)| heard.to_owned())
}

fn let_everybody_in(folder: &Path, dirs: &Dirs) {
    for path in [folder, &dirs.runtime] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    let path = dirs.runtime.join("daemon.sock");
    fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn another_user_is_kept_out_by_the_folder_and_by_the_daemon() {
    let (folder, dirs) = home();
    let serving = serve(&dirs, |mut stream| async move { greet(&mut stream).await });
    if let Some(heard) = as_another_user("CONNECT_TO", folder.path()) {
        assert!(heard.contains("NotPermitted"), "{heard}");
    }
    let_everybody_in(folder.path(), &dirs);
    if let Some(heard) = as_another_user("CONNECT_TO", folder.path()) {
        // The client proves the other end too, and is the first to refuse.
        assert!(heard.contains("NotOurs"), "{heard}");
    }
    // The daemon let none of them in: its one client is this.
    open(&dirs).unwrap();
    serving.join().unwrap();
}

#[test]
fn another_users_client_that_speaks_all_the_same_is_closed_by_the_daemon() {
    let (folder, dirs) = home();
    let serving = serve(&dirs, |mut stream| async move { greet(&mut stream).await });
    let_everybody_in(folder.path(), &dirs);
    let path = dirs.runtime.join("daemon.sock");
    if let Some(heard) = as_another_user("LISTEN_TO", &path) {
        assert_eq!(heard, "Some(0)", "closed without a word");
    }
    open(&dirs).unwrap();
    serving.join().unwrap();
}
