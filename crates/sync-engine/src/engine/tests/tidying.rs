//! Making the clone small when nobody waits for it.

use super::*;

#[test]
fn a_cluttered_clone_is_made_small_after_ten_seconds_without_a_change() {
    check_local(
        "0: started
         1s: cluttered
         9s: cluttered
         30s: tidied
         5m: show",
        expect![[r#"
            19000ms tidy
            300000ms = local | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn no_fetch_and_no_push_begins_meanwhile() {
    check(
        "0: started
         100ms: fetched
         1s: cluttered
         1s: quiet on
         1s: net up
         10900ms: net script
         10900ms: quiet off
         12s: write a
         13s: sync
         14s: show
         15s: tidied
         15100ms: fetched
         15200ms: pushed a
         15300ms: show",
        expect![[r#"
            0ms fetch
            11000ms tidy
            12000ms keep a
            14000ms = syncing | - | pending 1 | resting
            15000ms fetch
            15100ms push a
            15300ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn what_waits_for_the_remote_puts_it_off_for_ten_minutes() {
    check(
        "0: started
         0: fetch_failed rate_limited retry_after=1h
         1s: write a
         1s: cluttered
         11m: tidied
         11m: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            601000ms tidy
            660000ms = offline | rate_limited | pending 1 | pausing until 3775452ms, 1
        "#]],
    );
}

#[test]
fn it_rests_a_minute_and_a_pause_is_kept() {
    check_local(
        "0: started
         0: cluttered
         11s: tidied
         12s: cluttered
         72s: tidied
         72s: pause
         80s: cluttered
         10m: resume
         10m: tidied",
        expect![[r#"
            10000ms tidy
            71000ms tidy
            600000ms tidy
        "#]],
    );
}

#[test]
fn a_clone_found_damaged_is_fetched_at_once_and_shown_until_it_is_said_to_be_whole() {
    check(
        "0: started
         100ms: fetched
         1s: found damaged
         1s: show
         2s: fetched
         2s: gone damaged
         2s: show",
        expect![[r#"
            0ms fetch
            1000ms fetch
            1000ms = syncing | damaged | pending 0 | fetching
            2000ms = synced | - | pending 0 | resting
        "#]],
    );
}
