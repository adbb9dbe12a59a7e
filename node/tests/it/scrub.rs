//! Flips bits of stored values while a node runs: a scrub finds them before a transaction reads
//! them.

use crate::faults::{BLOCKS, ExpectedChain};
use node::{Commit, Disk as _, Header, LogStore, MemoryStore, Receipt, Signed, Store, Tip};
use node_sim::disk::SimulatedDisk;
use std::sync::{Arc, Mutex};
use vm::{Entries, Event, Fault, Height, Interpreter};

/// The state key of a value, and the bit of the value that is flipped.
type FlippedBit = Arc<Mutex<Option<(Vec<u8>, usize)>>>;

/// A store in which a stored bit is flipped: every read from then on has the flipped bit.
struct DamagedStore {
    inner: MemoryStore,
    flipped: FlippedBit,
}

impl DamagedStore {
    fn seen(&self, key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
        if let Some((damaged, bit)) = self.flipped.lock().unwrap().as_ref()
            && damaged == key
            && !value.is_empty()
        {
            let index = bit / 8 % value.len();
            value[index] ^= 1 << (bit % 8);
        }
        value
    }
}

impl Store for DamagedStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let value = self.inner.read(key)?;
        Ok(value.map(|value| self.seen(key, value)))
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let entries = self.inner.scan(start, end, limit)?.into_iter();
        let seen = entries.map(|(key, value)| {
            let value = self.seen(&key, value);
            (key, value)
        });
        Ok(seen.collect())
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.inner.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.inner.chain_id()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.inner.header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.inner.transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.inner.receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.inner.events(height)
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.inner.commit(commit)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_scrub_between_blocks_finds_a_damaged_value_before_it_is_read() {
    let expected = ExpectedChain::new(13);
    let flipped = FlippedBit::default();
    let store = DamagedStore {
        inner: MemoryStore::new(),
        flipped: Arc::clone(&flipped),
    };
    let mut node = expected
        .open_on(Box::new(Interpreter::new()), Box::new(store))
        .unwrap();
    let mut found = 0;
    for height in 1..=BLOCKS {
        expected.apply_to(&mut node, height).unwrap();
        node.scrub().expect("nothing is damaged");
        // Each value in turn over the run: code, accounts, contract values, rules, hashes.
        let entries = node.store().scan(&[], None, usize::MAX).unwrap();
        // An empty value has no bit to flip.
        let entries = entries.into_iter().filter(|(_, value)| !value.is_empty());
        for (index, (key, _)) in entries.enumerate() {
            if index % BLOCKS as usize != height as usize % BLOCKS as usize {
                continue;
            }
            flipped
                .lock()
                .unwrap()
                .replace((key.clone(), index * 7 + height as usize));
            let fault = node.scrub().expect_err("a damaged value");
            let named = format!("state key {} ", hex(&key));
            assert!(
                matches!(&fault, Fault::Store(cause) if cause.contains(&named)),
                "{fault}"
            );
            flipped.lock().unwrap().take();
            found += 1;
        }
    }
    assert!(found > 50, "{found}");
    assert_eq!(node.tip().height, Height(BLOCKS));
}

/// Why a scrub is needed: without one, a node executes transactions on such a value.
#[test]
fn without_a_scrub_a_damaged_value_can_become_a_result() {
    let expected = ExpectedChain::new(13);
    let (mut wrong, mut stopped) = (0, 0);
    let healthy = {
        let store = Box::new(MemoryStore::new());
        let mut node = expected
            .open_on(Box::new(Interpreter::new()), store)
            .unwrap();
        expected.apply_to(&mut node, 4).unwrap();
        node.store().scan(&[], None, usize::MAX).unwrap()
    };
    for (key, _) in &healthy {
        let flipped = FlippedBit::default();
        let store = DamagedStore {
            inner: MemoryStore::new(),
            flipped: Arc::clone(&flipped),
        };
        let mut node = expected
            .open_on(Box::new(Interpreter::new()), Box::new(store))
            .unwrap();
        expected.apply_to(&mut node, 4).unwrap();
        flipped.lock().unwrap().replace((key.clone(), 3));
        for block in expected.blocks_after(4) {
            // A node with a wrong state rejects a header that has the right result of its parent.
            let Ok(valid) = node.validate(block) else {
                wrong += 1;
                break;
            };
            if node.apply(&valid, &mut node::NoObserver).is_err() {
                stopped += 1;
                break;
            }
        }
    }
    assert!(wrong > 0 && stopped > 0, "{wrong} {stopped}");
}

#[test]
fn a_scrub_reads_the_log_again_and_finds_any_bit_flipped_since() {
    let expected = ExpectedChain::new(14);
    let mut disk = SimulatedDisk::new(0);
    let store = Box::new(LogStore::open(disk.clone()).unwrap());
    let mut node = expected
        .open_on(Box::new(Interpreter::new()), store)
        .unwrap();
    let mut found = 0;
    for height in 1..=BLOCKS {
        expected.apply_to(&mut node, height).unwrap();
        node.scrub().expect("nothing is damaged");
        for position in (height as usize..disk.length()).step_by(disk.length() / 13) {
            let bit = (position % 8) as u32;
            disk.flip_bit(position, bit);
            let fault = node.scrub().expect_err("a flipped bit");
            assert!(
                matches!(&fault, Fault::Store(cause) if cause.contains("damaged at byte")),
                "{fault}"
            );
            disk.flip_bit(position, bit);
            found += 1;
        }
    }
    assert!(found > 200, "{found}");
    // While the store is open, uncommitted bytes at the end are not taken for a torn record.
    disk.append(&[0; 9]).unwrap();
    assert!(node.scrub().is_err());
}
