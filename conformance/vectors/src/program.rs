//! Describes one run of one function of one module, without engine and gas limit.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::Arc;
use vm::unstable::execution::Value;
use vm::unstable::module::ExportKind;
use vm::{
    Address, BlockMetadata, CheckedModule, CodeHash, Entries, Fault, Height, Rules, StateView,
    Walked, walk_committed,
};

/// One run of one function, without engine and gas limit.
#[derive(Clone, Debug)]
pub struct Program {
    /// Name of the program in messages.
    pub name: String,
    /// The module.
    pub module: Arc<CheckedModule>,
    /// The rules under which it was checked and is run.
    pub rules: Arc<Rules>,
    /// Index of the function; it must be exported, since third-party engines call exports only.
    pub entry: u32,
    /// Arguments of the function.
    pub arguments: Vec<Value>,
    /// Environment and state of the frame.
    pub inputs: ProgramInputs,
    /// Gas limit of the run that finds the total, in gas; see `PROBE_GAS` of `conformance`.
    pub probe_gas: u64,
}

/// Values by state key.
pub type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// Environment and state of a frame: what host functions return to the guest.
#[derive(Clone, Debug)]
pub struct ProgramInputs {
    /// Input of the call.
    pub input: Vec<u8>,
    /// Address of the caller.
    pub caller: Address,
    /// Address of the contract itself.
    pub address: Address,
    /// True for a static frame, which must not change state.
    pub is_static: bool,
    /// Metadata of the block.
    pub block: BlockMetadata,
    /// State before the run, by state key.
    pub state: State,
}

impl Default for ProgramInputs {
    /// Zero addresses, empty input and state, height 1, time 0: the defaults of `lockstep run`.
    fn default() -> Self {
        Self {
            input: Vec::new(),
            caller: Address([0; 32]),
            address: Address([0; 32]),
            is_static: false,
            block: BlockMetadata {
                height: Height(1),
                time_ms: 0,
                chain_id: [0; 32],
                proposer: Address([0; 32]),
            },
            state: State::new(),
        }
    }
}

impl Program {
    /// The same program with other inputs.
    #[must_use]
    pub fn with_inputs(mut self, inputs: ProgramInputs) -> Self {
        self.inputs = inputs;
        self
    }

    /// Names of the exported functions that are not imports, in order.
    #[must_use]
    pub fn functions(module: &CheckedModule) -> Vec<(String, u32)> {
        module
            .exports()
            .iter()
            .filter(|export| export.kind == ExportKind::Function)
            .filter(|export| module.function(export.index).is_some())
            .map(|export| (export.name.clone(), export.index))
            .collect()
    }
}

/// The state of a test; it contains no code.
impl StateView for ProgramInputs {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.state.get(key).cloned())
    }

    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        if range.start >= range.end {
            return Ok(Vec::new());
        }
        let bounds = (Bound::Included(range.start), Bound::Excluded(range.end));
        let entries = self.state.range::<[u8], _>(bounds).take(limit);
        Ok(entries
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    fn walk(&self, range: Range<&[u8]>, limit: usize) -> Result<Walked, Fault> {
        walk_committed(self, range, limit)
    }

    fn code(&self, _code_hash: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
        Ok(None)
    }
}
