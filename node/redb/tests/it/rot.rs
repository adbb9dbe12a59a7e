//! Flips every byte of a store at rest: each read and scan has the right value, or is a fault.

use crate::simulated_file::SimulatedFile;
use crate::{ExpectedChain, folder, open, tiny};
use node::{Receipt, Signed, Store, Tip};
use node_sim::synthetic::{Synthetic, record_key};
use redb_store::{CheckedFile, PagedFile as _, RedbStore, Settings};
use std::fs;
use vm::{Entries, Event, Fault, Height};

/// All that a store returns.
#[derive(PartialEq, Eq, Debug)]
struct Contents {
    tip: Option<Tip>,
    chain_id: Option<[u8; 32]>,
    entries: Entries,
    receipts: Vec<Option<Vec<Receipt>>>,
    transactions: Vec<Option<Vec<Signed>>>,
    events: Vec<Option<Vec<Vec<Event>>>>,
    records: Vec<Option<Vec<u8>>>,
}

/// Reads a store in every way; `None` for what is a fault.
fn contents(store: &RedbStore, height: u64) -> Result<Contents, Fault> {
    let entries = store.scan(&[], None, usize::MAX)?;
    let heights = || (0..=height).map(Height);
    let records = (0..16).map(|number| store.record(&record_key(number)));
    Ok(Contents {
        tip: store.tip()?,
        chain_id: store.chain_id()?,
        receipts: heights()
            .map(|height| store.receipts(height))
            .collect::<Result<_, _>>()?,
        transactions: heights()
            .map(|height| store.transactions(height))
            .collect::<Result<_, _>>()?,
        events: heights()
            .map(|height| store.events(height))
            .collect::<Result<_, _>>()?,
        records: records.collect::<Result<_, _>>()?,
        entries,
    })
}

/// A store at rest, closed or killed, and what it has.
fn at_rest(is_closed: bool) -> (Vec<u8>, Contents, u64) {
    let chain = tiny(7);
    let file = SimulatedFile::default();
    let mut store = open(&file).unwrap();
    let height = 3;
    ExpectedChain::default().continue_to(&mut store, &chain, height);
    let expected = contents(&store, height).unwrap();
    let killed = file.bytes();
    drop(store);
    let bytes = if is_closed { file.bytes() } else { killed };
    (bytes, expected, height)
}

#[test]
fn every_byte_of_a_store_flipped_at_rest_is_a_fault_or_changes_nothing() {
    for is_closed in [true, false] {
        let (bytes, expected, height) = at_rest(is_closed);
        // A block that is not read has no effect; which are read depends on what was read before.
        let file = SimulatedFile::of(bytes.clone());
        let store = open(&file).unwrap();
        assert_eq!(contents(&store, height).unwrap(), expected);
        for (key, value) in &expected.entries {
            assert_eq!(store.read(key).unwrap().as_ref(), Some(value));
        }
        let read = file.lock().blocks_read.clone();
        drop(store);
        assert!((8..60).contains(&read.len()), "{}", read.len());
        let (mut faults, mut whole) = (0_u64, 0_u64);
        for block in read {
            for index in block..block + 4096 {
                let mut damaged = bytes.clone();
                damaged[index as usize] ^= 1 << (index % 8);
                let file = SimulatedFile::of(damaged);
                let found = open(&file).and_then(|store| contents(&store, height));
                match found {
                    Ok(found) => {
                        assert_eq!(found, expected, "byte {index}");
                        whole += 1;
                    }
                    Err(Fault::Store(cause)) => {
                        assert!(cause.contains("is damaged"), "byte {index}: {cause}");
                        faults += 1;
                    }
                    Err(other) => panic!("byte {index}: {other}"),
                }
            }
        }
        // One of three copies of the header, and checksums of pages that are not in use.
        assert!(faults > 6 * 4096 && whole >= 3 * 4096, "{faults} {whole}");
    }
}

