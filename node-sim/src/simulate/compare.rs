//! Finds the first transaction that two executors answer differently, and what differs in it.

use super::running::{Step, Trail};
use crate::header::BlockResult;
use crate::receipt::Receipt;
use std::collections::BTreeSet;
use vm::StateDiff;

/// How many mismatches of one transaction are listed.
const MISMATCHES_MAX: usize = 16;

/// One thing that two executors answer differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// `receipt.*`, `state`, `state_root`, `transactions` or `result.*`.
    pub field: &'static str,
    /// The state key in hex, where the field is `state`.
    pub key: Option<String>,
    /// The value of the first executor: decimal, or hex; `-` if absent or unchanged.
    pub left: String,
    /// The value of the second.
    pub right: String,
}

/// The first difference between two executors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Height of the block.
    pub height: u64,
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
        mismatches: mismatches.0,
    })
}

#[derive(Default)]
struct Mismatches(Vec<Mismatch>);

impl Mismatches {
    fn push(&mut self, field: &'static str, key: Option<String>, values: (String, String)) {
        if values.0 != values.1 && self.0.len() < MISMATCHES_MAX {
            let (left, right) = values;
            self.0.push(Mismatch {
                field,
                key,
                left,
                right,
            });
        }
    }

    fn number<T: ToString>(&mut self, field: &'static str, left: T, right: T) {
        self.push(field, None, (left.to_string(), right.to_string()));
    }

    fn hash(&mut self, field: &'static str, left: &[u8; 32], right: &[u8; 32]) {
        self.push(field, None, (hex::encode(left), hex::encode(right)));
    }
}

fn compare_steps(left: &Step, right: &Step) -> Vec<Mismatch> {
    let (one, other) = ((&left.receipt, &left.diff), (&right.receipt, &right.diff));
    let mut mismatches = Mismatches(compare_transactions(one, other));
    if let (Some(one), Some(other)) = (&left.root, &right.root) {
        mismatches.hash("state_root", one, other);
    }
    mismatches.0
}

/// What differs in two receipts, then in two diffs by state key.
pub(crate) fn compare_transactions(
    (one, left): (&Receipt, &StateDiff),
    (other, right): (&Receipt, &StateDiff),
) -> Vec<Mismatch> {
    let mut mismatches = Mismatches::default();
    mismatches.hash("receipt.tx_id", &one.tx_id, &other.tx_id);
    mismatches.number("receipt.exit", one.exit.name(), other.exit.name());
    mismatches.number("receipt.code", one.code, other.code);
    mismatches.number("receipt.gas_used", one.gas_used, other.gas_used);
    mismatches.hash("receipt.output_hash", &one.output_hash, &other.output_hash);
    mismatches.hash("receipt.events_root", &one.events_root, &other.events_root);
    let keys: BTreeSet<&Vec<u8>> = left.keys().chain(right.keys()).collect();
    for key in keys {
        let (before, after) = (left.get(key), right.get(key));
        if before != after {
            let value = |change: Option<&Option<Vec<u8>>>| match change {
                None => "unchanged".to_owned(),
                Some(None) => "removed".to_owned(),
                Some(Some(bytes)) => format!("0x{}", hex::encode(bytes)),
            };
            mismatches.push(
                "state",
                Some(hex::encode(key)),
                (value(before), value(after)),
            );
        }
    }
    mismatches.0
}
