//! Measures how long each executor takes: for the page alone, in no result.

use node_sim::simulate::series::{Absorb, Series};
use std::time::Duration;
#[expect(
    clippy::disallowed_types,
    reason = "measures for a person; in no result"
)]
use std::time::Instant;

/// Time of some blocks in a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    /// Nanoseconds of each executor, by number.
    pub(crate) nanoseconds: Vec<u64>,
}

impl Absorb for Times {
    fn absorb(&mut self, later: Self) {
        let length = self.nanoseconds.len().max(later.nanoseconds.len());
        self.nanoseconds.resize(length, 0);
        for (sum, more) in self.nanoseconds.iter_mut().zip(later.nanoseconds) {
            *sum = sum.saturating_add(more);
        }
    }
}

/// How long the executors took, block by block.
#[expect(
    clippy::disallowed_types,
    reason = "measures for a person; in no result"
)]
#[derive(Debug, Default)]
pub(crate) struct Timing {
    blocks: Series<Times>,
    /// The block that is being applied.
    current: Times,
    began: Option<Instant>,
}

#[expect(
    clippy::disallowed_types,
    reason = "measures for a person; in no result"
)]
impl Timing {
    /// An executor begins a block; executor 0 is the first to.
    pub(crate) fn applying(&mut self, executor: u32) {
        if executor == 0 {
            self.flush();
        }
        self.began = Some(Instant::now());
    }

    /// It has applied the block.
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

    /// Rows that hold the same blocks as those of the report.
    pub(crate) const fn blocks(&self) -> &Series<Times> {
        &self.blocks
    }

    /// Nanoseconds of one executor over the whole run.
    pub(crate) fn total(&self, executor: usize) -> u64 {
        let rows = self.blocks.rows().iter();
        rows.fold(0, |sum: u64, row| {
            sum.saturating_add(row.nanoseconds.get(executor).copied().unwrap_or_default())
        })
    }
}
