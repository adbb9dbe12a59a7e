//! Runs one executor: a node, its store, what a block came to, and its restarts.

use super::executor::{Executor, Restart};
use crate::machine::Machine;
use crate::pipeline::{Plain, Steps};
use crate::rerun::Subject;
use node::{
    Block, BlockResult, Commit, Executed, Genesis, MemoryStore, Node, Observer, Parts, Receipt,
    Store, Tip, ValidBlock,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tree::Tree;
use vm::{CheckedModule, Engine, Entries, Execution, Fault, Height, Rulebook, Rules, StateDiff};

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

/// A store that survives its node: after a fault one wants to look at it.
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

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.lock().tip()
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.lock().receipts(height)
    }

    fn scrub(&self) -> Result<(), Fault> {
        self.lock().scrub()
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.lock().commit(commit)
    }
}

/// An engine that can be made anew under the node that has it.
#[derive(Clone)]
struct Renewable(Arc<Mutex<Box<dyn Engine>>>);

impl Renewable {
    fn new(engine: Box<dyn Engine>) -> Self {
        Self(Arc::new(Mutex::new(engine)))
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Engine>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for Renewable {
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
pub(super) struct Running {
    executor: Executor,
    store: SharedStore,
    engine: Renewable,
    rules: Rulebook,
    genesis: Genesis,
    /// Away while it restarts, and after a restart that failed.
    machine: Option<Machine>,
}

impl Running {
    pub(super) fn start(
        mut executor: Executor,
        rules: &Rulebook,
        genesis: &Genesis,
    ) -> Result<Self, Fault> {
        let nothing = Box::new(MemoryStore::new());
        let store = core::mem::replace(&mut executor.store, nothing);
        let engine = Renewable::new((executor.engine)());
        let mut running = Self {
            executor,
            store: SharedStore(Arc::new(Mutex::new(store))),
            engine,
            rules: rules.clone(),
            genesis: genesis.clone(),
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
        let steps = self.executor.steps.as_ref().map(|make| make());
        let machine = Machine::open(parts, self.genesis.clone(), store, steps)?;
        for module in &self.executor.strangers {
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

    /// The tree that the last executed block was put into.
    pub(super) fn tree(&self) -> Result<&Tree, Fault> {
        self.machine.as_ref().ok_or_else(stopped)?.tree()
    }

    pub(super) fn store(&self) -> &dyn Store {
        &self.store
    }

    pub(super) fn steps(&self) -> Box<dyn Steps> {
        match &self.executor.steps {
            Some(make) => make(),
            None => Box::new(Plain),
        }
    }

    /// What executes a transaction on the state before the block, as long as it is not committed.
    pub(super) fn subject<'a>(&'a self, steps: &'a dyn Steps) -> Subject<'a> {
        Subject {
            name: &self.executor.name,
            engine: &*self.executor.engine,
            traced: self.executor.traced.as_ref(),
            steps,
            store: &self.store,
            cache: self.executor.cache,
        }
    }

    /// A block is valid to this executor.
    pub(super) fn validate(&self, block: &Block) -> Result<ValidBlock, Fault> {
        self.node()?
            .validate(block.clone())
            .map_err(|reason| Fault::invariant(format!("a simulated block is invalid: {reason}")))
    }

    /// Executes a block; commits nothing.
    pub(super) fn execute(&mut self, block: &Block) -> Result<Trail, Fault> {
        let valid = self.validate(block)?;
        let mut recorder = Recorder::default();
        let machine = self.machine.as_mut().ok_or_else(stopped)?;
        let result = machine.execute(&valid, &mut recorder)?;
        let Recorder { steps, diff } = recorder;
        Ok(Trail {
            steps,
            diff,
            result,
        })
    }

    /// Commits what was executed.
    pub(super) fn commit(&mut self) -> Result<(), Fault> {
        self.machine.as_mut().ok_or_else(stopped)?.commit()
    }

    /// Restarts, or deletes caches, if this executor does so after every block.
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
