//! Looks for words in the entries of threads: text by text, newest threads first, for a bounded
//! time. What is not come to is gone on with by the next page.

pub(crate) mod cursor;
pub(crate) mod place;
pub(crate) mod query;
pub(crate) mod scan;

mod best;
mod fold;
mod snippet;
