//! Applies valid blocks to a store, maintains the state tree, and stops permanently at a fault.

use crate::block::{Block, Invalid, ValidBlock, ValidationContext, transactions_root};
use crate::cache::{CachePolicy, CodeCache};
use crate::execute::{self, BlockEnvironment, Executed};
use crate::genesis::{Activations, Genesis, RULES_KEY, decode_activations, in_force};
use crate::header::{BlockResult, Header, Tip};
use crate::limits::Limits;
use crate::overlay::Overlay;
use crate::receipt::{Receipt, receipts_root};
use crate::rules::Prices;
use crate::state_tree::{batch, each_leaf, rebuild};
use crate::store::{Commit, Store};
use crate::transaction::Signed;
use std::sync::Arc;
use tree::Tree;
use vm::unstable::state::Account;
use vm::{Address, Engine, Fault, Height, Rulebook, Rules, StateDiff, key};

/// Receives the result of each transaction; cannot change it.
pub trait Observer {
    /// True if the observer needs the state root after each transaction; each costs a tree update.
    fn wants_roots(&self) -> bool {
        false
    }

    /// Called after each transaction; `root` is `Some` if [`Observer::wants_roots`].
    fn transaction(&mut self, index: u32, executed: &Executed, root: Option<[u8; 32]>);

    /// Called with the net change of the whole block, fees included, before it is committed.
    fn block(&mut self, diff: &StateDiff) {
        let _ = diff;
    }
}

/// An observer that does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn transaction(&mut self, _: u32, _: &Executed, _: Option<[u8; 32]>) {}
}

/// What a node is made of, besides its store.
pub struct Parts {
    /// Engine that runs the guests.
    pub engine: Box<dyn Engine>,
    /// Rules that this build knows; the state says which are in force at a height.
    pub rules: Rulebook,
    /// Policy of the cache of checked modules.
    pub cache: CachePolicy,
}

/// A node: committed state, its tree, and all that executing the next block needs.
pub struct Node {
    parts: Parts,
    cache: CodeCache,
    store: Box<dyn Store>,
    tree: Tree,
    tip: Tip,
    activations: Activations,
    genesis: Genesis,
    chain_id: [u8; 32],
    broken: bool,
}

impl Node {
    /// Opens a node on `store`: commits the genesis if the store is empty, else rebuilds the tree.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, belongs to another chain, or its values do not have its root.
    pub fn open(parts: Parts, genesis: Genesis, mut store: Box<dyn Store>) -> Result<Self, Fault> {
        // A cryptography backend with wrong results must stop this node, not split the chain.
        vm::unstable::host::crypto::known_answers()?;
        let chain_id = genesis.chain_id();
        if store.tip()?.is_none() {
            commit_genesis(store.as_mut(), &genesis)?;
        }
        let tip = store
            .tip()?
            .ok_or_else(|| Fault::Store("a commit is lost".to_owned()))?;
        check_chain(store.as_ref(), &chain_id)?;
        let tree = rebuild(store.as_ref())?;
        let activations = decode_activations(store.read(&key::system(RULES_KEY))?.as_deref())?;
        let cache = CodeCache::new(parts.cache);
        let node = Self {
            parts,
            cache,
            store,
            tree,
            tip,
            activations,
            genesis,
            chain_id,
            broken: false,
        };
        node.compare_root(&node.tree)?;
        Ok(node)
    }

    /// Cache of checked modules. Filling or clearing it changes no result.
    #[must_use]
    pub const fn cache(&self) -> &CodeCache {
        &self.cache
    }

    /// Drops everything but the store, and returns that.
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

    /// The store, for reading.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The rules in force at a height, as far as the committed state says.
    ///
    /// # Errors
    /// [`Fault`] if this build does not know them, or they have no prices for transactions.
    pub fn rules_at(&self, height: Height) -> Result<&Arc<Rules>, Fault> {
        let rules = in_force(&self.activations, height)
            .and_then(|id| self.parts.rules.get(id))
            .ok_or_else(|| Fault::invariant("this build does not know the rules in force"))?;
        match Prices::of(rules) {
            Some(_) => Ok(rules),
            None => Err(Fault::invariant(
                "the rules in force have no prices for transactions",
            )),
        }
    }

