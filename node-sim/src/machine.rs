//! Executes and commits blocks, by a node or by the node's public functions with another pipeline.
//!
//! A machine with its own pipeline uses a node for everything except execution: validating,
//! proposing and scrubbing. After each commit it opens that node again, so that the node has the
//! block.

use crate::pipeline::BlockPipeline;
use node::execute::{begin_block, end_block};
use node::state_tree::rebuild;
use node::{
    BlockEnvironment, BlockResult, CachePolicy, ChainSpec, CodeCache, Commit, Node, Observer,
    Overlay, Parts, PendingCommit, Receipt, Store, Tip, TreeView as _, ValidBlock,
};
use tree::{Path, Tree, ValueHash};
use vm::{Engine, Event, Fault, Interpreter, Rulebook, StateDiff};

/// A node, or a node with another pipeline.
pub struct Machine {
    /// `None` after a commit that failed.
    node: Option<Node>,
    pending: Option<PendingCommit>,
    composed: Option<ComposedExecutor>,
}

impl Machine {
    /// Opens a node on `store`; with a pipeline, the pipeline executes the blocks instead of the
    /// node.
    ///
    /// # Errors
    /// As [`Node::open`].
    pub fn open(
        parts: Parts,
        chain: impl Into<ChainSpec>,
        store: Box<dyn Store>,
        pipeline: Option<Box<dyn BlockPipeline>>,
    ) -> Result<Self, Fault> {
        let Some(pipeline) = pipeline else {
            return Ok(Self {
                node: Some(Node::open(parts, chain, store)?),
                pending: None,
                composed: None,
            });
        };
        let chain = chain.into();
        let node = companion_node(&parts.rules, &chain, store)?;
        let composed = ComposedExecutor {
            pipeline,
            cache: CodeCache::new(parts.cache, &parts.rules),
            engine: parts.engine,
            rules: parts.rules,
            tree: rebuild(node.store())?,
            chain,
            executed: None,
        };
        Ok(Self {
            node: Some(node),
            pending: None,
            composed: Some(composed),
        })
    }

    /// The node, at the last committed block.
    ///
    /// # Errors
    /// [`Fault`] after a failed commit.
    pub fn node(&self) -> Result<&Node, Fault> {
        self.node.as_ref().ok_or_else(stopped)
    }

    /// Value hash at a path of the tree with the last executed block.
    ///
    /// # Errors
    /// As [`Machine::node`], or a page of the tree cannot be read.
    pub fn value_hash(&self, path: &Path) -> Result<Option<ValueHash>, Fault> {
        match &self.composed {
            Some(composed) => Ok(composed.tree.get(path)),
            None => self.node()?.tree().get(path),
        }
    }

    /// The cache of checked modules.
    ///
    /// # Errors
    /// As [`Machine::node`].
    pub fn cache(&self) -> Result<&CodeCache, Fault> {
        match &self.composed {
            Some(composed) => Ok(&composed.cache),
            None => self.node().map(Node::cache),
        }
    }

    /// Executes a block that the node accepted; commits nothing.
    ///
    /// # Errors
    /// As [`Node::execute`].
    pub fn execute(
        &mut self,
        block: &ValidBlock,
        observer: &mut dyn Observer,
    ) -> Result<BlockResult, Fault> {
        let node = self.node.as_mut().ok_or_else(stopped)?;
        if let Some(composed) = &mut self.composed {
            return composed.execute(node, block, observer);
        }
        let pending = node.execute(block, observer)?;
        let result = *pending.result();
        self.pending = Some(pending);
        Ok(result)
    }

