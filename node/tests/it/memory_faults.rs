//! Refuses each request for memory, and each read of the store, once and from then on.
//!
//! A guest decides how much linear memory, stack and internal code a node allocates and how much it
//! reads. Where that is not available, the node stops with the cause; after a restart it continues
//! with equal roots.

use crate::faults::{BLOCKS, ExpectedChain};
use node::{Commit, Header, LogStore, MemoryStore, Receipt, Signed, Store, Tip};
use node_sim::disk::{Failing, Loss, SimulatedDisk};
use reference::{Backing, Reference};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use vm::unstable::budget::{Budget, Purpose, refused};
use vm::{CheckedModule, Engine, Entries, Event, Execution, Fault, Height, Interpreter, Rules};

/// Requests per purpose, or reads, that fail in one test; of more requests, evenly spaced ones.
const TRIED_MAX: usize = 50;

/// A memory budget that refuses chosen requests.
pub(crate) struct FailingBudget {
    failing: Failing,
    requested: Mutex<Vec<Purpose>>,
}

impl FailingBudget {
    pub(crate) fn new(failing: Failing) -> Arc<Self> {
        Arc::new(Self {
            failing,
            requested: Mutex::default(),
        })
    }

    pub(crate) fn requests(&self) -> Vec<Purpose> {
        self.requested.lock().unwrap().clone()
    }
}

impl Budget for FailingBudget {
    fn grant(&self, purpose: Purpose, bytes: usize) -> Result<(), Fault> {
        let mut requested = self.requested.lock().unwrap();
        let number = requested.len() as u64;
        requested.push(purpose);
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

/// An engine that makes nothing in advance, so that frames request what they need.
pub(crate) struct Unprepared(pub(crate) Box<dyn Engine>);

impl Engine for Unprepared {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn bound_cache(&self, bytes_max: u64) {
        self.0.bound_cache(bytes_max);
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        self.0.instantiate(module, rules)
    }
}

type EngineWithBudget = fn(Arc<FailingBudget>) -> Box<dyn Engine>;

/// Runs the chain on a disk; a fault is returned with the last acknowledged height.
fn run(
    expected: &ExpectedChain,
    engine: Box<dyn Engine>,
    disk: &SimulatedDisk,
) -> Result<(), (u64, Fault)> {
    let store = LogStore::open(disk.clone()).map_err(|fault| (0, fault))?;
    let mut node = expected
        .open_on(engine, Box::new(store))
        .map_err(|fault| (0, fault))?;
    let ended = expected.apply_rest(&mut node);
    ended.map_err(|fault| (node.tip().height.0, fault))
}

/// Refuses requests of the 20-block run, each once and from then on; returns how many requests it
/// tried. Per purpose it tries at most [`TRIED_MAX`], evenly spaced, starting with the first.
fn refuse_each(engine: EngineWithBudget, purposes: &[Purpose]) -> usize {
    let expected = ExpectedChain::new(7);
    let healthy = FailingBudget::new(Failing::Never);
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

fn refuse(expected: &ExpectedChain, engine: EngineWithBudget, number: u64) {
    for failing in [Failing::Once(number), Failing::From(number)] {
        let disk = SimulatedDisk::new(number);
        let budget = FailingBudget::new(failing);
        let (height, fault) = run(expected, engine(Arc::clone(&budget)), &disk).unwrap_err();
        let named = format!("request {number} is refused");
        assert!(
            matches!(&fault, Fault::HostMemory(cause) if cause.contains(&named)),
            "{fault}"
        );
        assert_eq!(
            budget.requests().len() as u64,
            number + 1,
            "the node stops at the first refusal"
        );
        if failing == Failing::From(number) {
            // Memory is still refused: the node cannot execute the block.
            let (again, fault) = run(expected, engine(budget), &disk).unwrap_err();
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
    let engine: EngineWithBudget =
        |budget| Box::new(Unprepared(Box::new(Interpreter::with_budget(budget))));
    let tried = refuse_each(engine, &purposes);
    assert!(tried > 50, "{tried}");
}

/// Frames request again what was refused when the node opened: 17 memories and 17 stacks.
#[test]
fn a_request_that_is_refused_when_the_node_opens_is_no_fault() {
    let expected = ExpectedChain::new(7);
    for number in [0, 16, 17, 33] {
        let budget = FailingBudget::new(Failing::Once(number as u64));
        let engine = Box::new(Interpreter::with_budget(Arc::clone(&budget) as _));
        run(&expected, engine, &SimulatedDisk::new(0)).unwrap();
        assert!(budget.requests().len() > number, "{number}");
    }
}

#[test]
fn requests_of_the_reference_for_memory_fail_once_and_from_then_on() {
    let engines: [EngineWithBudget; 2] = [
        |budget| Box::new(Reference::new().with_budget(budget)),
        |budget| {
            let reserved = Reference::new().with_backing(Backing::Reserved);
            Box::new(reserved.with_budget(budget))
        },
    ];
    for engine in engines {
        assert!(refuse_each(engine, &[Purpose::LinearMemory]) > 25);
    }
}

/// A store whose reads fail.
pub(crate) struct FailingReads {
    pub(crate) inner: MemoryStore,
    pub(crate) seen: Arc<Mutex<ReadCount>>,
}

/// Number of reads so far, and which of them fail.
pub(crate) struct ReadCount {
    pub(crate) reads: u64,
    pub(crate) failing: Failing,
}

impl FailingReads {
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

impl Store for FailingReads {
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

#[test]
fn reads_of_the_store_fail_and_no_failure_becomes_a_receipt() {
    let expected = ExpectedChain::new(7);
    let run = |failing: Failing| {
        let seen = Arc::new(Mutex::new(ReadCount { reads: 0, failing }));
        let reads = || seen.lock().unwrap().reads;
        let store = FailingReads {
            inner: MemoryStore::new(),
            seen: Arc::clone(&seen),
        };
        let opened = expected.open_on(Box::new(Interpreter::new()), Box::new(store));
        let mut node = match opened {
            Ok(node) => node,
            Err(fault) => return (Err(fault), reads(), None),
        };
        let ended = expected.apply_rest(&mut node);
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
        assert_eq!(tried, number + 1, "the node stops at the first failure");
        let Some(node) = node else { continue };
        let height = node.tip().height.0;
        let store = node.into_store();
        assert_eq!(store.receipts(Height(height + 1)).unwrap(), None);
        let again = expected.open_on(Box::new(Interpreter::new()), store);
        let mut node = again.unwrap();
        assert_eq!(node.tip().height.0, height);
        expected.apply_rest(&mut node).unwrap();
        assert_eq!(node.tip().height.0, BLOCKS);
    }
}
