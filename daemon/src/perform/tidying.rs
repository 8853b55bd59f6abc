//! Keeps the clone small, and makes it anew where it is damaged.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use repository::{CloneError, Remote, Tidied, TransferError, Way};
use tracing::{info, warn};

use crate::base;
use crate::outbox::Slot;
use crate::perform::{FetchOutcome, Fetched, Finished, Performer};
use crate::snapshot::Base;
use crate::vanished::Loss;

impl Performer {
    /// Makes the clone small.
    pub(crate) fn tidy(&self) {
        self.start(|performer| Finished::Tidied(performer.tidy_now()));
    }

    /// Makes the clone anew, and learns the remote's tip with that.
    pub(crate) fn renew(&self, before: Arc<Base>, pending: Vec<Slot>) {
        self.start(move |performer| {
            let begun = Instant::now();
            let result = performer.renewed_now(&before, &pending);
            Finished::Fetched(Box::new(FetchOutcome {
                took: begun.elapsed(),
                cluttered: false,
                result,
            }))
        });
    }

    /// Whether the clone has grown enough to be made small.
    pub(crate) fn is_cluttered(&self) -> bool {
        match self.clone.clutter() {
            Ok(clutter) => clutter.is_too_much(),
            Err(error) => {
                warn!(repository = %self.name, %error, "The clone's size is not known");
                if matches!(error, CloneError::Damaged { .. }) {
                    self.damage.met();
                }
                false
            }
        }
    }

    fn tidy_now(&self) -> Result<Tidied, TransferError> {
        let git = repository::git();
        let Some(remote) = &self.remote else {
            return self.clone.tidy(git.as_deref(), None);
        };
        // A worker would keep removed files open, and its folder is moved where git is missing.
        self.link.rest();
        let fetch = |path: &Path| self.fetch_into(path, remote);
        let tidied = self.clone.tidy(git.as_deref(), Some(&fetch))?;
        if tidied.way != Way::Nothing {
            let (before, after) = (tidied.before.bytes, tidied.after.bytes);
            info!(repository = %self.name, way = ?tidied.way, before, after, "Made small");
        }
        Ok(tidied)
    }

    fn renewed_now(&self, before: &Arc<Base>, pending: &[Slot]) -> Result<Fetched, TransferError> {
        let remote = self.remote.as_ref().expect("only a remote is cloned");
        self.link.rest();
        let fetch = |path: &Path| self.fetch_into(path, remote);
        let renewed = self.clone.renew(before.tip.as_ref(), &fetch)?;
        let lost = renewed.backups_lost;
        info!(repository = %self.name, lost, "Cloned anew");
        let fetched = renewed.fetched;
        // All of it, since what was shown may have been a part alone.
        let base = base::advance(&self.clone, &Arc::default(), fetched.tip.as_ref())?;
        let changed = base::changed(before, &base);
        let rewritten = fetched.rewritten.is_some();
        // The old tip is here as far as the damage left it.
        let vanished = self.vanished(before, &base, &changed, rewritten);
        let vanished = vanished.unwrap_or_else(|error| {
            warn!(repository = %self.name, %error, "The old tip could not be kept");
            Loss::between(before, &base, &changed, rewritten)
        });
        let landed = if base.tip == before.tip {
            Ok(Vec::new())
        } else {
            self.landed(before, pending, rewritten)
        };
        let landed = landed.unwrap_or_else(|error| {
            warn!(repository = %self.name, %error, "What had landed is not known");
            Vec::new()
        });
        Ok(Fetched {
            vanished,
            landed,
            taken_out: Vec::new(),
            writers: base::writers(before, &base, &changed),
            changed,
            base,
            branch: fetched.branch,
            rewritten: fetched.rewritten,
            renewed: true,
            bytes_received: fetched.bytes_received,
        })
    }

    /// The network's part of it, in a worker of its own.
    fn fetch_into(
        &self,
        path: &Path,
        remote: &Remote,
    ) -> Result<repository::Fetched, TransferError> {
        let link = self.link.beside(path.to_owned());
        let fetched = link.fetch(remote);
        link.end();
        fetched
    }
}
