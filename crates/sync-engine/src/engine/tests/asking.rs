//! Somebody wants to be in step now.

use super::*;
use crate::limits::Limits;

#[test]
fn asking_fetches_at_once_and_pushes() {
    check(
        "0: started
         50: fetched
         1s: write a
         1050: pushed a
         1100: write b
         1150: sync
         1200: fetched
         1250: pushed b
         1250: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1000ms push a
            1100ms keep b
            1150ms fetch
            1200ms push b
            1250ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn many_who_ask_share_one_fetch() {
    check(
        "0: started
         50: fetched
         1s: sync
         1010: sync
         1020: sync
         1100: fetched
         1200: fetched
         2s: show",
        expect![[r#"
            0ms fetch
            1000ms fetch
            1100ms fetch
            2000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn one_who_asks_can_wait_for_a_fetch_that_started_after() {
    let mut run = script::Script::new(FILE, Limits::default());
    run.line("0: started");
    let asked_at = run.engine.fetches_started();
    run.line("10: sync");
    assert_eq!((asked_at, run.engine.fetches_finished()), (1, 0));
    run.line("50: fetched");
    assert!(
        run.engine.fetches_finished() <= asked_at,
        "that one started before"
    );
    run.line("90: fetch_failed offline");
    assert!(run.engine.fetches_finished() > asked_at);
}

#[test]
fn asking_during_a_push_fetches_after_it() {
    check(
        "0: started
         50: fetched
         1s: write a
         1010: sync
         1100: pushed a
         1150: fetched
         2s: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1000ms push a
            1100ms fetch
            2000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn asking_tries_at_once_in_spite_of_the_back_off() {
    check(
        "0: net down
         0: started a
         0: quiet on
         5m: quiet off
         5m: net script
         5m: show
         300010: fetched
         300011: show
         300012: sync
         300100: fetched
         300200: pushed a
         300200: show",
        expect![[r#"
            0ms fetch
            300000ms = offline | offline | pending 1 | pausing until 306233ms, 14
            300011ms = offline | offline | pending 1 | pausing until 306233ms, 14
            300012ms fetch
            300100ms push a
            300200ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn asking_in_the_middle_of_a_fetch_that_fails_tries_once_more() {
    check(
        "0: started
         10: sync
         50: fetch_failed offline
         60: fetch_failed offline
         60: show",
        expect![[r#"
            0ms fetch
            50ms fetch
            60ms = offline | offline | pending 0 | pausing until 854ms, 2
        "#]],
    );
}

#[test]
fn another_network_fetches_at_once_and_forgets_the_back_off() {
    check(
        "0: net down
         0: started a
         0: quiet on
         10m: quiet off
         10m: net script
         600010: network
         600050: fetch_failed offline
         600050: show
         602s: network
         602050: fetched
         602100: pushed a
         602100: show",
        expect![[r#"
            0ms fetch
            600010ms fetch
            600050ms = offline | offline | pending 1 | pausing until 600865ms, 1
            600865ms fetch
            602050ms fetch
            602100ms = syncing | - | pending 1 | fetching
        "#]],
    );
}

#[test]
fn another_network_in_the_middle_of_a_fetch_is_looked_at_after_it() {
    check(
        "0: started
         10: network
         15s: fetch_failed offline
         15050: fetched
         15050: show",
        expect![[r#"
            0ms fetch
            15000ms fetch
            15050ms = synced | - | pending 0 | resting
        "#]],
    );
}
