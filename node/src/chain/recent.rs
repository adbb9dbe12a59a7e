//! Keeps how to go back from the last final block to those before it, bounded by number and bytes.
//!
//! ```text
//! store: state of block n    reverse diff of n -> state of n - 1    reverse diff of n - 1 -> ...
//! ```

use super::unfinalized::{UnfinalizedBlock, diff_bytes};
use crate::header::Tip;
use std::collections::VecDeque;
use std::sync::Arc;
use vm::{Height, StateDiff};

/// Bounds of the recent final blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecentBounds {
    /// Blocks below the last final one.
    pub(super) blocks: usize,
    /// Bytes of their reverse diffs.
    pub(super) bytes: u64,
}

/// The last final blocks, the oldest first.
#[derive(Debug)]
pub(super) struct RecentBlocks {
    bounds: RecentBounds,
    blocks: VecDeque<RecentBlock>,
    bytes: u64,
}

/// A final block below the last one.
#[derive(Debug)]
struct RecentBlock {
    tip: Tip,
    /// Values before the next block, of the keys that it changed.
    reverse: Arc<StateDiff>,
    bytes: u64,
}

impl RecentBlocks {
    /// None: a restart forgets them.
    pub(super) const fn new(bounds: RecentBounds) -> Self {
        Self {
            bounds,
            blocks: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Adds the last final block, because its child becomes final; drops the oldest until the rest
    /// fits.
    pub(super) fn push(&mut self, tip: Tip, child: &UnfinalizedBlock) {
        let reverse = Arc::clone(&child.reverse);
        let bytes = diff_bytes(&reverse);
        self.bytes = self.bytes.saturating_add(bytes);
        self.blocks.push_back(RecentBlock {
            tip,
            reverse,
            bytes,
        });
        while self.blocks.len() > self.bounds.blocks || self.bytes > self.bounds.bytes {
            let Some(oldest) = self.blocks.pop_front() else {
                return;
            };
            self.bytes = self.bytes.saturating_sub(oldest.bytes);
        }
    }

    /// The lowest height that can be read; `None` if only the last final block can be.
    pub(super) fn first(&self) -> Option<Height> {
        self.blocks.front().map(|block| block.tip.height)
    }

    /// Height of the block with this hash.
    pub(super) fn height(&self, hash: &[u8; 32]) -> Option<Height> {
        let mut blocks = self.blocks.iter();
        let found = blocks.find(|block| block.tip.hash == *hash);
        found.map(|block| block.tip.height)
    }

    /// A block, and the reverse diffs from the last final block down to it.
    pub(super) fn back_to(&self, height: Height) -> Option<(Tip, Vec<Arc<StateDiff>>)> {
        let mut back = Vec::new();
        for block in self.blocks.iter().rev() {
            back.push(Arc::clone(&block.reverse));
            if block.tip.height == height {
                return Some((block.tip, back));
            }
        }
        None
    }

    /// Number of blocks, and bytes of their reverse diffs.
    pub(super) fn size(&self) -> (usize, u64) {
        (self.blocks.len(), self.bytes)
    }
}
