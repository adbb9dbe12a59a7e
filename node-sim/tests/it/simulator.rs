//! Runs whole chains on executors that must agree.

use node::Executed;
use node::{CachePolicy, MemoryStore, Node, Observer, Parts, Payload, ReceiptExit};
use node_sim::simulate::executor::{Driver, KINDS, TABLE, kind};
use node_sim::simulate::samples::{
    ACCEPTED, BARE, DRIVER, MATH, OPERATORS, PROBE, REFUSED, STARTER, STD_DEFAULT, Sample,
    UPGRADEABLE,
};
use node_sim::simulate::workload::Workload;
use node_sim::simulate::{NoProgress, Plan, Progress, Progressed, Report, run, standard};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::{env, fs};
use vm::Interpreter;

fn simulate(plan: Plan, nodes: u32) -> Report {
    let report = run(&plan, standard(nodes), &mut NoProgress).unwrap();
    if let Some(difference) = &report.first_difference {
        panic!("{difference}");
    }
    report
}

#[test]
fn four_executors_agree_over_every_kind_of_transaction() {
    let report = simulate(Plan::new(30, 7), 4);
    assert_eq!(report.height.0, 30);
    for (exit, count) in ReceiptExit::ALL.iter().zip(report.by_exit) {
        assert!(count > 0, "no transaction ends in {}", exit.name());
    }
    assert_eq!(report.by_exit.iter().sum::<u64>(), report.transactions);
    let names: BTreeSet<&String> = report.executors.iter().collect();
    assert_eq!(names.len(), 4);
}

/// Everything that is compared of what executors store and serve.
const SERVED: [&str; 12] = [
    "account",
    "proof",
    "query",
    "scan",
    "state",
    "stored.chain_id",
    "stored.event",
    "stored.header",
    "stored.receipt",
    "stored.tip",
    "stored.transaction",
    "view",
];

#[test]
fn what_executors_store_and_serve_is_compared_in_every_kind() {
    // The chain alone too: what it no longer knows is not compared.
    let chain = TABLE
        .iter()
        .position(|kind| kind.driver == Driver::Chain(1));
    let chain = u32::try_from(chain.unwrap()).unwrap();
    for (executors, least) in [(standard(4), 12), (vec![kind(0), kind(chain)], 4)] {
        let report = run(&Plan::new(12, 7), executors, &mut NoProgress).unwrap();
        assert_eq!(report.first_difference, None);
        let compared: Vec<&str> = report.compared.keys().copied().collect();
        assert_eq!(compared, SERVED);
        for (field, count) in report.compared {
            assert!(count >= least, "{field}: {count}");
        }
    }
}

#[test]
fn a_report_depends_on_plan_and_kinds_alone() {
    let plan = Plan::new(8, 3);
    let report = simulate(plan, 2);
    assert_eq!(simulate(plan, 2), report);
    assert_eq!(simulate(plan, 1).state_root, report.state_root);
    assert_ne!(
        simulate(Plan { seed: 4, ..plan }, 1).state_root,
        report.state_root
    );
    assert_ne!(
        simulate(Plan { blocks: 9, ..plan }, 1).state_root,
        report.state_root
    );
}

#[test]
fn all_kinds_agree_and_then_repeat() {
    let report = simulate(Plan::new(6, 11), KINDS + 1);
    let (last, kinds) = report.executors.split_last().unwrap();
    assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), KINDS as usize);
    assert_eq!(last, &kinds[0]);
}

#[test]
fn no_executor_is_an_error_and_no_block_is_allowed() {
    assert!(run(&Plan::new(1, 1), Vec::new(), &mut NoProgress).is_err());
    let report = simulate(Plan::new(0, 1), 2);
    assert_eq!((report.height.0, report.transactions), (0, 0));
    assert_ne!(report.state_root, [0; 32]);
}

#[test]
fn progress_is_reported_after_every_block() {
    #[derive(Default)]
    struct ProgressCollector(Vec<Progressed>);
    impl Progress for ProgressCollector {
        fn block(&mut self, progressed: &Progressed) {
            self.0.push(*progressed);
        }
    }
    let mut seen = ProgressCollector::default();
    let report = run(&Plan::new(4, 5), standard(1), &mut seen).unwrap();
    let heights: Vec<u64> = seen
        .0
        .iter()
        .map(|progressed| progressed.height.0)
        .collect();
    assert_eq!(heights, [1, 2, 3, 4]);
    let last = seen.0.last().unwrap();
    assert_eq!(last.state_root, report.state_root);
    assert_eq!(
        (last.transactions, last.gas_used),
        (report.transactions, report.gas_used)
    );
}