#[test]
fn a_point_read_of_a_damaged_page_is_a_fault_and_others_are_right() {
    let (bytes, expected, _) = at_rest(true);
    let mut faults = 0;
    for block in (3..bytes.len() / 4096).map(|block| block * 4096) {
        for (key, value) in expected.entries.iter().step_by(7) {
            let mut damaged = bytes.clone();
            damaged[block + 1234] ^= 4;
            let Ok(store) = open(&SimulatedFile::of(damaged)) else {
                faults += 1;
                continue;
            };
            match store.read(key) {
                Ok(found) => assert_eq!(found.as_ref(), Some(value)),
                Err(_) => faults += 1,
            }
            if let Ok(found) = store.scan(key, None, 2) {
                let place = expected.entries.iter().position(|(other, _)| other == key);
                let place = place.unwrap();
                let end = expected.entries.len().min(place + 2);
                assert_eq!(found, expected.entries[place..end]);
            }
        }
    }
    assert!(faults > 10, "{faults}");
}

#[test]
fn pages_that_changed_places_or_were_never_written_are_damage() {
    use redb::StorageBackend as _;
    let file = SimulatedFile::default();
    let checked = CheckedFile::open(Box::new(file.clone())).unwrap();
    checked.set_len(600 * 4096).unwrap();
    // Without redb's header the file would count as one that was never begun.
    checked.write(0, b"redb\x1a\x0a\xa9\x0d\x0a").unwrap();
    let page = |byte: u8| vec![byte; 4096];
    for number in 1..600_u64 {
        checked.write(number * 4096, &page(number as u8)).unwrap();
    }
    checked.sync_data().unwrap();
    // Across the end of a group.
    let mut found = vec![0; 8 * 4096];
    checked.read(510 * 4096, &mut found).unwrap();
    let expected: Vec<u8> = (510..518_u64)
        .flat_map(|number| page(number as u8))
        .collect();
    assert_eq!(found, expected);
    // Page 257 has the same bytes as page 1, and another checksum.
    let bytes = file.bytes();
    let (first, other) = (4 * 4096, (3 + 257) * 4096);
    assert_eq!(bytes[first..first + 4096], bytes[other..other + 4096]);
    let sums = 3 * 4096;
    assert_ne!(bytes[sums..sums + 8], bytes[sums + 8 * 256..sums + 8 * 257]);
    let mut one = page(0);
    // Two pages swapped, beside a second reader that has no checksums in memory.
    let mut swapped = bytes.clone();
    swapped.copy_within(first..first + 4096, first + 4096);
    let again = CheckedFile::open(Box::new(SimulatedFile::of(swapped))).unwrap();
    assert!(again.read(2 * 4096, &mut one).is_err());
    assert!(again.read(3 * 4096, &mut one).is_ok());
    checked.set_len(700 * 4096).unwrap();
    assert!(checked.read(650 * 4096, &mut one).is_err(), "never written");
    // A shorter file forgets the checksums behind its end.
    checked.set_len(100 * 4096).unwrap();
    checked.sync_data().unwrap();
    assert_eq!(file.length().unwrap(), (3 + 1 + 99) * 4096);
    checked.set_len(700 * 4096).unwrap();
    assert!(checked.read(550 * 4096, &mut one).is_err());
}

#[test]
fn a_scrub_finds_a_flipped_bit_that_the_cache_hides() {
    let chain = Synthetic::small(3);
    let path = folder("rot").join("store");
    let mut store = RedbStore::open(&path, Settings::default()).unwrap();
    let mut known = ExpectedChain::default();
    known.continue_to(&mut store, &chain, 20);
    let scrubbed = store.scrub().unwrap();
    assert_eq!((scrubbed.height.0, scrubbed.blocks), (20, 21));
    let whole = fs::read(&path).unwrap();
    let mut found = 0;
    for block in 0..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[block * 4096 + 77] ^= 16;
        fs::write(&path, &damaged).unwrap();
        assert_eq!(known.check(&store), Some(20), "reads come from the cache");
        found += u64::from(Store::scrub(&store).is_err());
    }
    fs::write(&path, &whole).unwrap();
    store.scrub().unwrap();
    // Every page in use, the checksums, and each newest copy of the header.
    assert!(found > 120, "{found} of {}", whole.len() / 4096);
    known.continue_to(&mut store, &chain, 22);
}
