//! Runs the `jmt` crate as the oracle of the tree.

use jmt::mock::MockTreeStore;
use jmt::proof::SparseMerkleProof;
use jmt::{JellyfishMerkleTree, KeyHash, RootHash, SimpleHasher};
use sha2::{Digest, Sha256};
use tree::hash::{PLACEHOLDER, inner_hash, leaf_hash};
use tree::{Leaf, Path, Proof, Root, ValueHash};

use crate::workload::Changes;

/// SHA-256 as a hasher of `jmt`.
pub(crate) struct Hasher(Sha256);

/// A `jmt` tree in memory with all its versions.
pub(crate) struct Oracle {
    store: MockTreeStore,
    versions: u64,
}

impl SimpleHasher for Hasher {
    fn new() -> Self {
        Self(Sha256::new())
    }

    fn update(&mut self, data: &[u8]) {
        Digest::update(&mut self.0, data);
    }

    fn finalize(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl Oracle {
    pub(crate) fn new() -> Self {
        Self {
            store: MockTreeStore::default(),
            versions: 0,
        }
    }

    pub(crate) fn update(&mut self, changes: &Changes) -> Root {
        let set = changes
            .iter()
            .map(|(path, value)| (KeyHash(*path.as_bytes()), value.clone()));
        let tree = JellyfishMerkleTree::<_, Hasher>::new(&self.store);
        let (root, batch) = tree.put_value_set(set, self.versions).unwrap();
        self.store.write_tree_update_batch(batch).unwrap();
        self.versions += 1;
        Root(root.0)
    }

    /// Proves a path in the last version with `jmt`.
    pub(crate) fn prove(&self, path: &Path) -> (Option<Vec<u8>>, SparseMerkleProof<Hasher>) {
        JellyfishMerkleTree::<_, Hasher>::new(&self.store)
            .get_with_proof(KeyHash(*path.as_bytes()), self.versions - 1)
            .unwrap()
    }
}

/// True if `jmt`'s own verifier accepts a proof.
pub(crate) fn accepts(
    proof: &SparseMerkleProof<Hasher>,
    root: &Root,
    path: &Path,
    value: Option<&[u8]>,
) -> bool {
    proof
        .verify(RootHash(root.0), KeyHash(*path.as_bytes()), value)
        .is_ok()
}

/// Decodes a `jmt` proof, whose fields are private, from its borsh bytes: an optional leaf, then
/// counted siblings, each null, or an inner node's children, or a leaf's path and value hash.
pub(crate) fn convert(proof: &SparseMerkleProof<Hasher>) -> Proof {
    let bytes = borsh::to_vec(proof).unwrap();
    let mut reader = Reader { rest: &bytes };
    let leaf = (reader.take::<1>() == [1]).then(|| reader.leaf());
    let count = u32::from_le_bytes(reader.take());
    let siblings = (0..count).map(|_| reader.sibling()).collect();
    assert!(
        reader.rest.is_empty(),
        "a borsh proof has nothing after its siblings"
    );
    Proof { leaf, siblings }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.rest.split_first_chunk().unwrap();
        self.rest = rest;
        *head
    }

    fn leaf(&mut self) -> Leaf {
        Leaf {
            path: Path::from_bytes(self.take()),
            value: ValueHash(self.take()),
        }
    }

    fn sibling(&mut self) -> [u8; 32] {
        match self.take::<1>() {
            [0] => PLACEHOLDER,
            [1] => inner_hash(&self.take(), &self.take()),
            [2] => {
                let leaf = self.leaf();
                leaf_hash(&leaf.path, &leaf.value)
            }
            tag => panic!("unknown sibling tag {tag:?}"),
        }
    }
}
