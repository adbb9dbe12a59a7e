//! Decides one block a height by counting votes: the interface where a consensus engine connects.
//!
//! # Invariants
//! * At most one block is decided at a height, and only one with a quorum of votes in one round.

use super::schedule::BlockBytes;
use std::collections::{BTreeMap, BTreeSet};
use vm::Height;

/// Votes of the current round, and all decided blocks.
#[derive(Debug)]
pub(super) struct Ordering {
    quorum: usize,
    height: Height,
    round: u64,
    proposed: BTreeMap<[u8; 32], BlockBytes>,
    votes: BTreeMap<[u8; 32], BTreeSet<u32>>,
    /// Block h is at index h - 1.
    decided: Vec<BlockBytes>,
}

impl Ordering {
    /// An ordering without decisions; `quorum` votes decide.
    pub(super) const fn new(quorum: usize) -> Self {
        Self {
            quorum,
            height: Height(0),
            round: 0,
            proposed: BTreeMap::new(),
            votes: BTreeMap::new(),
            decided: Vec::new(),
        }
    }

    /// Number of decided blocks.
    pub(super) fn height(&self) -> Height {
        Height(u64::try_from(self.decided.len()).unwrap_or(u64::MAX))
    }

    /// The decided block of a height.
    pub(super) fn decided(&self, height: Height) -> Option<&BlockBytes> {
        let index = usize::try_from(height.0.checked_sub(1)?).ok()?;
        self.decided.get(index)
    }

    /// Begins a round; votes of earlier rounds no longer count.
    pub(super) fn begin(&mut self, height: Height, round: u64) {
        (self.height, self.round) = (height, round);
        self.proposed.clear();
        self.votes.clear();
    }

    /// Stores the block with a hash.
    pub(super) fn propose(&mut self, hash: [u8; 32], bytes: &BlockBytes) {
        self.proposed.insert(hash, BlockBytes::clone(bytes));
    }

    /// Counts a vote; true if it decides the height.
    pub(super) fn vote(&mut self, from: u32, at: (Height, u64), hash: [u8; 32]) -> bool {
        if at != (self.height, self.round) || self.height() >= self.height {
            return false;
        }
        let votes = self.votes.entry(hash).or_default();
        votes.insert(from);
        let Some(bytes) = self.proposed.get(&hash) else {
            return false;
        };
        if votes.len() < self.quorum {
            return false;
        }
        self.decided.push(BlockBytes::clone(bytes));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_block_a_height_by_a_quorum_of_one_round() {
        let mut ordering = Ordering::new(3);
        let (one, other) = ([1; 32], [2; 32]);
        ordering.begin(Height(1), 0);
        ordering.propose(one, &BlockBytes::from([1].as_slice()));
        ordering.propose(other, &BlockBytes::from([2].as_slice()));
        assert!(!ordering.vote(0, (Height(1), 0), one));
        assert!(
            !ordering.vote(0, (Height(1), 0), one),
            "a duplicated vote counts once"
        );
        assert!(!ordering.vote(1, (Height(1), 0), other));
        assert!(!ordering.vote(2, (Height(1), 0), one));
        assert!(!ordering.vote(3, (Height(1), 1), one), "another round");
        assert!(
            !ordering.vote(3, (Height(1), 0), [3; 32]),
            "a hash without a proposal"
        );
        ordering.begin(Height(1), 1);
        ordering.propose(other, &BlockBytes::from([2].as_slice()));
        assert!(
            !ordering.vote(3, (Height(1), 1), other),
            "votes of round 0 no longer count"
        );
        assert!(!ordering.vote(2, (Height(1), 1), other));
        assert!(ordering.vote(1, (Height(1), 1), other));
        assert!(!ordering.vote(0, (Height(1), 1), other), "decided already");
        assert_eq!(ordering.height(), Height(1));
        assert_eq!(ordering.decided(Height(1)).map(|bytes| bytes[0]), Some(2));
        assert!(ordering.decided(Height(0)).is_none() && ordering.decided(Height(2)).is_none());
    }
}
