//! Layers the changes of a block and of its current transaction over the state at its start.
//!
//! ```text
//! read:  transaction -> block -> base         finish_transaction: transaction into block, net
//! ```

use crate::activations::{RULES_KEY, decode_activations};
use crate::base::Base;
use crate::cache::CodeCache;
use crate::code_records::{self, CodeRecords, NewRecords};
use crate::digest::{length, sha256};
use crate::store::{Record, Store};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Range};
use std::sync::Arc;
use vm::unstable::state::Account;
use vm::unstable::work::{self, WorkKind};
use vm::{
    Address, CheckedModule, CodeHash, Entries, Fault, Rules, StateDiff, StateView, Walked, key,
};

/// State inside a block. A clone is an independent copy.
#[derive(Clone)]
pub struct Overlay<'a> {
    base: Base<'a>,
    cache: &'a CodeCache,
    rules: &'a Arc<Rules>,
    block: StateDiff,
    transaction: StateDiff,
    reads: Option<RefCell<ReadSet>>,
    records: RefCell<NewRecords>,
    /// Lengths of codes at the block's start, as far as they were needed.
    lengths: RefCell<BTreeMap<CodeHash, u64>>,
}

/// Lengths that an overlay keeps, about 6 MB. The first touch of a code in a transaction pays for
/// reading its length; later ones find it here.
const LENGTHS_MAX: usize = 65_536;

/// Keys and ranges that were read through an overlay. With the values found there, they suffice to
/// repeat the same execution without the rest of the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSet {
    /// State keys that were read or checked for presence.
    pub keys: BTreeSet<Vec<u8>>,
    /// Ranges that were scanned or walked: start, end, and the number of stored entries requested.
    pub ranges: BTreeSet<(Vec<u8>, Vec<u8>, usize)>,
}

/// Net change of one transaction, and the balances of the accounts in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Net {
    /// New values of the keys whose value changed.
    pub diff: StateDiff,
    /// Sum of the balances of changed accounts before the transaction.
    pub balances_before: u128,
    /// Sum of the balances of the same accounts after it.
    pub balances_after: u128,
}

impl<'a> Overlay<'a> {
    /// An overlay without changes on committed state.
    #[must_use]
    pub fn new(store: &'a dyn Store, cache: &'a CodeCache, rules: &'a Arc<Rules>) -> Self {
        Self::above(Base::committed(store), cache, rules)
    }

    /// An overlay without changes.
    pub(crate) fn above(base: Base<'a>, cache: &'a CodeCache, rules: &'a Arc<Rules>) -> Self {
        Self {
            base,
            cache,
            rules,
            block: StateDiff::new(),
            transaction: StateDiff::new(),
            reads: None,
            records: RefCell::default(),
            lengths: RefCell::default(),
        }
    }

    /// Replaces the changes of the block so far, of which each removal is that of a stored key.
    #[must_use]
    pub fn within(mut self, block: StateDiff) -> Self {
        self.block = block;
        self
    }

    /// Starts to record reads, for [`Overlay::reads`].
    #[must_use]
    pub fn noting_reads(mut self) -> Self {
        self.reads = Some(RefCell::default());
        self
    }

    /// Reads since [`Overlay::noting_reads`].
    #[must_use]
    pub fn reads(&self) -> ReadSet {
        self.reads
            .as_ref()
            .map(|reads| reads.borrow().clone())
            .unwrap_or_default()
    }

    /// Changes of the block so far, without those of the current transaction.
    #[must_use]
    pub const fn block_changes(&self) -> &StateDiff {
        &self.block
    }

    fn note_key(&self, key: &[u8]) {
        if let Some(reads) = &self.reads {
            reads.borrow_mut().keys.insert(key.to_vec());
        }
    }

    fn note_range(&self, range: &Range<&[u8]>, limit: usize) {
        if let Some(reads) = &self.reads {
            let range = (range.start.to_vec(), range.end.to_vec(), limit);
            reads.borrow_mut().ranges.insert(range);
        }
    }

