//! The objects of a push, in memory until the remote has taken them: one that is rejected leaves
//! nothing behind, and one that is taken leaves one pack in place of many loose files.

use std::cell::Cell;
use std::io::Write;

use git2::{Mempack, Odb, Repository};

use crate::{Clone, CloneError, Tip};

/// From so many operations on a push is made in memory: fewer are loose files, not worth a pack.
pub(crate) const DRAFTED_OPERATIONS_MIN: usize = 8;

/// How much is held in memory; beyond, what was made goes to the disk before more is.
pub(crate) const DRAFT_BYTES_MAX: usize = 32 << 20;

/// Before the loose objects and the packs, to which libgit2 gives 1 and 2.
const BEFORE_THE_DISK: i32 = 1_000;

/// New objects of one handle that are not on the disk.
pub(crate) struct Draft<'a> {
    clone: &'a Clone,
    repository: &'a Repository,
    odb: &'a Odb<'a>,
    made: Mempack<'a>,
    made_bytes: Cell<usize>,
    /// The newest commit that is on the disk.
    kept: Cell<Option<Tip>>,
}

impl<'a> Draft<'a> {
    /// From now on what that handle writes stays in memory, as long as `odb` lives.
    pub(crate) fn begin(
        clone: &'a Clone,
        repository: &'a Repository,
        odb: &'a Odb<'a>,
        onto: Option<Tip>,
    ) -> Result<Self, CloneError> {
        let made = odb
            .add_new_mempack_backend(BEFORE_THE_DISK)
            .map_err(|error| clone.git("prepare a push", error))?;
        Ok(Self {
            clone,
            repository,
            odb,
            made,
            made_bytes: Cell::new(0),
            kept: Cell::new(onto),
        })
    }

    /// The commit `tip` was made, with a file of `bytes`.
    pub(crate) fn made(&self, tip: Tip, bytes: usize) -> Result<(), CloneError> {
        self.made_bytes.set(self.made_bytes.get() + bytes);
        if self.made_bytes.get() > DRAFT_BYTES_MAX {
            self.keep(tip)?;
        }
        Ok(())
    }

    /// Writes what leads to `tip` to the disk, as one pack.
    pub(crate) fn keep(&self, tip: Tip) -> Result<(), CloneError> {
        self.packed(tip)
            .map_err(|error| self.clone.git("keep what was pushed", error))?;
        self.made_bytes.set(0);
        self.kept.set(Some(tip));
        Ok(())
    }

    fn packed(&self, tip: Tip) -> Result<(), git2::Error> {
        let mut walk = self.repository.revwalk()?;
        walk.push(tip.0)?;
        if let Some(kept) = self.kept.get() {
            walk.hide(kept.0)?;
        }
        let mut builder = self.repository.packbuilder()?;
        builder.insert_walk(&mut walk)?;
        if builder.object_count() == 0 {
            return Ok(());
        }
        let mut pack = self.odb.packwriter()?;
        let mut written = Ok(());
        builder.foreach(|bytes| {
            written = pack.write_all(bytes);
            written.is_ok()
        })?;
        written.map_err(|error| git2::Error::from_str(&error.to_string()))?;
        pack.commit()?;
        self.made.reset()
    }
}
