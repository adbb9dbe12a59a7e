//! Applies valid blocks to a store, keeps the state tree, and stops for good at a fault.

use crate::block::{Block, Context, Invalid, ValidBlock, transactions_root};
use crate::cache::{CachePolicy, CodeCache};
use crate::execute::{self, Environment, Executed};
use crate::genesis::{Activations, Genesis, RULES_KEY};
use crate::header::{BlockResult, Header, Tip};
use crate::overlay::{Overlay, decode_account};
use crate::receipt::{Receipt, receipts_root};
use crate::store::{Commit, Store};
use crate::transaction::Signed;
use host_api::limits::BLOCK_HASHES_MAX;
use std::sync::Arc;
use tree::{Batch, Path, Tree, ValueHash};
use vm::state::{Account, StateDiff, key};
use vm::{Engine, Fault, Rules, frames};

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
        vm::host::crypto::known_answers()?;
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
        if self.broken {
            return Err(Fault::invariant("the node stopped at a fault"));
        }
        // Set back at the end only: a fault may leave the tree ahead of the store.
        self.broken = true;
        self.check_applicable(block)?;
        let executed = self.execute(block, observer)?;
        let tip = Tip {
            height: block.header().height,
            hash: block.header().hash(),
            time_ms: block.header().time_ms,
            result: executed.result,
        };
        let header = Some(block.header().clone());
        let Work {
            diff,
            receipts,
            result,
        } = executed;
        self.store.commit(Commit {
            diff,
            tip,
            header,
            receipts,
        })?;
        self.tip = tip;
        self.broken = false;
        Ok(result)
    }

    /// Rebuilds the tree from the flat store; compares it with the one kept and the committed root.
    ///
    /// # Errors
    /// [`Fault`] if they differ or the store fails.
    pub fn scrub(&self) -> Result<(), Fault> {
        self.compare_root(&self.tree)?;
        self.compare_root(&rebuild(self.store.as_ref())?)
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

    fn execute(&mut self, block: &ValidBlock, observer: &mut dyn Observer) -> Result<Work, Fault> {
        let header = block.header();
        let visible = frames::Block {
            height: header.height,
            time_ms: header.time_ms,
            chain_id: header.chain_id,
            proposer: header.proposer,
        };
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
            let executed = execute::execute(&environment, &mut overlay, valid)?;
            let root = stepwise.then(|| self.tree.update(&batch(&executed.diff)).0);
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
        // Stepwise the tree has everything but the fees; else it gets the whole block at once.
        let state_root = self
            .tree
            .update(&batch(if stepwise { &last } else { &diff }))
            .0;
        let receipts_root = receipts_root(&receipts);
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

/// What executing a block yields, before it is committed.
struct Work {
    diff: StateDiff,
    receipts: Vec<Receipt>,
    result: BlockResult,
}

fn too_large() -> Fault {
    Fault::invariant("a sum over a valid block exceeds its type")
}

/// The changes of the tree that a diff is.
fn batch(diff: &StateDiff) -> Batch {
    let change = |value: &Option<Vec<u8>>| value.as_deref().map(ValueHash::of);
    diff.iter()
        .map(|(key, value)| (Path::of_key(key), change(value)))
        .collect()
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
    let mut start = Vec::new();
    loop {
        let page = store.scan(&start, None, SCAN_PAGE)?;
        let Some((last, _)) = page.last() else {
            return Ok(Tree::from_leaves(leaves));
        };
        // The least key above the last one.
        start = [last.as_slice(), &[0]].concat();
        leaves.extend(
            page.iter()
                .map(|(key, value)| (Path::of_key(key), ValueHash::of(value))),
        );
    }
}
