//! Settles an order book against a market snapshot that two of three signers have signed.
//!
//! Orders rest in two lists, sorted by price and then by time of placing. A settlement takes a
//! signed price and trades every bid at or above it with the asks at or below it, all at that
//! one price, best price first and the older order first among equals.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

pub mod limits;
mod matching;
mod signatures;

/// The contract.
#[sdk::contract]
pub mod orderbook {
    use contract_types::orderbook::{
        Order, Position, RestingOrder, SIGNERS, Side, SignedBy, Signer, Snapshot, refusal,
    };
    use sdk::{Address, Item, Map, Vec, env};

    use crate::limits::{BOOK_SIDE_ORDERS_MAX, PRICE_MAX, QUANTITY_MAX};
    use crate::{matching, signatures};

    /// The setup, which never changes after `init`.
    #[sdk::data]
    pub struct Setup {
        /// The market of this book.
        pub market: [u8; 32],
        /// The signers of snapshots.
        pub signers: [Signer; SIGNERS],
    }

    const SETUP: Item<Setup> = Item::new(b"m");
    /// The sequence number of the last settlement.
    const SEQUENCE: Item<u64> = Item::new(b"n");
    /// The number of the last order placed.
    const LAST_ID: Item<u64> = Item::new(b"i");
    const BIDS: Item<Vec<RestingOrder>> = Item::new(b"b");
    const ASKS: Item<Vec<RestingOrder>> = Item::new(b"a");
    const POSITIONS: Map<Address, Position> = Map::new(b"p");

    /// An order was placed in the book.
    #[sdk::event]
    pub struct Placed {
        /// Its number.
        #[topic]
        pub id: u64,
        /// The owner.
        #[topic]
        pub owner: Address,
        /// The order.
        pub order: Order,
    }

    /// An order left the book unfilled or partly filled.
    #[sdk::event]
    pub struct Removed {
        /// Its number.
        #[topic]
        pub id: u64,
        /// The owner.
        #[topic]
        pub owner: Address,
        /// Base units that were not filled.
        pub quantity: u64,
        /// Whether a better order displaced it in a full book; else its owner cancelled it.
        pub displaced: bool,
    }

    /// Two orders traded.
    #[sdk::event]
    pub struct Filled {
        /// The bid's number.
        pub bid: u64,
        /// The ask's number.
        pub ask: u64,
        /// The buyer.
        #[topic]
        pub buyer: Address,
        /// The seller.
        #[topic]
        pub seller: Address,
        /// Base units.
        pub quantity: u64,
        /// Quote units for one base unit: the price of the snapshot.
        pub price: u64,
    }

    /// A snapshot was settled.
    #[sdk::event]
    pub struct Settled {
        /// The snapshot's sequence number.
        #[topic]
        pub sequence: u64,
        /// Its price.
        pub price: u64,
        /// The number of [`Filled`] events before this one.
        pub fills: u32,
        /// Base units traded.
        pub quantity: u128,
        /// Whether the limit of fills ended it, so that crossing orders remain for the next one.
        pub limited: bool,
    }

    /// Errors of the book.
    #[sdk::error]
    pub enum OrderbookError {
        /// `init` was called before.
        AlreadyInitialised = refusal::ALREADY_INITIALISED,
        /// `init` was not called yet.
        NotInitialised = refusal::NOT_INITIALISED,
        /// A key of `init` occurs twice: one holder could sign for two.
        RepeatedKey = refusal::REPEATED_KEY,
        /// A price of 0 or above [`limits::PRICE_MAX`](crate::limits::PRICE_MAX).
        PriceOutOfRange = refusal::PRICE_OUT_OF_RANGE,
        /// A quantity of 0 or above [`limits::QUANTITY_MAX`](crate::limits::QUANTITY_MAX).
        QuantityOutOfRange = refusal::QUANTITY_OUT_OF_RANGE,
        /// The side is full and its last order is as good as this one.
        BookFull = refusal::BOOK_FULL,
        /// No such order rests in the book.
        UnknownOrder = refusal::UNKNOWN_ORDER,
        /// The order belongs to another account.
        NotOwner = refusal::NOT_OWNER,
        /// The snapshot is of another market.
        WrongMarket = refusal::WRONG_MARKET,
        /// The sequence number is not above the last one.
        StaleSequence = refusal::STALE_SEQUENCE,
        /// The block is above the snapshot's last height.
        Expired = refusal::EXPIRED,
        /// Fewer than two signatures.
        TooFewSigners = refusal::TOO_FEW_SIGNERS,
        /// A signer signed twice.
        DuplicateSigner = refusal::DUPLICATE_SIGNER,
        /// A signature by a key outside the set.
        UnknownSigner = refusal::UNKNOWN_SIGNER,
        /// A signature that does not verify for its key and this message.
        InvalidSignature = refusal::INVALID_SIGNATURE,
        /// A sum is out of the range of its type.
        Overflow = refusal::OVERFLOW,
    }

