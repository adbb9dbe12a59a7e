//! Reads committed state through a view and collects changes in a journal; writes nothing.
//!
//! Consensus: "State". Keys are a kind byte and a body, see [`key`].

pub mod access;

pub mod account;

pub mod journal;

pub mod key;

pub use access::AccessSet;
pub use account::Account;
pub use journal::{Checkpoint, Effects, Journal};

use crate::fault::Fault;
use crate::module::CheckedModule;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Net change of the state: new values, `None` for a removed key. Never equal to the old value.
pub type StateDiff = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Entries of a scan: keys and values in bytewise order of keys.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// State as of one point, read only. A failure is a [`Fault`] of the node, never a result.
pub trait StateView {
    /// The value under a state key, `None` if absent.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot answer.
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;

    /// At most `limit` entries with `range.start <= key < range.end`, in bytewise order.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot answer.
    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault>;

    /// The checked module under a code hash, `None` if it was never uploaded.
    ///
    /// # Errors
    /// [`Fault`] if the store cannot answer or what it holds is no longer what was checked.
    fn code(&self, code_hash: &[u8; 32]) -> Result<Option<Arc<CheckedModule>>, Fault>;
}
