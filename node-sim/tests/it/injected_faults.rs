//! Injects every fault of the list in one executor, and compares the simulator's finding with where
//! the fault was injected.
//!
//! The expected block and transaction come from the faulty node and a right one that run side by
//! side without the simulator; the expected instructions come from a list that R makes, the
//! expected keys from commits.

use node::{
    CachePolicy, Commit, Executed, Header, MemoryStore, Node, Observer, Parts, Receipt,
    ReceiptExit, Signed, Store, Tip, ValidBlock,
};
use node_sim::bisect::{Divergence, DivergenceKind};
use node_sim::case::{Case, CaseReplay};
use node_sim::machine::Machine;
use node_sim::simulate::injected::{
    INJECTED_FAULTS, InjectedFault, OVERPRICED, STORE_HEIGHT, by_name,
};
use node_sim::simulate::samples::COUNTER;
use node_sim::simulate::workload::Workload;
use node_sim::simulate::{Difference, Investigated, NoProgress, Plan, investigate, standard};
use node_sim::versions::Versions;
use reference::{Reference, Trace};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use vm::CodeHash;
use vm::unstable::lower::{Operator, Sink};
use vm::unstable::opcode::Opcode;
use vm::{
    CheckedModule, Engine, Entries, Event, Execution, Fault, Height, Interpreter, Rules, StateDiff,
    key,
};

/// A plan in which each fault is reached.
const PLAN: Plan = Plan {
    blocks: 40,
    seed: 7,
    transactions: 16,
};

/// A store that shares its commits.
struct CommitSharingStore(MemoryStore, Arc<Mutex<BTreeMap<Height, StateDiff>>>);

impl Store for CommitSharingStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.0.read(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.0.scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.0.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.0.chain_id()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.0.header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.0.transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.0.receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.0.events(height)
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        let diff = commit.diff.clone();
        self.1.lock().unwrap().insert(commit.tip.height, diff);
        self.0.commit(commit)
    }
}

/// An operator: code hash, function, byte offset.
type OperatorSite = (CodeHash, u32, u32);

#[derive(Default)]
struct OperatorList {
    is_armed: bool,
    operators: Vec<OperatorSite>,
}

struct OperatorListTrace(Arc<Mutex<OperatorList>>, CodeHash);

impl Trace for OperatorListTrace {
    fn operator(&mut self, function: u32, offset: u32, _: u64) {
        let mut list = self.0.lock().unwrap();
        if list.is_armed {
            list.operators.push((self.1, function, offset));
        }
    }
}

/// R that lists its operators with their module, while the list is armed.
struct OperatorListingEngine(Arc<Mutex<OperatorList>>);

impl Engine for OperatorListingEngine {
    fn name(&self) -> &'static str {
        "listing"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        if !self.0.lock().unwrap().is_armed {
            return Reference::new().instantiate(module, rules);
        }
        let trace = OperatorListTrace(Arc::clone(&self.0), *module.code_hash());
        let reference = Reference::new().with_trace(Arc::new(Mutex::new(trace)));
        reference.instantiate(module, rules)
    }
}

#[derive(Default)]
struct ExecutedCollector(Vec<Executed>);

impl Observer for ExecutedCollector {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(executed.clone());
    }
}

/// Arms the list for one transaction.
struct ArmForTransaction(Arc<Mutex<OperatorList>>, u32);

impl Observer for ArmForTransaction {
    fn transaction(&mut self, index: u32, _: &Executed, _: Option<[u8; 32]>) {
        self.0.lock().unwrap().is_armed = index + 1 == self.1;
    }
}

/// The plan on one right node.
struct CorrectRun {
    blocks: Vec<ValidBlock>,
    executed: Vec<Vec<Executed>>,
    commits: BTreeMap<Height, StateDiff>,
}

fn parts(engine: Box<dyn Engine>) -> (Parts, Workload) {
    let rules = Arc::new(node::rules::version_1());
    let workload = Workload::new(&PLAN, &rules).unwrap();
    let parts = Parts {
        engine,
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    };
    (parts, workload)
}

