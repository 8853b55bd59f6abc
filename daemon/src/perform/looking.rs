//! Looks at the working tree, and makes operations of what people did there.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use threads::merge::merge;
use threads::operation::Operation;
use threads::topic::Topic;
use tracing::{info, warn};

use crate::lookout::{Heard, Kind};
use crate::perform::{Finished, Performer, unix_now};
use crate::snapshot::{Shown, Snapshot};
use crate::working_tree::{Edit, Hash, Sight, Version, WorkingTree};

/// How many bytes of remembered versions one edit is compared with, where it is more than one.
const BASES_BYTES_MAX: usize = 64 << 20;

/// What came of a look at the working tree.
#[derive(Debug)]
pub(crate) struct TreeLooked {
    /// Given back.
    pub(crate) tree: WorkingTree,
    /// Where it was looked.
    pub(crate) sight: Sight,
    /// What people wrote.
    pub(crate) edits: Vec<HandEdit>,
    /// Whose file is to be written again.
    pub(crate) stale: Vec<Topic>,
    /// How the next change comes to be known.
    pub(crate) heard: Heard,
    /// How long the look took.
    pub(crate) took: Duration,
}

/// A file whose edits are dealt with.
#[derive(Debug)]
pub(crate) struct Dealt {
    /// Whose file.
    pub(crate) topic: Topic,
    /// All of it.
    pub(crate) text: Vec<u8>,
}

/// What a person wrote into one file.
#[derive(Debug)]
pub(crate) struct HandEdit {
    /// The file, once its operation is durable.
    pub(crate) dealt: Dealt,
    /// What it comes to; none where it is kept beside the thread, or is nothing new.
    pub(crate) operation: Option<Operation>,
    /// What makes the same edit recognisable when it is found again after a crash.
    pub(crate) resent_as: String,
}

/// Where to look for what a file was.
struct Background<'a> {
    shown: &'a Snapshot,
    /// Whose file is gone.
    missing: &'a BTreeSet<Topic>,
}

/// Whose text a file has.
enum Origin {
    /// Its own thread's, or a new one's.
    Own,
    /// That of a thread whose name is gone.
    Moved(Topic),
    /// That of a thread that is there too.
    Copy,
}

impl Background<'_> {
    fn origin(&self, edit: &Edit) -> Origin {
        if !edit.versions.is_empty() {
            return Origin::Own;
        }
        match copied(&edit.topic, &edit.text, self.shown) {
            None => Origin::Own,
            // A name gone and a new one with its entries.
            Some(of) if self.missing.contains(&of) && !edit.late => Origin::Moved(of),
            Some(_) => Origin::Copy,
        }
    }
}

impl Performer {
    /// Looks at the working tree, as `shown` is what this machine shows.
    pub(crate) fn look_at_tree(
        &self,
        mut tree: WorkingTree,
        sight: Sight,
        dealt: Vec<Dealt>,
        shown: Arc<Snapshot>,
    ) {
        self.start(move |performer| {
            performer.remember_dealt(&mut tree, dealt);
            let begun = Instant::now();
            let heard = if sight == Sight::All {
                performer.watch(&mut tree)
            } else {
                Heard::AtOnce
            };
            let seen = tree.look(&sight).unwrap_or_else(|error| {
                warn!(repository = %performer.name, %error, "The working tree was not looked at");
                Default::default()
            });
            if seen.more {
                performer.changes.all();
            }
            let took = begun.elapsed();
            let background = Background {
                shown: &shown,
                missing: &seen.missing,
            };
            let edits = performer.judge_edits(&mut tree, seen.edits, &background);
            let moved = edits.iter().filter_map(HandEdit::moved_from);
            let moved: BTreeSet<&Topic> = moved.collect();
            let mut stale = seen.stale;
            stale.retain(|topic| !moved.contains(topic));
            Finished::TreeLooked(Box::new(TreeLooked {
                tree,
                sight,
                edits,
                stale,
                heard,
                took,
            }))
        });
    }

    /// Remembers what is durable, before anything is replaced.
    pub(super) fn remember_dealt(&self, tree: &mut WorkingTree, dealt: Vec<Dealt>) {
        for Dealt { topic, text } in dealt {
            if let Err(error) = tree.dealt_with(&topic, &text) {
                warn!(repository = %self.name, %topic, %error, "An edit was not remembered");
            }
        }
    }

    /// Ends the watch over the working tree.
    pub(crate) async fn end_watch(&self) {
        let (lookout, changes) = (self.lookout.clone(), Arc::clone(&self.changes));
        // It does not panic, and where it is not run everything ends anyway.
        let _ = tokio::task::spawn_blocking(move || lookout.end(&changes)).await;
    }

    fn judge_edits(
        &self,
        tree: &mut WorkingTree,
        edits: Vec<Edit>,
        background: &Background<'_>,
    ) -> Vec<HandEdit> {
        let mut judged = Vec::new();
        let mut topics = BTreeSet::new();
        for edit in edits {
            let topic = edit.topic.clone();
            if !topics.insert(topic.clone()) {
                // The file and what had been taken out: one is judged by what the other came to.
                self.changes.all();
                continue;
            }
            match self.judge_edit(tree, edit, background) {
                Ok(Some(edit)) => judged.push(edit),
                Ok(None) => (),
                Err(error) => {
                    warn!(repository = %self.name, %topic, %error, "An edit is judged later");
                }
            }
        }
        judged
    }

