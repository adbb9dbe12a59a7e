//! Keeps executed blocks that are not final, bounded by number and bytes.
//!
//! # Invariants
//! * The parent of a block is in the set, or is the last final block.
//! * A child has a greater number than its parent: a block is dropped with all that depend on it.

use crate::block::ValidBlock;
use crate::block_execution::ExecutedBlock;
use crate::digest::{encode, length};
use crate::header::{Header, Tip};
use crate::receipt::Receipt;
use crate::transaction::Signed;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tree::Batch;
use vm::{Event, StateDiff};

/// Bytes that a change of the tree takes, and those that a changed key takes in an index besides
/// itself.
const CHANGE_BYTES: u64 = 64 + 64;

/// An executed block that is not final.
#[derive(Debug)]
pub(super) struct UnfinalizedBlock {
    pub(super) header: Header,
    pub(super) tip: Tip,
    pub(super) diff: Arc<StateDiff>,
    pub(super) receipts: Vec<Receipt>,
    pub(super) transactions: Vec<Signed>,
    /// Events of each transaction.
    pub(super) events: Vec<Vec<Event>>,
    /// Batch that takes the tree back to the parent's state.
    pub(super) undo: Batch,
    /// Bytes that the block counts for.
    bytes: u64,
}

impl UnfinalizedBlock {
    pub(super) fn new(block: &ValidBlock, executed: ExecutedBlock) -> Self {
        let transactions = block.signed();
        Self {
            bytes: bytes(&executed).saturating_add(length(&encode(&transactions))),
            header: block.header().clone(),
            tip: executed.tip,
            diff: Arc::new(executed.diff),
            receipts: executed.receipts,
            transactions,
            events: executed.events,
            undo: executed.undo,
        }
    }
}

fn bytes(executed: &ExecutedBlock) -> u64 {
    let changes = executed.diff.iter().fold(0_u64, |sum, (key, value)| {
        let value = value.as_deref().map_or(0, length);
        sum.saturating_add(length(key))
            .saturating_add(value)
            .saturating_add(CHANGE_BYTES)
    });
    changes
        .saturating_add(length(&encode(&executed.receipts)))
        .saturating_add(length(&encode(&executed.events)))
}

/// Greatest number of blocks, and of bytes in all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) blocks: usize,
    pub(super) bytes: u64,
}

/// The last final block, and executed blocks above it.
#[derive(Debug)]
pub(super) struct UnfinalizedBlocks {
    tip: Tip,
    bounds: Bounds,
    blocks: BTreeMap<[u8; 32], KeptBlock>,
    /// Hashes by number, so in the order of verification.
    order: BTreeMap<u64, [u8; 32]>,
    next: u64,
    bytes: u64,
}

#[derive(Debug)]
struct KeptBlock {
    block: Arc<UnfinalizedBlock>,
    number: u64,
}

impl UnfinalizedBlocks {
    pub(super) const fn new(tip: Tip, bounds: Bounds) -> Self {
        Self {
            tip,
            bounds,
            blocks: BTreeMap::new(),
            order: BTreeMap::new(),
            next: 0,
            bytes: 0,
        }
    }

    /// The last final block.
    pub(super) const fn tip(&self) -> &Tip {
        &self.tip
    }

    /// Number of blocks that are not final.
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// A block that is not final.
    pub(super) fn get(&self, hash: &[u8; 32]) -> Option<&Arc<UnfinalizedBlock>> {
        self.blocks.get(hash).map(|kept| &kept.block)
    }

    /// The blocks above the last final one up to this one, oldest first; empty for the last final
    /// block.
    pub(super) fn path(&self, hash: &[u8; 32]) -> Option<Vec<Arc<UnfinalizedBlock>>> {
        let mut path = Vec::new();
        let mut at = *hash;
        while at != self.tip.hash {
            let block = self.get(&at)?;
            at = block.header.parent;
            path.push(Arc::clone(block));
        }
        path.reverse();
        Some(path)
    }

    /// Adds a block, and drops the oldest that are no ancestors of it, with what depends on them,
    /// until the set fits.
    ///
    /// Does not keep a block that does not fit beside its ancestors, nor one whose parent was
    /// dropped meanwhile. A block on the last final one is always kept: it may have to be final.
    pub(super) fn insert(&mut self, block: Arc<UnfinalizedBlock>) {
        let Some(path) = self.path(&block.header.parent) else {
            return;
        };
        let (hash, number, bytes) = (block.tip.hash, self.next, block.bytes);
        let beside = path.iter().map(|block| block.bytes);
        let needed = beside.fold(bytes, u64::saturating_add);
        let fits = path.len() < self.bounds.blocks && needed <= self.bounds.bytes;
        if !fits && !path.is_empty() {
            return;
        }
        let mut staying: BTreeSet<[u8; 32]> = path.iter().map(|block| block.tip.hash).collect();
        staying.insert(hash);
        self.next = number.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.order.insert(number, hash);
        self.blocks.insert(hash, KeptBlock { block, number });
        while self.blocks.len() > self.bounds.blocks || self.bytes > self.bounds.bytes {
            let mut others = self.order.values().copied();
            let Some(oldest) = others.find(|other| !staying.contains(other)) else {
                return;
            };
            self.remove(&oldest);
        }
    }

    /// Removes a block and all that depend on it; returns their number.
    pub(super) fn remove(&mut self, hash: &[u8; 32]) -> usize {
        let dependents = self.with_dependents(hash);
        for hash in &dependents {
            self.forget(hash);
        }
        dependents.len()
    }

    /// Makes a child of the last final block the last final one; keeps what depends on it only.
    pub(super) fn finalize(&mut self, tip: Tip) {
        let kept = self.with_dependents(&tip.hash);
        let others: Vec<[u8; 32]> = self
            .blocks
            .keys()
            .filter(|hash| !kept.contains(*hash) || **hash == tip.hash)
            .copied()
            .collect();
        for hash in &others {
            self.forget(hash);
        }
        self.tip = tip;
    }

    /// The block, if it is in the set, and all that depend on it.
    fn with_dependents(&self, hash: &[u8; 32]) -> BTreeSet<[u8; 32]> {
        let mut found = BTreeSet::new();
        for at in self.order.values() {
            let parent = self.get(at).map(|block| block.header.parent);
            if at == hash || parent.is_some_and(|parent| found.contains(&parent)) {
                found.insert(*at);
            }
        }
        found
    }

    fn forget(&mut self, hash: &[u8; 32]) {
        if let Some(kept) = self.blocks.remove(hash) {
            self.order.remove(&kept.number);
            self.bytes = self.bytes.saturating_sub(kept.block.bytes);
        }
    }
}
