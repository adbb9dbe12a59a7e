//! Bounds every transaction and block: one constant a line, each with its reason.
//!
//! All are inclusive. They are hashed into the chain id as part of the genesis document.

use borsh::{BorshDeserialize, BorshSerialize};

/// Bytes of an encoded signed transaction: a module of the largest size and room for the rest, so
/// that a module one byte too long is a transaction that is paid for and `Rejected`.
pub const TRANSACTION_BYTES_MAX: u32 =
    vm::unstable::limits::Limits::V1.module_bytes_max + TRANSACTION_OVERHEAD_BYTES;
/// Room for everything but the module in an upload; an upload needs 200 bytes.
pub const TRANSACTION_OVERHEAD_BYTES: u32 = 4_096;
/// Bytes of an encoded block: one transaction of the largest size and as much again.
pub const BLOCK_BYTES_MAX: u32 = 8 * 1024 * 1024 + 65_536;
/// Gas limit of one transaction: half a second; the dearest upload needs 4.4e9.
pub const TRANSACTION_GAS_MAX: u64 = 5_000_000_000;
/// Sum of the gas limits of a block: one second.
pub const BLOCK_GAS_MAX: u64 = 10_000_000_000;
/// Bytes of a chain's name, which is for people.
pub const CHAIN_NAME_BYTES_MAX: u32 = 64;
/// Bytes of checked modules that a warm cache keeps before it starts afresh; observable by nobody.
pub const CACHE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of a record of an archive: the largest block, and eight times as much for what came of it.
pub const ARCHIVE_RECORD_BYTES_MAX: u32 = 9 * BLOCK_BYTES_MAX;

/// The limits of one chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Limits {
    /// Bytes of an encoded signed transaction.
    pub transaction_bytes: u32,
    /// Bytes of an encoded block.
    pub block_bytes: u32,
    /// Gas limit of one transaction.
    pub transaction_gas: u64,
    /// Sum of the gas limits of a block.
    pub block_gas: u64,
}

impl Limits {
    /// The starting limits.
    #[must_use]
    pub const fn v1() -> Self {
        Self {
            transaction_bytes: TRANSACTION_BYTES_MAX,
            block_bytes: BLOCK_BYTES_MAX,
            transaction_gas: TRANSACTION_GAS_MAX,
            block_gas: BLOCK_GAS_MAX,
        }
    }
}
