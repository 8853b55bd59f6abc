//! What a remote sends is bounded in memory and on the disk, and the daemon serves on.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use tests::machine::Machine;
use tests::servers::bare::BareRepository;
use tests::servers::raw::{Caller, RawServer, packet};
use tests::settings::Settings;

use super::workers;

const TIP: &str = "0123456789abcdef0123456789abcdef01234567";

/// What a worker may use, and what a kernel counts on top of it: bytes of the address space.
const MEMORY_BYTES_MAX: u64 = 2 << 30;

/// A pack whose second object is 64 KiB of zeros copied as often as the argument says: gigabytes from
/// half a kilobyte. Source of the format: gitformat-pack(5).
const BOMB: &str = r"
import hashlib, struct, sys, zlib
def head(kind, size):
    out, first = b'', (kind << 4) | (size & 15)
    size >>= 4
    while size:
        out += bytes([first | 128])
        first, size = size & 127, size >> 7
    return out + bytes([first])
def length(size):
    out = b''
    while size > 127:
        out += bytes([size & 127 | 128])
        size >>= 7
    return out + bytes([size])
def offset(back):
    out = bytes([back & 127])
    while back > 127:
        back = (back >> 7) - 1
        out = bytes([128 | back & 127]) + out
    return out
times = int(sys.argv[1])
base = head(3, 1 << 16) + zlib.compress(bytes(1 << 16))
delta = length(1 << 16) + length(times << 16) + b'\x80' * times
bomb = head(6, len(delta)) + offset(len(base)) + zlib.compress(delta)
pack = b'PACK' + struct.pack('>II', 2, 2) + base + bomb
sys.stdout.buffer.write(pack + hashlib.sha1(pack).digest())
";

fn pack(times: u32) -> Vec<u8> {
    let mut python = Command::new("python3");
    let ran = python
        .args(["-c", BOMB, &times.to_string()])
        .stdin(Stdio::null())
        .output();
    let ran = ran.expect("python3 is installed: ./tests/run.sh installs it");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(ran.stdout.len() < 1024, "{}", ran.stdout.len());
    ran.stdout
}

/// Reads lines of git's protocol up to the one that says `done`.
fn read_until_done(caller: &mut Caller) {
    let mut stream = BufReader::new(&mut caller.stream);
    loop {
        let mut length = [0; 4];
        if stream.read_exact(&mut length).is_err() {
            return;
        }
        let length = usize::from_str_radix(&String::from_utf8_lossy(&length), 16).unwrap_or(0);
        let mut line = vec![0; length.saturating_sub(4)];
        if stream.read_exact(&mut line).is_err() || line.starts_with(b"done") {
            return;
        }
    }
}

fn read_request(caller: &mut Caller) {
    let mut stream = BufReader::new(&mut caller.stream);
    let mut request = Vec::new();
    // git:// ends its one line by the host and a NUL.
    let _unread = stream.read_until(b'\0', &mut request);
    let _unread = stream.read_until(b'\0', &mut request);
}

fn advertise(caller: &mut Caller, capabilities: &str) -> bool {
    let mut lines = packet(format!("{TIP} HEAD\0{capabilities}\n").as_bytes());
    lines.extend(packet(format!("{TIP} refs/heads/main\n").as_bytes()));
    lines.extend(b"0000");
    caller.send(&lines)
}

/// A remote that treats its callers so ends as `words`, the worker within its bounds, and the other
/// repository of the machine goes on.
fn check(words: &[&str], treat: impl Fn(Caller) + Send + Sync + 'static) {
    let server = RawServer::start(treat);
    let remote = BareRepository::new();
    let settings = Settings::of("alice")
        .sync("poll_active = \"1s\"\npoll_idle = \"1s\"\nnetwork_timeout = \"4s\"")
        .repository("hostile", &server.url("git"), "")
        .remote(&remote.url());
    let mut alice = Machine::new(&settings);
    alice.start();
    let memory = Cell::new(0);
    let one = alice.wait_state("hostile", "troubled", |one| {
        let used = workers(&alice).into_iter().map(peak_bytes).max();
        memory.set(memory.get().max(used.unwrap_or(0)));
        !one["trouble"].is_null()
    });
    let said = one["trouble"]["message"].as_str().unwrap_or_default();
    assert!(words.iter().any(|words| said.contains(words)), "{one}");
    assert_eq!(one["trouble"]["kind"], "offline", "{one}");
    assert!(memory.get() < MEMORY_BYTES_MAX, "{memory:?}");
    let daemon = alice.daemon_pid().expect("the daemon serves on");
    assert!(peak_bytes(daemon) < MEMORY_BYTES_MAX / 4);
    let before = alice.repository("acme")["last_fetch"].clone();
    alice.wait_state("acme", "fetched again", |one| one["last_fetch"] != before);
}

/// The most that a process ever had in memory.
fn peak_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

#[test]
fn half_a_kilobyte_that_unpacks_to_gigabytes_is_refused() {
    // Beyond what libgit2 unpacks at all, and just below that.
    for times in [1 << 17, (1 << 15) - 1] {
        let pack = pack(times);
        check(
            &["more memory or disk than is allowed"],
            move |mut caller| {
                read_request(&mut caller);
                if advertise(&mut caller, "ofs-delta symref=HEAD:refs/heads/main") {
                    read_until_done(&mut caller);
                    caller.send(&packet(b"NAK\n"));
                    caller.send(&pack);
                }
            },
        );
    }
}

#[test]
fn an_advertisement_without_end_is_ended() {
    let bounded = [
        "did not answer in 4.0 s",
        "failed",
        "than is allowed",
        "sent more than",
    ];
    check(&bounded, |mut caller| {
        read_request(&mut caller);
        let lines: Vec<u8> = (0..1000)
            .flat_map(|number| packet(format!("{TIP} refs/heads/b{number}\n").as_bytes()))
            .collect();
        if caller.send(&packet(format!("{TIP} HEAD\0ofs-delta\n").as_bytes())) {
            caller.flood(&lines);
        }
    });
}

#[test]
fn words_to_people_without_end_are_ended() {
    let bounded = ["did not answer in 4.0 s", "sent more than"];
    check(&bounded, |mut caller| {
        read_request(&mut caller);
        if advertise(
            &mut caller,
            "side-band-64k ofs-delta symref=HEAD:refs/heads/main",
        ) {
            read_until_done(&mut caller);
            caller.send(&packet(b"NAK\n"));
            let mut words = vec![2];
            words.extend([b'x'; 60_000]);
            caller.flood(&packet(&words));
        }
    });
}

#[test]
fn a_pack_without_end_is_ended() {
    let bounded = ["did not answer in 4.0 s", "sent more than 256 MiB"];
    check(&bounded, |mut caller| {
        read_request(&mut caller);
        if advertise(&mut caller, "ofs-delta symref=HEAD:refs/heads/main") {
            read_until_done(&mut caller);
            caller.send(&packet(b"NAK\n"));
            // A blob that says it has 2^60 bytes, stored as it is.
            caller.send(b"PACK\0\0\0\x02\0\0\0\x01\xb0\xff\xff\xff\xff\xff\xff\xff\x0f\x78\x01");
            let mut block = vec![0, 0xff, 0xff, 0, 0];
            block.extend([b'x'; 0xffff]);
            caller.flood(&block);
        }
    });
}
