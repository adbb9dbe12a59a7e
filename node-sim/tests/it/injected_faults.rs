//! Plants every fault of the list in one executor, and holds what the simulator says against where
//! the fault was put.
//!
//! The expected block and transaction come from the wrong node and a right one run side by side
//! without the simulator; expected instructions from a list that R makes, expected keys from
//! commits.

use node::{
    CachePolicy, Commit, Executed, MemoryStore, Node, Observer, Parts, Receipt, ReceiptExit, Store,
    Tip, ValidBlock,
};
use node_sim::bisect::{Part, Site};
use node_sim::case::{Case, Replayed};
use node_sim::machine::Machine;
use node_sim::simulate::injected::{DEAR, PLANTS, Plant, STORE_HEIGHT, by_name};
use node_sim::simulate::samples::COUNTER;
use node_sim::simulate::workload::Workload;
use node_sim::simulate::{Difference, Investigated, NoProgress, Plan, investigate, standard};
use reference::{Reference, Trace};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use vm::CodeHash;
use vm::unstable::lower::{Operator, Sink};
use vm::unstable::opcode::Opcode;
use vm::{
    CheckedModule, Engine, Entries, Execution, Fault, Height, Interpreter, Rules, StateDiff, key,
};

/// Each fault is reached within it.
const PLAN: Plan = Plan {
    blocks: 40,
    seed: 7,
    transactions: 16,
};

/// A store that shows its commits.
struct Showing(MemoryStore, Arc<Mutex<BTreeMap<Height, StateDiff>>>);

impl Store for Showing {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.0.read(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.0.scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.0.tip()
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.0.receipts(height)
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        let diff = commit.diff.clone();
        self.1.lock().unwrap().insert(commit.tip.height, diff);
        self.0.commit(commit)
    }
}

/// An operator that was executed: code hash, function, offset.
type Executing = (CodeHash, u32, u32);

#[derive(Default)]
struct List {
    is_armed: bool,
    operators: Vec<Executing>,
}

struct Listed(Arc<Mutex<List>>, CodeHash);

impl Trace for Listed {
    fn operator(&mut self, function: u32, offset: u32, _: u64) {
        let mut list = self.0.lock().unwrap();
        if list.is_armed {
            list.operators.push((self.1, function, offset));
        }
    }
}

/// R that lists its operators with their module, while that is wanted.
struct Listing(Arc<Mutex<List>>);

impl Engine for Listing {
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
        let trace = Listed(Arc::clone(&self.0), *module.code_hash());
        let reference = Reference::new().with_trace(Arc::new(Mutex::new(trace)));
        reference.instantiate(module, rules)
    }
}

#[derive(Default)]
struct Collected(Vec<Executed>);

impl Observer for Collected {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(executed.clone());
    }
}

/// Arms the list for one transaction.
struct Arming(Arc<Mutex<List>>, u32);

impl Observer for Arming {
    fn transaction(&mut self, index: u32, _: &Executed, _: Option<[u8; 32]>) {
        self.0.lock().unwrap().is_armed = index + 1 == self.1;
    }
}

/// The plan on one right node.
struct Right {
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

fn right() -> Right {
    let commits = Arc::default();
    let store = Box::new(Showing(MemoryStore::new(), Arc::clone(&commits)));
    let (mut node, mut workload) = node(Box::new(Interpreter::new()), store);
    let (mut blocks, mut executed) = (Vec::new(), Vec::new());
    for _ in 0..PLAN.blocks {
        let valid = node.validate(workload.next_block(&node).unwrap()).unwrap();
        let mut collected = Collected::default();
        node.apply(&valid, &mut collected).unwrap();
        blocks.push(valid);
        executed.push(collected.0);
    }
    let commits = commits.lock().unwrap().clone();
    Right {
        blocks,
        executed,
        commits,
    }
}

impl Right {
    fn block(&self, height: Height) -> &ValidBlock {
        &self.blocks[height.0 as usize - 1]
    }

