//! Runs one executor: a node, its store, what a block came to, and its restarts.

use super::executor::{Executor, Restart};
use crate::bisect::Subject;
use crate::block::{Block, ValidBlock};
use crate::execute::Executed;
use crate::genesis::Genesis;
use crate::header::{BlockResult, Tip};
use crate::node::{Node, Observer, Parts, Pending};
use crate::receipt::Receipt;
use crate::steps::Steps;
use crate::store::{Commit, Store};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use vm::{Entries, Fault, Rules, StateDiff};

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
pub(super) struct SharedStore(Rc<RefCell<Box<dyn Store>>>);

impl Store for SharedStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.0.borrow().read(key)
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        self.0.borrow().contains(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.0.borrow().scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.0.borrow().tip()
    }

    fn receipts(&self, height: u64) -> Result<Option<Vec<Receipt>>, Fault> {
        self.0.borrow().receipts(height)
    }

    fn scrub(&self) -> Result<(), Fault> {
        self.0.borrow().scrub()
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.0.borrow_mut().commit(commit)
    }
}

/// An executor with its node.
pub(super) struct Running {
    executor: Executor,
    store: SharedStore,
    rules: Arc<Rules>,
    genesis: Genesis,
    /// Away while it restarts, and after a restart that failed.
    node: Option<Node>,
    pending: Option<Pending>,
}

impl Running {
    pub(super) fn start(
        mut executor: Executor,
        rules: &Arc<Rules>,
        genesis: &Genesis,
    ) -> Result<Self, Fault> {
        let nothing = Box::new(crate::store::MemoryStore::new());
        let store = core::mem::replace(&mut executor.store, nothing);
        let mut running = Self {
            executor,
            store: SharedStore(Rc::new(RefCell::new(store))),
            rules: Arc::clone(rules),
            genesis: genesis.clone(),
            node: None,
            pending: None,
        };
        running.open()?;
        Ok(running)
    }

    fn open(&mut self) -> Result<(), Fault> {
        let parts = Parts {
            engine: (self.executor.engine)(),
            rules: Arc::clone(&self.rules),
            cache: self.executor.cache,
        };
        let store = Box::new(self.store.clone());
        let node = Node::open(parts, self.genesis.clone(), store)?;
        let node = node.with_steps((self.executor.steps)());
        node.fill_cache(&self.executor.strangers);
        self.node = Some(node);
        Ok(())
    }

    pub(super) fn name(&self) -> &str {
        &self.executor.name
    }

    pub(super) fn node(&self) -> Result<&Node, Fault> {
        self.node.as_ref().ok_or_else(stopped)
    }

    pub(super) fn store(&self) -> &dyn Store {
        &self.store
    }

    pub(super) fn steps(&self) -> Box<dyn Steps> {
        (self.executor.steps)()
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
        let node = self.node.as_mut().ok_or_else(stopped)?;
        let pending = node.execute(&valid, &mut recorder)?;
        let result = *pending.result();
        self.pending = Some(pending);
        let Recorder { steps, diff } = recorder;
        Ok(Trail {
            steps,
            diff,
            result,
        })
    }

    /// Commits what was executed.
    pub(super) fn commit(&mut self) -> Result<(), Fault> {
        let pending = self.pending.take();
        let pending = pending.ok_or_else(|| Fault::invariant("nothing to commit"))?;
        let node = self.node.as_mut().ok_or_else(stopped)?;
        node.commit(pending).map(|_| ())
    }

    /// Restarts, or deletes caches, if this executor does so after every block.
    pub(super) fn end_block(&mut self) -> Result<(), Fault> {
        match self.executor.restart {
            Restart::Never => Ok(()),
            Restart::EveryBlock => {
                self.node = None;
                self.open()
            }
            Restart::Caches => {
                let engine = (self.executor.engine)();
                let node = self.node.as_mut().ok_or_else(stopped)?;
                node.forget_code(engine);
                Ok(())
            }
        }
    }
}

fn stopped() -> Fault {
    Fault::invariant("an executor did not restart")
}
