//! What the loop does about a damaged clone, a full disk, a full outbox, and done operations that are
//! still in the outbox.

use std::time::Duration;

use repository::{Kind, Tidied, TransferError};
use sync_engine::event::Event;
use sync_engine::trouble::{Trouble, TroubleKind};
use tokio::time::Instant;
use tracing::warn;

use crate::event_loop::EventLoop;
use crate::outbox::{KeepError, OutboxFull, Settling};
use crate::snapshot::Missing;

/// Between two looks at a disk that refused something.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What is not as it should be on this machine.
#[derive(Debug, Default)]
pub(crate) struct Mending {
    /// The engine knows of the damage.
    damage_told: bool,
    disk_is_full: bool,
    /// Done, with answers that are not durable yet.
    unsettled: Vec<Settling>,
    /// When the disk is looked at again.
    pub(super) look_at: Option<Instant>,
}

impl EventLoop {
    /// Tells the engine of damage that somebody met.
    pub(super) fn note_damage(&mut self) {
        if self.mending.damage_told || !self.performer.damage.is_met() {
            return;
        }
        self.mending.damage_told = true;
        let kind = TroubleKind::Damaged;
        let words = if self.performer.is_local() {
            (
                "A part of this repository cannot be read, and it is nowhere else.",
                "Nothing of it is changed. Put its clone.git in the state folder back from a \
                 backup, then: watercooler daemon restart",
            )
        } else {
            (
                "The clone on this machine is damaged and is made anew.",
                "Nothing that was written is lost; there is nothing to do.",
            )
        };
        self.words
            .insert(kind, (words.0.to_owned(), words.1.to_owned()));
        warn!(repository = %self.performer.name, "The clone is damaged");
        let trouble = Trouble::new(kind);
        self.tell(Event::TroubleFound { trouble });
    }

    /// The clone was made anew.
    pub(super) fn mended(&mut self) {
        self.mending.damage_told = false;
        self.performer.damage.mended();
        let kind = TroubleKind::Damaged;
        self.tell(Event::TroubleGone { kind });
    }

    /// Whether all threads of the base are known, so that what is not among them is no thread.
    pub(super) fn base_is_whole(&self) -> bool {
        self.base.missing == Missing::Nothing
    }

    /// The clone was made small, or could not be.
    pub(super) fn tidied(&mut self, result: Result<Tidied, TransferError>) {
        if let Err(error) = result {
            warn!(repository = %self.performer.name, kind = %error.kind, %error, "Not made small");
            if error.kind == Kind::Damaged {
                self.performer.damage.met();
            }
        }
        self.tell(Event::Tidied);
    }

    /// A batch for the outbox met a full disk, or did not.
    pub(super) fn disk_was(&mut self, full: Option<String>) {
        let Some(said) = full else { return };
        let kind = TroubleKind::DiskFull;
        let message = format!("What is written cannot be kept: {said}.");
        let hint = "Free some space on this machine, then write again.";
        self.words.insert(kind, (message, hint.to_owned()));
        self.mending.disk_is_full = true;
        self.mending.look_again();
        let trouble = Trouble::new(kind);
        self.tell(Event::TroubleFound { trouble });
    }

    /// A write was refused because too much waits to be sent.
    pub(super) fn outbox_was_full(&mut self, full: &OutboxFull) {
        let kind = TroubleKind::OutboxFull;
        let cause = self.engine.trouble_of_exchanges();
        let cause = cause.map(|cause| self.shown_trouble(cause.kind));
        let message = format!(
            "{} operations wait on this machine to be sent, which is all that may; further writes \
             are refused.",
            full.operations
        );
        let hint = match cause {
            Some(cause) => format!(
                "Nothing is lost, and they are sent by themselves when this is over: {} {}",
                cause.message, cause.hint
            ),
            None => {
                "Nothing is lost, and they are sent by themselves; write again then.".to_owned()
            }
        };
        warn!(repository = %self.performer.name, %full, "A write was refused");
        self.words.insert(kind, (message, hint));
        let trouble = Trouble::new(kind);
        self.tell(Event::TroubleFound { trouble });
    }

    /// The disk was looked at.
    pub(super) fn looked(&mut self, result: Result<(), KeepError>) {
        match result {
            Ok(()) => {
                self.mending.disk_is_full = false;
                let kind = TroubleKind::DiskFull;
                self.tell(Event::TroubleGone { kind });
            }
            Err(_) => self.mending.look_again(),
        }
    }

    /// The answers of done operations are durable, or wait for the next attempt.
    pub(super) fn settled(&mut self, settling: Settling, result: Result<(), KeepError>) {
        match result {
            Ok(()) => self.outbox.settled(settling),
            Err(error) => {
                // Harmless: they are found on the remote by their IDs.
                warn!(repository = %self.performer.name, %error, "Done operations stay in the outbox");
                self.mending.unsettled.push(settling);
                self.mending.look_again();
            }
        }
    }

    /// The time to look at the disk again has come.
    pub(super) fn look_again(&mut self) {
        self.mending.look_at = None;
        for settling in std::mem::take(&mut self.mending.unsettled) {
            self.performer.settle(settling);
        }
        if self.mending.disk_is_full {
            self.performer.look_for_room();
        }
    }
}

impl Mending {
    fn look_again(&mut self) {
        self.look_at
            .get_or_insert_with(|| Instant::now() + LOOK_AGAIN);
    }
}