    /// The operators of a transaction in their order, as R lists them.
    fn operators(&self, height: Height, index: u32) -> Vec<Executing> {
        let list = Arc::new(Mutex::new(List::default()));
        let engine = Box::new(Listing(Arc::clone(&list)));
        let (mut node, _) = node(engine, Box::new(MemoryStore::new()));
        for block in &self.blocks[..height.0 as usize - 1] {
            node.apply(block, &mut Collected::default()).unwrap();
        }
        list.lock().unwrap().is_armed = index == 0;
        let mut arming = Arming(Arc::clone(&list), index);
        node.apply(self.block(height), &mut arming).unwrap();
        let mut list = list.lock().unwrap();
        core::mem::take(&mut list.operators)
    }

    /// The module under a code hash, as some block uploaded it.
    fn module(&self, code_hash: &CodeHash) -> CheckedModule {
        let key = key::code(code_hash);
        let bytes = self.commits.values().find_map(|diff| diff.get(&key));
        vm::check(bytes.unwrap().as_ref().unwrap(), &node::rules::version_1()).unwrap()
    }

    fn sender(&self, height: Height, index: u32) -> Vec<u8> {
        key::account(self.block(height).transactions()[index as usize].sender())
    }
}

/// The first transaction that the planted node executes differently, if there is one; without the
/// simulator.
fn first_wrong(plant: &Plant, right: &Right) -> Option<(Height, u32, Executed)> {
    let executor = plant.executor();
    let (parts, workload) = parts((executor.engine)());
    let steps = executor.steps.map(|make| make());
    let genesis = workload.genesis().clone();
    let mut machine = Machine::open(parts, genesis, executor.store, steps).unwrap();
    for (block, expected) in right.blocks.iter().zip(&right.executed) {
        let mut collected = Collected::default();
        // A node whose root is wrong refuses the next block.
        machine.execute(block, &mut collected).ok()?;
        let unlike = (0_u32..)
            .zip(expected.iter().zip(collected.0))
            .find(|(_, (one, other))| *one != other);
        if let Some((index, (_, wrong))) = unlike {
            return Some((block.header().height, index, wrong));
        }
        machine.commit().ok()?;
    }
    None
}

/// The operator of a place in a module.
fn opcode_at(module: &CheckedModule, function: u32, offset: u32) -> Opcode {
    struct Find(u32, Option<Opcode>);
    impl Sink for Find {
        fn operator(&mut self, operator: Operator<'_>, offset: u32) {
            if offset == self.0 {
                self.1.get_or_insert(operator.opcode());
            }
        }
    }
    let mut find = Find(offset, None);
    vm::unstable::lower::function(module, module.function(function).unwrap(), &mut find);
    find.1.unwrap()
}

/// What the simulator says about a plant.
struct Told {
    difference: Difference,
    site: Site,
    case: Option<Case>,
}

fn tell(plant: &Plant) -> Told {
    let mut executors = standard(2);
    executors.push(plant.executor());
    let told = investigate(&PLAN, executors, &mut NoProgress).unwrap();
    let Investigated { report, site, case } = told;
    assert!(!report.agreed, "{}: not found", plant.name);
    let difference = report.first_difference.unwrap();
    assert_eq!(difference.executors, (0, 2), "{}", plant.name);
    assert_eq!(difference.names.1, plant.name);
    assert_eq!(difference.height, report.height);
    let site = site.expect(plant.name);
    Told {
        difference,
        site,
        case,
    }
}

impl Told {
    fn at(&self) -> (Height, u32) {
        (self.difference.height, self.difference.transaction.unwrap())
    }

    /// The instruction that is named must be the first of the transaction that `is_planted`.
    fn is_first(&self, right: &Right, is_planted: impl Fn(&Executing) -> bool) {
        let (height, index) = self.at();
        let all = right.operators(height, index);
        let expected = all.iter().find(|executing| is_planted(executing)).unwrap();
        let place = self.site.place.as_ref().unwrap();
        let found = (place.code_hash, place.function, place.offset);
        assert_eq!(found, *expected, "{:#?}", self.site);
    }

