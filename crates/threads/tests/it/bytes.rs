//! Every byte of any file is kept.

use proptest::prelude::*;
use threads::parse::parse;

use crate::generate::{File, file, hostile};

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn files_are_printed_as_they_were(File(file) in file()) {
        prop_assert_eq!(parse(&file).0.print(), file);
    }

    #[test]
    fn random_bytes_are_printed_as_they_were(bytes: Vec<u8>, text in hostile()) {
        prop_assert_eq!(parse(&bytes).0.print(), bytes);
        prop_assert_eq!(parse(text.as_bytes()).0.print(), text.as_bytes());
    }

    #[test]
    fn entries_stand_in_the_file_in_their_order(File(file) in file()) {
        let (thread, _) = parse(&file);
        let mut rest = file.as_slice();
        for entry in thread.entries() {
            let at = memchr::memmem::find(rest, entry.raw());
            prop_assert!(at.is_some());
            rest = &rest[at.unwrap() + entry.raw().len()..];
        }
        let mut ids: Vec<_> = thread.entries().iter().filter_map(|entry| entry.id.clone()).collect();
        let len = ids.len();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), len, "an ID names one entry");
    }
}
