//! Collects one transaction's changes over a view, with checkpoints that can be reverted.
//!
//! A write is one insertion into an overlay and one undo entry; a revert undoes the writes since
//! the checkpoint, newest first. Checkpoints nest: a call between contracts takes one. Touched keys
//! stay touched after a revert, because the work was done.
//!
//! Growth is bounded by gas: a host call or a frame has paid for every entry.
//!
//! Specification: docs/spec/gas.md, "First touch".

use crate::event::Event;
use crate::fault::Fault;
use crate::identity::{Address, CodeHash};
use crate::module::CheckedModule;
use crate::state::{AccessSet, Account, StateDiff, StateView, key};
use crate::work::{self, WorkKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Changes of one transaction over a view; every call must pass the same view.
#[derive(Debug, Default)]
pub struct Journal {
    committed: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(super) overlay: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    undo: Vec<Undo>,
    events: Vec<Event>,
    event_bytes: u64,
    touched: BTreeSet<Vec<u8>>,
    pub(super) access: AccessSet,
}

/// A position in the journal to which it can be reverted; dropping it keeps the changes.
///
/// Checkpoints are reverted in reverse order; reverting one invalidates those taken after it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "without its checkpoint a frame cannot be reverted"]
pub struct Checkpoint {
    undo: usize,
    events: usize,
    event_bytes: u64,
}

/// The effects of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Events in the order of emission, reverted ones excluded.
    pub events: Vec<Event>,
    /// Net change of the state.
    pub diff: StateDiff,
    /// State keys that were read and written.
    pub access: AccessSet,
}

/// The previous overlay entry of a written key.
#[derive(Debug)]
struct Undo {
    key: Vec<u8>,
    previous: Option<Option<Vec<u8>>>,
}

impl Journal {
    /// The current value of a state key, `None` if absent.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub fn read(&mut self, view: &dyn StateView, key: &[u8]) -> Result<Option<&[u8]>, Fault> {
        if !self.overlay.contains_key(key) {
            self.load(view, key)?;
        }
        let found = self.overlay.get(key).or_else(|| self.committed.get(key));
        Ok(found.and_then(Option::as_deref))
    }

    /// Writes or, with `None`, removes the value under a state key.
    ///
    /// Reads the committed value, since the net diff depends on it.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub fn write(
        &mut self,
        view: &dyn StateView,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
    ) -> Result<(), Fault> {
        self.load(view, &key)?;
        if !self.access.writes.contains(&key) {
            self.access.writes.insert(key.clone());
        }
        // A key that was created and removed leaves no trace, so that no scan walks over it unpaid.
        let is_gone = value.is_none() && self.committed.get(&key) == Some(&None);
        let previous = if is_gone {
            self.overlay.remove(&key)
        } else {
            self.overlay.insert(key.clone(), value)
        };
        self.undo.push(Undo { key, previous });
        Ok(())
    }

    /// The current account of an address.
    ///
    /// # Errors
    /// [`Fault::Store`] if the store fails or the value is not a canonical account.
    pub fn account(&mut self, view: &dyn StateView, address: &Address) -> Result<Account, Fault> {
        Account::decode(self.read(view, &key::account(address))?)
    }

    /// Writes the account of an address; the default account is removed.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub fn set_account(
        &mut self,
        view: &dyn StateView,
        address: &Address,
        account: &Account,
    ) -> Result<(), Fault> {
        self.write(view, key::account(address), account.encode())
    }

    /// The module with a code hash; the code's key is recorded as read.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub fn code(
        &mut self,
        view: &dyn StateView,
        code_hash: &CodeHash,
    ) -> Result<Option<Arc<CheckedModule>>, Fault> {
        self.access.reads.insert(key::code(code_hash));
        view.code(code_hash)
    }

    /// Length in bytes of the code with a code hash; the code's key is recorded as read.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub fn code_bytes(
        &mut self,
        view: &dyn StateView,
        code_hash: &CodeHash,
    ) -> Result<Option<u64>, Fault> {
        self.access.reads.insert(key::code(code_hash));
        view.code_bytes(code_hash)
    }

    /// Records a touch of a state key; true if it is the first in the transaction.
    pub fn touch(&mut self, key: &[u8]) -> bool {
        let first = !self.touched.contains(key);
        if first {
            self.touched.insert(key.to_vec());
        }
        first
    }

    /// Appends an event; `bytes` is what it adds to [`Journal::event_bytes`].
    pub fn emit(&mut self, event: Event, bytes: u64) {
        self.events.push(event);
        self.event_bytes = self.event_bytes.saturating_add(bytes);
    }

    /// Events emitted so far, reverted ones excluded.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Bytes of topics and data of those events.
    #[must_use]
    pub const fn event_bytes(&self) -> u64 {
        self.event_bytes
    }

    /// State keys read and written so far, reverted ones included.
    #[must_use]
    pub const fn access(&self) -> &AccessSet {
        &self.access
    }

    /// A checkpoint of the current state.
    pub const fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            undo: self.undo.len(),
            events: self.events.len(),
            event_bytes: self.event_bytes,
        }
    }

    /// Undoes values and events since `checkpoint`; touched keys stay touched.
    pub fn revert(&mut self, checkpoint: Checkpoint) {
        while self.undo.len() > checkpoint.undo {
            let Some(Undo { key, previous }) = self.undo.pop() else {
                break;
            };
            work::add(WorkKind::Undone, 1);
            match previous {
                Some(value) => self.overlay.insert(key, value),
                None => self.overlay.remove(&key),
            };
        }
        self.events.truncate(checkpoint.events);
        self.event_bytes = checkpoint.event_bytes;
    }

    /// Net change of the state so far: keys equal to their committed value are omitted.
    #[must_use]
    pub fn diff(&self) -> StateDiff {
        let changed =
            |(key, value): &(&Vec<u8>, &Option<Vec<u8>>)| self.committed.get(*key) != Some(*value);
        let overlay = self.overlay.iter().filter(changed);
        overlay
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The effects of the transaction, reverted changes excluded.
    #[must_use]
    pub fn into_effects(self) -> Effects {
        let Self {
            committed,
            mut overlay,
            events,
            access,
            ..
        } = self;
        overlay.retain(|key, value| committed.get(key) != Some(value));
        Effects {
            events,
            diff: overlay,
            access,
        }
    }

    /// Caches the committed value, so that later reads and the diff agree with it.
    fn load(&mut self, view: &dyn StateView, key: &[u8]) -> Result<(), Fault> {
        if !self.committed.contains_key(key) {
            let value = view.read(key)?;
            self.access.reads.insert(key.to_vec());
            self.committed.insert(key.to_vec(), value);
        }
        Ok(())
    }
}
