//! Flips bytes of every file of a store at rest: what it returns is right, or a fault.

use crate::torn::copy;
use crate::{ExpectedChain, folder};
use node::{Header, Receipt, Signed, Store, Tip, recomputed_root};
use node_sim::synthetic::{Synthetic, record_key};
use rocksdb_store::{RocksStore, Settings};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use vm::{Entries, Event, Fault, Height};

const BLOCKS: u64 = 7;
/// Of how many bytes one is flipped: of files that are read, unless `DEEP` is in the environment,
/// and of those that are not.
const STRIDE: usize = 53;
const STRIDE_UNREAD: usize = 1_009;

type Blocks<T> = Vec<Option<T>>;

/// All that a store returns.
#[derive(Debug, PartialEq, Eq)]
struct Contents {
    tip: Option<Tip>,
    chain_id: Option<[u8; 32]>,
    entries: Entries,
    headers: Blocks<Header>,
    receipts: Blocks<Vec<Receipt>>,
    transactions: Blocks<Vec<Signed>>,
    events: Blocks<Vec<Vec<Event>>>,
    records: Blocks<Vec<u8>>,
}

fn contents(store: &RocksStore) -> Result<Contents, Fault> {
    let heights = || (0..=BLOCKS).map(Height);
    Ok(Contents {
        tip: store.tip()?,
        chain_id: store.chain_id()?,
        entries: store.scan(&[], None, usize::MAX)?,
        headers: heights()
            .map(|h| store.header(h))
            .collect::<Result<_, _>>()?,
        receipts: heights()
            .map(|h| store.receipts(h))
            .collect::<Result<_, _>>()?,
        transactions: heights()
            .map(|h| store.transactions(h))
            .collect::<Result<_, _>>()?,
        events: heights()
            .map(|h| store.events(h))
            .collect::<Result<_, _>>()?,
        records: (0..16)
            .map(|number| store.record(&record_key(number)))
            .collect::<Result<_, _>>()?,
    })
}

fn settings() -> Settings {
    Settings {
        open_seconds: 20,
        ..Settings::small()
    }
}

/// Blocks in sorted files, deletions among them, and blocks in the log alone.
fn at_rest(path: &Path) -> Contents {
    let chain = Synthetic {
        keys: 40,
        changes: 12,
        value_bytes: 60,
        receipts: 1,
        ..Synthetic::small(9)
    };
    let mut store = RocksStore::open(path, settings()).unwrap();
    let mut known = ExpectedChain::default();
    known.continue_to(&mut store, &chain, 3);
    store.compact().unwrap();
    known.continue_to(&mut store, &chain, BLOCKS);
    contents(&store).unwrap()
}

/// A folder in memory, where there is one: each opening syncs a dozen files.
fn fast_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if !memory.is_dir() {
        return folder("flipped");
    }
    let path = memory.join(format!("lockstep-flipped-{}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    path
}

#[derive(Debug, Default)]
struct Counted {
    faults: u64,
    right: u64,
    older: u64,
}

#[test]
fn every_byte_of_a_store_flipped_at_rest_is_a_fault_or_changes_nothing() {
    let home = fast_folder();
    let (path, damaged) = (home.join("whole"), home.join("damaged"));
    let expected = at_rest(&path);
    let every = std::env::var_os("DEEP").is_some();
    let mut counted = BTreeMap::<String, Counted>::new();
    let mut names: Vec<String> = fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in names {
        let bytes = fs::read(path.join(&name)).unwrap();
        // RocksDB writes them for people, and reads neither.
        let is_unread = name.starts_with("OPTIONS") || name == "LOG";
        let stride = match (is_unread, every) {
            (true, _) => STRIDE_UNREAD,
            (false, true) => 1,
            (false, false) => STRIDE,
        };
        // Also the last ones: RocksDB may take damage there for the end of a file.
        let last = bytes.len().saturating_sub(if is_unread { 0 } else { 24 });
        let indices = (0..last).step_by(stride).chain(last..bytes.len());
        for index in indices {
            copy(&path, &damaged);
            let mut flipped = bytes.clone();
            flipped[index] ^= 1 << (index % 8);
            fs::write(damaged.join(&name), flipped).unwrap();
            let kind = name.trim_matches(|letter: char| letter.is_ascii_digit() || letter == '-');
            let counted = counted.entry(kind.to_owned()).or_default();
            check(
                &damaged,
                &expected,
                counted,
                &format!("{name}, byte {index}"),
            );
            fs::remove_dir_all(&damaged).unwrap();
        }
    }
    fs::remove_dir_all(&home).unwrap();
    println!("{counted:?}");
    let of = |kind: &str| counted.get(kind).expect("a file of that kind");
    assert!(of(".sst").faults > 50 && of(".log").older > 20 && of("MANIFEST").faults > 5);
    assert!(of("LOCKSTEP").faults > 0 && of("CURRENT").faults > 0);
}

fn check(path: &Path, expected: &Contents, counted: &mut Counted, what: &str) {
    let opened = RocksStore::open(path, settings());
    match opened.and_then(|store| Ok((contents(&store)?, recomputed_root(&store)?))) {
        Ok((found, root)) => {
            assert_eq!(found, *expected, "{what}");
            let tip = found.tip.expect("a block");
            assert_eq!(root, tip.result.state_root, "{what}");
            counted.right += 1;
        }
        Err(Fault::Store(cause)) => {
            assert!(cause.starts_with("rocksdb at "), "{what}: {cause}");
            counted.faults += 1;
            counted.older += u64::from(cause.contains("was acknowledged"));
        }
        Err(other) => panic!("{what}: {other}"),
    }
}
