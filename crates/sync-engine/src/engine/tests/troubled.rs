//! Trouble: how each kind is met, shown and left.

use super::*;
use crate::limits::{Limits, RETRY_AFTER_MAX};
use crate::moment::Moment;
use crate::trouble::TroubleKind;

#[test]
fn offline_is_tried_again_with_growing_waits_up_to_five_minutes() {
    check(
        "0: net down\n0: started\n30m: show",
        expect![[r#"
            0ms fetch
            557ms fetch
            1383ms fetch
            5218ms fetch
            12719ms fetch
            27208ms fetch
            48969ms fetch
            92712ms fetch
            173410ms fetch
            405300ms fetch
            490144ms fetch
            611839ms fetch
            799676ms fetch
            1003300ms fetch
            1184396ms fetch
            1405554ms fetch
            1487489ms fetch
            1542734ms fetch
            1674817ms fetch
            1710075ms fetch
            1737549ms fetch
            1800000ms = offline | offline | pending 0 | pausing until 1834309ms, 21
        "#]],
    );
}

#[test]
fn offline_with_something_pending_is_tried_again_each_minute_and_heals() {
    check(
        "0: net down
         0: started a
         5m: show
         5m: net up
         7m: show",
        expect![[r#"
            0ms fetch
            557ms fetch
            1383ms fetch
            5218ms fetch
            12719ms fetch
            27208ms fetch
            48969ms fetch
            74370ms fetch
            125073ms fetch
            138369ms fetch
            197449ms fetch
            200545ms fetch
            233819ms fetch
            247657ms fetch
            300000ms = offline | offline | pending 1 | pausing until 306233ms, 14
            306233ms fetch
            306265ms push a
            324864ms fetch
            357238ms fetch
            407042ms fetch
            420000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn writes_are_kept_offline_and_all_go_with_one_push() {
    check(
        "0: net down
         0: started
         1s: write a
         2s: write b
         3s: write c
         10s: show
         10s: net up
         1m: show",
        expect![[r#"
            0ms fetch
            557ms fetch
            1000ms keep a
            1000ms fetch
            2000ms keep b
            3000ms keep c
            4835ms fetch
            10000ms = offline | offline | pending 3 | pausing until 12336ms, 4
            12336ms fetch
            12368ms push a b c
            17039ms fetch
            21764ms fetch
            26184ms fetch
            31085ms fetch
            35317ms fetch
            40071ms fetch
            45043ms fetch
            49593ms fetch
            54429ms fetch
            58625ms fetch
            60000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_remote_that_refuses_all_is_tried_ever_less_while_reads_go_on() {
    check(
        "0: net refusing\n0: started a\n15m: show",
        expect![[r#"
        0ms fetch
        32ms push a
        9714ms fetch
        26119ms fetch
        60064ms push a
        60602ms fetch
        109950ms fetch
        158979ms fetch
        180096ms push a
        216109ms fetch
        271885ms fetch
        324287ms fetch
        382868ms fetch
        420128ms push a
        441627ms fetch
        490689ms fetch
        544446ms fetch
        592974ms fetch
        648091ms fetch
        704460ms fetch
        720160ms push a
        757254ms fetch
        815327ms fetch
        865131ms fetch
        900000ms = attention | push_refused | pending 1 | attention until 1020192ms
    "#]],
    );
}

#[test]
fn the_next_write_after_a_refused_one_is_tried_at_once_and_tells_which_is_at_fault() {
    check(
        "0: started
         50: fetched
         1s: write a
         1032: push_failed push_refused
         1032: show
         3s: write b
         3100: pushed b held=a
         3100: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1000ms push a
            1032ms = attention | push_refused | pending 1 | attention until 61032ms
            3000ms keep b
            3000ms push a b
            3100ms = attention | push_refused | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_remote_that_refuses_everything_is_not_asked_for_every_write() {
    check(
        "0: started
         50: fetched
         1s: write a
         1032: push_failed push_refused
         3s: write b
         3100: push_failed push_refused
         4s: write c
         4600: fetched
         5s: write d
         5s: show
         6s: sync
         6032: fetched
         6100: pushed a b c d
         6100: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1000ms push a
            3000ms keep b
            3000ms push a b
            4000ms keep c
            4498ms fetch
            5000ms keep d
            5000ms = attention | push_refused | pending 4 | attention until 123100ms
            6000ms fetch
            6032ms push a b c d
            6100ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_server_that_names_a_time_is_given_it() {
    check(
        "0: started
         50: fetch_failed rate_limited retry_after=90s
         60: show
         1s: sync
         2s: network
         3s: credential
         2m: show",
        expect![[r#"
            0ms fetch
            60ms = offline | rate_limited | pending 0 | pausing until 95794ms, 1
            95794ms fetch
            120000ms = offline | rate_limited | pending 0 | fetching
        "#]],
    );
}

#[test]
fn a_rate_limit_on_a_push_keeps_fetches_away_too() {
    check(
        "0: started a
         50: fetched
         100: push_failed rate_limited retry_after=30s
         100: show
         31s: show
         34s: fetched
         35s: pushed a
         35s: show",
        expect![[r#"
            0ms fetch
            50ms push a
            100ms = offline | rate_limited | pending 1 | pausing until 31225ms, 1
            31000ms = offline | rate_limited | pending 1 | pausing until 31225ms, 1
            31225ms fetch
            34000ms push a
            35000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_rate_limit_without_a_time_may_be_asked_about() {
    check(
        "0: started
         50: fetch_failed rate_limited
         60: sync
         70: fetched
         80: show",
        expect![[r#"
            0ms fetch
            60ms fetch
            80ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_time_beyond_an_hour_is_cut() {
    let mut run = script::Script::new(FILE, Limits::default());
    run.line("0: started");
    run.line("0: fetch_failed rate_limited retry_after=100h");
    let until = run.engine.poll_timeout().unwrap();
    assert!(until >= Moment::ZERO + RETRY_AFTER_MAX);
    assert!(until <= Moment::ZERO + RETRY_AFTER_MAX + RETRY_AFTER_MAX / 10);
}

#[test]
fn a_refused_credential_is_tried_once_and_then_after_a_quarter_of_an_hour() {
    check(
        "0: started a
         50: fetch_failed credential_refused
         50: show
         1m: sync
         2m: network
         3m: write b
         16m: show",
        expect![[r#"
            0ms fetch
            50ms = signed_out | credential_refused | pending 1 | signed out until 900050ms
            180000ms keep b
            900050ms fetch
            960000ms = signed_out | credential_refused | pending 2 | fetching
        "#]],
    );
}

#[test]
fn a_changed_credential_is_tried_at_once() {
    check(
        "0: started a
         50: fetch_failed credential_refused
         1m: credential
         60050: fetched
         60100: pushed a
         60100: show",
        expect![[r#"
            0ms fetch
            60000ms fetch
            60050ms push a
            60100ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_credential_refused_for_pushes_leaves_reads_fresh() {
    check(
        "0: started a
         50: fetched
         100: push_failed credential_refused
         100: show
         100: net up
         30s: show
         40s: quiet on
         14m: quiet off
         16m: show",
        expect![[r#"
            0ms fetch
            50ms push a
            100ms = signed_out | credential_refused | pending 1 | signed out until 900100ms
            9732ms fetch
            26137ms fetch
            30000ms = signed_out | credential_refused | pending 1 | signed out until 900100ms
            865149ms fetch
            900100ms push a
            956582ms fetch
            960000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_locked_keychain_may_be_asked_about() {
    check(
        "0: started
         50: fetch_failed keychain_locked
         50: show
         1m: sync
         60050: fetched
         60050: show",
        expect![[r#"
            0ms fetch
            50ms = signed_out | keychain_locked | pending 0 | signed out until 900050ms
            60000ms fetch
            60050ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn what_a_person_must_see_to_is_looked_at_each_minute() {
    check(
        "0: started a
         50: fetch_failed host_key_unknown
         50: show
         65s: fetch_failed host_key_unknown
         130s: fetched
         131s: pushed a
         131s: show",
        expect![[r#"
            0ms fetch
            50ms = attention | host_key_unknown | pending 1 | attention until 60050ms
            60050ms fetch
            125000ms fetch
            130000ms push a
            131000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_confirmed_host_key_is_tried_at_once() {
    check(
        "0: started
         50: fetch_failed host_key_changed
         10s: credential
         10050: fetched
         10050: show",
        expect![[r#"
            0ms fetch
            10000ms fetch
            10050ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn somebody_who_comes_back_need_not_wait_for_the_back_off() {
    check(
        "0: net down
         0: started
         0: quiet on
         20m: show
         20m: quiet off
         20m: net up
         1201s: active
         1202s: show",
        expect![[r#"
            0ms fetch
            1200000ms = offline | offline | pending 0 | pausing until 1405554ms, 15
            1201000ms fetch
            1202000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_damaged_clone_is_made_anew_at_once() {
    check(
        "0: started a
         50: fetched
         100: push_failed damaged
         100: show
         2s: fetched
         2100: pushed a
         2100: show",
        expect![[r#"
            0ms fetch
            50ms push a
            100ms = syncing | damaged | pending 1 | pausing until 922ms, 1
            922ms fetch
            2000ms push a
            2100ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_clone_that_stays_damaged_is_made_anew_ever_less() {
    let mut script = "0: started\n".to_owned();
    for round in 0..5 {
        script += &format!("{}s: fetch_failed damaged\n", 40 * (round + 1));
    }
    script += "300s: show";
    check(
        &script,
        expect![[r#"
        0ms fetch
        40525ms fetch
        80794ms fetch
        123803ms fetch
        167469ms fetch
        214457ms fetch
        300000ms = syncing | damaged | pending 0 | fetching
    "#]],
    );
}

#[test]
fn a_damaged_local_repository_needs_a_person() {
    check_local(
        "0: started a\n5: push_failed damaged\n5: show",
        expect![[r#"
        0ms push a
        5ms = attention | damaged | pending 1 | pausing until 530ms, 1
    "#]],
    );
}

#[test]
fn a_full_disk_is_shown_until_a_write_is_kept() {
    check(
        "0: started
         50: fetched
         1s: submitted a
         1005: not_kept a
         1005: found disk_full
         1005: show
         2s: write b
         2s: show",
        expect![[r#"
            0ms fetch
            1000ms keep a
            1005ms = attention | disk_full | pending 0 | resting
            2000ms keep b
            2000ms push b
            2000ms = syncing | - | pending 1 | pushing
        "#]],
    );
}

#[test]
fn found_trouble_stands_beside_the_work() {
    check(
        "0: started
         0: found rewritten
         50: fetched
         50: show
         1s: write a
         1050: pushed a
         1050: show
         2s: gone rewritten
         2s: show",
        expect![[r#"
            0ms fetch
            50ms = attention | rewritten | pending 0 | resting
            1000ms keep a
            1000ms push a
            1050ms = attention | rewritten | pending 0 | resting
            2000ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn answers_that_nobody_waits_for_are_ignored() {
    check(
        "0: started
         10: pushed a
         20: push_rejected
         30: push_failed offline
         40: push_unknown offline
         50: fetched
         60: fetched
         70: fetch_failed offline
         80: show",
        expect![[r#"
            0ms fetch
            80ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn a_full_outbox_is_shown_before_what_fills_it_and_until_there_is_room() {
    check(
        "0: started a
         50: fetch_failed offline
         60: found outbox_full
         60: show
         60: sync
         80: fetched
         90: pushed a
         90: show",
        expect![[r#"
            0ms fetch
            60ms = attention | outbox_full | pending 1 | pausing until 575ms, 1
            60ms fetch
            80ms push a
            90ms = synced | - | pending 0 | resting
        "#]],
    );
}

#[test]
fn every_kind_gives_the_state_of_the_contract() {
    let mut out = String::new();
    for kind in TroubleKind::ALL {
        let script = format!("0: started\n50: fetch_failed {}\n50: show", kind.as_str());
        let shown = script::run(FILE, &script);
        out += shown
            .lines()
            .last()
            .unwrap()
            .split(" | pending")
            .next()
            .unwrap();
        out += "\n";
    }
    expect![[r#"
        50ms = offline | offline
        50ms = offline | rate_limited
        50ms = signed_out | credential_missing
        50ms = signed_out | credential_refused
        50ms = signed_out | keychain_locked
        50ms = attention | host_key_unknown
        50ms = attention | host_key_changed
        50ms = attention | push_refused
        50ms = attention | rewritten
        50ms = attention | disk_full
        50ms = attention | settings_invalid
        50ms = attention | not_found
        50ms = attention | outbox_full
        50ms = syncing | damaged
    "#]]
    .assert_eq(&out);
}
