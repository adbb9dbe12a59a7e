//! Applies valid blocks to a store, keeps the state tree, and stops for good at a fault.

use crate::block::{Block, Context, Invalid, ValidBlock, transactions_root};
use crate::cache::{CachePolicy, CodeCache};
use crate::execute::{self, Environment, Executed};
use crate::genesis::{Activations, Genesis, RULES_KEY};
use crate::header::{BlockResult, Header, Tip};
use crate::limits::Limits;
use crate::overlay::{Overlay, decode_account};
use crate::receipt::{Receipt, receipts_root};
use crate::steps::{Plain, Steps, batch};
use crate::store::{Commit, Store};
use crate::transaction::Signed;
use host_api::limits::BLOCK_HASHES_MAX;
use std::sync::Arc;
use tree::{Path, Tree, ValueHash};
use vm::unstable::state::Account;
use vm::{CheckedModule, Engine, Fault, Rules, StateDiff, key};

/// Entries that a rebuild of the tree reads at once; bounds memory, changes nothing.
const SCAN_PAGE: usize = 4_096;

/// Is told what each transaction came to; changes nothing.
pub trait Observer {
    /// True if the state root after each transaction is wanted, which costs a tree update each.
    fn wants_roots(&self) -> bool {
        false
    }

    /// Called after each transaction; `root` is there if it was wanted.
    fn transaction(&mut self, index: u32, executed: &Executed, root: Option<[u8; 32]>);

    /// Called with the net change of the whole block, fees included, before it is committed.
    fn block(&mut self, diff: &StateDiff) {
        let _ = diff;
    }
}

/// Observes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn transaction(&mut self, _: u32, _: &Executed, _: Option<[u8; 32]>) {}
}

/// What a node is made of beside its store.
pub struct Parts {
    /// Runs the guests.
    pub engine: Box<dyn Engine>,
    /// The rules that this build knows.
    pub rules: Arc<Rules>,
    /// What the cache of checked modules keeps.
    pub cache: CachePolicy,
}

/// A node: committed state, its tree, and the means to execute the next block.
pub struct Node {
    parts: Parts,
    steps: Box<dyn Steps>,
    cache: CodeCache,
    store: Box<dyn Store>,
    tree: Tree,
    tip: Tip,
    genesis: Genesis,
    chain_id: [u8; 32],
    broken: bool,
}

impl Node {
    /// Starts on `store`: commits the genesis if it is empty, else rebuilds the tree from it.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, belongs to another chain, or does not have the root it says.
    pub fn open(parts: Parts, genesis: Genesis, mut store: Box<dyn Store>) -> Result<Self, Fault> {
        // A backend that hashes or verifies wrongly must stop this node, not split the chain.
        vm::unstable::host::crypto::known_answers()?;
        let chain_id = genesis.chain_id();
        if store.tip()?.is_none() {
            commit_genesis(store.as_mut(), &genesis)?;
        }
        let tip = store
            .tip()?
            .ok_or_else(|| Fault::Store("a commit is lost".to_owned()))?;
        if tip.height == 0 && tip.hash != chain_id {
            return Err(Fault::Store(
                "the store belongs to another chain".to_owned(),
            ));
        }
        let tree = rebuild(store.as_ref())?;
        let cache = CodeCache::new(parts.cache);
        let node = Self {
            parts,
            steps: Box::new(Plain),
            cache,
            store,
            tree,
            tip,
            genesis,
            chain_id,
            broken: false,
        };
        node.compare_root(&node.tree)?;
        Ok(node)
    }

    /// The same with other steps around the VM: another machine, for planted faults.
    #[must_use]
    pub fn with_steps(mut self, steps: Box<dyn Steps>) -> Self {
        self.steps = steps;
        self
    }

    /// Keeps modules in the cache before anybody asks for them; no answer depends on it.
    pub fn fill_cache(&self, modules: &[Arc<CheckedModule>]) {
        for module in modules {
            self.cache.insert(Arc::clone(module));
        }
    }

    /// Deletes all caches: that of checked modules, and with the engine whatever it keeps.
    pub fn forget_code(&mut self, engine: Box<dyn Engine>) {
        self.parts.engine = engine;
        self.cache = CodeCache::new(self.parts.cache);
    }

    /// Drops everything but the store.
    #[must_use]
    pub fn into_store(self) -> Box<dyn Store> {
        self.store
    }

    /// The last committed block.
    #[must_use]
    pub const fn tip(&self) -> &Tip {
        &self.tip
    }

    /// SHA-256 of the genesis document.
    #[must_use]
    pub const fn chain_id(&self) -> &[u8; 32] {
        &self.chain_id
    }

    /// The store, to read.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The rules that this build knows.
    #[must_use]
    pub const fn rules(&self) -> &Arc<Rules> {
        &self.parts.rules
    }

