//! Verifies a proof under the hash of a trusted header.
//!
//! Specification: docs/spec/proofs.md, "Verification". Tests: `tests/it`,
//! `node/tests/it/proofs.rs`.
use alloc::vec::Vec;

use crate::chain::{BlockResult, Event, Header, Receipt};
use crate::error::ProofError;
use crate::format::{Claim, HEADERS_MAX, Proof};
use crate::hash::{Path, Root, ValueHash};
use crate::list::verify_item;
use crate::tree::{Leaf, TreeProof, verify_leaf};

/// What a verifier wants to know. `height` is that of the block whose result it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected<'a> {
    /// The result of a block.
    Result {
        /// Height of the block.
        height: u64,
    },
    /// The value of a state key after a block, or its absence.
    State {
        /// Height of the block.
        height: u64,
        /// The state key.
        key: &'a [u8],
    },
    /// The receipt of a transaction.
    Receipt {
        /// Height of the block.
        height: u64,
        /// Index of the transaction in the block, from 0.
        transaction: u32,
    },
    /// An event of a transaction.
    Event {
        /// Height of the block.
        height: u64,
        /// Index of the transaction in the block, from 0.
        transaction: u32,
        /// Index of the event among those of the transaction, from 0.
        event: u32,
    },
    /// Whatever the proof is about: the caller compares.
    Any,
}

/// What a proof has proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Height of the block whose result the statement is about.
    pub height: u64,
    /// Header of the next block, which has that result.
    pub header: Header,
    /// What is true of that result.
    pub statement: Statement,
}

/// A proved statement about the result of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// The result.
    Result(BlockResult),
    /// After the block a state key has this value.
    Present {
        /// The state key.
        key: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
    },
    /// After the block a state key has no value.
    Absent {
        /// The state key.
        key: Vec<u8>,
    },
    /// A transaction of the block has this receipt.
    Receipt {
        /// Index of the transaction in the block, from 0.
        transaction: u32,
        /// The receipt.
        receipt: Receipt,
    },
    /// A transaction of the block has this event.
    Event {
        /// Index of the transaction in the block, from 0.
        transaction: u32,
        /// The receipt of the transaction.
        receipt: Receipt,
        /// Index of the event among those of the transaction, from 0.
        index: u32,
        /// The event.
        event: Event,
    },
}

/// Verifies an encoded proof under the hash of a trusted header, which is its last one.
///
/// Hashes at most 4,096 headers, 257 nodes of the tree or two lists of paths, and each byte a few
/// times.
///
/// # Errors
/// [`ProofError`] if the bytes do not prove what is expected.
pub fn verify(
    bytes: &[u8],
    trusted: &[u8; 32],
    expected: &Expected<'_>,
) -> Result<Proved, ProofError> {
    let Proof { headers, claim } = Proof::decode(bytes)?;
    if headers.len() > HEADERS_MAX {
        return Err(ProofError::HeaderCount);
    }
    check_links(&headers, trusted)?;
    let header = headers.into_iter().next().ok_or(ProofError::HeaderCount)?;
    let height = header.height.checked_sub(1).ok_or(ProofError::HeightZero)?;
    let statement = claim.verify(&header.parent_result)?;
    expected.check(height, &statement)?;
    Ok(Proved {
        height,
        header,
        statement,
    })
}

/// Checks that each header is the parent of the next one, and the last one the trusted one.
fn check_links(headers: &[Header], trusted: &[u8; 32]) -> Result<(), ProofError> {
    let mut child: Option<&Header> = None;
    for header in headers.iter().rev() {
        let hash = header.hash();
        let Some(child) = child.replace(header) else {
            if hash != *trusted {
                return Err(ProofError::OtherHeader);
            }
            continue;
        };
        if child.parent != hash || header.height.checked_add(1) != Some(child.height) {
            return Err(ProofError::BrokenChain {
                height: child.height,
            });
        }
    }
    Ok(())
}

impl Claim {
    /// Checks a claim of this result.
    fn verify(self, result: &BlockResult) -> Result<Statement, ProofError> {
        let root = Root(result.state_root);
        match self {
            Self::Result => Ok(Statement::Result(*result)),
            Self::Present {
                key,
                value,
                siblings,
            } => {
                let (path, hash) = (Path::of_key(&key), ValueHash::of(&value));
                let leaf = Some(Leaf { path, value: hash });
                let proof = TreeProof { leaf, siblings };
                verify_leaf(&root, &path, Some(&hash), &proof).map_err(ProofError::State)?;
                Ok(Statement::Present { key, value })
            }
            Self::Absent {
                key,
                leaf,
                siblings,
            } => {
                let proof = TreeProof { leaf, siblings };
                verify_leaf(&root, &Path::of_key(&key), None, &proof).map_err(ProofError::State)?;
                Ok(Statement::Absent { key })
            }
            Self::Receipt { receipt, path } => {
                let found = verify_item(&result.receipts_root, &receipt.encode(), &path);
                let transaction = found.map_err(ProofError::Receipt)?;
                Ok(Statement::Receipt {
                    transaction,
                    receipt,
                })
            }
            Self::Event {
                receipt,
                receipt_path,
                event,
                path,
            } => {
                let found = verify_item(&result.receipts_root, &receipt.encode(), &receipt_path);
                let transaction = found.map_err(ProofError::Receipt)?;
                let found = verify_item(&receipt.events_root, &event.encode(), &path);
                let index = found.map_err(ProofError::Event)?;
                Ok(Statement::Event {
                    transaction,
                    receipt,
                    index,
                    event,
                })
            }
        }
    }
}

impl Expected<'_> {
    fn check(&self, height: u64, statement: &Statement) -> Result<(), ProofError> {
        let wanted = match *self {
            Self::Any => return Ok(()),
            Self::Result { height }
            | Self::State { height, .. }
            | Self::Receipt { height, .. }
            | Self::Event { height, .. } => height,
        };
        if wanted != height {
            return Err(ProofError::ProvesOtherHeight { height });
        }
        let is_expected = match (self, statement) {
            (Self::Result { .. }, Statement::Result(_)) => true,
            (
                Self::State { key: wanted, .. },
                Statement::Present { key, .. } | Statement::Absent { key },
            ) => *wanted == key.as_slice(),
            (
                Self::Receipt {
                    transaction: wanted,
                    ..
                },
                Statement::Receipt { transaction, .. },
            ) => wanted == transaction,
            (
                Self::Event {
                    transaction: wanted,
                    event: wanted_event,
                    ..
                },
                Statement::Event {
                    transaction, index, ..
                },
            ) => wanted == transaction && wanted_event == index,
            _ => false,
        };
        if is_expected {
            Ok(())
        } else {
            Err(ProofError::ProvesOther)
        }
    }
}
