//! Decodes genesis documents of format 2 and upgrade documents, and each with any byte changed.

use super::first;
use node::digest::sha256;
use node::limits::{Limits, UPGRADE_DOCUMENT_BYTES_MAX, UPGRADES_MAX};
use node::{
    Activations, Genesis, GenesisError, UpgradeDocument, UpgradeDocumentError, UpgradesError,
};
use vm::{Address, Height};

/// Upgrades at these heights, each to rules of its own.
fn at(heights: &[u64]) -> Activations {
    let each = (1_u8..).zip(heights);
    each.map(|(number, height)| (Height(*height), [number; 32]))
        .collect()
}

fn genesis() -> Genesis {
    let accounts = [(Address([3; 32]), 5), (Address([4; 32]), 6)].into();
    Genesis::new("small", 7, first(), Limits::v1(), &accounts).unwrap()
}

fn document(heights: &[u64]) -> UpgradeDocument {
    UpgradeDocument::new(genesis().chain_id(), at(heights)).unwrap()
}

/// A document with these lines and their hash.
fn hashed(body: &str) -> String {
    format!("{body}sha256 {}\n", hex::encode(sha256(&[body.as_bytes()])))
}

fn too_many() -> Activations {
    let heights = (2..).map(Height).zip(1..=UPGRADES_MAX + 1);
    heights
        .map(|(height, number)| (height, [number as u8; 32]))
        .collect()
}

/// Lists that neither document takes.
fn wrong() -> Vec<(Activations, UpgradesError)> {
    let twice = vec![(Height(2), [1; 32]), (Height(3), [1; 32])];
    vec![
        (at(&[]), UpgradesError::None),
        (too_many(), UpgradesError::TooMany),
        (at(&[0]), UpgradesError::Order(Height(0))),
        (at(&[1]), UpgradesError::Order(Height(1))),
        (at(&[5, 5]), UpgradesError::Order(Height(5))),
        (at(&[5, 4]), UpgradesError::Order(Height(4))),
        (at(&[u64::MAX]), UpgradesError::Order(Height(u64::MAX))),
        (twice, UpgradesError::Unchanged(Height(3))),
    ]
}

#[test]
fn only_a_genesis_with_upgrades_is_of_format_2() {
    let one = genesis();
    let two = one.clone().with_upgrades(at(&[2, 9])).unwrap();
    assert!(one.document()[4..].starts_with(b"lockstep/genesis/1"));
    assert!(two.document()[4..].starts_with(b"lockstep/genesis/2"));
    assert_ne!(one.chain_id(), two.chain_id());
    assert_eq!(
        one.state(),
        two.state(),
        "an upgrade is written at its height"
    );
    let other = genesis().with_upgrades(at(&[2, 10])).unwrap();
    assert_ne!(two.chain_id(), other.chain_id());
    for genesis in [one, two] {
        assert_eq!(Genesis::decode(&genesis.document()), Ok(genesis));
    }
}

#[test]
fn both_documents_refuse_the_same_lists() {
    for (list, expected) in wrong() {
        let refused = genesis().with_upgrades(list.clone()).unwrap_err();
        assert_eq!(refused, GenesisError::Upgrades(expected));
        let refused = UpgradeDocument::new([0; 32], list).unwrap_err();
        assert_eq!(refused, expected);
    }
    let unchanged = vec![(Height(2), first())];
    let refused = genesis().with_upgrades(unchanged.clone()).unwrap_err();
    let expected = UpgradesError::Unchanged(Height(2));
    assert_eq!(refused, GenesisError::Upgrades(expected));
    // What a document changes from is known when the chain is opened.
    assert!(UpgradeDocument::new([0; 32], unchanged).is_ok());
}

#[test]
fn a_genesis_of_format_2_that_is_read_passes_the_checks_of_its_constructor() {
    let whole = genesis().with_upgrades(at(&[2])).unwrap().document();
    let fields = &whole[..whole.len() - 44];
    for (list, expected) in wrong() {
        let bytes = [fields, &node::digest::encode(&list)].concat();
        let refused = Genesis::decode(&bytes).unwrap_err();
        assert_eq!(refused, GenesisError::Upgrades(expected));
    }
}

