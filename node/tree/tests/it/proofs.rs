//! Checks proofs against `jmt`'s, and that no proof with a changed bit passes.

use std::collections::BTreeMap;

use tree::{Leaf, Path, Proof, ProofError, Root, Tree, ValueHash, verify};

use crate::jmt_oracle::{Oracle, accepts, convert};
use crate::workload::{Changes, Rng, apply, batch, changes, flip, paths};

/// A tree, the same tree in `jmt`, their values, and paths of which some are present.
struct TreeWithOracle {
    tree: Tree,
    oracle: Oracle,
    values: BTreeMap<Path, Vec<u8>>,
    paths: Vec<Path>,
}

fn tree_with_oracle(seed: u64) -> TreeWithOracle {
    let mut rng = Rng::new(seed);
    let count = 2 + rng.below(40);
    let mut paths = paths(&mut rng, count);
    let mut trees = TreeWithOracle {
        tree: Tree::new(),
        oracle: Oracle::new(),
        values: BTreeMap::new(),
        paths: vec![],
    };
    for _ in 0..3 {
        let changes = changes(&mut rng, &paths);
        trees.tree.update(&batch(&changes));
        trees.oracle.update(&changes);
        for (path, value) in changes {
            match value {
                Some(value) => trees.values.insert(path, value),
                None => trees.values.remove(&path),
            };
        }
    }
    paths.push(Path::from_bytes(rng.bytes()));
    trees.paths = paths;
    trees
}

#[test]
fn proofs_equal_jmt_and_both_verifiers_accept_both() {
    let (mut present, mut other_leaf, mut empty) = (0, 0, 0);
    for seed in 0..100 {
        let trees = tree_with_oracle(seed);
        let root = trees.tree.root();
        for path in &trees.paths {
            let value = trees.values.get(path);
            let hash = value.map(|value| ValueHash::of(value));
            let ours = trees.tree.prove(path);
            let (found, theirs) = trees.oracle.prove(path);
            assert_eq!(found.as_ref(), value);
            assert_eq!(ours, convert(&theirs), "seed {seed} path {path:?}");
            assert_eq!(verify(&root, path, hash.as_ref(), &ours), Ok(()));
            assert!(accepts(&theirs, &root, path, value.map(Vec::as_slice)));
            match (value, ours.leaf) {
                (Some(_), _) => present += 1,
                (None, Some(_)) => other_leaf += 1,
                (None, None) => empty += 1,
            }
        }
    }
    assert!(
        present > 300 && other_leaf > 100 && empty > 300,
        "{present} {other_leaf} {empty}"
    );
}

/// Any proof for any path and claim: the two verifiers agree, and accept only true claims.
#[test]
fn verifiers_agree_on_proofs_of_other_paths() {
    let mut accepted = 0;
    for seed in 0..30 {
        let trees = tree_with_oracle(seed);
        let root = trees.tree.root();
        for proven in &trees.paths {
            let (_, theirs) = trees.oracle.prove(proven);
            let proof = trees.tree.prove(proven);
            for path in &trees.paths {
                let value = trees
                    .values
                    .get(path)
                    .map_or(b"absent".as_slice(), Vec::as_slice);
                for claim in [Some(value), None] {
                    let hash = claim.map(ValueHash::of);
                    let ours = verify(&root, path, hash.as_ref(), &proof).is_ok();
                    assert_eq!(ours, accepts(&theirs, &root, path, claim), "seed {seed}");
                    let truth = claim == trees.values.get(path).map(Vec::as_slice);
                    assert!(truth || !ours, "a false claim passed, seed {seed}");
                    accepted += u32::from(ours);
                }
            }
        }
    }
    assert!(accepted > 1000, "{accepted}");
}

fn flips(bytes: &[u8; 32]) -> impl Iterator<Item = [u8; 32]> {
    let path = Path::from_bytes(*bytes);
    (0..256).map(move |bit| *flip(&path, bit).as_bytes())
}

/// All proofs that differ from this one in one bit.
fn mutants(proof: &Proof) -> Vec<Proof> {
    let mut mutants = Vec::new();
    if let Some(leaf) = proof.leaf {
        for bytes in flips(leaf.path.as_bytes()) {
            let leaf = Some(Leaf {
                path: Path::from_bytes(bytes),
                ..leaf
            });
            mutants.push(Proof {
                leaf,
                ..proof.clone()
            });
        }
        for bytes in flips(&leaf.value.0) {
            let leaf = Some(Leaf {
                value: ValueHash(bytes),
                ..leaf
            });
            mutants.push(Proof {
                leaf,
                ..proof.clone()
            });
        }
    }
    for (index, sibling) in proof.siblings.iter().enumerate() {
        for bytes in flips(sibling) {
            let mut mutant = proof.clone();
            mutant.siblings[index] = bytes;
            mutants.push(mutant);
        }
    }
    mutants
}

