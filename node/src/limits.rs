//! Limits of transactions and blocks: one constant a line, each with its reason.
//!
//! All limits are inclusive. They are part of the genesis document, which the chain id hashes.

use borsh::{BorshDeserialize, BorshSerialize};

/// Bytes of an encoded signed transaction: the largest module and the overhead around it. A module
/// one byte too long therefore still fits a valid transaction, which pays and gets `Rejected`.
pub const TRANSACTION_BYTES_MAX: u32 =
    vm::unstable::limits::Limits::V1.module_bytes_max + TRANSACTION_OVERHEAD_BYTES;
/// Bytes of an upload that are not the module; an upload needs 200.
pub const TRANSACTION_OVERHEAD_BYTES: u32 = 4_096;
/// Bytes of an encoded block: two transactions of the largest size.
pub const BLOCK_BYTES_MAX: u32 = 8 * 1024 * 1024 + 65_536;
/// Gas limit of one transaction: half a second; the most expensive upload needs 4.4e9 gas.
pub const TRANSACTION_GAS_MAX: u64 = 5_000_000_000;
/// Sum of the gas limits of a block: one second.
pub const BLOCK_GAS_MAX: u64 = 10_000_000_000;
/// Bytes of a chain's name, which people read.
pub const CHAIN_NAME_BYTES_MAX: u32 = 64;
/// Bytes of memory for checked modules, and for what the engine keeps of modules, together, unless
/// [`CachePolicy::Bytes`](crate::CachePolicy) says otherwise; not observable.
pub const CACHE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of an archive record: the largest block, and eight times as much for its results.
pub const ARCHIVE_RECORD_BYTES_MAX: u32 = 9 * BLOCK_BYTES_MAX;
/// Bytes of the shortest signed transaction, an upload of no bytes signed with Ed25519.
pub const SIGNED_BYTES_MIN: u32 = 158;
/// Transactions of a block that is read from a file, and entries of their results: what a block of
/// the largest size has room for.
pub const BLOCK_TRANSACTIONS_MAX: u32 = BLOCK_BYTES_MAX / SIGNED_BYTES_MIN;
/// Bytes of an encoded header, whose fields all have a fixed size.
pub const HEADER_BYTES: u32 = 248;
/// Accounts of a genesis document: 48 MB, so that each document fits a record of an archive.
pub const GENESIS_ACCOUNTS_MAX: u32 = 1_000_000;
/// Bytes of a genesis document: its accounts, its upgrades with their number, and what is before
/// them.
pub const GENESIS_BYTES_MAX: u32 = GENESIS_ACCOUNTS_MAX * GENESIS_ACCOUNT_BYTES
    + UPGRADES_MAX * UPGRADE_BYTES
    + CHAIN_NAME_BYTES_MAX
    + 98;
/// Bytes of an account in a genesis document: address and balance.
const GENESIS_ACCOUNT_BYTES: u32 = 48;
/// Upgrades of a genesis or of an upgrade document, and of both together: one a month for 85 years.
pub const UPGRADES_MAX: u32 = 1_024;
/// Bytes of an upgrade in a genesis document: height and rules id.
const UPGRADE_BYTES: u32 = 40;
/// Bytes of an upgrade document: the lines of its format, chain and hash, and one an upgrade.
pub const UPGRADE_DOCUMENT_BYTES_MAX: u32 = 19 + 71 + UPGRADES_MAX * 94 + 72;

/// Executed blocks that are not final which a chain keeps; engines have few heights open at once.
/// Not observable.
pub const UNFINALIZED_BLOCKS_MAX: usize = 64;
/// Bytes of executed blocks that are not final which a chain keeps: changed keys and values,
/// transactions, receipts, events, and what it takes to go back. Not observable.
pub const UNFINALIZED_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Final blocks below the last one whose state a chain can read: time for a client that reads
/// several values of one block. Not observable.
pub const QUERY_BLOCKS_MAX: usize = 32;
/// Bytes of keys and earlier values that reading them takes. Not observable.
pub const QUERY_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Transactions that a chain leaves out of its proposals because this machine failed in them. Not
/// observable.
pub const QUARANTINED_MAX: usize = 1_024;
/// Transactions whose verified signatures are remembered, about 64 bytes each: three blocks of the
/// smallest transactions. Not observable.
pub const SIGNATURES_MAX: usize = 131_072;

/// Blocks between two checkpoints of the state tree, whose changes are read at an opening. Not
/// observable.
pub const CHECKPOINT_BLOCKS_MAX: usize = 32;
/// Changed leaves between two checkpoints, unless one block has more: an opening reads the page of
/// each, at most as many pages as [`TreeOptions::cache_bytes`](crate::state_tree::TreeOptions) lets
/// change. Not observable.
pub const CHECKPOINT_CHANGES_MAX: usize = 160_000;
/// Leaves that a scrub or a rebuilding of the tree has in memory beside the tree: 64 MB. Not
/// observable.
pub const LEAVES_AT_ONCE: usize = 1_000_000;

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

    /// True if no limit is above the one of `most`.
    #[must_use]
    pub const fn is_within(&self, most: &Self) -> bool {
        self.transaction_bytes <= most.transaction_bytes
            && self.block_bytes <= most.block_bytes
            && self.transaction_gas <= most.transaction_gas
            && self.block_gas <= most.block_gas
    }
}
