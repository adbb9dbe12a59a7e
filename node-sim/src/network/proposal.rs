//! Makes the proposals of a round, honest ones and Byzantine ones.

use super::schedule::{BlockBytes, ROUND_MS};
use crate::simulate::random::Random;
use node::limits::BLOCK_BYTES_MAX;
use node::{Block, Node, transactions_root};

/// Behaviour of a proposer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    /// Sends one valid block to all.
    Honest,
    /// Sends one valid block to half of the validators, another to the rest.
    Equivocating,
    /// Sends the same valid block three times.
    Duplicated,
    /// Sends a valid block after the end of the round.
    Late,
    /// Sends bytes that are truncated, extended, flipped or random.
    Malformed,
    /// Sends more bytes than a block may have.
    Oversized,
    /// States a wrong result of the parent.
    WrongResult,
    /// Sends a block that was decided earlier.
    Stale,
    /// Includes a transaction with a wrong signature.
    Forged,
    /// States the parent's time.
    EarlyTime,
    /// States a height that is not the next one.
    WrongHeight,
    /// Sends transactions that are not those of the header.
    WrongTransactions,
}

impl Behaviour {
    /// All behaviours.
    pub const ALL: [Self; 12] = [
        Self::Honest,
        Self::Equivocating,
        Self::Duplicated,
        Self::Late,
        Self::Malformed,
        Self::Oversized,
        Self::WrongResult,
        Self::Stale,
        Self::Forged,
        Self::EarlyTime,
        Self::WrongHeight,
        Self::WrongTransactions,
    ];

    /// Index in [`Behaviour::ALL`].
    pub(super) fn index(self) -> usize {
        Self::ALL.iter().position(|one| *one == self).unwrap_or(0)
    }
}

/// A proposal on its way: bytes, recipient, and extra delay in milliseconds.
pub(super) struct OutgoingProposal {
    pub(super) bytes: BlockBytes,
    pub(super) to: u32,
    pub(super) delay: u64,
}

/// Inputs of the proposals of a round.
pub(super) struct ProposalInputs<'a> {
    /// The honest block.
    pub(super) block: Block,
    /// The proposer's node, at the parent.
    pub(super) node: &'a Node,
    /// A block that was decided earlier, if there is one.
    pub(super) stale: Option<&'a BlockBytes>,
    /// Number of validators.
    pub(super) validators: u32,
}

impl ProposalInputs<'_> {
    /// The proposals of a behaviour.
    pub(super) fn proposals(
        &self,
        behaviour: Behaviour,
        random: &mut Random,
    ) -> Vec<OutgoingProposal> {
        let honest = self.block.encode();
        match behaviour {
            Behaviour::Honest => self.to_all(&honest, 1, 0),
            Behaviour::Equivocating => self.split(&honest, &self.other().encode()),
            Behaviour::Duplicated => self.to_all(&honest, 3, 0),
            Behaviour::Late => self.to_all(&honest, 1, ROUND_MS),
            Behaviour::Malformed => self.to_all(&malformed(honest, random), 1, 0),
            Behaviour::Oversized => self.to_all(&oversized(honest), 1, 0),
            Behaviour::Stale => {
                let stale = self.stale.map_or(honest, |bytes| bytes.to_vec());
                self.to_all(&stale, 1, 0)
            }
            Behaviour::WrongResult
            | Behaviour::Forged
            | Behaviour::EarlyTime
            | Behaviour::WrongHeight
            | Behaviour::WrongTransactions => self.to_all(&self.wrong(behaviour).encode(), 1, 0),
        }
    }

    /// A block that decodes and breaks one rule.
    fn wrong(&self, behaviour: Behaviour) -> Block {
        let mut block = self.block.clone();
        match behaviour {
            Behaviour::WrongResult => {
                let [first, ..] = &mut block.header.parent_result.state_root;
                *first ^= 1;
            }
            Behaviour::Forged => {
                if let Some([first, ..]) = block
                    .transactions
                    .first_mut()
                    .map(|signed| &mut signed.signature)
                {
                    *first ^= 1;
                }
                block.header.transactions_root = transactions_root(&block.transactions);
            }
            Behaviour::EarlyTime => block.header.time_ms = self.node.tip().time_ms,
            Behaviour::WrongHeight => {
                block.header.height = block.header.height.next();
            }
            _ => {
                block.transactions.pop();
            }
        }
        block
    }

    /// Another valid block on the same parent.
    fn other(&self) -> Block {
        let header = &self.block.header;
        let mut transactions = self.block.transactions.clone();
        transactions.pop();
        self.node.propose(
            transactions,
            header.time_ms.saturating_add(1),
            header.proposer,
        )
    }

    fn to_all(&self, bytes: &[u8], copies: u32, delay: u64) -> Vec<OutgoingProposal> {
        let bytes = BlockBytes::from(bytes);
        (0..copies)
            .flat_map(|_| 0..self.validators)
            .map(|to| OutgoingProposal {
                bytes: BlockBytes::clone(&bytes),
                to,
                delay,
            })
            .collect()
    }

    fn split(&self, one: &[u8], other: &[u8]) -> Vec<OutgoingProposal> {
        let (one, other) = (BlockBytes::from(one), BlockBytes::from(other));
        let half = self.validators.div_euclid(2);
        (0..self.validators)
            .map(|to| OutgoingProposal {
                bytes: BlockBytes::clone(if to < half { &one } else { &other }),
                to,
                delay: 0,
            })
            .collect()
    }
}

fn malformed(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let index = usize::try_from(random.below(length)).unwrap_or_default();
    match random.below(4) {
        0 => bytes.truncate(index),
        1 => bytes.push(0),
        2 => {
            if let Some(byte) = bytes.get_mut(index) {
                *byte ^= 1;
            }
        }
        _ => bytes = random.bytes().to_vec(),
    }
    bytes
}

fn oversized(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = usize::try_from(BLOCK_BYTES_MAX).unwrap_or(usize::MAX);
    bytes.resize(length.saturating_add(1), 0);
    bytes
}
