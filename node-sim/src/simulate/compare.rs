//! Finds the first transaction that two executors answer differently, and what differs in it.

use super::running::{Step, Trail};
use crate::compare::{Mismatch, Mismatches, compare_transactions};
use node::BlockResult;
use vm::Height;

/// The first difference between two executors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Height of the block.
    pub height: Height,
    /// Place of the transaction in the block; `None` if it shows at the block's end only.
    pub transaction: Option<u32>,
    /// The transaction's id.
    pub tx_id: Option<[u8; 32]>,
    /// Numbers of the two executors.
    pub executors: (u32, u32),
    /// Their names.
    pub names: (String, String),
    /// What differs in it: receipt fields, then state keys in order, then the root. Not empty.
    pub mismatches: Vec<Mismatch>,
}

/// What differs, and where in the block.
pub(super) struct Found {
    pub(super) transaction: Option<u32>,
    pub(super) tx_id: Option<[u8; 32]>,
    pub(super) mismatches: Vec<Mismatch>,
}

impl Found {
    /// Sorts by place in the block, its end last.
    pub(super) fn place(&self) -> u32 {
        self.transaction.unwrap_or(u32::MAX)
    }
}

/// The first difference of two trails of one block.
pub(super) fn compare(left: &Trail, right: &Trail) -> Option<Found> {
    if left == right {
        return None;
    }
    for (index, (one, other)) in (0_u32..).zip(left.steps.iter().zip(&right.steps)) {
        let mismatches = compare_steps(one, other);
        if !mismatches.is_empty() {
            let tx_id = Some(one.receipt.tx_id);
            return Some(Found {
                transaction: Some(index),
                tx_id,
                mismatches,
            });
        }
    }
    let mut mismatches = Mismatches::default();
    mismatches.number("transactions", left.steps.len(), right.steps.len());
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
    Some(Found {
        transaction: None,
        tx_id: None,
        mismatches: mismatches.into_list(),
    })
}

fn compare_steps(left: &Step, right: &Step) -> Vec<Mismatch> {
    let (one, other) = ((&left.receipt, &left.diff), (&right.receipt, &right.diff));
    let mut mismatches = Mismatches::of(compare_transactions(one, other));
    if let (Some(one), Some(other)) = (&left.root, &right.root) {
        mismatches.hash("state_root", one, other);
    }
    mismatches.into_list()
}
