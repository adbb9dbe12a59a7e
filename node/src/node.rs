//! Applies valid blocks to a store, maintains the state tree, and stops permanently at a fault.

use crate::activations::{Activations, RULES_KEY, RulesUnknown, decode_activations};
use crate::base::Base;
use crate::block::{Block, Invalid, ValidBlock, ValidationContext, transactions_root};
use crate::block_execution::{Execution, Observer};
use crate::cache::{CachePolicy, CodeCache};
use crate::code_records;
use crate::genesis::Genesis;
use crate::header::{BlockResult, Header, Tip};
use crate::limits::Limits;
use crate::opening::open_store;
use crate::rebuild_records;
use crate::state_tree::{Advance, StateTree, StoredTree, TreeOptions, scrub};
use crate::store::{Commit, Store};
use crate::transaction::Signed;
use crate::upgrade::{ChainSpec, Planned};
use std::sync::Arc;
use tree::Batch;
use vm::unstable::state::Account;
use vm::{Address, Engine, Fault, Height, Rulebook, Rules, key};

/// What a node is made of, besides its store.
pub struct Parts {
    /// Engine that runs the guests.
    pub engine: Box<dyn Engine>,
    /// Rules that this build knows; state and configuration say which are in force at a height.
    pub rules: Rulebook,
    /// Which checked modules are kept, and the bytes of memory for them and for what the engine
    /// keeps of modules.
    pub cache: CachePolicy,
}

/// A node: committed state, its tree, and all that executing the next block needs.
pub struct Node {
    parts: Parts,
    cache: CodeCache,
    store: Box<dyn Store>,
    tree: StateTree,
    tip: Tip,
    /// Rules by height, as far as the committed state lists them.
    activations: Activations,
    /// Rules by height, as configured.
    planned: Planned,
    genesis: Genesis,
    chain_id: [u8; 32],
    /// The executed block that the tree is ahead of the store by.
    pending: Option<Pending>,
    broken: bool,
}

/// An executed block that is not committed.
struct Pending {
    hash: [u8; 32],
    /// Changes of the tree.
    changes: Batch,
    /// Batch that takes the tree back to the committed state.
    undo: Batch,
}

impl Node {
    /// Opens a node on `store`: commits the genesis if the store is empty, and opens the tree,
    /// which is rebuilt from the values if the store has none. On a store that keeps records, codes
    /// without a checked form, as after a restore, are checked now. `chain` is a [`Genesis`], or a
    /// [`ChainSpec`] with upgrade documents.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, belongs to another chain, its tree does not have its root, or
    /// its rules are not those that `chain` names ([`ChainSpec::check`]).
    pub fn open(
        parts: Parts,
        chain: impl Into<ChainSpec>,
        store: Box<dyn Store>,
    ) -> Result<Self, Fault> {
        Self::open_with(parts, chain, store, &TreeOptions::default())
    }

    /// As [`Node::open`], with settings of the tree.
    ///
    /// # Errors
    /// As [`Node::open`].
    pub fn open_with(
        parts: Parts,
        chain: impl Into<ChainSpec>,
        mut store: Box<dyn Store>,
        options: &TreeOptions,
    ) -> Result<Self, Fault> {
        let chain = chain.into();
        let (tip, tree) = open_store(store.as_mut(), chain.genesis(), options, 1)?;
        let activations = chain.listed(store.as_ref())?;
        let (genesis, planned) = chain.into_parts();
        let listed = (&activations, tip.height);
        if let Ok(rules) = planned.rules_at(listed, &parts.rules, tip.height.next()) {
            rebuild_records::rebuild(store.as_mut(), rules, &parts.rules)?;
        }
        parts.cache.prepare(parts.engine.as_ref());
        Ok(Self {
            cache: CodeCache::new(parts.cache, &parts.rules),
            parts,
            store,
            tree,
            tip,
            activations,
            planned,
            chain_id: genesis.chain_id(),
            genesis,
            pending: None,
            broken: false,
        })
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

    /// The rules in force at a height: by the committed state, above its block by configuration.
    ///
    /// # Errors
    /// [`RulesUnknown`] if this build does not know them, or they have no prices for transactions.
    pub fn rules_at(&self, height: Height) -> Result<&Arc<Rules>, RulesUnknown> {
        let listed = (&self.activations, self.tip.height);
        self.planned.rules_at(listed, &self.parts.rules, height)
    }

    /// The rules that this build knows.
    #[must_use]
    pub const fn rulebook(&self) -> &Rulebook {
        &self.parts.rules
    }

    /// The limits of the chain.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        self.genesis.limits()
    }

