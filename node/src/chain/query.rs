//! Reads the state of a recent final block, or of a verified block, without waiting for executions.

use super::outcome::ChainError;
use super::unfinalized::View;
use super::{Chain, read_lock};
use crate::activations::{RULES_KEY, decode_activations};
use crate::base::Base;
use crate::header::Tip;
use crate::overlay::Overlay;
use std::sync::Arc;
use vm::unstable::state::Account;
use vm::{Address, BlockMetadata, Environment, Gas, Height, Message, Outcome, Rules, key};

/// The block whose state a query reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The last final block.
    Final,
    /// The final block at this height: one of the last
    /// [`Options::query_blocks_max`](super::Options::query_blocks_max) + 1.
    Height(Height),
    /// The block of this hash: a verified one, or a final one as for [`At::Height`].
    Block([u8; 32]),
}

impl Chain {
    /// The value under a state key, `None` if absent.
    ///
    /// # Errors
    /// [`Misuse::UnknownBlock`](super::Misuse::UnknownBlock),
    /// [`Misuse::Height`](super::Misuse::Height); [`vm::Fault`] if the store fails.
    pub fn read(&self, at: At, key: &[u8]) -> Result<Option<Vec<u8>>, ChainError> {
        self.with_base(at, |_, base| Ok(base.read(key)?))
    }

    /// The account of an address, the default one if absent.
    ///
    /// # Errors
    /// As [`Chain::read`].
    pub fn account(&self, at: At, address: &Address) -> Result<Account, ChainError> {
        let value = self.read(at, &key::account(address))?;
        Ok(Account::decode(value.as_deref())?)
    }

    /// Calls a contract as the first message of the next block would, under the rules of that, with
    /// at most `gas_limit`, and drops its changes. The block has the time of its parent and no
    /// proposer.
    ///
    /// # Errors
    /// As [`Chain::read`]; [`vm::Fault`] if the engine fails.
    pub fn call(&self, at: At, message: &Message, gas_limit: Gas) -> Result<Outcome, ChainError> {
        self.with_base(at, |tip, base| {
            let rules = self.rules_above(tip, &base)?;
            let overlay = Overlay::above(base, &self.cache, rules);
            let block = BlockMetadata {
                height: tip.height.next(),
                time_ms: tip.time_ms,
                chain_id: self.chain_id,
                proposer: Address([0; 32]),
            };
            let environment =
                Environment::new(self.parts.engine.as_ref(), rules, &overlay, &block)?;
            Ok(vm::execute(&environment, message, gas_limit)?)
        })
    }

    /// The rules in force in the block above this one: as configured for its height, else by the
    /// list in the state of this one.
    pub(super) fn rules_above(
        &self,
        tip: &Tip,
        base: &Base<'_>,
    ) -> Result<&Arc<Rules>, ChainError> {
        let listed = base.read(&key::system(RULES_KEY))?;
        let listed = (&decode_activations(listed.as_deref())?, tip.height);
        let rulebook = &self.parts.rules;
        Ok(self.planned.rules_at(listed, rulebook, tip.height.next())?)
    }

    /// Reads the state of a block; finalizing waits meanwhile.
    pub(super) fn with_base<T>(
        &self,
        at: At,
        read: impl FnOnce(&Tip, Base<'_>) -> Result<T, ChainError>,
    ) -> Result<T, ChainError> {
        self.with_view(at, |view, base| read(&view.tip, base))
    }

    /// As [`Chain::with_base`], with the way to the block.
    pub(super) fn with_view<T>(
        &self,
        at: At,
        read: impl FnOnce(&View, Base<'_>) -> Result<T, ChainError>,
    ) -> Result<T, ChainError> {
        self.running()?;
        let store = read_lock(&self.store)?;
        let view = read_lock(&self.unfinalized)?.view(at)?;
        read(&view, Base::path(&**store, &view.diffs()))
    }
}
