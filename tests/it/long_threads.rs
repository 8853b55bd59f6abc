//! A thread of many megabytes is read page by page, whole and exact, in memory that does not grow
//! with it.

#![allow(clippy::print_stdout, reason = "a test says what it measured")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::machine::{GRACE, Machine};
use tests::processes;
use tests::servers::bare::BareRepository;
use tests::settings::Settings;
use tests::shim::Shim;
use tests::wait::{PATIENCE, wait_until};

/// Names another size for the thread, in MiB.
const SIZE_VARIABLE: &str = "WATERCOOLER_LONG_THREAD_MIB";

/// Large enough that the thread held once more would be seen beside what a daemon takes anyhow.
const SIZE_MIB: u64 = 48;

/// So many pages are read one after the other; then, from as many places as these, one each.
const PAGES: usize = 80;

/// How much more a daemon may take while a long thread is read, beside the one moment in which the
/// thread is unpacked: less than the thread.
const PAGES_MEMORY: u64 = 24 << 20;

/// The characters of the body that no single answer holds.
const LONG_BODY_CHARS: usize = 300_000;

/// Where it stands.
const LONG_BODY_AT: usize = 1000;

/// How long one search looks.
const SEARCH_TIME_MAX: Duration = Duration::from_secs(1);

/// A result; source: the outside contract, section 5.
const RESULT_BYTES_MAX: usize = 60_000;

struct LongThread {
    text: String,
    long_body: String,
    entries_len: usize,
}

fn long_thread(bytes: usize) -> LongThread {
    let long_body: String = (0..LONG_BODY_CHARS)
        .map(|place| char::from_u32(0x3b1 + (place % 24) as u32).expect("a Greek letter"))
        .collect();
    let mut text = String::from("# long — Thread\nStatus: OPEN\nBall: Codex\nTopic: long\n\n");
    let mut entries_len = 0;
    while text.len() < bytes {
        let body = match entries_len {
            LONG_BODY_AT => long_body.clone(),
            number => format!("body {number} ").repeat(150),
        };
        write!(
            text,
            "\n---\nEntry: Codex (bob) 2026-01-05T09:00:00Z\nRole: critic\nType: Note\n\
             Title: Number {entries_len}\n\n{}\n<!-- Entry-ID: {} -->\n",
            body.trim_end(),
            id(entries_len)
        )
        .expect("text can be written");
        entries_len += 1;
    }
    LongThread {
        text,
        long_body,
        entries_len,
    }
}

fn id(number: usize) -> String {
    format!("01JGT{number:021}")
}

/// Reads on from `from` and checks what came; returns where to go on.
fn next_page(claude: &mut Shim, from: usize, thread: &LongThread) -> (usize, Duration) {
    let begun = Instant::now();
    let asked = json!({"topic": "long", "from_entry": from, "limit": 1000, "format": "json"});
    let page = claude.call("read_thread", asked);
    let took = begun.elapsed();
    assert!(page.text.len() <= RESULT_BYTES_MAX, "{}", page.text.len());
    let page = page.structured;
    assert_eq!(page["total_entries"], thread.entries_len);
    let entries = page["entries"].as_array().expect("entries");
    assert!(!entries.is_empty(), "{page}");
    let mut next = from;
    for entry in entries {
        assert_eq!(entry["index"], next, "none is left out");
        assert_eq!(entry["entry_id"], id(next));
        if next == LONG_BODY_AT {
            assert_eq!(long_body(claude), thread.long_body, "put together again");
        } else {
            let body = entry["body"].as_str().expect("a body");
            assert_eq!(body, format!("body {next} ").repeat(150).trim_end());
        }
        next += 1;
    }
    (next, took)
}

/// The long body, over as many pages as it takes.
fn long_body(claude: &mut Shim) -> String {
    let (mut body, mut offset) = (String::new(), 0);
    loop {
        let asked = json!({
            "topic": "long", "from_entry": LONG_BODY_AT, "limit": 1, "body_offset": offset,
            "max_chars": 50_000, "format": "json",
        });
        let page = claude.call("read_thread", asked).structured;
        body.push_str(page["entries"][0]["body"].as_str().expect("a body"));
        match page["next_body_offset"].as_u64() {
            Some(next) => {
                assert!(next > offset, "{next}");
                assert_eq!(page["next_entry"], LONG_BODY_AT);
                offset = next;
            }
            None => return body,
        }
    }
}

