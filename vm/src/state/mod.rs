//! Reads committed state through a view and collects changes in a journal; writes nothing.
//!
//! Keys are a kind byte and a body, see [`key`].
//!
//! Specification: docs/spec/state.md, "State".

mod access;

mod account;

mod balance;

mod journal;

pub mod key;

mod walk;

pub use access::AccessSet;
pub use account::Account;
pub use journal::{Checkpoint, Effects, Journal};
pub use walk::Walk;

use crate::fault::Fault;
use crate::identity::CodeHash;
use crate::module::CheckedModule;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Net change of the state: new values, `None` for a removed key. Never equal to the old value.
pub type StateDiff = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Entries of a scan: keys and values in bytewise order of keys.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// A key of a walk with its value, `None` for a hidden key.
pub type WalkedKey = (Vec<u8>, Option<Vec<u8>>);

/// Keys of a walk in bytewise order.
pub type Walked = Vec<WalkedKey>;

/// A read-only snapshot of the state. A failure is a [`Fault`] of the node, never a result.
pub trait StateView {
    /// The value under a state key, `None` if absent.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// At most `limit` entries with `range.start <= key < range.end`, in bytewise order.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault>;

    /// At most `limit` keys with `range.start <= key < range.end`, in bytewise order: the entries
    /// of [`StateView::scan`] and, with `None`, the keys that existed at the block's start and are
    /// absent now.
    ///
    /// A view of the state at the block's start has no hidden keys and returns [`walk_committed`].
    /// A view with changes of the same block must return hidden keys: they cost gas.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    fn walk(&self, range: Range<&[u8]>, limit: usize) -> Result<Walked, Fault>;

    /// Length in bytes of the uploaded code with a code hash, `None` if it was never uploaded.
    ///
    /// The length is charged before the module is loaded, so a view should know it without loading
    /// the module.
    ///
    /// # Errors
    /// As [`StateView::code`].
    fn code_bytes(&self, code_hash: &CodeHash) -> Result<Option<u64>, Fault> {
        let module = self.code(code_hash)?;
        Ok(module.map(|module| u64::try_from(module.bytes().len()).unwrap_or(u64::MAX)))
    }

    /// The checked module with a code hash, `None` if it was never uploaded.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or its content is no longer what was checked.
    fn code(&self, code_hash: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault>;
}

/// Implements [`StateView::walk`] for a view of the state at a block's start, which has no hidden
/// keys.
///
/// # Errors
/// As [`StateView::scan`].
pub fn walk_committed(
    view: &impl StateView,
    range: Range<&[u8]>,
    limit: usize,
) -> Result<Walked, Fault> {
    let entries = view.scan(range, limit)?.into_iter();
    Ok(entries.map(|(key, value)| (key, Some(value))).collect())
}
