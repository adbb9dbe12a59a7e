//! Encodes proofs as ICS 23 `CommitmentProof` messages.
//!
//! For light clients that have an ICS 23 verifier and not ours.
//!
//! The specification that a verifier needs is `jmt::ics23_spec()`: leaves and inner nodes as in
//! [`crate::hash`], key and value hashed by the leaf, keys compared by their hashes. A proof of
//! presence is the leaf with its path to the root. A proof of absence is the two leaves beside the
//! absent path, each with its path to the root; the verifier checks that they are adjacent.
//!
//! ICS 23 proofs contain state keys and values, where ours contain hashes, so the caller looks them
//! up. The encoding is protobuf 3: fields in the order of their numbers, defaults left out.
//!
//! Specification: cosmos/ics, ICS 23. Tests: `tests/it/ics23.rs`, with the `ics23` crate as
//! verifier.

use crate::hash::Path;
use crate::proof::Proof;

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

/// Encodes the `CommitmentProof` that a key has a value.
#[must_use]
pub fn presence(present: &Present<'_>) -> Vec<u8> {
    let mut message = Vec::new();
    put_bytes(&mut message, 1, &existence(present));
    message
}

/// Encodes the `CommitmentProof` that a key is absent, from the keys beside its path; see
/// [`Tree::adjacent`](crate::Tree::adjacent). ICS 23 has no proof for the empty tree: a message
/// without either leaf proves nothing.
#[must_use]
pub fn absence(key: &[u8], below: Option<&Present<'_>>, above: Option<&Present<'_>>) -> Vec<u8> {
    let mut nonexistence = Vec::new();
    put_bytes(&mut nonexistence, 1, key);
    for (field, adjacent) in [(2, below), (3, above)] {
        if let Some(present) = adjacent {
            put_bytes(&mut nonexistence, field, &existence(present));
        }
    }
    let mut message = Vec::new();
    put_bytes(&mut message, 2, &nonexistence);
    message
}

/// `HashOp::Sha256`.
const SHA256: u8 = 1;

fn existence(present: &Present<'_>) -> Vec<u8> {
    let Present { key, value, proof } = present;
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
    message
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
