//! Reads what a store consists of: logs, redb files, records of the tree, snapshots.
#![expect(
    clippy::expect_used,
    reason = "a property that is not true must stop the fuzzer"
)]

use crate::chains::not_an_invariant;
use crate::hashes;
use crate::sample::{self, CHUNKS_AIMED_AT_BYTES};
use borsh::BorshDeserialize;
use node::snapshot::{Manifest, Restore, chunk_name};
use node::{Disk, LogStore, MemoryStore, Store};
use node_sim::disk::SimulatedDisk;
use node_sim::memory_files::MemoryFiles;
use node_sim::synthetic::{Synthetic, state_key};
use redb_store::{PagedFile, RedbStore, Settings};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tree::{PagedOptions, PagedTree, RecordSource, Root, Tree};

/// First bytes of each record of a log.
const LOG_MARK: &[u8] = b"LSblock2";

/// A log, also with the right hashes: the committed blocks, or a fault that blames the file.
pub fn log(bytes: &[u8]) {
    for file in [bytes.to_vec(), hashes::records(bytes, 0, LOG_MARK)] {
        let mut disk = SimulatedDisk::new(0);
        disk.append(&file).expect("a simulated disk takes bytes");
        disk.sync().expect("a simulated disk takes bytes");
        match LogStore::open(disk) {
            Ok(store) => {
                store.scrub().expect("an opened log is whole");
                let tip = store.tip().expect("an opened log has a tip, or none");
                let entries = store.scan(&[], None, usize::MAX);
                assert!(tip.is_some() || entries.expect("it is in memory").is_empty());
            }
            Err(fault) => not_an_invariant(&fault),
        }
    }
}

/// A manifest, also with the right hashes: what decodes has one encoding.
pub fn manifest(bytes: &[u8]) {
    let read = |file: &[u8]| {
        if let Ok(manifest) = Manifest::decode(file) {
            assert_eq!(manifest.encode(), file);
            let chunks = usize::try_from(manifest.chunks());
            assert!(chunks.is_ok_and(|chunks| chunks <= 1 << 16));
        }
    };
    read(bytes);
    let line = b"lockstep/snapshot/1\n";
    let body = bytes.strip_prefix(line).unwrap_or(bytes);
    let body = body.split_last_chunk::<32>().map_or(body, |(body, _)| body);
    if let Ok(mut manifest) = Manifest::try_from_slice(body) {
        // What the header decides is made as the header says.
        manifest.tip.hash = manifest.header.hash();
        manifest.tip.height = manifest.header.height;
        manifest.tip.time_ms = manifest.header.time_ms;
        manifest.chain_id = manifest.header.chain_id;
        if let Some(next) = &mut manifest.next {
            next.parent = manifest.tip.hash;
            next.chain_id = manifest.chain_id;
            next.parent_result = manifest.tip.result;
        }
        read(&manifest.encode());
    }
}

/// A snapshot of the sample chain, as files and manifest.
fn snapshot() -> &'static (MemoryFiles, Manifest) {
    static SNAPSHOT: OnceLock<(MemoryFiles, Manifest)> = OnceLock::new();
    SNAPSHOT.get_or_init(|| sample::chain().snapshot(CHUNKS_AIMED_AT_BYTES))
}

/// The number of a chunk in the first byte, then its file: it is restored only if it is the one of
/// the snapshot.
pub fn chunk(bytes: &[u8]) {
    let Some((first, file)) = bytes.split_first() else {
        return;
    };
    let (files, manifest) = snapshot();
    let mut store = MemoryStore::new();
    let trusted = node::snapshot::app_hash(&manifest.tip.result);
    let restore = Restore::open(&mut store, &manifest.encode(), &trusted);
    let mut restore = restore.expect("the snapshot is of an empty store");
    let index = u32::from(*first)
        .checked_rem(manifest.chunks())
        .unwrap_or_default();
    if restore.chunk(index, file).is_ok() {
        let written = files.0.get(&chunk_name(index));
        assert_eq!(
            written.map(Vec::as_slice),
            Some(file),
            "another chunk is restored"
        );
    }
}

/// Records in memory.
struct Records(BTreeMap<Vec<u8>, Vec<u8>>);

impl RecordSource for Records {
    type Error = Infallible;

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(key).cloned())
    }
}

