//! Keeps transactions that wait for a block: admits, replaces, evicts, selects and drops them.
//!
//! ```text
//! bytes --submit--> pending transactions --select--> candidates of a proposal
//!                        ^
//!                        +-- committed: the new tip and the accounts that its block changed
//! ```
//! The mempool has no clock, no thread and no disk; the caller passes the time. It reads the state
//! only for the account of a sender that has nothing pending.
//!
//! # What a submit costs an attacker
//! Of a submitted transaction nothing is known but its source, which the caller authenticates: a
//! peer, a client's network, the operator. Until the signature is verified anyone may have written
//! the sender into it. Therefore
//! * the source pays for every submit before its bytes are read, by the length of the encoding, and
//!   for a false signature many times as much ([`MempoolOptions::source_rate`]). One that lives
//!   from false signatures gets few of them verified; an honest node verifies before it passes on;
//! * the sender pays only when its signature was right ([`MempoolOptions::sender_rate`]), so no one
//!   can use up the tokens of another account. This bounds, from whatever sources, how often an
//!   account makes this node verify what is replaced or evicted later;
//! * nothing changes before the signature is verified, and that is the last check: what any other
//!   check refuses costs no verification;
//! * all sources together have a bound ([`MempoolOptions::node_rate`]) on signatures that are
//!   verified and accounts that are read, since the number of sources is the caller's matter. An
//!   attacker with many sources can use it up, and honest submits then wait; count sources by what
//!   is dear to get, such as a network prefix instead of an address.
//!
//! A source that passes on the valid transactions of others pays one token each, whatever becomes
//! of them. A transaction has no time of expiry, so one that expired here may be submitted again.
//!
//! # What may be pending
//! * *No gaps.* A nonce that is not the sender's next one is refused. What is behind a gap cannot
//!   be executed, so it would take the place of what pays, for nothing. A client submits in order.
//! * *Balances.* The maximum costs of a sender's pending transactions sum to at most its balance.
//! * *Eviction.* See [`MempoolOptions::bytes_max`]; the cheapest goes first. A transaction is as
//!   cheap as the cheapest of its sender up to itself. Of equal ones the least hash goes first.
//!
//! # Invariants
//! * Every pending transaction can be executed on the tip, behind the sender's earlier ones.
//! * Each collection has a bound in [`MempoolOptions`]; each call takes a time that grows with the
//!   logarithm of what is pending, times a bound in the options.
//! * The content depends on the calls alone; two mempools with the same content select the same.
//!
//! Specification: none; nothing here is consensus. Tests: `tests/it/mempool/`.

mod evict;

mod options;

mod pending_set;

mod rate;

mod refused;

mod select;

mod sender_queue;

mod submit;

pub use options::{MempoolOptions, PENDING_OVERHEAD_BYTES};
pub use rate::RateLimit;
pub use refused::{Admission, Refused, SignedHash};
pub use select::Selection;

use crate::block::{ValidTransaction, ValidationContext};
use crate::node::Node;
use crate::transaction::Signed;
use pending_set::PendingSet;
use rate::TokenBuckets;
use sender_queue::PendingTransaction;
use vm::unstable::state::Account;
use vm::{Address, Fault, Height, StateDiff, key};

/// Who passed a transaction on, as the caller knows it: a hash of what it authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceId(pub [u8; 32]);

/// Bytes that are submitted, with what only the caller knows.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// Encoding of a signed transaction.
    pub encoded: &'a [u8],
    /// Who pays for the work.
    pub source: SourceId,
    /// Time in milliseconds, of any clock; one that goes back counts as stopped.
    pub now_ms: u64,
}

/// What the mempool asks the node that it is part of.
pub trait TipState {
    /// Account of an address in the state of the tip, the default one if absent.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    fn account(&self, address: &Address) -> Result<Account, Fault>;

    /// True if the signature is the signer's. `id` is the id of the transaction, and `hash` that of
    /// its signed encoding, under which a node may remember what it verified.
    fn verify(&self, signed: &Signed, id: &[u8; 32], hash: &SignedHash) -> bool {
        let _ = hash;
        signed.transaction.signer.verify(id, &signed.signature)
    }
}

impl TipState for Node {
    fn account(&self, address: &Address) -> Result<Account, Fault> {
        Self::account(self, address)
    }
}

/// Number of transactions that a new tip dropped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The sender's nonce has passed theirs: they, or others with their nonce, are in the chain.
    pub used: usize,
    /// The balance no longer covers them.
    pub unpayable: usize,
    /// They were pending for [`MempoolOptions::lifetime_blocks`], or were behind such a one.
    pub expired: usize,
    /// They are invalid under rules that came into force, or were behind such a one.
    pub invalid: usize,
}

