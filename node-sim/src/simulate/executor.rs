//! Defines the kinds of executors, which differ in everything that must not change a result.

use super::variations::{OperatorCounter, ReadAheadStore, unrelated_modules};
use crate::disk::SimulatedDisk;
use crate::pipeline::BlockPipeline;
use crate::rerun::{MakeEngine, MakeTraced};
use node::{CachePolicy, LogStore, MemoryStore, Store};
use reference::{Backing, Reference};
use std::sync::{Arc, Mutex};
use vm::unstable::execute::Strategy;
use vm::{CheckedModule, Interpreter};

/// When an executor drops everything but its store and starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Never.
    Never,
    /// After every block.
    EveryBlock,
    /// Never, but its caches are deleted after every block.
    Caches,
}

/// Makes the pipeline around the VM; called at every restart.
pub type MakePipeline = Box<dyn Fn() -> Box<dyn BlockPipeline>>;

/// One way to execute a chain.
pub struct Executor {
    /// Name, for messages; unique among the kinds.
    pub name: String,
    /// Makes its engine.
    pub engine: MakeEngine,
    /// Policy of its cache of checked modules.
    pub cache: CachePolicy,
    /// When it restarts.
    pub restart: Restart,
    /// Its store, without a genesis.
    pub store: Box<dyn Store>,
    /// Makes its pipeline around the VM; `None` for that of a node.
    pub pipeline: Option<MakePipeline>,
    /// Makes its engine with a trace of operators, if it is R or made of R; a difference is then
    /// located at the instruction.
    pub traced: Option<MakeTraced>,
    /// Modules that its cache has from the start, whether they are uploaded or not.
    pub prefilled: Vec<Arc<CheckedModule>>,
}

impl Executor {
    /// An executor with its state in memory.
    #[must_use]
    pub fn new(name: &str, engine: MakeEngine, cache: CachePolicy, restart: Restart) -> Self {
        Self {
            name: name.to_owned(),
            engine,
            cache,
            restart,
            store: Box::new(MemoryStore::new()),
            pipeline: None,
            traced: None,
            prefilled: Vec::new(),
        }
    }

    /// Replaces the store.
    #[must_use]
    pub fn with_store(mut self, store: Box<dyn Store>) -> Self {
        self.store = store;
        self
    }

    /// Replaces the pipeline around the VM.
    #[must_use]
    pub fn with_pipeline(mut self, pipeline: MakePipeline) -> Self {
        self.pipeline = Some(pipeline);
        self
    }

    /// Adds an engine with a trace of operators.
    #[must_use]
    pub fn with_traced(mut self, traced: MakeTraced) -> Self {
        self.traced = Some(traced);
        self
    }

    /// Adds modules to the initial cache.
    #[must_use]
    pub fn with_prefilled(mut self, prefilled: Vec<Arc<CheckedModule>>) -> Self {
        self.prefilled = prefilled;
        self
    }
}

/// Number of kinds before they repeat.
pub const KINDS: u32 = 11;

/// The first `nodes` executors of the fixed order, repeated after [`KINDS`]; executor 0 is what a
/// node runs.
#[must_use]
pub fn standard(nodes: u32) -> Vec<Executor> {
    (0..nodes).map(kind).collect()
}

/// The executor at position `node` of the fixed order.
#[must_use]
pub fn kind(node: u32) -> Executor {
    use CachePolicy::{Cold, Disabled, OneEntry, Warm};
    use Restart::{Caches, EveryBlock, Never};
    let number = node.checked_rem(KINDS).unwrap_or_default();
    match number {
        1 => wasmi("wasmi, warm cache", Warm, Never),
        2 => {
            let name = "reference, warm cache, reserved memory";
            reference(name, Warm, Backing::Reserved)
        }
        3 => {
            let engine: MakeEngine = Box::new(|| (engines::WASMI.make_uncached)());
            let name = "wasmi, no cache, restart after every block";
            Executor::new(name, engine, Disabled, EveryBlock)
        }
        4 => reference(
            "reference, cold cache, growing memory",
            Cold,
            Backing::Growing,
        ),
        5 => {
            let name = "interpreter, no cache, restart after every block";
            interpreter(name, Disabled, EveryBlock)
        }
        6 => wasmi("wasmi, cache of one module", OneEntry, Never),
        7 => {
            let name = "interpreter by trampoline, cache prefilled with what nobody uploads";
            let make = || Interpreter::with_strategy(Strategy::Trampoline);
            let engine: MakeEngine = Box::new(move || Box::new(make()));
            Executor::new(name, engine, Warm, Never).with_prefilled(unrelated_modules())
        }
        8 => {
            let name = "interpreter made anew for every call, cold cache";
            let engine: MakeEngine = Box::new(|| (engines::INTERPRETER.make_uncached)());
            Executor::new(name, engine, Cold, Never)
        }
        9 => observed("reference under an observer, store read in another order"),
        10 => {
            let name = "interpreter, caches deleted after every block, log store";
            let executor = interpreter(name, Warm, Caches);
            match LogStore::open(SimulatedDisk::new(u64::from(node))) {
                Ok(store) => executor.with_store(Box::new(store)),
                // An empty disk always opens; otherwise the memory store serves as well.
                Err(_) => executor,
            }
        }
        _ => interpreter("interpreter, warm cache", Warm, Never),
    }
}

fn interpreter(name: &str, cache: CachePolicy, restart: Restart) -> Executor {
    Executor::new(
        name,
        Box::new(|| (engines::INTERPRETER.make)()),
        cache,
        restart,
    )
}

fn wasmi(name: &str, cache: CachePolicy, restart: Restart) -> Executor {
    Executor::new(name, Box::new(|| (engines::WASMI.make)()), cache, restart)
}

fn reference(name: &str, cache: CachePolicy, backing: Backing) -> Executor {
    let make = move || Reference::new().with_backing(backing);
    Executor::new(
        name,
        Box::new(move || Box::new(make())),
        cache,
        Restart::Never,
    )
    .with_traced(Box::new(move |trace| Box::new(make().with_trace(trace))))
}

/// R with a counter of its operators, on a store with additional reads.
fn observed(name: &str) -> Executor {
    let engine: MakeEngine = Box::new(|| {
        let observer = Arc::new(Mutex::new(OperatorCounter::default()));
        Box::new(Reference::new().with_trace(observer))
    });
    let store = ReadAheadStore::new(MemoryStore::new());
    Executor::new(name, engine, CachePolicy::Warm, Restart::Never)
        .with_store(Box::new(store))
        .with_traced(Box::new(|trace| {
            Box::new(Reference::new().with_trace(trace))
        }))
}
