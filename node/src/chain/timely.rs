//! Votes on a block by the clock of the engine; no rule of validity looks at a clock.

use super::{Chain, Known, Verdict};
use crate::block::Block;
use vm::Fault;

/// The clock of this machine, as the engine reads it for a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Time now, in milliseconds since 1970.
    pub now_ms: u64,
    /// Greatest difference between a block's time and now, before and after, in milliseconds.
    pub drift_ms: u64,
}

impl Clock {
    /// True if a block of this time is of now.
    #[must_use]
    pub const fn allows(&self, time_ms: u64) -> bool {
        time_ms.abs_diff(self.now_ms) <= self.drift_ms
    }
}

impl Chain {
    /// As [`Chain::verify`], for a proposal on which the engine votes now. If the block's time is
    /// not of now, the verdict is [`Verdict::Untimely`] and nothing is executed. A block that was
    /// verified before has its result whatever the clock says. A block that is decided, or that the
    /// engine proposes again because others are locked on it, goes to [`Chain::verify`].
    ///
    /// # Errors
    /// As [`Chain::verify`].
    pub fn verify_timely(&self, block: Block, clock: &Clock) -> Result<Verdict, Fault> {
        self.running()?;
        let time_ms = block.header.time_ms;
        let known = self.known(&block.header.hash(), &block.header)?;
        if clock.allows(time_ms) || matches!(known, Known::Block(_)) {
            return self.verify(block);
        }
        let now_ms = clock.now_ms;
        Ok(Verdict::Untimely { time_ms, now_ms })
    }
}
