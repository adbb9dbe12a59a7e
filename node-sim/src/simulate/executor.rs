//! Defines the kinds of executors, which differ in everything that must not change a result.

use super::acted::Acted;
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
    /// After every block whose height is a multiple of this.
    Every(u64),
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
    /// What drives its blocks; a pipeline of its own needs [`Driver::Node`].
    pub driver: Driver,
    /// Counts what its injected fault changed; `None` without a fault.
    pub acted: Option<Acted>,
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
            driver: Driver::Node,
            acted: None,
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

    /// Replaces the driver.
    #[must_use]
    pub const fn with_driver(mut self, driver: Driver) -> Self {
        self.driver = driver;
        self
    }

    /// Adds the counter of an injected fault.
    #[must_use]
    pub fn with_acted(mut self, acted: Acted) -> Self {
        self.acted = Some(acted);
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
pub const KINDS: u32 = 16;

/// The engine of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// The interpreter.
    Interpreter,
    /// The interpreter by trampoline.
    Trampoline,
    /// The interpreter, made anew for every call.
    InterpreterAnew,
    /// The instrumented module in wasmi.
    Wasmi,
    /// The same, compiled anew for every call.
    WasmiAnew,
    /// R with reserved memory.
    Reserved,
    /// R with memory that grows.
    Growing,
    /// R under an observer of every operator.
    Observed,
}

/// The cache of checked modules of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheKind {
    /// Empty at first, with this policy.
    Plain(CachePolicy),
    /// Warm, and filled with modules before their upload, and with some that are never uploaded.
    Prefilled,
}

/// The store of a kind. A command can put others below an executor, on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// In memory.
    Memory,
    /// In memory; other keys are read before each read.
    ReadAhead,
    /// One log file, on a simulated disk.
    Log,
}

/// What drives the blocks of an executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// A [`node::Node`], on one thread.
    Node,
    /// A [`node::Chain`], which verifies and finalizes, with so many threads.
    Chain(usize),
}

/// One row of the table of executors: everything in which two of them may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Name, for messages.
    pub name: &'static str,
    /// Engine.
    pub engine: EngineKind,
    /// Cache.
    pub cache: CacheKind,
    /// Store.
    pub store: StoreKind,
    /// Restarts.
    pub restart: Restart,
    /// Driver, and threads.
    pub driver: Driver,
}

/// What executor 0 is, and what a node runs.
const PLAIN: Kind = Kind {
    name: "interpreter, warm cache",
    engine: EngineKind::Interpreter,
    cache: CacheKind::Plain(CachePolicy::Warm),
    store: StoreKind::Memory,
    restart: Restart::Never,
    driver: Driver::Node,
};

/// The kinds in their order. The first four, which a simulation runs by default, differ in every
/// dimension; for each dimension there are two kinds that differ in it alone, so that a difference
/// between them has that cause.
///
/// The architecture is the one dimension that one process cannot vary:
/// `conformance/architectures.sh` runs the same vectors on others.
pub const TABLE: [Kind; 16] = {
    use CacheKind::{Plain, Prefilled};
    use CachePolicy::{Cold, Disabled, OneEntry};
    use Restart::{Caches, Every, EveryBlock};
    [
        PLAIN,
        Kind {
            name: "wasmi, warm cache",
            engine: EngineKind::Wasmi,
            ..PLAIN
        },
        Kind {
            name: "reference, warm cache, reserved memory",
            engine: EngineKind::Reserved,
            ..PLAIN
        },
        Kind {
            name: "interpreter, no cache, chain with two threads, log store, restart after every \
                   fourth block",
            cache: Plain(Disabled),
            store: StoreKind::Log,
            restart: Every(4),
            driver: Driver::Chain(2),
            ..PLAIN
        },
        Kind {
            name: "reference, cold cache, growing memory",
            engine: EngineKind::Growing,
            cache: Plain(Cold),
            ..PLAIN
        },
        Kind {
            name: "wasmi, no cache, restart after every block",
            engine: EngineKind::WasmiAnew,
            cache: Plain(Disabled),
            restart: EveryBlock,
            ..PLAIN
        },
        Kind {
            name: "wasmi, cache of one module",
            engine: EngineKind::Wasmi,
            cache: Plain(OneEntry),
            ..PLAIN
        },
        Kind {
            name: "interpreter by trampoline, cache prefilled with modules that are never uploaded",
            engine: EngineKind::Trampoline,
            cache: Prefilled,
            ..PLAIN
        },
        Kind {
            name: "interpreter made anew for every call, cold cache",
            engine: EngineKind::InterpreterAnew,
            cache: Plain(Cold),
            ..PLAIN
        },
        Kind {
            name: "reference under an observer, store read in another order",
            engine: EngineKind::Observed,
            store: StoreKind::ReadAhead,
            ..PLAIN
        },
        Kind {
            name: "interpreter, caches deleted after every block, log store",
            store: StoreKind::Log,
            restart: Caches,
            ..PLAIN
        },
        Kind {
            name: "interpreter, no cache",
            cache: Plain(Disabled),
            ..PLAIN
        },
        Kind {
            name: "interpreter, log store",
            store: StoreKind::Log,
            ..PLAIN
        },
        Kind {
            name: "interpreter, restart after every block",
            restart: EveryBlock,
            ..PLAIN
        },
        Kind {
            name: "interpreter, chain",
            driver: Driver::Chain(1),
            ..PLAIN
        },
        Kind {
            name: "interpreter, chain with two threads",
            driver: Driver::Chain(2),
            ..PLAIN
        },
    ]
};

