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
pub use store::lost_write;

use super::acted::Acted;
use super::executor::{Executor, Restart};
use super::samples::COUNTER;
use crate::rerun::{MakeEngine, MakeTraced};
use engine::{
    EmptyForAbsent, FaultyEngine, FrameFault, NotesClock, TakesGas, Watched, WrongPrice, replacing,
};
use node::{CachePolicy, MemoryStore};
use pipeline::{FaultyPipeline, PipelineFault};
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
    make: fn(&'static str, &Acted) -> Executor,
}

impl InjectedFault {
    /// A faulty executor, with its store in memory, and a counter of what the fault changed.
    #[must_use]
    pub fn executor(&self) -> Executor {
        let acted = Acted::default();
        (self.make)(self.name, &acted).with_acted(acted)
    }
}

/// The fault with a name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static InjectedFault> {
    INJECTED_FAULTS.iter().find(|fault| fault.name == name)
}

/// All faults.
pub const INJECTED_FAULTS: [InjectedFault; 19] = [
    InjectedFault {
        name: "wrong-opcode",
        summary: "the counter's i64.add subtracts",
        make: |name, acted| {
            let make = Watched::replacing(COUNTER.code_hash(), ADDS, acted);
            of_engine(name, move || make.clone(), traced_opcode())
        },
    },
    InjectedFault {
        name: "wrong-price",
        summary: "i32.add costs one unit of gas too much",
        make: |name, acted| {
            let watched = Watched::noting(OVERPRICED, acted);
            let make = move || WrongPrice::new(watched.clone(), OVERPRICED);
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
        make: |name, acted| of_frames(name, TakesGas, acted),
    },
    InjectedFault {
        name: "wrong-answer",
        summary: "an absent storage value is reported to the guest as an empty one",
        make: |name, acted| of_frames(name, EmptyForAbsent::new, acted),
    },
    InjectedFault {
        name: "stale-cache",
        summary: "a value that was read once is never read again",
        make: |name, acted| of_store(name, StoreFault::Stale, acted, Restart::Never),
    },
    InjectedFault {
        name: "scan-order",
        summary: "the last two entries of a page come in the wrong order",
        make: |name, acted| of_store(name, StoreFault::Order, acted, Restart::Never),
    },
    InjectedFault {
        name: "lost-write",
        summary: "the store loses one write of a block, and is restarted",
        make: |name, acted| {
            let fault = StoreFault::Write(STORE_HEIGHT);
            of_store(name, fault, acted, Restart::EveryBlock)
        },
    },
    InjectedFault {
        name: "split-batch",
        summary: "a block is committed in two write batches, with a power loss between them",
        make: |name, acted| {
            let fault = StoreFault::Half(STORE_HEIGHT);
            of_store(name, fault, acted, Restart::EveryBlock)
        },
    },
    InjectedFault {
        name: "event-order",
        summary: "events come in the opposite order",
        make: |name, acted| of_pipeline(name, PipelineFault::Events, acted),
    },
    InjectedFault {
        name: "lost-revert",
        summary: "the writes of a reverted transaction stay",
        make: |name, acted| of_pipeline(name, PipelineFault::Revert, acted),
    },
    InjectedFault {
        name: "wrong-fee",
        summary: "each fee is one unit too high",
        make: |name, acted| of_pipeline(name, PipelineFault::Fee, acted),
    },
    InjectedFault {
        name: "wrong-nonce",
        summary: "a failed transaction does not increment the nonce",
        make: |name, acted| of_pipeline(name, PipelineFault::Nonce, acted),
    },
    InjectedFault {
        name: "clock",
        summary: "guests see the time of another time zone",
        make: |name, acted| {
            let notes = FaultyEngine::new(Reference::new(), NotesClock(acted.clone()));
            let engine: MakeEngine = Box::new(move || Box::new(notes.clone()));
            Executor {
                engine,
                ..of_pipeline(name, PipelineFault::Clock, acted)
            }
        },
    },
    InjectedFault {
        name: "lost-tree-update",
        summary: "the tree misses the first value of each change",
        make: |name, acted| of_pipeline(name, PipelineFault::Tree, acted),
    },
    InjectedFault {
        name: "receipts-hash",
        summary: "receipts are hashed in the opposite order",
        make: |name, acted| of_pipeline(name, PipelineFault::Receipts, acted),
    },
    InjectedFault {
        name: "lost-removal",
        summary: "the store keeps one value that a block removes",
        make: |name, acted| of_store(name, StoreFault::Removal, acted, Restart::Never),
    },
    InjectedFault {
        name: "receipt-order",
        summary: "the store keeps the receipts of a block in the opposite order",
        make: |name, acted| of_store(name, StoreFault::Receipts, acted, Restart::Never),
    },
    InjectedFault {
        name: "event-swap",
        summary: "the store swaps the first and the last event of a transaction",
        make: |name, acted| of_store(name, StoreFault::Events, acted, Restart::Never),
    },
    InjectedFault {
        name: "lost-transaction",
        summary: "the store lacks the last transaction of each block",
        make: |name, acted| of_store(name, StoreFault::Transactions, acted, Restart::Never),
    },
];

const ADDS: (Opcode, Opcode) = (Opcode::I64Add, Opcode::I64Sub);

fn traced_opcode() -> MakeTraced {
    Box::new(|trace| Box::new(replacing(COUNTER.code_hash(), ADDS).with_trace(trace)))
}

fn of_engine<E: vm::Engine + 'static>(
    name: &str,
    make: impl Fn() -> E + 'static,
    traced: MakeTraced,
) -> Executor {
    let engine: MakeEngine = Box::new(move || Box::new(make()));
    Executor::new(name, engine, CachePolicy::Warm, Restart::Never).with_traced(traced)
}

/// R with a fault in each frame; a trace of it counts for nothing.
fn of_frames<F: FrameFault>(name: &str, fault: fn(Acted) -> F, acted: &Acted) -> Executor {
    let engine = FaultyEngine::new(Reference::new(), fault(acted.clone()));
    let traced: MakeTraced = Box::new(move |trace| {
        let engine = Reference::new().with_trace(trace);
        Box::new(FaultyEngine::new(engine, fault(Acted::default())))
    });
    of_engine(name, move || engine.clone(), traced)
}

fn with_reference(name: &str, restart: Restart) -> Executor {
    let engine: MakeEngine = Box::new(|| Box::new(Reference::new()));
    let traced: MakeTraced = Box::new(|trace| Box::new(Reference::new().with_trace(trace)));
    Executor::new(name, engine, CachePolicy::Warm, restart).with_traced(traced)
}

fn of_store(name: &str, fault: StoreFault, acted: &Acted, restart: Restart) -> Executor {
    let store = FaultyStore::new(MemoryStore::new(), fault, acted.clone());
    with_reference(name, restart).with_store(Box::new(store))
}

fn of_pipeline(name: &str, fault: PipelineFault, acted: &Acted) -> Executor {
    let pipeline = FaultyPipeline::new(fault, acted.clone());
    with_reference(name, Restart::Never).with_pipeline(Box::new(move || Box::new(pipeline.clone())))
}
