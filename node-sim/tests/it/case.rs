//! Makes cases from wrong archives, replays them alone, and reads hostile ones.

use crate::archive::{archive, changed};
use node::archive::{ArchiveReader, ArchiveWriter, ArchivedBlock, ArchivedTransaction};
use node::{CachePolicy, Executed, MemoryStore, Observer, Parts};
use node_sim::bisect::DivergenceKind;
use node_sim::case::{Case, CaseError, CaseReplay, MAGIC};
use node_sim::machine::Machine;
use node_sim::replay::{Replay, ReplaySummary, Traced};
use node_sim::simulate::Plan;
use node_sim::simulate::injected::{InjectedFault, WrongGas, by_name};
use node_sim::simulate::workload::Workload;
use proptest::prelude::*;
use reference::Reference;
use std::sync::Arc;
use vm::{Engine, Interpreter};

type EngineConstructor = fn() -> Box<dyn Engine>;

const INTERPRETER: EngineConstructor = || Box::new(Interpreter::new());
const REFERENCE: EngineConstructor = || Box::new(Reference::new());
const WRONG_GAS: EngineConstructor = || Box::new(WrongGas::default());

/// Replays an archive and traces its first difference.
fn trace(bytes: &[u8], engine: EngineConstructor) -> (ReplaySummary, Option<Traced>) {
    let parts = Parts {
        engine: engine(),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    };
    let reader = ArchiveReader::new(bytes).unwrap();
    let store = Box::new(MemoryStore::new());
    let mut replay = Replay::new(reader, parts, store).unwrap();
    replay = replay.bisecting(Box::new(engine));
    while replay.step().unwrap() {}
    (replay.replayed().clone(), replay.traced().cloned())
}

/// Replays a case from its own bytes: the fields that differ from the expected outcome.
fn alone(case: &Case, engine: EngineConstructor) -> Vec<&'static str> {
    let mut file = Vec::new();
    case.write(&mut file).unwrap();
    let case = Case::read(file.as_slice(), &node::rules::rulebook()).unwrap();
    let rules = node::rules::rulebook();
    let valid = case.validate(&rules).unwrap();
    match case.replay(engine().as_ref(), &rules, &valid).unwrap() {
        CaseReplay::Ran { mismatches, .. } => mismatches.iter().map(|one| one.field).collect(),
        CaseReplay::MissingKey(_) => vec!["missing key"],
    }
}

#[test]
fn a_receipt_changed_on_purpose_ends_in_a_case_that_blames_the_archive() {
    let (bytes, blocks, _) = archive(6, 5);
    let index = blocks[4].entries.len() - 1;
    let bytes = changed(&bytes, 5, |block| {
        block.entries[index].receipt.gas_used += 1
    });
    let (chain, traced) = trace(&bytes, INTERPRETER);
    let difference = chain.first_difference.unwrap();
    assert_eq!(
        (difference.height.0, difference.field),
        (5, "receipt.gas_used")
    );
    let Traced { case, divergence } = traced.unwrap();
    assert_eq!(divergence, None, "R has the found outcome");
    assert_eq!((case.block.height.0, case.index), (5, index as u32));
    assert_eq!(Some(case.transaction.transaction.id()), difference.tx_id);
    let (expected, found) = (&case.expected.receipt, &case.found.receipt);
    assert_eq!(expected.gas_used, found.gas_used + 1);
    for engine in [INTERPRETER, REFERENCE] {
        assert_eq!(alone(&case, engine), ["receipt.gas_used"]);
    }
}

#[derive(Default)]
struct ArchiveObserver(Vec<ArchivedTransaction>);

impl Observer for ArchiveObserver {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(ArchivedTransaction::of(executed));
    }
}

