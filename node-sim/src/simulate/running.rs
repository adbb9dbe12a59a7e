//! Runs one executor: its node, its store, its block outcomes and its restarts.

use super::acted::Acted;
use super::executor::{Driver, Executor, Restart};
use super::served::{PAST_BLOCKS, Past, Questions, Served, Server, of_chain};
use crate::machine::Machine;
use crate::pipeline::{BlockPipeline, StandardPipeline};
use crate::rerun::Subject;
use node::chain::{Options, Verdict};
use node::{
    Block, BlockResult, Chain, ChainSpec, Commit, Executed, Header, MemoryStore, Node, Observer,
    Parts, Receipt, Record, Signed, Store, Tip, ValidBlock,
};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tree::{Path, ValueHash};
use vm::{
    CheckedModule, Engine, Entries, Event, Execution, Fault, Height, Rulebook, Rules, StateDiff,
};

/// Results of a transaction that executors must agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TransactionResult {
    pub(super) receipt: Receipt,
    pub(super) events: Vec<Event>,
    /// Net change; `None` from a chain, which shows that of the whole block only, in its root.
    pub(super) diff: Option<StateDiff>,
    pub(super) root: Option<[u8; 32]>,
}

/// Results of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BlockOutcome {
    /// Why a chain does not vote for it; `None` if it is valid.
    pub(super) refused: Option<String>,
    pub(super) transactions: Vec<TransactionResult>,
    /// Net change of the whole block; empty from a chain.
    pub(super) diff: StateDiff,
    pub(super) result: BlockResult,
}

struct Recorder<'a> {
    transactions: Vec<TransactionResult>,
    diff: StateDiff,
    each: &'a mut dyn FnMut(u32),
}

