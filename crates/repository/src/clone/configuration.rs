//! The clone's configuration: our own and no other.

use std::fs;
use std::io::Write;

use crate::{Clone, CloneError};

impl Clone {
    pub(super) fn write_configuration(&self) -> Result<(), CloneError> {
        let path = self.path.join("config");
        let wanted = configuration(false);
        let current = fs::read_to_string(&path).unwrap_or_default();
        // A local-only repository has switched on that its objects are synced to the disk.
        if current == wanted || current == configuration(true) {
            return Ok(());
        }
        self.replace_configuration(&wanted)
    }

    /// From now on objects and refs are on the disk before a commit returns.
    pub(crate) fn make_durable(&self) -> Result<(), CloneError> {
        let wanted = configuration(true);
        let path = self.path.join("config");
        if fs::read_to_string(&path).is_ok_and(|current| current == wanted) {
            return Ok(());
        }
        self.replace_configuration(&wanted)?;
        // Handles read it once.
        self.forget_handles();
        Ok(())
    }

    fn replace_configuration(&self, text: &str) -> Result<(), CloneError> {
        let (aside, path) = (self.path.join("config.new"), self.path.join("config"));
        let write = || {
            let mut file = fs::File::create(&aside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&aside, &path)
        };
        write().map_err(|error| self.io(&path, error))
    }
}

/// The clone's whole configuration. `durable`: what is written is synced to the disk at once.
pub(super) fn configuration(durable: bool) -> String {
    format!(
        "# Written by watercooler; changes are overwritten.\n\
         [core]\n\
         \trepositoryformatversion = 0\n\
         \tfilemode = true\n\
         \tbare = true\n\
         \tlogAllRefUpdates = false\n\
         \thooksPath = /dev/null\n\
         \tprotectHFS = true\n\
         \tprotectNTFS = true\n\
         \tfsyncObjectFiles = {durable}\n\
         [gc]\n\
         \tauto = 0\n\
         [maintenance]\n\
         \tauto = false\n\
         [fetch]\n\
         \tfsckObjects = true\n\
         \trecurseSubmodules = false\n\
         [submodule]\n\
         \trecurse = false\n"
    )
}
