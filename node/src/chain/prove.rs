//! Proves the state, receipts and events of a block by the header of the next one.
//!
//! The tree is at one block. To prove the state of another one it is moved there: down from blocks
//! that are not final, and further back by the reverse diffs of final ones, which are undone.

use super::outcome::ChainError;
use super::unfinalized::{UnfinalizedBlock, UnfinalizedBlocks, View};
use super::{At, Chain, panicked, read_lock};
use crate::base::Base;
use crate::header::Header;
use crate::misuse::Misuse;
use crate::prove::{
    AdjacentKeys, ProveError, event_claim, export_absence, export_presence, receipt_claim,
    state_claim, with_headers,
};
use crate::receipt::Receipt;
use crate::state_tree::SCAN_PAGE;
use crate::store::Store;
use proof::{Claim, Proof};
use std::sync::Arc;
use tree::Path;
use vm::{Event, Fault, Height};

/// Above all state keys: their first byte is a kind, which is lower.
const KEYS_END: &[u8] = &[0xff];

/// What is proved of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The value of a state key, or its absence, after the block.
    State {
        /// State key, kind byte included.
        key: &'a [u8],
    },
    /// As [`Subject::State`], with the same for verifiers of ICS 23. Absence is proved there by the
    /// keys beside, which are found by reading the state, a page at a time.
    Ics23 {
        /// State key, kind byte included.
        key: &'a [u8],
    },
    /// The receipt of a transaction.
    Receipt {
        /// Index of the transaction in the block, from 0.
        index: u32,
    },
    /// An event of a transaction.
    Event {
        /// Index of the transaction in the block, from 0.
        index: u32,
        /// Index of the event in the transaction, from 0.
        event: u32,
    },
}

/// A proof, and the header under whose hash it verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Height of the block whose result is proved.
    pub height: Height,
    /// The proof, with the header.
    pub proof: Proof,
    /// Header of the next block, which contains the result: the final one; else that of a verified
    /// block, of several the one that was verified first.
    pub header: Header,
    /// True if the header is that of a final block.
    pub is_final: bool,
    /// ICS 23 `CommitmentProof` under the state root in the header, for [`Subject::Ics23`].
    pub ics23: Option<Vec<u8>>,
}

/// What is proved of the receipts of a block.
struct Results {
    height: Height,
    receipts: Vec<Receipt>,
    events: Option<Vec<Vec<Event>>>,
}

impl Chain {
    /// Proves what a block resulted in, by the header of the next block.
    ///
    /// State is proved of the blocks that a query can read. Moving the tree to another block costs
    /// the changes of the blocks on the way, there and back, and executions wait meanwhile.
    /// Receipts and events are proved of every block that the store has.
    ///
    /// # Errors
    /// [`ProveError::NotInHeader`] if no next block is final or verified; [`ProveError::Misuse`] if
    /// the block cannot be read; the others name what the block or the store does not have, or why
    /// ICS 23 has no such proof.
    pub fn prove(&self, at: At, subject: &Subject<'_>) -> Result<Proven, ProveError> {
        self.running()?;
        match *subject {
            Subject::State { key } => self.prove_state(at, key, false),
            Subject::Ics23 { key } => self.prove_state(at, key, true),
            Subject::Receipt { index } => self.prove_result(at, index, None),
            Subject::Event { index, event } => self.prove_result(at, index, Some(event)),
        }
    }

    fn prove_state(&self, at: At, key: &[u8], exports: bool) -> Result<Proven, ProveError> {
        let (view, header, is_final, claim, adjacent) = {
            let mut position = self.position.lock().map_err(|_| panicked())?;
            self.running()?;
            let store = read_lock(&self.store)?;
            let (view, next) = {
                let blocks = read_lock(&self.unfinalized)?;
                let view = blocks.view(at)?;
                let next = next_header(&**store, &blocks, view.tip.height, &view.tip.hash)?;
                (view, next)
            };
            let value = Base::path(&**store, &view.diffs()).read(key)?;
            let finds_adjacent = exports && value.is_none();
            let (claim, adjacent) = position.with_tree(&view, |tree| {
                let claim = state_claim(tree, key, value.as_deref())?;
                let path = Path::of_key(key);
                let adjacent = finds_adjacent.then(|| AdjacentKeys::of(tree, &path));
                Ok::<_, Fault>((claim, adjacent))
            })?;
            (view, next.0, next.1, claim, adjacent)
        };
        let ics23 = match adjacent {
            Some(adjacent) => Some(self.export_absence(&view, key, adjacent)?),
            None if exports => Some(export_presence(&claim)?),
            None => None,
        };
        let height = view.tip.height;
        Ok(Proven {
            ics23,
            ..completed(claim, height, header, is_final)?
        })
    }

