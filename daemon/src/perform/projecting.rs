//! Writes what is shown into the working tree.

use std::sync::Arc;

use threads::topic::Topic;
use tracing::{info, warn};

use crate::perform::Performer;
use crate::snapshot::Content;
use crate::working_tree::{Projection, WorkingTree};

impl Performer {
    pub(super) fn project_now(
        &self,
        tree: &mut WorkingTree,
        contents: &[(Topic, Option<Content>)],
    ) {
        let texts: Vec<(&Topic, Option<Arc<[u8]>>)> = contents
            .iter()
            .filter_map(|(topic, content)| Some((topic, self.text(topic, content.as_ref())?)))
            .collect();
        let wanted: Vec<(&Topic, Option<&[u8]>)> = texts
            .iter()
            .map(|(topic, text)| (*topic, text.as_deref()))
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
                Ok(Projection::Foreign(what)) => {
                    info!(repository = %self.name, %topic, ?what, "Left alone in the working tree");
                }
                Err(error) => {
                    warn!(repository = %self.name, %topic, %error, "A file was not written");
                }
            }
        }
    }

    /// What the file should hold, `Some(None)` where there should be none; none where it cannot be
    /// known.
    fn text(&self, topic: &Topic, content: Option<&Content>) -> Option<Option<Arc<[u8]>>> {
        match content {
            None => Some(None),
            Some(Content::Bytes(text)) => Some(Some(Arc::clone(text))),
            Some(Content::Blob(blob)) => match self.bodies.read(blob, &self.clone) {
                Ok(text) => Some(Some(text)),
                Err(error) => {
                    warn!(%topic, %error, "A thread's text is missing from the clone");
                    self.damage.met();
                    None
                }
            },
        }
    }
}
