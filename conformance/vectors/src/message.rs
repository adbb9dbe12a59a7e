//! Executes a message with all that it needs: uploaded code, accounts, frames that call frames.

use crate::fields::{self, Fields};
use crate::program::Setting;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use vm::{
    CheckedModule, CodeHash, Engine, Entries, Fault, Gas, Message, Rules, StateView, Walked,
    walk_committed,
};

/// State, and the code that was uploaded.
pub(crate) struct World {
    /// Caller, block and state; contracts are accounts of it.
    pub(crate) setting: Setting,
    /// Modules by code hash.
    pub(crate) codes: BTreeMap<CodeHash, Arc<CheckedModule>>,
}

impl World {
    /// What `message` comes to on `engine`.
    ///
    /// # Errors
    /// A [`Fault`] of this machine.
    pub(crate) fn execute(
        &self,
        engine: &dyn Engine,
        rules: &Arc<Rules>,
        (message, gas_limit): (&Message, u64),
    ) -> Result<Fields, Fault> {
        let environment = vm::Environment::new(engine, rules, self, &self.setting.block)?;
        let outcome = vm::execute(&environment, message, Gas(gas_limit))?;
        Ok(fields::of_outcome(&outcome))
    }
}

impl StateView for World {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.setting.read(key)
    }

    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.setting.scan(range, limit)
    }

    fn walk(&self, range: Range<&[u8]>, limit: usize) -> Result<Walked, Fault> {
        walk_committed(self, range, limit)
    }

    fn code(&self, code_hash: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
        Ok(self.codes.get(code_hash).map(Arc::clone))
    }
}
