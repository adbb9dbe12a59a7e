//! Runs the simulator's chain, with every sample contract, on the instrumented modules in wasmtime
//! and on the engines of the simulator: every receipt, net diff and root must be equal.

use lockstep_wasmtime::Wasmtime;
use node::archive::ArchivedBlock;
use node::{CachePolicy, Payload, ReceiptExit};
use node_sim::simulate::executor::{Executor, Restart, kind};
use node_sim::simulate::samples::{ACCEPTED, MATH, STD_DEFAULT};
use node_sim::simulate::workload::Workload;
use node_sim::simulate::{Plan, Progress, Progressed, run};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vm::Address;

/// Enough blocks for every sample to return and for every exit to occur.
const PLAN: Plan = Plan::new(60, 7);

/// Entry points that returned, by contract.
#[derive(Default)]
struct Returned(BTreeMap<Address, BTreeSet<String>>);

impl Progress for Returned {
    fn block(&mut self, _: &Progressed) {}

    fn archive(&mut self, archived: &ArchivedBlock) {
        let transactions = archived.block.transactions.iter().zip(&archived.entries);
        for (signed, entry) in transactions {
            if let Payload::Call {
                contract,
                entry: name,
                ..
            } = &signed.transaction.payload
                && entry.receipt.exit == ReceiptExit::Return
            {
                self.0.entry(*contract).or_default().insert(name.clone());
            }
        }
    }
}

#[test]
fn every_sample_has_equal_receipts_and_roots_on_every_engine() {
    let wasmtime = Executor::new(
        "wasmtime, warm cache",
        Box::new(|| Box::new(Wasmtime::new())),
        CachePolicy::Warm,
        Restart::Never,
    );
    // Executors 0 to 2 of the simulator: the interpreter, wasmi and R.
    let executors = vec![kind(0), kind(1), kind(2), wasmtime];
    let mut returned = Returned::default();
    let report = run(&PLAN, executors, &mut returned).unwrap();
    assert!(report.agreed, "{:#?}", report.first_difference);
    assert_eq!(report.height.0, PLAN.blocks);
    for (exit, count) in ReceiptExit::ALL.iter().zip(report.by_exit) {
        assert!(count > 0, "no transaction ends in {}", exit.name());
    }
    let workload = Workload::new(&PLAN, &Arc::new(node::rules::version_1())).unwrap();
    for sample in ACCEPTED {
        if ![MATH.name, STD_DEFAULT.name].contains(&sample.name) {
            let entries = returned.0.get(&workload.contract(&sample));
            assert!(entries.is_some(), "no entry of {} returned", sample.name);
        }
    }
}
