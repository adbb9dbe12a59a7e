//! Decodes documents, headers, blocks and archives from bytes that are no encoding of them.

use crate::chain::{Chain, alice, bob, genesis};
use node::archive::{ArchiveError, ArchiveReader, ArchiveWriter, ArchivedBlock, MAGIC};
use node::digest::{encode, sha256};
use node::limits::{
    BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX, GENESIS_ACCOUNTS_MAX, GENESIS_BYTES_MAX, HEADER_BYTES,
    Limits, SIGNED_BYTES_MIN, TRANSACTION_BYTES_MAX, UPGRADES_MAX,
};
use node::{Block, DecodeError, Genesis, GenesisError, Header, Payload, Signed, UpgradeDocument};
use proptest::prelude::*;
use std::collections::BTreeMap;
use vm::{Address, Height};

/// A genesis document of these accounts and this name, whatever they are.
fn document(name: &str, accounts: &[(Address, u128)]) -> Vec<u8> {
    let rules_id = *node::rules::version_1().id();
    let format = "lockstep/genesis/1";
    encode(&(
        format,
        name,
        1_u64,
        rules_id,
        Limits::v1(),
        accounts.to_vec(),
    ))
}

#[test]
fn a_genesis_that_is_read_passes_the_checks_of_its_constructor() {
    let [low, high] = [[1; 32], [2; 32]].map(Address);
    let refused = [
        (document(&"n".repeat(65), &[]), GenesisError::Name),
        (
            document("", &[(low, u128::MAX), (high, 1)]),
            GenesisError::Supply,
        ),
        (
            document("", &[(low, 1), (low, 1)]),
            GenesisError::NotCanonical,
        ),
        (
            document("", &[(high, 1), (low, 1)]),
            GenesisError::NotCanonical,
        ),
        (document("", &[(low, 0)]), GenesisError::NotCanonical),
        (
            [document("", &[]), vec![0]].concat(),
            GenesisError::Malformed,
        ),
        (encode(&"lockstep/genesis/2"), GenesisError::Malformed),
        (encode(&"lockstep/genesis/3"), GenesisError::Format),
        (vec![0; GENESIS_BYTES_MAX as usize + 1], GenesisError::Bytes),
    ];
    for (bytes, expected) in refused {
        assert_eq!(Genesis::decode(&bytes), Err(expected));
    }
    let written = genesis(&node::rules::version_1(), Limits::v1());
    assert_eq!(Genesis::decode(&written.document()), Ok(written));
    let mut counted = document("", &[(low, 1)]);
    let count = counted.len() - 52;
    counted[count..count + 4].copy_from_slice(&(GENESIS_ACCOUNTS_MAX + 1).to_le_bytes());
    assert_eq!(Genesis::decode(&counted), Err(GenesisError::Accounts));
}

#[test]
fn a_genesis_of_the_most_accounts_and_upgrades_fits_and_one_account_more_is_refused() {
    let address = |number: u32| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        Address(bytes)
    };
    let mut accounts: BTreeMap<Address, u128> = (0..GENESIS_ACCOUNTS_MAX)
        .map(|number| (address(number), 1))
        .collect();
    let name = "n".repeat(64);
    let make = |accounts: &BTreeMap<Address, u128>| {
        Genesis::new(&name, 0, [0; 32], Limits::v1(), accounts)
    };
    let upgrades = (0..UPGRADES_MAX).map(|number| {
        (
            Height(2 + u64::from(number)),
            [(number % 250) as u8 + 1; 32],
        )
    });
    let most = make(&accounts).unwrap();
    let most = most.with_upgrades(upgrades.collect()).unwrap();
    let document = most.document();
    assert_eq!(document.len(), GENESIS_BYTES_MAX as usize);
    assert_eq!(Genesis::decode(&document), Ok(most));
    accounts.insert(address(GENESIS_ACCOUNTS_MAX), 1);
    assert_eq!(make(&accounts), Err(GenesisError::Accounts));
}

/// A block of the chain with two transactions, and the same as it is archived.
fn sample() -> (Block, ArchivedBlock) {
    let chain = Chain::new();
    let transfer = |to: Address| Payload::Transfer { to, amount: 1 };
    let block = chain.block(vec![
        chain.sign(&chain.alice, 0, transfer(bob().address())),
        chain.sign(&chain.bob, 0, transfer(alice().address())),
    ]);
    let archived = ArchivedBlock {
        result: block.header.parent_result,
        entries: Vec::new(),
        block: block.clone(),
    };
    (block, archived)
}

