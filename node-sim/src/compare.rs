//! Lists the differences between two executions of one transaction.

use node::Receipt;
use std::collections::BTreeSet;
use vm::StateDiff;

/// Maximum number of listed differences of one transaction.
const MISMATCHES_MAX: usize = 16;

/// One difference between two executors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Field name: `receipt.*`, `event`, `state`, `state_root`, `verdict`, `transactions`,
    /// `result.*`; what an executor stores or serves: `stored.*`, `account`, `scan`, `proof`,
    /// `query`, `view`; or `specification`, with the sentence as key.
    pub field: &'static str,
    /// State key in hex, if the field is `state`; height and index, where there are several.
    pub key: Option<String>,
    /// Value of the first executor, in decimal or hex; `-` if absent or unchanged.
    pub left: String,
    /// Value of the second executor.
    pub right: String,
}

/// Differences, up to the maximum that is listed.
#[derive(Default)]
pub(crate) struct Mismatches(Vec<Mismatch>);

impl Mismatches {
    pub(crate) const fn of(list: Vec<Mismatch>) -> Self {
        Self(list)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_list(self) -> Vec<Mismatch> {
        self.0
    }

    pub(crate) fn push(
        &mut self,
        field: &'static str,
        key: Option<String>,
        values: (String, String),
    ) {
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

    pub(crate) fn number<T: ToString>(&mut self, field: &'static str, left: T, right: T) {
        self.push(field, None, (left.to_string(), right.to_string()));
    }

    pub(crate) fn hash(&mut self, field: &'static str, left: &[u8; 32], right: &[u8; 32]) {
        self.push(field, None, (hex::encode(left), hex::encode(right)));
    }
}

/// Fields of a receipt with their names, in order.
pub(crate) fn receipt_fields(receipt: &Receipt) -> [(&'static str, String); 6] {
    let Receipt {
        tx_id,
        exit,
        code,
        gas_used,
        output_hash,
        events_root,
    } = receipt;
    [
        ("receipt.tx_id", hex::encode(tx_id)),
        ("receipt.exit", exit.name().to_owned()),
        ("receipt.code", code.to_string()),
        ("receipt.gas_used", gas_used.to_string()),
        ("receipt.output_hash", hex::encode(output_hash)),
        ("receipt.events_root", hex::encode(events_root)),
    ]
}

/// Differences of two receipts.
pub(crate) fn compare_receipts(one: &Receipt, other: &Receipt) -> Mismatches {
    let mut mismatches = Mismatches::default();
    let fields = receipt_fields(one).into_iter().zip(receipt_fields(other));
    for ((field, one), (_, other)) in fields {
        mismatches.push(field, None, (one, other));
    }
    mismatches
}

/// Differences of two receipts, then of two diffs by state key.
pub(crate) fn compare_transactions(
    (one, left): (&Receipt, &StateDiff),
    (other, right): (&Receipt, &StateDiff),
) -> Vec<Mismatch> {
    let mut mismatches = compare_receipts(one, other);
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
