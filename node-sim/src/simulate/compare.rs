//! Finds the first transaction in which two executors differ, and what differs in it.

use super::running::{BlockOutcome, TransactionResult};
use super::served::shown;
use crate::compare::{Mismatch, Mismatches, compare_receipts, compare_transactions};
use core::fmt;
use node::BlockResult;
use node::digest::encode;
use vm::{Event, Height};

/// The first difference between two executors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Height of the block.
    pub height: Height,
    /// Index of the transaction in the block; `None` if only the end of the block differs, or what
    /// is stored and served after it.
    pub transaction: Option<u32>,
    /// Id of the transaction.
    pub tx_id: Option<[u8; 32]>,
    /// Indices of the two executors; the same one if it breaks the specification.
    pub executors: (u32, u32),
    /// Names of the two executors.
    pub names: (String, String),
    /// The differences: receipt fields, then state keys in order, events, the root; or what is
    /// stored and served, by kind. Not empty.
    pub mismatches: Vec<Mismatch>,
}

/// One line: the place, and the first field with its key and both values.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {}", self.height)?;
        if let Some(transaction) = self.transaction {
            write!(f, ", transaction {transaction}")?;
        }
        if let Some(first) = self.mismatches.first() {
            let key = first.key.as_deref().unwrap_or_default();
            write!(f, ": {} {key}", first.field)?;
            write!(f, ": {} by {}, ", first.left, self.names.0)?;
            write!(f, "{} by {}", first.right, self.names.1)?;
        }
        Ok(())
    }
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
    let verdict = |outcome: &BlockOutcome| outcome.refused.clone().unwrap_or("valid".to_owned());
    mismatches.push("verdict", None, (verdict(left), verdict(right)));
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
    (!mismatches.is_empty()).then(|| FoundDifference {
        transaction: None,
        tx_id: None,
        mismatches: mismatches.into_list(),
    })
}

fn compare_results(left: &TransactionResult, right: &TransactionResult) -> Vec<Mismatch> {
    let (one, other) = (&left.receipt, &right.receipt);
    let mut mismatches = match (&left.diff, &right.diff) {
        (Some(left), Some(right)) => {
            Mismatches::of(compare_transactions((one, left), (other, right)))
        }
        _ => compare_receipts(one, other),
    };
    let longer = left.events.len().max(right.events.len());
    for index in 0..longer {
        let value = |events: &[Event]| events.get(index).map_or("-".to_owned(), shown_event);
        let key = Some(index.to_string());
        mismatches.push("event", key, (value(&left.events), value(&right.events)));
    }
    if let (Some(one), Some(other)) = (&left.root, &right.root) {
        mismatches.hash("state_root", one, other);
    }
    mismatches.into_list()
}

fn shown_event(event: &Event) -> String {
    shown(&encode(event))
}
