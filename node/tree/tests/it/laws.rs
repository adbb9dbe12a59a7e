//! Checks properties of any tree that depends on its set of leaves alone.

use std::collections::BTreeMap;

use tree::{Batch, Path, Root, Tree, ValueHash};

use crate::workload::{Rng, apply, batch, changes, paths};

fn leaves(rng: &mut Rng) -> BTreeMap<Path, ValueHash> {
    let count = 2 + rng.below(80);
    paths(rng, count)
        .into_iter()
        .map(|path| (path, ValueHash(rng.bytes())))
        .collect()
}

fn shuffled(rng: &mut Rng, leaves: &BTreeMap<Path, ValueHash>) -> Vec<(Path, ValueHash)> {
    let mut leaves: Vec<_> = leaves.iter().map(|(path, value)| (*path, *value)).collect();
    for last in (1..leaves.len()).rev() {
        leaves.swap(last, rng.below(last + 1));
    }
    leaves
}

fn put(leaves: &[(Path, ValueHash)]) -> Batch {
    leaves
        .iter()
        .map(|(path, value)| (*path, Some(*value)))
        .collect()
}

fn remove(leaves: &[(Path, ValueHash)]) -> Batch {
    leaves.iter().map(|(path, _)| (*path, None)).collect()
}

#[test]
fn order_and_batching_do_not_matter() {
    for seed in 0..50 {
        let mut rng = Rng::new(seed);
        let leaves = leaves(&mut rng);
        let expected = Tree::from_leaves(leaves.clone()).root();
        for _ in 0..4 {
            let order = shuffled(&mut rng, &leaves);
            assert_eq!(
                Tree::from_leaves(order.clone()).root(),
                expected,
                "seed {seed}"
            );
            let mut tree = Tree::new();
            let size = 1 + rng.below(order.len());
            for part in order.chunks(size) {
                tree.update(&put(part));
            }
            assert_eq!(tree.root(), expected, "seed {seed} in batches of {size}");
        }
    }
}

#[test]
fn deleting_and_putting_back_restores_every_root_between() {
    for seed in 0..50 {
        let mut rng = Rng::new(seed);
        let leaves = leaves(&mut rng);
        let order = shuffled(&mut rng, &leaves);
        let mut tree = Tree::from_leaves(leaves.clone());
        let mut roots = Vec::new();
        let parts: Vec<_> = order.chunks(1 + rng.below(9)).collect();
        for part in &parts {
            roots.push(tree.root());
            tree.update(&remove(part));
        }
        assert_eq!((tree.root(), tree.len()), (Root::EMPTY, 0), "seed {seed}");
        for part in parts.iter().rev() {
            assert_eq!(Some(tree.update(&put(part))), roots.pop(), "seed {seed}");
        }
    }
}

#[test]
fn threads_do_not_matter() {
    for seed in 0..12 {
        let mut rng = Rng::new(seed);
        let mut tree = Tree::new();
        let mut twins = vec![Tree::new(); 5];
        for _ in 0..4 {
            // Sometimes all in one shard, or in few.
            let shift = [0, 4, 8][rng.below(3)];
            let count = 1 + rng.below(3_000);
            let batch: Batch = (0..count)
                .map(|_| {
                    let mut path = rng.bytes();
                    path[0] = path[0].checked_shr(shift).unwrap_or(0);
                    (Path::from_bytes(path), Some(ValueHash(rng.bytes())))
                })
                .collect();
            let root = tree.update(&batch);
            for (threads, twin) in [0, 1, 2, 3, 300].into_iter().zip(&mut twins) {
                assert_eq!(twin.update_on(&batch, threads), root, "seed {seed}");
            }
            let gone: Batch = batch
                .changes()
                .iter()
                .step_by(2)
                .map(|(path, _)| (*path, None))
                .collect();
            let root = tree.update(&gone);
            for (threads, twin) in [0, 1, 2, 3, 300].into_iter().zip(&mut twins) {
                assert_eq!(twin.update_on(&gone, threads), root, "seed {seed}");
            }
        }
    }
}

#[test]
fn what_an_update_returns_undoes_it() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let count = 2 + rng.below(60);
        let paths = paths(&mut rng, count);
        let mut tree = Tree::new();
        let mut twin = Tree::new();
        let mut undos = Vec::new();
        for round in 0..8 {
            let changes = batch(&changes(&mut rng, &paths));
            let before = tree.root();
            let (root, undo) = tree.update_with_undo(&changes, round % 3);
            assert_eq!(root, twin.update(&changes), "seed {seed}");
            assert!(undo.changes().len() <= changes.changes().len());
            undos.push((undo, before));
        }
        for (undo, before) in undos.into_iter().rev() {
            assert_eq!(tree.update(&undo), before, "seed {seed}");
        }
        assert_eq!(tree.len(), 0);
        // An update without the record leaves nothing in a later one.
        twin.update(&put(&[(paths[0], ValueHash([1; 32]))]));
        let (_, undo) = twin.update_with_undo(&remove(&[(paths[0], ValueHash([1; 32]))]), 1);
        assert_eq!(undo, put(&[(paths[0], ValueHash([1; 32]))]));
    }
}

#[test]
fn an_update_of_a_clone_does_not_change_the_original() {
    let mut rng = Rng::new(9);
    let mut tree = Tree::from_leaves(leaves(&mut rng));
    let before = tree.root();
    let mut copy = tree.clone();
    copy.update(
        &[(Path::of_key(b"new"), Some(ValueHash::of(b"")))]
            .into_iter()
            .collect(),
    );
    assert_ne!(copy.root(), before);
    assert_eq!(tree.update(&Batch::default()), before);
}

#[test]
fn a_batch_without_effect_keeps_the_root() {
    for seed in 0..50 {
        let mut rng = Rng::new(seed);
        let leaves = leaves(&mut rng);
        let mut tree = Tree::from_leaves(leaves.clone());
        let before = tree.root();
        let absent: Batch = paths(&mut rng, 40)
            .into_iter()
            .map(|path| (path, None))
            .collect();
        assert_eq!(
            tree.update(&absent),
            before,
            "absent paths removed, seed {seed}"
        );
        let same = put(&shuffled(&mut rng, &leaves));
        assert_eq!(
            tree.update(&same),
            before,
            "same values written, seed {seed}"
        );
    }
}

#[test]
fn different_sets_have_different_roots() {
    let mut rng = Rng::new(3);
    let paths = paths(&mut rng, 30);
    let mut tree = Tree::new();
    let mut set = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for _ in 0..300 {
        let changes = changes(&mut rng, &paths);
        apply(&mut set, &changes);
        let root = tree.update(&batch(&changes));
        let known = seen.entry(root).or_insert_with(|| set.clone());
        assert_eq!(*known, set);
    }
    assert!(seen.len() > 200);
}
