//! Runs a chain across the height at which other rules come into force.
//!
//! The second rules differ in two prices: one that validation uses and one that execution uses. The
//! genesis lists them with their height.

use node::archive::{ArchiveReader, ArchiveWriter, ArchivedBlock, ArchivedTransaction};
use node::rules::Prices;
use node::{
    CachePolicy, Executed, Invalid, MemoryStore, NoObserver, Node, Observer, Parts, Payload,
    RulesUnknown, ValidBlock,
};
use node_sim::bisect::{DivergenceKind, locate};
use node_sim::case::{Case, CaseError, CaseReplay, Outcome};
use node_sim::pipeline::StandardPipeline;
use node_sim::replay::Replay;
use node_sim::rerun::{Position, Subject};
use node_sim::simulate::Plan;
use node_sim::simulate::injected::WrongGas;
use node_sim::simulate::workload::Workload;
use node_sim::versions::{Listing, Versions};
use reference::Reference;
use std::sync::Arc;
use vm::unstable::opcode::Opcode;
use vm::{Engine, Height, Interpreter, Rulebook, Rules};

const PLAN: Plan = Plan {
    blocks: 8,
    seed: 3,
    transactions: 12,
};

/// First height of the second rules; the samples are called before and after it.
const FROM: u64 = 6;

type EngineConstructor = fn() -> Box<dyn Engine>;

const INTERPRETER: EngineConstructor = || Box::new(Interpreter::new());
const REFERENCE: EngineConstructor = || Box::new(Reference::new());

/// Rules under which a transaction and an addition cost one unit of gas more.
pub(crate) fn second() -> Rules {
    let v1 = node::rules::version_1();
    let price = |of, price: u64| price.saturating_add(u64::from(of == Opcode::I32Add));
    let dynamic = *v1.schedule.dynamic();
    let mut prices = Prices::version_1();
    prices.tx_base += 1;
    let schedule = v1.schedule.repriced(price, dynamic).unwrap();
    Rules::new(v1.floats, schedule.with_embedder(&prices.named()).unwrap())
}

pub(crate) fn both() -> Rulebook {
    node::rules::rulebook().with(second())
}

/// The second rules from their height on, as the genesis lists them.
fn crossing() -> Versions {
    Versions {
        rulebook: both(),
        upgrades: vec![(Height(FROM), *second().id())],
        listing: Listing::Genesis,
    }
}

fn parts(engine: EngineConstructor, rules: Rulebook) -> Parts {
    Parts {
        engine: engine(),
        rules,
        cache: CachePolicy::Warm,
    }
}

fn workload(versions: &Versions) -> Workload {
    let workload = Workload::new(&PLAN, &Arc::new(node::rules::version_1())).unwrap();
    workload.across(versions).unwrap()
}

/// A node of the chain that crosses the height, before the first block. It knows `rules`.
fn open(engine: EngineConstructor, rules: Rulebook) -> (Node, Workload) {
    open_on(engine, rules, &crossing())
}

fn open_on(engine: EngineConstructor, rules: Rulebook, versions: &Versions) -> (Node, Workload) {
    let workload = workload(versions);
    let (parts, genesis) = (parts(engine, rules), workload.genesis().clone());
    let node = Node::open(parts, genesis, Box::new(MemoryStore::new())).unwrap();
    (node, workload)
}

#[derive(Default)]
struct ExecutedCollector(Vec<Executed>);

impl Observer for ExecutedCollector {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(executed.clone());
    }
}

/// The blocks of the plan with their results.
fn chain(engine: EngineConstructor, versions: &Versions) -> Vec<ArchivedBlock> {
    let (mut node, mut workload) = open_on(engine, both(), versions);
    let blocks = (0..PLAN.blocks).map(|_| {
        let block = workload.next_block(&node).unwrap();
        let valid = node.validate(block.clone()).unwrap();
        let mut collected = ExecutedCollector::default();
        let result = node.apply(&valid, &mut collected).unwrap();
        node.scrub().unwrap();
        ArchivedBlock {
            block,
            entries: collected.0.iter().map(ArchivedTransaction::of).collect(),
            result,
        }
    });
    blocks.collect()
}

#[test]
fn engines_agree_across_the_height_and_prices_change_there() {
    let blocks = chain(INTERPRETER, &crossing());
    assert_eq!(blocks, chain(REFERENCE, &crossing()));
    let straight = chain(INTERPRETER, &Versions::default());
    for (height, (one, other)) in (1_u64..).zip(blocks.iter().zip(&straight)) {
        let is_second = height >= FROM;
        let expected = if is_second {
            second()
        } else {
            node::rules::version_1()
        };
        assert_eq!(one.block.header.rules_id, *expected.id(), "block {height}");
        let costs_more = one.result.gas_used > other.result.gas_used;
        assert_eq!(costs_more, is_second, "block {height}");
    }
}

#[test]
fn an_archive_across_the_height_replays_on_both_engines() {
    let blocks = chain(INTERPRETER, &crossing());
    let genesis = workload(&crossing()).genesis().clone();
    let mut writer = ArchiveWriter::new(Vec::new(), &genesis).unwrap();
    for block in &blocks {
        writer.push(block).unwrap();
    }
    let bytes = writer.finish().unwrap();
    for engine in [INTERPRETER, REFERENCE] {
        let reader = ArchiveReader::new(bytes.as_slice()).unwrap();
        let store = Box::new(MemoryStore::new());
        let mut replay = Replay::new(reader, parts(engine, both()), store).unwrap();
        while replay.step().unwrap() {}
        let replayed = replay.replayed();
        assert_eq!(replayed.first_difference, None);
        assert_eq!(replayed.height.0, PLAN.blocks);
    }
}

