//! Encodes the manifest of a snapshot, and compares it with a hash that the caller trusts.

use super::chunk::{Subtree, fold};
use super::{BITS_MAX, MANIFEST_BYTES_MAX};
use crate::digest::{encode, length, sha256};
use crate::header::{BlockResult, Header, Tip};
use borsh::{BorshDeserialize, BorshSerialize};
use vm::Height;

const LINE: &[u8] = b"lockstep/snapshot/1\n";

/// What a snapshot is of, and the hash of each of its chunks.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Manifest {
    /// SHA-256 of the genesis document.
    pub chain_id: [u8; 32],
    /// The block after which the state is this one.
    pub tip: Tip,
    /// Header of that block.
    pub header: Header,
    /// Header of the next block, which has the result of this one; `None` if it was not known.
    pub next: Option<Header>,
    /// Number of entries in all chunks.
    pub entries: u64,
    /// Number of bits of a path that select its chunk, at most [`BITS_MAX`].
    pub bits: u8,
    /// The subtree of each chunk.
    pub(super) subtrees: Vec<Subtree>,
}

/// SHA-256 of the encoded result of a block, as under ABCI: with it a block's state can be trusted
/// before the header of the next block is known.
#[must_use]
pub fn app_hash(result: &BlockResult) -> [u8; 32] {
    sha256(&[&encode(result)])
}

impl Manifest {
    /// Number of chunks.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        1_u32.checked_shl(u32::from(self.bits)).unwrap_or_default()
    }

    /// The file: line, borsh, SHA-256 of both.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = LINE.to_vec();
        bytes.extend(encode(self));
        let sum = sha256(&[&bytes]);
        bytes.extend(sum);
        bytes
    }

    /// Decodes a file, and checks that its parts belong together.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        if length(bytes) > MANIFEST_BYTES_MAX {
            return Err("it is too long");
        }
        let Some((body, sum)) = bytes.split_last_chunk::<32>() else {
            return Err("it is cut off");
        };
        let Some(rest) = body.strip_prefix(LINE) else {
            return Err("it is no manifest of a snapshot, or one of another version");
        };
        if sha256(&[body]) != *sum {
            return Err("it is damaged: its hash is another one");
        }
        let manifest: Self = borsh::from_slice(rest).map_err(|_| "it does not decode")?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), &'static str> {
        let Self { tip, header, .. } = self;
        if tip.height == Height(0) {
            return Err("it is of a genesis");
        }
        let same_block = header.hash() == tip.hash
            && header.height == tip.height
            && header.time_ms == tip.time_ms
            && header.chain_id == self.chain_id;
        if !same_block {
            return Err("its header is not that of its block");
        }
        if self.next.as_ref().is_some_and(|next| !self.is_next(next)) {
            return Err("its next header does not follow its block");
        }
        if self.bits > BITS_MAX || usize::try_from(self.chunks()) != Ok(self.subtrees.len()) {
            return Err("its number of chunks is not possible");
        }
        if fold(self.subtrees.clone()).hash() != tip.result.state_root {
            return Err("its chunks do not have the state root");
        }
        Ok(())
    }

    fn is_next(&self, next: &Header) -> bool {
        next.parent == self.tip.hash
            && Some(next.height.0) == self.tip.height.0.checked_add(1)
            && next.chain_id == self.chain_id
            && next.parent_result == self.tip.result
    }

    /// True if the state follows from this hash: of the next header, or [`app_hash`].
    #[must_use]
    pub fn follows_from(&self, trusted: &[u8; 32]) -> bool {
        let next = self.next.as_ref().map(Header::hash);
        next.as_ref() == Some(trusted) || app_hash(&self.tip.result) == *trusted
    }
}
