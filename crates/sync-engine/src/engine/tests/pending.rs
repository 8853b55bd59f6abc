//! From a write to its push.

use super::*;
use crate::event::Event;
use crate::limits::{Limits, PENDING_MAX};
use crate::moment::Moment;

#[test]
fn nothing_happens_before_the_start() {
    check(
        "0: sync\n5m: show",
        expect![[r#"
        300000ms = syncing | - | pending 0 | resting
    "#]],
    );
}

#[test]
fn a_write_before_the_start_is_kept_and_pushed_after_it() {
    check(
        "0: write a
         10: show
         20: started
         30: fetched
         80: pushed a
         80: show",
        expect![[r#"
            0ms keep a
            10ms = syncing | - | pending 1 | resting
            20ms fetch
            30ms push a
            80ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn the_start_fetches_first_and_then_pushes_what_is_pending() {
    check(
        "0: show
         0: started a b
         0: show
         40: fetched
         40: show
         90: pushed a b
         90: show",
        expect![[r#"
            0ms = syncing | - | pending 0 | resting
            0ms fetch
            0ms = syncing | - | pending 2 | fetching
            40ms push a b
            40ms = syncing | - | pending 2 | pushing
            90ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn the_start_without_anything_pending_fetches() {
    check(
        "0: started\n50: fetched\n50: show\n1s: show",
        expect![[r#"
        0ms fetch
        50ms = synced | - | pending 0 | resting
        1000ms = synced | - | pending 0 | resting
    "#]],
    );
}

#[test]
fn the_first_write_after_quiet_is_pushed_at_once() {
    check(
        "0: started
         50: fetched
         1s: submitted a
         1002: show
         1004: kept a
         1004: show
         1050: pushed a
         1050: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1002ms = synced | - | pending 0 | resting
            1004ms push a
            1004ms = syncing | - | pending 1 | pushing
            1050ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn nothing_is_pushed_that_was_not_kept() {
    check(
        "0: started
         50: fetched
         1s: submitted a
         1010: not_kept a
         2s: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            2000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_write_that_somebody_waits_for_is_pushed_without_waiting_for_company() {
    check(
        "0: net up
         0: started
         1s: write a
         1100: write b
         1102: awaited b
         2s: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1000ms push a
            1100ms keep b
            1102ms push b
            2000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_write_that_somebody_waits_for_takes_along_what_gathered_and_follows_a_push_at_once() {
    check(
        "0: started
         50: fetched
         1s: write a
         1010: write b c
         1012: awaited c
         1500: pushed a took=500
         1600: pushed b c
         1600: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1000ms push a
            1010ms keep b
            1010ms keep c
            1500ms push b c
            1600ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn waiting_for_what_is_not_pending_pushes_nothing() {
    check(
        "0: net up
         0: started
         1s: submitted a
         1001: awaited a
         1002: awaited nobody
         1003: kept a
         1100: awaited a
         1200: write b
         1210: awaited a
         2s: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1003ms push a
            1200ms keep b
            1500ms push b
            2000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn waiting_changes_no_back_off() {
    check(
        "0: net down
         0: quiet on
         0: started a
         60s: quiet off
         60s: show
         60s: awaited a
         60001: show",
        expect![[r#"
            60000ms = offline | offline | pending 1 | pausing until 74370ms, 7
            60001ms = offline | offline | pending 1 | pausing until 74370ms, 7
        "#]],
    );
}

#[test]
fn what_did_not_fit_into_a_push_goes_with_the_next_at_once() {
    check(
        "0: started a b c
         50: fetched
         90: pushed a b
         90: show
         130: pushed c
         130: show",
        expect![[r#"
            0ms fetch
            50ms push a b c
            90ms push c
            90ms = syncing | - | pending 1 | pushing
            130ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn what_follows_goes_together() {
    check(
        "0: net up
         0: started
         1s: write a
         1100: write b
         1200: write c d
         3s: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1000ms push a
            1100ms keep b
            1200ms keep c
            1200ms keep d
            1500ms push b c d
            3000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_steady_stream_is_gathered_for_three_seconds_at_most() {
    let stream: Vec<String> = (0..40)
        .map(|write| format!("{}: write {write:02}", 1_000 + write * 250))
        .collect();
    let script = format!("0: net up\n0: started\n{}\n30s: show", stream.join("\n"));
    let pushes: Vec<String> = script::run(FILE, &script)
        .lines()
        .filter(|line| line.contains("push"))
        .map(|line| format!("{} {}", &line[..8], line.split_whitespace().count() - 2))
        .collect();
    expect![[r#"
        1000ms p 1
        4250ms p 13
        7250ms p 12
        10250ms  12
        11050ms  2"#]]
    .assert_eq(&pushes.join("\n"));
}

#[test]
fn what_is_kept_during_a_push_goes_with_the_next() {
    check(
        "0: started
         50: fetched
         1s: write a
         1100: write b c
         1900: pushed a took=900
         1900: show
         2s: pushed b c
         2s: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1000ms push a
            1100ms keep b
            1100ms keep c
            1900ms push b c
            1900ms = syncing | - | pending 2 | pushing
            2000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn what_is_kept_during_a_fetch_waits_its_turn() {
    check(
        "0: started
         50: fetched
         4900: show
         4990: write a
         5100: fetched moved writers=1
         5200: pushed a",
        expect![[r#"
            0ms fetch
            4900ms = synced | - | pending 0 | resting
            4990ms keep a
            4990ms fetch
            5100ms push a
        "#]],
    );
}

#[test]
fn a_refused_operation_is_held_and_shown_and_the_rest_goes_on() {
    check(
        "0: started a b c
         50: fetched
         900: pushed a c held=b
         900: show
         1s: write d
         1050: pushed d
         1050: show
         2s: gone push_refused
         2s: show",
        expect![[r#"
            0ms fetch
            50ms push a b c
            900ms = attention | push_refused | pending 0 | resting
            1000ms keep d
            1000ms push d
            1050ms = attention | push_refused | pending 0 | resting
            2000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_push_that_leaves_some_behind_is_followed_by_another() {
    check(
        "0: started a b
         50: fetched
         100: pushed a
         150: pushed b
         150: show",
        expect![[r#"
            0ms fetch
            50ms push a b
            100ms push b
            150ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_push_that_changes_nothing_is_no_busy_loop() {
    check(
        "0: net up
         0: started a
         0: net script
         50: fetched
         60: pushed
         1s: fetched
         1100: pushed z
         5s: fetched
         5100: pushed a
         5100: show",
        expect![[r#"
            0ms fetch
            32ms push a
            150ms fetch
            1000ms push a
            1155ms fetch
            5000ms push a
            5100ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn what_a_fetch_finds_on_the_remote_is_pending_no_more() {
    check(
        "0: started a b
         50: settled a b
         50: fetched
         1s: show",
        expect![[r#"
            0ms fetch
            1000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_local_repository_commits_each_write_at_once_and_fetches_never() {
    check_local(
        "0: started a
         0: show
         5: pushed a
         5: show
         10: write b
         12: write c
         14: pushed b
         20: pushed c
         30: sync
         40: network
         1h: show",
        expect![[r#"
            0ms push a
            0ms = local | - | pending 1 | pushing
            5ms = local | - | pending 0 | resting
            10ms keep b
            10ms push b
            12ms keep c
            14ms push c
            3600000ms = local | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_local_commit_that_fails_is_tried_again_with_growing_waits() {
    check_local(
        "0: started
         0: net down
         0: write a
         5m: show
         5m: net up
         10m: show",
        expect![[r#"
            0ms keep a
            0ms push a
            557ms push a
            1383ms push a
            5218ms push a
            12719ms push a
            27208ms push a
            48969ms push a
            74370ms push a
            125073ms push a
            138369ms push a
            197449ms push a
            200545ms push a
            233819ms push a
            247657ms push a
            300000ms = offline | offline | pending 1 | pausing until 306233ms, 14
            306233ms push a
            600000ms = local | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_local_commit_that_lost_a_race_is_tried_again_at_once() {
    check_local(
        "0: started
         0: write a
         5: push_rejected took=5
         50: pushed a
         50: show",
        expect![[r#"
            0ms keep a
            0ms push a
            10ms push a
            50ms = local | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_full_outbox_refuses_and_takes_again() {
    let mut run = script::Script::new(FILE, Limits::default());
    let names: Vec<_> = (0..PENDING_MAX)
        .map(|number| script::id(&format!("n{number}")))
        .collect();
    let now = Moment::ZERO;
    run.engine.handle(
        Event::Started {
            pending: names.clone(),
        },
        now,
    );
    assert!(!run.engine.has_room());
    run.line("0: submitted over");
    run.line("0: show");
    run.line("10: fetched");
    let done = Event::Pushed {
        done: names,
        held: Vec::new(),
        took: Default::default(),
    };
    run.engine.handle(done, Moment::from_ms(20));
    run.line("20: show");
    run.line("20: submitted again");
    let out: Vec<&str> = run
        .out()
        .lines()
        .filter(|line| !line.contains("push n"))
        .collect();
    expect![[r#"
        0ms fetch
        0ms refuse over
        0ms = attention | outbox_full | pending 10000 | fetching
        20ms = synced | - | pending 0 | resting
        20ms keep again"#]]
    .assert_eq(&out.join("\n"));
}
