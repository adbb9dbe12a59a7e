//! Defines the limits of the order book, each with its reason.

/// Maximum number of orders on one side. A side is one stored value, which each call reads and
/// writes as a whole: at 56 bytes an order it takes 7 KiB of the 64 KiB that a value may have.
pub const BOOK_SIDE_ORDERS_MAX: usize = 128;

/// Maximum number of fills of one settlement. A transaction may emit 64 events, of which one is
/// the settlement's; a fill reads and writes two positions, for which the caller pays gas.
pub const FILLS_PER_SETTLEMENT_MAX: usize = 32;

/// Maximum price. With [`QUANTITY_MAX`] a fill moves at most 2^96 quote units, so that a position
/// needs 2^31 of the largest fills to overflow: no account can make a settlement overflow, which
/// would otherwise block the book for all accounts.
pub const PRICE_MAX: u64 = 1 << 48;

/// Maximum quantity of an order.
pub const QUANTITY_MAX: u64 = 1 << 48;
