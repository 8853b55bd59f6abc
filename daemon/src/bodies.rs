//! The text of threads by blob, and their entries as they were read from it, through caches of
//! bounded size that all repositories share.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use repository::{BlobId, Clone, CloneError};

use crate::entries::Entries;
use crate::long_text::LongText;
use crate::snapshot::{Content, Shown};

/// How many bytes of threads are held at most.
pub(crate) const CACHE_BYTES_MAX: u64 = 64 << 20;

/// About how many threads that is.
const CACHE_ITEMS_ESTIMATE: usize = 4096;

/// How many bytes of threads that were read are held at most, with all that was made of them.
pub(crate) const ENTRIES_BYTES_MAX: u64 = 32 << 20;

/// About how many threads that is.
const ENTRIES_ITEMS_ESTIMATE: usize = 512;

/// From this size on a thread is long: its text is put into a file and not held. Two of the
/// largest still fit among the entries that are held.
pub(crate) const LONG_BYTES: usize = 3 << 20;

/// How many bytes of long threads lie in files at most.
pub(crate) const LONG_FILES_BYTES_MAX: u64 = 512 << 20;

/// About how many long threads that is.
const LONG_ITEMS_ESTIMATE: usize = 32;

/// The text and the entries of threads, by blob.
#[derive(Clone, Debug)]
pub(crate) struct Bodies(Arc<Caches>);

#[derive(Debug)]
struct Caches {
    texts: Cache<BlobId, Arc<[u8]>, Bytes>,
    entries: Cache<BlobId, Arc<Entries>, Bytes>,
    long: Cache<BlobId, Arc<Entries>, FileBytes>,
    /// Where the files of long threads are made.
    folder: PathBuf,
    // One long thread is unpacked at a time, whoever reads: so memory holds one and not several.
    unpacking: Mutex<()>,
}

#[derive(Clone, Debug)]
struct FileBytes;

impl Weighter<BlobId, Arc<Entries>> for FileBytes {
    fn weight(&self, _: &BlobId, entries: &Arc<Entries>) -> u64 {
        entries.file_bytes()
    }
}

#[derive(Clone, Debug)]
struct Bytes;

impl Weighter<BlobId, Arc<[u8]>> for Bytes {
    fn weight(&self, _: &BlobId, text: &Arc<[u8]>) -> u64 {
        // An empty thread still takes a place.
        text.len() as u64 + 128
    }
}

impl Weighter<BlobId, Arc<Entries>> for Bytes {
    fn weight(&self, _: &BlobId, entries: &Arc<Entries>) -> u64 {
        entries.bytes_max()
    }
}

/// The text of a thread, to go over once.
#[derive(Debug)]
pub(crate) enum Text {
    /// In memory.
    Short(Arc<[u8]>),
    /// Of a long thread: entry by entry.
    Long(Arc<Entries>),
}

