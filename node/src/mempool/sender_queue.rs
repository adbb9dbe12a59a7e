//! Keeps the pending transactions of one sender: in the order of nonces, without gaps.
//!
//! # Invariants
//! * The first nonce is that of the account at the tip, and each next one is greater by 1.
//! * The sum of the maximum costs is at most the balance at the tip.

use super::options::PENDING_OVERHEAD_BYTES;
use super::refused::SignedHash;
use crate::transaction::{Payload, Signed};
use std::collections::VecDeque;
use vm::Height;
use vm::unstable::state::Account;

/// A transaction that is pending.
#[derive(Clone, Debug)]
pub(super) struct PendingTransaction {
    pub(super) signed: Signed,
    pub(super) hash: SignedHash,
    pub(super) id: [u8; 32],
    /// Length of the encoding, in bytes.
    pub(super) encoded_bytes: u64,
    /// Gas limit times gas price, and value, in the chain's smallest unit.
    pub(super) cost_max: u128,
    /// First height of the tip at which it is dropped.
    pub(super) expires: Height,
}

impl PendingTransaction {
    pub(super) const fn gas_price(&self) -> u64 {
        self.signed.transaction.gas_price
    }

    /// Bytes that it counts for.
    pub(super) const fn bytes(&self) -> u64 {
        counted_bytes(self.encoded_bytes)
    }

    /// Releases what the decoder reserved beyond the content, so that the counted bytes bound the
    /// memory.
    pub(super) fn shrink(&mut self) {
        match &mut self.signed.transaction.payload {
            Payload::Transfer { .. } => {}
            Payload::Upload(module) => module.shrink_to_fit(),
            Payload::Deploy { entry, input, .. } | Payload::Call { entry, input, .. } => {
                entry.shrink_to_fit();
                input.shrink_to_fit();
            }
        }
    }
}

/// Bytes that a transaction of this encoded length counts for.
pub(super) const fn counted_bytes(encoded_bytes: u64) -> u64 {
    encoded_bytes.saturating_add(PENDING_OVERHEAD_BYTES)
}

/// The pending transactions of one sender, and its account at the tip.
#[derive(Clone, Debug, Default)]
pub(super) struct SenderQueue {
    nonce: u64,
    balance: u128,
    pending: VecDeque<PendingTransaction>,
    cost_max: u128,
    bytes: u64,
}

impl SenderQueue {
    pub(super) fn new(account: &Account) -> Self {
        Self {
            nonce: account.nonce,
            balance: account.balance,
            ..Self::default()
        }
    }

    /// Nonce and balance of the account at the tip.
    pub(super) const fn account(&self) -> Account {
        Account {
            nonce: self.nonce,
            balance: self.balance,
            code_hash: None,
        }
    }

    /// Sum of the maximum costs, in the chain's smallest unit.
    pub(super) const fn cost_max(&self) -> u128 {
        self.cost_max
    }

    /// Bytes that the transactions count for.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Least nonce that is neither used nor pending.
    pub(super) fn next_nonce(&self) -> u64 {
        let count = u64::try_from(self.len()).unwrap_or(u64::MAX);
        self.nonce.saturating_add(count)
    }

    pub(super) fn get(&self, position: usize) -> Option<&PendingTransaction> {
        self.pending.get(position)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &PendingTransaction> {
        self.pending.iter()
    }

    pub(super) fn last(&self) -> Option<&PendingTransaction> {
        self.pending.back()
    }

    /// Position of a nonce, counted from the account's: that of a pending transaction, or the next.
    /// `None` below the account's nonce.
    pub(super) fn position(&self, nonce: u64) -> Option<usize> {
        let ahead = nonce.checked_sub(self.nonce)?;
        Some(usize::try_from(ahead).unwrap_or(usize::MAX))
    }

    /// Lowest gas price of the first `count` transactions: what a block must accept to get to the
    /// last of them. `None` of none.
    pub(super) fn lowest_price(&self, count: usize) -> Option<u64> {
        let prices = self.pending.iter().map(PendingTransaction::gas_price);
        prices.take(count).min()
    }

    /// First height of the tip at which one of the transactions is dropped.
    pub(super) fn expires(&self) -> Option<Height> {
        self.pending.iter().map(|pending| pending.expires).min()
    }

    /// Puts a transaction at its nonce; returns the one that it replaces.
    pub(super) fn put(
        &mut self,
        position: usize,
        transaction: PendingTransaction,
    ) -> Option<PendingTransaction> {
        // The sums cover either one or the other: both together might exceed their types.
        if let Some(place) = self.pending.get_mut(position) {
            let replaced = core::mem::replace(place, transaction);
            self.discount(&replaced);
            self.count(position);
            return Some(replaced);
        }
        let position = self.len();
        self.pending.push_back(transaction);
        self.count(position);
        None
    }

    /// Removes the transaction with the greatest nonce.
    pub(super) fn pop_last(&mut self) -> Option<PendingTransaction> {
        let last = self.pending.pop_back()?;
        self.discount(&last);
        Some(last)
    }

    /// Takes over the account of a new tip; returns how many transactions its nonce has passed, and
    /// how many it cannot pay for.
    pub(super) fn advance(&mut self, account: &Account) -> (usize, usize) {
        // A nonce that went back leaves a gap before the first transaction.
        let passed = match account.nonce.checked_sub(self.nonce) {
            Some(ahead) => usize::try_from(ahead).unwrap_or(usize::MAX).min(self.len()),
            None => self.len(),
        };
        for _ in 0..passed {
            if let Some(first) = self.pending.pop_front() {
                self.discount(&first);
            }
        }
        self.nonce = account.nonce;
        self.balance = account.balance;
        let payable = self.payable(0, account.balance);
        (passed, self.truncate(payable))
    }

    /// Position behind the last transaction from `start` on whose sum of maximum costs is within
    /// the balance.
    pub(super) fn payable(&self, start: usize, balance: u128) -> usize {
        let mut left = balance;
        let costs = self.pending.iter().skip(start).map(|next| next.cost_max);
        let count = costs
            .take_while(|cost| match left.checked_sub(*cost) {
                Some(rest) => {
                    left = rest;
                    true
                }
                None => false,
            })
            .count();
        start.saturating_add(count)
    }

    /// Removes the first transaction that has expired and all after it; returns how many.
    pub(super) fn expire(&mut self, tip: Height) -> usize {
        let is_live = |pending: &PendingTransaction| pending.expires > tip;
        let live = self.pending.iter().take_while(|next| is_live(next)).count();
        self.truncate(live)
    }

    /// Removes the first transaction for which `check` is false and all after it; returns how many.
    pub(super) fn retain_prefix(&mut self, check: impl Fn(&PendingTransaction) -> bool) -> usize {
        let kept = self.pending.iter().take_while(|next| check(next)).count();
        self.truncate(kept)
    }

    /// Removes all but the first `count` transactions; returns how many.
    fn truncate(&mut self, count: usize) -> usize {
        let mut removed = 0_usize;
        while self.len() > count && self.pop_last().is_some() {
            removed = removed.saturating_add(1);
        }
        removed
    }

    fn count(&mut self, position: usize) {
        if let Some(transaction) = self.pending.get(position) {
            self.cost_max = self.cost_max.saturating_add(transaction.cost_max);
            self.bytes = self.bytes.saturating_add(transaction.bytes());
        }
    }

    fn discount(&mut self, transaction: &PendingTransaction) {
        self.cost_max = self.cost_max.saturating_sub(transaction.cost_max);
        self.bytes = self.bytes.saturating_sub(transaction.bytes());
    }
}