    /// The state tree, for proofs. It is that of the last executed block, which is ahead of the
    /// store until [`Node::commit`].
    #[must_use]
    pub fn tree(&self) -> StoredTree<'_> {
        self.tree.view(self.store.as_ref())
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
        let rules_id = self
            .planned
            .id_at(&self.activations, self.tip.height, height);
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
        let rules = self.rules_at(height)?;
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
    /// inspected. The next call of `execute` drops an execution that was not committed.
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
        // Reset only after the execution.
        self.broken = true;
        if let Some(dropped) = self.pending.take() {
            self.tree.undo(&dropped.undo);
        }
        let rules = self.check_applicable(block)?;
        let execution = Execution {
            engine: self.parts.engine.as_ref(),
            cache: &self.cache,
            rules: &rules,
            base: Base::committed(self.store.as_ref()),
        };
        let advance = Advance::new(&mut self.tree, self.store.as_ref());
        let executed = execution.run(block, advance, observer)?;
        self.pending = Some(Pending {
            hash: executed.tip.hash,
            changes: executed.changes,
            undo: executed.undo,
        });
        self.broken = false;
        Ok(PendingCommit(Commit {
            diff: executed.diff,
            tip: executed.tip,
            header: Some(block.header().clone()),
            receipts: executed.receipts,
            transactions: block.signed(),
            events: executed.events,
            records: code_records::written(&executed.records).collect(),
        }))
    }

    /// Commits the block that [`Node::execute`] of this node executed last.
    ///
    /// # Errors
    /// As [`Node::apply`].
    pub fn commit(&mut self, pending: PendingCommit) -> Result<BlockResult, Fault> {
        let PendingCommit(mut commit) = pending;
        let executed = self.pending.as_ref();
        let executed = executed.filter(|executed| executed.hash == commit.tip.hash);
        let Some(executed) = executed.filter(|_| !self.broken) else {
            return Err(Fault::invariant("a commit of a block that is not pending"));
        };
        // Reset only after the commit: a fault may leave the tree ahead of the store.
        self.broken = true;
        let tip = commit.tip;
        let rules = commit.diff.get(&key::system(RULES_KEY));
        let activations = rules
            .map(|value| decode_activations(value.as_deref()))
            .transpose()?;
        let records = if self.tree.is_due(executed.changes.changes().len()) {
            self.tree.checkpoint(tip.height, self.store.as_ref())?
        } else {
            self.tree.log(tip.height, &executed.changes)
        };
        commit.records.extend(records);
        self.store.commit(commit)?;
        self.tip = tip;
        self.pending = None;
        if let Some(activations) = activations {
            self.activations = activations;
        }
        self.broken = false;
        Ok(tip.result)
    }

    /// Reads every value back from the store and compares it with its leaf in the tree; computes
    /// all hashes of the tree again and compares its root with the committed root. Called between
    /// blocks, it finds corrupted values before a transaction reads them. At most about
    /// [`LEAVES_AT_ONCE`](crate::limits::LEAVES_AT_ONCE) leaves are in memory, and all values are
    /// read once for each so many.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or anything differs; names the state key if one value differs.
    pub fn scrub(&self) -> Result<(), Fault> {
        self.store.scrub()?;
        scrub(
            &self.tree(),
            self.store.as_ref(),
            &self.tip.result.state_root,
        )
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
}

/// An executed block that waits for [`Node::commit`].
#[must_use = "a block that is not committed has no effect"]
pub struct PendingCommit(Commit);

impl PendingCommit {
    /// Result of the block.
    #[must_use]
    pub const fn result(&self) -> &BlockResult {
        &self.0.tip.result
    }
}
