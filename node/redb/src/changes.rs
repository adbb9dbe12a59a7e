//! Changes the tables in one transaction of redb: a block, a part of a snapshot, old blocks.

use crate::tables::{
    CHAIN, EVENTS, HEADERS, META, RECEIPTS, RECORDS, RESTORING, TIP, TRANSACTIONS, VALUES,
};
use borsh::BorshSerialize;
use node::{Commit, Record, RestoredPart};
use redb::WriteTransaction;
use std::ops::Range;

/// Writes a block; deletes the one that [`crate::Settings::keep_blocks`] no longer keeps.
pub(crate) fn insert(
    transaction: &WriteTransaction,
    commit: &Commit,
    keep: Option<u64>,
) -> Result<(), redb::Error> {
    let height = commit.tip.height.0;
    let mut values = transaction.open_table(VALUES)?;
    for (key, value) in &commit.diff {
        match value {
            Some(value) => drop(values.insert(key.as_slice(), value.as_slice())?),
            None => drop(values.remove(key.as_slice())?),
        }
    }
    put_records(transaction, &commit.records)?;
    let lists = [
        (RECEIPTS, encode(&commit.receipts)?),
        (TRANSACTIONS, encode(&commit.transactions)?),
        (EVENTS, encode(&commit.events)?),
    ];
    for (table, list) in lists {
        let mut table = transaction.open_table(table)?;
        table.insert(height, list.as_slice())?;
    }
    let mut headers = transaction.open_table(HEADERS)?;
    if let Some(header) = &commit.header {
        headers.insert(height, encode(header)?.as_slice())?;
    }
    drop(headers);
    if let Some(old) = keep.and_then(|keep| height.checked_sub(keep)) {
        prune(transaction, old..old.saturating_add(1))?;
    }
    let mut meta = transaction.open_table(META)?;
    meta.insert(TIP, encode(&commit.tip)?.as_slice())?;
    if height == 0 {
        meta.insert(CHAIN, commit.tip.hash.as_slice())?;
    }
    Ok(())
}

/// Writes and removes records of this machine.
pub(crate) fn put_records(
    transaction: &WriteTransaction,
    records: &[Record],
) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(RECORDS)?;
    for (key, record) in records {
        match record {
            Some(record) => drop(table.insert(key.as_slice(), record.as_slice())?),
            None => drop(table.remove(key.as_slice())?),
        }
    }
    Ok(())
}

/// Deletes what is kept of blocks beside the state.
pub(crate) fn prune(
    transaction: &WriteTransaction,
    heights: Range<u64>,
) -> Result<(), redb::Error> {
    for table in [HEADERS, RECEIPTS, TRANSACTIONS, EVENTS] {
        let mut table = transaction.open_table(table)?;
        for height in heights.clone() {
            table.remove(height)?;
        }
    }
    Ok(())
}

/// Writes a part of a snapshot; makes every table that a store has.
pub(crate) fn restore(
    transaction: &WriteTransaction,
    part: &RestoredPart,
) -> Result<(), redb::Error> {
    let mut values = transaction.open_table(VALUES)?;
    for (key, value) in &part.entries {
        values.insert(key.as_slice(), value.as_slice())?;
    }
    for table in [RECEIPTS, TRANSACTIONS, EVENTS] {
        transaction.open_table(table)?;
    }
    transaction.open_table(RECORDS)?;
    let mut headers = transaction.open_table(HEADERS)?;
    let mut meta = transaction.open_table(META)?;
    let Some((tip, header)) = &part.end else {
        meta.insert(RESTORING, part.progress.as_slice())?;
        return Ok(());
    };
    meta.remove(RESTORING)?;
    meta.insert(TIP, encode(tip)?.as_slice())?;
    meta.insert(CHAIN, header.chain_id.as_slice())?;
    headers.insert(tip.height.0, encode(header)?.as_slice())?;
    Ok(())
}

fn encode<T: BorshSerialize>(value: &T) -> Result<Vec<u8>, redb::Error> {
    borsh::to_vec(value).map_err(redb::Error::Io)
}