fn node(engine: Box<dyn Engine>, store: Box<dyn Store>) -> (Node, Workload) {
    let (parts, workload) = parts(engine);
    let node = Node::open(parts, workload.genesis().clone(), store).unwrap();
    (node, workload)
}

fn right() -> CorrectRun {
    let commits = Arc::default();
    let store = Box::new(CommitSharingStore(MemoryStore::new(), Arc::clone(&commits)));
    let (mut node, mut workload) = node(Box::new(Interpreter::new()), store);
    let (mut blocks, mut executed) = (Vec::new(), Vec::new());
    for _ in 0..PLAN.blocks {
        let valid = node.validate(workload.next_block(&node).unwrap()).unwrap();
        let mut collected = ExecutedCollector::default();
        node.apply(&valid, &mut collected).unwrap();
        blocks.push(valid);
        executed.push(collected.0);
    }
    let commits = commits.lock().unwrap().clone();
    CorrectRun {
        blocks,
        executed,
        commits,
    }
}

impl CorrectRun {
    fn block(&self, height: Height) -> &ValidBlock {
        &self.blocks[height.0 as usize - 1]
    }

    /// The operators of a transaction in order, as R lists them.
    fn operators(&self, height: Height, index: u32) -> Vec<OperatorSite> {
        let list = Arc::new(Mutex::new(OperatorList::default()));
        let engine = Box::new(OperatorListingEngine(Arc::clone(&list)));
        let (mut node, _) = node(engine, Box::new(MemoryStore::new()));
        for block in &self.blocks[..height.0 as usize - 1] {
            node.apply(block, &mut ExecutedCollector::default())
                .unwrap();
        }
        list.lock().unwrap().is_armed = index == 0;
        let mut arming = ArmForTransaction(Arc::clone(&list), index);
        node.apply(self.block(height), &mut arming).unwrap();
        let mut list = list.lock().unwrap();
        core::mem::take(&mut list.operators)
    }

    /// The module with a code hash, as some block uploaded it.
    fn module(&self, code_hash: &CodeHash) -> CheckedModule {
        let key = key::code(code_hash);
        let bytes = self.commits.values().find_map(|diff| diff.get(&key));
        vm::check(bytes.unwrap().as_ref().unwrap(), &node::rules::version_1()).unwrap()
    }

    fn sender(&self, height: Height, index: u32) -> Vec<u8> {
        key::account(self.block(height).transactions()[index as usize].sender())
    }
}

/// The first transaction that the faulty node executes differently, if there is one; found without
/// the simulator.
fn first_wrong(fault: &InjectedFault, right: &CorrectRun) -> Option<(Height, u32, Executed)> {
    let executor = fault.executor();
    let (parts, workload) = parts((executor.engine)());
    let pipeline = executor.pipeline.map(|make| make());
    let genesis = workload.genesis().clone();
    let mut machine = Machine::open(parts, genesis, executor.store, pipeline).unwrap();
    for (block, expected) in right.blocks.iter().zip(&right.executed) {
        let mut collected = ExecutedCollector::default();
        // A node with a wrong root rejects the next block.
        machine.execute(block, &mut collected).ok()?;
        let different = (0_u32..)
            .zip(expected.iter().zip(collected.0))
            .find(|(_, (one, other))| *one != other);
        if let Some((index, (_, wrong))) = different {
            return Some((block.header().height, index, wrong));
        }
        machine.commit().ok()?;
    }
    None
}

/// The opcode at an offset of a function.
fn opcode_at(module: &CheckedModule, function: u32, offset: u32) -> Opcode {
    struct OpcodeFinder(u32, Option<Opcode>);
    impl Sink for OpcodeFinder {
        fn operator(&mut self, operator: Operator<'_>, offset: u32) {
            if offset == self.0 {
                self.1.get_or_insert(operator.opcode());
            }
        }
    }
    let mut finder = OpcodeFinder(offset, None);
    vm::unstable::lower::function(module, module.function(function).unwrap(), &mut finder);
    finder.1.unwrap()
}

/// Finding of the simulator about an injected fault.
struct Finding {
    difference: Difference,
    divergence: Divergence,
    case: Option<Case>,
}

