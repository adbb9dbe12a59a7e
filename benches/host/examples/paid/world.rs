//! A state in memory with one contract for each program; nothing is written back.

use crate::programs::{Case, callees};
use std::collections::BTreeMap;
use std::error::Error;
use std::ops::Range;
use std::sync::Arc;
use vm::{
    Account, Address, BlockMetadata, CheckedModule, CodeHash, Engine, Entries, Environment, Fault,
    Gas, Height, Message, Rules, StateView, Target, Walked, check, execute, key, walk_committed,
};

/// The state, the rules and the block.
pub(crate) struct World {
    rules: Arc<Rules>,
    block: BlockMetadata,
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    modules: BTreeMap<CodeHash, Arc<CheckedModule>>,
}

impl World {
    /// A state with the contracts of `cases` and those that they call.
    pub(crate) fn new(cases: &[Case]) -> Result<Self, Box<dyn Error>> {
        let mut world = Self {
            rules: Arc::new(Rules::v1()),
            block: BlockMetadata {
                height: Height(300),
                time_ms: 5,
                chain_id: [1; 32],
                proposer: Address([2; 32]),
            },
            values: BTreeMap::new(),
            modules: BTreeMap::new(),
        };
        for (address, text) in callees() {
            world.install(address, &text)?;
        }
        for case in cases {
            world.install(case.address, &case.text)?;
            for (key, value) in &case.values {
                let key = key::value(&case.address, key);
                world.values.insert(key, value.clone());
            }
        }
        Ok(world)
    }

    fn install(&mut self, address: Address, text: &str) -> Result<(), Box<dyn Error>> {
        let wasm = wat::parse_str(text)?;
        let module = Arc::new(check(&wasm, &self.rules)?);
        let code_hash = *module.code_hash();
        self.modules.insert(code_hash, module);
        let account = Account {
            nonce: 0,
            balance: 1_000,
            code_hash: Some(code_hash),
        };
        let account = account.encode().ok_or("an account without a value")?;
        self.values.insert(key::account(&address), account);
        Ok(())
    }

    /// Calls `go` of a contract; returns the gas used.
    pub(crate) fn call(
        &self,
        engine: &dyn Engine,
        contract: Address,
        gas: u64,
    ) -> Result<u64, Fault> {
        let environment = Environment::new(engine, &self.rules, self, &self.block)?;
        let message = Message {
            tx_hash: [7; 32],
            caller: Address([0x5e; 32]),
            target: Target::Call { contract },
            entry: "go".to_owned(),
            input: Vec::new(),
            value: 0,
        };
        Ok(execute(&environment, &message, Gas(gas))?.gas_used.0)
    }
}

impl StateView for World {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.values.get(key).cloned())
    }

    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let entries = self.values.range(range.start.to_vec()..range.end.to_vec());
        let entries = entries.map(|(key, value)| (key.clone(), value.clone()));
        Ok(entries.take(limit).collect())
    }

    fn walk(&self, range: Range<&[u8]>, limit: usize) -> Result<Walked, Fault> {
        walk_committed(self, range, limit)
    }

    fn code(&self, code_hash: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
        Ok(self.modules.get(code_hash).cloned())
    }
}
