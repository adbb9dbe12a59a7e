//! Fails each write and sync of a run, once and from then on: no fault becomes a result.

use node::{
    Block, BlockResult, CachePolicy, Commit, Disk as _, Genesis, LogStore, MemoryStore, NoObserver,
    Node, Parts, Store,
};
use node_sim::disk::{Failing, Loss, SimulatedDisk};
use node_sim::simulate::Plan;
use node_sim::simulate::workload::Workload;
use node_sim::synthetic;
use std::sync::Arc;
use vm::{Engine, Fault, Height, Interpreter};

pub(crate) const BLOCKS: u64 = 20;

pub(crate) fn parts() -> Parts {
    Parts {
        engine: Box::new(Interpreter::new()),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    }
}

/// The expected chain, executed on a store that does not fail.
pub(crate) struct ExpectedChain {
    pub(crate) genesis: Genesis,
    pub(crate) blocks: Vec<Block>,
    /// Results of the genesis and of each block.
    pub(crate) results: Vec<BlockResult>,
}

impl ExpectedChain {
    pub(crate) fn new(seed: u64) -> Self {
        let plan = Plan {
            transactions: 3,
            ..Plan::new(BLOCKS, seed)
        };
        let mut workload = Workload::new(&plan, &Arc::new(node::rules::version_1())).unwrap();
        let genesis = workload.genesis().clone();
        let mut node = Node::open(parts(), genesis.clone(), Box::new(MemoryStore::new())).unwrap();
        let (mut blocks, mut results) = (Vec::new(), vec![node.tip().result]);
        for _ in 0..BLOCKS {
            let block = workload.next_block(&node).unwrap();
            let valid = node.validate(block.clone()).unwrap();
            results.push(node.apply(&valid, &mut NoObserver).unwrap());
            blocks.push(block);
        }
        Self {
            genesis,
            blocks,
            results,
        }
    }

    fn open(&self, disk: &SimulatedDisk) -> Result<Node, Fault> {
        self.open_on(
            Box::new(Interpreter::new()),
            Box::new(LogStore::open(disk.clone())?),
        )
    }

    /// Opens a node of this chain with this engine and store.
    pub(crate) fn open_on(
        &self,
        engine: Box<dyn Engine>,
        store: Box<dyn Store>,
    ) -> Result<Node, Fault> {
        let parts = Parts { engine, ..parts() };
        Node::open(parts, self.genesis.clone(), store)
    }

    /// Applies the blocks after the node's tip, up to the first fault.
    pub(crate) fn apply_rest(&self, node: &mut Node) -> Result<(), Fault> {
        self.apply_to(node, u64::MAX)
    }

    /// Applies the blocks after the node's tip up to `height`.
    pub(crate) fn apply_to(&self, node: &mut Node, height: u64) -> Result<(), Fault> {
        for block in self.blocks_after(node.tip().height.0) {
            if node.tip().height.0 >= height {
                break;
            }
            let valid = node.validate(block).expect("a valid block");
            let result = node.apply(&valid, &mut NoObserver)?;
            assert_eq!(result, self.results[node.tip().height.0 as usize]);
        }
        Ok(())
    }

    /// The blocks after block `height`.
    pub(crate) fn blocks_after(&self, height: u64) -> Vec<Block> {
        self.blocks.iter().skip(height as usize).cloned().collect()
    }

    /// Opens a node and applies all blocks; a fault is returned with the last acknowledged height.
    fn run(&self, disk: &SimulatedDisk) -> Result<(), (u64, Fault)> {
        let mut node = self.open(disk).map_err(|fault| (0, fault))?;
        self.apply_rest(&mut node)
            .map_err(|fault| (node.tip().height.0, fault))
    }

    /// Loses power, restarts without faults, and checks that the node is at a committed prefix and
    /// can continue.
    pub(crate) fn recover(&self, disk: &SimulatedDisk, loss: Loss, acknowledged: u64) {
        disk.fail(Failing::Never);
        disk.limit(usize::MAX);
        disk.crash(loss);
        let mut node = self.open(disk).expect("opens after a crash");
        let height = node.tip().height.0;
        assert!(
            height >= acknowledged,
            "block {acknowledged} was synced, {height} is the last"
        );
        assert_eq!(node.tip().result, self.results[height as usize]);
        node.scrub().expect("the root is that of the values");
        self.apply_rest(&mut node).expect("continues");
        assert_eq!(node.tip().result, self.results[BLOCKS as usize]);
    }
}