impl Bodies {
    /// Empty caches; files of long threads are made in `folder`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self(Arc::new(Caches {
            texts: cache(Bytes, CACHE_ITEMS_ESTIMATE, CACHE_BYTES_MAX),
            entries: cache(Bytes, ENTRIES_ITEMS_ESTIMATE, ENTRIES_BYTES_MAX),
            long: cache(FileBytes, LONG_ITEMS_ESTIMATE, LONG_FILES_BYTES_MAX),
            folder,
            unpacking: Mutex::new(()),
        }))
    }

    /// The entries of one blob, where they were read before.
    pub(crate) fn known_entries(&self, blob: &BlobId) -> Option<Arc<Entries>> {
        self.0.entries.get(blob).or_else(|| self.0.long.get(blob))
    }

    /// The entries of one thread.
    ///
    /// # Errors
    /// Where the clone cannot be read.
    pub(crate) fn entries(
        &self,
        content: &Content,
        clone: &Clone,
    ) -> Result<Arc<Entries>, CloneError> {
        match content {
            Content::Bytes(text) => Ok(Arc::new(Entries::of_pending(Arc::clone(text)))),
            Content::Blob(blob) => {
                if let Some(text) = self.0.texts.get(blob) {
                    return Ok(self.keep(blob, Entries::of(text)));
                }
                if clone.size(blob)? < LONG_BYTES as u64 {
                    return Ok(self.keep(blob, Entries::of(self.read(blob, clone)?)));
                }
                self.long_entries(blob, clone)
            }
        }
    }

    /// The text of one thread, to go over once: nothing more of it is kept than the text.
    ///
    /// # Errors
    /// Where the clone cannot be read.
    pub(crate) fn text(&self, content: &Content, clone: &Clone) -> Result<Text, CloneError> {
        match content {
            Content::Bytes(text) if text.len() < LONG_BYTES => Ok(Text::Short(Arc::clone(text))),
            Content::Bytes(text) => {
                let entries = Entries::of_pending(Arc::clone(text));
                Ok(Text::Long(Arc::new(entries)))
            }
            Content::Blob(blob) => {
                if let Some(text) = self.0.texts.get(blob) {
                    return Ok(Text::Short(text));
                }
                if let Some(entries) = self.0.long.get(blob) {
                    return Ok(Text::Long(entries));
                }
                if clone.size(blob)? < LONG_BYTES as u64 {
                    return self.read(blob, clone).map(Text::Short);
                }
                self.long_entries(blob, clone).map(Text::Long)
            }
        }
    }

    fn keep(&self, blob: &BlobId, entries: Entries) -> Arc<Entries> {
        let entries = Arc::new(entries);
        self.0.entries.insert(*blob, Arc::clone(&entries));
        entries
    }

    fn long_entries(&self, blob: &BlobId, clone: &Clone) -> Result<Arc<Entries>, CloneError> {
        let _turn = self
            .0
            .unpacking
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Whoever had the turn before may have wanted the same thread.
        if let Some(entries) = self.0.long.get(blob) {
            return Ok(entries);
        }
        let entries = clone.look(blob, |text| match LongText::put(&self.0.folder, text) {
            Ok(long) => Entries::of_long(text, long),
            Err(error) => {
                // A full disk makes the read dearer, and does not end it.
                tracing::warn!(%error, "A long thread is held in memory for one read");
                Entries::of_pending(text.into())
            }
        })?;
        let entries = Arc::new(entries);
        if entries.file_bytes() > 0 {
            self.0.long.insert(*blob, Arc::clone(&entries));
        }
        Ok(entries)
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
        if let Some(text) = self.0.texts.get(blob) {
            return Ok(text);
        }
        let text: Arc<[u8]> = clone.look(blob, |text| text.into())?;
        // One long thread would take the place of all others.
        if text.len() < LONG_BYTES {
            self.0.texts.insert(*blob, Arc::clone(&text));
        }
        Ok(text)
    }
}

/// A cache in one piece: each piece of several takes nothing that is larger than its share of the
/// bytes, which on a machine of many cores is less than a long thread.
fn cache<V: std::clone::Clone, W: Weighter<BlobId, V> + std::clone::Clone>(
    weighter: W,
    items_estimate: usize,
    bytes_max: u64,
) -> Cache<BlobId, V, W> {
    let options = OptionsBuilder::new()
        .shards(1)
        .estimated_items_capacity(items_estimate)
        .weight_capacity(bytes_max)
        .build()
        .expect("all that is required is given");
    Cache::with_options(
        options,
        weighter,
        DefaultHashBuilder::default(),
        DefaultLifecycle::default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_held_are_limited_in_bytes() {
        let bodies = Bodies::new(PathBuf::new());
        let text = format!(
            "# t\n\n---\nEntry: Bob 2026-01-01T00:00:00Z\n\n{}\n",
            "x".repeat(1 << 20)
        );
        let entries = Arc::new(Entries::of(text.as_bytes().into()));
        let fitting = ENTRIES_BYTES_MAX / entries.bytes_max();
        for number in 0..=fitting {
            let blob = BlobId::parse(&format!("{number:040x}")).unwrap();
            bodies.0.entries.insert(blob, Arc::clone(&entries));
        }
        let held = bodies.0.entries.len() as u64;
        assert!((1..=fitting).contains(&held), "{held} of {fitting}");
        assert!(bodies.0.entries.weight() <= ENTRIES_BYTES_MAX);
    }
}