/// The first `nodes` executors of the fixed order, repeated after [`KINDS`]; executor 0 is what a
/// node runs.
#[must_use]
pub fn standard(nodes: u32) -> Vec<Executor> {
    (0..nodes).map(kind).collect()
}

/// The executor at position `node` of the fixed order.
#[must_use]
pub fn kind(node: u32) -> Executor {
    let number = usize::try_from(node.checked_rem(KINDS).unwrap_or_default());
    let kind = TABLE.get(number.unwrap_or_default()).unwrap_or(&PLAIN);
    let (cache, prefilled) = match kind.cache {
        CacheKind::Plain(policy) => (policy, Vec::new()),
        CacheKind::Prefilled => (CachePolicy::Warm, unrelated_modules()),
    };
    let store: Box<dyn Store> = match kind.store {
        StoreKind::Memory => Box::new(MemoryStore::new()),
        StoreKind::ReadAhead => Box::new(ReadAheadStore::new(MemoryStore::new())),
        StoreKind::Log => match LogStore::open(SimulatedDisk::new(u64::from(node))) {
            Ok(store) => Box::new(store),
            // An empty disk always opens; otherwise the memory store serves as well.
            Err(_) => Box::new(MemoryStore::new()),
        },
    };
    let executor = Executor::new(kind.name, engine(kind.engine), cache, kind.restart)
        .with_store(store)
        .with_driver(kind.driver)
        .with_prefilled(prefilled);
    match traced(kind.engine) {
        Some(traced) => executor.with_traced(traced),
        None => executor,
    }
}

fn engine(kind: EngineKind) -> MakeEngine {
    match kind {
        EngineKind::Interpreter => Box::new(|| (engines::INTERPRETER.make)()),
        EngineKind::InterpreterAnew => Box::new(|| (engines::INTERPRETER.make_uncached)()),
        EngineKind::Trampoline => {
            Box::new(|| Box::new(Interpreter::with_strategy(Strategy::Trampoline)))
        }
        EngineKind::Wasmi => Box::new(|| (engines::WASMI.make)()),
        EngineKind::WasmiAnew => Box::new(|| (engines::WASMI.make_uncached)()),
        EngineKind::Reserved => Box::new(|| Box::new(reference(Backing::Reserved))),
        EngineKind::Growing => Box::new(|| Box::new(reference(Backing::Growing))),
        EngineKind::Observed => Box::new(|| {
            let observer = Arc::new(Mutex::new(OperatorCounter::default()));
            Box::new(Reference::new().with_trace(observer))
        }),
    }
}

/// R with a trace, for the kinds that are R.
fn traced(kind: EngineKind) -> Option<MakeTraced> {
    let backing = match kind {
        EngineKind::Reserved => Backing::Reserved,
        EngineKind::Growing => Backing::Growing,
        EngineKind::Observed => {
            return Some(Box::new(|trace| {
                Box::new(Reference::new().with_trace(trace))
            }));
        }
        _ => return None,
    };
    Some(Box::new(move |trace| {
        Box::new(reference(backing).with_trace(trace))
    }))
}

fn reference(backing: Backing) -> Reference {
    Reference::new().with_backing(backing)
}

#[cfg(test)]
mod tests {
    use super::{Driver, Kind, TABLE};

    /// The dimensions in which two kinds differ.
    fn differing(one: &Kind, other: &Kind) -> Vec<&'static str> {
        let is_chain = |kind: &Kind| kind.driver != Driver::Node;
        let threads = |kind: &Kind| match kind.driver {
            Driver::Node => 1,
            Driver::Chain(threads) => threads,
        };
        let all = [
            ("engine", one.engine != other.engine),
            ("cache", one.cache != other.cache),
            ("store", one.store != other.store),
            ("restart", one.restart != other.restart),
            ("driver", is_chain(one) != is_chain(other)),
            ("threads", threads(one) != threads(other)),
        ];
        let differing = all.into_iter().filter(|(_, differs)| *differs);
        differing.map(|(name, _)| name).collect()
    }

    const DIMENSIONS: [&str; 6] = ["engine", "cache", "store", "restart", "driver", "threads"];

    #[test]
    fn for_each_dimension_two_kinds_differ_in_it_alone() {
        let alone = |dimension| {
            TABLE.iter().any(|one| {
                TABLE
                    .iter()
                    .any(|other| differing(one, other) == [dimension])
            })
        };
        for dimension in DIMENSIONS {
            assert!(alone(dimension), "{dimension}");
        }
    }

    #[test]
    fn the_kinds_of_a_default_run_differ_in_every_dimension() {
        let default = &TABLE[..4];
        let pairs = default.iter().flat_map(|one| {
            let others = default.iter();
            others.flat_map(move |other| differing(one, other))
        });
        let found: Vec<&str> = pairs.collect();
        for dimension in DIMENSIONS {
            assert!(found.contains(&dimension), "{dimension}");
        }
    }

    #[test]
    fn no_two_kinds_are_the_same() {
        for (index, one) in TABLE.iter().enumerate() {
            for other in &TABLE[index + 1..] {
                assert_ne!(one.name, other.name);
                assert!(!differing(one, other).is_empty(), "{}", one.name);
            }
        }
    }
}