/// The archive that a faulty node would write on its own.
fn archive_of(fault: &InjectedFault, plan: &Plan) -> Vec<u8> {
    let rules = node::rules::rulebook();
    let mut workload = Workload::new(plan, &Arc::new(node::rules::version_1())).unwrap();
    let executor = fault.executor();
    let parts = Parts {
        engine: (executor.engine)(),
        rules,
        cache: executor.cache,
    };
    let genesis = workload.genesis().clone();
    let pipeline = executor.pipeline.map(|make| make());
    let mut machine = Machine::open(parts, genesis.clone(), executor.store, pipeline).unwrap();
    let mut writer = ArchiveWriter::new(Vec::new(), &genesis).unwrap();
    for _ in 0..plan.blocks {
        let node = machine.node().unwrap();
        let block = workload.next_block(node).unwrap();
        let mut entries = ArchiveObserver::default();
        let valid = node.validate(block.clone()).unwrap();
        let result = machine.execute(&valid, &mut entries).unwrap();
        machine.commit().unwrap();
        writer
            .push(&ArchivedBlock {
                block,
                entries: entries.0,
                result,
            })
            .unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn an_archive_of_a_wrong_node_ends_in_a_case_that_blames_it() {
    let plan = Plan::new(6, 7);
    let names = [
        "wrong-opcode",
        "wrong-price",
        "event-order",
        "wrong-fee",
        "wrong-nonce",
        "clock",
    ];
    for name in names {
        let fault = by_name(name).unwrap();
        let bytes = archive_of(fault, &plan);
        let (chain, traced) = trace(&bytes, INTERPRETER);
        let difference = chain.first_difference.expect(name);
        let Traced { case, divergence } = traced.expect(name);
        assert_eq!(divergence, None, "{name}");
        assert_eq!(difference.transaction, Some(case.index), "{name}");
        let fields = alone(&case, INTERPRETER);
        assert!(fields.contains(&difference.field), "{name}: {fields:?}");
        assert_eq!(alone(&case, REFERENCE), fields, "{name}");
        // The faulty engine reproduces the archive's outcome: the case contains the whole cause.
        if name.starts_with("wrong-o") || name.starts_with("wrong-p") {
            let wrong = (fault.executor().engine)();
            let rules = node::rules::rulebook();
            let valid = case.validate(&rules).unwrap();
            let replayed = case.replay(wrong.as_ref(), &rules, &valid).unwrap();
            assert!(
                matches!(&replayed, CaseReplay::Ran { mismatches, .. } if mismatches.is_empty()),
                "{name}: {replayed:#?}"
            );
        }
    }
}

#[test]
fn a_wrong_engine_in_a_replay_is_distinguished_from_a_wrong_archive() {
    let (bytes, _, _) = archive(3, 5);
    let (chain, traced) = trace(&bytes, WRONG_GAS);
    assert_eq!(chain.first_difference.unwrap().field, "receipt.gas_used");
    let Traced { case, divergence } = traced.unwrap();
    let divergence = divergence.unwrap();
    assert_eq!(divergence.kind, DivergenceKind::HostCall);
    assert!(
        divergence
            .instruction
            .unwrap()
            .operator
            .starts_with("call ")
    );
    // A right engine replays the case with the expected outcome, the faulty one does not.
    assert_eq!(alone(&case, INTERPRETER), Vec::<&str>::new());
    assert_eq!(alone(&case, WRONG_GAS), ["receipt.gas_used", "diff"]);
}

#[test]
fn a_difference_in_no_transaction_makes_no_case() {
    let (bytes, _, _) = archive(3, 6);
    let bytes = changed(&bytes, 2, |block| block.result.state_root = [1; 32]);
    let (chain, traced) = trace(&bytes, INTERPRETER);
    assert_eq!(chain.first_difference.unwrap().field, "result.state_root");
    assert_eq!(traced, None);
}

/// A case of a call that reads, and the bytes of its file.
fn sample() -> (Case, Vec<u8>) {
    let (bytes, blocks, _) = archive(4, 5);
    let index = blocks[3].entries.len() - 1;
    let bytes = changed(&bytes, 4, |block| {
        block.entries[index].receipt.gas_used += 1
    });
    let (_, traced) = trace(&bytes, INTERPRETER);
    let case = traced.unwrap().case;
    let mut file = Vec::new();
    case.write(&mut file).unwrap();
    (case, file)
}

#[test]
fn each_key_of_a_case_is_needed() {
    let (case, _) = sample();
    let whole = alone(&case, INTERPRETER);
    assert_eq!(whole, ["receipt.gas_used"]);
    assert!(case.state.len() > 2, "{:?}", case.state.keys());
    for key in case.state.keys() {
        let mut less = case.clone();
        less.state.remove(key);
        less.changes.remove(key);
        // A missing key inside a range reads as absent; any other one is missing in the case.
        assert_ne!(alone(&less, INTERPRETER), whole, "{key:?}");
    }
}

#[test]
fn cut_off_damaged_and_extended_files_are_refused() {
    let (_, file) = sample();
    for length in (0..file.len()).filter(|length| *length < 300 || length % 101 == 0) {
        let cut = Case::read(&file[..length], &node::rules::rulebook());
        assert!(
            matches!(cut, Err(CaseError::Magic | CaseError::Record(_))),
            "{length}"
        );
        let mut flipped = file.clone();
        flipped[length] ^= 0x10;
        assert!(
            Case::read(flipped.as_slice(), &node::rules::rulebook()).is_err(),
            "byte {length} was flipped unnoticed"
        );
    }
    let longer = [file.as_slice(), &[0]].concat();
    assert!(matches!(
        Case::read(longer.as_slice(), &node::rules::rulebook()),
        Err(CaseError::Trailing)
    ));
    let oversized = [MAGIC.as_slice(), &[0xff; 36]].concat();
    assert!(matches!(
        Case::read(oversized.as_slice(), &node::rules::rulebook()),
        Err(CaseError::Record(_))
    ));
}

/// A file with the right hash of any payload.
fn sealed(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_le_bytes();
    let hash = vm::unstable::host::crypto::sha256(payload);
    [MAGIC.as_slice(), &length, &hash, payload].concat()
}

#[test]
fn hostile_bytes_are_refused_or_replayed_and_never_panic() {
    let (case, file) = sample();
    let rules = node::rules::rulebook();
    let payload = &file[MAGIC.len() + 36..];
    assert_eq!(sealed(payload), file);
    let engine = Interpreter::new();
    let read = |payload: &[u8]| {
        let Ok(read) = Case::read(sealed(payload).as_slice(), &node::rules::rulebook()) else {
            return false;
        };
        if let Ok(valid) = read.validate(&rules) {
            // A fault is allowed: no chain can have the state of a mutated case.
            let _ = read.replay(&engine, &rules, &valid);
        }
        true
    };
    assert!(read(payload));
    let mut accepted = 0;
    for position in 0..payload.len() {
        let spread = position < 400 || position % 37 == 0 || position + 400 > payload.len();
        if !spread {
            continue;
        }
        assert!(!read(&payload[..position]), "cut at {position}");
        let mut flipped = payload.to_vec();
        flipped[position] ^= 1 << (position % 8);
        accepted += u32::from(read(&flipped));
    }
    assert!(accepted > 0, "values may be anything");
    let mut rich = case.clone();
    rich.limits.transaction_gas = u64::MAX;
    let refuse = |case: &Case| {
        let mut file = Vec::new();
        case.write(&mut file).unwrap();
        Case::read(file.as_slice(), &node::rules::rulebook()).unwrap_err()
    };
    assert!(matches!(refuse(&rich), CaseError::Limits));
    let mut long = case.clone();
    long.found.by = "x".repeat(257);
    assert!(matches!(refuse(&long), CaseError::Limits));
    let mut other = case;
    other.rules_id = [1; 32];
    assert!(matches!(refuse(&other), CaseError::Rules(_)));
}

#[test]
fn a_change_removes_only_what_the_block_began_with() {
    let (case, _) = sample();
    let key = vm::key::value(&vm::Address([7; 32]), b"removed");
    let read = |before: Option<Option<Vec<u8>>>| {
        let mut case = case.clone();
        if let Some(value) = before {
            case.state.insert(key.clone(), value);
        }
        case.changes.insert(key.clone(), None);
        let mut file = Vec::new();
        case.write(&mut file).unwrap();
        Case::read(file.as_slice(), &node::rules::rulebook())
    };
    assert!(read(Some(Some(vec![1]))).is_ok());
    for absent in [Some(None), None] {
        let error = read(absent).unwrap_err().to_string();
        assert!(error.contains("a removal of what was absent"), "{error}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Case::read(payload.as_slice(), &node::rules::rulebook());
        let _ = Case::read(sealed(&payload).as_slice(), &node::rules::rulebook());
    }
}
