//! Defines the order book's types, its inputs, and the exact bytes that a signer signs.

use alloc::vec::Vec;

use borsh::io::{Error, ErrorKind, Read};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Address, Invocation, invocation::encode};

/// Prefix of [`signing_bytes`]: a signature for another purpose cannot be used here.
pub const SIGNING_DOMAIN: &[u8] = b"lockstep/orderbook/settle/1";

/// Number of signers of a book.
pub const SIGNERS: usize = 3;

/// Number of distinct signers that must sign a snapshot.
pub const SIGNERS_REQUIRED: usize = 2;

/// Direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize)]
pub enum Side {
    /// An order to buy at its price or below.
    Bid,
    /// An order to sell at its price or above.
    Ask,
}

/// An order as it is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Order {
    /// Buy or sell.
    pub side: Side,
    /// Worst accepted price, in quote units for one base unit.
    pub price: u64,
    /// Quantity in base units.
    pub quantity: u64,
}

/// An order as it rests in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RestingOrder {
    /// Number of the order, from 1 on in the order of placing: the time priority.
    pub id: u64,
    /// Account that placed it.
    pub owner: Address,
    /// Worst accepted price.
    pub price: u64,
    /// Quantity in base units that is not filled yet.
    pub quantity: u64,
}

/// Sum of the trades of an account; over all accounts each field sums to 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Position {
    /// Base units bought minus sold.
    pub base: i128,
    /// Quote units received minus paid.
    pub quote: i128,
}

/// A price of a market, for one settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Snapshot {
    /// Market, which must be that of the book.
    pub market: [u8; 32],
    /// Sequence number, above that of the last settlement, so that a snapshot works once.
    pub sequence: u64,
    /// Price at which all orders of the settlement trade.
    pub price: u64,
    /// Last block height at which the snapshot may settle.
    pub height_max: u64,
}

/// The public key of a signer. Each scheme has its own tag in the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize)]
pub enum Signer {
    /// A compressed key; signs the sha256 of [`signing_bytes`], with low s.
    Secp256k1([u8; 33]),
    /// Signs [`signing_bytes`] themselves.
    Ed25519([u8; 32]),
}

/// A signature with its public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedBy {
    /// Signer of the book.
    pub signer: Signer,
    /// r and s, or R and s: 64 bytes.
    pub signature: [u8; 64],
}

// The decoding of the two enums is written by hand: the derived decoding formats its error message,
// and formatting makes this contract 5 KB larger.

impl BorshDeserialize for Side {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self, Error> {
        match u8::deserialize_reader(reader)? {
            0 => Ok(Self::Bid),
            1 => Ok(Self::Ask),
            _ => Err(Error::new(ErrorKind::InvalidData, "a side is 0 or 1")),
        }
    }
}

impl BorshDeserialize for Signer {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self, Error> {
        match u8::deserialize_reader(reader)? {
            0 => <[u8; 33]>::deserialize_reader(reader).map(Self::Secp256k1),
            1 => <[u8; 32]>::deserialize_reader(reader).map(Self::Ed25519),
            _ => Err(Error::new(ErrorKind::InvalidData, "a scheme is 0 or 1")),
        }
    }
}

/// Error codes of the book.
pub mod refusal {
    /// `init` was called before.
    pub const ALREADY_INITIALISED: u32 = 1;
    /// `init` was not called yet.
    pub const NOT_INITIALISED: u32 = 2;
    /// A key of `init` occurs twice.
    pub const REPEATED_KEY: u32 = 3;
    /// A price of 0 or above the limit.
    pub const PRICE_OUT_OF_RANGE: u32 = 4;
    /// A quantity of 0 or above the limit.
    pub const QUANTITY_OUT_OF_RANGE: u32 = 5;
    /// The side of the book is full, of orders at this price or better ones.
    pub const BOOK_FULL: u32 = 6;
    /// No such order rests in the book.
    pub const UNKNOWN_ORDER: u32 = 7;
    /// The order belongs to another account.
    pub const NOT_OWNER: u32 = 8;
    /// The snapshot is of another market.
    pub const WRONG_MARKET: u32 = 9;
    /// The sequence number is not above the last one.
    pub const STALE_SEQUENCE: u32 = 10;
    /// The block is above the snapshot's last height.
    pub const EXPIRED: u32 = 11;
    /// Fewer than two signatures.
    pub const TOO_FEW_SIGNERS: u32 = 12;
    /// A signer signed twice.
    pub const DUPLICATE_SIGNER: u32 = 13;
    /// A signature by a key outside the set.
    pub const UNKNOWN_SIGNER: u32 = 14;
    /// A signature that does not verify for its key and this message.
    pub const INVALID_SIGNATURE: u32 = 15;
    /// A sum is out of the range of its type.
    pub const OVERFLOW: u32 = 16;
}

/// The message that a signer of a snapshot signs.
///
/// [`SIGNING_DOMAIN`], then chain id, contract and snapshot in borsh: a signature is valid for
/// one chain, one contract and one snapshot.
#[must_use]
pub fn signing_bytes(chain_id: &[u8; 32], contract: &Address, snapshot: &Snapshot) -> Vec<u8> {
    let mut message = SIGNING_DOMAIN.to_vec();
    message.extend(encode(&(chain_id, contract, snapshot)));
    message
}

/// Opens the book of a market for three different signers; returns nothing. Works once.
#[must_use]
pub fn init(market: [u8; 32], signers: [Signer; SIGNERS]) -> Invocation {
    Invocation::new("init", &(market, signers))
}

/// Places an order; returns its number (u64).
#[must_use]
pub fn place(order: Order) -> Invocation {
    Invocation::new("place", &order)
}

/// Cancels an order of the caller; returns nothing.
#[must_use]
pub fn cancel(id: u64) -> Invocation {
    Invocation::new("cancel", &id)
}

/// Trades at the snapshot's price; returns the number of fills (u32).
#[must_use]
pub fn settle(snapshot: Snapshot, signatures: &[SignedBy]) -> Invocation {
    Invocation::new("settle", &(snapshot, signatures))
}

/// Returns the resting bids, best first (list of [`RestingOrder`]).
#[must_use]
pub fn bids() -> Invocation {
    Invocation::new("bids", &())
}

/// Returns the resting asks, best first (list of [`RestingOrder`]).
#[must_use]
pub fn asks() -> Invocation {
    Invocation::new("asks", &())
}

/// Returns an account's [`Position`].
#[must_use]
pub fn position(owner: Address) -> Invocation {
    Invocation::new("position", &owner)
}