fn find(fault: &InjectedFault) -> Finding {
    let mut executors = standard(2);
    executors.push(fault.executor());
    let investigated =
        investigate(&PLAN, &Versions::default(), executors, &mut NoProgress).unwrap();
    let Investigated {
        report,
        divergence,
        case,
    } = investigated;
    assert!(!report.agreed, "{}: not found", fault.name);
    let acted: Vec<bool> = report.faults.iter().map(|line| line.acted > 0).collect();
    assert_eq!(acted, [true], "{}: found, and never acted", fault.name);
    let difference = report.first_difference.unwrap();
    assert_eq!(difference.executors, (0, 2), "{}", fault.name);
    assert_eq!(difference.names.1, fault.name);
    assert_eq!(difference.height, report.height);
    let divergence = divergence.expect(fault.name);
    Finding {
        difference,
        divergence,
        case,
    }
}

impl Finding {
    fn at(&self) -> (Height, u32) {
        (self.difference.height, self.difference.transaction.unwrap())
    }

    /// Checks that the named instruction is the first of the transaction that `is_faulty`.
    fn is_first(&self, right: &CorrectRun, is_faulty: impl Fn(&OperatorSite) -> bool) {
        let (height, index) = self.at();
        let all = right.operators(height, index);
        let expected = all.iter().find(|operator| is_faulty(operator)).unwrap();
        let location = self.divergence.instruction.as_ref().unwrap();
        let found = (location.code_hash, location.function, location.offset);
        assert_eq!(found, *expected, "{:#?}", self.divergence);
    }

    fn is_call(&self, kind: DivergenceKind, name: &str) {
        assert_eq!(self.divergence.kind, kind);
        let location = self.divergence.instruction.as_ref().unwrap();
        assert_eq!(location.operator, format!("call {name}"));
    }

    /// Checks the key of the first difference.
    fn is_keyed(&self, key: &str) {
        assert_eq!(self.difference.mismatches[0].key.as_deref(), Some(key));
    }

    fn is_pipeline(&self, field: &str, key: Option<Vec<u8>>) {
        assert_eq!(
            self.divergence.kind,
            DivergenceKind::Pipeline,
            "{:#?}",
            self.divergence
        );
        assert_eq!(self.divergence.field, Some(field));
        assert_eq!(self.divergence.key, key, "{:#?}", self.divergence);
        assert_ne!(self.divergence.left, self.divergence.right);
    }
}

/// Checks a finding; the last argument is the faulty node's result of the transaction.
type Check = fn(&CorrectRun, &Finding, Option<&Executed>);

fn opcode_of(right: &CorrectRun, (code_hash, function, offset): &OperatorSite) -> Opcode {
    opcode_at(&right.module(code_hash), *function, *offset)
}

fn value_of(diff: &StateDiff) -> Option<&Vec<u8>> {
    diff.keys().find(|key| key[0] == key::VALUE)
}

