//! Crosses bids with asks at one price: best price first, older first among equals.
//!
//! Pure functions on sorted lists, which stay sorted.

use contract_types::orderbook::{RestingOrder, Side};
use sdk::Vec;

use crate::limits::FILLS_PER_SETTLEMENT_MAX;

/// A trade of two orders; the orders as they were before it.
pub(crate) struct Fill {
    pub(crate) bid: RestingOrder,
    pub(crate) ask: RestingOrder,
    /// Base units; at most what either order had left.
    pub(crate) quantity: u64,
}

/// The outcome of a crossing.
pub(crate) struct Matched {
    pub(crate) fills: Vec<Fill>,
    /// Whether crossing orders are left because of the limit of fills.
    pub(crate) limited: bool,
}

/// The index of a new order of this price: after all orders that are as good or better.
pub(crate) fn insertion_index(orders: &[RestingOrder], side: Side, price: u64) -> usize {
    orders.partition_point(|resting| match side {
        Side::Bid => resting.price >= price,
        Side::Ask => resting.price <= price,
    })
}

/// Trades the bids at or above `price` with the asks at or below it; removes filled orders.
///
/// Every round but the last fills at least one order, so the limit of fills bounds the rounds.
pub(crate) fn cross(
    bids: &mut Vec<RestingOrder>,
    asks: &mut Vec<RestingOrder>,
    price: u64,
) -> Matched {
    let mut fills = Vec::new();
    let (mut bids_done, mut asks_done) = (0_usize, 0_usize);
    let mut limited = false;
    while let (Some(bid), Some(ask)) = (bids.get_mut(bids_done), asks.get_mut(asks_done)) {
        if bid.price < price || ask.price > price {
            break;
        }
        if fills.len() >= FILLS_PER_SETTLEMENT_MAX {
            limited = true;
            break;
        }
        let quantity = bid.quantity.min(ask.quantity);
        fills.push(Fill {
            bid: *bid,
            ask: *ask,
            quantity,
        });
        bid.quantity = bid.quantity.saturating_sub(quantity);
        ask.quantity = ask.quantity.saturating_sub(quantity);
        bids_done = bids_done.saturating_add(usize::from(bid.quantity == 0));
        asks_done = asks_done.saturating_add(usize::from(ask.quantity == 0));
    }
    bids.drain(..bids_done);
    asks.drain(..asks_done);
    Matched { fills, limited }
}
