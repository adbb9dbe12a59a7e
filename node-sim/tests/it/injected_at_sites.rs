//! Injects faults at single operators and stores, and expects the simulator to name the
//! transaction.
//!
//! The expected transaction is found without the simulator: a traced run of R says which
//! transactions execute the operator.

use node::{CachePolicy, Executed, MemoryStore, Node, Observer, Parts, ReceiptExit};
use node_sim::pipeline::StandardPipeline;
use node_sim::rerun::MakeEngine;
use node_sim::simulate::injected::{WrongGas, WrongOperator, lost_write};
use node_sim::simulate::samples::{COUNTER, Sample, TOKEN};
use node_sim::simulate::workload::Workload;
use node_sim::simulate::{Difference, Executor, NoProgress, Plan, Restart, run, standard};
use reference::{Reference, Trace};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use vm::CodeHash;
use vm::unstable::lower::Operator;
use vm::unstable::opcode::Opcode;
use vm::{CheckedModule, Engine, Execution, Fault, Height, Rules};

const PLAN: Plan = Plan {
    blocks: 8,
    seed: 21,
    transactions: 16,
};

/// Maximum number of wrong operators in one module; each is a run of its own.
const SITES_MAX: usize = 60;

/// An operator: code hash, function, byte offset.
type OperatorSite = (CodeHash, u32, u32);
/// A transaction: height, index in the block, exit.
type TransactionEnd = (Height, u32, ReceiptExit);

/// The operators that the current transaction has executed, and the module that runs.
#[derive(Default)]
struct VisitedOperators {
    module: CodeHash,
    sites: BTreeSet<OperatorSite>,
}

impl Trace for VisitedOperators {
    fn operator(&mut self, function: u32, offset: u32, _: u64) {
        self.sites.insert((self.module, function, offset));
    }
}

/// R that notes which module runs.
struct ModuleTracingEngine(Arc<Mutex<VisitedOperators>>);

impl Engine for ModuleTracingEngine {
    fn name(&self) -> &'static str {
        "module tracing"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        self.0.lock().unwrap().module = *module.code_hash();
        Reference::new()
            .with_trace(self.0.clone())
            .instantiate(module, rules)
    }
}

struct OperatorHistory {
    visited: Arc<Mutex<VisitedOperators>>,
    height: Height,
    executed: BTreeMap<OperatorSite, Vec<TransactionEnd>>,
}

impl Observer for OperatorHistory {
    fn transaction(&mut self, index: u32, executed: &Executed, _: Option<[u8; 32]>) {
        let sites = core::mem::take(&mut self.visited.lock().unwrap().sites);
        for site in sites {
            let at = (self.height, index, executed.receipt.exit);
            self.executed.entry(site).or_default().push(at);
        }
    }
}

/// The transactions of the plan that execute each operator.
fn history() -> BTreeMap<OperatorSite, Vec<TransactionEnd>> {
    let rules = Arc::new(node::rules::version_1());
    let mut workload = Workload::new(&PLAN, &rules).unwrap();
    let visited = Arc::new(Mutex::new(VisitedOperators::default()));
    let engine = Box::new(ModuleTracingEngine(Arc::clone(&visited)));
    let parts = Parts {
        engine,
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    };
    let store = Box::new(MemoryStore::new());
    let mut node = Node::open(parts, workload.genesis().clone(), store).unwrap();
    let mut history = OperatorHistory {
        visited,
        height: Height(0),
        executed: BTreeMap::new(),
    };
    for height in (1..=PLAN.blocks).map(Height) {
        history.height = height;
        let valid = node.validate(workload.next_block(&node).unwrap()).unwrap();
        node.apply(&valid, &mut history).unwrap();
    }
    history.executed
}

/// All occurrences of a numeric operator in a sample.
fn occurrences(sample: &Sample, opcode: Opcode) -> Vec<OperatorSite> {
    let found = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&found);
    let engine = Reference::new().with_rewrite(move |location, operator| {
        if operator == Operator::Numeric(opcode) {
            let site = (
                *location.module.code_hash(),
                location.function,
                location.offset,
            );
            seen.lock().unwrap().insert(site);
        }
        operator
    });
    let rules = Arc::new(node::rules::version_1());
    let module = Arc::new(vm::check(sample.bytes, &rules).unwrap());
    for function in 0..module.functions().len() {
        // Functions are prepared when they are entered, so enter each.
        let entry = (module.imports().len() + function) as u32;
        let arguments = module
            .function_type(entry)
            .unwrap()
            .parameters
            .iter()
            .map(|kind| vm::unstable::execution::Value::from_bits(*kind, 0))
            .collect();
        let mut execution = engine.instantiate(&module, &rules).unwrap();
        let frame = vm::unstable::execution::Invocation {
            entry,
            arguments,
            gas: vm::unstable::gas::GasMeter::new(1_000_000),
        };
        execution.start(frame).unwrap();
    }
    let found = found.lock().unwrap();
    found.iter().copied().collect()
}