/// Sizes of a mempool's collections, each with a bound in [`MempoolOptions`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MempoolSizes {
    /// Pending transactions.
    pub transactions: usize,
    /// Bytes of pending transactions, [`PENDING_OVERHEAD_BYTES`] each included.
    pub bytes: u64,
    /// Senders with pending transactions.
    pub senders: usize,
    /// Sources that have used tokens, when one was last charged.
    pub limited_sources: usize,
    /// Senders that have used tokens, when one was last charged.
    pub limited_senders: usize,
}

/// Transactions that wait for a block.
#[derive(Debug)]
pub struct Mempool {
    options: MempoolOptions,
    height: Height,
    tip_hash: [u8; 32],
    /// Rules of the next block, by which the pending transactions are valid.
    rules_id: [u8; 32],
    now_ms: u64,
    pending: PendingSet,
    sources: TokenBuckets<SourceId>,
    senders: TokenBuckets<Address>,
    node: TokenBuckets<()>,
}

impl Mempool {
    /// An empty mempool at the parent of `context`.
    #[must_use]
    pub const fn new(options: MempoolOptions, context: &ValidationContext<'_>) -> Self {
        Self {
            height: context.parent.height,
            tip_hash: context.parent.hash,
            rules_id: *context.rules.id(),
            now_ms: 0,
            pending: PendingSet::new(),
            sources: TokenBuckets::new(options.source_rate, options.limited_sources_max),
            senders: TokenBuckets::new(options.sender_rate, options.limited_senders_max),
            node: TokenBuckets::new(options.node_rate, 1),
            options,
        }
    }

    /// Takes over a new tip, the parent of `context`: drops what its block used, what can no longer
    /// be paid, and what has expired. `accounts` are those that changed since the last tip; see
    /// [`changed_accounts`]. Only their transactions are looked at, unless the rules change.
    pub fn committed(
        &mut self,
        context: &ValidationContext<'_>,
        accounts: &[(Address, Account)],
    ) -> Dropped {
        self.height = context.parent.height;
        self.tip_hash = context.parent.hash;
        let mut dropped = Dropped::default();
        for (sender, account) in accounts {
            let removed = self.pending.edit(sender, |queue| queue.advance(account));
            let (used, unpayable) = removed.unwrap_or_default();
            dropped.used = dropped.used.saturating_add(used);
            dropped.unpayable = dropped.unpayable.saturating_add(unpayable);
        }
        dropped.expired = self
            .pending
            .expire(self.height, self.options.expiries_max.max(1));
        if self.rules_id != *context.rules.id() {
            self.rules_id = *context.rules.id();
            dropped.invalid = self.drop_invalid(context);
        }
        dropped
    }

    /// Transactions for a proposal: the greatest gas price first, those of a sender in the order of
    /// nonces, within the limits of the selection.
    #[must_use]
    pub fn select(&self, selection: &Selection<'_>) -> Vec<Signed> {
        select::select(&self.pending, selection, self.options.misfits_max)
    }

    /// Sizes of the collections.
    #[must_use]
    pub fn sizes(&self) -> MempoolSizes {
        MempoolSizes {
            transactions: self.pending.transactions(),
            bytes: self.pending.bytes(),
            senders: self.pending.senders(),
            limited_sources: self.sources.len(),
            limited_senders: self.senders.len(),
        }
    }

    /// Least nonce of a sender that is neither used nor pending; `None` if nothing is pending, so
    /// that it is the account's.
    #[must_use]
    pub fn next_nonce(&self, sender: &Address) -> Option<u64> {
        let queue = self.pending.queue(sender)?;
        Some(queue.next_nonce())
    }

    /// Pending transactions of a sender, in the order of nonces.
    pub fn of_sender(&self, sender: &Address) -> impl Iterator<Item = &Signed> {
        let queue = self.pending.queue(sender).into_iter();
        queue.flat_map(|queue| queue.iter().map(|pending| &pending.signed))
    }

    /// Checks all pending transactions under new rules; returns how many it dropped.
    fn drop_invalid(&mut self, context: &ValidationContext<'_>) -> usize {
        let is_valid = |pending: &PendingTransaction| {
            let (signed, bytes) = (pending.signed.clone(), pending.encoded_bytes);
            ValidTransaction::without_signature(signed, bytes, context).is_ok()
        };
        let mut dropped = 0_usize;
        for sender in self.pending.addresses() {
            let removed = self
                .pending
                .edit(&sender, |queue| queue.retain_prefix(is_valid));
            dropped = dropped.saturating_add(removed.unwrap_or(0));
        }
        dropped
    }
}

/// The accounts that a block changed, from its diff; an account that was removed is the default
/// one.
///
/// # Errors
/// [`Fault`] if a value is no account.
pub fn changed_accounts(diff: &StateDiff) -> Result<Vec<(Address, Account)>, Fault> {
    let mut accounts = Vec::new();
    for (key, value) in diff {
        let Some((&key::ACCOUNT, address)) = key.split_first() else {
            continue;
        };
        if let Ok(address) = address.try_into() {
            accounts.push((Address(address), Account::decode(value.as_deref())?));
        }
    }
    Ok(accounts)
}
