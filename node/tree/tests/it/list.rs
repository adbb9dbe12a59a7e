//! Checks list roots against published values and against the definition.

use sha2::{Digest, Sha256};
use tree::list_root;

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
