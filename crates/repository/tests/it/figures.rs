//! Figures: an entry pushed by us against `git commit && git push`, and a fetch without news.

use std::fs;
use std::time::{Duration, Instant};

use crate::bench::{Bench, author, operation};

const THREADS: u32 = 1000;
const RUNS: usize = 30;

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