#[test]
fn each_operation_of_the_disk_fails_once_and_from_then_on() {
    let expected = ExpectedChain::new(7);
    let healthy = SimulatedDisk::new(0);
    expected.run(&healthy).unwrap();
    let operations = healthy.operations();
    // One read at open; an append and a sync for the genesis and each block.
    assert_eq!(operations, 1 + 2 * (BLOCKS + 1));
    let mut faults = 0;
    for number in 0..operations {
        for failing in [Failing::Once(number), Failing::From(number)] {
            for loss in [Loss::Suffix, Loss::Subset] {
                let disk = SimulatedDisk::new(number);
                disk.fail(failing);
                let (acknowledged, fault) = expected.run(&disk).unwrap_err();
                assert!(
                    matches!(&fault, Fault::Store(cause) if cause.contains("failed")),
                    "{fault}"
                );
                faults += 1;
                expected.recover(&disk, loss, acknowledged);
            }
        }
    }
    assert_eq!(faults, operations * 4);
}

#[test]
fn a_power_loss_after_any_block_leaves_a_committed_prefix() {
    let expected = ExpectedChain::new(8);
    for height in 0..=BLOCKS {
        for loss in [Loss::Suffix, Loss::Subset] {
            let disk = SimulatedDisk::new(height);
            let mut node = expected.open(&disk).unwrap();
            for block in expected.blocks.iter().take(height as usize) {
                let valid = node.validate(block.clone()).unwrap();
                node.apply(&valid, &mut NoObserver).unwrap();
            }
            expected.recover(&disk, loss, height);
        }
    }
}

#[test]
fn a_node_that_stopped_at_a_fault_executes_no_further_block() {
    let expected = ExpectedChain::new(9);
    let disk = SimulatedDisk::new(0);
    let mut node = expected.open(&disk).unwrap();
    disk.fail(Failing::Once(disk.operations() + 1));
    let valid = node.validate(expected.blocks[0].clone()).unwrap();
    assert!(node.apply(&valid, &mut NoObserver).is_err());
    assert!(
        matches!(
            node.apply(&valid, &mut NoObserver),
            Err(Fault::Invariant(_))
        ),
        "the disk works again, the node must stay stopped"
    );
    assert!(node.store().tip().is_err(), "the store must stay stopped");
}

#[test]
fn a_full_disk_stops_the_node_and_loses_nothing() {
    let expected = ExpectedChain::new(10);
    let healthy = SimulatedDisk::new(0);
    expected.run(&healthy).unwrap();
    for percent in (5..100).step_by(5) {
        let disk = SimulatedDisk::new(percent);
        disk.limit(healthy.length() * percent as usize / 100);
        let (acknowledged, fault) = expected.run(&disk).unwrap_err();
        assert!(
            matches!(&fault, Fault::Store(cause) if cause.contains("no space")),
            "{fault}"
        );
        expected.recover(&disk, Loss::Suffix, acknowledged);
    }
}

#[test]
fn a_flipped_bit_is_a_fault_or_a_shorter_prefix_and_never_a_result() {
    let expected = ExpectedChain::new(11);
    let healthy = SimulatedDisk::new(0);
    expected.run(&healthy).unwrap();
    let bytes = healthy.read().unwrap();
    let last_record = bytes
        .windows(8)
        .rposition(|window| window == b"LSblock2")
        .unwrap();
    for position in (0..bytes.len()).step_by(997).chain([last_record]) {
        let mut disk = SimulatedDisk::new(0);
        disk.append(&bytes).unwrap();
        disk.sync().unwrap();
        disk.flip_bit(position, (position % 8) as u32);
        match expected.open(&disk) {
            Err(Fault::Store(cause)) => assert!(cause.contains("damaged"), "{cause}"),
            Err(other) => panic!("{other}"),
            Ok(_) if position < last_record => panic!("byte {position} was flipped unnoticed"),
            // The last record cannot be distinguished from a torn one: the block is executed again.
            Ok(node) => assert_eq!(node.tip().height.0, BLOCKS - 1),
        }
    }
}

/// A commit of a block that writes one value.
fn commit(height: u64, value: Vec<u8>) -> Commit {
    synthetic::commit(height, [(vec![2], Some(value))].into())
}

