//! Lists the kinds of executors: they differ in everything that must not matter.

use super::variations::{Counting, Restless, strangers};
use crate::disk::SimulatedDisk;
use crate::pipeline::Steps;
use crate::rerun::{MakeEngine, MakeTraced};
use node::{CachePolicy, LogStore, MemoryStore, Store};
use reference::{Backing, Reference};
use std::sync::{Arc, Mutex};
use vm::unstable::execute::Strategy;
use vm::{CheckedModule, Interpreter};

/// When an executor drops everything but its store and starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Not before the end.
    Never,
    /// After every block.
    EveryBlock,
    /// Not before the end, but its caches are deleted after every block.
    Caches,
}

/// Makes the steps around the VM; called again at every restart.
pub type MakeSteps = Box<dyn Fn() -> Box<dyn Steps>>;

/// One way to execute a chain.
pub struct Executor {
    /// For people; unique among the kinds.
    pub name: String,
    /// Its engine.
    pub engine: MakeEngine,
    /// Its cache of checked modules.
    pub cache: CachePolicy,
    /// Its restarts.
    pub restart: Restart,
    /// Its store, without a genesis.
    pub store: Box<dyn Store>,
    /// Its steps around the VM, where they are not those of the node.
    pub steps: Option<MakeSteps>,
    /// Its engine with operators shown, where it is R or made of R: a difference is then found to
    /// the instruction.
    pub traced: Option<MakeTraced>,
    /// Modules that its cache has from the start, whether anybody uploads them or not.
    pub strangers: Vec<Arc<CheckedModule>>,
}

impl Executor {
    /// An executor that keeps its state in memory.
    #[must_use]
    pub fn new(name: &str, engine: MakeEngine, cache: CachePolicy, restart: Restart) -> Self {
        Self {
            name: name.to_owned(),
            engine,
            cache,
            restart,
            store: Box::new(MemoryStore::new()),
            steps: None,
            traced: None,
            strangers: Vec::new(),
        }
    }

    /// The same on another store.
    #[must_use]
    pub fn with_store(mut self, store: Box<dyn Store>) -> Self {
        self.store = store;
        self
    }

    /// The same with other steps around the VM.
    #[must_use]
    pub fn with_steps(mut self, steps: MakeSteps) -> Self {
        self.steps = Some(steps);
        self
    }

    /// The same, whose engine is R or made of R.
    #[must_use]
    pub fn with_traced(mut self, traced: MakeTraced) -> Self {
        self.traced = Some(traced);
        self
    }

    /// The same with a cache that has modules from the start.
    #[must_use]
    pub fn with_strangers(mut self, strangers: Vec<Arc<CheckedModule>>) -> Self {
        self.strangers = strangers;
        self
    }
}

/// How many kinds there are before they repeat.
pub const KINDS: u32 = 11;

/// The first `nodes` executors of the fixed order, repeated after [`KINDS`]; 0 is what a
/// node runs.
#[must_use]
pub fn standard(nodes: u32) -> Vec<Executor> {
    (0..nodes).map(kind).collect()
}

/// The executor of place `node` in the fixed order.
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
            Executor::new(name, engine, Warm, Never).with_strangers(strangers())
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
                // An empty disk opens; if it did not, the memory store is as good.
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

/// R whose operators somebody counts, on a store that is read more often than it is asked.
fn observed(name: &str) -> Executor {
    let engine: MakeEngine = Box::new(|| {
        let observer = Arc::new(Mutex::new(Counting::default()));
        Box::new(Reference::new().with_trace(observer))
    });
    let store = Restless::new(MemoryStore::new());
    Executor::new(name, engine, CachePolicy::Warm, Restart::Never)
        .with_store(Box::new(store))
        .with_traced(Box::new(|trace| {
            Box::new(Reference::new().with_trace(trace))
        }))
}