    /// The limits of the chain.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        self.genesis.limits()
    }

    /// The state tree, for proofs. It is that of the last executed block: until [`Node::commit`] it
    /// is ahead of the store.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The account of an address, the default one if absent.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub fn account(&self, address: &Address) -> Result<Account, Fault> {
        Account::decode(self.store.read(&key::account(address))?.as_deref())
    }

    /// Builds the next block from these transactions, valid or not, under the rules in force at its
    /// height.
    #[must_use]
    pub fn propose(&self, transactions: Vec<Signed>, time_ms: u64, proposer: Address) -> Block {
        let height = self.tip.height.next();
        let rules_id = in_force(&self.activations, height).copied();
        let header = Header {
            parent: self.tip.hash,
            height,
            time_ms,
            chain_id: self.chain_id,
            proposer,
            transactions_root: transactions_root(&transactions),
            rules_id: rules_id.unwrap_or_default(),
            parent_result: self.tip.result,
        };
        Block {
            header,
            transactions,
        }
    }

    /// Validates a block as the next one after the last committed block.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn validate(&self, block: Block) -> Result<ValidBlock, Invalid> {
        let height = self.tip.height.next();
        let rules = self.rules_at(height).map_err(|_| Invalid::RulesUnknown)?;
        let context = ValidationContext {
            chain_id: &self.chain_id,
            limits: self.genesis.limits(),
            rules,
            parent: &self.tip,
        };
        ValidBlock::new(block, &context)
    }

    /// Executes and commits a block that [`Node::validate`] of this node accepted.
    ///
    /// # Errors
    /// [`Fault`]; the store is unchanged, and the node executes no further block.
    pub fn apply(
        &mut self,
        block: &ValidBlock,
        observer: &mut dyn Observer,
    ) -> Result<BlockResult, Fault> {
        let pending = self.execute(block, observer)?;
        self.commit(pending)
    }

    /// Executes a block without committing: the store is unchanged, so that the results can be
    /// inspected. The node executes no further block until [`Node::commit`].
    ///
    /// # Errors
    /// As [`Node::apply`].
    pub fn execute(
        &mut self,
        block: &ValidBlock,
        observer: &mut dyn Observer,
    ) -> Result<PendingCommit, Fault> {
        if self.broken {
            return Err(Fault::invariant("the node stopped at a fault"));
        }
        // Only a commit resets this: a fault may leave the tree ahead of the store.
        self.broken = true;
        let rules = self.check_applicable(block)?;
        let BlockExecution {
            diff,
            receipts,
            result,
        } = self.execute_block(block, &rules, observer)?;
        let header = block.header();
        let tip = Tip {
            height: header.height,
            hash: header.hash(),
            time_ms: header.time_ms,
            result,
        };
        Ok(PendingCommit(Commit {
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
    pub fn commit(&mut self, pending: PendingCommit) -> Result<BlockResult, Fault> {
        let PendingCommit(commit) = pending;
        let parent = commit.header.as_ref().map(|header| header.parent);
        if !self.broken || parent != Some(self.tip.hash) {
            return Err(Fault::invariant("a commit of a block that is not pending"));
        }
        let tip = commit.tip;
        let rules = commit.diff.get(&key::system(RULES_KEY));
        let activations = rules
            .map(|value| decode_activations(value.as_deref()))
            .transpose()?;
        self.store.commit(commit)?;
        self.tip = tip;
        if let Some(activations) = activations {
            self.activations = activations;
        }
        self.broken = false;
        Ok(tip.result)
    }

    /// Reads every value back from the store and compares it with its hash in the tree; then
    /// rebuilds the tree from the values and compares its root with the committed root. Called
    /// between blocks, it finds corrupted values before a transaction reads them.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or anything differs; names the state key if one value differs.
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

    /// The rules that a block is executed under, if it can be executed on the last one.
    fn check_applicable(&self, block: &ValidBlock) -> Result<Arc<Rules>, Fault> {
        let header = block.header();
        if header.parent != self.tip.hash || header.parent_result != self.tip.result {
            return Err(Fault::invariant(
                "a block was validated against another parent",
            ));
        }
        let listed = self.store.read(&key::system(RULES_KEY))?;
        if decode_activations(listed.as_deref())? != self.activations {
            return Err(Fault::Store(
                "the list of rules is not the committed one".to_owned(),
            ));
        }
        let rules = self.rules_at(header.height)?;
        if header.rules_id == *rules.id() {
            Ok(Arc::clone(rules))
        } else {
            Err(Fault::invariant("a block was validated under other rules"))
        }
    }

    fn execute_block(
        &mut self,
        block: &ValidBlock,
        rules: &Arc<Rules>,
        observer: &mut dyn Observer,
    ) -> Result<BlockExecution, Fault> {
        let header = block.header();
        let metadata = header.metadata();
        let environment = BlockEnvironment {
            engine: self.parts.engine.as_ref(),
            rules,
            block: &metadata,
        };
        let mut overlay = Overlay::new(self.store.as_ref(), &self.cache, rules);
        let mut receipts: Vec<Receipt> = Vec::with_capacity(block.transactions().len());
        let (mut fees, mut gas_used) = (0_u128, 0_u64);
        let stepwise = observer.wants_roots();
        for (index, valid) in (0_u32..).zip(block.transactions()) {
            let executed = execute::execute(&environment, &mut overlay, valid)?;
            let root = stepwise.then(|| self.tree.update(&batch(&executed.diff)).0);
            observer.transaction(index, &executed, root);
            fees = fees.checked_add(executed.fee).ok_or_else(too_large)?;
            gas_used = gas_used
                .checked_add(executed.receipt.gas_used)
                .ok_or_else(too_large)?;
            receipts.push(executed.receipt);
        }
        let last = execute::end_block(&mut overlay, header, rules, fees)?;
        let diff = overlay.into_diff()?;
        observer.block(&diff);
        // With stepwise roots the tree already has all changes but those of the end of the block.
        let changes = if stepwise { &last } else { &diff };
        let state_root = self.tree.update(&batch(changes)).0;
        let receipts_root = receipts_root(&receipts);
        Ok(BlockExecution {
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

/// An executed block that waits for [`Node::commit`].
#[must_use = "a block that is not committed leaves the node stopped"]
pub struct PendingCommit(Commit);

impl PendingCommit {
    /// Result of the block.
    #[must_use]
    pub const fn result(&self) -> &BlockResult {
        &self.0.tip.result
    }
}

/// Results of executing a block, before the commit.
struct BlockExecution {
    diff: StateDiff,
    receipts: Vec<Receipt>,
    result: BlockResult,
}

fn too_large() -> Fault {
    Fault::invariant("a sum over a valid block exceeds its type")
}

/// Compares the chain of a store with that of the genesis, at every open.
fn check_chain(store: &dyn Store, chain_id: &[u8; 32]) -> Result<(), Fault> {
    let found = store.chain_id()?;
    if found.as_ref() == Some(chain_id) {
        return Ok(());
    }
    Err(Fault::Store(format!(
        "the store has the blocks of chain {}, the genesis is that of chain {}",
        found.map_or_else(|| "unknown".to_owned(), hex::encode),
        hex::encode(chain_id)
    )))
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
        height: Height(0),
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
