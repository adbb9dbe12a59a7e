//! Keeps a payment until it is released, refunded, or out of time.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

/// The contract.
#[sdk::contract]
pub mod escrow {
    use sdk::{Address, Item, Map, env};

    /// The number of the last deal.
    const LAST_ID: Item<u64> = Item::new(b"i");
    /// The open deals.
    const DEALS: Map<u64, Deal> = Map::new(b"d");

    /// An open deal.
    #[sdk::data]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Deal {
        /// The account that paid.
        pub buyer: Address,
        /// The account to be paid.
        pub seller: Address,
        /// The account that decides a dispute.
        pub arbiter: Address,
        /// From this block time on (milliseconds) the buyer may take the payment back.
        pub deadline: u64,
        /// The payment.
        pub amount: u128,
    }

    /// A deal was opened.
    #[sdk::event]
    pub struct Opened {
        /// The deal.
        #[topic]
        pub id: u64,
        /// Its terms.
        pub deal: Deal,
    }

    /// The payment was made, and the deal is closed.
    #[sdk::event]
    pub struct Closed {
        /// The deal.
        #[topic]
        pub id: u64,
        /// The account that was paid: the seller, or the buyer.
        #[topic]
        pub to: Address,
        /// The amount.
        pub amount: u128,
    }

    /// Errors of the escrow.
    #[sdk::error]
    pub enum EscrowError {
        /// The call carries no value.
        NothingPaid = 1,
        /// The deadline is not after this block.
        DeadlinePassed = 2,
        /// No open deal has that number.
        UnknownDeal = 3,
        /// The caller may not do this, or not yet.
        NotAllowed = 4,
        /// The escrow cannot pay: its accounting is wrong.
        Unpaid = 5,
        /// The numbers are used up.
        Overflow = 6,
    }

    /// Keeps the value of the call for a seller; returns the deal's number.
    ///
    /// # Errors
    /// [`EscrowError::NothingPaid`], [`EscrowError::DeadlinePassed`].
    #[payable]
    pub fn open(seller: Address, arbiter: Address, deadline: u64) -> Result<u64, EscrowError> {
        let amount = env::value();
        if amount == 0 {
            return Err(EscrowError::NothingPaid);
        }
        if deadline <= env::block_time() {
            return Err(EscrowError::DeadlinePassed);
        }
        let id = LAST_ID.get().unwrap_or_default().checked_add(1);
        let id = id.ok_or(EscrowError::Overflow)?;
        let deal = Deal {
            buyer: env::caller(),
            seller,
            arbiter,
            deadline,
            amount,
        };
        LAST_ID.set(&id);
        DEALS.set(&id, &deal);
        env::emit(&Opened { id, deal });
        Ok(id)
    }

    /// Pays the seller. The buyer or the arbiter may.
    ///
    /// # Errors
    /// [`EscrowError::UnknownDeal`], [`EscrowError::NotAllowed`].
    pub fn release(id: u64) -> Result<(), EscrowError> {
        let deal = DEALS.get(&id).ok_or(EscrowError::UnknownDeal)?;
        let caller = env::caller();
        if caller != deal.buyer && caller != deal.arbiter {
            return Err(EscrowError::NotAllowed);
        }
        close(id, deal.seller, deal.amount)
    }

    /// Pays the buyer back. The seller or the arbiter may, and from the deadline on the buyer.
    ///
    /// # Errors
    /// [`EscrowError::UnknownDeal`], [`EscrowError::NotAllowed`].
    pub fn refund(id: u64) -> Result<(), EscrowError> {
        let deal = DEALS.get(&id).ok_or(EscrowError::UnknownDeal)?;
        let caller = env::caller();
        let is_late = env::block_time() >= deal.deadline;
        let may = caller == deal.seller || caller == deal.arbiter;
        if !(may || (caller == deal.buyer && is_late)) {
            return Err(EscrowError::NotAllowed);
        }
        close(id, deal.buyer, deal.amount)
    }

    /// An open deal.
    pub fn deal(id: u64) -> Option<Deal> {
        DEALS.get(&id)
    }

    /// Removes the deal before it pays, so that it cannot be paid twice.
    fn close(id: u64, to: Address, amount: u128) -> Result<(), EscrowError> {
        DEALS.remove(&id);
        env::transfer(&to, amount).map_err(|_| EscrowError::Unpaid)?;
        env::emit(&Closed { id, to, amount });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
