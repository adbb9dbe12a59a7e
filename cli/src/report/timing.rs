//! Measures how long each executor takes; only the page shows it.

use node_sim::simulate::series::{Absorb, Series};
use std::time::Duration;
#[expect(
    clippy::disallowed_types,
    reason = "measures time for the page; part of no result"
)]
use std::time::Instant;

/// Times of a group of consecutive blocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockTimes {
    /// Time of each executor, by number, in nanoseconds.
    pub(crate) nanoseconds: Vec<u64>,
}

impl Absorb for BlockTimes {
    fn absorb(&mut self, later: Self) {
        let length = self.nanoseconds.len().max(later.nanoseconds.len());
        self.nanoseconds.resize(length, 0);
        for (sum, more) in self.nanoseconds.iter_mut().zip(later.nanoseconds) {
            *sum = sum.saturating_add(more);
        }
    }
}

/// Times of the executors, block by block.
#[expect(
    clippy::disallowed_types,
    reason = "measures time for the page; part of no result"
)]
#[derive(Debug, Default)]
pub(crate) struct Timing {
    blocks: Series<BlockTimes>,
    /// Times of the current block.
    current: BlockTimes,
    began: Option<Instant>,
}

#[expect(
    clippy::disallowed_types,
    reason = "measures time for the page; part of no result"
)]
impl Timing {
    /// Starts the clock for an executor; executor 0 is the first one of a block.
    pub(crate) fn applying(&mut self, executor: u32) {
        if executor == 0 {
            self.flush();
        }
        self.began = Some(Instant::now());
    }

    /// Stops the clock: the executor has applied the block.
    pub(crate) fn applied(&mut self) {
        let took = self.began.take().map_or(Duration::ZERO, |at| at.elapsed());
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.current.nanoseconds.push(nanoseconds);
    }

    /// Ends the last block.
    pub(crate) fn flush(&mut self) {
        let block = core::mem::take(&mut self.current);
        if !block.nanoseconds.is_empty() {
            self.blocks.push(block);
        }
    }

    /// Rows for the same blocks as those of the report.
    pub(crate) const fn blocks(&self) -> &Series<BlockTimes> {
        &self.blocks
    }

    /// Time of one executor for the whole simulation, in nanoseconds.
    pub(crate) fn total(&self, executor: usize) -> u64 {
        let rows = self.blocks.rows().iter();
        rows.fold(0, |sum: u64, row| {
            sum.saturating_add(row.nanoseconds.get(executor).copied().unwrap_or_default())
        })
    }
}