    /// The limits of the chain.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        self.genesis.limits()
    }

    /// The tree as it is kept, to compare with the store.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The account of an address, the default one if absent.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot answer.
    pub fn account(&self, address: &[u8; 32]) -> Result<Account, Fault> {
        decode_account(self.store.read(&key::account(address))?.as_deref())
    }

    /// The next block with these transactions, whether they are valid or not.
    #[must_use]
    pub fn propose(&self, transactions: Vec<Signed>, time_ms: u64, proposer: [u8; 32]) -> Block {
        let header = Header {
            parent: self.tip.hash,
            height: self.tip.height.saturating_add(1),
            time_ms,
            chain_id: self.chain_id,
            proposer,
            transactions_root: transactions_root(&transactions),
            rules_id: *self.parts.rules.id(),
            parent_result: self.tip.result,
        };
        Block {
            header,
            transactions,
        }
    }

    /// Checks a block against the last one.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn validate(&self, block: Block) -> Result<ValidBlock, Invalid> {
        let context = Context {
            chain_id: &self.chain_id,
            limits: self.genesis.limits(),
            rules: &self.parts.rules,
            parent: &self.tip,
        };
        ValidBlock::new(block, &context)
    }

    /// Executes and commits a block that [`Node::validate`] of this node accepted.
    ///
    /// # Errors
    /// [`Fault`]; the store is as before, and the node answers no further block.
    pub fn apply(
        &mut self,
        block: &ValidBlock,
        observer: &mut dyn Observer,
    ) -> Result<BlockResult, Fault> {
        let pending = self.execute(block, observer)?;
        self.commit(pending)
    }

    /// Executes a block and commits nothing: the store is as before, so that what came of it can be
    /// looked into. The node answers no further block until [`Node::commit`].
    ///
    /// # Errors
    /// As [`Node::apply`].
    pub fn execute(
        &mut self,
        block: &ValidBlock,
        observer: &mut dyn Observer,
    ) -> Result<Pending, Fault> {
        if self.broken {
            return Err(Fault::invariant("the node stopped at a fault"));
        }
        // Set back by the commit only: a fault may leave the tree ahead of the store.
        self.broken = true;
        self.check_applicable(block)?;
        let Work {
            diff,
            receipts,
            result,
        } = self.work(block, observer)?;
        let header = block.header();
        let tip = Tip {
            height: header.height,
            hash: header.hash(),
            time_ms: header.time_ms,
            result,
        };
        Ok(Pending(Commit {
            diff,
            tip,
            header: Some(header.clone()),
            receipts,
        }))
    }

    /// Commits the block that [`Node::execute`] of this node executed last.
    ///
    /// # Errors
    /// As [`Node::apply`].
    pub fn commit(&mut self, pending: Pending) -> Result<BlockResult, Fault> {
        let Pending(commit) = pending;
        let parent = commit.header.as_ref().map(|header| header.parent);
        if !self.broken || parent != Some(self.tip.hash) {
            return Err(Fault::invariant("a commit of a block that is not pending"));
        }
        let tip = commit.tip;
        self.store.commit(commit)?;
        self.tip = tip;
        self.broken = false;
        Ok(tip.result)
    }

    /// Reads every value back from the store and compares it with its hash in the tree; rebuilds
    /// the tree from them, and compares it with the one kept and the committed root. Between two
    /// blocks it finds what rotted before a transaction reads it.
    ///
    /// # Errors
    /// [`Fault`] if anything differs, with the state key where it is one value, or the store fails.
    pub fn scrub(&self) -> Result<(), Fault> {
        self.store.scrub()?;
        self.compare_root(&self.tree)?;
        let mut leaves = Vec::new();
        each_leaf(self.store.as_ref(), |key, leaf| {
            if self.tree.get(&leaf.0) != Some(leaf.1) {
                return Err(Fault::Store(format!(
                    "the value under state key {} is not the committed one",
                    hex::encode(key)
                )));
            }
            leaves.push(leaf);
            Ok(())
        })?;
        self.compare_root(&Tree::from_leaves(leaves))
    }

    fn compare_root(&self, tree: &Tree) -> Result<(), Fault> {
        if tree.root().0 == self.tip.result.state_root {
            Ok(())
        } else {
            Err(Fault::Store(
                "the state does not have the committed root".to_owned(),
            ))
        }
    }

    fn check_applicable(&self, block: &ValidBlock) -> Result<(), Fault> {
        let header = block.header();
        if header.parent != self.tip.hash || header.parent_result != self.tip.result {
            return Err(Fault::invariant(
                "a block was validated against another parent",
            ));
        }
        let rules = self
            .store
            .read(&key::system(RULES_KEY))?
            .unwrap_or_default();
        let activations: Activations = borsh::from_slice(&rules)
            .map_err(|_| Fault::Store("the list of rules does not decode".to_owned()))?;
        let in_force = activations.iter().rfind(|(from, _)| *from <= header.height);
        if in_force.map(|(_, id)| id) == Some(self.parts.rules.id()) {
            Ok(())
        } else {
            Err(Fault::invariant(
                "this build does not know the rules in force",
            ))
        }
    }

    fn work(&mut self, block: &ValidBlock, observer: &mut dyn Observer) -> Result<Work, Fault> {
        let header = block.header();
        let visible = self.steps.context(header);
        let environment = Environment {
            engine: self.parts.engine.as_ref(),
            rules: &self.parts.rules,
            block: &visible,
        };
        let mut overlay = Overlay::new(self.store.as_ref(), &self.cache, &self.parts.rules);
        let mut receipts: Vec<Receipt> = Vec::with_capacity(block.transactions().len());
        let (mut fees, mut gas_used) = (0_u128, 0_u64);
        let stepwise = observer.wants_roots();
        for (index, valid) in (0_u32..).zip(block.transactions()) {
            let executed = self.steps.transaction(&environment, &mut overlay, valid)?;
            let root = stepwise.then(|| self.steps.update(&mut self.tree, &executed.diff));
            observer.transaction(index, &executed, root);
            fees = fees.checked_add(executed.fee).ok_or_else(too_large)?;
            gas_used = gas_used
                .checked_add(executed.receipt.gas_used)
                .ok_or_else(too_large)?;
            receipts.push(executed.receipt);
        }
        write_hash(&mut overlay, header);
        let last = execute::pay_proposer(&mut overlay, &header.proposer, fees)?;
        let diff = overlay.into_diff()?;
        observer.block(&diff);
        // Stepwise the tree has everything but the fees; else it gets the whole block at once.
        let changes = if stepwise { &last } else { &diff };
        let state_root = self.steps.update(&mut self.tree, changes);
        let receipts_root = self.steps.receipts_root(&receipts);
        Ok(Work {
            diff,
            receipts,
            result: BlockResult {
                state_root,
                receipts_root,
                gas_used,
            },
        })
    }
}

