//! Names what a submit results in: an admission, or the reason of a refusal and what to do then.

use crate::block::InvalidTransaction;
use crate::transaction::DecodeError;
use vm::{Address, Height};

/// SHA-256 of the encoding of a signed transaction.
pub type SignedHash = [u8; 32];

/// A transaction that was admitted to the mempool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Hash of the encoded signed transaction.
    pub hash: SignedHash,
    /// Id of the transaction, under which its receipt will be found.
    pub id: [u8; 32],
    /// Account that signed.
    pub sender: Address,
    /// The pending transaction with the same nonce that it replaced.
    pub replaced: Option<SignedHash>,
    /// Transactions that were evicted for it, in order of eviction.
    pub evicted: Vec<SignedHash>,
}

/// Why the mempool refused a transaction; nothing pending has changed.
///
/// The same bytes may be admitted later, except after [`Refused::Encoding`] and a false signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The context's parent is not the block that the mempool was last informed of.
    /// Call [`super::Mempool::committed`] first.
    #[error("the mempool is at height {pool}, the context at {given}: pass the block on first")]
    Tip {
        /// Height of the mempool.
        pool: Height,
        /// Height of the context's parent.
        given: Height,
    },
    /// The source has used its tokens. Submit again after the time, or through another node.
    #[error("too many submits of this source: again in {retry_ms} ms")]
    SourceRate {
        /// Time after which the tokens are there, in milliseconds.
        retry_ms: u64,
    },
    /// Too many sources are active. Submit again later, or through another node.
    #[error("more than {max} active sources: again later")]
    Sources {
        /// [`super::MempoolOptions::limited_sources_max`].
        max: usize,
    },
    /// The bytes are no signed transaction. Encode it anew.
    #[error("no signed transaction: {0}")]
    Encoding(DecodeError),
    /// The transaction is invalid in the next block. Correct what the reason names and sign again.
    #[error("invalid: {0}")]
    Invalid(InvalidTransaction),
    /// The gas price is below the least one of this node. Raise it, or use another node.
    #[error("gas price {gas_price}, at least {min} is required")]
    GasPrice {
        /// Gas price of the transaction, in the chain's smallest unit.
        gas_price: u64,
        /// [`super::MempoolOptions::gas_price_min`].
        min: u64,
    },
    /// A transaction with this nonce is in the chain. Sign with the next nonce.
    #[error("nonce {nonce} is used, the next one is {next}")]
    NonceUsed {
        /// Nonce of the transaction.
        nonce: u64,
        /// Least nonce that is neither used nor pending.
        next: u64,
    },
    /// A transaction of the sender is missing before this one. Submit that first.
    #[error("nonce {nonce} leaves a gap, the next one is {next}")]
    NonceGap {
        /// Nonce of the transaction.
        nonce: u64,
        /// Least nonce that is neither used nor pending.
        next: u64,
    },
    /// The nonce is 2^64 - 1, which no block executes. Use another account.
    #[error("the last nonce, which no block executes")]
    NonceLast,
    /// The same signed transaction is pending. Wait for a block.
    #[error("the transaction is pending already")]
    Pending,
    /// Another transaction with this nonce is pending and its gas price is too near. Raise the
    /// price to the required one, or wait.
    #[error(
        "gas price {gas_price}, at least {} is required to replace a pending one of {pending}",
        figure(.required)
    )]
    Replacement {
        /// Gas price of the transaction, in the chain's smallest unit.
        gas_price: u64,
        /// Gas price of the pending transaction.
        pending: u64,
        /// Least gas price that replaces it; `None` if that exceeds a u64.
        required: Option<u64>,
    },
    /// Gas limit times gas price, and value, sum to more than 128 bits, which no balance covers.
    /// Lower one of them and sign again.
    #[error("a maximum cost of more than 128 bits")]
    Cost,
    /// The balance does not cover this transaction and the sender's other pending ones, each at its
    /// maximum cost. Lower the gas limit or the value, or wait.
    #[error("pending transactions may cost {}, the balance is {balance}", figure(.required))]
    Balance {
        /// Sum of the maximum costs, in the chain's smallest unit; `None` above 128 bits.
        required: Option<u128>,
        /// Balance at the tip, in the chain's smallest unit.
        balance: u128,
    },
    /// The sender has as many pending transactions as it may have. Wait for a block.
    #[error("the sender has {max} pending transactions, the maximum")]
    SenderTransactions {
        /// Maximum of one sender.
        max: usize,
    },
    /// The sender's pending transactions would be too large. Wait for a block.
    #[error("pending transactions of the sender of {bytes} bytes, at most {max} are allowed")]
    SenderBytes {
        /// Bytes with this transaction, as [`super::MempoolOptions::bytes_max`] counts them.
        bytes: u64,
        /// Maximum of one sender, in bytes.
        max: u64,
    },
    /// The mempool is full of transactions that pay as much or more. Raise the gas price of this
    /// one, and of the sender's earlier ones if theirs is below the required one; or wait.
    #[error("the mempool is full: gas price {gas_price}, at least {required} is required")]
    Full {
        /// Lowest gas price of this transaction and the sender's earlier pending ones, in the
        /// chain's smallest unit.
        gas_price: u64,
        /// Least gas price at which another transaction may be evicted.
        required: u64,
    },
    /// The transaction is so large that it would evict too many others. Submit it again later.
    #[error("more than {max} transactions would be evicted for this one: again later")]
    Evictions {
        /// [`super::MempoolOptions::evictions_max`].
        max: usize,
    },
    /// The sender has submitted too much in too short a time. Submit again after the time.
    #[error("too many transactions of this sender: again in {retry_ms} ms")]
    SenderRate {
        /// Time after which the tokens are there, in milliseconds.
        retry_ms: u64,
    },
    /// Too many senders are active. Submit again later, or through another node.
    #[error("more than {max} active senders: again later")]
    Senders {
        /// [`super::MempoolOptions::limited_senders_max`].
        max: usize,
    },
    /// This node verifies as many signatures as it may. Submit again after the time, or through
    /// another node.
    #[error("too many submits of all sources: again in {retry_ms} ms")]
    NodeRate {
        /// Time after which the tokens are there, in milliseconds.
        retry_ms: u64,
    },
}

impl Refused {
    /// True if no honest source passes on what was submitted, whatever its tip and its options: the
    /// bytes are no transaction, or the signature is false. The caller may disconnect the source.
    #[must_use]
    pub const fn blames_source(&self) -> bool {
        matches!(
            self,
            Self::Encoding(_) | Self::Invalid(InvalidTransaction::Signature)
        )
    }
}

/// A required amount for people.
fn figure(required: &Option<impl ToString>) -> String {
    required.as_ref().map_or_else(
        || "more than the type allows".to_owned(),
        ToString::to_string,
    )
}