#[test]
fn a_node_without_the_second_rules_stops_before_the_height() {
    let (mut old, _) = open(REFERENCE, node::rules::rulebook());
    let (mut new, mut workload) = open(REFERENCE, both());
    for _ in 1..FROM {
        let block = workload.next_block(&new).unwrap();
        let valid = old.validate(block).unwrap();
        let result = old.apply(&valid, &mut NoObserver).unwrap();
        assert_eq!(new.apply(&valid, &mut NoObserver).unwrap(), result);
    }
    let block = workload.next_block(&new).unwrap();
    let mut of_old_rules = block.clone();
    let (found, expected) = (*node::rules::version_1().id(), *second().id());
    of_old_rules.header.rules_id = found;
    let refused = new.validate(of_old_rules).unwrap_err();
    assert_eq!(refused, Invalid::RulesId { found, expected });
    for id in [found, expected] {
        assert!(refused.to_string().contains(&hex::encode(id)), "{refused}");
    }
    let unknown = RulesUnknown {
        height: Height(FROM),
        rules_id: expected,
    };
    let behind = old.validate(block.clone()).unwrap_err();
    assert_eq!(behind, Invalid::RulesUnknown(unknown));
    assert_eq!(old.rules_at(Height(FROM)), Err(unknown));
    let text = format!("block {FROM} needs the rules {}", hex::encode(expected));
    assert!(behind.to_string().starts_with(&text), "{behind}");
    let valid = new.validate(block).unwrap();
    let fault = old.apply(&valid, &mut NoObserver).unwrap_err();
    assert!(fault.to_string().contains(&text), "{fault}");
    assert_eq!(old.store().tip().unwrap().unwrap().height.0, FROM - 1);
}

/// The first transaction of a block that spends gas in a contract with additions.
fn call_in(valid: &ValidBlock, executed: &[Executed]) -> u32 {
    let spent = |index: usize| {
        executed[index].receipt.gas_used - valid.transactions()[index].intrinsic_gas()
    };
    let is_call = |index: &usize| {
        let payload = &valid.transactions()[*index].signed().transaction.payload;
        matches!(payload, Payload::Call { .. }) && spent(*index) > 1_000
    };
    (0..executed.len()).find(is_call).unwrap() as u32
}

/// A case of a call at a height, and the kinds of divergence of a right and of a wrong engine
/// there.
fn case_at(height: u64) -> (Case, DivergenceKind, DivergenceKind) {
    let (mut node, mut workload) = open(INTERPRETER, both());
    for _ in 1..height {
        let valid = node.validate(workload.next_block(&node).unwrap()).unwrap();
        node.apply(&valid, &mut NoObserver).unwrap();
    }
    let valid = node.validate(workload.next_block(&node).unwrap()).unwrap();
    let mut collected = ExecutedCollector::default();
    let _not_committed = node.execute(&valid, &mut collected).unwrap();
    let index = call_in(&valid, &collected.0);
    let at = Position {
        rules: node.rules_at(Height(height)).unwrap(),
        rulebook: node.rulebook(),
        block: &valid,
        index,
    };
    let subject = |engine| Subject {
        name: "subject",
        engine,
        traced: None,
        pipeline: &StandardPipeline,
        store: node.store(),
        cache: CachePolicy::Warm,
    };
    let (right, wrong) = (
        || INTERPRETER(),
        || -> Box<dyn Engine> { Box::new(WrongGas::default()) },
    );
    let outcome = || Outcome::of("interpreter", &collected.0[index as usize]);
    let outcomes = (outcome(), outcome());
    let case = Case::record(&subject(&right), &at, node.limits(), outcomes).unwrap();
    let kind = |other| locate(&subject(&right), &subject(other), &at).unwrap().kind;
    (case, kind(&right), kind(&wrong))
}

/// The fields in which a replay of a case differs from the expected outcome.
fn replayed(case: &Case, engine: EngineConstructor) -> Vec<&'static str> {
    let valid = case.validate(&both()).unwrap();
    match case.replay(engine().as_ref(), &both(), &valid).unwrap() {
        CaseReplay::Ran { mismatches, .. } => mismatches.iter().map(|one| one.field).collect(),
        CaseReplay::MissingKey(key) => panic!("{}", hex::encode(key)),
    }
}

#[test]
fn a_case_of_each_side_replays_under_the_rules_of_its_height() {
    for height in [FROM - 1, FROM] {
        let (case, same, wrong) = case_at(height);
        assert_eq!(same, DivergenceKind::NotReproduced, "block {height}");
        assert_ne!(wrong, DivergenceKind::NotReproduced, "block {height}");
        let mut file = Vec::new();
        case.write(&mut file).unwrap();
        let read = Case::read(file.as_slice(), &both()).unwrap();
        assert_eq!(read, case);
        for engine in [INTERPRETER, REFERENCE] {
            assert!(replayed(&read, engine).is_empty(), "block {height}");
        }
        let of_old = Case::read(file.as_slice(), &node::rules::rulebook());
        assert_eq!(of_old.is_ok(), height < FROM);
        if let Err(error) = of_old {
            assert!(matches!(error, CaseError::Rules(id) if id == *second().id()));
        }
        // Under the rules of the other side the outcome differs.
        let mut moved = case;
        moved.rules_id = match height < FROM {
            true => *second().id(),
            false => *node::rules::version_1().id(),
        };
        assert!(replayed(&moved, REFERENCE).contains(&"receipt.gas_used"));
    }
}
