//! Applies blocks to a node and compares each transaction, and each block, with its gas.

use node::rules::Prices;
use node::{Executed, Node, Observer, PublicKey, ValidBlock, ValidTransaction};
use node_sim::simulate::Plan;
use node_sim::simulate::workload::Workload;
use std::sync::Arc;
use vm::unstable::work::counts;
use vm::{CheckedModule, Engine, Interpreter, Rules, check};
use work::bounds::Bounds;
use work::double::{Report, Watched, begin, end, take};
use work::stores::CountingStore;

/// Gas that a block has for its own work, beside its transactions: its hash and the fees, and the
/// list of rules.
const BLOCK_GAS: u64 = 2_000_000;
/// Contract frames that are active at once.
const FRAMES: usize = 17;

/// Gas of a transaction without that of its signature, which is verified before.
fn counted(transaction: &ValidTransaction, gas: u64) -> u64 {
    let prices = Prices::version_1();
    gas - match transaction.signed().transaction.signer {
        PublicKey::Ed25519(_) => prices.tx_signature_ed25519,
        PublicKey::Secp256k1(_) => prices.tx_signature_secp256k1,
    }
}

/// Compares after each transaction.
struct Comparison<'a> {
    block: &'a ValidBlock,
    /// Gas of all transactions so far.
    gas: u64,
}

impl Comparison<'_> {
    fn before(&self, index: usize) {
        if let Some(next) = self.block.transactions().get(index) {
            begin(counted(next, next.intrinsic_gas())).unwrap();
        }
    }
}

impl Observer for Comparison<'_> {
    fn begin(&mut self) {
        self.before(0);
    }

    fn transaction(&mut self, index: u32, executed: &Executed, _: Option<[u8; 32]>) {
        let index = usize::try_from(index).unwrap();
        let transaction = &self.block.transactions()[index];
        let gas = match executed.receipt.gas_used {
            0 => counted(transaction, transaction.intrinsic_gas()),
            gas => counted(transaction, gas),
        };
        self.gas += gas;
        end(&format!("transaction {index}"), gas);
        self.before(index + 1);
    }
}

/// An interpreter whose pool has the memories and stacks of all frames.
pub(crate) fn engine() -> Watched<Interpreter> {
    let engine = Interpreter::new();
    let rules = Arc::new(Rules::v1());
    let module = wat::parse_str("(module (memory 1) (func (export \"go\")))").unwrap();
    let module: Arc<CheckedModule> = Arc::new(check(&module, &rules).unwrap());
    let frames: Vec<_> = (0..FRAMES)
        .map(|_| engine.instantiate(&module, &rules).unwrap())
        .collect();
    drop(frames);
    Watched(engine)
}

/// Applies a block; `apply` is how. Returns what was found.
pub(crate) fn compare(
    block: &ValidBlock,
    apply: impl FnOnce(&ValidBlock, &mut dyn Observer),
) -> Report {
    let before = counts();
    let mut comparison = Comparison { block, gas: 0 };
    apply(block, &mut comparison);
    let mut report = take();
    let mut whole = counts();
    for (count, before) in whole.iter_mut().zip(before) {
        *count -= before;
    }
    let gas = comparison.gas + BLOCK_GAS;
    let unpaid = Bounds::read().unwrap().unpaid(&whole, gas);
    report
        .findings
        .extend(unpaid.map(|unpaid| work::double::Finding {
            unpaid,
            step: "the block".to_owned(),
            frame: None,
        }));
    report
}

#[test]
fn the_workload_of_the_simulator_does_no_work_that_was_not_paid() {
    let blocks = if std::env::var_os("DEEP").is_some() {
        200
    } else {
        25
    };
    let rules = node::rules::rulebook();
    let version = Arc::new(node::rules::version_1());
    let mut workload = Workload::new(&Plan::new(blocks, 7), &version).unwrap();
    let parts = node::Parts {
        engine: Box::new(engine()),
        rules,
        cache: node::CachePolicy::Warm,
    };
    let store = Box::new(CountingStore(node::MemoryStore::new()));
    let mut node = Node::open(parts, workload.genesis().clone(), store).unwrap();
    let mut steps = 0;
    for _ in 0..blocks {
        let block = workload.next_block(&node).unwrap();
        let block = node.validate(block).unwrap();
        let report = compare(&block, |block, observer| {
            node.apply(block, observer).unwrap();
        });
        println!("{}", report.summary());
        steps += report.steps;
        let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
    assert!(steps > 500, "{steps} steps");
}
