//! Executes a message on a state with accounts and uploaded code, so that contracts can call.

use crate::fields::{self, Fields};
use crate::program::ProgramInputs;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use vm::{
    CheckedModule, CodeHash, Engine, Entries, Fault, Gas, Message, Rules, StateView, Walked,
    walk_committed,
};

/// State before the message, and the uploaded code.
pub(crate) struct MessageState {
    /// Caller, block and state; the state has an account for each contract.
    pub(crate) inputs: ProgramInputs,
    /// Modules by code hash.
    pub(crate) codes: BTreeMap<CodeHash, Arc<CheckedModule>>,
}

impl MessageState {
    /// Result of `message` on `engine`.
    ///
    /// # Errors
    /// A [`Fault`] of this machine.
    pub(crate) fn execute(
        &self,
        engine: &dyn Engine,
        rules: &Arc<Rules>,
        (message, gas_limit): (&Message, u64),
    ) -> Result<Fields, Fault> {
        let environment = vm::Environment::new(engine, rules, self, &self.inputs.block)?;
        let outcome = vm::execute(&environment, message, Gas(gas_limit))?;
        Ok(fields::of_outcome(&outcome))
    }
}

impl StateView for MessageState {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.inputs.read(key)
    }

    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.inputs.scan(range, limit)
    }

    fn walk(&self, range: Range<&[u8]>, limit: usize) -> Result<Walked, Fault> {
        walk_committed(self, range, limit)
    }

    fn code(&self, code_hash: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
        Ok(self.codes.get(code_hash).map(Arc::clone))
    }
}