/// Records of the tree: a kind, then a directory, a log of changes, or a checkpoint, each with the
/// right hashes. The tree that is opened has the root of its leaves, or a record is damaged.
pub fn tree(bytes: &[u8]) {
    let Some(([kind, shard], rest)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    let checkpoint = |shard: Option<(u8, [u8; 32])>, root: Root| {
        let digests = (0..=u8::MAX).map(|at| match shard {
            Some((shard, digest)) if shard == at => digest,
            _ => [0; 32],
        });
        let digests: Vec<u8> = digests.flatten().collect();
        let body = [&[1], &0_u64.to_le_bytes()[..], &root.0, &digests, &[0; 32]].concat();
        hashes::sealed(&[3], &body)
    };
    let mut records = BTreeMap::new();
    let log_key = vec![4, 0, 0, 0, 0, 0, 0, 0, 1];
    match kind % 3 {
        0 => {
            let digest = node::digest::sha256(&[rest]);
            records.insert(vec![3], checkpoint(Some((*shard, digest)), Root::EMPTY));
            records.insert(vec![2, *shard], rest.to_vec());
        }
        1 => {
            let body = [rest, &[0; 32]].concat();
            records.insert(vec![3], checkpoint(None, Root::EMPTY));
            records.insert(log_key.clone(), hashes::sealed(&log_key, &body));
        }
        _ => {
            records.insert(vec![3], rest.to_vec());
            opened(&records);
            records.insert(vec![3], hashes::sealed(&[3], rest));
        }
    }
    opened(&records);
}

/// Opens the tree up to block 1.
fn opened(records: &BTreeMap<Vec<u8>, Vec<u8>>) {
    let source = Records(records.clone());
    let options = PagedOptions::default();
    if let Ok(Some(tree)) = PagedTree::open(&source, 1, &options, 1) {
        assert_eq!(tree.is_empty(), tree.root() == Root::EMPTY);
    }
}

/// A file in memory, which is shared.
#[derive(Clone)]
struct MemoryFile(Arc<Mutex<Vec<u8>>>);

impl MemoryFile {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The range of `length` bytes from `offset` on.
fn range(offset: u64, length: usize) -> io::Result<core::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(io::Error::other)?;
    Ok(start..start.saturating_add(length))
}

impl PagedFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        u64::try_from(self.lock().len()).map_err(io::Error::other)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let contents = self.lock();
        let found = contents.get(range(offset, out.len())?);
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut contents = self.lock();
        let place = contents.get_mut(range(offset, bytes.len())?);
        place
            .ok_or(io::ErrorKind::UnexpectedEof)?
            .copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.lock().resize(length, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

fn open_redb(file: &MemoryFile) -> Result<RedbStore, vm::Fault> {
    let settings = Settings {
        keep_blocks: None,
        cache_bytes: 64 * 1024,
    };
    RedbStore::open_on(Box::new(file.clone()), "fuzzed", settings)
}

/// Number of keys that the sample store is made from.
const KEYS: u64 = 40;

/// A whole file of a store, and the values of all keys in it.
type WholeFile = (Vec<u8>, Vec<Option<Vec<u8>>>);

fn whole_redb() -> &'static WholeFile {
    static FILE: OnceLock<WholeFile> = OnceLock::new();
    FILE.get_or_init(|| {
        let file = MemoryFile(Arc::default());
        let synthetic = Synthetic {
            seed: 1,
            keys: KEYS,
            changes: 8,
            value_bytes: 40,
            receipts: 2,
            records: 2,
        };
        let mut tree = Tree::new();
        let mut store = open_redb(&file).expect("an empty file is a store");
        for _ in 0..4 {
            let tip = store.tip().expect("it is whole");
            let commit = synthetic.next(tip.as_ref(), &mut tree);
            store.commit(commit).expect("it is the next block");
        }
        let values = (0..KEYS).map(|number| store.read(&state_key(number)).expect("it is whole"));
        let values = values.collect();
        drop(store);
        let bytes = file.lock().clone();
        (bytes, values)
    })
}

/// Damages of a redb file, each an offset (u32 LE) and a byte to combine it with: what is read is
/// what was written, or an error.
pub fn redb(bytes: &[u8]) {
    let (whole, values) = whole_redb();
    let mut damaged = whole.clone();
    for damage in bytes.chunks_exact(5).take(64) {
        if let Some((offset, [byte])) = damage.split_first_chunk::<4>() {
            let offset = usize::try_from(u32::from_le_bytes(*offset)).unwrap_or(0);
            let place = offset.checked_rem(damaged.len()).unwrap_or(0);
            if let Some(place) = damaged.get_mut(place) {
                *place ^= byte;
            }
        }
    }
    let file = MemoryFile(Arc::new(Mutex::new(damaged)));
    let Ok(store) = open_redb(&file) else {
        return;
    };
    for (number, expected) in (0..KEYS).zip(values) {
        if let Ok(found) = store.read(&state_key(number)) {
            assert_eq!(found, *expected, "another value of key {number}");
        }
    }
    if let Ok(scrubbed) = store.scrub() {
        assert_eq!(scrubbed.height.0, 3);
    }
}