    /// Commits the executed block.
    ///
    /// # Errors
    /// As [`Node::commit`].
    pub fn commit(&mut self) -> Result<(), Fault> {
        let nothing = || Fault::invariant("nothing to commit");
        let Some(composed) = &mut self.composed else {
            let pending = self.pending.take().ok_or_else(nothing)?;
            let node = self.node.as_mut().ok_or_else(stopped)?;
            return node.commit(pending).map(|_| ());
        };
        let commit = composed.executed.take().ok_or_else(nothing)?;
        let mut store = self.node.take().ok_or_else(stopped)?.into_store();
        store.commit(commit)?;
        self.node = Some(companion_node(&composed.rules, &composed.chain, store)?);
        Ok(())
    }
}

/// Executes blocks as a node does, with another pipeline.
struct ComposedExecutor {
    pipeline: Box<dyn BlockPipeline>,
    engine: Box<dyn Engine>,
    rules: Rulebook,
    cache: CodeCache,
    chain: ChainSpec,
    tree: Tree,
    executed: Option<Commit>,
}

impl ComposedExecutor {
    fn execute(
        &mut self,
        node: &Node,
        block: &ValidBlock,
        observer: &mut dyn Observer,
    ) -> Result<BlockResult, Fault> {
        let (header, tip) = (block.header(), node.tip());
        if header.parent != tip.hash || header.parent_result != tip.result {
            return Err(Fault::invariant("a block of another parent"));
        }
        let rules = node.rules_at(header.height)?;
        let mut overlay = Overlay::new(node.store(), &self.cache, rules);
        let metadata = self.pipeline.metadata(header);
        let environment = BlockEnvironment {
            engine: self.engine.as_ref(),
            rules,
            block: &metadata,
        };
        let mut receipts = Vec::with_capacity(block.transactions().len());
        let mut events = Vec::with_capacity(block.transactions().len());
        let (mut fees, mut gas_used) = (0_u128, 0_u64);
        let first = begin_block(&mut overlay, header)?;
        if !first.is_empty() {
            self.pipeline.update(&mut self.tree, &first);
        }
        for (index, valid) in (0_u32..).zip(block.transactions()) {
            let executed = self
                .pipeline
                .transaction(&environment, &mut overlay, valid)?;
            let root = self.pipeline.update(&mut self.tree, &executed.diff);
            observer.transaction(index, &executed, Some(root));
            fees = fees.saturating_add(executed.fee);
            gas_used = gas_used.saturating_add(executed.receipt.gas_used);
            receipts.push(executed.receipt);
            events.push(executed.events);
        }
        let last = end_block(&mut overlay, header, rules, fees)?;
        let records = overlay.code_records();
        let diff = overlay.into_diff()?;
        observer.block(&diff);
        let result = BlockResult {
            state_root: self.pipeline.update(&mut self.tree, &last),
            receipts_root: self.pipeline.receipts_root(&receipts),
            gas_used,
        };
        let commit = commit_of(block, (diff, receipts, events), result);
        self.executed = Some(Commit { records, ..commit });
        Ok(result)
    }
}

fn commit_of(
    block: &ValidBlock,
    (diff, receipts, events): (StateDiff, Vec<Receipt>, Vec<Vec<Event>>),
    result: BlockResult,
) -> Commit {
    let header = block.header();
    let tip = Tip {
        height: header.height,
        hash: header.hash(),
        time_ms: header.time_ms,
        result,
    };
    Commit {
        diff,
        tip,
        header: Some(header.clone()),
        receipts,
        transactions: block
            .transactions()
            .iter()
            .map(|valid| valid.signed().clone())
            .collect(),
        events,
        records: Vec::new(),
    }
}

/// A node that validates, proposes and scrubs, and does not execute.
fn companion_node(
    rules: &Rulebook,
    chain: &ChainSpec,
    store: Box<dyn Store>,
) -> Result<Node, Fault> {
    let parts = Parts {
        engine: Box::new(Interpreter::new()),
        rules: rules.clone(),
        cache: CachePolicy::Disabled,
    };
    Node::open(parts, chain.clone(), store)
}

fn stopped() -> Fault {
    Fault::invariant("an executor did not restart")
}
