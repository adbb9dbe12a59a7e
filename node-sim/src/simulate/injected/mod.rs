//! Lists executors that are wrong on purpose: the evidence that the comparison can fail.
//!
//! Each is a wrapper around an engine, a store or a step of the node; `vm` and `reference` know
//! nothing of them. Tests: `tests/it/injected_faults.rs` holds what is found against what is planted.

/// Wrong engines.
mod engine;

/// Wrong stores.
mod store;

/// Wrong steps around the VM.
mod pipeline;

pub use engine::{WrongGas, WrongOperator};
pub use store::LostWrite;

use super::executor::{Executor, Restart};
use super::samples::COUNTER;
use crate::rerun::{MakeEngine, MakeTraced};
use engine::{WrongAnswer, WrongPrice, replacing};
use node::{CachePolicy, MemoryStore, Store};
use pipeline::WrongSteps;
use reference::Reference;
use store::{Wrong, WrongStore};
use vm::Height;
use vm::unstable::opcode::Opcode;

/// Height from which on the store faults act.
pub const STORE_HEIGHT: Height = Height(4);

/// The operator that `wrong-price` charges too much for.
pub const DEAR: Opcode = Opcode::I32Add;

/// One planted fault.
#[derive(Clone, Copy)]
pub struct Plant {
    /// Its name, as in `--plant`.
    pub name: &'static str,
    /// What is wrong, in a few words.
    pub summary: &'static str,
    make: fn(&'static str) -> Executor,
}

impl Plant {
    /// An executor with the fault, on a store in memory.
    #[must_use]
    pub fn executor(&self) -> Executor {
        (self.make)(self.name)
    }
}

/// The plant of a name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Plant> {
    PLANTS.iter().find(|plant| plant.name == name)
}

/// Every planted fault.
pub const PLANTS: [Plant; 15] = [
    Plant {
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
    Plant {
        name: "wrong-price",
        summary: "i32.add costs one unit too much",
        make: |name| {
            let make = || WrongPrice::new(Reference::new(), DEAR);
            let traced: MakeTraced = Box::new(|trace| {
                let engine = Reference::new().with_trace(trace);
                Box::new(WrongPrice::new(engine, DEAR))
            });
            of_engine(name, make, traced)
        },
    },
    Plant {
        name: "frame-gas",
        summary: "each frame begins with one unit too little",
        make: |name| {
            let traced: MakeTraced = Box::new(|trace| Box::new(WrongGas::with_trace(trace)));
            of_engine(name, WrongGas::default, traced)
        },
    },
    Plant {
        name: "wrong-answer",
        summary: "the guest is told that an absent value is an empty one",
        make: |name| {
            let make = || WrongAnswer(Reference::new());
            let traced: MakeTraced =
                Box::new(|trace| Box::new(WrongAnswer(Reference::new().with_trace(trace))));
            of_engine(name, make, traced)
        },
    },
    Plant {
        name: "stale-cache",
        summary: "a value that was read once is never read again",
        make: |name| of_store(name, wrong(Wrong::Stale), Restart::Never),
    },
    Plant {
        name: "scan-order",
        summary: "the last two entries of a page come in the wrong order",
        make: |name| of_store(name, wrong(Wrong::Order), Restart::Never),
    },
    Plant {
        name: "lost-write",
        summary: "the store loses one write of a block, and is restarted",
        make: |name| {
            let store = LostWrite::new(MemoryStore::new(), STORE_HEIGHT);
            of_store(name, Box::new(store), Restart::EveryBlock)
        },
    },
    Plant {
        name: "split-batch",
        summary: "a block is committed in two batches, with a power loss between them",
        make: |name| of_store(name, wrong(Wrong::Half(STORE_HEIGHT)), Restart::EveryBlock),
    },
    Plant {
        name: "event-order",
        summary: "events come in the opposite order",
        make: |name| of_steps(name, WrongSteps::Events),
    },
    Plant {
        name: "lost-revert",
        summary: "what a reverted transaction wrote stays",
        make: |name| of_steps(name, WrongSteps::Revert),
    },
    Plant {
        name: "wrong-fee",
        summary: "each fee is one unit too high",
        make: |name| of_steps(name, WrongSteps::Fee),
    },
    Plant {
        name: "wrong-nonce",
        summary: "a transaction that failed does not count",
        make: |name| of_steps(name, WrongSteps::Nonce),
    },
    Plant {
        name: "clock",
        summary: "guests see the time of another time zone",
        make: |name| of_steps(name, WrongSteps::Clock),
    },
    Plant {
        name: "lost-tree-update",
        summary: "the tree misses the first value of each change",
        make: |name| of_steps(name, WrongSteps::Tree),
    },
    Plant {
        name: "receipts-hash",
        summary: "receipts are hashed in the opposite order",
        make: |name| of_steps(name, WrongSteps::Receipts),
    },
];

const ADDS: (Opcode, Opcode) = (Opcode::I64Add, Opcode::I64Sub);

fn traced_opcode() -> MakeTraced {
    Box::new(|trace| Box::new(replacing(COUNTER.code_hash(), ADDS).with_trace(trace)))
}

fn wrong(wrong: Wrong) -> Box<dyn Store> {
    Box::new(WrongStore::new(MemoryStore::new(), wrong))
}

fn of_engine<E: vm::Engine + 'static>(name: &str, make: fn() -> E, traced: MakeTraced) -> Executor {
    let engine: MakeEngine = Box::new(move || Box::new(make()));
    Executor::new(name, engine, CachePolicy::Warm, Restart::Never).with_traced(traced)
}

fn plain(name: &str, restart: Restart) -> Executor {
    let engine: MakeEngine = Box::new(|| Box::new(Reference::new()));
    let traced: MakeTraced = Box::new(|trace| Box::new(Reference::new().with_trace(trace)));
    Executor::new(name, engine, CachePolicy::Warm, restart).with_traced(traced)
}

fn of_store(name: &str, store: Box<dyn Store>, restart: Restart) -> Executor {
    plain(name, restart).with_store(store)
}

fn of_steps(name: &str, steps: WrongSteps) -> Executor {
    plain(name, Restart::Never).with_steps(Box::new(move || Box::new(steps)))
}