/// Puts the block's hash where the blocks after it see it, and takes away the one that they do not.
fn write_hash(overlay: &mut Overlay<'_>, header: &Header) {
    overlay.write(key::block_hash(header.height), Some(header.hash().to_vec()));
    if let Some(height) = header.height.checked_sub(u64::from(BLOCK_HASHES_MAX)) {
        overlay.write(key::block_hash(height), None);
    }
}

/// A block that was executed and waits for [`Node::commit`].
#[must_use = "a block that is not committed leaves the node stopped"]
pub struct Pending(Commit);

impl Pending {
    /// What came of the block.
    #[must_use]
    pub const fn result(&self) -> &BlockResult {
        &self.0.tip.result
    }
}

/// What executing a block yields, before it is committed.
struct Work {
    diff: StateDiff,
    receipts: Vec<Receipt>,
    result: BlockResult,
}

fn too_large() -> Fault {
    Fault::invariant("a sum over a valid block exceeds its type")
}

fn commit_genesis(store: &mut dyn Store, genesis: &Genesis) -> Result<(), Fault> {
    let diff = genesis.state();
    let state_root = Tree::new().update(&batch(&diff)).0;
    let result = BlockResult {
        state_root,
        receipts_root: receipts_root(&[]),
        gas_used: 0,
    };
    let tip = Tip {
        height: 0,
        hash: genesis.chain_id(),
        time_ms: genesis.time_ms(),
        result,
    };
    store.commit(Commit {
        diff,
        tip,
        header: None,
        receipts: Vec::new(),
    })
}

/// The state root of a flat store, computed from its values alone.
///
/// # Errors
/// [`Fault`] if the store cannot answer.
pub fn recomputed_root(store: &dyn Store) -> Result<[u8; 32], Fault> {
    rebuild(store).map(|tree| tree.root().0)
}

/// The tree of a flat store.
fn rebuild(store: &dyn Store) -> Result<Tree, Fault> {
    let mut leaves = Vec::new();
    each_leaf(store, |_, leaf| {
        leaves.push(leaf);
        Ok(())
    })?;
    Ok(Tree::from_leaves(leaves))
}

/// Shows every state key of a store with its leaf of the tree, in the order of the keys.
fn each_leaf(
    store: &dyn Store,
    mut show: impl FnMut(&[u8], (Path, ValueHash)) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut start = Vec::new();
    loop {
        let page = store.scan(&start, None, SCAN_PAGE)?;
        let Some((last, _)) = page.last() else {
            return Ok(());
        };
        // The least key above the last one.
        start = [last.as_slice(), &[0]].concat();
        for (key, value) in &page {
            show(key, (Path::of_key(key), ValueHash::of(value)))?;
        }
    }
}
