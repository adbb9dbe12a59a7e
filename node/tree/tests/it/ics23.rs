//! Checks ICS 23 proofs with the `ics23` crate, under the specification of `jmt`.

use std::collections::BTreeMap;

use ics23::commitment_proof::Proof as Kind;
use ics23::{
    CommitmentProof, HashOp, HostFunctionsProvider, InnerSpec, LeafOp, LengthOp, ProofSpec,
    verify_membership, verify_non_membership,
};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tree::hash::PLACEHOLDER;
use tree::ics23::{Ics23Error, Present, absence, presence};
use tree::{Path, Proof, Root, Tree, ValueHash};

use crate::workload::Rng;

/// The value of `ics23_spec()` in `jmt` 0.12, whose feature `ics23` needs a C compiler.
fn spec() -> ProofSpec {
    let sha256 = i32::from(HashOp::Sha256);
    ProofSpec {
        leaf_spec: Some(LeafOp {
            hash: sha256,
            prehash_key: sha256,
            prehash_value: sha256,
            length: LengthOp::NoPrefix.into(),
            prefix: b"JMT::LeafNode".to_vec(),
        }),
        inner_spec: Some(InnerSpec {
            hash: sha256,
            child_order: vec![0, 1],
            min_prefix_length: 16,
            max_prefix_length: 16,
            child_size: 32,
            empty_child: PLACEHOLDER.to_vec(),
        }),
        min_depth: 0,
        max_depth: 64,
        prehash_key_before_comparison: true,
    }
}

/// The one hash function that the specification names; only damaged proofs name others.
struct Hashes;

impl HostFunctionsProvider for Hashes {
    fn sha2_256(message: &[u8]) -> [u8; 32] {
        Sha256::digest(message).into()
    }

    fn sha2_512(_: &[u8]) -> [u8; 64] {
        [0; 64]
    }

    fn sha2_512_truncated(_: &[u8]) -> [u8; 32] {
        [0; 32]
    }

    fn keccak_256(_: &[u8]) -> [u8; 32] {
        [0; 32]
    }

    fn ripemd160(_: &[u8]) -> [u8; 20] {
        [0; 20]
    }

    fn blake2b_512(_: &[u8]) -> [u8; 64] {
        [0; 64]
    }

    fn blake2s_256(_: &[u8]) -> [u8; 32] {
        [0; 32]
    }

    fn blake3(_: &[u8]) -> [u8; 32] {
        [0; 32]
    }
}

/// A tree with the keys and values of its leaves, by path, as in a node's store.
struct KeyedTree {
    tree: Tree,
    entries: BTreeMap<Path, (Vec<u8>, Vec<u8>)>,
}

/// Key, value and proof of a leaf beside a path.
type AdjacentEntry<'a> = (&'a [u8], &'a [u8], Proof);

impl KeyedTree {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let count = 1 + rng.below(200);
        let mut keyed = Self {
            tree: Tree::new(),
            entries: BTreeMap::new(),
        };
        for number in 0..count {
            let key = format!("key {seed} {number}").into_bytes();
            // ICS 23 rejects empty values.
            let value = vec![rng.bytes()[0]; 1 + rng.below(200)];
            keyed.entries.insert(Path::of_key(&key), (key, value));
        }
        let changes = keyed
            .entries
            .iter()
            .map(|(path, (_, value))| (*path, Some(ValueHash::of(value))));
        keyed.tree.update(&changes.collect());
        keyed
    }

    fn adjacent_entries(&self, path: &Path) -> [Option<AdjacentEntry<'_>>; 2] {
        self.tree.adjacent(path).map(|leaf| {
            let leaf = leaf?;
            let (key, value) = &self.entries[&leaf.path];
            assert_eq!(ValueHash::of(value), leaf.value);
            Some((
                key.as_slice(),
                value.as_slice(),
                self.tree.prove(&leaf.path),
            ))
        })
    }

    fn absence(&self, key: &[u8]) -> Vec<u8> {
        let entries = self.adjacent_entries(&Path::of_key(key));
        let [below, above] = entries.each_ref().map(|entry| {
            let (key, value, proof) = entry.as_ref()?;
            Some(Present { key, value, proof })
        });
        absence(key, below.as_ref(), above.as_ref()).unwrap()
    }
}

fn decoded(bytes: &[u8]) -> CommitmentProof {
    let proof = CommitmentProof::decode(bytes).unwrap();
    assert_eq!(
        proof.encode_to_vec(),
        bytes,
        "our encoding is the canonical one"
    );
    proof
}

fn is_member(bytes: &[u8], root: &Root, key: &[u8], value: &[u8]) -> bool {
    verify_membership::<Hashes>(&decoded(bytes), &spec(), &root.0.to_vec(), key, value)
}

fn is_absent(bytes: &[u8], root: &Root, key: &[u8]) -> bool {
    verify_non_membership::<Hashes>(&decoded(bytes), &spec(), &root.0.to_vec(), key)
}

#[test]
fn presence_is_what_an_ics23_verifier_accepts_and_nothing_else() {
    let mut checked = 0;
    for seed in 0..40 {
        let keyed = KeyedTree::new(seed);
        let root = keyed.tree.root();
        for (path, (key, value)) in &keyed.entries {
            let proof = keyed.tree.prove(path);
            let bytes = presence(&Present {
                key,
                value,
                proof: &proof,
            })
            .unwrap();
            assert!(is_member(&bytes, &root, key, value), "seed {seed}");
            assert!(!is_member(&bytes, &root, key, b"another value"));
            assert!(!is_member(&bytes, &root, b"another key", value));
            assert!(!is_member(&bytes, &Root([7; 32]), key, value));
            assert!(!is_absent(&bytes, &root, key));
            checked += 1;
        }
    }
    assert!(checked > 1_000, "{checked}");
}