    /// Opens the book of a market for three different signers.
    ///
    /// # Errors
    /// [`OrderbookError::AlreadyInitialised`], [`OrderbookError::RepeatedKey`].
    pub fn init(market: [u8; 32], signers: [Signer; SIGNERS]) -> Result<(), OrderbookError> {
        if SETUP.exists() {
            return Err(OrderbookError::AlreadyInitialised);
        }
        let [first, second, third] = &signers;
        if first == second || first == third || second == third {
            return Err(OrderbookError::RepeatedKey);
        }
        SETUP.set(&Setup { market, signers });
        Ok(())
    }

    /// Places an order of the caller's; returns its number.
    ///
    /// On a full side, a better order displaces the last one.
    ///
    /// # Errors
    /// [`OrderbookError::NotInitialised`], [`OrderbookError::PriceOutOfRange`],
    /// [`OrderbookError::QuantityOutOfRange`], [`OrderbookError::BookFull`].
    pub fn place(order: Order) -> Result<u64, OrderbookError> {
        if !SETUP.exists() {
            return Err(OrderbookError::NotInitialised);
        }
        if !(1..=PRICE_MAX).contains(&order.price) {
            return Err(OrderbookError::PriceOutOfRange);
        }
        if !(1..=QUANTITY_MAX).contains(&order.quantity) {
            return Err(OrderbookError::QuantityOutOfRange);
        }
        let id = LAST_ID.get().unwrap_or_default().checked_add(1);
        let id = id.ok_or(OrderbookError::Overflow)?;
        let owner = env::caller();
        let resting = RestingOrder {
            id,
            owner,
            price: order.price,
            quantity: order.quantity,
        };
        let mut orders = list(order.side).get().unwrap_or_default();
        let index = matching::insertion_index(&orders, order.side, order.price);
        if orders.len() >= BOOK_SIDE_ORDERS_MAX {
            if index == orders.len() {
                return Err(OrderbookError::BookFull);
            }
            if let Some(last) = orders.pop() {
                emit_removed(&last, true);
            }
        }
        orders.insert(index, resting);
        list(order.side).set(&orders);
        LAST_ID.set(&id);
        env::emit(&Placed { id, owner, order });
        Ok(id)
    }

    /// Cancels an order of the caller's.
    ///
    /// # Errors
    /// [`OrderbookError::UnknownOrder`], [`OrderbookError::NotOwner`].
    pub fn cancel(id: u64) -> Result<(), OrderbookError> {
        for side in [Side::Bid, Side::Ask] {
            let mut orders = list(side).get().unwrap_or_default();
            let Some(index) = orders.iter().position(|order| order.id == id) else {
                continue;
            };
            let order = orders.remove(index);
            if order.owner != env::caller() {
                return Err(OrderbookError::NotOwner);
            }
            list(side).set(&orders);
            emit_removed(&order, false);
            return Ok(());
        }
        Err(OrderbookError::UnknownOrder)
    }

