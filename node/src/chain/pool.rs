//! Joins a chain with its mempool: submits, what a proposal takes, and what a final block changes.

use super::outcome::ChainError;
use super::unfinalized::{UnfinalizedBlock, View};
use super::{At, Chain};
use crate::base::Base;
use crate::mempool::{
    Admission, Mempool, MempoolOptions, MempoolSizes, Refused, Selection, SignedHash, Submission,
    TipState, changed_accounts,
};
use crate::misuse::Misuse;
use crate::signatures::Signatures;
use crate::store::Store;
use crate::transaction::Signed;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use vm::unstable::state::Account;
use vm::{Address, Fault, key};

/// The mempool of a chain, at its last final block. No result depends on it.
#[derive(Debug)]
pub(super) struct Pool {
    options: Option<MempoolOptions>,
    /// None until the first submit, and after a fault in which it lost touch with the chain.
    mempool: Mutex<Option<Mempool>>,
}

impl Pool {
    /// An empty mempool; none without options.
    pub(super) const fn new(options: Option<MempoolOptions>) -> Self {
        Self {
            options,
            mempool: Mutex::new(None),
        }
    }

    fn options(&self) -> Result<MempoolOptions, Misuse> {
        self.options.ok_or(Misuse::NoMempool)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Mempool>> {
        self.mempool.lock().unwrap_or_else(|poisoned| {
            // A panic may have left it half changed; what was pending can be submitted again.
            self.mempool.clear_poison();
            let mut mempool = poisoned.into_inner();
            *mempool = None;
            mempool
        })
    }
}

/// The state of the last final block, and the signatures that the chain remembers.
struct FinalState<'a> {
    base: Base<'a>,
    signatures: &'a Signatures,
}

impl TipState for FinalState<'_> {
    fn account(&self, address: &Address) -> Result<Account, Fault> {
        Account::decode(self.base.read(&key::account(address))?.as_deref())
    }

    fn verify(&self, signed: &Signed, id: &[u8; 32], hash: &SignedHash) -> bool {
        self.signatures.verify_one((signed, id), hash)
    }
}

impl Chain {
    /// Admits a transaction to the mempool, or says why not. Its signature is remembered, and
    /// verified again only after [`Options::signatures_max`](super::Options) others.
    ///
    /// # Errors
    /// [`Misuse::NoMempool`]; [`Fault`] if the store fails. The inner one is [`Refused`].
    pub fn submit(
        &self,
        submission: &Submission<'_>,
    ) -> Result<Result<Admission, Refused>, ChainError> {
        let options = self.pool.options()?;
        self.with_base(At::Final, |tip, base| {
            let context = self.context(tip, self.rules_above(tip, &base)?);
            let state = FinalState {
                base,
                signatures: &self.signatures,
            };
            let mut mempool = self.pool.lock();
            let mempool = mempool.get_or_insert_with(|| Mempool::new(options, &context));
            Ok(mempool.submit(submission, &context, &state)?)
        })
    }

    /// Sizes of the mempool.
    ///
    /// # Errors
    /// [`Misuse::NoMempool`]; [`Fault`] if the chain stopped.
    pub fn mempool_sizes(&self) -> Result<MempoolSizes, ChainError> {
        self.pool.options()?;
        self.running()?;
        let sizes = self.pool.lock().as_ref().map(Mempool::sizes);
        Ok(sizes.unwrap_or_default())
    }

    /// Least nonce of an account that is neither used in a final block nor pending.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub fn next_nonce(&self, address: &Address) -> Result<u64, ChainError> {
        self.with_base(At::Final, |_, base| {
            let mempool = self.pool.lock();
            let pending = mempool.as_ref().and_then(|pool| pool.next_nonce(address));
            match pending {
                Some(nonce) => Ok(nonce),
                None => {
                    let account = base.read(&key::account(address))?;
                    Ok(Account::decode(account.as_deref())?.nonce)
                }
            }
        })
    }

    /// Pending transactions for a block above `view`, of at most these bytes and this gas, without
    /// those of these senders.
    pub(super) fn pending(
        &self,
        view: &View,
        (bytes_max, gas_max): (u64, u64),
        senders: &BTreeSet<Address>,
    ) -> Result<Vec<Signed>, ChainError> {
        self.pool.options()?;
        let mut accounts: BTreeMap<Address, Account> = BTreeMap::new();
        for block in &view.path {
            accounts.extend(changed_accounts(&block.diff)?);
        }
        let quarantined: BTreeSet<[u8; 32]> = self.quarantine.ids().into_iter().collect();
        let selection = Selection {
            gas_max,
            bytes_max,
            accounts: &accounts,
            quarantined_senders: senders,
            quarantined: &quarantined,
        };
        let mempool = self.pool.lock();
        let selected = mempool.as_ref().map(|pool| pool.select(&selection));
        Ok(selected.unwrap_or_default())
    }

    /// Takes over a block that is final: drops what it used, and checks again what its changes
    /// concern. `store` has the block.
    pub(super) fn committed(&self, store: &dyn Store, block: &UnfinalizedBlock) {
        let mut mempool = self.pool.lock();
        let Some(pool) = mempool.as_mut() else { return };
        let base = Base::committed(store);
        let changed = changed_accounts(&block.diff);
        let taken = changed.map_err(ChainError::from).and_then(|accounts| {
            let rules = self.rules_above(&block.tip, &base)?;
            Ok(pool.committed(&self.context(&block.tip, rules), &accounts))
        });
        // The block is final whatever happens here.
        if taken.is_err() {
            *mempool = None;
        }
    }
}