impl Observer for Recorder<'_> {
    fn wants_roots(&self) -> bool {
        true
    }

    fn transaction(&mut self, index: u32, executed: &Executed, root: Option<[u8; 32]>) {
        (self.each)(index);
        let Executed {
            receipt,
            events,
            diff,
            ..
        } = executed.clone();
        self.transactions.push(TransactionResult {
            receipt,
            events,
            diff: Some(diff),
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

    fn keeps_records(&self) -> bool {
        self.lock().keeps_records()
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.lock().record(key)
    }

    fn write_records(&mut self, records: Vec<Record>) -> Result<(), Fault> {
        self.lock().write_records(records)
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
pub(super) struct ReplaceableEngine(Arc<Mutex<Box<dyn Engine>>>);

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
    driven: Option<Driven>,
    /// What was noted of its last blocks, the newest last.
    past: VecDeque<Past>,
}

/// What executes and serves the blocks.
enum Driven {
    Node(Box<Machine>),
    /// A chain, and the hash of the block that waits to be final.
    Chain(Box<Chain>, [u8; 32]),
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
            driven: None,
            past: VecDeque::new(),
        };
        running.open()?;
        Ok(running)
    }

    fn parts(&self) -> Parts {
        Parts {
            engine: Box::new(self.engine.clone()),
            rules: self.rules.clone(),
            cache: self.executor.cache,
        }
    }

    fn open(&mut self) -> Result<(), Fault> {
        let parts = self.parts();
        let driven = match self.executor.driver {
            Driver::Node => {
                let store = Box::new(self.store.clone());
                let pipeline = self.executor.pipeline.as_ref().map(|make| make());
                let machine = Machine::open(parts, self.chain.clone(), store, pipeline)?;
                for module in &self.executor.prefilled {
                    machine.cache()?.insert(Arc::clone(module));
                }
                Driven::Node(Box::new(machine))
            }
            Driver::Chain(workers) => {
                let options = Options {
                    workers,
                    ..Options::default()
                };
                let store = Box::new(self.store.clone());
                let chain = Chain::open(parts, self.chain.clone(), store, &options)?;
                Driven::Chain(Box::new(chain), [0; 32])
            }
        };
        self.driven = Some(driven);
        Ok(())
    }

    pub(super) fn name(&self) -> &str {
        &self.executor.name
    }

    /// The node of an executor that is driven by one, as executor 0 is.
    pub(super) fn node(&self) -> Result<&Node, Fault> {
        self.machine()?.node()
    }

    fn machine(&self) -> Result<&Machine, Fault> {
        match self.driven.as_ref().ok_or_else(stopped)? {
            Driven::Node(machine) => Ok(machine),
            Driven::Chain(..) => Err(Fault::invariant("a chain shows no node")),
        }
    }

    /// What serves the committed blocks.
    fn server(&self) -> Result<Server<'_>, Fault> {
        match self.driven.as_ref().ok_or_else(stopped)? {
            Driven::Node(machine) => Ok(Server::Node {
                node: machine.node()?,
                cache: machine.cache()?,
                engine: &self.engine,
            }),
            Driven::Chain(chain, _) => Ok(Server::Chain(chain)),
        }
    }

    /// Value hash at a path of the tree with the last executed block.
    pub(super) fn value_hash(&self, path: &Path) -> Result<Option<ValueHash>, Fault> {
        self.machine()?.value_hash(path)
    }

    /// Compares the tree with the values of the store.
    pub(super) fn scrub(&self) -> Result<(), Fault> {
        match self.driven.as_ref().ok_or_else(stopped)? {
            Driven::Node(machine) => machine.node()?.scrub(),
            Driven::Chain(..) => {
                let store = Box::new(self.store.clone());
                Node::open(self.parts(), self.chain.clone(), store)?.scrub()
            }
        }
    }

    /// Number of times that its injected fault acted, if it has one.
    pub(super) fn acted(&self) -> Option<u64> {
        self.executor.acted.as_ref().map(Acted::count)
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

    /// Executes a block; commits nothing. `each` is called after each transaction.
    pub(super) fn execute(
        &mut self,
        block: &Block,
        each: &mut dyn FnMut(u32),
    ) -> Result<BlockOutcome, Fault> {
        if let Some(Driven::Chain(chain, waiting)) = &mut self.driven {
            *waiting = block.header.hash();
            return verify(chain, block);
        }
        let valid = self.validate(block)?;
        let mut recorder = Recorder {
            transactions: Vec::new(),
            diff: StateDiff::new(),
            each,
        };
        let Some(Driven::Node(machine)) = &mut self.driven else {
            return Err(stopped());
        };
        let result = machine.execute(&valid, &mut recorder)?;
        let Recorder {
            transactions, diff, ..
        } = recorder;
        Ok(BlockOutcome {
            refused: None,
            transactions,
            diff,
            result,
        })
    }

    /// Commits the executed block.
    pub(super) fn commit(&mut self) -> Result<(), Fault> {
        match self.driven.as_mut().ok_or_else(stopped)? {
            Driven::Node(machine) => machine.commit(),
            Driven::Chain(chain, waiting) => {
                chain.finalize(waiting).map_err(of_chain)?;
                Ok(())
            }
        }
    }

    /// What it stores of a block and of an earlier one.
    pub(super) fn stored(&self, asked: &Questions) -> Result<Served, Fault> {
        self.server()?.stored(&self.store, asked)
    }

    /// What it computes from what it stores.
    pub(super) fn computed(&self, asked: &Questions) -> Result<Served, Fault> {
        self.server()?.computed(&self.store, asked, &self.past)
    }

    /// Notes what later blocks ask about this one.
    pub(super) fn note(&mut self, asked: &Questions) -> Result<(), Fault> {
        let past = self.server()?.note(asked)?;
        while self.past.len() >= PAST_BLOCKS {
            self.past.pop_front();
        }
        self.past.push_back(past);
        Ok(())
    }

    /// Restarts, or deletes caches, as this executor does after the block at this height.
    pub(super) fn end_block(&mut self, height: Height) -> Result<(), Fault> {
        match self.executor.restart {
            Restart::EveryBlock => self.restart(),
            Restart::Every(blocks) if height.0.checked_rem(blocks) == Some(0) => self.restart(),
            Restart::Never | Restart::Every(_) => Ok(()),
            Restart::Caches => {
                *self.engine.lock() = (self.executor.engine)();
                self.machine()?.cache()?.clear();
                Ok(())
            }
        }
    }

    fn restart(&mut self) -> Result<(), Fault> {
        self.driven = None;
        *self.engine.lock() = (self.executor.engine)();
        self.open()
    }
}

/// Verifies a block on a chain, and reads what its execution resulted in.
fn verify(chain: &Chain, block: &Block) -> Result<BlockOutcome, Fault> {
    match chain.verify(block.clone())? {
        Verdict::Valid(_) => {}
        other => {
            return Ok(BlockOutcome {
                refused: Some(format!("{other:?}")),
                transactions: Vec::new(),
                diff: StateDiff::new(),
                result: BlockResult {
                    state_root: [0; 32],
                    receipts_root: [0; 32],
                    gas_used: 0,
                },
            });
        }
    }
    let verified = chain.block_by_hash(&block.header.hash())?;
    let verified = verified.ok_or_else(|| Fault::invariant("a chain forgot a verified block"))?;
    let executed = verified.receipts.into_iter().zip(verified.events);
    let transactions = executed.map(|(receipt, events)| TransactionResult {
        receipt,
        events,
        diff: None,
        root: None,
    });
    Ok(BlockOutcome {
        refused: None,
        transactions: transactions.collect(),
        diff: StateDiff::new(),
        result: verified.result,
    })
}

fn stopped() -> Fault {
    Fault::invariant("an executor did not restart")
}
