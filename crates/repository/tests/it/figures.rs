//! Figures: an entry pushed by us against `git commit && git push`, and a fetch without news.

use std::fs;
use std::time::{Duration, Instant};

use crate::bench::{Bench, author, operation};

const THREADS: u32 = 1000;
const RUNS: usize = 30;
const GROUPS: u32 = 50;
const GROUP_LEN: u32 = 20;

#[test]
#[ignore = "measures; run it with --release --ignored --nocapture"]
fn figures() {
    let bench = Bench::new();
    let names: Vec<String> = (0..THREADS)
        .map(|number| format!("thread-{number}.md"))
        .collect();
    let content = "---\nstatus: OPEN\nball: Team\n---\n".to_owned() + &"x".repeat(3000);
    let work = bench.path("work");
    bench.git_in(bench.folder.path(), "clone --quiet remote.git work");
    for name in &names {
        fs::write(work.join(name), &content).unwrap();
    }
    bench.git_in(&work, "add --all .");
    bench.git_in(&work, "commit --quiet -m threads");
    bench.git_in(&work, "push --quiet origin HEAD:main");
    let clone = bench.clone("clone");
    clone.fetch(&bench.remote()).unwrap();

    let mut number = 0;
    let ours = measured(|| {
        number += 1;
        let onto = clone.tip().unwrap();
        let mut operation = operation("thread-7", number);
        operation.made_on = onto.map(|tip| tip.to_string());
        clone
            .push(&bench.remote(), onto.as_ref(), &[operation], &author())
            .unwrap();
    });
    bench.git_in(&work, "pull --quiet --rebase origin main");
    let gits = measured(|| {
        number += 1;
        fs::write(work.join("thread-8.md"), format!("{content}{number}")).unwrap();
        bench.git_in(&work, "commit --quiet --all -m entry");
        bench.git_in(&work, "push --quiet origin HEAD:main");
    });
    clone.fetch(&bench.remote()).unwrap();
    let no_news = measured(|| assert!(!clone.fetch(&bench.remote()).unwrap().moved));
    let gits_no_news = measured(|| drop(bench.git_in(&work, "fetch --quiet origin")));
    println!("entry to file://: ours {ours}, git commit && git push {gits}");
    println!("fetch without news: ours {no_news}, git fetch {gits_no_news}");
}

/// Groups of entries on one topic, as one of many writers sends them and another one fetches them.
#[test]
#[ignore = "measures; run it with --release --ignored --nocapture"]
fn figures_of_a_long_thread() {
    let bench = Bench::new();
    let (writer, reader) = (bench.clone("writer"), bench.clone("reader"));
    writer.fetch(&bench.remote()).unwrap();
    let (mut pushing, mut fetching) = (Spent::default(), Spent::default());
    let mut walls = [Duration::ZERO; 2];
    for group in 0..GROUPS {
        let onto = writer.tip().unwrap();
        let operations: Vec<_> = (0..GROUP_LEN)
            .map(|place| {
                let mut operation = operation("alpha", group * GROUP_LEN + place);
                operation.made_on = onto.map(|tip| tip.to_string());
                operation
            })
            .collect();
        let before = Spent::now();
        let at = Instant::now();
        writer
            .push(&bench.remote(), onto.as_ref(), &operations, &author())
            .unwrap();
        walls[0] += at.elapsed();
        pushing.add(before);
        let before = Spent::now();
        let at = Instant::now();
        assert!(reader.fetch(&bench.remote()).unwrap().moved);
        walls[1] += at.elapsed();
        fetching.add(before);
    }
    let bytes = bench.file("main", "alpha.md").len();
    let [push, fetch] = walls.map(|wall| wall / GROUPS);
    println!(
        "{GROUPS} groups of {GROUP_LEN} to a thread of {bytes} bytes: push {push:?}, fetch {fetch:?}"
    );
    println!("processor time of a push: {pushing}; of a fetch: {fetching}");
}

/// Processor time, in the kernel's ticks of 10 ms.
#[derive(Default)]
struct Spent {
    own: u64,
    childrens: u64,
}

impl Spent {
    fn now() -> Self {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks: Vec<u64> = fields
            .split_whitespace()
            .skip(11)
            .take(4)
            .map(|field| field.parse().unwrap())
            .collect();
        Self {
            own: ticks[0] + ticks[1],
            childrens: ticks[2] + ticks[3],
        }
    }

    fn add(&mut self, before: Self) {
        let now = Self::now();
        self.own += now.own - before.own;
        self.childrens += now.childrens - before.childrens;
    }
}

impl std::fmt::Display for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let per_group = |ticks: u64| 10.0 * ticks as f64 / f64::from(GROUPS);
        write!(
            f,
            "ours {:.0} ms, git's {:.0} ms",
            per_group(self.own),
            per_group(self.childrens)
        )
    }
}

fn measured(mut run: impl FnMut()) -> String {
    let mut took: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed()
        })
        .collect();
    took.sort();
    let ms = |took: Duration| took.as_secs_f64() * 1000.0;
    format!("p50 {:.1} ms (min {:.1})", ms(took[RUNS / 2]), ms(took[0]))
}
