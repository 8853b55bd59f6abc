//! Other writers: lost races and the budget.

use std::collections::BTreeSet;

use super::*;

#[test]
fn a_lost_race_fetches_and_pushes_again_nearly_at_once() {
    check(
        "0: started
         50: fetched
         1s: write a
         1032: push_rejected took=32
         1032: show
         1100: fetched moved writers=1
         1132: pushed a took=32
         1132: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1000ms push a
            1032ms fetch
            1032ms = syncing | - | pending 1 | fetching
            1100ms push a
            1132ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn who_has_the_turn_comes_again_at_once() {
    check(
        "0: started a
         50: fetched moved writers=49
         60: push_rejected_in_turn took=9s
         61: fetched moved writers=49
         70: push_rejected_in_turn took=9s
         71: fetched moved writers=49
         90: pushed a took=32",
        expect![[r#"
            0ms fetch
            50ms push a
            60ms fetch
            61ms push a
            70ms fetch
            71ms push a
        "#]],
    );
}

#[test]
fn races_lost_in_a_row_wait_longer() {
    check(
        "0: started a
         50: fetched moved writers=49
         50: net racing
         60: push_rejected took=32
         40s: net up
         60s: quiet on
         61s: show",
        expect![[r#"
            0ms fetch
            50ms push a
            79ms fetch
            111ms push a
            196ms fetch
            228ms push a
            294ms fetch
            326ms push a
            361ms fetch
            393ms push a
            468ms fetch
            500ms push a
            1195ms fetch
            1227ms push a
            3148ms fetch
            3180ms push a
            5698ms fetch
            5730ms push a
            8243ms fetch
            8275ms push a
            8513ms fetch
            8545ms push a
            10215ms fetch
            10247ms push a
            12371ms fetch
            12403ms push a
            14991ms fetch
            15023ms push a
            16655ms fetch
            16687ms push a
            18917ms fetch
            18949ms push a
            20993ms fetch
            21025ms push a
            21747ms fetch
            21779ms push a
            23846ms fetch
            23878ms push a
            25241ms fetch
            25273ms push a
            25455ms fetch
            25487ms push a
            31111ms fetch
            31143ms push a
            38503ms fetch
            38535ms push a
            43305ms fetch
            43337ms push a
            61000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn two_writers_hardly_wait() {
    check(
        "0: started a
         50: fetched moved writers=1
         50: net racing
         60: push_rejected took=32
         1s: net up
         3s: show",
        expect![[r#"
            0ms fetch
            50ms push a
            79ms fetch
            111ms push a
            198ms fetch
            230ms push a
            290ms fetch
            322ms push a
            417ms fetch
            449ms push a
            486ms fetch
            518ms push a
            580ms fetch
            612ms push a
            681ms fetch
            713ms push a
            769ms fetch
            801ms push a
            834ms fetch
            866ms push a
            940ms fetch
            972ms push a
            1038ms fetch
            1070ms push a
            3000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn something_that_always_rejects_is_shown_in_the_end() {
    check(
        "0: net racing
         0: started a
         0: quiet on
         1s: show
         1m: show
         1m: net up
         2m: show",
        expect![[r#"
            0ms fetch
            1000ms = syncing | - | pending 1 | pushing
            60000ms = attention | push_refused | pending 1 | pausing until 62042ms, 30
            120000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_lost_answer_is_followed_by_a_fetch_before_the_next_push() {
    check(
        "0: started
         50: fetched
         1s: write a
         1100: push_unknown offline
         1100: show
         3s: fetched
         3100: pushed a
         3100: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1000ms push a
            1100ms = offline | offline | pending 1 | pausing until 1473ms, 1
            1473ms fetch
            3000ms push a
            3100ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn lost_answers_in_a_row_wait_longer() {
    check(
        "0: net losing\n0: started a\n1m: net up\n2m: show",
        expect![[r#"
            0ms fetch
            32ms push a
            886ms fetch
            918ms push a
            2351ms fetch
            2383ms push a
            2666ms fetch
            2698ms push a
            6214ms fetch
            6246ms push a
            11217ms fetch
            11249ms push a
            32423ms fetch
            32455ms push a
            80951ms fetch
            91031ms fetch
            91063ms push a
            120000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn asking_after_a_lost_race_does_not_wait() {
    check(
        "0: net racing
         0: started a
         0: quiet on
         30s: show
         30s: quiet off
         30s: sync
         30032: net up
         31s: show",
        expect![[r#"
            0ms fetch
            30000ms = attention | push_refused | pending 1 | pausing until 34962ms, 29
            30000ms fetch
            30032ms push a
            31000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_forge_sees_a_burst_and_then_six_pushes_a_minute() {
    let writes: Vec<String> = (0..120)
        .map(|second| format!("{}s: write w{second}", second + 1))
        .collect();
    let script = format!("0: net up\n0: started\n{}\n3m: show", writes.join("\n"));
    let pushes = |kind| {
        let out = script::run(kind, &script);
        let times: Vec<&str> = out
            .lines()
            .filter_map(|line| line.split_once(" push ").map(|(time, _)| time))
            .collect();
        times.join(" ")
    };
    expect!["1000ms 2000ms 3000ms 4000ms 5000ms 6000ms 7000ms 8000ms 9000ms 10000ms 11000ms 21000ms 31000ms 41000ms 51000ms 61000ms 71000ms 81000ms 91000ms 101000ms 111000ms 121000ms"].assert_eq(&pushes(FORGE));
    assert_eq!(
        pushes(FILE).split(' ').count(),
        120,
        "a file remote has no budget"
    );
}

#[test]
fn more_writers_share_the_budget_for_five_minutes() {
    let mut script = "0: started\n50: fetched moved writers=2\n60: net up\n".to_owned();
    for number in 0..11 {
        script += &format!("{}: write w{number}\n", 1_000 + number * 400);
    }
    script += "6s: show\n28s: show\n35s: show\n";
    check_forge(
        &script,
        expect![[r#"
            0ms fetch
            1000ms keep w0
            1000ms push w0
            1400ms keep w1
            1400ms push w1
            1800ms keep w2
            1800ms push w2
            2200ms keep w3
            2200ms push w3
            2600ms keep w4
            2600ms push w4
            3000ms keep w5
            3000ms push w5
            3400ms keep w6
            3400ms push w6
            3800ms keep w7
            3800ms push w7
            4200ms keep w8
            4200ms push w8
            4600ms keep w9
            4600ms push w9
            5000ms keep w10
            6000ms = syncing | - | pending 1 | resting
            9572ms fetch
            14122ms fetch
            18958ms fetch
            23154ms fetch
            27834ms fetch
            28000ms = syncing | - | pending 1 | resting
            31001ms push w10
            35000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn after_five_minutes_the_budget_is_ours_alone() {
    // Ten pushes empty the budget; from then on writes come faster than it fills.
    let mut script = "0: started\n50: fetched moved writers=2\n60: net up\n".to_owned();
    for second in 1..=360 {
        script += &format!("{second}s: write w{second}\n");
    }
    let out = script::run(FORGE, &script);
    let pushed: Vec<u64> = out
        .lines()
        .filter_map(|line| line.split_once("ms push "))
        .map(|(ms, _)| ms.parse().unwrap())
        .collect();
    let gaps = |from: u64, to: u64| -> BTreeSet<u64> {
        let within = pushed
            .windows(2)
            .filter(|pair| pair[0] >= from && pair[1] < to);
        within
            .map(|pair| (pair[1] - pair[0]).div_ceil(1_000))
            .collect()
    };
    assert_eq!(gaps(20_000, 300_000), BTreeSet::from([30]), "{pushed:?}");
    assert_eq!(gaps(320_000, 361_000), BTreeSet::from([10]), "{pushed:?}");
}

#[test]
fn asking_borrows_from_the_budget() {
    let mut script = "0: net up\n0: started\n".to_owned();
    for number in 0..10 {
        script += &format!("{}: write w{number}\n", 1_000 + number * 400);
    }
    script += "5400: write x\n5500: sync\n6s: show\n";
    check_forge(
        &script,
        expect![[r#"
            0ms fetch
            1000ms keep w0
            1000ms push w0
            1400ms keep w1
            1400ms push w1
            1800ms keep w2
            1800ms push w2
            2200ms keep w3
            2200ms push w3
            2600ms keep w4
            2600ms push w4
            3000ms keep w5
            3000ms push w5
            3400ms keep w6
            3400ms push w6
            3800ms keep w7
            3800ms push w7
            4200ms keep w8
            4200ms push w8
            4600ms keep w9
            4600ms push w9
            5400ms keep x
            5500ms fetch
            5532ms push x
            6000ms = synced | - | pending 0 | resting
        "#]],
    );
}