    /// Reads the state a page at a time, so that a commit need not wait for all of it.
    fn export_absence(
        &self,
        view: &View,
        key: &[u8],
        mut adjacent: AdjacentKeys,
    ) -> Result<Vec<u8>, ProveError> {
        let at = At::Block(view.tip.hash);
        let mut start = Vec::new();
        while !adjacent.are_found() {
            let page = self.with_base(at, |_, base| {
                Ok(base.scan(&(start.as_slice()..KEYS_END), SCAN_PAGE)?)
            })?;
            let Some((last, _)) = page.last() else { break };
            // The smallest key above the last one.
            start = [last.as_slice(), &[0]].concat();
            adjacent.look_in(&page);
        }
        Ok(export_absence(key, &adjacent)?)
    }

    fn prove_result(&self, at: At, index: u32, event: Option<u32>) -> Result<Proven, ProveError> {
        let store = read_lock(&self.store)?;
        let (results, (header, is_final)) = {
            let blocks = read_lock(&self.unfinalized)?;
            match verified(&blocks, at) {
                Some(block) => (
                    Results {
                        height: block.tip.height,
                        receipts: block.receipts.clone(),
                        events: Some(block.events.clone()),
                    },
                    next_header(&**store, &blocks, block.tip.height, &block.tip.hash)?,
                ),
                None => {
                    let height = final_height(&blocks, at)?;
                    let next = next_header(&**store, &blocks, height, &blocks.tip().hash)?;
                    (stored_results(&**store, height, event.is_some())?, next)
                }
            }
        };
        let claim = match event {
            Some(event) => {
                let height = results.height;
                let events = results.events.ok_or(ProveError::NoEvents { height })?;
                let place = usize::try_from(index).unwrap_or(usize::MAX);
                let none = ProveError::NoReceipt {
                    index,
                    count: results.receipts.len(),
                };
                let of_transaction = events.get(place).ok_or(none)?;
                event_claim(&results.receipts, index, of_transaction, event)?
            }
            None => receipt_claim(&results.receipts, index)?,
        };
        completed(claim, results.height, header, is_final)
    }
}

/// A verified block that is not final.
fn verified(blocks: &UnfinalizedBlocks, at: At) -> Option<&Arc<UnfinalizedBlock>> {
    match at {
        At::Block(hash) => blocks.get(&hash),
        At::Final | At::Height(_) => None,
    }
}

/// Height of a final block, recent or not.
fn final_height(blocks: &UnfinalizedBlocks, at: At) -> Result<Height, ProveError> {
    let tip = blocks.tip().height;
    match at {
        At::Final => Ok(tip),
        At::Height(height) if height > tip => Err(ProveError::NoBlock { height, tip }),
        At::Height(height) => Ok(height),
        At::Block(_) => Ok(blocks.view(at)?.tip.height),
    }
}

fn stored_results(
    store: &dyn Store,
    height: Height,
    with_events: bool,
) -> Result<Results, ProveError> {
    let receipts = store.receipts(height)?;
    let receipts = receipts.ok_or(ProveError::NoReceipts { height })?;
    let events = if with_events {
        store.events(height)?
    } else {
        None
    };
    Ok(Results {
        height,
        receipts,
        events,
    })
}

/// The header of the block after this one, and whether that is final.
fn next_header(
    store: &dyn Store,
    blocks: &UnfinalizedBlocks,
    height: Height,
    hash: &[u8; 32],
) -> Result<(Header, bool), ProveError> {
    if height < blocks.tip().height {
        let next = height.next();
        let header = store.header(next)?;
        let header = header.ok_or(ProveError::NoHeader { height: next })?;
        return Ok((header, true));
    }
    let child = blocks.first_child(hash);
    let child = child.ok_or(ProveError::NotInHeader { height })?;
    Ok((child.header.clone(), false))
}

fn completed(
    claim: Claim,
    height: Height,
    header: Header,
    is_final: bool,
) -> Result<Proven, ProveError> {
    let proof = with_headers(claim, height, core::slice::from_ref(&header))?;
    Ok(Proven {
        height,
        proof,
        header,
        is_final,
        ics23: None,
    })
}

impl From<Misuse> for ProveError {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}

impl From<ChainError> for ProveError {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Misuse(misuse) => Self::Misuse(misuse),
            // Proving executes nothing, so that it needs no rules.
            ChainError::RulesUnknown(unknown) => Self::Fault(unknown.into()),
            ChainError::Fault(fault) => Self::Fault(fault),
        }
    }
}
