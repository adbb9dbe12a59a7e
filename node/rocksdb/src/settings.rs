//! Settings of a store; no setting changes what the store returns.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, Options,
};

/// Column family: state values by state key, contract code included.
pub(crate) const VALUES: &str = "values";
/// Column family: headers by height, big endian.
pub(crate) const HEADERS: &str = "headers";
/// Column family: receipts by height, big endian.
pub(crate) const RECEIPTS: &str = "receipts";
/// Column family: signed transactions by height, big endian.
pub(crate) const TRANSACTIONS: &str = "transactions";
/// Column family: events of each transaction by height, big endian.
pub(crate) const EVENTS: &str = "events";
/// Column family: records of this machine beside the state, by key.
pub(crate) const RECORDS: &str = "records";
/// Column family: the tip.
pub(crate) const META: &str = "meta";
/// Column families of blocks, by height.
pub(crate) const BLOCKS: [&str; 4] = [HEADERS, RECEIPTS, TRANSACTIONS, EVENTS];
/// All column families of a store.
pub(crate) const FAMILIES: [&str; 7] = [
    VALUES,
    HEADERS,
    RECEIPTS,
    TRANSACTIONS,
    EVENTS,
    RECORDS,
    META,
];

/// Log files that are overwritten instead of created. At least one: without it a log that ends in
/// garbage can make RocksDB's reader loop without end (facebook/rocksdb#13333).
const RECYCLED_LOGS: usize = 2;
/// A file is compacted when this many of [`DELETION_WINDOW`] consecutive entries are deletions, so
/// that a scan over deleted keys stays short.
const DELETION_TRIGGER: usize = 512;
const DELETION_WINDOW: usize = 4_096;
/// Share of deletions in a whole file that triggers its compaction.
const DELETION_SHARE: f64 = 0.5;
/// Size of a block of the files of records, in bytes: a page of the tree has 3 KiB, read alone.
const RECORD_BLOCK_BYTES: usize = 8 * 1024;
/// Limits of RocksDB's own log, which people read, so that it does not fill the disk.
const INFO_LOG_BYTES: usize = 4 * 1024 * 1024;
const INFO_LOGS: usize = 4;

/// Settings of a store. They change time, memory and disk use, never a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Number of blocks whose header, transactions, receipts and events are kept, at least 1;
    /// `None` for all.
    pub keep_blocks: Option<u64>,
    /// Time limit for opening, in seconds; beyond it opening is a fault. Replaying a log of
    /// [`Settings::log_bytes`] takes a few seconds.
    pub open_seconds: u64,
    /// Recent changes kept in memory before they are written to a sorted file, in bytes.
    pub buffer_bytes: usize,
    /// Length of the log above which changes in memory are flushed, so that it can be dropped, in
    /// bytes.
    pub log_bytes: u64,
    /// Size of the cache of uncompressed file blocks, in bytes.
    pub cache_bytes: usize,
    /// Flush and compact after each commit: slow, for simulations.
    pub compact_after_commit: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keep_blocks: None,
            open_seconds: 120,
            buffer_bytes: 64 * 1024 * 1024,
            log_bytes: 256 * 1024 * 1024,
            cache_bytes: 256 * 1024 * 1024,
            compact_after_commit: false,
        }
    }
}

impl Settings {
    /// Small buffers, so that every few blocks are flushed and compacted. For crash tests.
    #[must_use]
    pub fn small() -> Self {
        Self {
            buffer_bytes: 64 * 1024,
            log_bytes: 256 * 1024,
            cache_bytes: 1024 * 1024,
            ..Self::default()
        }
    }

    pub(crate) fn database(&self) -> Options {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_recycle_log_file_num(RECYCLED_LOGS);
        // With recycled logs RocksDB can refuse an intact log that is compressed
        // (facebook/rocksdb#15007).
        options.set_wal_compression_type(DBCompressionType::None);
        // Recovery ends at the first incomplete record of a log, which leaves a prefix of the
        // blocks.
        options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
        // All families are flushed in one step of the manifest. If damage hides its last step, the
        // whole store is older, and not one family.
        options.set_atomic_flush(true);
        options.set_max_total_wal_size(self.log_bytes);
        options.set_paranoid_checks(true);
        options.set_keep_log_file_num(INFO_LOGS);
        options.set_max_log_file_size(INFO_LOG_BYTES);
        options.set_stats_dump_period_sec(0);
        options
    }

    pub(crate) fn families(&self) -> Vec<ColumnFamilyDescriptor> {
        let cache = Cache::new_lru_cache(self.cache_bytes);
        FAMILIES
            .iter()
            .map(|name| ColumnFamilyDescriptor::new(*name, self.family(name, &cache)))
            .collect()
    }

    fn family(&self, name: &str, cache: &Cache) -> Options {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(cache);
        if name == RECORDS {
            blocks.set_block_size(RECORD_BLOCK_BYTES);
        }
        // Most reads are of existing keys; the filter serves those that are not.
        blocks.set_bloom_filter(10.0, false);
        let mut options = Options::default();
        options.set_block_based_table_factory(&blocks);
        // All families are flushed together. A checkpoint of the tree fills this buffer by itself,
        // so that an opening replays little more than one.
        let buffer = if name == RECORDS {
            self.buffer_bytes.wrapping_div(2)
        } else {
            self.buffer_bytes
        };
        options.set_write_buffer_size(buffer);
        options.set_compression_type(DBCompressionType::None);
        options.add_compact_on_deletion_collector_factory(
            DELETION_WINDOW,
            DELETION_TRIGGER,
            DELETION_SHARE,
        );
        options
    }
}
