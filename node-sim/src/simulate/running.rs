//! Runs one executor: its node, its store, its block outcomes and its restarts.

use super::executor::{Executor, Restart};
use crate::machine::Machine;
use crate::pipeline::{BlockPipeline, StandardPipeline};
use crate::rerun::Subject;
use node::{
    Block, BlockResult, ChainSpec, Commit, Executed, Header, MemoryStore, Node, Observer, Parts,
    Receipt, Signed, Store, Tip, ValidBlock,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tree::{Path, ValueHash};
use vm::{
    CheckedModule, Engine, Entries, Event, Execution, Fault, Height, Rulebook, Rules, StateDiff,
};

/// Results of a transaction that executors must agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TransactionResult {
    pub(super) receipt: Receipt,
    pub(super) diff: StateDiff,
    pub(super) root: Option<[u8; 32]>,
}

/// Results of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BlockOutcome {
    pub(super) transactions: Vec<TransactionResult>,
    /// Net change of the whole block.
    pub(super) diff: StateDiff,
    pub(super) result: BlockResult,
}

#[derive(Default)]
struct Recorder {
    transactions: Vec<TransactionResult>,
    diff: StateDiff,
}

impl Observer for Recorder {
    fn wants_roots(&self) -> bool {
        true
    }

    fn transaction(&mut self, _: u32, executed: &Executed, root: Option<[u8; 32]>) {
        let Executed { receipt, diff, .. } = executed.clone();
        self.transactions.push(TransactionResult {
            receipt,
            diff,
            root,
        });
    }

    fn block(&mut self, diff: &StateDiff) {
        self.diff.clone_from(diff);
    }
}

/// A store that survives its node, so that it can be inspected after a fault.
#[derive(Clone)]
pub(super) struct SharedStore(Arc<Mutex<Box<dyn Store>>>);

impl SharedStore {
    fn lock(&self) -> MutexGuard<'_, Box<dyn Store>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SharedStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.lock().read(key)
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        self.lock().contains(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.lock().scan(start, end, limit)
    }

    fn value_bytes(&self, key: &[u8]) -> Result<Option<u64>, Fault> {
        self.lock().value_bytes(key)
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.lock().record(key)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.lock().tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.lock().chain_id()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.lock().header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.lock().transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.lock().receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.lock().events(height)
    }

    fn scrub(&self) -> Result<(), Fault> {
        self.lock().scrub()
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.lock().commit(commit)
    }
}

/// An engine that can be replaced while a node uses it.
#[derive(Clone)]
struct ReplaceableEngine(Arc<Mutex<Box<dyn Engine>>>);

impl ReplaceableEngine {
    fn new(engine: Box<dyn Engine>) -> Self {
        Self(Arc::new(Mutex::new(engine)))
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Engine>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for ReplaceableEngine {
    fn name(&self) -> &'static str {
        self.lock().name()
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        self.lock().instantiate(module, rules)
    }
}

/// An executor with its node.
pub(super) struct RunningExecutor {
    executor: Executor,
    store: SharedStore,
    engine: ReplaceableEngine,
    rules: Rulebook,
    chain: ChainSpec,
    /// `None` during a restart, and after a failed restart.
    machine: Option<Machine>,
}

impl RunningExecutor {
    pub(super) fn start(
        mut executor: Executor,
        rules: &Rulebook,
        chain: &ChainSpec,
    ) -> Result<Self, Fault> {
        let nothing = Box::new(MemoryStore::new());
        let store = core::mem::replace(&mut executor.store, nothing);
        let engine = ReplaceableEngine::new((executor.engine)());
        let mut running = Self {
            executor,
            store: SharedStore(Arc::new(Mutex::new(store))),
            engine,
            rules: rules.clone(),
            chain: chain.clone(),
            machine: None,
        };
        running.open()?;
        Ok(running)
    }

    fn open(&mut self) -> Result<(), Fault> {
        let parts = Parts {
            engine: Box::new(self.engine.clone()),
            rules: self.rules.clone(),
            cache: self.executor.cache,
        };
        let store = Box::new(self.store.clone());
        let pipeline = self.executor.pipeline.as_ref().map(|make| make());
        let machine = Machine::open(parts, self.chain.clone(), store, pipeline)?;
        for module in &self.executor.prefilled {
            machine.cache()?.insert(Arc::clone(module));
        }
        self.machine = Some(machine);
        Ok(())
    }

    pub(super) fn name(&self) -> &str {
        &self.executor.name
    }

    pub(super) fn node(&self) -> Result<&Node, Fault> {
        self.machine.as_ref().ok_or_else(stopped)?.node()
    }

    /// Value hash at a path of the tree with the last executed block.
    pub(super) fn value_hash(&self, path: &Path) -> Result<Option<ValueHash>, Fault> {
        let machine = self.machine.as_ref().ok_or_else(stopped)?;
        machine.value_hash(path)
    }

    pub(super) fn store(&self) -> &dyn Store {
        &self.store
    }

    pub(super) fn pipeline(&self) -> Box<dyn BlockPipeline> {
        match &self.executor.pipeline {
            Some(make) => make(),
            None => Box::new(StandardPipeline),
        }
    }

    /// The subject that executes a transaction on the state before the block, until that is
    /// committed.
    pub(super) fn subject<'a>(&'a self, pipeline: &'a dyn BlockPipeline) -> Subject<'a> {
        Subject {
            name: &self.executor.name,
            engine: &*self.executor.engine,
            traced: self.executor.traced.as_ref(),
            pipeline,
            store: &self.store,
            cache: self.executor.cache,
        }
    }

    /// Validates a block on this executor.
    pub(super) fn validate(&self, block: &Block) -> Result<ValidBlock, Fault> {
        self.node()?
            .validate(block.clone())
            .map_err(|reason| Fault::invariant(format!("a simulated block is invalid: {reason}")))
    }

    /// Executes a block; commits nothing.
    pub(super) fn execute(&mut self, block: &Block) -> Result<BlockOutcome, Fault> {
        let valid = self.validate(block)?;
        let mut recorder = Recorder::default();
        let machine = self.machine.as_mut().ok_or_else(stopped)?;
        let result = machine.execute(&valid, &mut recorder)?;
        let Recorder { transactions, diff } = recorder;
        Ok(BlockOutcome {
            transactions,
            diff,
            result,
        })
    }

    /// Commits the executed block.
    pub(super) fn commit(&mut self) -> Result<(), Fault> {
        self.machine.as_mut().ok_or_else(stopped)?.commit()
    }

    /// Restarts, or deletes caches, as this executor does after every block.
    pub(super) fn end_block(&mut self) -> Result<(), Fault> {
        match self.executor.restart {
            Restart::Never => Ok(()),
            Restart::EveryBlock => {
                self.machine = None;
                *self.engine.lock() = (self.executor.engine)();
                self.open()
            }
            Restart::Caches => {
                *self.engine.lock() = (self.executor.engine)();
                self.node()?.cache().clear();
                Ok(())
            }
        }
    }
}

fn stopped() -> Fault {
    Fault::invariant("an executor did not restart")
}