#[test]
fn no_proof_with_one_bit_changed_passes() {
    // The proofs of the deep trees have 256 siblings; four short ones of each kind are enough.
    let mut kinds = BTreeMap::new();
    for seed in 0..100 {
        let trees = tree_with_oracle(seed);
        let root = trees.tree.root();
        for path in &trees.paths {
            let value = trees.values.get(path).map(|value| ValueHash::of(value));
            let proof = trees.tree.prove(path);
            let seen: &mut u32 = kinds
                .entry((value.is_some(), proof.leaf.is_some()))
                .or_default();
            if *seen == 4 || proof.siblings.is_empty() || proof.siblings.len() > 20 {
                continue;
            }
            *seen += 1;
            assert_eq!(verify(&root, path, value.as_ref(), &proof), Ok(()));
            for mutant in mutants(&proof) {
                assert!(
                    verify(&root, path, value.as_ref(), &mutant).is_err(),
                    "{mutant:?}"
                );
            }
            for bytes in flips(&root.0) {
                let error = verify(&Root(bytes), path, value.as_ref(), &proof);
                assert_eq!(error, Err(ProofError::OtherRoot));
            }
            for bytes in value.iter().flat_map(|value| flips(&value.0)) {
                let error = verify(&root, path, Some(&ValueHash(bytes)), &proof);
                assert_eq!(error, Err(ProofError::OtherValue));
            }
        }
    }
    assert_eq!(kinds.into_values().collect::<Vec<_>>(), [4, 4, 4]);
}

/// A changed path passes only if it is absent from the tree and the proof covers it.
#[test]
fn no_path_with_one_bit_changed_passes_unless_it_is_absent_there() {
    let mut reached = 0;
    for seed in 0..40 {
        let trees = tree_with_oracle(seed);
        let root = trees.tree.root();
        for path in &trees.paths {
            let value = trees.values.get(path).map(|value| ValueHash::of(value));
            let proof = trees.tree.prove(path);
            for bit in 0..256 {
                let other = flip(path, bit);
                let passes = verify(&root, &other, value.as_ref(), &proof).is_ok();
                let absent = value.is_none() && trees.tree.get(&other).is_none();
                assert_eq!(
                    passes,
                    absent && bit >= proof.siblings.len(),
                    "seed {seed} bit {bit}"
                );
                reached += u32::from(passes);
            }
        }
    }
    assert!(reached > 1000, "{reached}");
}

#[test]
fn shortened_lengthened_and_swapped_siblings_fail() {
    let trees = tree_with_oracle(5);
    let root = trees.tree.root();
    for path in &trees.paths {
        let value = trees.values.get(path).map(|value| ValueHash::of(value));
        let proof = trees.tree.prove(path);
        let count = proof.siblings.len();
        for index in 0..count {
            let mut shorter = proof.clone();
            shorter.siblings.remove(index);
            assert!(verify(&root, path, value.as_ref(), &shorter).is_err());
        }
        for index in 0..=count {
            let mut longer = proof.clone();
            longer
                .siblings
                .insert(index, *b"SPARSE_MERKLE_PLACEHOLDER_HASH__");
            assert!(verify(&root, path, value.as_ref(), &longer).is_err());
        }
        for index in 1..count {
            let mut swapped = proof.clone();
            swapped.siblings.swap(index - 1, index);
            let same = swapped == proof;
            assert_eq!(verify(&root, path, value.as_ref(), &swapped).is_ok(), same);
        }
    }
}

#[test]
fn every_error_is_distinguished() {
    let path = Path::of_key(b"a");
    let value = ValueHash::of(b"1");
    let near = flip(&path, 255);
    let changes: Changes = [
        (path, Some(b"1".to_vec())),
        (flip(&path, 0), Some(b"2".to_vec())),
    ]
    .into();
    let mut tree = Tree::new();
    let root = tree.update(&batch(&changes));
    let mut leaves = BTreeMap::new();
    apply(&mut leaves, &changes);
    assert_eq!(leaves.get(&path), Some(&value));

    let proof = tree.prove(&path);
    let check = |path: &Path, value: Option<&ValueHash>, proof: &Proof| {
        verify(&root, path, value, proof).unwrap_err()
    };
    let empty = Proof {
        leaf: None,
        ..proof.clone()
    };
    assert_eq!(check(&path, Some(&value), &empty), ProofError::MissingLeaf);
    assert_eq!(check(&near, Some(&value), &proof), ProofError::OtherPath);
    assert_eq!(
        check(&path, Some(&ValueHash::of(b"2")), &proof),
        ProofError::OtherValue
    );
    assert_eq!(check(&path, None, &proof), ProofError::PresentPath);
    assert_eq!(
        check(&flip(&path, 0), None, &proof),
        ProofError::UnrelatedLeaf
    );
    assert_eq!(check(&path, None, &empty), ProofError::OtherRoot);
    assert_eq!(
        verify(&root, &near, None, &proof),
        Ok(()),
        "the leaf is alone where near would be"
    );

    let full = |count| Proof {
        siblings: vec![[0; 32]; count],
        ..proof.clone()
    };
    assert_eq!(
        check(&path, Some(&value), &full(256)),
        ProofError::OtherRoot
    );
    assert_eq!(
        check(&path, Some(&value), &full(257)),
        ProofError::TooManySiblings
    );
    assert_eq!(
        ProofError::OtherRoot.to_string(),
        "the proof leads to another root"
    );
}

#[test]
fn the_empty_tree_proves_absence_of_everything() {
    let path = Path::of_key(b"a");
    let proof = Tree::new().prove(&path);
    assert_eq!(
        proof,
        Proof {
            leaf: None,
            siblings: vec![]
        }
    );
    assert_eq!(verify(&Root::EMPTY, &path, None, &proof), Ok(()));
    assert_eq!(
        verify(&Root::EMPTY, &path, Some(&ValueHash::of(b"")), &proof),
        Err(ProofError::MissingLeaf)
    );
}