#[test]
fn any_changed_bit_of_a_genesis_of_format_2_is_an_error_or_another_chain() {
    let genesis = genesis().with_upgrades(at(&[2, 9])).unwrap();
    let document = genesis.document();
    for position in 0..document.len() {
        assert!(Genesis::decode(&document[..position]).is_err());
        for bit in 0..8 {
            let mut changed = document.clone();
            changed[position] ^= 1 << bit;
            if let Ok(other) = Genesis::decode(&changed) {
                assert_eq!(other.document(), changed);
                assert_ne!(other.chain_id(), genesis.chain_id());
            }
        }
    }
    let longer = [document, vec![0]].concat();
    assert_eq!(Genesis::decode(&longer), Err(GenesisError::Malformed));
}

#[test]
fn any_changed_bit_of_an_upgrade_document_is_an_error() {
    let text = document(&[2, 900]).encode();
    assert_eq!(
        UpgradeDocument::decode(text.as_bytes()),
        Ok(document(&[2, 900]))
    );
    for position in 0..text.len() {
        assert!(UpgradeDocument::decode(&text.as_bytes()[..position]).is_err());
        for bit in 0..8 {
            let mut changed = text.clone().into_bytes();
            changed[position] ^= 1 << bit;
            let refused = UpgradeDocument::decode(&changed);
            assert!(refused.is_err(), "byte {position}, bit {bit}");
        }
    }
    for longer in [
        format!("{text}\n"),
        format!("{text} "),
        format!("{text}{text}"),
    ] {
        assert!(UpgradeDocument::decode(longer.as_bytes()).is_err());
    }
}

/// The hash is right here: the text is refused for what it says.
#[test]
fn an_upgrade_document_is_the_one_encoding_of_what_it_says() {
    use UpgradeDocumentError::{Bytes, Format, Line, Upgrades};
    let (chain, id) = ("ab".repeat(32), "cd".repeat(32));
    let head = format!("lockstep/upgrade/1\nchain {chain}\n");
    let right = format!("{head}upgrade 20 {id}\n");
    assert!(UpgradeDocument::decode(hashed(&right).as_bytes()).is_ok());
    let upper = id.to_uppercase();
    let refused = [
        (right.replacen('1', "2", 1), Format),
        (format!("\u{feff}{right}"), Format),
        ("lockstep/upgrade/1\n".to_owned(), Line(2)),
        (right.replace("chain ", "chain  "), Line(2)),
        (right.replace(&chain, &chain[1..]), Line(2)),
        (right.replace(&chain, &chain.to_uppercase()), Line(2)),
        (right.replace(" 20 ", " 020 "), Line(3)),
        (right.replace(" 20 ", " +20 "), Line(3)),
        (right.replace(" 20 ", " -20 "), Line(3)),
        (right.replace(" 20 ", " 18446744073709551616 "), Line(3)),
        (right.replace(&id, &upper), Line(3)),
        (right.replace(&id, &id[2..]), Line(3)),
        (right.replace("upgrade 20", "upgrade20"), Line(3)),
        (right.replace('\n', "\r\n"), Format),
        (
            right.replace(&format!("{id}\n"), &format!("{id} \n")),
            Line(3),
        ),
        (format!("{right}\n"), Line(4)),
        (format!("{right}# agreed\n"), Line(4)),
        (head.clone(), Upgrades(UpgradesError::None)),
        (
            format!("{right}upgrade 20 {id}\n"),
            Upgrades(UpgradesError::Order(Height(20))),
        ),
        (
            "lockstep/upgrade/1\n".repeat(UPGRADE_DOCUMENT_BYTES_MAX as usize / 19),
            Bytes,
        ),
    ];
    for (body, expected) in refused {
        let found = UpgradeDocument::decode(hashed(&body).as_bytes());
        assert_eq!(found, Err(expected), "{body}");
    }
    let unhashed = UpgradeDocument::decode(right.as_bytes());
    assert_eq!(unhashed, Err(UpgradeDocumentError::Damaged));
}

#[test]
fn the_longest_upgrade_document_is_as_long_as_its_limit() {
    let least = u64::MAX - 1 - u64::from(UPGRADES_MAX);
    let heights: Vec<u64> = (least..).take(UPGRADES_MAX as usize).collect();
    let upgrades = heights
        .iter()
        .map(|height| (Height(*height), [*height as u8; 32]));
    let longest = UpgradeDocument::new([0; 32], upgrades.collect()).unwrap();
    let text = longest.encode();
    assert_eq!(text.len(), UPGRADE_DOCUMENT_BYTES_MAX as usize);
    assert_eq!(UpgradeDocument::decode(text.as_bytes()), Ok(longest));
}
