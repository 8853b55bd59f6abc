//! The user wants quiet.

use super::*;

#[test]
fn a_pause_keeps_writes_and_nothing_goes_out_until_it_ends() {
    check(
        "0: started
         50: fetched
         1s: pause 30m
         2s: write a b
         3s: sync
         4s: network
         10m: show
         1801s: fetched
         1802s: pushed a b
         1803s: show",
        expect![[r#"
            0ms fetch
            2000ms keep a
            2000ms keep b
            600000ms = paused | - | pending 2 | paused until 1800000ms
            1800000ms fetch
            1801000ms push a b
            1803000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_pause_without_an_end_waits_for_the_user() {
    check(
        "0: started
         50: fetched
         1s: pause
         2s: write a
         100h: show
         100h: resume
         101h: show",
        expect![[r#"
            0ms fetch
            2000ms keep a
            360000000ms = paused | - | pending 1 | paused
            360000000ms fetch
            363600000ms = syncing | - | pending 1 | fetching
        "#]],
    );
}

#[test]
fn work_under_way_ends_and_its_result_is_taken() {
    check(
        "0: started a
         10: pause 1h
         50: fetched
         50: show
         61m: show",
        expect![[r#"
            0ms fetch
            50ms = paused | - | pending 1 | paused until 3600000ms
            3600000ms fetch
            3660000ms = syncing | - | pending 1 | fetching
        "#]],
    );
    check(
        "0: started a
         50: fetched
         60: pause
         70: write b
         90: pushed a
         90: show
         1m: resume
         2m: show",
        expect![[r#"
            0ms fetch
            50ms push a
            70ms keep b
            90ms = paused | - | pending 1 | paused
            60000ms fetch
            120000ms = syncing | - | pending 1 | fetching
        "#]],
    );
}

#[test]
fn trouble_shows_through_a_pause() {
    check(
        "0: started
         50: fetch_failed offline
         60: pause 1h
         60: show
         70: resume
         70: show",
        expect![[r#"
            0ms fetch
            60ms = paused | offline | pending 0 | paused until 3600000ms
            70ms fetch
            70ms = offline | offline | pending 0 | fetching
        "#]],
    );
}

#[test]
fn a_pause_into_the_past_and_a_resume_without_a_pause_do_nothing() {
    check(
        "0: started
         50: fetched
         1s: pause 500
         2s: resume
         2s: show",
        expect![[r#"
            0ms fetch
            2000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_local_repository_commits_in_a_pause() {
    check_local(
        "0: started
         0: pause
         10: write a
         10: show
         20: pushed a
         20: show",
        expect![[r#"
            10ms keep a
            10ms push a
            10ms = paused | - | pending 1 | paused
            20ms = paused | - | pending 0 | paused
        "#]],
    );
}
