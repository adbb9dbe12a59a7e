//! Chooses which transactions make room for another one, without changing anything.
//!
//! Only a sender's last transaction is evicted, so no gap arises, and only one whose price is below
//! that of the incoming one. A price counts as the lowest one up to the transaction, so nothing
//! that must wait for a cheap transaction evicts what can pay at once.

use super::options::MempoolOptions;
use super::pending_set::{PendingSet, TailKey};
use super::refused::Refused;
use super::sender_queue::SenderQueue;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use vm::Address;

/// A transaction that would be admitted if there is room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming<'a> {
    pub(super) sender: &'a Address,
    /// Place among the pending transactions of its sender.
    pub(super) position: usize,
    pub(super) gas_price: u64,
    /// Bytes that it counts for.
    pub(super) bytes: u64,
}

/// The last transaction of a sender, and the number of those before it.
type Victim = (TailKey, usize);

impl Incoming<'_> {
    /// Lowest price of the sender's first `count` transactions, with this one in its place.
    fn lowest_price(&self, queue: Option<&SenderQueue>, count: usize) -> u64 {
        let others = queue.into_iter().flat_map(SenderQueue::iter).enumerate();
        let others = others.take(count).filter(|(at, _)| *at != self.position);
        let lowest = others.map(|(_, next)| next.gas_price()).min();
        let own = (self.position < count).then_some(self.gas_price);
        [lowest, own].into_iter().flatten().min().unwrap_or(0)
    }

    /// The victim that the sender's transaction at `position` is, with this one in its place.
    fn victim(
        &self,
        queue: Option<&SenderQueue>,
        sender: &Address,
        position: usize,
    ) -> Option<Victim> {
        let hash = queue?.get(position)?.hash;
        let count = position.saturating_add(1);
        let price = if sender == self.sender {
            self.lowest_price(queue, count)
        } else {
            queue?.lowest_price(count)?
        };
        Some(((price, hash, *sender), position))
    }
}

/// Senders whose last transaction is evicted, in order; a sender with several is in it as often.
///
/// # Errors
/// [`Refused::Full`], [`Refused::Evictions`].
pub(super) fn plan(
    pending: &PendingSet,
    incoming: &Incoming<'_>,
    options: &MempoolOptions,
) -> Result<Vec<Address>, Refused> {
    let own = pending.queue(incoming.sender);
    let replaced = own.and_then(|queue| queue.get(incoming.position));
    let added = usize::from(replaced.is_none());
    let mut transactions = pending.transactions().saturating_add(added);
    let replaced_bytes = replaced.map_or(0, |replaced| replaced.bytes());
    let mut bytes = pending.bytes().saturating_sub(replaced_bytes);
    bytes = bytes.saturating_add(incoming.bytes);

    let count = incoming.position.saturating_add(1);
    let price = incoming.lowest_price(own, count);
    let mut others = pending.tails().iter().peekable();
    // Tails that appear once those behind them are evicted, and that of the sender itself.
    let mut next = BinaryHeap::new();
    let own_last = own.and_then(|queue| queue.len().checked_sub(1));
    if let Some(last) = own_last.filter(|last| *last > incoming.position) {
        next.extend(incoming.victim(own, incoming.sender, last).map(Reverse));
    }
    let mut victims = Vec::new();
    while transactions > options.transactions_max.max(1) || bytes > options.bytes_max {
        while others
            .next_if(|(_, _, sender)| sender == incoming.sender)
            .is_some()
        {}
        let from_others = others.peek().and_then(|(_, _, sender)| {
            let queue = pending.queue(sender);
            incoming.victim(queue, sender, queue?.len().checked_sub(1)?)
        });
        let appeared = next.peek().map(|Reverse(victim)| *victim);
        let cheapest = match (from_others, appeared) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let full = |lowest: u64| Refused::Full {
            gas_price: price,
            required: lowest.saturating_add(1),
        };
        let ((lowest, _, sender), position) = cheapest.ok_or_else(|| full(price))?;
        if lowest >= price {
            return Err(full(lowest));
        }
        if victims.len() >= options.evictions_max {
            return Err(Refused::Evictions {
                max: options.evictions_max,
            });
        }
        if cheapest == appeared {
            next.pop();
        } else {
            others.next();
        }
        victims.push(sender);
        transactions = transactions.saturating_sub(1);
        let queue = pending.queue(&sender);
        let evicted = queue.and_then(|queue| queue.get(position));
        bytes = bytes.saturating_sub(evicted.map_or(0, |evicted| evicted.bytes()));
        let may_go_on =
            sender != *incoming.sender || position > incoming.position.saturating_add(1);
        if let Some(before) = position.checked_sub(1).filter(|_| may_go_on) {
            next.extend(incoming.victim(queue, &sender, before).map(Reverse));
        }
    }
    Ok(victims)
}
