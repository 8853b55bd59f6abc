//! `say`, `ack`, `handoff` and `set-status`: what was written and how far it came.
//!
//! Source of the words: the outside contract, section 5, "Text of `say`".

use protocol::answer::{Delivery, Written};

use crate::plain::one_line;

/// What was written.
pub(crate) fn text(written: &Written) -> String {
    let details = &written.details;
    let ball = if details.ball_flipped {
        "flipped to"
    } else {
        "remains with"
    };
    let (role, entry_type) = (one_line(&details.role), one_line(&details.entry_type));
    let mut text = format!(
        "✅ Entry added to '{}'\nTitle: {}\nRole: {role} | Type: {entry_type}\nBall {ball}: {}\nStatus: {}\n",
        one_line(&written.topic),
        one_line(&details.title),
        one_line(&written.ball),
        one_line(&written.status),
    );
    if details.closed {
        text.push_str("The thread is closed, and stays closed.\n");
    }
    text.push_str(&delivery(written));
    text.push('\n');
    text
}

fn delivery(written: &Written) -> String {
    match (written.delivery, written.delivery_reason.as_deref()) {
        (Delivery::Pushed | Delivery::Local, _) => "Saved.".to_owned(),
        (Delivery::Queued, None | Some("syncing")) => "Saved; syncing.".to_owned(),
        (Delivery::Queued, Some(reason)) => {
            let reason = one_line(reason).replace('_', " ");
            format!("Saved on this machine; {reason}, will be sent by itself.")
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use protocol::answer::WrittenDetails;

    use super::*;

    fn written(delivery: Delivery, reason: Option<&str>) -> Written {
        Written {
            topic: "auth".into(),
            entry_id: "01JGT".into(),
            index: 3,
            ball: "Codex (bob)".into(),
            status: "OPEN".into(),
            delivery,
            delivery_reason: reason.map(str::to_owned),
            details: WrittenDetails {
                title: "Start\u{1b}[2J".into(),
                role: "planner".into(),
                entry_type: "Plan".into(),
                ball_flipped: true,
                closed: false,
            },
        }
    }

    fn check(written: &Written, expected: Expect) {
        expected.assert_eq(&text(written));
    }

    #[test]
    fn a_write_tells_how_far_it_came() {
        check(
            &written(Delivery::Queued, Some("syncing")),
            expect![[r#"
                ✅ Entry added to 'auth'
                Title: Start␛[2J
                Role: planner | Type: Plan
                Ball flipped to: Codex (bob)
                Status: OPEN
                Saved; syncing.
            "#]],
        );
        let mut closed = written(Delivery::Local, None);
        closed.details.closed = true;
        closed.details.ball_flipped = false;
        check(
            &closed,
            expect![[r#"
            ✅ Entry added to 'auth'
            Title: Start␛[2J
            Role: planner | Type: Plan
            Ball remains with: Codex (bob)
            Status: OPEN
            The thread is closed, and stays closed.
            Saved.
        "#]],
        );
    }

    #[test]
    fn the_reason_is_told_where_it_is_not_ordinary() {
        let told = |delivery, reason| self::delivery(&written(delivery, reason));
        assert_eq!(told(Delivery::Pushed, None), "Saved.");
        assert_eq!(told(Delivery::Queued, None), "Saved; syncing.");
        let offline = "Saved on this machine; offline, will be sent by itself.";
        assert_eq!(told(Delivery::Queued, Some("offline")), offline);
        let refused = "Saved on this machine; push refused, will be sent by itself.";
        assert_eq!(told(Delivery::Queued, Some("push_refused")), refused);
    }
}
