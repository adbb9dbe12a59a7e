//! Describes the versions of a simulated chain: the rules that its nodes know, and the heights at
//! which it changes to them.

use node::{Activations, ChainSpec, Genesis, UpgradeDocument};
use vm::{Fault, Rulebook};

/// Where the upgrades of a simulated chain are written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// In an upgrade document, which the chain id does not cover.
    #[default]
    Document,
    /// In the genesis, format 2.
    Genesis,
}

/// Rules and upgrades of a simulated chain, which begins under version 1.
#[derive(Clone, Debug)]
pub struct Versions {
    /// Rules that the nodes know.
    pub rulebook: Rulebook,
    /// Heights with the id of the rules that are in force from there on, ascending.
    pub upgrades: Activations,
    /// Where the upgrades are written down.
    pub listing: Listing,
}

impl Default for Versions {
    /// The rules of this build, without upgrades.
    fn default() -> Self {
        Self {
            rulebook: node::rules::rulebook(),
            upgrades: Activations::new(),
            listing: Listing::Document,
        }
    }
}

impl Versions {
    /// The genesis of the chain, with the upgrades if they are in it.
    pub(crate) fn genesis(&self, genesis: Genesis) -> Result<Genesis, Fault> {
        if self.listing == Listing::Document || self.upgrades.is_empty() {
            return Ok(genesis);
        }
        let upgrades = self.upgrades.clone();
        genesis.with_upgrades(upgrades).map_err(unfit)
    }

    /// What the operators of the chain configure.
    pub(crate) fn spec(&self, genesis: &Genesis) -> Result<ChainSpec, Fault> {
        let chain = ChainSpec::from(genesis.clone());
        if self.listing == Listing::Genesis || self.upgrades.is_empty() {
            return Ok(chain);
        }
        let document = UpgradeDocument::new(genesis.chain_id(), self.upgrades.clone());
        Ok(chain.with(&document.map_err(unfit)?)?)
    }
}

fn unfit(reason: impl core::fmt::Display) -> Fault {
    Fault::invariant(format!("simulated upgrades: {reason}"))
}
