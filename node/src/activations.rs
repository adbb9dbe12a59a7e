//! Lists rules by the height from which they are in force: in the state, a genesis or a document.
//!
//! Specification: docs/spec/blocks.md, "Rules by height".

use crate::limits::UPGRADES_MAX;
use vm::{Fault, Height};

/// Name of the system key whose value lists the rules by activation height.
pub const RULES_KEY: &str = "rules";

/// Rules ids with the height from which each is in force, ascending; the value of [`RULES_KEY`].
pub type Activations = Vec<(Height, [u8; 32])>;

/// Decodes the value of [`RULES_KEY`].
pub(crate) fn decode_activations(value: Option<&[u8]>) -> Result<Activations, Fault> {
    borsh::from_slice(value.unwrap_or_default())
        .map_err(|_| Fault::Store("the list of rules does not decode".to_owned()))
}

/// Id of the rules in force at a height; `None` before the first activation.
pub(crate) fn in_force(activations: &Activations, height: Height) -> Option<&[u8; 32]> {
    let last = activations.iter().rfind(|(from, _)| *from <= height);
    last.map(|(_, id)| id)
}

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