    fn is_call(&self, part: Part, name: &str) {
        assert_eq!(self.site.part, part);
        let place = self.site.place.as_ref().unwrap();
        assert_eq!(place.operator, format!("call {name}"));
    }

    fn is_step(&self, field: &str, key: Option<Vec<u8>>) {
        assert_eq!(self.site.part, Part::Step, "{:#?}", self.site);
        assert_eq!(self.site.field, Some(field));
        assert_eq!(self.site.key, key, "{:#?}", self.site);
        assert_ne!(self.site.left, self.site.right);
    }
}

/// What the simulator must say, by plant: `wrong` is what the planted node alone came to.
type Check = fn(&Right, &Told, Option<&Executed>);

fn opcode_of(right: &Right, (code_hash, function, offset): &Executing) -> Opcode {
    opcode_at(&right.module(code_hash), *function, *offset)
}

fn value_of(diff: &StateDiff) -> Option<&Vec<u8>> {
    diff.keys().find(|key| key[0] == key::VALUE)
}

/// Was the key that a guest named changed before this block?
fn is_old(right: &Right, told: &Told) -> bool {
    let raw = told.site.key.as_ref().unwrap();
    let earlier = right.commits.range(..told.difference.height);
    let mut keys = earlier.flat_map(|(_, diff)| diff.keys());
    keys.any(|key| key[0] == key::VALUE && key.get(33..) == Some(raw))
}

const EXPECTED: [(&str, Check); 15] = [
    ("wrong-opcode", |right, told, _| {
        assert_eq!(told.site.part, Part::Instruction);
        told.is_first(right, |at| {
            at.0 == COUNTER.code_hash() && opcode_of(right, at) == Opcode::I64Add
        });
    }),
    ("wrong-price", |right, told, _| {
        assert_eq!(told.site.part, Part::Instruction);
        told.is_first(right, |at| opcode_of(right, at) == DEAR);
        assert_eq!(told.difference.mismatches[0].field, "receipt.gas_used");
    }),
    ("frame-gas", |right, told, _| {
        assert_eq!(told.site.part, Part::Entry);
        told.is_first(right, |_| true);
    }),
    ("wrong-answer", |_, told, _| {
        told.is_call(Part::Instruction, "storage_read");
        assert!(told.site.left.contains("slot 4294967295,"));
        assert!(told.site.right.contains("slot 0,"));
    }),
    ("stale-cache", |right, told, _| {
        told.is_call(Part::Answer, "storage_read");
        assert!(is_old(right, told));
    }),
    ("scan-order", |_, told, _| {
        told.is_call(Part::Answer, "storage_scan")
    }),
    ("lost-write", |right, told, _| {
        let lost = value_of(&right.commits[&STORE_HEIGHT]);
        told.is_step("state", lost.cloned());
    }),
    ("split-batch", |right, told, _| {
        let diff = &right.commits[&STORE_HEIGHT];
        told.is_step("state", diff.keys().nth(diff.len() / 2).cloned());
    }),
    ("event-order", |_, told, wrong| {
        told.is_step("receipt.events_root", None);
        assert!(wrong.unwrap().events.len() > 1);
    }),
    ("lost-revert", |_, told, wrong| {
        let kept = wrong.unwrap();
        assert_eq!(kept.receipt.exit, ReceiptExit::Revert);
        told.is_step("state", value_of(&kept.diff).cloned());
    }),
    ("wrong-fee", |right, told, _| {
        let (height, index) = told.at();
        told.is_step("state", Some(right.sender(height, index)));
    }),
    ("wrong-nonce", |right, told, wrong| {
        let (height, index) = told.at();
        told.is_step("state", Some(right.sender(height, index)));
        assert_ne!(wrong.unwrap().receipt.exit, ReceiptExit::Return);
    }),
    ("clock", |_, told, _| {
        told.is_call(Part::Answer, "block_time")
    }),
    ("lost-tree-update", |right, told, _| {
        let (height, index) = told.at();
        let executed = |height: Height, index: usize| &right.executed[height.0 as usize - 1][index];
        let lost = value_of(&executed(height, index as usize).diff);
        told.is_step("state_root", lost.cloned());
        assert!(
            (0..index as usize)
                .all(|earlier| { value_of(&executed(height, earlier).diff).is_none() })
        );
    }),
    ("receipts-hash", |_, told, _| {
        told.is_step("result.receipts_root", None)
    }),
];

/// Where the whole block is named, and no transaction.
const IN_NO_TRANSACTION: [(&str, Height); 3] = [
    ("lost-write", STORE_HEIGHT),
    ("split-batch", STORE_HEIGHT),
    ("receipts-hash", Height(1)),
];

#[test]
fn every_planted_fault_is_found_where_it_is_planted() {
    let right = right();
    assert_eq!(
        EXPECTED.map(|(name, _)| name),
        PLANTS.map(|plant| plant.name)
    );
    for (name, check) in EXPECTED {
        let plant = by_name(name).unwrap();
        let told = tell(plant);
        let wrong = first_wrong(plant, &right);
        let whole = IN_NO_TRANSACTION.iter().find(|(whole, _)| *whole == name);
        match (whole, &wrong) {
            (Some((_, height)), _) => {
                assert_eq!(told.difference.height, *height, "{name}");
                assert_eq!(told.difference.transaction, None, "{name}");
            }
            // The tree is no part of what a transaction comes to.
            (None, None) => assert_eq!(name, "lost-tree-update"),
            (None, Some((height, index, _))) => assert_eq!(told.at(), (*height, *index), "{name}"),
        }
        check(
            &right,
            &told,
            wrong.as_ref().map(|(_, _, executed)| executed),
        );
        assert_eq!(told.case.is_some(), whole.is_none(), "{name}");
    }
}

#[test]
fn a_right_engine_replays_each_case_and_a_wrong_one_does_not() {
    let rules = node::rules::rulebook();
    let engines: [Box<dyn Engine>; 2] = [Box::new(Interpreter::new()), Box::new(Reference::new())];
    let agrees = |replayed: &Replayed| match replayed {
        Replayed::Ran { mismatches, .. } => mismatches.is_empty(),
        Replayed::Beyond(_) => false,
    };
    for plant in &PLANTS {
        let Some(case) = tell(plant).case else {
            continue;
        };
        let mut file = Vec::new();
        case.write(&mut file).unwrap();
        let read = Case::read(file.as_slice(), &node::rules::rulebook()).unwrap();
        assert_eq!(read, case, "{}", plant.name);
        let valid = read.validate(&rules).unwrap();
        for engine in &engines {
            let replayed = read.replay(engine.as_ref(), &rules, &valid).unwrap();
            assert!(agrees(&replayed), "{}: {replayed:#?}", plant.name);
        }
        let is_engine = ["wrong-opcode", "wrong-price", "frame-gas", "wrong-answer"];
        if is_engine.contains(&plant.name) {
            let wrong = (plant.executor().engine)();
            let replayed = read.replay(wrong.as_ref(), &rules, &valid).unwrap();
            assert!(!agrees(&replayed), "{}", plant.name);
            if let Replayed::Ran { outcome, .. } = replayed {
                assert_eq!(outcome.receipt, case.found.receipt, "{}", plant.name);
            }
        }
    }
}

#[test]
fn nothing_is_found_where_nothing_is_planted() {
    let plan = Plan { blocks: 12, ..PLAN };
    let told = investigate(&plan, standard(3), &mut NoProgress).unwrap();
    assert!(told.report.agreed);
    assert_eq!((told.site, told.case), (None, None));
}