#[test]
fn a_value_that_is_a_record_neither_stops_nor_changes_a_recovery() {
    let forged = SimulatedDisk::new(0);
    let mut store = LogStore::open(forged.clone()).unwrap();
    store.commit(commit(0, b"forged".to_vec())).unwrap();
    let record = forged.read().unwrap();
    let values = [
        record.clone(),
        b"LSblock".repeat(3),
        b"LSblock\0LSblock\x002".to_vec(),
    ];
    for value in values {
        let whole = SimulatedDisk::new(0);
        let mut store = LogStore::open(whole.clone()).unwrap();
        store.commit(commit(0, value.clone())).unwrap();
        store.commit(commit(1, value.clone())).unwrap();
        let bytes = whole.read().unwrap();
        let again = LogStore::open(whole).unwrap();
        assert_eq!(again.read(&[2]).unwrap(), Some(value.clone()));
        // Block 1 is torn after a value that looks like a record.
        for lost in [1, 40, 200] {
            let mut torn = SimulatedDisk::new(0);
            torn.append(&bytes[..bytes.len() - lost]).unwrap();
            let store = LogStore::open(torn).expect("a torn block is truncated");
            assert_eq!(store.tip().unwrap().unwrap().height, Height(0));
            assert_eq!(store.read(&[2]).unwrap(), Some(value.clone()));
        }
    }
}

#[test]
fn a_log_of_the_format_before_is_refused_and_never_cut_off() {
    let whole = SimulatedDisk::new(0);
    let mut store = LogStore::open(whole.clone()).unwrap();
    store.commit(commit(0, b"value".to_vec())).unwrap();
    store.commit(commit(1, b"value".to_vec())).unwrap();
    let mut old = whole.read().unwrap();
    let starts: Vec<usize> = (0..old.len() - 8)
        .filter(|start| old[*start..].starts_with(b"LSblock2"))
        .collect();
    assert_eq!(starts.len(), 2);
    for start in &starts {
        old[start + 7] = b'1';
    }
    for (first, length, cause) in [
        (0, old.len(), "replay an archive"),
        (0, 9, "replay an archive"),
        (1, old.len(), "damaged"),
        (starts[1], old.len(), "replay an archive"),
    ] {
        let mut disk = SimulatedDisk::new(0);
        disk.append(&old[first..length]).unwrap();
        disk.sync().unwrap();
        let Err(Fault::Store(found)) = LogStore::open(disk.clone()) else {
            panic!("a log of the format before was read");
        };
        assert!(found.contains(cause), "{found}");
        assert_eq!(disk.read().unwrap(), &old[first..length]);
    }
}

#[test]
fn the_log_returns_what_memory_does() {
    let expected = ExpectedChain::new(12);
    let disk = SimulatedDisk::new(0);
    expected.run(&disk).unwrap();
    let log = LogStore::open(disk).unwrap();
    let mut node = Node::open(
        parts(),
        expected.genesis.clone(),
        Box::new(MemoryStore::new()),
    )
    .unwrap();
    expected.apply_rest(&mut node).unwrap();
    let memory = node.into_store();
    assert_eq!(log.tip().unwrap(), memory.tip().unwrap());
    let all = |store: &dyn Store| store.scan(&[], None, usize::MAX).unwrap();
    assert_eq!(all(&log), all(memory.as_ref()));
    for height in 0..=BLOCKS + 1 {
        let height = Height(height);
        assert_eq!(log.header(height), memory.header(height));
        assert_eq!(log.transactions(height), memory.transactions(height));
        assert_eq!(log.receipts(height), memory.receipts(height));
        assert_eq!(log.events(height), memory.events(height));
    }
    let mut events = 0;
    for block in &expected.blocks {
        let height = block.header.height;
        assert_eq!(log.header(height).unwrap(), Some(block.header.clone()));
        let transactions = log.transactions(height).unwrap();
        assert_eq!(transactions.as_ref(), Some(&block.transactions));
        let receipts = log.receipts(height).unwrap().unwrap();
        let of_block = log.events(height).unwrap().unwrap();
        assert_eq!(of_block.len(), block.transactions.len());
        for (receipt, of_transaction) in receipts.iter().zip(&of_block) {
            let root = node::receipt::events_root(of_transaction);
            assert_eq!(receipt.events_root, root);
            events += of_transaction.len();
        }
    }
    assert!(events > 0, "the chain has events");
    let (key, value) = all(&log)[3].clone();
    assert_eq!(log.read(&key).unwrap(), Some(value));
    assert!(log.contains(&key).unwrap());
}
