//! Encodes proofs as ICS 23 `CommitmentProof` messages.
//!
//! For light clients that have an ICS 23 verifier and not ours.
//!
//! The specification that a verifier needs is `jmt::ics23_spec()`: leaves and inner nodes as in
//! [`crate::hash`], key and value hashed by the leaf, keys compared by their hashes. A proof of
//! presence is the leaf with its path to the root. A proof of absence is the two leaves beside the
//! absent path, each with its path to the root; the verifier checks that they are adjacent.
//!
//! ICS 23 verifiers reject empty keys and values, paths of more than 64 levels (under that
//! specification), and have no proof for the empty tree. What they would reject is an
//! [`Ics23Error`](crate::ics23::Ics23Error); the tree's own proofs cover it.
//!
//! ICS 23 proofs contain state keys and values, where ours contain hashes, so the caller looks them
//! up. The encoding is protobuf 3: fields in the order of their numbers, defaults left out.
//!
//! Specification: cosmos/ics, ICS 23; docs/spec/proofs.md, "ICS 23". Tests:
//! `tests/it/ics23.rs`, with the `ics23` crate as verifier.

use core::fmt;
use proof::hash::Path;

use crate::Proof;

/// A key that is present, its value, and its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present<'a> {
    /// The state key.
    pub key: &'a [u8],
    /// Value of the key.
    pub value: &'a [u8],
    /// [`Tree::prove`](crate::Tree::prove) of the key's path.
    pub proof: &'a Proof,
}

/// The greatest number of levels of a path under `jmt::ics23_spec()`.
const LEVELS_MAX: usize = 64;

/// Why ICS 23 cannot prove what is true of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ics23Error {
    /// The key has an empty value.
    EmptyValue,
    /// The key is absent, and a key beside it in the tree has an empty value.
    EmptyValueBeside {
        /// The key with the empty value.
        key: Vec<u8>,
    },
    /// A key of no bytes.
    EmptyKey,
    /// The tree has no leaf beside the absent key.
    EmptyTree,
    /// A path has more than 64 levels.
    TooManyLevels {
        /// Number of levels of the path.
        levels: usize,
    },
}

/// Encodes the `CommitmentProof` that a key has a value.
///
/// # Errors
/// [`Ics23Error`] if a verifier would reject it.
pub fn presence(present: &Present<'_>) -> Result<Vec<u8>, Ics23Error> {
    let mut message = Vec::new();
    put_bytes(&mut message, 1, &existence(present)?);
    Ok(message)
}

/// Encodes the `CommitmentProof` that a key is absent, from the keys beside its path; see
/// [`Tree::adjacent`](crate::Tree::adjacent).
///
/// # Errors
/// [`Ics23Error`] if a verifier would reject it.
pub fn absence(
    key: &[u8],
    below: Option<&Present<'_>>,
    above: Option<&Present<'_>>,
) -> Result<Vec<u8>, Ics23Error> {
    if below.is_none() && above.is_none() {
        return Err(Ics23Error::EmptyTree);
    }
    let mut nonexistence = Vec::new();
    put_bytes(&mut nonexistence, 1, key);
    for (field, adjacent) in [(2, below), (3, above)] {
        if let Some(present) = adjacent {
            let existence = existence(present).map_err(|error| match error {
                Ics23Error::EmptyValue => Ics23Error::EmptyValueBeside {
                    key: present.key.to_vec(),
                },
                other => other,
            })?;
            put_bytes(&mut nonexistence, field, &existence);
        }
    }
    let mut message = Vec::new();
    put_bytes(&mut message, 2, &nonexistence);
    Ok(message)
}

/// `HashOp::Sha256`.
const SHA256: u8 = 1;

fn existence(present: &Present<'_>) -> Result<Vec<u8>, Ics23Error> {
    let Present { key, value, proof } = present;
    if key.is_empty() {
        return Err(Ics23Error::EmptyKey);
    }
    if value.is_empty() {
        return Err(Ics23Error::EmptyValue);
    }
    if proof.siblings.len() > LEVELS_MAX {
        let levels = proof.siblings.len();
        return Err(Ics23Error::TooManyLevels { levels });
    }
    let mut message = Vec::new();
    put_bytes(&mut message, 1, key);
    put_bytes(&mut message, 2, value);
    let mut leaf = Vec::new();
    // Hash of the leaf, of its key, of its value; field 4 (no length prefix) has its default.
    for field in 1..=3 {
        put_enum(&mut leaf, field, SHA256);
    }
    put_bytes(&mut leaf, 5, b"JMT::LeafNode");
    put_bytes(&mut message, 3, &leaf);
    let path = Path::of_key(key);
    let levels = u32::try_from(proof.siblings.len()).unwrap_or(u32::MAX);
    for (sibling, depth) in proof.siblings.iter().zip((0..levels).rev()) {
        put_bytes(&mut message, 4, &step(sibling, path.bit(depth)));
    }
    Ok(message)
}

/// One level: the bytes before and after the hash from below.
fn step(sibling: &[u8; 32], is_right: bool) -> Vec<u8> {
    let mut prefix = b"JMT::IntrnalNode".to_vec();
    let mut suffix = Vec::new();
    if is_right {
        prefix.extend(sibling);
    } else {
        suffix.extend(sibling);
    }
    let mut message = Vec::new();
    put_enum(&mut message, 1, SHA256);
    put_bytes(&mut message, 2, &prefix);
    put_bytes(&mut message, 3, &suffix);
    message
}

fn put_enum(message: &mut Vec<u8>, field: u8, value: u8) {
    message.extend([field << 3, value]);
}

/// Appends a field of bytes or of a message; an empty one is the default and left out.
fn put_bytes(message: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    message.push((field << 3) | 2);
    let mut length = bytes.len();
    while length > 0x7f {
        message.push(u8::try_from(length & 0x7f).unwrap_or(0x7f) | 0x80);
        length >>= 7;
    }
    message.push(u8::try_from(length).unwrap_or(0x7f));
    message.extend(bytes);
}

impl fmt::Display for Ics23Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ICS 23 ")?;
        match self {
            Self::EmptyValue => f.write_str("has no proof of an empty value")?,
            Self::EmptyValueBeside { key } => {
                f.write_str("proves absence by the keys beside it, and key ")?;
                key.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str(" there has an empty value, of which it has no proof")?;
            }
            Self::EmptyKey => f.write_str("has no proof of an empty key")?,
            Self::EmptyTree => f.write_str("has no proof of the empty tree")?,
            Self::TooManyLevels { levels } => {
                write!(f, "has no proof of a path of {levels} levels: at most 64")?;
            }
        }
        f.write_str("; use the proof format of Lockstep")?;
        match self {
            Self::EmptyValue | Self::EmptyValueBeside { .. } => {
                f.write_str(", or store values of at least one byte")
            }
            _ => Ok(()),
        }
    }
}

impl core::error::Error for Ics23Error {}
