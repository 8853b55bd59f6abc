//! Joins what a repository held while it was a local-only one with the remote that it was given.
//!
//! Each thread becomes an import, an edit by hand that brings all of it. The local branch is retired
//! only once all of them are in the outbox; a crash before that finds them there by their blob.

use anyhow::{Context as _, anyhow};
use repository::{Author, Clone, File, Tip};
use threads::merge::import;
use threads::operation::Operation;
use tracing::{info, warn};

use crate::mint::Mint;
use crate::outbox::{Kept, Opened, Written};
use crate::perform::unix_now;

/// Who joins them.
#[derive(Debug)]
pub(crate) struct Joining<'a> {
    pub(crate) name: &'a str,
    pub(crate) clone: &'a Clone,
    pub(crate) author: &'a Author,
    pub(crate) person: &'a str,
    pub(crate) mint: &'a Mint,
}

impl Joining<'_> {
    /// Puts the threads of the local branches into the outbox, where there are any.
    ///
    /// # Errors
    /// Where the clone cannot be read, or the outbox written or has no room; then all is as it was.
    pub(crate) fn join(&self, opened: &mut Opened) -> anyhow::Result<()> {
        let tips = self.clone.local_tips().context("look for local threads")?;
        if tips.is_empty() {
            return Ok(());
        }
        self.settle(opened).context("end what was local")?;
        let mut operations = Vec::new();
        for tip in self.clone.local_tips().context("look for local threads")? {
            let files = self.clone.files(&tip).context("list the local threads")?;
            if files.is_empty() {
                // They may lie in another folder; then they stay where they are.
                warn!(repository = self.name, %tip, "The local branch has no thread here");
                return Ok(());
            }
            for file in files {
                operations.extend(self.imported(&file, tip)?);
            }
        }
        let threads = operations.len();
        self.keep(opened, operations)?;
        self.clone
            .retire_local()
            .context("retire the local branch")?;
        info!(
            repository = self.name,
            threads, "What was local is joined with the remote"
        );
        Ok(())
    }

    /// What is pending belongs to the local branch, so that it comes in its order.
    fn settle(&self, opened: &mut Opened) -> anyhow::Result<()> {
        let pending = opened.outbox.pending();
        let pending: Vec<Operation> = pending.map(|kept| kept.operation.clone()).collect();
        // What was imported before a crash is for the remote.
        if self.clone.local_tip()?.is_none() || pending.iter().any(is_import) {
            return Ok(());
        }
        self.clone.commit_local(&pending, self.author)?;
        let done = pending.into_iter().map(|of| (of.id, Written::default()));
        let settling = opened.outbox.settling(done, unix_now());
        opened.keeper.settle(&settling)?;
        opened.outbox.settled(settling);
        Ok(())
    }

    fn imported(&self, file: &File, tip: Tip) -> anyhow::Result<Vec<Kept>> {
        let File { topic, blob } = file;
        let text = self.clone.read(blob).context("read a local thread")?;
        let edits = import(&text, || self.mint.draw()).into_iter().enumerate();
        let operation = |(part, edit)| {
            let digest = format!("{IMPORT}{topic}/{blob:?}/{part}");
            let operation = Operation {
                arguments_digest: Some(digest.clone()),
                ..Operation::by_hand(
                    edit,
                    self.mint.draw(),
                    topic.clone(),
                    self.person.to_owned(),
                    unix_now(),
                    Some(tip.to_string()),
                )
            };
            Kept {
                operation,
                resent_as: Some(digest),
            }
        };
        Ok(edits.map(operation).collect())
    }

    fn keep(&self, opened: &mut Opened, all: Vec<Kept>) -> anyhow::Result<()> {
        let mut slots = Vec::new();
        for kept in all {
            let digest = kept.resent_as.as_deref().unwrap_or_default();
            let found = opened.outbox.find_resent(digest, Some(digest), unix_now());
            if found.is_some() {
                continue;
            }
            let slot = opened.outbox.reserve(kept);
            let slot =
                slot.map_err(|full| anyhow!("more threads than the outbox takes: {full:?}"))?;
            slots.push(slot);
        }
        for (slot, result) in slots.iter().zip(opened.keeper.keep_all(&slots)) {
            result.context("keep a local thread for the remote")?;
            opened.outbox.kept(&slot.kept.operation.id);
        }
        Ok(())
    }
}

/// What an import's digest begins with.
const IMPORT: &str = "import-";

fn is_import(operation: &Operation) -> bool {
    let digest = operation.arguments_digest.as_deref();
    digest.is_some_and(|digest| digest.starts_with(IMPORT))
}