const EXPECTED: [(&str, Check); 19] = [
    ("wrong-opcode", |right, finding, _| {
        assert_eq!(finding.divergence.kind, DivergenceKind::Instruction);
        finding.is_first(right, |at| {
            at.0 == COUNTER.code_hash() && opcode_of(right, at) == Opcode::I64Add
        });
    }),
    ("wrong-price", |right, finding, _| {
        assert_eq!(finding.divergence.kind, DivergenceKind::Instruction);
        finding.is_first(right, |at| opcode_of(right, at) == OVERPRICED);
        assert_eq!(finding.difference.mismatches[0].field, "receipt.gas_used");
    }),
    ("frame-gas", |right, finding, _| {
        assert_eq!(finding.divergence.kind, DivergenceKind::FrameEntry);
        finding.is_first(right, |_| true);
    }),
    ("wrong-answer", |_, finding, _| {
        finding.is_call(DivergenceKind::Instruction, "storage_read");
        assert!(finding.divergence.left.contains("slot 4294967295,"));
        assert!(finding.divergence.right.contains("slot 0,"));
    }),
    ("stale-cache", |right, finding, _| {
        // The first value that a block changes was read before, and is read again after the commit.
        let first = value_of(&right.commits[&finding.difference.height]);
        finding.is_pipeline("state", first.cloned());
    }),
    ("scan-order", |_, finding, _| {
        // Whether the comparison scans before a contract does is drawn.
        match finding.difference.transaction {
            Some(_) => finding.is_call(DivergenceKind::HostReturn, "storage_scan"),
            None => finding.is_pipeline("scan", None),
        }
    }),
    ("lost-write", |right, finding, _| {
        let lost = value_of(&right.commits[&STORE_HEIGHT]);
        finding.is_pipeline("state", lost.cloned());
    }),
    ("split-batch", |right, finding, _| {
        let diff = &right.commits[&STORE_HEIGHT];
        finding.is_pipeline("state", diff.keys().nth(diff.len() / 2).cloned());
    }),
    ("event-order", |_, finding, wrong| {
        finding.is_pipeline("receipt.events_root", None);
        assert!(wrong.unwrap().events.len() > 1);
    }),
    ("lost-revert", |_, finding, wrong| {
        let kept = wrong.unwrap();
        assert_eq!(kept.receipt.exit, ReceiptExit::Revert);
        finding.is_pipeline("state", value_of(&kept.diff).cloned());
    }),
    ("wrong-fee", |right, finding, _| {
        let (height, index) = finding.at();
        finding.is_pipeline("state", Some(right.sender(height, index)));
    }),
    ("wrong-nonce", |right, finding, wrong| {
        let (height, index) = finding.at();
        finding.is_pipeline("state", Some(right.sender(height, index)));
        assert_ne!(wrong.unwrap().receipt.exit, ReceiptExit::Return);
    }),
    ("clock", |_, finding, _| {
        finding.is_call(DivergenceKind::HostReturn, "block_time")
    }),
    ("lost-tree-update", |right, finding, _| {
        let (height, index) = finding.at();
        let executed = |height: Height, index: usize| &right.executed[height.0 as usize - 1][index];
        let lost = value_of(&executed(height, index as usize).diff);
        finding.is_pipeline("state_root", lost.cloned());
        assert!(
            (0..index as usize)
                .all(|earlier| { value_of(&executed(height, earlier).diff).is_none() })
        );
    }),
    ("receipts-hash", |_, finding, _| {
        finding.is_pipeline("result.receipts_root", None)
    }),
    ("lost-removal", |right, finding, _| {
        let kept = removal_of(&right.commits[&finding.difference.height]);
        finding.is_pipeline("state", kept.cloned());
        assert_eq!(finding.divergence.left, "absent");
    }),
    ("receipt-order", |_, finding, _| {
        finding.is_pipeline("stored.receipt", None);
        finding.is_keyed("1/0");
    }),
    ("event-swap", |right, finding, _| {
        finding.is_pipeline("stored.event", None);
        let height = finding.difference.height;
        let executed = &right.executed[height.0 as usize - 1];
        let swapped = (0..executed.len()).filter(|index| is_swapped(&executed[*index].events));
        let keys = swapped.map(|index| format!("{height}/{index}/0"));
        finding.is_keyed(&keys.min().unwrap());
    }),
    ("lost-transaction", |right, finding, _| {
        finding.is_pipeline("stored.transaction", None);
        let last = right.blocks[0].transactions().len() - 1;
        finding.is_keyed(&format!("1/{last}"));
        assert_eq!(finding.divergence.right, "absent");
    }),
];

fn removal_of(diff: &StateDiff) -> Option<&Vec<u8>> {
    let removed =
        |(key, value): &(&Vec<u8>, &Option<Vec<u8>>)| value.is_none() && key[0] == key::VALUE;
    diff.iter().find(removed).map(|(key, _)| key)
}

fn is_swapped(events: &[Event]) -> bool {
    events.first() != events.last()
}

/// The block of a fault that is found in a block as a whole, and in no transaction.
fn whole(name: &str, right: &CorrectRun) -> Option<Height> {
    let first = |is_due: &dyn Fn(usize) -> bool| {
        let index = (0..right.blocks.len()).find(|index| is_due(*index));
        Some(Height(index.unwrap() as u64 + 1))
    };
    match name {
        "lost-write" | "split-batch" => Some(STORE_HEIGHT),
        "receipts-hash" | "receipt-order" | "lost-transaction" => Some(Height(1)),
        "stale-cache" => {
            first(&|index| value_of(&right.commits[&Height(index as u64 + 1)]).is_some())
        }
        "lost-removal" => {
            first(&|index| removal_of(&right.commits[&Height(index as u64 + 1)]).is_some())
        }
        "event-swap" => first(&|index| {
            let executed = &right.executed[index];
            executed.iter().any(|one| is_swapped(&one.events))
        }),
        _ => None,
    }
}

