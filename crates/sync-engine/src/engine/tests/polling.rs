//! Looking at the remote without being asked.

use super::*;
use crate::limits::{Limits, SLEEP_MIN};
use crate::moment::{Moment, Span};
use crate::state::State;

#[test]
fn polls_follow_activity_and_fall_to_the_idle_pace() {
    check(
        "0: net up
         0: started
         0: active
         1m: quiet on
         100s: quiet off
         5m: active
         310s: show",
        expect![[r#"
            0ms fetch
            4272ms fetch
            8752ms fetch
            13422ms fetch
            17769ms fetch
            22534ms fetch
            27205ms fetch
            31930ms fetch
            36350ms fetch
            41251ms fetch
            45483ms fetch
            50237ms fetch
            55209ms fetch
            59759ms fetch
            100452ms fetch
            105356ms fetch
            109675ms fetch
            113896ms fetch
            118033ms fetch
            122697ms fetch
            132525ms fetch
            151952ms fetch
            186833ms fetch
            246196ms fetch
            300000ms fetch
            304743ms fetch
            309693ms fetch
            310000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn news_keeps_the_pace() {
    check(
        "0: started
         50: fetched moved
         10s: fetched moved
         20s: fetched moved
         30s: show",
        expect![[r#"
            0ms fetch
            4290ms fetch
            14448ms fetch
            24638ms fetch
            30000ms = synced | - | pending 0 | fetching
        "#]],
    );
}

#[test]
fn a_push_that_went_through_is_as_good_as_a_poll() {
    check(
        "0: net up
         0: started
         0: active
         3s: write a
         6s: write b
         9s: write c
         14s: show",
        expect![[r#"
            0ms fetch
            3000ms keep a
            3000ms push a
            6000ms keep b
            6000ms push b
            9000ms keep c
            9000ms push c
            13347ms fetch
            14000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn sleep_is_followed_by_one_fetch_at_once() {
    check(
        "0: net up
         0: started
         10s: show
         8h jump: timeout
         481m: quiet on
         482m: show",
        expect![[r#"
            0ms fetch
            9714ms fetch
            10000ms = synced | - | pending 0 | resting
            28800000ms fetch
            28834483ms fetch
            28920000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn sleep_forgets_the_back_off() {
    check(
        "0: net down
         0: started
         0: quiet on
         20m: show
         20m: quiet off
         20m: net script
         3h jump: timeout
         181m: fetched
         182m: show",
        expect![[r#"
            0ms fetch
            1200000ms = offline | offline | pending 0 | pausing until 1405554ms, 15
            10800000ms fetch
            10868467ms fetch
            10920000ms = synced | - | pending 0 | fetching
        "#]],
    );
}

#[test]
fn an_event_may_be_the_first_to_come_after_sleep() {
    check(
        "0: net up
         0: started
         2s: show
         8h jump: active
         28801s: show",
        expect![[r#"
            0ms fetch
            2000ms = synced | - | pending 0 | resting
            28800000ms fetch
            28801000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_timer_that_is_a_little_late_is_no_sleep() {
    let attempt_after = |late_ms: u64| {
        let mut run = script::Script::new(FILE, Limits::default());
        run.line("0: net down");
        run.line("0: started");
        run.line("20m: net script");
        let due = run.engine.poll_timeout().unwrap().as_ms();
        run.line(&format!("{} jump: timeout", due + late_ms));
        run.line(&format!("{} jump: fetch_failed offline", due + late_ms + 1));
        let State::Pausing { attempt, .. } = run.engine.state() else {
            panic!("{:?}", run.engine.state());
        };
        attempt
    };
    assert!(attempt_after(SLEEP_MIN.as_ms()) > 2);
    assert_eq!(attempt_after(SLEEP_MIN.as_ms() + 1), 1);
}

#[test]
fn other_settings_count_from_the_last_look() {
    let mut run = script::Script::new(FILE, Limits::default());
    run.line("0: net up");
    run.line("0: started");
    run.line("1s: active");
    let slower = Limits {
        poll_active: Span::from_secs(50),
        ..Limits::default()
    };
    run.engine.set_limits(slower, Moment::from_ms(1_000));
    let due = run.engine.poll_timeout().unwrap();
    assert!(
        due >= Moment::from_ms(40_000) && due <= Moment::from_ms(50_100),
        "{due}"
    );
    assert_eq!(run.engine.poll_interval(), Span::from_secs(50));
}