    /// Sets or removes a value in the current transaction.
    pub fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.transaction.insert(key, value);
    }

    /// The account of an address, the default one if absent.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or the value does not decode.
    pub fn account(&self, address: &Address) -> Result<Account, Fault> {
        Account::decode(self.read(&key::account(address))?.as_deref())
    }

    /// Sets an account; removes one that equals the default.
    pub fn set_account(&mut self, address: &Address, account: &Account) {
        self.write(key::account(address), account.encode());
    }

    /// Adds an amount to an account.
    ///
    /// # Errors
    /// [`Fault`] on overflow: the supply fits a u128, so an overflow is a bug.
    pub fn credit(&mut self, address: &Address, amount: u128) -> Result<(), Fault> {
        if amount == 0 {
            return Ok(());
        }
        let mut account = self.account(address)?;
        account.balance = account
            .balance
            .checked_add(amount)
            .ok_or_else(|| Fault::invariant("a balance exceeds the supply"))?;
        self.set_account(address, &account);
        Ok(())
    }

    /// Stores an accepted module; a second upload of the same bytes changes nothing.
    pub fn upload(&mut self, module: CheckedModule) {
        self.write(key::code(module.code_hash()), Some(module.bytes().to_vec()));
        self.records.get_mut().upload(self.rules.id(), &module);
        self.cache.insert(Arc::new(module));
    }

    /// Ends the transaction and adds its net change to the block's.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or an account does not decode.
    pub fn finish_transaction(&mut self) -> Result<Net, Fault> {
        let mut net = Net::default();
        for (key, value) in core::mem::take(&mut self.transaction) {
            let before = self.read(&key)?;
            if before == value {
                continue;
            }
            if key.first() == Some(&key::ACCOUNT) {
                add_balance(&mut net.balances_before, before.as_deref())?;
                add_balance(&mut net.balances_after, value.as_deref())?;
            }
            if value.is_none() && !self.base.contains(&key)? {
                // Created and removed inside the block: leave no tombstone for a walk to visit.
                self.block.remove(&key);
            } else {
                self.block.insert(key.clone(), value.clone());
            }
            net.diff.insert(key, value);
        }
        self.cache.end_transaction();
        Ok(net)
    }

    /// Records of this machine for the commit of the block, [`crate::Commit::records`]: lengths and
    /// checked forms of the codes that it uploads, and of those that it found to have none. They
    /// are in no result; a commit without them costs time later.
    #[must_use]
    pub fn code_records(&self) -> Vec<Record> {
        let records = self.records.borrow().clone().into_records();
        code_records::written(&records).collect()
    }

    pub(crate) fn take_records(&mut self) -> CodeRecords {
        core::mem::take(self.records.get_mut()).into_records()
    }

    pub(crate) fn new_records(self) -> NewRecords {
        self.records.into_inner()
    }

    /// Net change of the block against the state at its start.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, or a transaction is unfinished.
    pub fn into_diff(self) -> Result<StateDiff, Fault> {
        self.into_diffs().map(|(diff, _)| diff)
    }

    /// As [`Overlay::into_diff`], with the reverse diff: the values at the block's start of the
    /// keys in the diff.
    ///
    /// # Errors
    /// As [`Overlay::into_diff`].
    pub(crate) fn into_diffs(self) -> Result<(StateDiff, StateDiff), Fault> {
        if !self.transaction.is_empty() {
            return Err(Fault::invariant("a block ends inside a transaction"));
        }
        let (mut diff, mut reverse) = (StateDiff::new(), StateDiff::new());
        for (key, value) in self.block {
            let before = self.base.read(&key)?;
            if before != value {
                reverse.insert(key.clone(), before);
                diff.insert(key, value);
            }
        }
        Ok((diff, reverse))
    }

    /// True if a key that the block or the transaction removed existed at the block's start.
    ///
    /// The block has only removals of such keys ([`Overlay::finish_transaction`]), so the store is
    /// not asked: there the value, which may be long, can be in the same page as the key.
    fn is_hidden(&self, key: &[u8]) -> Result<bool, Fault> {
        Ok(!self.transaction.contains_key(key) || self.base.contains(key)?)
    }

    /// The first key in `bounds` that the block or the transaction changed.
    fn first_change(
        &self,
        bounds: (Bound<&[u8]>, Bound<&[u8]>),
    ) -> Option<(&Vec<u8>, &Option<Vec<u8>>)> {
        if let (Bound::Excluded(start) | Bound::Included(start), Bound::Excluded(end)) = bounds
            && start >= end
        {
            return None;
        }
        let block = self.block.range::<[u8], _>(bounds).next();
        let transaction = self.transaction.range::<[u8], _>(bounds).next();
        match (block, transaction) {
            (Some(block), Some(transaction)) if block.0 < transaction.0 => Some(block),
            (block, transaction) => transaction.or(block),
        }
    }

    /// The change of a key in the overlay; `None` if the base decides.
    fn changed(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.note_key(key);
        self.transaction.get(key).or_else(|| self.block.get(key))
    }

    /// A record of this block, or of the blocks below it.
    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        if let Some(record) = self.records.borrow().get(key) {
            return Ok(Some(record.clone()));
        }
        self.base.record(key)
    }

    /// Length in bytes of a code that the block did not change.
    fn base_length(&self, code_hash: &CodeHash) -> Result<Option<u64>, Fault> {
        if let Some(bytes) = self.lengths.borrow().get(code_hash) {
            return Ok(Some(*bytes));
        }
        let found = self.stored_length(code_hash)?;
        if let Some(bytes) = found {
            let mut lengths = self.lengths.borrow_mut();
            // All at once: of two codes that alternate, neither may drop the other.
            if lengths.len() >= LENGTHS_MAX {
                lengths.clear();
            }
            lengths.insert(*code_hash, bytes);
        }
        Ok(found)
    }

    /// Length in bytes of a code in the base: from its record, without reading the code. A code is
    /// never removed, so one with a record is in the state.
    fn stored_length(&self, code_hash: &CodeHash) -> Result<Option<u64>, Fault> {
        let code = key::code(code_hash);
        if let Some(bytes) = self.base.changed_bytes(&code) {
            return Ok(bytes);
        }
        let key = code_records::length_key(code_hash);
        let record = self.record(&key)?;
        let known = record.and_then(|record| code_records::decode_length(&key, &record));
        if known.is_some() {
            return Ok(known);
        }
        let bytes = self.base.stored_bytes(&code)?;
        if let Some(bytes) = bytes {
            self.records.borrow_mut().remember_length(key, bytes);
        }
        Ok(bytes)
    }

    /// Loads stored code: from what check found in it when it was uploaded, or by another check.
    fn load(&self, code_hash: &CodeHash) -> Result<Arc<CheckedModule>, Fault> {
        let bytes = self
            .read(&key::code(code_hash))?
            .ok_or_else(|| Fault::Store("a value is listed and cannot be read".to_owned()))?;
        if sha256(&[&bytes]) != code_hash.0 {
            return Err(Fault::Store(
                "stored code has another hash than its key".to_owned(),
            ));
        }
        let bytes = Arc::new(bytes);
        let module = match self.checked_before(code_hash, &bytes)? {
            Some(module) => module,
            None => self.check_again(&bytes)?,
        };
        let module = Arc::new(module);
        self.cache
            .insert_under(*self.rules.id(), Arc::clone(&module));
        Ok(module)
    }

    /// The module of `bytes` from its record, if it has one that this build made under the rules in
    /// force.
    fn checked_before(
        &self,
        code_hash: &CodeHash,
        bytes: &Arc<Vec<u8>>,
    ) -> Result<Option<CheckedModule>, Fault> {
        let Some(record) = self.record(&code_records::form_key(code_hash))? else {
            return Ok(None);
        };
        let bytes = Arc::clone(bytes);
        let module = code_records::decode_form(code_hash, self.rules.id(), bytes, &record);
        // Without the rules that accepted the code, checking it again is a fault.
        let is_known =
            |id: &[u8; 32]| id == self.rules.id() || self.cache.rulebook().get(id).is_some();
        Ok(module.filter(|module| is_known(module.rules_id())))
    }

    fn check_again(&self, bytes: &[u8]) -> Result<CheckedModule, Fault> {
        self.cache.count_check();
        let module = match vm::check(bytes, self.rules) {
            Ok(module) => module,
            Err(_) => self.check_as_stored(bytes)?,
        };
        let mut records = self.records.borrow_mut();
        records.remember_form(self.rules.id(), &module);
        Ok(module)
    }

    /// Checks stored code that the rules in force refuse: under the latest earlier rules that
    /// accept it. No rules refuse code that was stored before them.
    fn check_as_stored(&self, bytes: &[u8]) -> Result<CheckedModule, Fault> {
        let listed = decode_activations(self.read(&key::system(RULES_KEY))?.as_deref())?;
        let mut tried = BTreeSet::from([*self.rules.id()]);
        for (_, id) in listed.iter().rev() {
            if !tried.insert(*id) {
                continue;
            }
            let rules = self.cache.rulebook().get(id).ok_or_else(|| {
                Fault::invariant(format!(
                    "code was stored under the rules {} or earlier ones, and this build does not \
                     have them: install a build that has them",
                    hex::encode(id)
                ))
            })?;
            if let Ok(module) = vm::check(bytes, rules) {
                return Ok(module);
            }
        }
        Err(Fault::invariant("stored code is no longer accepted"))
    }
}

