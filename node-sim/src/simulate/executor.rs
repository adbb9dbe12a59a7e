//! Lists the kinds of executors: they differ in everything that must not matter.

use crate::block::Block;
use crate::cache::CachePolicy;
use crate::execute::Executed;
use crate::genesis::Genesis;
use crate::header::BlockResult;
use crate::node::{Node, Observer, Parts};
use crate::receipt::Receipt;
use crate::store::{MemoryStore, Store};
use emitted::Wasmi;
use reference::{Backing, Reference};
use std::sync::Arc;
use vm::execute::Interpreter;
use vm::state::StateDiff;
use vm::{Engine, Fault, Rules};

/// When an executor drops everything but its store and starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Not before the end.
    Never,
    /// After every block.
    EveryBlock,
}

/// Makes an engine; called again at every restart.
pub type MakeEngine = Box<dyn Fn() -> Box<dyn Engine>>;

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
        }
    }

    /// The same on another store.
    #[must_use]
    pub fn with_store(mut self, store: Box<dyn Store>) -> Self {
        self.store = store;
        self
    }
}

/// How many kinds there are before they repeat.
pub const KINDS: u32 = 7;

/// The first `nodes` executors of the fixed order, repeated after [`KINDS`]; 0 is what a
/// node runs.
#[must_use]
pub fn standard(nodes: u32) -> Vec<Executor> {
    (0..nodes).map(kind).collect()
}

/// The executor of place `node` in the fixed order.
#[must_use]
pub fn kind(node: u32) -> Executor {
    let growing: fn() -> Box<dyn Engine> = || Box::new(Reference::new());
    let reserved: fn() -> Box<dyn Engine> =
        || Box::new(Reference::new().with_backing(Backing::Reserved));
    let wasmi: fn() -> Box<dyn Engine> = || Box::new(Wasmi::new());
    let uncached: fn() -> Box<dyn Engine> = || Box::new(Wasmi::without_cache());
    let interpreter: fn() -> Box<dyn Engine> = || Box::new(Interpreter::new());
    let (name, engine, cache, restart) = match node.checked_rem(KINDS) {
        Some(1) => (
            "wasmi, warm cache",
            wasmi,
            CachePolicy::Warm,
            Restart::Never,
        ),
        Some(2) => (
            "reference, warm cache, reserved memory",
            reserved,
            CachePolicy::Warm,
            Restart::Never,
        ),
        Some(3) => (
            "wasmi, no cache, restart after every block",
            uncached,
            CachePolicy::Disabled,
            Restart::EveryBlock,
        ),
        Some(4) => (
            "reference, cold cache, growing memory",
            growing,
            CachePolicy::Cold,
            Restart::Never,
        ),
        Some(5) => (
            "interpreter, no cache, restart after every block",
            interpreter,
            CachePolicy::Disabled,
            Restart::EveryBlock,
        ),
        Some(6) => (
            "wasmi, cache of one module",
            wasmi,
            CachePolicy::OneEntry,
            Restart::Never,
        ),
        _ => (
            "interpreter, warm cache",
            interpreter,
            CachePolicy::Warm,
            Restart::Never,
        ),
    };
    Executor::new(name, Box::new(engine), cache, restart)
}

/// What a transaction came to, as far as executors must agree on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) receipt: Receipt,
    pub(super) diff: StateDiff,
    pub(super) root: Option<[u8; 32]>,
}

/// What a block came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trail {
    pub(super) steps: Vec<Step>,
    /// Net change of the whole block.
    pub(super) diff: StateDiff,
    pub(super) result: BlockResult,
}

#[derive(Default)]
struct Recorder {
    steps: Vec<Step>,
    diff: StateDiff,
}

impl Observer for Recorder {
    fn wants_roots(&self) -> bool {
        true
    }

    fn transaction(&mut self, _: u32, executed: &Executed, root: Option<[u8; 32]>) {
        let Executed { receipt, diff, .. } = executed.clone();
        self.steps.push(Step {
            receipt,
            diff,
            root,
        });
    }

    fn block(&mut self, diff: &StateDiff) {
        self.diff.clone_from(diff);
    }
}

/// An executor with its node.
pub(super) struct Running {
    pub(super) name: String,
    engine: MakeEngine,
    cache: CachePolicy,
    restart: Restart,
    rules: Arc<Rules>,
    genesis: Genesis,
    /// Away only while it restarts.
    node: Option<Node>,
}

impl Running {
    pub(super) fn start(
        executor: Executor,
        rules: &Arc<Rules>,
        genesis: &Genesis,
    ) -> Result<Self, Fault> {
        let Executor {
            name,
            engine,
            cache,
            restart,
            store,
        } = executor;
        let (rules, genesis) = (Arc::clone(rules), genesis.clone());
        let mut running = Self {
            name,
            engine,
            cache,
            restart,
            rules,
            genesis,
            node: None,
        };
        running.open(store)?;
        Ok(running)
    }

    fn open(&mut self, store: Box<dyn Store>) -> Result<(), Fault> {
        let rules = Arc::clone(&self.rules);
        let parts = Parts {
            engine: (self.engine)(),
            rules,
            cache: self.cache,
        };
        self.node = Some(Node::open(parts, self.genesis.clone(), store)?);
        Ok(())
    }

    pub(super) fn node(&self) -> Result<&Node, Fault> {
        self.node
            .as_ref()
            .ok_or_else(|| Fault::invariant("an executor did not restart"))
    }

    pub(super) fn apply(&mut self, block: &Block) -> Result<Trail, Fault> {
        let node = self
            .node
            .as_mut()
            .ok_or_else(|| Fault::invariant("an executor did not restart"))?;
        let valid = node.validate(block.clone()).map_err(|reason| {
            Fault::invariant(format!("a simulated block is invalid: {reason}"))
        })?;
        let mut recorder = Recorder::default();
        let result = node.apply(&valid, &mut recorder)?;
        let Recorder { steps, diff } = recorder;
        Ok(Trail {
            steps,
            diff,
            result,
        })
    }

    /// Restarts, if this executor does so after every block.
    pub(super) fn end_block(&mut self) -> Result<(), Fault> {
        match (self.restart, self.node.take()) {
            (Restart::EveryBlock, Some(node)) => self.open(node.into_store()),
            (_, node) => {
                self.node = node;
                Ok(())
            }
        }
    }
}
