//! Several writers at once lose nothing.

use std::thread;

use crate::bench::{Bench, count, operation};
use crate::push::push_until_taken;

const WRITERS: u32 = 4;
const EACH: u32 = 10;

#[test]
fn four_writers_of_one_thread_lose_nothing() {
    let bench = Bench::new();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let bench = &bench;
            scope.spawn(move || {
                let clone = bench.clone(&format!("writer{writer}"));
                for number in 0..EACH {
                    let operation = operation("alpha", writer * EACH + number);
                    push_until_taken(&clone, &bench.remote(), &[operation]);
                }
            });
        }
    });
    let alpha = bench.file("main", "alpha.md");
    for number in 0..WRITERS * EACH {
        assert_eq!(
            count(&alpha, &operation("alpha", number)),
            1,
            "entry {number}"
        );
    }
    let commits = (WRITERS * EACH).to_string();
    assert_eq!(bench.git("rev-list --count main"), commits);
    assert_eq!(bench.git("rev-list --count --merges main"), "0");
    bench.check_sound("writer0");
}
