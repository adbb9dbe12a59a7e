//! Counts what a report shows over time: gas, exits and state by block, exits by contract.
//!
//! All figures come from executor 0 and depend on plan and rules alone.

use super::running::BlockOutcome;
use super::series::{Absorb, Series};
use node::digest::length;
use node::{Block, Payload, Receipt, ReceiptExit};
use std::collections::BTreeMap;
use vm::{Address, Height, StateDiff};

/// Figures of consecutive blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockFigures {
    /// Height of the first block.
    pub height: Height,
    /// Number of blocks.
    pub blocks: u64,
    /// Gas used by their transactions.
    pub gas_used: u64,
    /// Number of transactions by exit, in the order of [`ReceiptExit::ALL`].
    pub by_exit: [u64; 6],
    /// Number of state keys after the last block.
    pub state_keys: u64,
    /// Bytes of these keys and their values, without the overhead of a store.
    pub state_bytes: u64,
}

impl BlockFigures {
    /// Number of all transactions.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        sum(&self.by_exit)
    }

    /// Number of transactions that did not return.
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

/// Figures of the transactions of one kind, or to one sample contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetFigures {
    /// Name of the sample; `transfer`, `upload`, `deploy`, or `other contract`.
    pub name: &'static str,
    /// Gas used by the transactions.
    pub gas_used: u64,
    /// Number of transactions by exit, in the order of [`ReceiptExit::ALL`].
    pub by_exit: [u64; 6],
}

impl TargetFigures {
    /// Number of all transactions.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        sum(&self.by_exit)
    }
}

/// Figures of a run over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Figures by block.
    pub blocks: Series<BlockFigures>,
    /// Figures by target, ordered by name.
    pub targets: Vec<TargetFigures>,
}

/// Collects the figures of a run.
pub(super) struct Gatherer {
    /// Names of the samples by the addresses of their contracts.
    contracts: BTreeMap<Address, &'static str>,
    /// Length of the value of each state key, in bytes.
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

    /// Counts a block with its outcome on executor 0.
    pub(super) fn count(&mut self, block: &Block, outcome: &BlockOutcome) {
        let mut figures = BlockFigures {
            height: block.header.height,
            blocks: 1,
            ..BlockFigures::default()
        };
        for (signed, executed) in block.transactions.iter().zip(&outcome.transactions) {
            let name = self.target(&signed.transaction.payload);
            let target = self.targets.entry(name).or_insert(TargetFigures {
                name,
                gas_used: 0,
                by_exit: [0; 6],
            });
            let exits = exits(&executed.receipt);
            add(&mut target.by_exit, &exits);
            add(&mut figures.by_exit, &exits);
            let gas_used = executed.receipt.gas_used;
            target.gas_used = target.gas_used.saturating_add(gas_used);
            figures.gas_used = figures.gas_used.saturating_add(gas_used);
        }
        self.write(&outcome.diff);
        figures.state_keys = u64::try_from(self.values.len()).unwrap_or(u64::MAX);
        figures.state_bytes = self.state_bytes;
        self.blocks.push(figures);
    }

    /// Takes the figures out.
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

/// One transaction, counted at its exit.
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
