//! Finds the first transaction in which two executors differ, and what differs in it.

use super::running::{BlockOutcome, TransactionResult};
use crate::compare::{Mismatch, Mismatches, compare_transactions};
use node::BlockResult;
use vm::Height;

/// The first difference between two executors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Height of the block.
    pub height: Height,
    /// Index of the transaction in the block; `None` if only the end of the block differs.
    pub transaction: Option<u32>,
    /// Id of the transaction.
    pub tx_id: Option<[u8; 32]>,
    /// Indices of the two executors.
    pub executors: (u32, u32),
    /// Names of the two executors.
    pub names: (String, String),
    /// The differences: receipt fields, then state keys in order, then the root. Not empty.
    pub mismatches: Vec<Mismatch>,
}

/// Differences, and the transaction of the block that has them.
pub(super) struct FoundDifference {
    pub(super) transaction: Option<u32>,
    pub(super) tx_id: Option<[u8; 32]>,
    pub(super) mismatches: Vec<Mismatch>,
}

impl FoundDifference {
    /// Index of the transaction for sorting; the end of the block is last.
    pub(super) fn order(&self) -> u32 {
        self.transaction.unwrap_or(u32::MAX)
    }
}

/// The first difference of two outcomes of one block.
pub(super) fn compare(left: &BlockOutcome, right: &BlockOutcome) -> Option<FoundDifference> {
    if left == right {
        return None;
    }
    for (index, (one, other)) in (0_u32..).zip(left.transactions.iter().zip(&right.transactions)) {
        let mismatches = compare_results(one, other);
        if !mismatches.is_empty() {
            let tx_id = Some(one.receipt.tx_id);
            return Some(FoundDifference {
                transaction: Some(index),
                tx_id,
                mismatches,
            });
        }
    }
    let mut mismatches = Mismatches::default();
    mismatches.number(
        "transactions",
        left.transactions.len(),
        right.transactions.len(),
    );
    let (
        BlockResult {
            state_root,
            receipts_root,
            gas_used,
        },
        other,
    ) = (left.result, right.result);
    mismatches.hash("result.state_root", &state_root, &other.state_root);
    mismatches.hash("result.receipts_root", &receipts_root, &other.receipts_root);
    mismatches.number("result.gas_used", gas_used, other.gas_used);
    Some(FoundDifference {
        transaction: None,
        tx_id: None,
        mismatches: mismatches.into_list(),
    })
}

fn compare_results(left: &TransactionResult, right: &TransactionResult) -> Vec<Mismatch> {
    let (one, other) = ((&left.receipt, &left.diff), (&right.receipt, &right.diff));
    let mut mismatches = Mismatches::of(compare_transactions(one, other));
    if let (Some(one), Some(other)) = (&left.root, &right.root) {
        mismatches.hash("state_root", one, other);
    }
    mismatches.into_list()
}
