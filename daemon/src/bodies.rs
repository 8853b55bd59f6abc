//! The text of threads by blob, through a cache of bounded size that all repositories share.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use repository::{BlobId, Clone, CloneError};

use crate::snapshot::{Content, Shown};

/// How many bytes of threads are held at most.
pub(crate) const CACHE_BYTES_MAX: u64 = 64 << 20;

/// About how many threads that is.
const CACHE_ITEMS_ESTIMATE: usize = 4096;

/// The text of threads, by blob.
#[derive(Clone, Debug)]
pub(crate) struct Bodies(Arc<Cache<BlobId, Arc<[u8]>, Bytes>>);

#[derive(Clone, Debug)]
struct Bytes;

impl Weighter<BlobId, Arc<[u8]>> for Bytes {
    fn weight(&self, _: &BlobId, text: &Arc<[u8]>) -> u64 {
        // An empty thread still takes a place.
        text.len() as u64 + 128
    }
}

impl Bodies {
    /// An empty cache.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Cache::with_weighter(
            CACHE_ITEMS_ESTIMATE,
            CACHE_BYTES_MAX,
            Bytes,
        )))
    }

    /// The text of one thread.
    ///
    /// # Errors
    /// Where the clone cannot be read.
    pub(crate) fn of(&self, shown: &Shown, clone: &Clone) -> Result<Arc<[u8]>, CloneError> {
        match &shown.content {
            Content::Bytes(text) => Ok(Arc::clone(text)),
            Content::Blob(blob) => self.read(blob, clone),
        }
    }

    /// The text of one blob.
    ///
    /// # Errors
    /// Where the clone cannot be read.
    pub(crate) fn read(&self, blob: &BlobId, clone: &Clone) -> Result<Arc<[u8]>, CloneError> {
        if let Some(text) = self.0.get(blob) {
            return Ok(text);
        }
        let text: Arc<[u8]> = clone.read(blob)?.into();
        self.0.insert(*blob, Arc::clone(&text));
        Ok(text)
    }
}
