//! The words for a write: what was added, whose turn it is, and how far it came.

use protocol::answer::{Delivery, Written};

use crate::text;

/// Which tool wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    Said {
        /// Whether the call named a status; then a closed thread is no surprise.
        status_given: bool,
    },
    Acknowledged,
    HandedOff,
    StatusSet,
}

pub(super) fn text(written: &Written, wrote: Wrote) -> String {
    let topic = text::one_line(&written.topic);
    let headline = match wrote {
        Wrote::Said { .. } => format!("✅ Entry added to '{topic}'"),
        Wrote::Acknowledged => format!("✅ Acknowledged '{topic}'"),
        Wrote::HandedOff => format!("✅ Handed off '{topic}'"),
        Wrote::StatusSet => format!("✅ Status set for '{topic}'"),
    };
    let details = &written.details;
    let ball = if details.ball_flipped {
        "Ball flipped to"
    } else {
        "Ball remains with"
    };
    let mut lines = vec![
        headline,
        format!("Title: {}", text::one_line(&details.title)),
        format!(
            "Role: {} | Type: {}",
            text::one_line(&details.role),
            text::one_line(&details.entry_type)
        ),
        format!("{ball}: {}", text::one_line(&written.ball)),
        format!("Status: {}", text::one_line(&written.status)),
        delivery(written),
    ];
    if details.closed && !chose_status(wrote) {
        lines.push(
            "The thread is closed and stays closed; watercooler_set_status reopens it.".to_owned(),
        );
    }
    lines.push(format!("Entry-ID: {}", text::one_line(&written.entry_id)));
    lines.join("\n")
}

fn chose_status(wrote: Wrote) -> bool {
    match wrote {
        Wrote::Said { status_given } => status_given,
        Wrote::StatusSet => true,
        Wrote::Acknowledged | Wrote::HandedOff => false,
    }
}

fn delivery(written: &Written) -> String {
    match written.delivery {
        Delivery::Pushed | Delivery::Local => "Saved.".to_owned(),
        Delivery::Queued => match written.delivery_reason.as_deref() {
            None | Some("syncing") => "Saved; syncing.".to_owned(),
            Some("offline") => "Saved on this machine; offline, will be sent by itself.".to_owned(),
            Some("rate_limited") => {
                "Saved on this machine; rate limited, will be sent by itself.".to_owned()
            }
            Some("paused") => "Saved on this machine; paused, will be sent on resume.".to_owned(),
            Some(trouble) => format!(
                "Saved on this machine; {}, will be sent when that is settled \
                 (watercooler_health says how).",
                text::one_line(&trouble.replace('_', " "))
            ),
        },
    }
}
