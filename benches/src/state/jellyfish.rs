//! Stores a `jmt` tree in RocksDB like a node: nodes, values and tip in one synced write batch.
//!
//! The configuration favours `jmt`: stale nodes are deleted at once, no old version is kept,
//! versions sort as numbers, and RocksDB has the same caches as in Lockstep's store.

use super::process;
use super::worker::Candidate;
use crate::Measured;
use anyhow::{Result, anyhow};
use jmt::storage::{LeafNode, Node, NodeKey, TreeReader};
use jmt::{JellyfishMerkleTree, KeyHash, OwnedValue, SimpleHasher, Version};
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, Options,
    WriteBatch, WriteOptions,
};
use sha2::{Digest, Sha256};
use std::path::Path;
use vm::StateDiff;

const NODES: &str = "nodes";
const VALUES: &str = "values";
/// Size of the block cache, as in Lockstep's store.
const CACHE_BYTES: usize = 256 * 1024 * 1024;

/// A `jmt` tree in a RocksDB database.
pub(crate) struct Jellyfish {
    nodes: Nodes,
    version: Version,
}

struct Nodes(DB);

impl Nodes {
    fn family(&self, name: &str) -> Result<&ColumnFamily> {
        self.0.cf_handle(name).ok_or_else(|| anyhow!("no {name}"))
    }
}

/// SHA-256 with the interface that `jmt` requires.
struct Hasher(Sha256);

impl SimpleHasher for Hasher {
    fn new() -> Self {
        Self(Sha256::new())
    }

    fn update(&mut self, data: &[u8]) {
        Digest::update(&mut self.0, data);
    }

    fn finalize(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl TreeReader for Nodes {
    fn get_node_option(&self, key: &NodeKey) -> Result<Option<Node>> {
        let bytes = self.0.get_pinned_cf(self.family(NODES)?, node_key(key)?)?;
        Ok(match bytes {
            Some(bytes) => Some(borsh::from_slice(&bytes)?),
            None => None,
        })
    }

    fn get_value_option(&self, _: Version, _: KeyHash) -> Result<Option<OwnedValue>> {
        Err(anyhow!("values are read from the flat family"))
    }

    fn get_rightmost_leaf(&self) -> Result<Option<(NodeKey, LeafNode)>> {
        Err(anyhow!("restoring a tree is not supported"))
    }
}

#[expect(
    clippy::big_endian_bytes,
    reason = "versions sort as numbers; a key of a bench, on one machine"
)]
fn node_key(key: &NodeKey) -> Result<Vec<u8>> {
    let mut bytes = key.version().to_be_bytes().to_vec();
    bytes.extend(borsh::to_vec(key.nibble_path())?);
    Ok(bytes)
}

impl Jellyfish {
    pub(crate) fn open(folder: &Path) -> Measured<Self> {
        let cache = Cache::new_lru_cache(CACHE_BYTES);
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&cache);
        blocks.set_bloom_filter(10.0, false);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_recycle_log_file_num(2);
        options.set_block_based_table_factory(&blocks);
        options.set_compression_type(DBCompressionType::None);
        let families = [NODES, VALUES].map(|name| {
            let mut family = Options::default();
            family.set_block_based_table_factory(&blocks);
            family.set_compression_type(DBCompressionType::None);
            ColumnFamilyDescriptor::new(name, family)
        });
        let db = DB::open_cf_descriptors(&options, folder, families)?;
        Ok(Self {
            nodes: Nodes(db),
            version: 0,
        })
    }
}

impl Candidate for Jellyfish {
    fn commit(&mut self, diff: StateDiff) -> Measured<([u8; 32], f64)> {
        let before = process::cpu();
        let set = diff
            .iter()
            .map(|(key, value)| (KeyHash(Sha256::digest(key).into()), value.clone()));
        let tree = JellyfishMerkleTree::<_, Hasher>::new(&self.nodes);
        let (root, update) = tree.put_value_set(set, self.version)?;
        let root_cpu = process::difference(process::cpu(), before);
        let mut batch = WriteBatch::default();
        let nodes = self.nodes.family(NODES)?;
        for (key, node) in update.node_batch.nodes() {
            batch.put_cf(nodes, node_key(key)?, borsh::to_vec(node)?);
        }
        for stale in &update.stale_node_index_batch {
            batch.delete_cf(nodes, node_key(&stale.node_key)?);
        }
        let values = self.nodes.family(VALUES)?;
        for (key, value) in diff {
            match value {
                Some(value) => batch.put_cf(values, key, value),
                None => batch.delete_cf(values, key),
            }
        }
        batch.put("tip", borsh::to_vec(&(self.version, root.0))?);
        let mut options = WriteOptions::default();
        options.set_sync(true);
        self.nodes.0.write_opt(batch, &options)?;
        self.version = self.version.saturating_add(1);
        Ok((root.0, root_cpu))
    }

    fn settle(&mut self) -> Measured<()> {
        for name in [NODES, VALUES] {
            let family = self.nodes.family(name)?;
            self.nodes.0.flush_cf(family)?;
            self.nodes
                .0
                .compact_range_cf(family, None::<&[u8]>, None::<&[u8]>);
        }
        Ok(())
    }
}
