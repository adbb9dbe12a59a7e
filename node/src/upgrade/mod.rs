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

use crate::activations::{Activations, RulesUnknown, in_force};
use crate::rules::Prices;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::{Height, Rulebook, Rules};

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
