//! Makes the proposals of a round: honest ones, and every wrong one that we could think of.

use super::schedule::{Bytes, ROUND_MS};
use crate::simulate::random::Random;
use node::limits::BLOCK_BYTES_MAX;
use node::{Block, Node, transactions_root};

/// What a proposer sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    /// One valid block, to all.
    Honest,
    /// One valid block to half of the validators, another to the rest.
    Equivocating,
    /// The same valid block three times.
    Duplicated,
    /// A valid block, after the round is over.
    Late,
    /// Bytes that are cut, longer, flipped or drawn.
    Malformed,
    /// More bytes than a block may have.
    Oversized,
    /// A wrong result of the parent.
    WrongResult,
    /// A block that was decided before.
    Stale,
    /// A transaction that its signer did not sign.
    Forged,
    /// The parent's time.
    EarlyTime,
    /// A height that is not the next.
    WrongHeight,
    /// Transactions that are not those of the header.
    WrongTransactions,
}

impl Behaviour {
    /// Every behaviour.
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

    /// Place in [`Behaviour::ALL`].
    pub(super) fn place(self) -> usize {
        Self::ALL.iter().position(|one| *one == self).unwrap_or(0)
    }
}

/// A proposal: what it is, to whom it goes, how many milliseconds late.
pub(super) struct Sent {
    pub(super) bytes: Bytes,
    pub(super) to: u32,
    pub(super) delay: u64,
}

/// What a proposer makes its proposals from.
pub(super) struct Material<'a> {
    /// The honest block.
    pub(super) block: Block,
    /// The proposer's node, at the parent.
    pub(super) node: &'a Node,
    /// A block that was decided before, if there is one.
    pub(super) stale: Option<&'a Bytes>,
    /// How many validators there are.
    pub(super) validators: u32,
}

impl Material<'_> {
    /// The proposals of a behaviour.
    pub(super) fn proposals(&self, behaviour: Behaviour, random: &mut Random) -> Vec<Sent> {
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

    /// Another valid block at the same place.
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

    fn to_all(&self, bytes: &[u8], copies: u32, delay: u64) -> Vec<Sent> {
        let bytes = Bytes::from(bytes);
        (0..copies)
            .flat_map(|_| 0..self.validators)
            .map(|to| Sent {
                bytes: Bytes::clone(&bytes),
                to,
                delay,
            })
            .collect()
    }

    fn split(&self, one: &[u8], other: &[u8]) -> Vec<Sent> {
        let (one, other) = (Bytes::from(one), Bytes::from(other));
        let half = self.validators.div_euclid(2);
        (0..self.validators)
            .map(|to| Sent {
                bytes: Bytes::clone(if to < half { &one } else { &other }),
                to,
                delay: 0,
            })
            .collect()
    }
}

fn malformed(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let place = usize::try_from(random.below(length)).unwrap_or_default();
    match random.below(4) {
        0 => bytes.truncate(place),
        1 => bytes.push(0),
        2 => {
            if let Some(byte) = bytes.get_mut(place) {
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
