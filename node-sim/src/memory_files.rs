//! Keeps the files of a snapshot in memory.

use node::snapshot::Files;
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};

/// Files by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryFiles(pub BTreeMap<String, Vec<u8>>);

impl Files for MemoryFiles {
    fn read(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>> {
        let bytes = self.0.get(name).ok_or(ErrorKind::NotFound)?;
        if u64::try_from(bytes.len()).map_or(true, |length| length > bytes_max) {
            return Err(Error::from(ErrorKind::InvalidData));
        }
        Ok(bytes.clone())
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.0.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.0.entry(name.to_owned()).or_default().extend(bytes);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        self.0.remove(name);
        Ok(())
    }
}