#[test]
fn the_sizes_that_bound_lists_are_those_of_the_encodings() {
    let (block, archived) = sample();
    assert_eq!(encode(&block.header).len(), HEADER_BYTES as usize);
    assert_eq!(Header::decode(&encode(&block.header)), Ok(block.header));
    let chain = Chain::new();
    let shortest = chain.sign(&bob(), 0, Payload::Upload(Vec::new()));
    assert_eq!(shortest.encode().len(), SIGNED_BYTES_MIN as usize);
    assert_eq!(
        ArchivedBlock::decode(&encode(&archived)),
        Ok(archived.clone())
    );
    let mut counted = encode(&archived);
    let at = HEADER_BYTES as usize;
    counted[at..at + 4].copy_from_slice(&(BLOCK_TRANSACTIONS_MAX + 1).to_le_bytes());
    let refused = Err(DecodeError::TooMany(BLOCK_TRANSACTIONS_MAX));
    assert_eq!(ArchivedBlock::decode(&counted), refused);
    let mut long = archived;
    let upload = chain.sign(
        &bob(),
        0,
        Payload::Upload(vec![0; BLOCK_BYTES_MAX as usize]),
    );
    long.block.transactions.push(upload);
    let refused = Err(DecodeError::TooLong(BLOCK_BYTES_MAX));
    assert_eq!(ArchivedBlock::decode(&encode(&long)), refused);
}

/// An archive whose first record is this document.
fn archive(document: &[u8]) -> Vec<u8> {
    let length = (document.len() as u32).to_le_bytes();
    [MAGIC.as_slice(), &length, &sha256(&[document]), document].concat()
}

#[test]
fn an_archive_of_a_chain_with_limits_above_those_of_the_build_is_neither_written_nor_read() {
    let limits = Limits {
        block_gas: Limits::v1().block_gas + 1,
        ..Limits::v1()
    };
    let lifted = genesis(&node::rules::version_1(), limits);
    assert!(ArchiveWriter::new(Vec::new(), &lifted).is_err());
    let bytes = archive(&lifted.document());
    let read = ArchiveReader::new(bytes.as_slice());
    assert!(matches!(read.err(), Some(ArchiveError::Limits { at }) if at.offset == 19));
    let fits = genesis(&node::rules::version_1(), Limits::v1());
    assert!(ArchiveReader::new(archive(&fits.document()).as_slice()).is_ok());
}

/// Decodes bytes as everything that a file may contain.
fn decode_all(bytes: &[u8]) {
    let _ = Genesis::decode(bytes);
    let _ = UpgradeDocument::decode(bytes);
    let _ = Header::decode(bytes);
    let _ = Block::decode(bytes, BLOCK_BYTES_MAX);
    let _ = Signed::decode(bytes, TRANSACTION_BYTES_MAX);
    let _ = ArchivedBlock::decode(bytes);
    let Ok(mut reader) = ArchiveReader::new(bytes) else {
        return;
    };
    while let Ok(Some(_)) = reader.next_block() {}
}

/// Each four bytes in turn state a length or a count that is not there.
#[test]
fn a_length_or_a_count_that_is_not_there_is_an_error() {
    let (block, archived) = sample();
    let genesis = genesis(&node::rules::version_1(), Limits::v1()).document();
    let encodings = [
        encode(&block),
        encode(&archived),
        archive(&genesis),
        genesis,
    ];
    for encoding in encodings {
        for position in 0..encoding.len() - 4 {
            for number in [u32::MAX, 1 << 31, 1 << 24] {
                let mut long = encoding.clone();
                long[position..position + 4].copy_from_slice(&number.to_le_bytes());
                decode_all(&long);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_decode_or_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        decode_all(&bytes);
        decode_all(&archive(&bytes));
        let with_genesis = [
            archive(&genesis(&node::rules::version_1(), Limits::v1()).document()),
            archive(&bytes)[MAGIC.len()..].to_vec(),
        ];
        decode_all(&with_genesis.concat());
    }
}
