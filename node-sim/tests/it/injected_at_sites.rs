//! Plants faults in one executor and expects the simulator to name the transaction.
//!
//! Which transaction that must be is found without the simulator: a traced run of R on its own says
//! which transactions execute the operator.

use node::{CachePolicy, Executed, MemoryStore, Node, Observer, Parts, ReceiptExit};
use node_sim::pipeline::Plain;
use node_sim::rerun::MakeEngine;
use node_sim::simulate::injected::{LostWrite, WrongGas, WrongOperator};
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

/// Wrong operators tried in one module; each is a run of its own.
const SITES_MAX: usize = 60;

/// Code hash, function, byte offset.
type Site = (CodeHash, u32, u32);
/// Height, index in the block, and how it ended.
type At = (Height, u32, ReceiptExit);

/// Which operators the current transaction has executed, and of which module.
#[derive(Default)]
struct Visited {
    module: CodeHash,
    sites: BTreeSet<Site>,
}

impl Trace for Visited {
    fn operator(&mut self, function: u32, offset: u32, _: u64) {
        self.sites.insert((self.module, function, offset));
    }
}

/// R that notes which module runs.
struct Noting(Arc<Mutex<Visited>>);

impl Engine for Noting {
    fn name(&self) -> &'static str {
        "noting"
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

struct History {
    visited: Arc<Mutex<Visited>>,
    height: Height,
    executed: BTreeMap<Site, Vec<At>>,
}

impl Observer for History {
    fn transaction(&mut self, index: u32, executed: &Executed, _: Option<[u8; 32]>) {
        let sites = core::mem::take(&mut self.visited.lock().unwrap().sites);
        for site in sites {
            let at = (self.height, index, executed.receipt.exit);
            self.executed.entry(site).or_default().push(at);
        }
    }
}

/// Which transactions of the plan execute which operator.
fn history() -> BTreeMap<Site, Vec<At>> {
    let rules = Arc::new(node::rules::version_1());
    let mut workload = Workload::new(&PLAN, &rules).unwrap();
    let visited = Arc::new(Mutex::new(Visited::default()));
    let engine = Box::new(Noting(Arc::clone(&visited)));
    let parts = Parts {
        engine,
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    };
    let store = Box::new(MemoryStore::new());
    let mut node = Node::open(parts, workload.genesis().clone(), store).unwrap();
    let mut history = History {
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

/// The places of a numeric operator in a sample.
fn places(sample: &Sample, opcode: Opcode) -> Vec<Site> {
    let found = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&found);
    let engine = Reference::new().with_rewrite(move |place, operator| {
        if operator == Operator::Numeric(opcode) {
            let site = (*place.module.code_hash(), place.function, place.offset);
            seen.lock().unwrap().insert(site);
        }
        operator
    });
    let rules = Arc::new(node::rules::version_1());
    let module = Arc::new(vm::check(sample.bytes, &rules).unwrap());
    for function in 0..module.functions().len() {
        // Functions are prepared when they are entered: enter each.
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
fn differ(site: Site, replacement: Opcode, right: u32) -> Difference {
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
    assert!(!report.agreed, "a wrong operator is not seen: {site:?}");
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
    for site in places(&COUNTER, Opcode::I64Add) {
        let Some((height, index, exit)) = history.get(&site).and_then(|all| all.first()) else {
            continue;
        };
        // 0 + by and 0 * by differ at the same price. Were the sum thrown away, a later transaction
        // would be the first to show it.
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
        for site in places(&sample, right).into_iter().take(SITES_MAX) {
            // A division costs more, so whoever executes it uses more gas or traps; unless the
            // limit is used up in any case, as in a transaction that runs out of gas.
            let Some(all) = history.get(&site) else {
                continue;
            };
            let paid = |at: &&At| at.2 != ReceiptExit::OutOfGas;
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
    // The first value that is written from block 3 on. The tree in memory hides it until somebody
    // looks.
    let executors = |restart| {
        let mut executors = standard(2);
        let engine: MakeEngine = Box::new(|| Box::new(Reference::new()));
        let wrong = Executor::new("wrong", engine, CachePolicy::Warm, restart);
        executors.push(wrong.with_store(Box::new(LostWrite::new(MemoryStore::new(), Height(3)))));
        executors
    };
    // A restart right after it finds it before anybody reads the key; else the last scrub does.
    for (restart, height) in [
        (Restart::EveryBlock, 3..=3),
        (Restart::Never, 4..=PLAN.blocks),
    ] {
        let report = run(&PLAN, executors(restart), &mut NoProgress).unwrap();
        let difference = report.first_difference.unwrap();
        assert!(height.contains(&difference.height.0), "{difference:#?}");
        assert_eq!(difference.executors, (0, 2));
        assert!(difference.mismatches.iter().any(|one| one.key.is_some()));
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
fn a_machine_that_takes_the_steps_of_a_node_is_no_fault() {
    let mut executors = standard(1);
    let engine: MakeEngine = Box::new(|| Box::new(Reference::new()));
    let composed = Executor::new("composed", engine, CachePolicy::Warm, Restart::Never)
        .with_steps(Box::new(|| Box::new(Plain)));
    executors.push(composed);
    let report = run(&PLAN, executors, &mut NoProgress).unwrap();
    assert!(report.agreed, "{report:#?}");
    assert_eq!(report.height.0, PLAN.blocks);
}
