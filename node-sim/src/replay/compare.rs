//! Compares what an archive records of a block with what the chain, the store or an execution has.

use super::{ReplayDifference, of_block};
use crate::compare::receipt_fields;
use node::archive::{ArchivedBlock, ArchivedTransaction};
use node::receipt::receipts_root;
use node::{BlockResult, Receipt, Tip, transactions_root};
use vm::Height;

/// Name of a field, its value in the archive, and the other value.
pub(super) type Unequal = (&'static str, String, String);

/// The first field in which a header is not that of the next block after `parent`.
pub(super) fn header(
    archived: &ArchivedBlock,
    chain_id: &[u8; 32],
    parent: &Tip,
) -> Option<Unequal> {
    let header = &archived.block.header;
    let height = parent.height.next();
    let hash = |field, recorded: &[u8; 32], found: &[u8; 32]| {
        (field, hex::encode(recorded), hex::encode(found))
    };
    let fields = [
        hash("header.chain_id", &header.chain_id, chain_id),
        (
            "header.height",
            header.height.to_string(),
            height.to_string(),
        ),
        hash("header.parent", &header.parent, &parent.hash),
        hash(
            "header.transactions_root",
            &header.transactions_root,
            &transactions_root(&archived.block.transactions),
        ),
    ];
    let names = [
        "header.parent_result.gas_used",
        "header.parent_result.receipts_root",
        "header.parent_result.state_root",
    ];
    first_unequal(fields).or_else(|| results_named(names, &header.parent_result, &parent.result))
}

/// The first field in which two results of a block differ.
pub(super) fn results(recorded: &BlockResult, found: &BlockResult) -> Option<Unequal> {
    let names = [
        "result.gas_used",
        "result.receipts_root",
        "result.state_root",
    ];
    results_named(names, recorded, found)
}

fn results_named(
    [gas_used, receipts_root, state_root]: [&'static str; 3],
    recorded: &BlockResult,
    found: &BlockResult,
) -> Option<Unequal> {
    let row = |result: &BlockResult| {
        [
            result.gas_used.to_string(),
            hex::encode(result.receipts_root),
            hex::encode(result.state_root),
        ]
    };
    let values = row(recorded).into_iter().zip(row(found));
    let fields = [gas_used, receipts_root, state_root]
        .into_iter()
        .zip(values);
    first_unequal(fields.map(|(field, (recorded, found))| (field, recorded, found)))
}

/// The number of recorded entries, if it is not that of the transactions.
pub(super) fn count(archived: &ArchivedBlock, transactions: usize) -> Option<Unequal> {
    let (recorded, found) = (archived.entries.len(), transactions);
    (recorded != found).then(|| ("transactions", recorded.to_string(), found.to_string()))
}

/// The first field in which the recorded receipts do not have the recorded result.
pub(super) fn entries_with_result(archived: &ArchivedBlock) -> Option<Unequal> {
    let receipts: Vec<Receipt> = archived
        .entries
        .iter()
        .map(|entry| entry.receipt.clone())
        .collect();
    let gas_used = receipts
        .iter()
        .fold(0_u64, |sum, receipt| sum.saturating_add(receipt.gas_used));
    let of_entries = BlockResult {
        receipts_root: receipts_root(&receipts),
        gas_used,
        ..archived.result
    };
    results(&of_entries, &archived.result)
}

/// The first receipt that differs from the one in the store.
pub(super) fn receipts(archived: &ArchivedBlock, stored: &[Receipt]) -> Option<ReplayDifference> {
    let height = archived.block.header.height;
    let entries = archived.entries.iter().zip(stored);
    for (index, (recorded, found)) in (0_u32..).zip(entries) {
        let pairs = receipt_fields(&recorded.receipt)
            .into_iter()
            .zip(receipt_fields(found));
        if let Some(unequal) = first_unequal_of(pairs) {
            return Some(in_transaction(height, (index, found), unequal));
        }
    }
    count(archived, stored.len()).map(|unequal| of_block(height, unequal))
}

/// The first difference from an execution: entries, their number, then the result.
pub(super) fn execution(
    archived: &ArchivedBlock,
    entries: &[ArchivedTransaction],
    result: &BlockResult,
) -> Option<ReplayDifference> {
    let height = archived.block.header.height;
    let row = |entry: &ArchivedTransaction| {
        let diff = ("diff", hex::encode(entry.diff_hash));
        receipt_fields(&entry.receipt).into_iter().chain([diff])
    };
    for (index, (recorded, found)) in (0_u32..).zip(archived.entries.iter().zip(entries)) {
        if let Some(unequal) = first_unequal_of(row(recorded).zip(row(found))) {
            return Some(in_transaction(height, (index, &found.receipt), unequal));
        }
    }
    count(archived, entries.len())
        .or_else(|| results(&archived.result, result))
        .map(|unequal| of_block(height, unequal))
}

fn in_transaction(
    height: Height,
    (index, found): (u32, &Receipt),
    unequal: Unequal,
) -> ReplayDifference {
    ReplayDifference {
        transaction: Some(index),
        tx_id: Some(found.tx_id),
        ..of_block(height, unequal)
    }
}

fn first_unequal_of(
    pairs: impl Iterator<Item = ((&'static str, String), (&'static str, String))>,
) -> Option<Unequal> {
    first_unequal(pairs.map(|((field, recorded), (_, found))| (field, recorded, found)))
}

fn first_unequal(fields: impl IntoIterator<Item = Unequal>) -> Option<Unequal> {
    fields
        .into_iter()
        .find(|(_, recorded, found)| recorded != found)
}
