//! Names every bound of the order book, each with its reason.

/// Orders on one side. A side is one stored value, read and written whole by each call: at 56
/// bytes an order it takes 7 KiB of the 64 that a value may have.
pub const BOOK_SIDE_ORDERS_MAX: usize = 128;

/// Fills of one settlement. A transaction may emit 64 events, and one is the settlement's own;
/// a fill reads and writes two positions, which are paid for by whoever calls.
pub const FILLS_PER_SETTLEMENT_MAX: usize = 32;

/// The highest price. With [`QUANTITY_MAX`] a fill moves at most 2^96 quote units, so that a
/// position needs 2^31 of the largest fills to leave its range: nobody can make a settlement
/// overflow, which would otherwise block the book for everybody.
pub const PRICE_MAX: u64 = 1 << 48;

/// The largest quantity of an order.
pub const QUANTITY_MAX: u64 = 1 << 48;
