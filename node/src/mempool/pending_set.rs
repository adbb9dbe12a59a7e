//! Keeps the queues of all senders, with the orders in which they are selected, evicted, expired.
//!
//! Each sender has one place in each order, so that what changes a queue moves three places:
//! * *heads*: its first transaction, the greatest gas price first, then the least hash;
//! * *tails*: its last transaction, the lowest price first, then the least hash. The price of a
//!   tail is the lowest one of the sender: behind a cheap transaction an expensive one pays nothing
//!   yet;
//! * *expiries*: the first height at which one of its transactions expires.

use super::refused::SignedHash;
use super::sender_queue::{PendingTransaction, SenderQueue};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use vm::unstable::state::Account;
use vm::{Address, Height};

/// Place of a transaction among those that may be selected next.
pub(super) type HeadKey = (Reverse<u64>, SignedHash, Address);

/// Place of a transaction among those that may be evicted next.
pub(super) type TailKey = (u64, SignedHash, Address);

/// All pending transactions.
#[derive(Debug)]
pub(super) struct PendingSet {
    senders: BTreeMap<Address, SenderQueue>,
    heads: BTreeSet<HeadKey>,
    tails: BTreeSet<TailKey>,
    expiries: BTreeSet<(Height, Address)>,
    transactions: usize,
    bytes: u64,
}

/// Key of the transaction at a position, if it is the next one of its sender.
pub(super) fn head_key(sender: &Address, queue: &SenderQueue, position: usize) -> Option<HeadKey> {
    let next = queue.get(position)?;
    Some((Reverse(next.gas_price()), next.hash, *sender))
}

impl PendingSet {
    pub(super) const fn new() -> Self {
        Self {
            senders: BTreeMap::new(),
            heads: BTreeSet::new(),
            tails: BTreeSet::new(),
            expiries: BTreeSet::new(),
            transactions: 0,
            bytes: 0,
        }
    }

    pub(super) const fn transactions(&self) -> usize {
        self.transactions
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn senders(&self) -> usize {
        self.senders.len()
    }

    pub(super) const fn heads(&self) -> &BTreeSet<HeadKey> {
        &self.heads
    }

    pub(super) const fn tails(&self) -> &BTreeSet<TailKey> {
        &self.tails
    }

    pub(super) fn queue(&self, sender: &Address) -> Option<&SenderQueue> {
        self.senders.get(sender)
    }

    /// Addresses of all senders.
    pub(super) fn addresses(&self) -> Vec<Address> {
        self.senders.keys().copied().collect()
    }

    /// Puts a transaction into its sender's queue; `account` is that of the sender at the tip.
    /// Returns the transaction that it replaces.
    pub(super) fn put(
        &mut self,
        sender: &Address,
        account: &Account,
        position: usize,
        transaction: PendingTransaction,
    ) -> Option<PendingTransaction> {
        let queue = self.unlink(sender);
        let mut queue = queue.unwrap_or_else(|| SenderQueue::new(account));
        let replaced = queue.put(position, transaction);
        self.link(sender, queue);
        replaced
    }

    /// Changes the queue of a sender, if it has one; an empty queue is removed.
    pub(super) fn edit<T>(
        &mut self,
        sender: &Address,
        change: impl FnOnce(&mut SenderQueue) -> T,
    ) -> Option<T> {
        let mut queue = self.unlink(sender)?;
        let result = change(&mut queue);
        self.link(sender, queue);
        Some(result)
    }

    /// Drops what has expired at this tip, of at most `senders_max` senders; returns how many
    /// transactions.
    pub(super) fn expire(&mut self, tip: Height, senders_max: usize) -> usize {
        let mut expired = 0_usize;
        for _ in 0..senders_max {
            let Some((height, sender)) = self.expiries.first().copied() else {
                break;
            };
            if height > tip {
                break;
            }
            let dropped = self.edit(&sender, |queue| queue.expire(tip));
            expired = expired.saturating_add(dropped.unwrap_or(0));
        }
        expired
    }

    fn unlink(&mut self, sender: &Address) -> Option<SenderQueue> {
        let queue = self.senders.remove(sender)?;
        let (head, tail, expiry) = places(sender, &queue)?;
        self.heads.remove(&head);
        self.tails.remove(&tail);
        self.expiries.remove(&expiry);
        self.transactions = self.transactions.saturating_sub(queue.len());
        self.bytes = self.bytes.saturating_sub(queue.bytes());
        Some(queue)
    }

    fn link(&mut self, sender: &Address, queue: SenderQueue) {
        let Some((head, tail, expiry)) = places(sender, &queue) else {
            return;
        };
        self.heads.insert(head);
        self.tails.insert(tail);
        self.expiries.insert(expiry);
        self.transactions = self.transactions.saturating_add(queue.len());
        self.bytes = self.bytes.saturating_add(queue.bytes());
        self.senders.insert(*sender, queue);
    }
}

/// The places of a sender in the three orders; `None` if nothing is pending.
fn places(sender: &Address, queue: &SenderQueue) -> Option<(HeadKey, TailKey, (Height, Address))> {
    let head = head_key(sender, queue, 0)?;
    let tail = (
        queue.lowest_price(queue.len())?,
        queue.last()?.hash,
        *sender,
    );
    Some((head, tail, (queue.expires()?, *sender)))
}
