//! Chooses how RocksDB runs; no choice changes what a store answers.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, Options,
};

/// State values by state key; contract code among them.
pub(crate) const VALUES: &str = "values";
/// Headers by height, big endian.
pub(crate) const HEADERS: &str = "headers";
/// Receipts by height, big endian.
pub(crate) const RECEIPTS: &str = "receipts";
/// The tip.
pub(crate) const META: &str = "meta";
/// Every column family of a store.
pub(crate) const FAMILIES: [&str; 4] = [VALUES, HEADERS, RECEIPTS, META];

/// Log files that are written over instead of created. At least one: without it a log whose end is
/// garbage can send RocksDB's reader round for ever (facebook/rocksdb#13333).
const RECYCLED_LOGS: usize = 2;
/// A file is compacted when this many of [`DELETION_WINDOW`] entries in a row are deletions, so
/// that a scan over what is gone stays short.
const DELETION_TRIGGER: usize = 512;
const DELETION_WINDOW: usize = 4_096;
/// The same for a whole file.
const DELETION_SHARE: f64 = 0.5;
/// RocksDB's own log, for people: lines are kept, the disk is not filled.
const INFO_LOG_BYTES: usize = 4 * 1024 * 1024;
const INFO_LOGS: usize = 4;

/// How a store runs. Every field changes time, memory or disk, never an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Blocks whose header and receipts are kept, `None` for all; at least 1.
    pub keep_blocks: Option<u64>,
    /// Seconds that opening may take before it is a fault. Replaying a log of
    /// [`Settings::log_bytes`] takes a few.
    pub open_seconds: u64,
    /// Bytes of recent changes in memory before they are written to a sorted file.
    pub buffer_bytes: usize,
    /// Bytes of log after which changes in memory are written out, so that the log can be dropped.
    pub log_bytes: u64,
    /// Bytes of uncompressed blocks of files kept in memory.
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
    /// Small buffers: every few blocks are flushed and compacted. For tests of crashes.
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
        // With recycled logs a compressed one can be refused though it is whole
        // (facebook/rocksdb#15007).
        options.set_wal_compression_type(DBCompressionType::None);
        // A log ends at the first record that is not whole; a prefix of blocks is left.
        options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
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
            .map(|name| ColumnFamilyDescriptor::new(*name, self.family(&cache)))
            .collect()
    }

    fn family(&self, cache: &Cache) -> Options {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(cache);
        // Most reads are of keys that are there; the filter is for those that are not.
        blocks.set_bloom_filter(10.0, false);
        let mut options = Options::default();
        options.set_block_based_table_factory(&blocks);
        options.set_write_buffer_size(self.buffer_bytes);
        options.set_compression_type(DBCompressionType::None);
        options.add_compact_on_deletion_collector_factory(
            DELETION_WINDOW,
            DELETION_TRIGGER,
            DELETION_SHARE,
        );
        options
    }
}
