//! Compares every root with `jmt`'s.

use std::collections::BTreeMap;

use tree::{Path, Root, Tree, ValueHash};

use crate::jmt_oracle::Oracle;
use crate::workload::{Changes, Rng, apply, batch, changes, flip, paths};

const SEEDS: u64 = 200;
const VERSIONS: u32 = 12;

/// Runs one seed; after each version checks root, length, rebuilt tree and every value.
fn run(seed: u64) -> u32 {
    let mut rng = Rng::new(seed);
    let count = 2 + rng.below(60);
    let paths = paths(&mut rng, count);
    let mut leaves = BTreeMap::new();
    let mut tree = Tree::new();
    let mut oracle = Oracle::new();
    let mut emptied = 0;
    for version in 0..VERSIONS {
        let changes = changes(&mut rng, &paths);
        apply(&mut leaves, &changes);
        let root = tree.update(&batch(&changes));
        assert_eq!(
            root,
            oracle.update(&changes),
            "seed {seed} version {version}"
        );
        assert_eq!(root, tree.root());
        let rebuilt = Tree::from_leaves(leaves.clone());
        assert_eq!(
            root,
            rebuilt.root(),
            "rebuilt, seed {seed} version {version}"
        );
        for tree in [&tree, &rebuilt] {
            assert_eq!(tree.len(), u64::try_from(leaves.len()).unwrap());
            assert_eq!(tree.is_empty(), leaves.is_empty());
            for path in &paths {
                assert_eq!(tree.get(path), leaves.get(path).copied());
            }
        }
        if leaves.is_empty() {
            assert_eq!(root, Root::EMPTY);
            emptied += 1;
        }
    }
    emptied
}

#[test]
fn roots_equal_jmt_over_random_versions() {
    let emptied: u32 = (0..SEEDS).map(run).sum();
    assert!(
        emptied > 50,
        "the workload must empty trees, it did {emptied} times"
    );
}

#[test]
fn roots_equal_jmt_over_thousands_of_leaves() {
    let mut rng = Rng::new(1);
    let mut tree = Tree::new();
    let mut oracle = Oracle::new();
    let mut known: Vec<Path> = Vec::new();
    for version in 0..5_u64 {
        known.extend((0..1500).map(|_| Path::from_bytes(rng.bytes())));
        let changes: Changes = (0..2000)
            .map(|_| {
                let path = known[rng.below(known.len())];
                (
                    path,
                    (rng.below(4) != 0).then(|| version.to_le_bytes().to_vec()),
                )
            })
            .collect();
        assert_eq!(
            tree.update(&batch(&changes)),
            oracle.update(&changes),
            "version {version}"
        );
    }
    assert!(tree.len() > 3000);
}

/// Two paths that diverge at each bit in turn; the second is inserted and removed.
#[test]
fn roots_equal_jmt_for_two_leaves_that_diverge_at_any_bit() {
    let base = Path::of_key(b"base");
    for bit in 0..256 {
        let other = flip(&base, bit);
        let mut tree = Tree::new();
        let mut oracle = Oracle::new();
        for set in [
            vec![(base, Some(b"1".to_vec()))],
            vec![(other, Some(b"2".to_vec()))],
            vec![(base, None), (flip(&base, (bit + 1) % 256), None)],
            vec![(base, Some(b"3".to_vec())), (other, None)],
            vec![(base, None)],
        ] {
            let changes: Changes = set.into_iter().collect();
            assert_eq!(
                tree.update(&batch(&changes)),
                oracle.update(&changes),
                "bit {bit}"
            );
        }
        assert_eq!(tree.root(), Root::EMPTY);
    }
}

/// A path that diverges at each of a long run of empty levels, inserted and removed.
#[test]
fn roots_equal_jmt_where_a_leaf_diverges_within_empty_levels() {
    let base = Path::of_key(b"base");
    let pair = [
        (base, Some(b"1".to_vec())),
        (flip(&base, 255), Some(b"2".to_vec())),
    ];
    for bit in 0..254 {
        let mut tree = Tree::new();
        let mut oracle = Oracle::new();
        let side = flip(&base, bit);
        let sides = [
            (side, Some(b"3".to_vec())),
            (flip(&side, 254), Some(b"4".to_vec())),
        ];
        let gone: Changes = sides.iter().map(|(path, _)| (*path, None)).collect();
        for changes in [pair.clone().into(), gone.clone(), sides.into(), gone] {
            assert_eq!(
                tree.update(&batch(&changes)),
                oracle.update(&changes),
                "bit {bit}"
            );
        }
        let mut pair_alone = Tree::new();
        assert_eq!(
            tree.root(),
            pair_alone.update(&batch(&pair.clone().into())),
            "bit {bit}"
        );
    }
}

/// Maximum depth: one leaf that diverges from one path at each of the 256 bits.
#[test]
fn roots_equal_jmt_for_the_deepest_tree() {
    let base = Path::of_key(b"base");
    let mut changes: Changes = (0..256)
        .map(|bit| (flip(&base, bit), Some(vec![1])))
        .collect();
    changes.insert(base, Some(vec![2]));
    let mut tree = Tree::new();
    let mut oracle = Oracle::new();
    assert_eq!(tree.update(&batch(&changes)), oracle.update(&changes));
    assert_eq!(tree.len(), 257);
    let half: Changes = changes
        .keys()
        .step_by(2)
        .map(|path| (*path, None))
        .collect();
    assert_eq!(tree.update(&batch(&half)), oracle.update(&half));
}

/// Pinned roots, which must not change even if `jmt` does; computed by 12 lines of Python.
#[test]
fn roots_are_pinned() {
    let leaf = |key: &str, value: &str| {
        let value = ValueHash::of(value.as_bytes());
        (Path::of_key(key.as_bytes()), value)
    };
    let thousand = (0..1000_u32).map(|n| leaf(&n.to_string(), &(n * n).to_string()));
    let roots = [
        Tree::new(),
        Tree::from_leaves([leaf("key", "value")]),
        Tree::from_leaves([leaf("key", "value"), leaf("other", "")]),
        Tree::from_leaves(thousand),
    ]
    .map(|tree| tree.root().to_string());
    assert_eq!(
        roots,
        [
            "5350415253455f4d45524b4c455f504c414345484f4c4445525f484153485f5f",
            "fa7b5d8f556774ae39f43461e325d532d379fef4d460ab357f867e683f86c612",
            "8f78ad47a643eb4298c133ef732df2a3bdaaafed50dbb94239bfb6357b8bbfc2",
            "33eac0bc14aba3ab91dd3c24b175ad73ec820473cdfb5466cb0f35f0194c72ba",
        ]
    );
}
