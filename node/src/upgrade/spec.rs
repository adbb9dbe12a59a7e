//! Combines the genesis of a chain with its upgrade documents, and compares both with a state.

use super::{Planned, UpgradeDocument};
use crate::activations::{Activations, RULES_KEY, decode_activations, in_force};
use crate::genesis::Genesis;
use crate::limits::UPGRADES_MAX;
use crate::store::Store;
use vm::{Fault, Height, key};

/// What the operators of a chain configure: its genesis and its upgrades. All nodes of a chain need
/// the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainSpec {
    genesis: Genesis,
    planned: Planned,
}

/// Why a chain cannot be opened with what is configured. Each reason is one of the configuration,
/// but `Fault`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// A document is for another chain.
    #[error(
        "the upgrade document is for the chain {}, the genesis is that of {}: configure the \
         document of this chain",
        hex::encode(.document),
        hex::encode(.chain)
    )]
    OtherChain {
        /// Chain id in the document.
        document: [u8; 32],
        /// Chain id of the genesis.
        chain: [u8; 32],
    },
    /// Genesis and documents name two rules for one height.
    #[error(
        "two upgrades at height {height}, to the rules {} and {}: configure one of them, the same \
         on all nodes",
        hex::encode(.one),
        hex::encode(.other)
    )]
    TwoAtOnce {
        /// Height of both.
        height: Height,
        /// Id of the first rules.
        one: [u8; 32],
        /// Id of the other rules.
        other: [u8; 32],
    },
    /// Genesis and documents have too many upgrades.
    #[error("more than {UPGRADES_MAX} upgrades in the genesis and the upgrade documents")]
    TooMany,
    /// An upgrade above the last block is to the rules that are in force before it.
    #[error(
        "the upgrade at height {height} is to the rules {}, which are in force there already: \
         remove it, on all nodes",
        hex::encode(.rules_id)
    )]
    Unchanged {
        /// Height of the upgrade.
        height: Height,
        /// Id of the rules.
        rules_id: [u8; 32],
    },
    /// An upgrade at or below the last block did not happen in this state.
    #[error(
        "the configured upgrade at height {height} is to the rules {}, but the chain is at block \
         {tip} and block {height} was executed under the rules {}: an upgrade is configured before \
         its height, the same on all nodes",
        hex::encode(.planned),
        hex::encode(.executed)
    )]
    Missed {
        /// Height of the upgrade.
        height: Height,
        /// Id of the configured rules.
        planned: [u8; 32],
        /// Id of the rules of that block, by the state.
        executed: [u8; 32],
        /// Height of the last block.
        tip: Height,
    },
    /// The state lists other rules than the genesis, or a list that no chain writes.
    #[error("the list of rules in the state of block {tip} is not one of this chain: {reason}")]
    State {
        /// Height of the last block.
        tip: Height,
        /// What is wrong.
        reason: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Genesis> for ChainSpec {
    fn from(genesis: Genesis) -> Self {
        let planned = Planned(genesis.upgrades().iter().copied().collect());
        Self { genesis, planned }
    }
}

impl ChainSpec {
    /// Adds the upgrades of a document. One that is configured already is no error.
    ///
    /// # Errors
    /// [`SpecError`]; the height of the chain is compared when it is opened.
    pub fn with(mut self, document: &UpgradeDocument) -> Result<Self, SpecError> {
        let (document_chain, chain) = (*document.chain_id(), self.genesis.chain_id());
        if document_chain != chain {
            return Err(SpecError::OtherChain {
                document: document_chain,
                chain,
            });
        }
        for (height, id) in document.upgrades() {
            let one = *self.planned.0.entry(*height).or_insert(*id);
            if one != *id {
                let (height, other) = (*height, *id);
                return Err(SpecError::TwoAtOnce { height, one, other });
            }
        }
        match u32::try_from(self.planned.0.len()) {
            Ok(count) if count <= UPGRADES_MAX => Ok(self),
            _ => Err(SpecError::TooMany),
        }
    }

    /// The genesis.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Heights with the id of the rules that are configured from there on, ascending; without the
    /// rules of block 1.
    #[must_use]
    pub fn upgrades(&self) -> Activations {
        let planned = self.planned.0.iter();
        planned.map(|(height, id)| (*height, *id)).collect()
    }

    /// Genesis, and upgrades by height.
    pub(crate) fn into_parts(self) -> (Genesis, Planned) {
        (self.genesis, self.planned)
    }

    /// Compares what is configured with the rules that the state of a store lists. A store without
    /// blocks has nothing to compare.
    ///
    /// # Errors
    /// [`SpecError`], which names both sides.
    pub fn check(&self, store: &dyn Store) -> Result<(), SpecError> {
        self.listed(store).map(|_| ())
    }

    /// As [`ChainSpec::check`]; returns the list.
    pub(crate) fn listed(&self, store: &dyn Store) -> Result<Activations, SpecError> {
        let genesis = vec![(Height(1), *self.genesis.rules_id())];
        let (tip, listed) = match store.tip()? {
            Some(tip) => {
                let listed = store.read(&key::system(RULES_KEY))?;
                (tip.height, decode_activations(listed.as_deref())?)
            }
            None => (Height(0), genesis.clone()),
        };
        let state = |reason| SpecError::State { tip, reason };
        if listed.first() != genesis.first() {
            return Err(state("its first entry is not that of the genesis"));
        }
        let pairs = listed.iter().zip(listed.iter().skip(1));
        for ((before, id), (height, next)) in pairs {
            if height <= before || height > &tip || id == next {
                return Err(state("heights ascend to that block, and the rules change"));
            }
        }
        self.compare(&listed, tip)?;
        Ok(listed)
    }

    /// Compares each configured upgrade with the list of a state.
    fn compare(&self, listed: &Activations, tip: Height) -> Result<(), SpecError> {
        let mut last = listed.last().map(|(_, id)| *id).unwrap_or_default();
        for (height, id) in &self.planned.0 {
            let (height, planned) = (*height, *id);
            if height > tip {
                if planned == last {
                    let rules_id = planned;
                    return Err(SpecError::Unchanged { height, rules_id });
                }
                last = planned;
            } else if !listed.contains(&(height, planned)) {
                let executed = in_force(listed, height);
                return Err(SpecError::Missed {
                    height,
                    planned,
                    executed: executed.copied().unwrap_or_default(),
                    tip,
                });
            }
        }
        Ok(())
    }
}

impl From<SpecError> for Fault {
    fn from(error: SpecError) -> Self {
        match error {
            SpecError::Fault(fault) => fault,
            other => Self::Store(other.to_string()),
        }
    }
}