fn add_balance(sum: &mut u128, account: Option<&[u8]>) -> Result<(), Fault> {
    let balance = Account::decode(account)?.balance;
    *sum = sum
        .checked_add(balance)
        .ok_or_else(|| Fault::invariant("balances exceed the supply"))?;
    Ok(())
}

impl StateView for Overlay<'_> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match self.changed(key) {
            Some(value) => Ok(value.clone()),
            None => self.base.read(key),
        }
    }

    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        if range.start >= range.end {
            return Ok(Entries::new());
        }
        let within = || (range.start.to_vec())..(range.end.to_vec());
        let mut changes: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
        for layer in [&self.block, &self.transaction] {
            changes.extend(
                layer
                    .range(within())
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
        }
        work::add(WorkKind::Walked, changes.len());
        // Each change hides at most one entry of the base.
        let wanted = limit.saturating_add(changes.len());
        self.note_range(&range, wanted);
        let stored = self.base.scan(&range, wanted)?;
        let mut merged: BTreeMap<Vec<u8>, Vec<u8>> = stored.into_iter().collect();
        for (key, value) in changes {
            match value {
                Some(value) => merged.insert(key, value),
                None => merged.remove(&key),
            };
        }
        Ok(merged.into_iter().take(limit).collect())
    }

    /// Reads the stored entries between two changes, and nothing under a changed key: its stored
    /// value is not the current one, and is not paid.
    fn walk(&self, range: Range<&[u8]>, limit: usize) -> Result<Walked, Fault> {
        let mut walked = Walked::new();
        let mut next = range.start.to_vec();
        while walked.len() < limit && next.as_slice() < range.end {
            let bounds = (Bound::Included(next.as_slice()), Bound::Excluded(range.end));
            let changed = self.first_change(bounds);
            work::add(WorkKind::Walked, 1);
            let end = changed.map_or(range.end, |(key, _)| key.as_slice());
            if next.as_slice() < end {
                let (between, wanted) = (next.as_slice()..end, limit.saturating_sub(walked.len()));
                self.note_range(&between, wanted);
                let stored = self.base.scan(&between, wanted)?.into_iter();
                walked.extend(stored.map(|(key, value)| (key, Some(value))));
            }
            let Some((key, value)) = changed.filter(|_| walked.len() < limit) else {
                break;
            };
            self.note_key(key);
            if value.is_some() || self.is_hidden(key)? {
                walked.push((key.clone(), value.clone()));
            }
            next.clone_from(key);
            // The smallest key above it.
            next.push(0);
        }
        Ok(walked)
    }

    fn code_bytes(&self, code_hash: &CodeHash) -> Result<Option<u64>, Fault> {
        match self.changed(&key::code(code_hash)) {
            Some(code) => Ok(code.as_deref().map(length)),
            None => self.base_length(code_hash),
        }
    }

    fn code(&self, code_hash: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
        // The state decides whether a module exists; the cache only saves time.
        if self.code_bytes(code_hash)?.is_none() {
            return Ok(None);
        }
        let module = match self.cache.get(&code_hash.0, self.rules.id()) {
            Some(module) => module,
            None => self.load(code_hash)?,
        };
        if module.rules_id() != self.rules.id() {
            // Without cache and record the list of rules is read; a case needs it.
            self.note_key(&key::system(RULES_KEY));
        }
        Ok(Some(module))
    }
}