/// Searches for a word of every title: the newest entries come, in the time that a search has.
fn search(claude: &mut Shim, entries_len: usize) -> Duration {
    let begun = Instant::now();
    let found = claude.call("search", json!({"query": "number"}));
    let took = begun.elapsed();
    let newest = &found.structured["hits"][0];
    assert_eq!(newest["index"], entries_len - 1, "{newest}");
    assert!(took < SEARCH_TIME_MAX + GRACE, "{took:?}");
    took
}

#[test]
fn a_long_thread_is_read_page_by_page_in_memory_that_does_not_grow_with_it() {
    let mib = std::env::var(SIZE_VARIABLE).ok();
    let mib = mib.map_or(SIZE_MIB, |mib| mib.parse().expect("a number of MiB"));
    let size = usize::try_from(mib << 20).expect("it fits in memory");
    let thread = long_thread(size);
    let files: [(&str, &[u8]); 1] = [("long.md", thread.text.as_bytes())];
    let remote = BareRepository::holding(&files, "A long thread");
    let mut alice = Machine::new(&Settings::of("alice").remote(&remote.url()));
    alice.start();
    alice.wait_in_step("acme");
    let file = alice.tree("acme").join("long.md");
    wait_until("the file is written", PATIENCE, || {
        std::fs::metadata(&file).is_ok_and(|file| file.len() == thread.text.len() as u64)
    });
    let daemon = alice.daemon_pid().expect("it serves");
    let mut claude = Shim::connect(&alice, "claude-code");
    let idle = processes::memory(daemon);

    processes::forget_memory_peak(daemon);
    let begun = Instant::now();
    let newest = claude.call("read_thread", json!({"topic": "long", "max_chars": 20_000}));
    let first_took = begun.elapsed();
    let last = format!("title=\"Number {}\"", thread.entries_len - 1);
    assert!(newest.text.contains(&last), "{}", newest.text);
    let unpacking = processes::memory_peak(daemon);
    let most = idle + size as u64 + PAGES_MEMORY;
    assert!(unpacking < most, "{unpacking} bytes to unpack {size}");

    processes::forget_memory_peak(daemon);
    let (mut next, mut longest, mut pages) = (0, Duration::ZERO, 0);
    while next < thread.entries_len {
        let (after, took) = next_page(&mut claude, next, &thread);
        longest = longest.max(took);
        pages += 1;
        next = if pages < PAGES {
            after
        } else {
            after.max(next + thread.entries_len / PAGES)
        };
    }
    let since = thread.entries_len - 3;
    let asked = json!({"topic": "long", "since_entry": id(since), "format": "json"});
    let after: Vec<Value> = claude.call("read_thread", asked).structured["entries"]
        .as_array()
        .cloned()
        .expect("entries");
    let ids: Vec<&str> = after
        .iter()
        .filter_map(|e| e["entry_id"].as_str())
        .collect();
    assert_eq!(ids, [id(since + 1), id(since + 2)]);
    let asked = json!({"topic": "long", "from_entry": 0, "limit": 1000, "format": "summary"});
    let summary = claude.call("read_thread", asked);
    assert!(summary.text.contains("Number 0"), "{}", summary.text);
    assert!(!summary.text.contains("body 0 "), "a summary has no bodies");
    let searched_for = search(&mut claude, thread.entries_len);
    let paging = processes::memory_peak(daemon);
    println!(
        "{mib} MiB, {} entries: idle {} MiB, at most {} MiB while it is unpacked, {} MiB over \
         {pages} pages and a search; the first answer after {first_took:?}, each other within \
         {longest:?}, the search's after {searched_for:?}",
        thread.entries_len,
        idle >> 20,
        unpacking >> 20,
        paging >> 20,
    );
    assert!(
        paging < idle + PAGES_MEMORY,
        "{paging} bytes, {idle} before"
    );
}
