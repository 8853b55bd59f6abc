//! Open handles of a clone: a handle serves one thread at a time, so readers borrow one from a pool.

use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use git2::{Repository, RepositoryOpenFlags};

use crate::{Clone, CloneError};

/// How many idle handles are kept open for readers.
const HANDLES_MAX: usize = 4;

/// A generation that no clone comes to.
const NEVER: u64 = u64::MAX;

/// A handle, given back when dropped.
pub(crate) struct Handle<'a> {
    clone: &'a Clone,
    generation: u64,
    repository: Option<Repository>,
}

impl Clone {
    /// A handle of one's own for an exchange or a write, closed afterwards.
    pub(crate) fn open_handle(&self) -> Result<Repository, CloneError> {
        let flags = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::BARE;
        Repository::open_ext(&self.path, flags, &[] as &[&Path])
            .map_err(|error| self.git("open the clone", error))
    }

    /// A handle for reading.
    pub(crate) fn lend(&self) -> Result<Handle<'_>, CloneError> {
        let generation = self.generation.load(Ordering::Acquire);
        let idle = self
            .handles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let repository = match idle {
            Some(repository) => repository,
            None => self.open_handle()?,
        };
        Ok(Handle {
            clone: self,
            generation,
            repository: Some(repository),
        })
    }

    /// A handle that is not lent again, for one that is changed.
    pub(crate) fn lend_once(&self) -> Result<Handle<'_>, CloneError> {
        Ok(Handle {
            clone: self,
            generation: NEVER,
            repository: Some(self.open_handle()?),
        })
    }

    /// Closes the idle handles, and the others when they come back: the files under them were
    /// replaced, by this process or another.
    pub fn forget_handles(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.handles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl std::ops::Deref for Handle<'_> {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        self.repository.as_ref().expect("only dropping takes it")
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        let mut handles = self
            .clone
            .handles
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_current = self.clone.generation.load(Ordering::Acquire) == self.generation;
        if is_current && handles.len() < HANDLES_MAX {
            handles.extend(self.repository.take());
        }
    }
}
