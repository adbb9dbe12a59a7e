//! Decides which rules are in force at a height: the state says so up to its block, what the
//! operators configure from there on.
//!
//! ```text
//! genesis (format 2), upgrade documents --> ChainSpec   what is planned
//! first write of the block of a height  --> the list in the state   what has happened
//! ```
//!
//! Specification: docs/spec/blocks.md, "Rules by height". Tests: `tests/it/upgrade`.

/// Documents of the operators.
mod document;

/// Genesis and documents of a chain.
mod spec;

pub use document::{UpgradeDocument, UpgradeDocumentError};
pub use spec::{ChainSpec, SpecError};

use crate::genesis::{Activations, in_force};
use crate::limits::UPGRADES_MAX;
use crate::rules::Prices;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::{Fault, Height, Rulebook, Rules};

/// Least height of an upgrade: the rules of block 1 are those of the genesis.
const FIRST_HEIGHT: Height = Height(2);

/// Why a list of upgrades is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpgradesError {
    /// The list is empty.
    #[error("no upgrade")]
    None,
    /// There are too many upgrades.
    #[error("more than {UPGRADES_MAX} upgrades")]
    TooMany,
    /// A height is below 2, or not above that of the upgrade before.
    #[error("the upgrade at height {0}: heights are 2 or more, each above the one before")]
    Order(Height),
    /// An upgrade names the rules that are in force already.
    #[error("the upgrade at height {0} is to the rules that are in force already")]
    Unchanged(Height),
}

/// Checks a list of upgrades; `first` is the id of the rules before it, if that is known.
pub(crate) fn check_upgrades(
    upgrades: &Activations,
    first: Option<&[u8; 32]>,
) -> Result<(), UpgradesError> {
    if upgrades.is_empty() {
        return Err(UpgradesError::None);
    }
    if u32::try_from(upgrades.len()).map_or(true, |count| count > UPGRADES_MAX) {
        return Err(UpgradesError::TooMany);
    }
    let (mut least, mut before) = (FIRST_HEIGHT, first);
    for (height, id) in upgrades {
        if *height < least || height.0 == u64::MAX {
            return Err(UpgradesError::Order(*height));
        }
        if before == Some(id) {
            return Err(UpgradesError::Unchanged(*height));
        }
        (least, before) = (height.next(), Some(id));
    }
    Ok(())
}

/// The next block needs rules that this build does not have. It says nothing about the block: this
/// node is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "block {height} needs the rules {}, which this build does not have: install a build that has \
     them and open the same store with it; no part of the block was executed",
    hex::encode(.rules_id)
)]
pub struct RulesUnknown {
    /// Height of the block.
    pub height: Height,
    /// Id of the rules in force there; zeros if the state lists none.
    pub rules_id: [u8; 32],
}

impl From<RulesUnknown> for Fault {
    fn from(unknown: RulesUnknown) -> Self {
        Self::invariant(unknown.to_string())
    }
}

/// The upgrades that the operators of a chain configure, by height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Planned(BTreeMap<Height, [u8; 32]>);

impl Planned {
    /// Id of the rules in force at a height: the last planned above the block `tip`, else what the
    /// state after that block lists.
    pub(crate) fn id_at(
        &self,
        listed: &Activations,
        tip: Height,
        height: Height,
    ) -> Option<[u8; 32]> {
        let above = self.0.range(..=height).next_back();
        match above.filter(|(from, _)| **from > tip) {
            Some((_, id)) => Some(*id),
            None => in_force(listed, height).copied(),
        }
    }

    /// The rules of the id of [`Planned::id_at`], which have prices of transactions.
    pub(crate) fn rules_at<'a>(
        &self,
        (listed, tip): (&Activations, Height),
        rulebook: &'a Rulebook,
        height: Height,
    ) -> Result<&'a Arc<Rules>, RulesUnknown> {
        let id = self.id_at(listed, tip, height).unwrap_or_default();
        let rules = rulebook.get(&id);
        rules
            .filter(|rules| Prices::of(rules).is_some())
            .ok_or(RulesUnknown {
                height,
                rules_id: id,
            })
    }
}
