//! Counts what a report shows over time: gas, exits and state by block, exits by contract.
//!
//! All of it comes from executor 0 and depends on plan and rules alone.

use super::running::Trail;
use super::series::{Absorb, Series};
use node::digest::length;
use node::{Block, Payload, Receipt, ReceiptExit};
use std::collections::BTreeMap;
use vm::{Address, Height, StateDiff};

/// What some blocks in a row came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockFigures {
    /// Height of the first of them.
    pub height: Height,
    /// How many.
    pub blocks: u64,
    /// Gas of their transactions.
    pub gas_used: u64,
    /// Their transactions by exit, in the order of [`ReceiptExit::ALL`].
    pub by_exit: [u64; 6],
    /// Keys of the state after the last of them.
    pub state_keys: u64,
    /// Bytes of these keys and their values; what a store adds is not in it.
    pub state_bytes: u64,
}

impl BlockFigures {
    /// All transactions.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        sum(&self.by_exit)
    }

    /// Transactions that did not return.
    #[must_use]
    pub fn failures(&self) -> u64 {
        let [_, failed @ ..] = self.by_exit;
        sum(&failed)
    }
}

impl Absorb for BlockFigures {
    fn absorb(&mut self, later: Self) {
        self.blocks = self.blocks.saturating_add(later.blocks);
        self.gas_used = self.gas_used.saturating_add(later.gas_used);
        add(&mut self.by_exit, &later.by_exit);
        self.state_keys = later.state_keys;
        self.state_bytes = later.state_bytes;
    }
}

/// What the transactions of one kind, or to one sample contract, came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetFigures {
    /// The sample's name; `transfer`, `upload`, `deploy`, or `other contract`.
    pub name: &'static str,
    /// Gas of the transactions.
    pub gas_used: u64,
    /// The transactions by exit, in the order of [`ReceiptExit::ALL`].
    pub by_exit: [u64; 6],
}

impl TargetFigures {
    /// All transactions.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        sum(&self.by_exit)
    }
}

/// What a report shows over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// By block.
    pub blocks: Series<BlockFigures>,
    /// By what the transactions were for; by name.
    pub targets: Vec<TargetFigures>,
}

/// Gathers the figures of a run.
pub(super) struct Gatherer {
    /// Samples by the address of their contract.
    contracts: BTreeMap<Address, &'static str>,
    /// Bytes of the value of each key of the state.
    values: BTreeMap<Vec<u8>, u64>,
    state_bytes: u64,
    blocks: Series<BlockFigures>,
    targets: BTreeMap<&'static str, TargetFigures>,
}

impl Gatherer {
    pub(super) fn new(contracts: BTreeMap<Address, &'static str>, genesis: &StateDiff) -> Self {
        let mut gatherer = Self {
            contracts,
            values: BTreeMap::new(),
            state_bytes: 0,
            blocks: Series::default(),
            targets: BTreeMap::new(),
        };
        gatherer.write(genesis);
        gatherer
    }

    /// Counts a block that executor 0 made `trail` of.
    pub(super) fn count(&mut self, block: &Block, trail: &Trail) {
        let mut figures = BlockFigures {
            height: block.header.height,
            blocks: 1,
            ..BlockFigures::default()
        };
        for (signed, step) in block.transactions.iter().zip(&trail.steps) {
            let name = self.target(&signed.transaction.payload);
            let target = self.targets.entry(name).or_insert(TargetFigures {
                name,
                gas_used: 0,
                by_exit: [0; 6],
            });
            let exits = exits(&step.receipt);
            add(&mut target.by_exit, &exits);
            add(&mut figures.by_exit, &exits);
            let gas_used = step.receipt.gas_used;
            target.gas_used = target.gas_used.saturating_add(gas_used);
            figures.gas_used = figures.gas_used.saturating_add(gas_used);
        }
        self.write(&trail.diff);
        figures.state_keys = u64::try_from(self.values.len()).unwrap_or(u64::MAX);
        figures.state_bytes = self.state_bytes;
        self.blocks.push(figures);
    }

    /// What was counted; nothing is left of it.
    pub(super) fn take(&mut self) -> Figures {
        Figures {
            blocks: core::mem::take(&mut self.blocks),
            targets: core::mem::take(&mut self.targets).into_values().collect(),
        }
    }

    fn target(&self, payload: &Payload) -> &'static str {
        match payload {
            Payload::Transfer { .. } => "transfer",
            Payload::Upload(_) => "upload",
            Payload::Deploy { .. } => "deploy",
            Payload::Call { contract, .. } => {
                let known = self.contracts.get(contract).copied();
                known.unwrap_or("other contract")
            }
        }
    }

    fn write(&mut self, diff: &StateDiff) {
        for (key, value) in diff {
            let old = match value {
                Some(value) => {
                    let more = length(key).saturating_add(length(value));
                    self.state_bytes = self.state_bytes.saturating_add(more);
                    self.values.insert(key.clone(), length(value))
                }
                None => self.values.remove(key),
            };
            let gone = old.map_or(0, |old| old.saturating_add(length(key)));
            self.state_bytes = self.state_bytes.saturating_sub(gone);
        }
    }
}

/// One transaction in its place among the exits.
fn exits(receipt: &Receipt) -> [u64; 6] {
    ReceiptExit::ALL.map(|exit| u64::from(exit == receipt.exit))
}

fn add(sums: &mut [u64; 6], more: &[u64; 6]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.saturating_add(*more);
    }
}

fn sum(counts: &[u64]) -> u64 {
    counts.iter().fold(0, |sum, one| sum.saturating_add(*one))
}
