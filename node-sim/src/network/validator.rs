//! Simulates one validator: a node, and a disk that survives the node.

use super::schedule::BlockBytes;
use crate::disk::{Failing, Loss, SimulatedDisk};
use crate::rerun::MakeEngine;
use node::{
    Block, BlockResult, CachePolicy, ChainSpec, Invalid, LogStore, NoObserver, Node, Parts,
    ValidBlock,
};
use vm::{Fault, Height, Rulebook};

/// A validator; it has no node while it is without power.
pub(super) struct Validator {
    engine: MakeEngine,
    rules: Rulebook,
    chain: ChainSpec,
    /// Build and configuration that its operator installs when it stops for want of them.
    missing: Option<(Rulebook, ChainSpec)>,
    disk: SimulatedDisk,
    node: Option<Node>,
    /// Height of the last block that it acknowledged.
    acknowledged: Height,
    /// Last height and round that it voted in.
    voted: Option<(Height, u64)>,
    /// True while the next write is to fail.
    is_failing: bool,
}

/// Why a validator does not accept the bytes of a block.
pub(super) struct Refusal {
    pub(super) reason: String,
    /// True if the validator lacks rules or the upgrade document, so that it says nothing about the
    /// block.
    pub(super) is_behind: bool,
}

/// Result of applying a decided block.
pub(super) enum ApplyResult {
    Result(BlockResult),
    /// The validator rejects the block.
    Refused,
    /// The validator lacks rules or the upgrade document.
    Behind,
    /// An injected write failure; the validator is without power.
    Crashed,
}

impl Validator {
    /// A validator with power, at the genesis.
    pub(super) fn new(
        engine: MakeEngine,
        (rules, chain): (Rulebook, ChainSpec),
        missing: Option<(Rulebook, ChainSpec)>,
        seed: u64,
    ) -> Result<Self, Fault> {
        let mut validator = Self {
            engine,
            rules,
            chain,
            missing,
            disk: SimulatedDisk::new(seed),
            node: None,
            acknowledged: Height(0),
            voted: None,
            is_failing: false,
        };
        validator.restart()?;
        Ok(validator)
    }

    /// Opens the node from the disk; returns its height.
    pub(super) fn restart(&mut self) -> Result<Height, Fault> {
        let parts = Parts {
            engine: (self.engine)(),
            rules: self.rules.clone(),
            cache: CachePolicy::Warm,
        };
        let store = LogStore::open(self.disk.clone())?;
        let node = Node::open(parts, self.chain.clone(), Box::new(store))?;
        let height = node.tip().height;
        self.node = Some(node);
        Ok(height)
    }

    /// Loses power: unsynced bytes change as `loss` says.
    pub(super) fn crash(&mut self, loss: Loss) {
        self.node = None;
        self.is_failing = false;
        self.disk.fail(Failing::Never);
        self.disk.crash(loss);
    }

    /// Installs the build and the configuration that the validator lacks; they are in use after its
    /// next restart.
    pub(super) fn equip(&mut self) {
        if let Some((rules, chain)) = self.missing.take() {
            (self.rules, self.chain) = (rules, chain);
        }
    }

    /// True while the validator lacks rules or the upgrade document.
    pub(super) const fn is_lacking(&self) -> bool {
        self.missing.is_some()
    }

    /// Makes the disk fail `operations` operations from now, in the next commit or the one after.
    pub(super) fn plan_failure(&mut self, operations: u64) {
        let from = self.disk.operations().saturating_add(operations);
        self.disk.fail(Failing::From(from));
        self.is_failing = true;
    }

    /// The node, while there is power.
    pub(super) const fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// Height of the last acknowledged block.
    pub(super) const fn acknowledged(&self) -> Height {
        self.acknowledged
    }

    /// True at most once a round.
    pub(super) fn may_vote(&mut self, at: (Height, u64)) -> bool {
        let may = self.voted.is_none_or(|last| last < at);
        if may {
            self.voted = Some(at);
        }
        may
    }

    /// Validates the bytes of a block at the tip; `None` without power.
    pub(super) fn validate(&self, bytes: &BlockBytes) -> Option<Result<ValidBlock, Refusal>> {
        let node = self.node.as_ref()?;
        let refusal = |reason: String, is_behind| Refusal { reason, is_behind };
        let block = Block::decode(bytes, self.chain.genesis().limits().block_bytes);
        Some(match block {
            Ok(block) => node.validate(block).map_err(|reason| {
                let is_behind = match reason {
                    Invalid::RulesUnknown(_) => true,
                    Invalid::RulesId { .. } => self.is_lacking(),
                    _ => false,
                };
                refusal(reason.to_string(), is_behind)
            }),
            Err(reason) => Err(refusal(reason.to_string(), false)),
        })
    }

    /// Applies a decided block; `None` without power.
    pub(super) fn apply(&mut self, bytes: &BlockBytes) -> Result<Option<ApplyResult>, Fault> {
        let valid = match self.validate(bytes) {
            None => return Ok(None),
            Some(Err(refusal)) if refusal.is_behind => return Ok(Some(ApplyResult::Behind)),
            Some(Err(_)) => return Ok(Some(ApplyResult::Refused)),
            Some(Ok(valid)) => valid,
        };
        let Some(node) = self.node.as_mut() else {
            return Ok(None);
        };
        match node.apply(&valid, &mut NoObserver) {
            Ok(result) => {
                self.acknowledged = node.tip().height;
                Ok(Some(ApplyResult::Result(result)))
            }
            Err(Fault::Store(_)) if self.is_failing => Ok(Some(ApplyResult::Crashed)),
            Err(fault) => Err(fault),
        }
    }
}