    /// Trades at the price of a snapshot that two of the three signers signed; returns the number
    /// of fills. Any account may call it: the signatures are the authority.
    ///
    /// # Errors
    /// Everything from [`OrderbookError::WrongMarket`] to [`OrderbookError::Overflow`],
    /// [`OrderbookError::NotInitialised`] and [`OrderbookError::PriceOutOfRange`].
    pub fn settle(snapshot: Snapshot, signatures: Vec<SignedBy>) -> Result<u32, OrderbookError> {
        let setup = SETUP.get().ok_or(OrderbookError::NotInitialised)?;
        check_snapshot(&setup, &snapshot)?;
        signatures::check(&setup.signers, &snapshot, &signatures)?;
        // Recorded before anything trades, so that this snapshot cannot settle again.
        SEQUENCE.set(&snapshot.sequence);
        let mut bids = BIDS.get().unwrap_or_default();
        let mut asks = ASKS.get().unwrap_or_default();
        let matched = matching::cross(&mut bids, &mut asks, snapshot.price);
        BIDS.set(&bids);
        ASKS.set(&asks);
        let mut quantity = 0_u128;
        for fill in &matched.fills {
            book_fill(fill, snapshot.price)?;
            quantity = quantity.saturating_add(u128::from(fill.quantity));
        }
        let fills = u32::try_from(matched.fills.len()).map_err(|_| OrderbookError::Overflow)?;
        let Snapshot {
            sequence, price, ..
        } = snapshot;
        env::emit(&Settled {
            sequence,
            price,
            fills,
            quantity,
            limited: matched.limited,
        });
        Ok(fills)
    }

    /// The resting bids, best first.
    pub fn bids() -> Vec<RestingOrder> {
        BIDS.get().unwrap_or_default()
    }

    /// The resting asks, best first.
    pub fn asks() -> Vec<RestingOrder> {
        ASKS.get().unwrap_or_default()
    }

    /// The sum of the trades of an account.
    pub fn position(owner: Address) -> Position {
        POSITIONS.get(&owner).unwrap_or_default()
    }

    fn list(side: Side) -> Item<Vec<RestingOrder>> {
        match side {
            Side::Bid => BIDS,
            Side::Ask => ASKS,
        }
    }

    fn emit_removed(order: &RestingOrder, displaced: bool) {
        let RestingOrder {
            id,
            owner,
            quantity,
            ..
        } = *order;
        env::emit(&Removed {
            id,
            owner,
            quantity,
            displaced,
        });
    }

    /// Checks the fields of a snapshot, before the signatures.
    fn check_snapshot(setup: &Setup, snapshot: &Snapshot) -> Result<(), OrderbookError> {
        if snapshot.market != setup.market {
            return Err(OrderbookError::WrongMarket);
        }
        if snapshot.sequence <= SEQUENCE.get().unwrap_or_default() {
            return Err(OrderbookError::StaleSequence);
        }
        if env::block_height() > snapshot.height_max {
            return Err(OrderbookError::Expired);
        }
        if !(1..=PRICE_MAX).contains(&snapshot.price) {
            return Err(OrderbookError::PriceOutOfRange);
        }
        Ok(())
    }

    /// Moves base to the buyer and quote to the seller, and emits the event.
    fn book_fill(fill: &matching::Fill, price: u64) -> Result<(), OrderbookError> {
        let base = i128::from(fill.quantity);
        let quote = base
            .checked_mul(i128::from(price))
            .ok_or(OrderbookError::Overflow)?;
        let (buyer, seller) = (fill.bid.owner, fill.ask.owner);
        change_position(buyer, base, quote.checked_neg())?;
        change_position(seller, base.saturating_neg(), Some(quote))?;
        let (bid, ask, quantity) = (fill.bid.id, fill.ask.id, fill.quantity);
        env::emit(&Filled {
            bid,
            ask,
            buyer,
            seller,
            quantity,
            price,
        });
        Ok(())
    }

    fn change_position(
        owner: Address,
        base: i128,
        quote: Option<i128>,
    ) -> Result<(), OrderbookError> {
        let mut position = position(owner);
        position.base = position
            .base
            .checked_add(base)
            .ok_or(OrderbookError::Overflow)?;
        let quote = quote.and_then(|quote| position.quote.checked_add(quote));
        position.quote = quote.ok_or(OrderbookError::Overflow)?;
        POSITIONS.set(&owner, &position);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
