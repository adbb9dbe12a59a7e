//! Refuses each request for memory, and each read of the store, once and from then on.
//!
//! A guest decides how much linear memory, stack and internal code a node takes and how much it
//! reads. What is not to be had stops the node with the cause; a restart goes on with equal roots.

use crate::faults::{BLOCKS, Expected};
use node::{Commit, LogStore, MemoryStore, Receipt, Store, Tip};
use node_sim::disk::{Failing, Loss, SimulatedDisk};
use reference::{Backing, Reference};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use vm::unstable::budget::{Budget, Purpose, refused};
use vm::{Engine, Entries, Fault, Height, Interpreter};

/// Requests for one purpose, or reads, that fail in one test; of more, some at equal distances.
const TRIED_MAX: usize = 50;

/// Refuses memory when it is told to.
struct Scarce {
    failing: Failing,
    asked: Mutex<Vec<Purpose>>,
}

impl Scarce {
    fn new(failing: Failing) -> Arc<Self> {
        Arc::new(Self {
            failing,
            asked: Mutex::default(),
        })
    }

    fn requests(&self) -> Vec<Purpose> {
        self.asked.lock().unwrap().clone()
    }
}

impl Budget for Scarce {
    fn grant(&self, purpose: Purpose, bytes: usize) -> Result<(), Fault> {
        let mut asked = self.asked.lock().unwrap();
        let number = asked.len() as u64;
        asked.push(purpose);
        if self.failing.hits(number) {
            return Err(refused(
                purpose,
                bytes,
                format!("request {number} is refused"),
            ));
        }
        Ok(())
    }
}

type MakeEngine = fn(Arc<Scarce>) -> Box<dyn Engine>;

/// Runs the chain on a disk; the height that was acknowledged before a fault, if there is one.
fn run(
    expected: &Expected,
    engine: Box<dyn Engine>,
    disk: &SimulatedDisk,
) -> Result<(), (u64, Fault)> {
    let store = LogStore::open(disk.clone()).map_err(|fault| (0, fault))?;
    let mut node = expected
        .open_on(engine, Box::new(store))
        .map_err(|fault| (0, fault))?;
    let ended = expected.go_on(&mut node);
    ended.map_err(|fault| (node.tip().height.0, fault))
}

/// Refuses requests of the 20-block run, each once and from then on; how many were refused. For
/// each purpose at most [`TRIED_MAX`] are, at equal distances, the first among them.
fn refuse_each(engine: MakeEngine, purposes: &[Purpose]) -> usize {
    let expected = Expected::new(7);
    let healthy = Scarce::new(Failing::Never);
    run(
        &expected,
        engine(Arc::clone(&healthy)),
        &SimulatedDisk::new(0),
    )
    .unwrap();
    let mut by_purpose: BTreeMap<Purpose, Vec<u64>> = BTreeMap::new();
    for (number, purpose) in (0..).zip(healthy.requests()) {
        by_purpose.entry(purpose).or_default().push(number);
    }
    assert!(by_purpose.keys().eq(purposes));
    let mut tried = 0;
    for requests in by_purpose.values() {
        let step = requests.len().div_ceil(TRIED_MAX);
        for number in requests.iter().copied().step_by(step) {
            refuse(&expected, engine, number);
            tried += 1;
        }
    }
    tried
}

fn refuse(expected: &Expected, engine: MakeEngine, number: u64) {
    for failing in [Failing::Once(number), Failing::From(number)] {
        let disk = SimulatedDisk::new(number);
        let scarce = Scarce::new(failing);
        let (height, fault) = run(expected, engine(Arc::clone(&scarce)), &disk).unwrap_err();
        let named = format!("request {number} is refused");
        assert!(
            matches!(&fault, Fault::HostMemory(cause) if cause.contains(&named)),
            "{fault}"
        );
        assert_eq!(
            scarce.requests().len() as u64,
            number + 1,
            "the node stops at the first"
        );
        if failing == Failing::From(number) {
            // There is still none: the node does not get past the block.
            let (again, fault) = run(expected, engine(scarce), &disk).unwrap_err();
            assert_eq!(again, height);
            assert!(matches!(fault, Fault::HostMemory(_)), "{fault}");
        } else {
            expected.recover(&disk, Loss::Suffix, height);
        }
    }
}

#[test]
fn each_request_of_the_interpreter_for_memory_fails_once_and_from_then_on() {
    let purposes = [Purpose::LinearMemory, Purpose::Stack, Purpose::Code];
    let engine: MakeEngine = |scarce| Box::new(Interpreter::with_budget(scarce));
    let tried = refuse_each(engine, &purposes);
    assert!(tried > 50, "{tried}");
}

#[test]
fn requests_of_the_reference_for_memory_fail_once_and_from_then_on() {
    let engines: [MakeEngine; 2] = [
        |scarce| Box::new(Reference::new().with_budget(scarce)),
        |scarce| {
            let reserved = Reference::new().with_backing(Backing::Reserved);
            Box::new(reserved.with_budget(scarce))
        },
    ];
    for engine in engines {
        assert!(refuse_each(engine, &[Purpose::LinearMemory]) > 25);
    }
}

/// A store of which reads fail.
struct Unreadable {
    inner: MemoryStore,
    seen: Arc<Mutex<Seen>>,
}

/// Reads so far, and which of them fail.
struct Seen {
    reads: u64,
    failing: Failing,
}

impl Unreadable {
    fn count(&self) -> Result<(), Fault> {
        let mut seen = self.seen.lock().unwrap();
        let number = seen.reads;
        seen.reads += 1;
        if seen.failing.hits(number) {
            return Err(Fault::Store(format!("read {number} failed")));
        }
        Ok(())
    }
}

impl Store for Unreadable {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.count()?;
        self.inner.read(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.count()?;
        self.inner.scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.inner.tip()
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.inner.receipts(height)
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.inner.commit(commit)
    }
}

#[test]
fn reads_of_the_store_fail_and_no_failure_becomes_a_receipt() {
    let expected = Expected::new(7);
    let run = |failing: Failing| {
        let seen = Arc::new(Mutex::new(Seen { reads: 0, failing }));
        let reads = || seen.lock().unwrap().reads;
        let store = Unreadable {
            inner: MemoryStore::new(),
            seen: Arc::clone(&seen),
        };
        let opened = expected.open_on(Box::new(Interpreter::new()), Box::new(store));
        let mut node = match opened {
            Ok(node) => node,
            Err(fault) => return (Err(fault), reads(), None),
        };
        let ended = expected.go_on(&mut node);
        seen.lock().unwrap().failing = Failing::Never;
        (ended, reads(), Some(node))
    };
    let (ended, reads, _) = run(Failing::Never);
    ended.unwrap();
    let step = reads.div_ceil(TRIED_MAX as u64) as usize;
    for number in (0..reads).step_by(step) {
        let (ended, tried, node) = run(Failing::Once(number));
        let fault = ended.unwrap_err();
        let named = format!("read {number} failed");
        assert!(
            matches!(&fault, Fault::Store(cause) if *cause == named),
            "{fault}"
        );
        assert_eq!(tried, number + 1, "the node stops at the first");
        let Some(node) = node else { continue };
        let height = node.tip().height.0;
        let store = node.into_store();
        assert_eq!(store.receipts(Height(height + 1)).unwrap(), None);
        let again = expected.open_on(Box::new(Interpreter::new()), store);
        let mut node = again.unwrap();
        assert_eq!(node.tip().height.0, height);
        expected.go_on(&mut node).unwrap();
        assert_eq!(node.tip().height.0, BLOCKS);
    }
}
