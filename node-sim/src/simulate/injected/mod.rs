//! Lists faulty executors: the evidence that the comparison can fail.
//!
//! Each is a wrapper around an engine, a store or a part of the node's pipeline; `vm` and
//! `reference` know nothing of them. Tests: `tests/it/injected_faults.rs` compares where the
//! simulator finds each fault with where it was injected.

/// Faulty engines.
mod engine;

/// Faulty stores.
mod store;

/// Faulty pipelines.
mod pipeline;

pub use engine::{WrongGas, WrongOperator};
pub use store::LostWrite;

use super::executor::{Executor, Restart};
use super::samples::COUNTER;
use crate::rerun::{MakeEngine, MakeTraced};
use engine::{WrongHostResult, WrongPrice, replacing};
use node::{CachePolicy, MemoryStore, Store};
use pipeline::FaultyPipeline;
use reference::Reference;
use store::{FaultyStore, StoreFault};
use vm::Height;
use vm::unstable::opcode::Opcode;

/// Height from which on the store faults act.
pub const STORE_HEIGHT: Height = Height(4);

/// The operator that `wrong-price` overcharges.
pub const OVERPRICED: Opcode = Opcode::I32Add;

/// An injected fault.
#[derive(Clone, Copy)]
pub struct InjectedFault {
    /// Name, as in `--plant`.
    pub name: &'static str,
    /// What is wrong, in a few words.
    pub summary: &'static str,
    make: fn(&'static str) -> Executor,
}

impl InjectedFault {
    /// A faulty executor, with its store in memory.
    #[must_use]
    pub fn executor(&self) -> Executor {
        (self.make)(self.name)
    }
}

/// The fault with a name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static InjectedFault> {
    INJECTED_FAULTS.iter().find(|fault| fault.name == name)
}

/// All faults.
pub const INJECTED_FAULTS: [InjectedFault; 15] = [
    InjectedFault {
        name: "wrong-opcode",
        summary: "the counter's i64.add subtracts",
        make: |name| {
            of_engine(
                name,
                || replacing(COUNTER.code_hash(), ADDS),
                traced_opcode(),
            )
        },
    },
    InjectedFault {
        name: "wrong-price",
        summary: "i32.add costs one unit of gas too much",
        make: |name| {
            let make = || WrongPrice::new(Reference::new(), OVERPRICED);
            let traced: MakeTraced = Box::new(|trace| {
                let engine = Reference::new().with_trace(trace);
                Box::new(WrongPrice::new(engine, OVERPRICED))
            });
            of_engine(name, make, traced)
        },
    },
    InjectedFault {
        name: "frame-gas",
        summary: "each frame starts with one unit of gas too little",
        make: |name| {
            let traced: MakeTraced = Box::new(|trace| Box::new(WrongGas::with_trace(trace)));
            of_engine(name, WrongGas::default, traced)
        },
    },
    InjectedFault {
        name: "wrong-answer",
        summary: "an absent storage value is reported to the guest as an empty one",
        make: |name| {
            let make = || WrongHostResult(Reference::new());
            let traced: MakeTraced =
                Box::new(|trace| Box::new(WrongHostResult(Reference::new().with_trace(trace))));
            of_engine(name, make, traced)
        },
    },
    InjectedFault {
        name: "stale-cache",
        summary: "a value that was read once is never read again",
        make: |name| of_store(name, wrong(StoreFault::Stale), Restart::Never),
    },
    InjectedFault {
        name: "scan-order",
        summary: "the last two entries of a page come in the wrong order",
        make: |name| of_store(name, wrong(StoreFault::Order), Restart::Never),
    },
    InjectedFault {
        name: "lost-write",
        summary: "the store loses one write of a block, and is restarted",
        make: |name| {
            let store = LostWrite::new(MemoryStore::new(), STORE_HEIGHT);
            of_store(name, Box::new(store), Restart::EveryBlock)
        },
    },
    InjectedFault {
        name: "split-batch",
        summary: "a block is committed in two write batches, with a power loss between them",
        make: |name| {
            of_store(
                name,
                wrong(StoreFault::Half(STORE_HEIGHT)),
                Restart::EveryBlock,
            )
        },
    },
    InjectedFault {
        name: "event-order",
        summary: "events come in the opposite order",
        make: |name| of_pipeline(name, FaultyPipeline::Events),
    },
    InjectedFault {
        name: "lost-revert",
        summary: "the writes of a reverted transaction stay",
        make: |name| of_pipeline(name, FaultyPipeline::Revert),
    },
    InjectedFault {
        name: "wrong-fee",
        summary: "each fee is one unit too high",
        make: |name| of_pipeline(name, FaultyPipeline::Fee),
    },
    InjectedFault {
        name: "wrong-nonce",
        summary: "a failed transaction does not increment the nonce",
        make: |name| of_pipeline(name, FaultyPipeline::Nonce),
    },
    InjectedFault {
        name: "clock",
        summary: "guests see the time of another time zone",
        make: |name| of_pipeline(name, FaultyPipeline::Clock),
    },
    InjectedFault {
        name: "lost-tree-update",
        summary: "the tree misses the first value of each change",
        make: |name| of_pipeline(name, FaultyPipeline::Tree),
    },
    InjectedFault {
        name: "receipts-hash",
        summary: "receipts are hashed in the opposite order",
        make: |name| of_pipeline(name, FaultyPipeline::Receipts),
    },
];

const ADDS: (Opcode, Opcode) = (Opcode::I64Add, Opcode::I64Sub);

fn traced_opcode() -> MakeTraced {
    Box::new(|trace| Box::new(replacing(COUNTER.code_hash(), ADDS).with_trace(trace)))
}

fn wrong(wrong: StoreFault) -> Box<dyn Store> {
    Box::new(FaultyStore::new(MemoryStore::new(), wrong))
}

fn of_engine<E: vm::Engine + 'static>(name: &str, make: fn() -> E, traced: MakeTraced) -> Executor {
    let engine: MakeEngine = Box::new(move || Box::new(make()));
    Executor::new(name, engine, CachePolicy::Warm, Restart::Never).with_traced(traced)
}

fn with_reference(name: &str, restart: Restart) -> Executor {
    let engine: MakeEngine = Box::new(|| Box::new(Reference::new()));
    let traced: MakeTraced = Box::new(|trace| Box::new(Reference::new().with_trace(trace)));
    Executor::new(name, engine, CachePolicy::Warm, restart).with_traced(traced)
}

fn of_store(name: &str, store: Box<dyn Store>, restart: Restart) -> Executor {
    with_reference(name, restart).with_store(store)
}

fn of_pipeline(name: &str, pipeline: FaultyPipeline) -> Executor {
    with_reference(name, Restart::Never).with_pipeline(Box::new(move || Box::new(pipeline)))
}