#[test]
fn the_modules_of_the_workload_are_as_documented() {
    // `BLESS=1` writes the modules.
    let blesses = env::var_os("BLESS").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/simulate/modules");
    let samples = [PROBE, REFUSED, DRIVER, OPERATORS, STARTER, BARE];
    for Sample { name, bytes } in samples {
        let text = fs::read_to_string(folder.join(format!("{name}.wat"))).unwrap();
        let built = wat::parse_str(text).unwrap();
        if blesses {
            fs::write(folder.join(format!("{name}.wasm")), &built).unwrap();
        } else {
            assert_eq!(built, bytes, "{name}");
        }
    }
    if blesses {
        return;
    }
    let rules = node::rules::version_1();
    for sample in ACCEPTED {
        let checked = vm::check(sample.bytes, &rules);
        assert!(checked.is_ok(), "{}: {:?}", sample.name, checked.err());
    }
    assert!(vm::check(REFUSED.bytes, &rules).is_err());
}

/// Collects the exits of transactions.
#[derive(Default)]
struct ExitCollector(Vec<ReceiptExit>);

impl Observer for ExitCollector {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(executed.receipt.exit);
    }
}

/// The exits of the calls, by contract and entry.
type CallExits = BTreeMap<(vm::Address, String), BTreeSet<ReceiptExit>>;

/// Runs a plan on one node and collects the exits of its calls.
fn calls_of(plan: &Plan) -> (Workload, CallExits) {
    let rules = Arc::new(node::rules::version_1());
    let mut workload = Workload::new(plan, &rules).unwrap();
    let parts = Parts {
        engine: Box::new(Interpreter::new()),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    };
    let store = Box::new(MemoryStore::new());
    let mut node = Node::open(parts, workload.genesis().clone(), store).unwrap();
    let mut seen = CallExits::new();
    for _ in 0..plan.blocks {
        let valid = node.validate(workload.next_block(&node).unwrap()).unwrap();
        let mut called = ExitCollector::default();
        node.apply(&valid, &mut called).unwrap();
        for (transaction, exit) in valid.transactions().iter().zip(called.0) {
            let payload = transaction.signed().transaction.payload.clone();
            if let Payload::Call {
                contract, entry, ..
            } = payload
            {
                seen.entry((contract, entry)).or_default().insert(exit);
            }
        }
    }
    (workload, seen)
}

#[test]
fn every_sample_is_called_and_entries_return() {
    // As many blocks with many transactions after the quiet ones as are needed for an upgrade.
    let (workload, seen) = calls_of(&Plan {
        transactions: 30,
        ..Plan::new(360, 7)
    });
    let uploaded_only = [MATH.name, STD_DEFAULT.name];
    for sample in ACCEPTED {
        let contract = workload.contract(&sample);
        let entries: Vec<_> = seen.iter().filter(|((to, _), _)| *to == contract).collect();
        let returned = entries
            .iter()
            .filter(|(_, exits)| exits.contains(&ReceiptExit::Return));
        let wanted = match sample.name {
            name if uploaded_only.contains(&name) => continue,
            "counter" | "poll" => 2,
            "driver" | "starter" | "bare" => 1,
            _ => 3,
        };
        assert!(returned.count() >= wanted, "{}: {entries:?}", sample.name);
    }
    let upgraded = &seen[&(workload.contract(&UPGRADEABLE), "upgrade".to_owned())];
    assert!(upgraded.contains(&ReceiptExit::Return), "{upgraded:?}");
}

#[test]
fn figures_are_those_of_the_chain() {
    let plan = Plan::new(8, 3);
    let report = simulate(plan, 2);
    let rows = report.figures.blocks.rows();
    assert_eq!(rows.len(), 8);
    let gas: u64 = rows.iter().map(|row| row.gas_used).sum();
    assert_eq!(gas, report.gas_used);
    for exit in 0..ReceiptExit::ALL.len() {
        let by_block: u64 = rows.iter().map(|row| row.by_exit[exit]).sum();
        let targets = report.figures.targets.iter();
        let by_target: u64 = targets.map(|target| target.by_exit[exit]).sum();
        let total = report.by_exit[exit];
        assert_eq!((by_block, by_target), (total, total));
    }
    // The gatherer counts from the diffs; a store must contain the same at the end.
    let rules = Arc::new(node::rules::version_1());
    let mut workload = Workload::new(&plan, &rules).unwrap();
    let parts = Parts {
        engine: Box::new(Interpreter::new()),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    };
    let store = Box::new(MemoryStore::new());
    let mut node = Node::open(parts, workload.genesis().clone(), store).unwrap();
    for row in rows {
        let valid = node.validate(workload.next_block(&node).unwrap()).unwrap();
        node.apply(&valid, &mut node::NoObserver).unwrap();
        let entries = node.store().scan(&[], None, usize::MAX).unwrap();
        let bytes: usize = entries
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        assert_eq!(row.height, node.tip().height);
        assert_eq!(row.state_keys, entries.len() as u64);
        assert_eq!(row.state_bytes, bytes as u64);
    }
}