#[test]
fn every_injected_fault_is_found_where_it_was_injected() {
    let right = right();
    assert_eq!(
        EXPECTED.map(|(name, _)| name),
        INJECTED_FAULTS.map(|fault| fault.name)
    );
    for (name, check) in EXPECTED {
        let fault = by_name(name).unwrap();
        let finding = find(fault);
        let wrong = first_wrong(fault, &right);
        let whole = match name {
            // Which contract is compared is drawn.
            "scan-order" if finding.difference.transaction.is_none() => {
                Some(finding.difference.height)
            }
            _ => whole(name, &right),
        };
        match (whole, &wrong) {
            (Some(height), _) => {
                assert_eq!(finding.difference.height, height, "{name}");
                assert_eq!(finding.difference.transaction, None, "{name}");
            }
            // The tree is not part of a transaction's result.
            (None, None) => assert_eq!(name, "lost-tree-update"),
            (None, Some((height, index, _))) => {
                assert_eq!(finding.at(), (*height, *index), "{name}")
            }
        }
        check(
            &right,
            &finding,
            wrong.as_ref().map(|(_, _, executed)| executed),
        );
        assert_eq!(finding.case.is_some(), whole.is_none(), "{name}");
    }
}

#[test]
fn a_right_engine_replays_each_case_and_a_wrong_one_does_not() {
    let rules = node::rules::rulebook();
    let engines: [Box<dyn Engine>; 2] = [Box::new(Interpreter::new()), Box::new(Reference::new())];
    let agrees = |replayed: &CaseReplay| match replayed {
        CaseReplay::Ran { mismatches, .. } => mismatches.is_empty(),
        CaseReplay::MissingKey(_) => false,
    };
    for fault in &INJECTED_FAULTS {
        let Some(case) = find(fault).case else {
            continue;
        };
        let mut file = Vec::new();
        case.write(&mut file).unwrap();
        let read = Case::read(file.as_slice(), &node::rules::rulebook()).unwrap();
        assert_eq!(read, case, "{}", fault.name);
        let valid = read.validate(&rules).unwrap();
        for engine in &engines {
            let replayed = read.replay(engine.as_ref(), &rules, &valid).unwrap();
            assert!(agrees(&replayed), "{}: {replayed:#?}", fault.name);
        }
        let is_engine = ["wrong-opcode", "wrong-price", "frame-gas", "wrong-answer"];
        if is_engine.contains(&fault.name) {
            let wrong = (fault.executor().engine)();
            let replayed = read.replay(wrong.as_ref(), &rules, &valid).unwrap();
            assert!(!agrees(&replayed), "{}", fault.name);
            if let CaseReplay::Ran { outcome, .. } = replayed {
                assert_eq!(outcome.receipt, case.found.receipt, "{}", fault.name);
            }
        }
    }
}

#[test]
fn nothing_is_found_where_no_fault_is_injected() {
    let plan = Plan { blocks: 12, ..PLAN };
    let investigated =
        investigate(&plan, &Versions::default(), standard(3), &mut NoProgress).unwrap();
    assert!(investigated.report.agreed);
    assert_eq!((investigated.divergence, investigated.case), (None, None));
}

#[test]
fn a_fault_that_never_acts_is_noticed() {
    let plan = Plan { blocks: 2, ..PLAN };
    let fault = by_name("lost-write").unwrap();
    let executors = standard(2).into_iter().chain([fault.executor()]);
    let executors = executors.collect();
    let investigated =
        investigate(&plan, &Versions::default(), executors, &mut NoProgress).unwrap();
    assert!(investigated.report.agreed);
    let [line] = &investigated.report.faults[..] else {
        panic!("one fault");
    };
    assert_eq!((line.executor, line.acted), (2, 0));
}