#[test]
fn absence_is_what_an_ics23_verifier_accepts_and_nothing_else() {
    let (mut checked, mut one_sided) = (0, 0);
    for seed in 0..40 {
        let keyed = KeyedTree::new(seed);
        let root = keyed.tree.root();
        for number in 0..50 {
            let key = format!("absent {seed} {number}").into_bytes();
            let bytes = keyed.absence(&key);
            assert!(
                is_absent(&bytes, &root, &key),
                "seed {seed} number {number}"
            );
            assert!(!is_absent(&bytes, &Root([7; 32]), &key));
            let Some(Kind::Nonexist(shown)) = decoded(&bytes).proof else {
                panic!("not a proof of absence");
            };
            one_sided += u32::from(shown.left.is_none() || shown.right.is_none());
            checked += 1;
        }
        // The leaves beside a present key prove nothing about it, if there are any.
        if keyed.entries.len() > 1 {
            for (_, (key, _)) in keyed.entries.iter().take(20) {
                assert!(!is_absent(&keyed.absence(key), &root, key), "seed {seed}");
            }
        }
    }
    assert_eq!(checked, 2_000);
    assert!(one_sided > 20, "{one_sided}");
}

#[test]
fn one_changed_bit_is_not_accepted() {
    let keyed = KeyedTree::new(3);
    let root = keyed.tree.root();
    let (path, (key, value)) = keyed.entries.first_key_value().unwrap();
    let proof = keyed.tree.prove(path);
    let bytes = presence(&Present {
        key,
        value,
        proof: &proof,
    })
    .unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut mutant = bytes.clone();
        mutant[bit / 8] ^= 1 << (bit % 8);
        let Ok(mutant) = CommitmentProof::decode(mutant.as_slice()) else {
            continue;
        };
        let accepted = verify_membership::<Hashes>(&mutant, &spec(), &root.0.to_vec(), key, value);
        assert!(!accepted, "bit {bit}");
    }
}

#[test]
fn adjacent_leaves_are_those_of_the_sorted_set() {
    for seed in 0..100 {
        let mut rng = Rng::new(seed);
        let count = 1 + rng.below(60);
        let mut paths = crate::workload::paths(&mut rng, count);
        let absent = paths.split_off(paths.len() / 2);
        let leaves = paths.iter().map(|path| (*path, ValueHash([1; 32])));
        let tree = Tree::from_leaves(leaves);
        let ends = [Path::from_bytes([0; 32]), Path::from_bytes([0xff; 32])];
        for path in paths.iter().chain(&absent).chain(&ends) {
            let below = paths.iter().rfind(|other| *other < path).copied();
            let above = paths.iter().find(|other| *other > path).copied();
            let found = tree.adjacent(path).map(|leaf| leaf.map(|leaf| leaf.path));
            assert_eq!(found, [below, above], "seed {seed} path {path:?}");
        }
    }
}

#[test]
fn what_a_verifier_would_reject_is_an_error_with_the_reason() {
    let (key, absent, path) = (
        b"key".as_slice(),
        b"absent".as_slice(),
        Path::of_key(b"key"),
    );
    let tree = Tree::from_leaves([(path, ValueHash::of(b""))]);
    let proof = tree.prove(&path);
    fn with<'a>(key: &'a [u8], value: &'a [u8], proof: &'a Proof) -> Present<'a> {
        Present { key, value, proof }
    }

    let empty = with(key, b"", &proof);
    assert_eq!(presence(&empty), Err(Ics23Error::EmptyValue));
    for (below, above) in [(Some(&empty), None), (None, Some(&empty))] {
        let error = absence(absent, below, above).unwrap_err();
        assert_eq!(error, Ics23Error::EmptyValueBeside { key: key.to_vec() });
        let text = error.to_string();
        assert!(
            text.contains("key 6b6579") && text.contains("store values"),
            "{text}"
        );
    }
    assert_eq!(absence(absent, None, None), Err(Ics23Error::EmptyTree));
    assert_eq!(
        presence(&with(b"", b"1", &proof)),
        Err(Ics23Error::EmptyKey)
    );

    // The depth that the specification allows, and one level more.
    let deep = |levels| {
        let siblings = vec![[7; 32]; levels];
        presence(&with(
            key,
            b"1",
            &Proof {
                leaf: None,
                siblings,
            },
        ))
    };
    assert!(deep(64).is_ok());
    assert_eq!(deep(65), Err(Ics23Error::TooManyLevels { levels: 65 }));
}

/// Why there is an error: the message is well formed, and the value is that of the tree.
#[test]
fn a_verifier_rejects_an_empty_value() {
    let (key, path) = (b"key", Path::of_key(b"key"));
    let tree = Tree::from_leaves([(path, ValueHash::of(b""))]);
    let present = Present {
        key,
        value: b"1",
        proof: &tree.prove(&path),
    };
    let mut message = decoded(&presence(&present).unwrap());
    let Some(Kind::Exist(existence)) = &mut message.proof else {
        panic!("not a proof of presence");
    };
    existence.value.clear();
    let root = tree.root().0.to_vec();
    assert!(!verify_membership::<Hashes>(
        &message,
        &spec(),
        &root,
        key,
        b""
    ));
}
