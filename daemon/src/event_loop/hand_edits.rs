//! What people do in the working tree, on its way to the outbox: looked for when it has settled,
//! submitted like any write, and replaced by what is shown only once it is durable.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use threads::topic::Topic;
use tokio::sync::oneshot;
use tracing::{debug, warn};

use crate::event_loop::EventLoop;
use crate::handle::{Message, Submission};
use crate::lookout::Heard;
use crate::perform::Finished;
use crate::perform::looking::{Dealt, HandEdit, TreeLooked};
use crate::working_tree::{Sight, WorkingTree};

/// Between two looks at a whole tree whose changes are told.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Between two looks where they are not.
const LOOK_OFTEN: Duration = Duration::from_secs(2);

/// A look at a whole tree takes at most this part of the time.
const LOOK_SHARE: u32 = 50;

/// What people do in one repository's working tree.
#[derive(Debug)]
pub(crate) struct HandEdits {
    /// When all of it is looked at next.
    all_at: Instant,
    /// Whose edits are on their way to the disk: their file stays as it is.
    keeping: BTreeSet<Topic>,
    /// Whose edits are durable, to be remembered before their file is replaced.
    dealt: Vec<Dealt>,
}

impl HandEdits {
    /// All of the tree is looked at soon.
    pub(crate) fn new() -> Self {
        Self {
            all_at: Instant::now(),
            keeping: BTreeSet::new(),
            dealt: Vec::new(),
        }
    }

    /// Whether the topic's file stays as it is for now.
    pub(super) fn is_keeping(&self, topic: &Topic) -> bool {
        self.keeping.contains(topic)
    }

    /// What is to be remembered before anything is replaced.
    pub(super) fn take_dealt(&mut self) -> Vec<Dealt> {
        std::mem::take(&mut self.dealt)
    }
}

impl EventLoop {
    /// When the working tree is to be looked at; none while it is in use.
    pub(super) fn tree_due_at(&self) -> Option<tokio::time::Instant> {
        let tree = self.working_tree.as_ref()?;
        let all = [
            Some(self.hand_edits.all_at),
            self.performer.changes.due_at(),
            tree.look_again_at(),
        ];
        let first = all.into_iter().flatten().min();
        first.map(tokio::time::Instant::from_std)
    }

    /// Looks at the working tree, where it is time to and it is not in use.
    pub(super) fn look_at_tree(&mut self) {
        let now = Instant::now();
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let Some(tree) = &self.working_tree else {
            return;
        };
        let is_over = is_due(tree.look_again_at());
        let sight = if self.hand_edits.all_at <= now {
            Some(Sight::All)
        } else {
            let due = self.performer.changes.take_due(now);
            due.or_else(|| is_over.then(|| Sight::Names(BTreeSet::new())))
        };
        if let Some(sight) = sight
            && let Some(tree) = self.working_tree.take()
        {
            // The loop sets the time when it is back.
            let dealt = self.hand_edits.take_dealt();
            let shown = self.shown.load_full();
            self.performer.look_at_tree(tree, sight, dealt, shown);
        }
    }

    /// The working tree was looked at.
    pub(super) fn tree_looked(&mut self, looked: TreeLooked) {
        let TreeLooked {
            tree,
            sight,
            edits,
            stale,
            heard,
            took,
        } = looked;
        self.tree_is_back(tree);
        if sight == Sight::All {
            let least = match heard {
                Heard::AtOnce => LOOK_EVERY,
                Heard::ByLooking => LOOK_OFTEN,
            };
            self.hand_edits.all_at = Instant::now() + least.max(took * LOOK_SHARE);
        }
        self.unprojected.extend(stale);
        for edit in edits {
            self.submit(edit);
        }
    }

    /// The working tree was in use.
    pub(super) fn tree_is_back(&mut self, tree: WorkingTree) {
        let left_alone = tree.left_alone();
        if *self.condition.left_alone != left_alone {
            self.condition.left_alone = Arc::new(left_alone);
        }
        self.working_tree = Some(tree);
    }

    /// An edit goes where every write goes.
    fn submit(&mut self, edit: HandEdit) {
        let moved_from = edit.moved_from().cloned();
        let HandEdit {
            dealt,
            operation,
            resent_as,
        } = edit;
        if self.hand_edits.is_keeping(&dealt.topic) {
            // Looked at again when the one before is durable.
            self.performer.changes.late();
            return self.performer.changes.named(&dealt.topic.file_name());
        }
        let Some(operation) = operation else {
            return self.edit_kept(dealt, None, true);
        };
        self.hand_edits.keeping.insert(dealt.topic.clone());
        self.hand_edits.keeping.extend(moved_from.clone());
        let (answer, answered) = oneshot::channel();
        self.take(Message::Submit(Box::new(Submission {
            operation,
            resent_as: Some(resent_as),
            answer,
        })));
        let results = self.performer.results.clone();
        tokio::spawn(async move {
            let kept = matches!(answered.await, Ok(Ok(_)));
            // The loop may have ended; the file is looked at again at the next start.
            let _ = results
                .send(Finished::EditKept {
                    dealt,
                    moved_from,
                    kept,
                })
                .await;
        });
    }

    /// An edit is durable, or could not be made so.
    pub(super) fn edit_kept(&mut self, dealt: Dealt, moved_from: Option<Topic>, kept: bool) {
        let topic = dealt.topic.clone();
        self.hand_edits.keeping.remove(&topic);
        if let Some(from) = moved_from {
            self.hand_edits.keeping.remove(&from);
            self.unprojected.insert(from);
        }
        if kept {
            debug!(repository = %self.performer.name, %topic, "An edit is durable");
            self.hand_edits.dealt.push(dealt);
            self.unprojected.insert(topic);
        } else {
            // The next look at all of it finds it again.
            warn!(repository = %self.performer.name, %topic, "An edit was not kept; its file stays");
        }
    }
}
