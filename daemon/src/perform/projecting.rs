//! Writes what is shown into the working tree.

use std::sync::Arc;

use repository::BlobId;
use threads::topic::Topic;
use tracing::{debug, info, warn};

use crate::perform::Performer;
use crate::snapshot::Content;
use crate::working_tree::{Foreign, Projection, Text, WorkingTree};

/// A file's text while it is written.
struct Held {
    text: Arc<[u8]>,
    blob: Option<BlobId>,
}

impl Held {
    fn as_text(&self) -> Text<'_> {
        Text {
            bytes: &self.text,
            blob: self.blob,
        }
    }
}

impl Performer {
    pub(super) fn project_now(
        &self,
        tree: &mut WorkingTree,
        contents: &[(Topic, Option<Content>)],
    ) {
        let texts: Vec<(&Topic, Option<Held>)> = contents
            .iter()
            .filter_map(|(topic, content)| Some((topic, self.text(topic, content.as_ref())?)))
            .collect();
        let wanted: Vec<(&Topic, Option<Text<'_>>)> = texts
            .iter()
            .map(|(topic, text)| (*topic, text.as_ref().map(Held::as_text)))
            .collect();
        let projected = match tree.project_all(&wanted) {
            Ok(projected) => projected,
            Err(error) => {
                warn!(repository = %self.name, %error, "The working tree was not written");
                return;
            }
        };
        for ((topic, _), projected) in wanted.iter().zip(projected) {
            match projected {
                Ok(Projection::Written | Projection::Unchanged | Projection::Removed) => (),
                Ok(Projection::Foreign(Foreign::Edited)) => {
                    debug!(repository = %self.name, %topic, "Edited in the working tree");
                    self.changes.named(&tree.file_name(topic));
                }
                Ok(Projection::Foreign(what)) => {
                    info!(repository = %self.name, %topic, ?what, "Left alone in the working tree");
                }
                Err(error) => {
                    warn!(repository = %self.name, %topic, %error, "A file was not written");
                }
            }
        }
        if tree.take_late() {
            self.changes.late();
        }
    }

    /// What the file should hold, `Some(None)` where there should be none; none where it cannot be
    /// known.
    fn text(&self, topic: &Topic, content: Option<&Content>) -> Option<Option<Held>> {
        match content {
            None => Some(None),
            Some(Content::Bytes(text)) => Some(Some(Held {
                text: Arc::clone(text),
                blob: None,
            })),
            Some(Content::Blob(blob)) => match self.bodies.read(blob, &self.clone) {
                Ok(text) => Some(Some(Held {
                    text,
                    blob: Some(*blob),
                })),
                Err(error) => {
                    warn!(%topic, %error, "A thread's text is missing from the clone");
                    self.damage.met();
                    None
                }
            },
        }
    }
}
