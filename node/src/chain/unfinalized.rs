//! Keeps executed blocks that are not final, bounded by number and bytes, and finds their states.
//!
//! # Invariants
//! * The parent of a block is in the set, or is the last final block.
//! * A child has a greater number than its parent: a block is dropped with all that depend on it.

use super::query::At;
use super::recent::{RecentBlocks, RecentBounds};
use crate::block::ValidBlock;
use crate::block_execution::ExecutedBlock;
use crate::code_records::CodeRecords;
use crate::digest::{encode, length};
use crate::header::{Header, Tip};
use crate::misuse::Misuse;
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
    /// Values before the block, of the keys in the diff.
    pub(super) reverse: Arc<StateDiff>,
    /// Records of codes, for the commit.
    pub(super) records: Arc<CodeRecords>,
    pub(super) receipts: Vec<Receipt>,
    pub(super) transactions: Vec<Signed>,
    /// Events of each transaction.
    pub(super) events: Vec<Vec<Event>>,
    /// Changes of the tree.
    pub(super) changes: Batch,
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
            reverse: Arc::new(executed.reverse),
            records: Arc::new(executed.records),
            receipts: executed.receipts,
            transactions,
            events: executed.events,
            changes: executed.changes,
            undo: executed.undo,
        }
    }
}

fn bytes(executed: &ExecutedBlock) -> u64 {
    let records = executed.records.iter();
    let records = records.map(|(key, record)| length(key).saturating_add(length(record)));
    diff_bytes(&executed.diff)
        .saturating_add(records.fold(0, u64::saturating_add))
        .saturating_add(diff_bytes(&executed.reverse))
        .saturating_add(length(&encode(&executed.receipts)))
        .saturating_add(length(&encode(&executed.events)))
}

/// Bytes of keys and values, and of what each takes besides.
pub(super) fn diff_bytes(diff: &StateDiff) -> u64 {
    diff.iter().fold(0_u64, |sum, (key, value)| {
        let value = value.as_deref().map_or(0, length);
        sum.saturating_add(length(key))
            .saturating_add(value)
            .saturating_add(CHANGE_BYTES)
    })
}

/// A block whose state can be read, and how to get there from the last final one.
#[derive(Debug)]
pub(super) struct View {
    pub(super) tip: Tip,
    /// Blocks from the last final one up to it, the oldest first.
    pub(super) path: Vec<Arc<UnfinalizedBlock>>,
    /// Reverse diffs from the last final one down to it, in that order.
    pub(super) back: Vec<Arc<StateDiff>>,
}

impl View {
    /// The changes over the store: of a key, the last one counts.
    pub(super) fn diffs(&self) -> Vec<Arc<StateDiff>> {
        let up = self.path.iter().map(|block| &block.diff);
        up.chain(&self.back).cloned().collect()
    }
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
    /// The final blocks below.
    recent: RecentBlocks,
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
    pub(super) const fn new(tip: Tip, bounds: Bounds, recent: RecentBounds) -> Self {
        Self {
            tip,
            recent: RecentBlocks::new(recent),
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

    /// The child of a block that was verified first.
    pub(super) fn first_child(&self, hash: &[u8; 32]) -> Option<&Arc<UnfinalizedBlock>> {
        let mut blocks = self.order.values().filter_map(|at| self.get(at));
        blocks.find(|block| block.header.parent == *hash)
    }

    /// A block whose state can be read.
    ///
    /// # Errors
    /// [`Misuse::UnknownBlock`], [`Misuse::Height`].
    pub(super) fn view(&self, at: At) -> Result<View, Misuse> {
        let height = match at {
            At::Final => self.tip.height,
            At::Height(height) => height,
            At::Block(hash) => match self.path(&hash) {
                Some(path) => {
                    let tip = path.last().map_or(self.tip, |block| block.tip);
                    let back = Vec::new();
                    return Ok(View { tip, path, back });
                }
                None => self.recent.height(&hash).ok_or(Misuse::UnknownBlock)?,
            },
        };
        let found = if height == self.tip.height {
            Some((self.tip, Vec::new()))
        } else {
            self.recent.back_to(height)
        };
        let (tip, back) = found.ok_or(Misuse::Height {
            found: height,
            first: self.recent.first().unwrap_or(self.tip.height),
            last: self.tip.height,
        })?;
        let path = Vec::new();
        Ok(View { tip, path, back })
    }

    /// Number of final blocks below the last one that can be read, and bytes of what that takes.
    pub(super) fn recent_size(&self) -> (usize, u64) {
        self.recent.size()
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
    pub(super) fn finalize(&mut self, block: &UnfinalizedBlock) {
        let tip = block.tip;
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
        self.recent.push(self.tip, block);
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
