//! Reads the lists of a case, each of at most a named number of items.

use super::{ENTRIES_MAX, Ranges};
use borsh::BorshDeserialize;
use borsh::io::{Error, ErrorKind, Read, Result};
use vm::StateDiff;

/// Reads a map of state keys.
pub(super) fn map<R: Read>(reader: &mut R) -> Result<StateDiff> {
    items(reader)
}

/// Reads a map of state keys that may be absent.
pub(super) fn optional_map<R: Read>(reader: &mut R) -> Result<Option<StateDiff>> {
    match bool::deserialize_reader(reader)? {
        true => items(reader).map(Some),
        false => Ok(None),
    }
}

/// Reads a set of ranges.
pub(super) fn ranges<R: Read>(reader: &mut R) -> Result<Ranges> {
    items(reader)
}

/// Reads items one by one, so that a wrong count reserves no memory. Their order is not checked: of
/// a case only the canonical encoding is read.
fn items<R: Read, T: BorshDeserialize, L: Default + Extend<T>>(reader: &mut R) -> Result<L> {
    let count = u32::deserialize_reader(reader)?;
    if count > ENTRIES_MAX {
        return Err(Error::new(ErrorKind::InvalidData, "too many items"));
    }
    let mut list = L::default();
    for _ in 0..count {
        list.extend([T::deserialize_reader(reader)?]);
    }
    Ok(list)
}