/// Runs the plan with one wrong executor beside right ones.
fn differ(site: OperatorSite, replacement: Opcode, right: u32) -> Difference {
    let (code_hash, function, offset) = site;
    let wrong = WrongOperator {
        code_hash,
        function,
        offset,
        replacement,
    };
    let engine: MakeEngine = Box::new(move || Box::new(wrong.engine()));
    let mut executors = standard(right);
    executors.push(Executor::new(
        "wrong",
        engine,
        CachePolicy::Warm,
        Restart::Never,
    ));
    let report = run(&PLAN, executors, &mut NoProgress).unwrap();
    assert!(!report.agreed, "a wrong operator is not found: {site:?}");
    let difference = report.first_difference.unwrap();
    assert_eq!(report.height, difference.height);
    assert_eq!(difference.executors, (0, right));
    assert_eq!(difference.names.1, "wrong");
    difference
}

#[test]
fn a_wrong_addition_is_found_in_the_first_transaction_that_adds() {
    let history = history();
    let mut found = 0;
    for site in occurrences(&COUNTER, Opcode::I64Add) {
        let Some((height, index, exit)) = history.get(&site).and_then(|all| all.first()) else {
            continue;
        };
        // 0 + by and 0 * by differ at the same price. If the sum were discarded, only a later
        // transaction would show the difference.
        assert_eq!(
            *exit,
            ReceiptExit::Return,
            "choose a seed whose first addition is kept"
        );
        let difference = differ(site, Opcode::I64Mul, 4);
        assert_eq!(
            (difference.height, difference.transaction),
            (*height, Some(*index))
        );
        assert!(difference.tx_id.is_some());
        let fields: Vec<&str> = difference
            .mismatches
            .iter()
            .map(|mismatch| mismatch.field)
            .collect();
        assert!(fields.contains(&"receipt.output_hash"), "{difference:#?}");
        assert!(fields.contains(&"state_root"), "{difference:#?}");
        let state = difference
            .mismatches
            .iter()
            .find(|mismatch| mismatch.field == "state");
        assert!(
            state.is_some_and(|mismatch| mismatch.key.is_some()),
            "{difference:#?}"
        );
        found += 1;
    }
    assert!(found > 0, "the counter does not add in this plan");
}

#[test]
fn a_wrong_price_is_found_wherever_it_is_paid() {
    let history = history();
    let mut found = 0;
    for (sample, right) in [(COUNTER, Opcode::I64Add), (TOKEN, Opcode::I32Add)] {
        for site in occurrences(&sample, right).into_iter().take(SITES_MAX) {
            // A division costs more, so a transaction that executes it uses more gas or traps,
            // unless it runs out of gas anyway.
            let Some(all) = history.get(&site) else {
                continue;
            };
            let paid = |at: &&TransactionEnd| at.2 != ReceiptExit::OutOfGas;
            let Some((height, index, _)) = all.iter().find(paid) else {
                continue;
            };
            let wrong = if right == Opcode::I64Add {
                Opcode::I64DivU
            } else {
                Opcode::I32DivU
            };
            let difference = differ(site, wrong, 1);
            let at = (difference.height, difference.transaction.unwrap());
            assert!(at <= (*height, *index), "{difference:#?}");
            assert!(all.iter().any(|(height, index, _)| (*height, *index) == at));
            found += 1;
        }
    }
    assert!(found > 5, "{found}");
}

#[test]
fn a_lost_write_is_found() {
    // The first value that is written from block 3 on. The tree in memory hides the loss, and the
    // comparison of the stores finds it.
    let executors = |restart| {
        let mut executors = standard(2);
        let engine: MakeEngine = Box::new(|| Box::new(Reference::new()));
        let wrong = Executor::new("wrong", engine, CachePolicy::Warm, restart);
        executors.push(wrong.with_store(lost_write(Height(3))));
        executors
    };
    for restart in [Restart::EveryBlock, Restart::Never] {
        let report = run(&PLAN, executors(restart), &mut NoProgress).unwrap();
        let difference = report.first_difference.unwrap();
        assert_eq!(difference.height.0, 3, "{difference:#?}");
        assert_eq!(difference.executors, (0, 2));
        let lost = &difference.mismatches[0];
        assert_eq!((lost.field, lost.right.as_str()), ("state", "absent"));
    }
}

#[test]
fn one_unit_of_gas_is_found_in_the_first_contract_call() {
    let mut executors = standard(3);
    let engine: MakeEngine = Box::new(|| Box::new(WrongGas::default()));
    executors.push(Executor::new(
        "wrong",
        engine,
        CachePolicy::Warm,
        Restart::Never,
    ));
    let report = run(&PLAN, executors, &mut NoProgress).unwrap();
    let difference = report.first_difference.unwrap();
    // Block 1 uploads and transfers; block 2 deploys.
    assert_eq!((difference.height.0, difference.transaction), (2, Some(0)));
    let gas = &difference.mismatches[0];
    assert_eq!(gas.field, "receipt.gas_used");
    let [left, right]: [u64; 2] = [&gas.left, &gas.right].map(|number| number.parse().unwrap());
    assert_eq!(left + 1, right);
}

#[test]
fn a_machine_with_the_standard_pipeline_agrees_with_a_node() {
    let mut executors = standard(1);
    let engine: MakeEngine = Box::new(|| Box::new(Reference::new()));
    let composed = Executor::new("composed", engine, CachePolicy::Warm, Restart::Never)
        .with_pipeline(Box::new(|| Box::new(StandardPipeline)));
    executors.push(composed);
    let report = run(&PLAN, executors, &mut NoProgress).unwrap();
    assert!(report.agreed, "{report:#?}");
    assert_eq!(report.height.0, PLAN.blocks);
}