    /// What one edit comes to; none where the thread cannot be read now, or its file is a copy.
    fn judge_edit(
        &self,
        tree: &mut WorkingTree,
        edit: Edit,
        background: &Background<'_>,
    ) -> io::Result<Option<HandEdit>> {
        let shown = background.shown;
        let (versions, moved_from) = match background.origin(&edit) {
            Origin::Own => (edit.versions, None),
            Origin::Moved(from) => (tree.versions(&from), Some(from)),
            Origin::Copy => {
                tree.leave_copy(edit.topic);
                return Ok(None);
            }
        };
        let Edit {
            topic, text, late, ..
        } = edit;
        let Some(now) = self.text_shown(moved_from.as_ref().unwrap_or(&topic), shown) else {
            return Ok(None);
        };
        let bases = self.bases(tree, &versions);
        if moved_from.is_some() && bases.is_empty() {
            tree.leave_copy(topic);
            return Ok(None);
        }
        let bases: Vec<&[u8]> = bases.iter().map(Vec::as_slice).collect();
        let merged = merge(&bases, &now, &text, || self.mint.draw());
        if !merged.kept.is_empty() {
            let file = tree.keep_beside(&topic, &text)?;
            let why = &merged.kept;
            info!(repository = %self.name, %topic, file, ?why, "Kept beside the thread");
        }
        let changes = match moved_from {
            Some(_) => Some(threads::hand_edit::HandEdit {
                moved_from,
                ..merged.edit.unwrap_or_default()
            }),
            None => merged.edit,
        };
        let newest = versions.last().map(|version| version.hash);
        let resent_as = resent_as(&topic, newest, &text);
        let operation = changes.map(|changes| Operation {
            // The IDs in an edit that is found again are others.
            arguments_digest: Some(resent_as.clone()),
            ..Operation::by_hand(
                changes,
                self.mint.draw(),
                topic.clone(),
                self.person.clone(),
                unix_now(),
                shown.base.tip.as_ref().map(ToString::to_string),
            )
        });
        let merged = operation.is_some();
        info!(repository = %self.name, %topic, merged, late, "Edited by hand");
        Ok(Some(HandEdit {
            resent_as,
            operation,
            dealt: Dealt { topic, text },
        }))
    }

    /// The thread as it is shown, empty where there is none; none where it cannot be read now.
    fn text_shown(&self, topic: &Topic, shown: &Snapshot) -> Option<Vec<u8>> {
        match shown.thread(topic) {
            Some(thread) => match self.bodies.of(thread, &self.clone) {
                Ok(text) => Some(text.to_vec()),
                Err(error) => {
                    warn!(%topic, %error, "A thread's text is missing from the clone");
                    self.damage.met();
                    None
                }
            },
            None => (!shown.base.may_hide(topic)).then(Vec::new),
        }
    }

    /// The bytes of remembered versions, the newest last, as far as they can be had.
    fn bases(&self, tree: &WorkingTree, versions: &[Version]) -> Vec<Vec<u8>> {
        let mut bases = Vec::new();
        let mut bytes = 0;
        for version in versions.iter().rev() {
            let of_clone = || {
                let text = self.bodies.read(version.blob.as_ref()?, &self.clone);
                text.ok().map(|text| text.to_vec())
            };
            if let Some(text) = tree.text(version).or_else(of_clone) {
                bytes += text.len();
                bases.push(text);
            }
            if bytes > BASES_BYTES_MAX {
                break;
            }
        }
        bases.reverse();
        bases
    }

    /// Before it is looked at, so that nothing falls between the two.
    fn watch(&self, tree: &mut WorkingTree) -> Heard {
        match tree.make_folders() {
            Ok(true) => (),
            Ok(false) => return Heard::ByLooking,
            Err(error) => {
                info!(repository = %self.name, %error, "The working tree has no folder");
                return Heard::ByLooking;
            }
        }
        let both = [
            (tree.folder(), Kind::Threads),
            (tree.replaced_folder(), Kind::Replaced),
        ];
        let heard = both.map(|(folder, kind)| self.lookout.watch(&folder, &self.changes, kind));
        if heard.contains(&Heard::ByLooking) {
            Heard::ByLooking
        } else {
            Heard::AtOnce
        }
    }
}

impl HandEdit {
    /// The thread whose file it gives another name.
    pub(crate) fn moved_from(&self) -> Option<&Topic> {
        self.operation.as_ref()?.moved_from()
    }
}

/// The thread of which a new file has an entry: an entry stands in one thread.
fn copied(topic: &Topic, text: &[u8], shown: &Snapshot) -> Option<Topic> {
    let (thread, _) = threads::parse::parse(text);
    let ids: Vec<_> = thread
        .entries()
        .iter()
        .filter_map(|entry| entry.id.as_ref())
        .collect();
    let mut others = shown.threads().filter(|(other, _)| *other != topic);
    let has_one = |of: &Shown| ids.iter().any(|id| of.summary.place_of(id).is_some());
    let found = others.find(|(_, other)| has_one(other));
    found.map(|(other, _)| other.clone())
}

/// The same for the same text over the same file, and for no other: what was remembered last is
/// another as soon as an edit is dealt with.
fn resent_as(topic: &Topic, newest: Option<Hash>, text: &[u8]) -> String {
    let newest = newest.map(String::from).unwrap_or_default();
    let text = String::from(Hash::of(text));
    let all = Hash::of(format!("{topic}\n{newest}\n{text}").as_bytes());
    format!("edit-{}", String::from(all))
}
