//! Reads the tables of a store as of its last commit.

use borsh::BorshDeserialize;
use node::{Header, Receipt, Signed, Tip};
use redb::{ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use std::ops::Bound;
use std::sync::Arc;
use vm::{Entries, Event, Fault, Height};

/// State values by state key, contract code included.
pub(crate) const VALUES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("values");
/// Headers by height, in borsh.
pub(crate) const HEADERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("headers");
/// Receipts by height, in borsh.
pub(crate) const RECEIPTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("receipts");
/// Signed transactions by height, in borsh.
pub(crate) const TRANSACTIONS: TableDefinition<'_, u64, &[u8]> =
    TableDefinition::new("transactions");
/// Events of each transaction by height, in borsh.
pub(crate) const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
/// Records of this machine beside the state, by key.
pub(crate) const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");
/// What there is once: [`TIP`], [`CHAIN`].
pub(crate) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Key of the last block, in borsh.
pub(crate) const TIP: &str = "tip";
/// Key of the progress of a restore that has not ended.
pub(crate) const RESTORING: &str = "restoring";
/// Key of the chain id.
pub(crate) const CHAIN: &str = "chain";

/// A fault of the store in a file.
pub(crate) fn fault(name: &str, cause: impl std::fmt::Display) -> Fault {
    Fault::Store(format!("redb at {name}: {cause}"))
}

/// A table, or `None` if the file has none of that name.
fn existing<T>(opened: Result<T, TableError>) -> Result<Option<T>, TableError> {
    match opened {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The tables of one commit. While they are open redb keeps the pages of that commit.
pub(crate) struct Tables {
    name: Arc<str>,
    values: ReadOnlyTable<&'static [u8], &'static [u8]>,
    headers: ReadOnlyTable<u64, &'static [u8]>,
    receipts: ReadOnlyTable<u64, &'static [u8]>,
    /// Tables that a file of version 1 has from its next commit on.
    transactions: Option<ReadOnlyTable<u64, &'static [u8]>>,
    events: Option<ReadOnlyTable<u64, &'static [u8]>>,
    records: Option<ReadOnlyTable<&'static [u8], &'static [u8]>>,
    meta: ReadOnlyTable<&'static str, &'static [u8]>,
}

impl Tables {
    /// Opens the tables of the last commit; `None` before the genesis.
    ///
    /// # Errors
    /// [`Fault::Store`].
    pub(crate) fn open(
        database: &impl ReadableDatabase,
        name: &Arc<str>,
    ) -> Result<Option<Self>, Fault> {
        let failed = |error: TableError| fault(name, error);
        let read = database.begin_read().map_err(|error| fault(name, error))?;
        let Some(values) = existing(read.open_table(VALUES)).map_err(failed)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            name: Arc::clone(name),
            values,
            headers: read.open_table(HEADERS).map_err(failed)?,
            receipts: read.open_table(RECEIPTS).map_err(failed)?,
            transactions: existing(read.open_table(TRANSACTIONS)).map_err(failed)?,
            events: existing(read.open_table(EVENTS)).map_err(failed)?,
            records: existing(read.open_table(RECORDS)).map_err(failed)?,
            meta: read.open_table(META).map_err(failed)?,
        }))
    }

    pub(crate) fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let found = self.values.get(key).map_err(|error| self.fault(error))?;
        Ok(found.map(|value| value.value().to_vec()))
    }

    pub(crate) fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let Some(records) = &self.records else {
            return Ok(None);
        };
        let found = records.get(key).map_err(|error| self.fault(error))?;
        Ok(found.map(|record| record.value().to_vec()))
    }

    pub(crate) fn value_bytes(&self, key: &[u8]) -> Result<Option<u64>, Fault> {
        let found = self.values.get(key).map_err(|error| self.fault(error))?;
        let bytes = found.map(|value| value.value().len());
        Ok(bytes.map(|bytes| u64::try_from(bytes).unwrap_or(u64::MAX)))
    }

    pub(crate) fn scan(
        &self,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Entries, Fault> {
        if end.is_some_and(|end| start >= end) {
            return Ok(Entries::new());
        }
        let bounds = (
            Bound::Included(start),
            end.map_or(Bound::Unbounded, Bound::Excluded),
        );
        let range = self.values.range::<&[u8]>(bounds);
        range
            .map_err(|error| self.fault(error))?
            .take(limit)
            .map(|entry| {
                let (key, value) = entry.map_err(|error| self.fault(error))?;
                Ok((key.value().to_vec(), value.value().to_vec()))
            })
            .collect()
    }

    pub(crate) fn tip(&self) -> Result<Option<Tip>, Fault> {
        let found = self.meta.get(TIP).map_err(|error| self.fault(error))?;
        let bytes = found.map(|value| value.value().to_vec());
        self.decode("the tip", bytes.as_deref())
    }

    pub(crate) fn restoring(&self) -> Result<Option<Vec<u8>>, Fault> {
        let found = self.meta.get(RESTORING);
        let found = found.map_err(|error| self.fault(error))?;
        Ok(found.map(|progress| progress.value().to_vec()))
    }

    pub(crate) fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        let found = self.meta.get(CHAIN).map_err(|error| self.fault(error))?;
        let bytes = found.map(|value| value.value().to_vec());
        self.decode("the chain id", bytes.as_deref())
    }

    pub(crate) fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.block(&self.headers, "a header", height)
    }

    pub(crate) fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.block(&self.receipts, "a list of receipts", height)
    }

    pub(crate) fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        match &self.transactions {
            Some(table) => self.block(table, "a list of transactions", height),
            None => Ok(None),
        }
    }

    pub(crate) fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        match &self.events {
            Some(table) => self.block(table, "a list of events", height),
            None => Ok(None),
        }
    }

    /// The lowest height of which a header or receipts are kept; a restored block has no receipts.
    pub(crate) fn first(&self) -> Result<Option<u64>, Fault> {
        let lowest = |table: &ReadOnlyTable<u64, &'static [u8]>| {
            let first = table.first().map_err(|error| self.fault(error))?;
            Ok::<_, Fault>(first.map(|(height, _)| height.value()))
        };
        let firsts = [lowest(&self.headers)?, lowest(&self.receipts)?];
        Ok(firsts.into_iter().flatten().min())
    }

    fn block<T: BorshDeserialize>(
        &self,
        table: &ReadOnlyTable<u64, &'static [u8]>,
        what: &str,
        height: Height,
    ) -> Result<Option<T>, Fault> {
        let found = table.get(height.0).map_err(|error| self.fault(error))?;
        let bytes = found.map(|value| value.value().to_vec());
        self.decode(what, bytes.as_deref())
    }

    fn decode<T: BorshDeserialize>(
        &self,
        what: &str,
        bytes: Option<&[u8]>,
    ) -> Result<Option<T>, Fault> {
        let decoded = bytes.map(borsh::from_slice).transpose();
        decoded.map_err(|_| self.fault(format!("{what} does not decode")))
    }

    fn fault(&self, cause: impl std::fmt::Display) -> Fault {
        fault(&self.name, cause)
    }
}
