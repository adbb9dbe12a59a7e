//! Reads damaged and hostile records: the right root, or an error; never a panic, never much work.

use std::collections::BTreeMap;

use tree::{Batch, PagedOptions, PagedTree, Path, Root, TreeError, ValueHash};

use crate::paged::{LOG, Records, TINY};
use crate::workload::{Rng, batch, changes, paths};

/// A tree of 60 leaves at block 12: a checkpoint of block 10, and two logged blocks.
fn recorded(seed: u64) -> (Records, Root, Vec<Path>) {
    let mut rng = Rng::new(seed);
    let paths = paths(&mut rng, 60);
    let mut records = Records::default();
    let mut tree = PagedTree::new(&TINY);
    let all: Batch = paths
        .iter()
        .map(|path| (*path, Some(ValueHash(rng.bytes()))))
        .collect();
    tree.update(&all, 1, &records).unwrap();
    let written = tree.checkpoint(10, 1, &records).unwrap();
    records.write(written);
    for height in 11..=12 {
        let changes = batch(&changes(&mut rng, &paths[..20]));
        tree.update(&changes, 1, &records).unwrap();
        records.write([tree.log(height, &changes)]);
    }
    (records, tree.root(), paths)
}

/// Opens a tree and reads every path of it; `None` after an error.
fn read_all(records: &Records, paths: &[Path]) -> Option<Root> {
    let tree = match PagedTree::open(records, 12, &TINY, 1) {
        Ok(tree) => tree?,
        Err(TreeError::Damaged(_)) => return None,
        Err(TreeError::Source(failed)) => panic!("{failed:?}"),
    };
    for path in paths {
        let value = tree.get(path, records).ok()?;
        let proof = tree.prove(path, records).ok()?;
        assert_eq!(
            tree::verify(&tree.root(), path, value.as_ref(), &proof),
            Ok(())
        );
        tree.adjacent(path, records).ok()?;
    }
    Some(tree.root())
}

#[test]
fn a_flipped_byte_of_any_record_is_an_error() {
    let (mut records, root, paths) = recorded(3);
    assert_eq!(read_all(&records, &paths), Some(root));
    let keys: Vec<Vec<u8>> = records.kept.keys().cloned().collect();
    let mut flipped = 0;
    for key in keys {
        for position in 0..records.kept[&key].len() {
            let mask = [1, 0x80, 0xff][position % 3];
            records.kept.get_mut(&key).unwrap()[position] ^= mask;
            assert_eq!(read_all(&records, &paths), None, "{key:?} at {position}");
            records.kept.get_mut(&key).unwrap()[position] ^= mask;
            flipped += 1;
        }
        // Cut off, longer, absent, empty: the same. Without a log or a checkpoint there is no tree.
        let whole = records.kept[&key].clone();
        let shorter = whole[..whole.len() - 1].to_vec();
        let longer = [whole.clone(), vec![0]].concat();
        for damaged in [shorter, longer, Vec::new()] {
            records.kept.insert(key.clone(), damaged);
            assert_eq!(read_all(&records, &paths), None);
        }
        records.kept.remove(&key);
        assert_eq!(read_all(&records, &paths), None);
        records.kept.insert(key, whole);
    }
    assert!(flipped > 5_000, "{flipped}");
}

#[test]
fn records_in_each_others_place_are_errors() {
    let (records, root, paths) = recorded(4);
    let keys: Vec<&Vec<u8>> = records.kept.keys().collect();
    for (one, other) in keys.iter().zip(keys.iter().skip(1)) {
        let mut swapped = records.clone();
        let (first, second) = (records.kept[*one].clone(), records.kept[*other].clone());
        swapped.kept.insert((*one).clone(), second);
        swapped.kept.insert((*other).clone(), first);
        assert_eq!(read_all(&swapped, &paths), None, "{one:?} and {other:?}");
    }
    assert_eq!(read_all(&records, &paths), Some(root));
}

/// Directories that someone made: their SHA-256 is in a checkpoint that is made as well.
#[test]
fn a_directory_of_any_bytes_is_read_in_bounded_work() {
    let (records, root, paths) = recorded(5);
    let mut rng = Rng::new(9);
    let directories: Vec<Vec<u8>> = records
        .kept
        .keys()
        .filter(|key| key[0] == 2)
        .cloned()
        .collect();
    let mut same = 0;
    for number in 0..4_000 {
        let mut hostile = records.clone();
        let key = directories[rng.below(directories.len())].clone();
        let bytes = hostile.kept.get_mut(&key).unwrap();
        match number % 4 {
            0 => *bytes = (0..rng.below(200)).map(|_| rng.bytes()[0]).collect(),
            // Nothing but branches, as deep as they go.
            1 => {
                bytes.truncate(8);
                bytes.extend((8..=255).flat_map(|bit| [0, bit]));
                bytes.extend((0..rng.below(5_000)).map(|_| 0));
            }
            2 => bytes.truncate(rng.below(bytes.len())),
            _ => {
                for _ in 0..1 + rng.below(3) {
                    let position = rng.below(bytes.len());
                    bytes[position] = [0, 1, 0xff, rng.bytes()[0]][rng.below(4)];
                }
            }
        }
        reseal(&mut hostile.kept, &key);
        match read_all(&hostile, &paths) {
            None => {}
            Some(found) => {
                assert_eq!(found, root);
                same += 1;
            }
        }
    }
    assert!(same < 400, "{same} are as good as what was written");
}

/// Makes a checkpoint record fit a directory.
fn reseal(kept: &mut BTreeMap<Vec<u8>, Vec<u8>>, directory: &[u8]) {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(&kept[directory]);
    let checkpoint = kept.get_mut([3].as_slice()).unwrap();
    let start = 41 + 32 * usize::from(directory[1]);
    checkpoint[start..start + 32].copy_from_slice(&digest);
    let end = checkpoint.len() - 32;
    let seal = Sha256::digest([[3].as_slice(), &checkpoint[..end]].concat());
    checkpoint[end..].copy_from_slice(&seal);
}

#[test]
fn a_log_of_a_block_that_is_not_there_is_no_tree_and_a_checkpoint_above_the_tip_is_damage() {
    let (mut records, _, _) = recorded(6);
    assert_eq!(records.count(LOG), 2);
    for height in [13, u64::MAX] {
        assert!(
            PagedTree::open(&records, height, &TINY, 1)
                .unwrap()
                .is_none()
        );
    }
    assert!(PagedTree::open(&records, 10, &TINY, 1).unwrap().is_some());
    assert!(PagedTree::open(&records, 9, &TINY, 1).is_err());
    records.kept.remove([3].as_slice());
    assert!(PagedTree::open(&records, 12, &TINY, 1).unwrap().is_none());
    let options = PagedOptions::default();
    assert!(
        PagedTree::open(&Records::default(), 0, &options, 1)
            .unwrap()
            .is_none()
    );
}
