//! What of the working tree is for a person to see to: files that are left as they are, and what
//! could not be merged and was kept in full.

use std::fs::File;
use std::io::{self, Write as _};

use protocol::status::LeftAlone;
use threads::topic::Topic;

use super::disk::EDIT_BYTES_MAX;
use super::{Foreign, WorkingTree};

/// How many files are told of.
pub(crate) const LEFT_ALONE_MAX: usize = 20;

/// How many files of one name and second are kept.
const SAME_NAME_MAX: usize = 1000;

/// How much of a topic stands in the name of a kept file.
const STEM_BYTES_MAX: usize = 180;

/// In the name of a kept file, after its topic.
const KEPT: &str = ".kept-";

/// What the name of a kept file ends with, so that it is never a thread's.
const EXTENSION: &str = ".txt";

impl WorkingTree {
    /// Files that are for a person to see to, and why; a part of them where they are many.
    pub(crate) fn left_alone(&self) -> Vec<LeftAlone> {
        let foreign = (self.foreign.iter())
            .filter_map(|(topic, foreign)| Some((self.file_name(topic), why(*foreign)?)));
        let misnamed = self.misnamed.iter().cloned();
        let misnamed = misnamed.map(|name| {
            (
                name,
                "is a thread by its text, and a name that no thread can have",
            )
        });
        let kept = self.kept.iter().cloned();
        let kept = kept.map(|name| (name, "holds text that could not be merged"));
        let all = kept.chain(foreign).chain(misnamed);
        all.take(LEFT_ALONE_MAX)
            .map(|(file, why)| LeftAlone {
                file,
                why: why.to_owned(),
            })
            .collect()
    }

    /// Keeps a text in full beside its thread, durably. Gives the file's name.
    ///
    /// # Errors
    /// Of the file system; nothing is kept then.
    pub(crate) fn keep_beside(&mut self, topic: &Topic, text: &[u8]) -> io::Result<String> {
        let stem = stem(topic);
        // As it was kept before a crash, or before the very same text came once more.
        let mut others = self.kept.iter().filter(|name| name.starts_with(stem));
        let folder = self.folder();
        if let Some(same) = others.find(|name| {
            platform::plain_file::read(&folder.join(name), EDIT_BYTES_MAX)
                .is_ok_and(|kept| kept == text)
        }) {
            return Ok(same.clone());
        }
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        for number in 1..=SAME_NAME_MAX {
            let again = if number == 1 {
                String::new()
            } else {
                format!("-{number}")
            };
            let name = format!("{stem}{KEPT}{now}{again}{EXTENSION}");
            let mut file = match File::create_new(folder.join(&name)) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            file.write_all(text)?;
            file.sync_all()?;
            platform::durable::sync_folder(&folder)?;
            self.kept.insert(name.clone());
            return Ok(name);
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

/// So much of a topic that the name is none too long.
fn stem(topic: &Topic) -> &str {
    let text = topic.as_str();
    let ends = text.char_indices().map(|(at, char)| at + char.len_utf8());
    let end = ends.take_while(|end| *end <= STEM_BYTES_MAX).last();
    &text[..end.unwrap_or(0)]
}

/// Whether a file of this name holds what could not be merged.
pub(super) fn is_kept(name: &str) -> bool {
    name.ends_with(EXTENSION) && name.contains(KEPT)
}

fn why(foreign: Foreign) -> Option<&'static str> {
    match foreign {
        // Looked at soon.
        Foreign::Edited | Foreign::Locked => None,
        Foreign::NoFile => Some("is no plain file"),
        Foreign::NoFolder => Some("cannot be written: the folder is a link, or none"),
        Foreign::Closed => Some("may not be read"),
        Foreign::TooLong => Some("is too long to be read"),
        Foreign::Copy => Some("has entries of another thread, which keeps its name"),
    }
}
