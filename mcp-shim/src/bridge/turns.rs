//! What each turn of the connection leads to: made, replayed, lost, silent, refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::failure::Failure;

use super::{
    Bridge, Ending, FIRST_REQUEST_WAIT_MAX, Link, PAUSE_MAX, PAUSE_MIN, PAUSE_REFUSED, Probe,
    RECONNECT_WAIT_MAX, REPLAY_WAIT_MAX, SILENCE_AGAIN, SILENCE_MAX,
};
use crate::failures::{away, listen_ended};
use crate::output::{Output, Start};
use crate::waiting::{Kind, RESENDS_MAX, Waiting};

impl Bridge {
    pub(super) fn linked(&mut self, now: Instant) {
        self.was_linked = true;
        self.refused = false;
        self.heard = Some(now);
        match self.replay.handshake() {
            Some(line) => {
                self.outputs.push_back(Output::ToDaemon(line));
                self.link = Link::Replaying {
                    until: now + REPLAY_WAIT_MAX,
                };
            }
            None => self.resume(now),
        }
    }

    /// Lines go through from here on; those that waited go first, in the client's order.
    pub(super) fn resume(&mut self, now: Instant) {
        self.down = None;
        self.link = Link::Open {
            probe: Probe::Rests { until: None },
        };
        let spent = self.table.take_if(|waiting| waiting.sent > RESENDS_MAX);
        self.give_up(spent, &away());
        for waiting in self.table.iter_mut() {
            waiting.sent += 1;
            waiting.sent_at = Some(now);
            waiting.expires = None;
            self.outputs
                .push_back(Output::ToDaemon(Arc::clone(&waiting.line)));
            if waiting.kind == Kind::Initialize {
                let behind = self.replay.after_initialize();
                self.outputs.extend(behind.map(Output::ToDaemon));
            }
        }
        self.table
            .take_if(|waiting| waiting.kind == Kind::Notification);
    }

    pub(super) fn replayed(&mut self, result: Option<&str>, now: Instant) {
        let Some(result) = result else {
            // A daemon that refuses a handshake which another accepted may be on its way out.
            return self.unlinked(now);
        };
        let differs = self.replay.begun_again(result);
        let rest = self.replay.rest();
        self.outputs.extend(rest.into_iter().map(Output::ToDaemon));
        self.resume(now);
        if differs {
            self.outputs.extend(list_changes().map(Output::ToClient));
        }
    }

    pub(super) fn unlinked(&mut self, now: Instant) {
        // Sent again in silence it would hide what was missed meanwhile.
        let listened = |waiting: &Waiting| waiting.kind == Kind::Listen && waiting.sent > 0;
        let ended = self.table.take_if(listened);
        self.give_up(ended, &listen_ended());
        for waiting in self.table.iter_mut() {
            waiting.expires.get_or_insert(now + RECONNECT_WAIT_MAX);
        }
        let cancelled = self.reverse.lost();
        self.outputs
            .extend(cancelled.into_iter().map(Output::ToClient));
        let pause = self.pause();
        self.relink(pause);
    }

    pub(super) fn pause(&mut self) -> Duration {
        let pause = match self.attempts {
            0 => Duration::ZERO,
            again => PAUSE_MIN.saturating_mul(1 << again.min(8)).min(PAUSE_MAX),
        };
        self.attempts += 1;
        pause
    }

    pub(super) fn relink(&mut self, pause: Duration) {
        let is_awaited = self.table.iter().any(|waiting| waiting.kind.is_awaited());
        let start = if is_awaited {
            Start::Always
        } else {
            Start::AfterDeath
        };
        self.link = Link::Opening { start };
        self.outputs.push_back(Output::Relink { pause, start });
    }

    pub(super) fn unreachable(&mut self, failure: Failure, exit_code: u8, now: Instant) {
        self.refused = false;
        if self.was_linked {
            self.down = Some(failure);
            let pause = self.pause();
            return self.relink(pause);
        }
        self.ending = Some(Ending {
            at: now + FIRST_REQUEST_WAIT_MAX,
            failure,
            code: exit_code,
        });
    }

    /// Ends the program that found no daemon, once a request was told so or none came.
    pub(super) fn end_if_told(&mut self, now: Instant) {
        let asked = self.table.iter().next().is_some() || self.draining.is_some();
        let Some(Ending { failure, code, .. }) =
            self.ending.take_if(|ending| asked || ending.at <= now)
        else {
            return;
        };
        let all = self.table.take_if(|_| true);
        self.give_up(all, &failure);
        let hint = failure.hint.as_deref().unwrap_or_default();
        self.outputs.push_back(Output::End {
            code,
            words: Some(format!("{}. {hint}", failure.message)),
        });
    }

    pub(super) fn refuse(&mut self, failure: Failure) {
        let all = self.table.take_if(|_| true);
        self.give_up(all, &failure);
        self.was_linked = true;
        self.refused = true;
        self.down = Some(failure);
        self.relink(PAUSE_REFUSED);
    }

    pub(super) fn probed(&mut self, now: Instant) {
        if let Link::Open {
            probe: Probe::Asked { .. },
        } = self.link
        {
            let until = Some(now + SILENCE_AGAIN);
            self.link = Link::Open {
                probe: Probe::Rests { until },
            };
        }
    }

    pub(super) fn silent(&mut self, failure: Failure, now: Instant) {
        let Link::Open {
            probe: Probe::Asked { at },
        } = self.link
        else {
            return;
        };
        if self.heard.is_some_and(|heard| heard >= at) {
            return self.probed(now);
        }
        let awaited = self.table.take_if(|waiting| waiting.kind.is_awaited());
        self.give_up(awaited, &failure);
        self.down = Some(failure);
        self.unlinked(now);
    }

    /// When the daemon is to be asked whether it is alive: a while after the last sign of life that
    /// an awaited request has had.
    pub(super) fn probe_at(&self, probe: Probe) -> Option<Instant> {
        let Probe::Rests { until } = probe else {
            return None;
        };
        let sent = self
            .table
            .iter()
            .filter(|waiting| waiting.kind.is_awaited())
            .filter_map(|waiting| waiting.sent_at)
            .min()?;
        let quiet = self.heard.map_or(sent, |heard| heard.max(sent)) + SILENCE_MAX;
        Some(until.map_or(quiet, |until| until.max(quiet)))
    }
}

/// Another daemon offers other things: each list may be another.
fn list_changes() -> impl Iterator<Item = Vec<u8>> {
    ["tools", "prompts", "resources"].into_iter().map(|list| {
        let method = format!("notifications/{list}/list_changed");
        format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\"}}\n").into_bytes()
    })
}
