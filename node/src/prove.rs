//! Makes proofs of the state, of receipts and of events, which the crate `lockstep-proof` verifies.
//!
//! Result h is in header h + 1, so a proof is made in two steps: a [`Claim`](proof::Claim) about
//! the result of block h, from the tree or the receipts of that block, and
//! [`with_headers`](crate::prove::with_headers), once a header has that result. A [`Node`] has the
//! tree of its tip only: a claim about the state is made at the tip, and can be completed when the
//! next block exists, by that block's header. [`crate::Chain::prove`] does both for recent blocks.
//!
//! | claim | made from | error |
//! |---|---|---|
//! | value, absence | the tree and the value at the tip | |
//! | receipt | the receipts of any stored block | no block, not stored, no such index |
//! | event | these, and the events of the transaction | the same |
//!
//! Specification: docs/spec/proofs.md. Tests: `tests/it/proofs.rs`.

/// Proofs for ICS 23 verifiers.
mod export;

pub(crate) use export::{AdjacentKeys, export_absence, export_presence};
pub use export::{Ics23ExportError, ics23};

use crate::digest::encode;
use crate::header::Header;
use crate::misuse::Misuse;
use crate::node::Node;
use crate::receipt::{Receipt, events_root, receipts_root};
use proof::list::ListProof;
use proof::{Claim, Expected, Proof, ProofError};
use tree::{Path, Tree, ValueHash, list_proof};
use vm::{Event, Fault, Height};

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// No header has the result yet.
    #[error(
        "the result of block {height} is in the header of the next block, which is not known here: \
         complete the proof with that header once it exists"
    )]
    NotInHeader {
        /// Height of the block.
        height: Height,
    },
    /// The block is not committed.
    #[error("there is no block {height}: the last committed one is block {tip}")]
    NoBlock {
        /// Height asked for.
        height: Height,
        /// Height of the last committed block.
        tip: Height,
    },
    /// The store has no receipts of the block.
    #[error("the receipts of block {height} are not stored: they were dropped with old blocks")]
    NoReceipts {
        /// Height of the block.
        height: Height,
    },
    /// The store has no header of the block.
    #[error("the header of block {height} is not stored: it was dropped with old blocks")]
    NoHeader {
        /// Height of the block.
        height: Height,
    },
    /// The store has no events of the block.
    #[error("the events of block {height} are not stored")]
    NoEvents {
        /// Height of the block.
        height: Height,
    },
    /// The block has no such receipt.
    #[error("there is no receipt {index}: the block has {count}")]
    NoReceipt {
        /// Index asked for, from 0.
        index: u32,
        /// Number of receipts of the block.
        count: usize,
    },
    /// The transaction has no such event.
    #[error("there is no event {index}: the transaction has {count}")]
    NoEvent {
        /// Index asked for, from 0.
        index: u32,
        /// Number of events of the transaction.
        count: usize,
    },
    /// The events are not those of the receipt.
    #[error("the events are not those of the receipt")]
    OtherEvents,
    /// A block is executed and not committed, so the tree is ahead of the store.
    #[error("a block is being executed: the tree is ahead of the committed state")]
    Pending,
    /// The headers do not prove the claim.
    #[error("the headers do not prove the claim about the result of block {height}: {reason}")]
    Unproved {
        /// Height of the block.
        height: Height,
        /// What the verifier says.
        reason: ProofError,
    },
    /// The block is not one that can be read.
    #[error(transparent)]
    Misuse(Misuse),
    /// There is no ICS 23 proof.
    #[error(transparent)]
    Ics23(#[from] Ics23ExportError),
    /// This machine failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Claims the value of a state key, or its absence, after the block that the tree is of. `value` is
/// the committed value.
///
/// # Errors
/// [`Fault::Store`] if the value is not that of the tree.
pub fn state_claim(tree: &Tree, key: &[u8], value: Option<&[u8]>) -> Result<Claim, Fault> {
    let path = Path::of_key(key);
    if tree.get(&path) != value.map(ValueHash::of) {
        return Err(Fault::Store(format!(
            "the value under state key {} is not the committed one",
            hex::encode(key)
        )));
    }
    let tree::Proof { leaf, siblings } = tree.prove(&path);
    let key = key.to_vec();
    Ok(match value {
        Some(value) => Claim::Present {
            key,
            value: value.to_vec(),
            siblings,
        },
        None => Claim::Absent {
            key,
            leaf,
            siblings,
        },
    })
}

/// Claims a receipt, from all receipts of its block. `index` is that of the transaction, from 0.
///
/// # Errors
/// [`ProveError::NoReceipt`].
pub fn receipt_claim(receipts: &[Receipt], index: u32) -> Result<Claim, ProveError> {
    let (receipt, path) = receipt_path(receipts, index)?;
    Ok(Claim::Receipt { receipt, path })
}

/// Claims an event, from all receipts of its block and all events of its transaction. `index` is
/// that of the transaction, `event` that of the event in it, from 0.
///
/// # Errors
/// [`ProveError::NoReceipt`], [`ProveError::OtherEvents`], [`ProveError::NoEvent`].
pub fn event_claim(
    receipts: &[Receipt],
    index: u32,
    events: &[Event],
    event: u32,
) -> Result<Claim, ProveError> {
    let (receipt, receipt_path) = receipt_path(receipts, index)?;
    if events_root(events) != receipt.events_root {
        return Err(ProveError::OtherEvents);
    }
    let none = ProveError::NoEvent {
        index: event,
        count: events.len(),
    };
    let place = usize::try_from(event).unwrap_or(usize::MAX);
    let encoded: Vec<Vec<u8>> = events.iter().map(encode).collect();
    let (Some(event), Some(path)) = (events.get(place), list_proof(&encoded, place)) else {
        return Err(none);
    };
    Ok(Claim::Event {
        receipt,
        receipt_path,
        event: proof::Event {
            address: event.address.0,
            topics: event.topics.clone(),
            data: event.data.clone(),
        },
        path,
    })
}

fn receipt_path(receipts: &[Receipt], index: u32) -> Result<(Receipt, ListProof), ProveError> {
    let place = usize::try_from(index).unwrap_or(usize::MAX);
    let encoded: Vec<Vec<u8>> = receipts.iter().map(Receipt::encode).collect();
    match (receipts.get(place), list_proof(&encoded, place)) {
        (Some(receipt), Some(path)) => Ok((receipt.clone(), path)),
        _ => Err(ProveError::NoReceipt {
            index,
            count: receipts.len(),
        }),
    }
}

/// Completes a claim about the result of block `height` by the headers from `height + 1` to one
/// that the verifier trusts, in order. The proof that is returned verifies under the last of them.
///
/// # Errors
/// [`ProveError::NotInHeader`] without a header, [`ProveError::Unproved`] if the headers are others
/// or the claim is about another block.
pub fn with_headers(claim: Claim, height: Height, headers: &[Header]) -> Result<Proof, ProveError> {
    let Some(trusted) = headers.last() else {
        return Err(ProveError::NotInHeader { height });
    };
    let proof = Proof {
        headers: headers.iter().map(proof::Header::from).collect(),
        claim,
    };
    let unproved = |reason| ProveError::Unproved { height, reason };
    let proved = proof::verify(&proof.encode(), &trusted.hash(), &Expected::Any);
    match proved.map_err(unproved)?.height {
        found if found == height.0 => Ok(proof),
        found => Err(unproved(ProofError::ProvesOtherHeight { height: found })),
    }
}

impl Node {
    /// Claims the value of a state key, or its absence, after the last committed block, whose
    /// height is returned. [`with_headers`] completes the proof once the next block has a header.
    ///
    /// # Errors
    /// [`ProveError::Pending`] between [`Node::execute`] and [`Node::commit`]; a fault if the store
    /// fails or has another value than the tree.
    pub fn state_claim(&self, key: &[u8]) -> Result<(Height, Claim), ProveError> {
        let tip = self.tip();
        if self.tree().root().0 != tip.result.state_root {
            return Err(ProveError::Pending);
        }
        let value = self.store().read(key)?;
        Ok((tip.height, state_claim(self.tree(), key, value.as_deref())?))
    }

    /// Claims the receipt of a transaction by its index in a block, from 0.
    ///
    /// # Errors
    /// [`ProveError::NoBlock`], [`ProveError::NoReceipts`], [`ProveError::NoReceipt`]; a fault if
    /// the store fails or its receipts of the tip are not those of the result.
    pub fn receipt_claim(&self, height: Height, index: u32) -> Result<Claim, ProveError> {
        receipt_claim(&self.stored_receipts(height)?, index)
    }

    /// Claims an event of a transaction by the indices of both, from 0. `events` are all events of
    /// the transaction, from the store or from an observer of the execution.
    ///
    /// # Errors
    /// As [`Node::receipt_claim`], and [`ProveError::OtherEvents`], [`ProveError::NoEvent`].
    pub fn event_claim(
        &self,
        height: Height,
        index: u32,
        events: &[Event],
        event: u32,
    ) -> Result<Claim, ProveError> {
        event_claim(&self.stored_receipts(height)?, index, events, event)
    }

    fn stored_receipts(&self, height: Height) -> Result<Vec<Receipt>, ProveError> {
        let tip = self.tip();
        if height > tip.height {
            return Err(ProveError::NoBlock {
                height,
                tip: tip.height,
            });
        }
        let receipts = self.store().receipts(height)?;
        let receipts = receipts.ok_or(ProveError::NoReceipts { height })?;
        if height == tip.height && receipts_root(&receipts) != tip.result.receipts_root {
            return Err(Fault::Store("the receipts are not the committed ones".to_owned()).into());
        }
        Ok(receipts)
    }
}
