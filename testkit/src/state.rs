//! Stores the state of a world in persistent maps, which are copied in constant time.

use contract_types::Address;
use rpds::RedBlackTreeMapSync;
use std::ops::{Bound, Range};
use std::sync::Arc;
use vm::unstable::state::Account;
use vm::{
    CheckedModule, CodeHash, Entries, Fault, StateDiff, StateView, Walked, key, walk_committed,
};

/// State values, and the checked modules of uploaded code.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    values: RedBlackTreeMapSync<Vec<u8>, Vec<u8>>,
    modules: RedBlackTreeMapSync<CodeHash, Arc<CheckedModule>>,
}

impl State {
    pub(crate) fn apply(&mut self, diff: StateDiff) {
        for (key, value) in diff {
            self.set(key, value);
        }
    }

    pub(crate) fn set(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        match value {
            Some(value) => self.values.insert_mut(key, value),
            None => {
                self.values.remove_mut(&key);
            }
        }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.values.get(key).map(Vec::as_slice)
    }

    pub(crate) fn upload(&mut self, module: Arc<CheckedModule>) {
        let code_hash = *module.code_hash();
        self.set(key::code(&code_hash), Some(module.bytes().to_vec()));
        self.modules.insert_mut(code_hash, module);
    }

    pub(crate) fn module(&self, code_hash: &CodeHash) -> Option<&Arc<CheckedModule>> {
        self.modules.get(code_hash)
    }

    /// The account of an address. Stored accounts always have the canonical encoding.
    pub(crate) fn account(&self, of: Address) -> Account {
        Account::decode(self.get(&key::account(&vm::Address(of.0)))).unwrap_or_default()
    }

    pub(crate) fn set_account(&mut self, of: Address, account: &Account) {
        self.set(key::account(&vm::Address(of.0)), account.encode());
    }

    /// Entries with `start <= key < end`, in bytewise order.
    pub(crate) fn range(&self, range: Range<&[u8]>) -> impl Iterator<Item = (&[u8], &[u8])> {
        let bounds: (Bound<&[u8]>, Bound<&[u8]>) =
            (Bound::Included(range.start), Bound::Excluded(range.end));
        // The map's `range` panics if the start is after the end.
        let entries = (range.start < range.end).then(|| self.values.range::<[u8], _>(bounds));
        let entries = entries.into_iter().flatten();
        entries.map(|(key, value)| (key.as_slice(), value.as_slice()))
    }
}

impl StateView for State {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.get(key).map(<[u8]>::to_vec))
    }

    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let entries = self.range(range).take(limit);
        Ok(entries
            .map(|(key, value)| (key.to_vec(), value.to_vec()))
            .collect())
    }

    fn walk(&self, range: Range<&[u8]>, limit: usize) -> Result<Walked, Fault> {
        walk_committed(self, range, limit)
    }

    fn code(&self, code_hash: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
        Ok(self.modules.get(code_hash).cloned())
    }
}
