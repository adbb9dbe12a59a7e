//! Decides one block a height by counting votes: the seam where a consensus engine comes in.
//!
//! # Invariants
//! * At most one block is decided at a height, and only one that a quorum voted for in one round.

use super::schedule::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use vm::Height;

/// Votes of the current round and everything that was decided.
#[derive(Debug)]
pub(super) struct Ordering {
    quorum: usize,
    height: Height,
    round: u64,
    proposed: BTreeMap<[u8; 32], Bytes>,
    votes: BTreeMap<[u8; 32], BTreeSet<u32>>,
    /// Block h is at place h - 1.
    decided: Vec<Bytes>,
}

impl Ordering {
    /// Nothing decided yet; `quorum` votes decide.
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

    /// How many blocks are decided.
    pub(super) fn height(&self) -> Height {
        Height(u64::try_from(self.decided.len()).unwrap_or(u64::MAX))
    }

    /// The decided block of a height.
    pub(super) fn decided(&self, height: Height) -> Option<&Bytes> {
        let place = usize::try_from(height.0.checked_sub(1)?).ok()?;
        self.decided.get(place)
    }

    /// Begins a round; votes of earlier ones no longer count.
    pub(super) fn begin(&mut self, height: Height, round: u64) {
        (self.height, self.round) = (height, round);
        self.proposed.clear();
        self.votes.clear();
    }

    /// Remembers what a hash stands for.
    pub(super) fn propose(&mut self, hash: [u8; 32], bytes: &Bytes) {
        self.proposed.insert(hash, Bytes::clone(bytes));
    }

    /// Counts a vote; true if it decides the height.
    pub(super) fn vote(&mut self, from: u32, place: (Height, u64), hash: [u8; 32]) -> bool {
        if place != (self.height, self.round) || self.height() >= self.height {
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
        self.decided.push(Bytes::clone(bytes));
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
        ordering.propose(one, &Bytes::from([1].as_slice()));
        ordering.propose(other, &Bytes::from([2].as_slice()));
        assert!(!ordering.vote(0, (Height(1), 0), one));
        assert!(
            !ordering.vote(0, (Height(1), 0), one),
            "a doubled vote counts once"
        );
        assert!(!ordering.vote(1, (Height(1), 0), other));
        assert!(!ordering.vote(2, (Height(1), 0), one));
        assert!(!ordering.vote(3, (Height(1), 1), one), "another round");
        assert!(
            !ordering.vote(3, (Height(1), 0), [3; 32]),
            "a hash nobody proposed"
        );
        ordering.begin(Height(1), 1);
        ordering.propose(other, &Bytes::from([2].as_slice()));
        assert!(
            !ordering.vote(3, (Height(1), 1), other),
            "votes of round 0 are gone"
        );
        assert!(!ordering.vote(2, (Height(1), 1), other));
        assert!(ordering.vote(1, (Height(1), 1), other));
        assert!(!ordering.vote(0, (Height(1), 1), other), "decided already");
        assert_eq!(ordering.height(), Height(1));
        assert_eq!(ordering.decided(Height(1)).map(|bytes| bytes[0]), Some(2));
        assert!(ordering.decided(Height(0)).is_none() && ordering.decided(Height(2)).is_none());
    }
}
