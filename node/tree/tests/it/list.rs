//! Checks list roots against published values and against the definition.

use proof::list::{LEVELS_MAX, ListPath, ListProof, ListProofError, verify_item};
use sha2::{Digest, Sha256};
use tree::{list_proof, list_root};

/// Certificate Transparency's test inputs; root n is that of the first n.
const INPUTS: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn equals_the_published_roots() {
    let inputs = INPUTS.map(|input| hex::decode(input).unwrap());
    for (count, root) in ROOTS.iter().enumerate() {
        assert_eq!(
            hex::encode(list_root(&inputs[..count])),
            *root,
            "{count} items"
        );
    }
}

/// RFC 6962 section 2.1, transcribed.
fn definition(items: &[Vec<u8>]) -> [u8; 32] {
    let hash = |parts: &[&[u8]]| Sha256::digest(parts.concat()).into();
    match items {
        [] => hash(&[]),
        [item] => hash(&[&[0], item]),
        _ => {
            let mut half = 1;
            while half * 2 < items.len() {
                half *= 2;
            }
            hash(&[
                &[1],
                &definition(&items[..half]),
                &definition(&items[half..]),
            ])
        }
    }
}

#[test]
fn equals_the_definition_at_every_length() {
    let items: Vec<Vec<u8>> = (0..=130_u8).map(|byte| vec![byte; byte.into()]).collect();
    for count in 0..=items.len() {
        assert_eq!(
            list_root(&items[..count]),
            definition(&items[..count]),
            "{count} items"
        );
    }
}

fn items(count: usize) -> Vec<Vec<u8>> {
    let item = |index: usize| format!("item {index}").into_bytes();
    (0..count).map(item).collect()
}

#[test]
fn every_item_of_every_list_is_proved_with_its_index() {
    for count in 0..=70 {
        let items = items(count);
        let root = list_root(&items);
        for (index, item) in items.iter().enumerate() {
            let proof = list_proof(&items, index).unwrap();
            assert_eq!(
                verify_item(&root, item, &proof),
                Ok(u32::try_from(index).unwrap()),
                "{index} of {count}"
            );
            assert_eq!(
                verify_item(&root, b"another", &proof),
                Err(ListProofError::OtherRoot)
            );
        }
        assert_eq!(list_proof(&items, count), None);
    }
}

/// Directions alone do not determine an index: the paths of item 1 of two, 2 of three and 4 of five
/// are one sibling on the left. The passed subtree decides, and its height cannot be invented.
#[test]
fn no_other_index_is_proved() {
    let items = items(5);
    let root = list_root(&items);
    let honest = list_proof(&items, 4).unwrap();
    assert_eq!((honest.path.directions, honest.path.siblings.len()), (1, 1));
    let check = |change: &dyn Fn(&mut ListProof)| {
        let mut proof = honest.clone();
        change(&mut proof);
        verify_item(&root, &items[4], &proof)
    };
    assert_eq!(check(&|_| ()), Ok(4));
    let error = Err(ListProofError::PassedCount);
    assert_eq!(check(&|proof| proof.passed.clear()), error);
    let twice = |proof: &mut ListProof| proof.passed.push(proof.passed[0].clone());
    assert_eq!(check(&twice), error);
    // An inner node in place of an item: the subtree would be one level lower.
    let lower = |proof: &mut ListProof| {
        let passed = &mut proof.passed[0];
        passed.path.siblings.remove(0);
        passed.path.directions >>= 1;
        passed.item = [items[0].as_slice(), &items[1]].concat();
    };
    assert_eq!(check(&lower), Err(ListProofError::OtherSubtree));
    let other_item = |proof: &mut ListProof| proof.passed[0].path.directions ^= 1;
    assert_eq!(check(&other_item), Err(ListProofError::OtherSubtree));
}

#[test]
fn one_changed_bit_of_a_list_proof_is_not_accepted() {
    let mut checked = 0;
    for (count, index) in [(1, 0), (2, 1), (7, 6), (7, 3), (11, 10), (13, 4)] {
        let items = items(count);
        let (root, item) = (list_root(&items), &items[index]);
        let bytes = borsh::to_vec(&list_proof(&items, index).unwrap()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(proof) = borsh::from_slice::<ListProof>(&bytes) {
                assert!(
                    verify_item(&root, item, &proof).is_err(),
                    "{count} {index} {bit}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 5_000, "{checked}");
}

#[test]
fn the_bounds_of_list_proofs_are_checked() {
    let levels = usize::try_from(LEVELS_MAX).unwrap();
    let proof = |directions, count| ListProof {
        path: ListPath {
            directions,
            siblings: vec![[0; 32]; count],
        },
        passed: Vec::new(),
    };
    let check = |directions, count| verify_item(&[0; 32], b"", &proof(directions, count));
    assert_eq!(check(0, levels), Err(ListProofError::OtherRoot));
    assert_eq!(check(0, levels + 1), Err(ListProofError::TooManySiblings));
    assert_eq!(check(1 << 30, levels), Err(ListProofError::OtherRoot));
    assert_eq!(check(1 << 31, levels), Err(ListProofError::ExtraDirections));
    assert_eq!(check(1, 0), Err(ListProofError::ExtraDirections));
}
