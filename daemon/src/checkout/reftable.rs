//! Finds one ref in tables, the other way in which git keeps refs.
//!
//! Source: git's `Documentation/technical/reftable.txt`. Tables are read from their beginning, ref
//! block after ref block; indexes and logs are not looked at.

use std::path::Path;

use platform::plain_file;

use super::refs::{Says, said};

/// The longest table that is read, and the longest list of tables.
const TABLE_BYTES_MAX: u64 = 64 << 20;
const LIST_BYTES_MAX: u64 = 64 << 10;

/// How many tables are looked into; git merges them long before.
const TABLES_MAX: usize = 64;

const FOLDER: &str = "reftable";

/// Lengths of a table's header, by its version.
const HEADER_BYTES: [usize; 2] = [24, 28];

/// Lengths of a commit, in bytes.
const SHA1_BYTES: usize = 20;
const SHA256_BYTES: usize = 32;

/// Whether refs are kept in tables here.
pub(super) fn is_used(common: &Path) -> bool {
    common.join(FOLDER).join("tables.list").is_file()
}

/// What the newest table that has the ref says of it.
pub(super) fn find(folder: &Path, name: &str) -> Option<Says> {
    let folder = folder.join(FOLDER);
    let list = plain_file::read(&folder.join("tables.list"), LIST_BYTES_MAX).ok()?;
    let list = String::from_utf8(list).ok()?;
    let is_name = |line: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !line.is_empty() && !line.starts_with('.') && line.bytes().all(plain)
    };
    let tables = list.lines().rev().filter(is_name).take(TABLES_MAX);
    for table in tables {
        let bytes = plain_file::read(&folder.join(table), TABLE_BYTES_MAX).ok()?;
        match in_table(&bytes, name)? {
            Found::Says(says) => return Some(says),
            Found::Deleted => return None,
            Found::Nothing => (),
        }
    }
    None
}

/// What one table has of a ref.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Says(Says),
    Deleted,
    Nothing,
}

/// None where the table is damaged.
fn in_table(table: &[u8], name: &str) -> Option<Found> {
    let version = *table.strip_prefix(b"REFT")?.first()?;
    let header = *HEADER_BYTES.get(usize::from(version).checked_sub(1)?)?;
    let hash_bytes = match table.get(24..28) {
        Some(b"s256") if version == 2 => SHA256_BYTES,
        Some(_) | None => SHA1_BYTES,
    };
    let aligned = number(table, 5)?;
    let (mut block, mut records) = (0, header);
    while table.get(records) == Some(&b'r') {
        let end = block + number(table, records + 1)?;
        let found = in_block(table.get(records..end)?, name, hash_bytes)?;
        if found != Found::Nothing {
            return Some(found);
        }
        block = match aligned {
            0 => end,
            size => block + size,
        };
        records = block;
    }
    Some(Found::Nothing)
}

fn in_block(block: &[u8], name: &str, hash_bytes: usize) -> Option<Found> {
    let restarts = block.len().checked_sub(2)?;
    let count = usize::from(u16::from_be_bytes(block[restarts..].try_into().ok()?));
    let mut rest = block.get(4..restarts.checked_sub(3 * count)?)?;
    let mut found: Vec<u8> = Vec::new();
    while !rest.is_empty() {
        let shared = varint(&mut rest)?;
        let kind = varint(&mut rest)?;
        let suffix = taken(&mut rest, kind >> 3)?;
        found.truncate(shared);
        found.extend_from_slice(suffix);
        varint(&mut rest)?;
        let value = match kind & 7 {
            0 => Found::Deleted,
            1 => commit(taken(&mut rest, hash_bytes)?)?,
            2 => commit(taken(&mut rest, 2 * hash_bytes)?.get(..hash_bytes)?)?,
            3 => {
                let length = varint(&mut rest)?;
                let target = std::str::from_utf8(taken(&mut rest, length)?).ok()?;
                Found::Says(said(&format!("ref: {target}"))?)
            }
            _ => return None,
        };
        if found == name.as_bytes() {
            return Some(value);
        }
    }
    Some(Found::Nothing)
}

fn commit(bytes: &[u8]) -> Option<Found> {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    said(&digits).map(Found::Says)
}

/// Three bytes, the greatest first.
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let three = bytes.get(at..at.checked_add(3)?)?;
    Some(
        three
            .iter()
            .fold(0, |number, byte| number << 8 | usize::from(*byte)),
    )
}

/// A number as packs write offsets.
fn varint(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0_usize;
    loop {
        let byte = *taken(rest, 1)?.first()?;
        value = value
            .checked_mul(128)?
            .checked_add(usize::from(byte & 127))?;
        if byte & 128 == 0 {
            return Some(value);
        }
        value = value.checked_add(1)?;
    }
}

fn taken<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}
