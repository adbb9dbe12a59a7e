//! Compares a tree of tiny pages and a tiny cache with `jmt` and with the tree in memory.

use std::cell::Cell;
use std::collections::BTreeMap;

use tree::{
    Batch, Damage, Leaf, PagedOptions, PagedTree, Part, Path, Record, RecordSource, Root, Tree,
    TreeError, ValueHash,
};

use crate::jmt_oracle::{Oracle, accepts, convert};
use crate::workload::{Changes, Rng, apply, batch, changes, flip, paths};

/// Records by key, with a read that fails.
#[derive(Clone, Default)]
pub(crate) struct Records {
    pub(crate) kept: BTreeMap<Vec<u8>, Vec<u8>>,
    reads: Cell<u64>,
    fails: Cell<Option<u64>>,
}

/// The number of the read that failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed(u64);

impl RecordSource for Records {
    type Error = Failed;

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failed> {
        let number = self.reads.get();
        self.reads.set(number + 1);
        if self.fails.get() == Some(number) {
            return Err(Failed(number));
        }
        Ok(self.kept.get(key).cloned())
    }
}

impl Records {
    pub(crate) fn write(&mut self, records: impl IntoIterator<Item = Record>) {
        for (key, bytes) in records {
            match bytes {
                Some(bytes) => self.kept.insert(key, bytes),
                None => self.kept.remove(&key),
            };
        }
    }

    /// Number of records of a kind, which is the first byte of the key.
    pub(crate) fn count(&self, kind: u8) -> usize {
        self.kept.keys().filter(|key| key[0] == kind).count()
    }
}

pub(crate) const PAGE: u8 = 1;
pub(crate) const LOG: u8 = 4;

/// Pages of three leaves, of which a few fit the memory.
pub(crate) const TINY: PagedOptions = PagedOptions {
    cache_bytes: 4_000,
    page_leaves_max: 3,
};

/// A tree with its records and what must be true of it.
struct Model {
    options: PagedOptions,
    records: Records,
    tree: PagedTree,
    twin: Tree,
    oracle: Oracle,
    leaves: BTreeMap<Path, ValueHash>,
    height: u64,
}

impl Model {
    fn new(options: PagedOptions) -> Self {
        let mut model = Self {
            options,
            records: Records::default(),
            tree: PagedTree::new(&options),
            twin: Tree::new(),
            oracle: Oracle::new(),
            leaves: BTreeMap::new(),
            height: 0,
        };
        model.checkpoint();
        model
    }

    fn checkpoint(&mut self) {
        let records = self.tree.checkpoint(self.height, 1, &self.records);
        self.records.write(records.unwrap());
        assert_eq!((self.tree.dirty_bytes(), self.tree.logged()), (0, 0));
        assert_eq!(self.records.count(LOG), 0);
        assert!(self.tree.bytes() <= self.options.cache_bytes);
    }

    fn reopen(&mut self) {
        let opened = PagedTree::open(&self.records, self.height, &self.options, 2).unwrap();
        self.tree = opened.expect("a checkpoint");
        assert_eq!(self.tree.root(), self.twin.root());
    }

    /// Commits a block: as a checkpoint, or in the log.
    fn commit(&mut self, changes: &Changes, is_checkpoint: bool) {
        self.height += 1;
        let updated = self.tree.update(&batch(changes), 1, &self.records);
        let (root, _) = updated.unwrap();
        assert_eq!(root, self.twin.update(&batch(changes)));
        assert_eq!(root, self.oracle.update(changes));
        apply(&mut self.leaves, changes);
        if is_checkpoint {
            self.checkpoint();
        } else {
            let record = self.tree.log(self.height, &batch(changes));
            self.records.write([record]);
            assert_eq!(self.records.count(LOG), self.tree.logged());
        }
    }

    /// Compares values, proofs and adjacent leaves with the twin, and a proof with `jmt`.
    fn compare(&self, rng: &mut Rng, paths: &[Path]) {
        assert_eq!(self.tree.len(), u64::try_from(self.leaves.len()).unwrap());
        for path in paths {
            let path = &flip(path, rng.below(256));
            for path in [path, &paths[rng.below(paths.len())]] {
                let proof = self.tree.prove(path, &self.records).unwrap();
                assert_eq!(proof, self.twin.prove(path));
                let beside = self.tree.adjacent(path, &self.records).unwrap();
                assert_eq!(beside, self.twin.adjacent(path));
                let value = self.tree.get(path, &self.records).unwrap();
                assert_eq!(value, self.leaves.get(path).copied());
            }
        }
        let path = &paths[rng.below(paths.len())];
        let (value, theirs) = self.oracle.prove(path);
        let ours = self.tree.prove(path, &self.records).unwrap();
        assert_eq!(ours, convert(&theirs));
        let root = self.tree.root();
        assert!(accepts(&theirs, &root, path, value.as_deref()));
        let mut all = Vec::new();
        for byte in 0..=u8::MAX {
            all.extend(self.tree.verified_leaves(byte, &self.records).unwrap());
        }
        let leaf = |(path, value): (&Path, &ValueHash)| Leaf {
            path: *path,
            value: *value,
        };
        assert!(all.into_iter().eq(self.leaves.iter().map(leaf)));
    }

    /// Branches of updates that are undone, as blocks that do not become final.
    fn wander(&mut self, rng: &mut Rng, paths: &[Path]) {
        let mut undos: Vec<(Batch, Root)> = Vec::new();
        for _ in 0..1 + rng.below(4) {
            let before = self.tree.root();
            let changes = batch(&changes(rng, paths));
            let (_, undo) = self.tree.update(&changes, 1, &self.records).unwrap();
            undos.push((undo, before));
        }
        for (undo, before) in undos.into_iter().rev() {
            assert_eq!(self.tree.undo(&undo, 1), Ok(before));
        }
        if rng.below(2) == 0 {
            self.tree.settle();
        }
    }
}

#[test]
fn a_tree_of_pages_equals_jmt_over_evictions_undone_updates_checkpoints_and_openings() {
    let mut removed = 0;
    for seed in 0..150 {
        let mut rng = Rng::new(seed);
        let count = 2 + rng.below(80);
        let mut paths = paths(&mut rng, count);
        if seed % 3 == 0 {
            // All in one shard, with prefixes of up to 31 bytes.
            paths = paths
                .iter()
                .map(|path| shared(path, rng.below(32)))
                .collect();
            paths.sort_unstable();
            paths.dedup();
        }
        let page_leaves_max = [1, 2, 3, 8][rng.below(4)];
        let cache_bytes = [0, 4_000, usize::MAX][rng.below(3)];
        let mut model = Model::new(PagedOptions {
            cache_bytes,
            page_leaves_max,
        });
        for _ in 0..20 {
            let pages = model.records.count(PAGE);
            if rng.below(3) == 0 {
                model.wander(&mut rng, &paths);
            }
            let is_checkpoint = rng.below(3) == 0;
            model.commit(&changes(&mut rng, &paths), is_checkpoint);
            if rng.below(4) == 0 {
                model.reopen();
            }
            if rng.below(3) == 0 {
                model.wander(&mut rng, &paths);
            }
            model.compare(&mut rng, &paths);
            removed += usize::from(model.records.count(PAGE) < pages);
        }
    }
    assert!(removed > 100, "{removed} checkpoints have fewer pages");
}

#[test]
fn what_is_undone_need_not_be_written_and_takes_no_memory() {
    for seed in 0..20 {
        let mut rng = Rng::new(seed);
        let paths = paths(&mut rng, 60);
        let mut model = Model::new(PagedOptions {
            cache_bytes: 0,
            page_leaves_max: 3,
        });
        let all = paths.iter().map(|path| (*path, Some(vec![1]))).collect();
        model.commit(&all, true);
        // A block that is final stays to be written, whatever is undone above it.
        for is_logged in [false, true] {
            if is_logged {
                let one = (paths[rng.below(paths.len())], Some(vec![2]));
                model.commit(&[one].into_iter().collect(), false);
            }
            let dirty = model.tree.dirty_bytes();
            assert_eq!(dirty > 0, is_logged);
            let put = |path: &Path| (*path, Some(ValueHash(rng.bytes())));
            let changes: Batch = paths.iter().map(put).collect();
            let (_, undo) = model.tree.update(&changes, 1, &model.records).unwrap();
            assert!(model.tree.dirty_bytes() > dirty);
            model.tree.undo(&undo, 1).unwrap();
            assert!(
                model.tree.dirty_bytes() > dirty,
                "it may be needed to undo more"
            );
            model.tree.settle();
            assert_eq!(
                (model.tree.dirty_bytes(), model.tree.bytes()),
                (dirty, dirty)
            );
            model.compare(&mut rng, &paths);
        }
        model.checkpoint();
        model.reopen();
        model.compare(&mut rng, &paths);
    }
}

/// A path whose first bytes are zeros.
fn shared(path: &Path, zeros: usize) -> Path {
    let mut bytes = *path.as_bytes();
    bytes[0] = 0;
    bytes[..zeros].fill(0);
    Path::from_bytes(bytes)
}

/// A page goes, the page beside it is lifted and dropped from memory, and the first one comes back.
#[test]
fn undoing_the_removal_of_a_page_reads_nothing() {
    let path = |bytes: [u8; 2]| {
        let mut path = [7; 32];
        path[..2].copy_from_slice(&bytes);
        Path::from_bytes(path)
    };
    let value = Some(ValueHash([1; 32]));
    let options = PagedOptions {
        cache_bytes: 0,
        page_leaves_max: 2,
    };
    let mut records = Records::default();
    let mut tree = PagedTree::new(&options);
    // The page of one leaf is on the left, at each of two depths; others share bits below.
    for beside in [[0, 0b1000_0000], [0, 0b0001_0000]] {
        let leaves = [path([0, 0]), path(beside), path([0, beside[1] | 1])];
        let all: Batch = leaves.iter().map(|path| (*path, value)).collect();
        tree.update(&all, 1, &records).unwrap();
        let checkpoint = tree.checkpoint(1, 1, &records).unwrap();
        records.write(checkpoint);
        assert_eq!(tree.bytes(), 0);
        let before = tree.root();
        let gone: Batch = [(leaves[0], None)].into_iter().collect();
        let (_, undo) = tree.update(&gone, 1, &records).unwrap();
        let reads = records.reads.get();
        assert_eq!(tree.undo(&undo, 1), Ok(before));
        assert_eq!(records.reads.get(), reads);
        // What is inside a page that is not in memory was not changed since the checkpoint.
        let inside: Batch = [(leaves[1], None)].into_iter().collect();
        let error = tree.undo(&inside, 1).unwrap_err();
        assert!(matches!(error.part, Part::Page { shard: 0, .. }), "{error}");
        assert_eq!(tree.root(), before);
        let gone: Batch = leaves.iter().map(|path| (*path, None)).collect();
        tree.update(&gone, 1, &records).unwrap();
    }
}

#[test]
fn after_a_read_that_fails_the_tree_is_unchanged_and_the_update_can_be_repeated() {
    let (mut failed, mut unmerged) = (0, 0);
    for seed in 0..20 {
        let mut rng = Rng::new(seed);
        let paths = paths(&mut rng, 60);
        let mut model = Model::new(TINY);
        model.commit(&changes(&mut rng, &paths), true);
        let changes = changes(&mut rng, &paths);
        let expected = model.twin.clone().update(&batch(&changes));
        for number in 0.. {
            model.reopen();
            let before = model.tree.root();
            let at = model.records.reads.get() + number;
            model.records.fails.set(Some(at));
            let updated = model.tree.update(&batch(&changes), 1, &model.records);
            model.records.fails.set(None);
            let Err(error) = updated else {
                assert_eq!(updated.unwrap().0, expected);
                assert!(model.records.reads.get() <= at);
                break;
            };
            assert_eq!(error, TreeError::Source(Failed(at)));
            assert_eq!(model.tree.root(), before);
            assert_eq!(model.tree.dirty_bytes(), 0);
            let again = model.tree.update(&batch(&changes), 2, &model.records);
            assert_eq!(again.unwrap().0, expected);
            failed += 1;
        }
        // Of each leaf that is removed, the checkpoint may have to read the page beside.
        let mut model = Model::new(PagedOptions {
            cache_bytes: 0,
            page_leaves_max: 8,
        });
        let all = paths.iter().map(|path| (*path, Some(vec![1]))).collect();
        model.commit(&all, true);
        let half = paths.iter().step_by(2).map(|path| (*path, None));
        model.commit(&half.collect(), true);
        for path in &paths {
            model.reopen();
            let gone: Batch = [(*path, None)].into_iter().collect();
            let removed = model.tree.update(&gone, 1, &model.records);
            let (root, _) = removed.unwrap();
            model.records.fails.set(Some(model.records.reads.get()));
            let first = model.tree.checkpoint(9, 1, &model.records);
            model.records.fails.set(None);
            if first.is_err() {
                unmerged += 1;
                assert!(model.tree.checkpoint(9, 1, &model.records).is_ok());
            }
            assert_eq!(model.tree.root(), root);
        }
    }
    assert!(failed > 100 && unmerged > 0, "{failed}, {unmerged}");
}

/// Growing and shrinking: pages are cut above the bound and merged below half of it.
#[test]
fn pages_are_neither_too_large_nor_many_too_small() {
    let options = PagedOptions {
        cache_bytes: 10_000,
        page_leaves_max: 16,
    };
    let mut rng = Rng::new(5);
    let mut records = Records::default();
    let mut tree = PagedTree::new(&options);
    let all: Vec<Path> = (0..6_000)
        .map(|_| shared(&Path::from_bytes(rng.bytes()), 1))
        .collect();
    for (height, part) in (0..).zip(all.chunks(500)) {
        let puts: Batch = part
            .iter()
            .map(|path| (*path, Some(ValueHash([2; 32]))))
            .collect();
        tree.update(&puts, 1, &records).unwrap();
        let written = tree.checkpoint(height, 1, &records).unwrap();
        records.write(written);
    }
    let sizes = |records: &Records| -> Vec<usize> {
        let pages = records.kept.iter().filter(|(key, _)| key[0] == PAGE);
        pages.map(|(_, page)| page.len() / 64).collect()
    };
    assert!(sizes(&records).iter().all(|size| (1..=16).contains(size)));
    assert!(records.count(PAGE) < 6_000 / 8, "{}", records.count(PAGE));
    for (height, part) in (100..).zip(all[300..].chunks(500)) {
        let gone: Batch = part.iter().map(|path| (*path, None)).collect();
        tree.update(&gone, 1, &records).unwrap();
        let written = tree.checkpoint(height, 1, &records).unwrap();
        records.write(written);
    }
    assert_eq!(sizes(&records).iter().sum::<usize>(), 300);
    assert!(records.count(PAGE) < 300 / 4, "{}", records.count(PAGE));
}

/// Ground paths: 400 leaves that share 248 bits cost pages and branches as any others do.
#[test]
fn paths_with_long_common_prefixes_are_bounded_pages() {
    let mut leaves: BTreeMap<Path, ValueHash> = BTreeMap::new();
    for last in 0..=u8::MAX {
        let mut path = [0x55; 32];
        path[31] = last;
        leaves.insert(Path::from_bytes(path), ValueHash([last; 32]));
        path[30] = last;
        leaves.insert(Path::from_bytes(path), ValueHash([last; 32]));
    }
    let mut records = Records::default();
    let mut tree = PagedTree::new(&TINY);
    let puts = leaves.iter().map(|(path, value)| (*path, Some(*value)));
    tree.update(&puts.collect(), 1, &records).unwrap();
    assert_eq!(tree.root(), Tree::from_leaves(leaves).root());
    let written = tree.checkpoint(0, 1, &records).unwrap();
    assert!(
        written
            .iter()
            .all(|(key, page)| key[0] != PAGE || page.as_ref().unwrap().len() <= 192)
    );
    records.write(written);
    let opened = PagedTree::open(&records, 0, &TINY, 1).unwrap().unwrap();
    assert_eq!(opened.root(), tree.root());
}

#[test]
fn a_rebuilt_tree_replaces_the_records_of_the_one_before() {
    let mut rng = Rng::new(1);
    let paths = paths(&mut rng, 80);
    let mut model = Model::new(TINY);
    for number in 0..6 {
        model.commit(&changes(&mut rng, &paths), number == 3);
    }
    let puts: Batch = model
        .leaves
        .iter()
        .map(|(path, value)| (*path, Some(*value)))
        .collect();
    model.tree = PagedTree::replacing(model.height, &model.records, &TINY).unwrap();
    model.tree.update(&puts, 1, &model.records).unwrap();
    assert_eq!(model.tree.logged(), 2);
    model.checkpoint();
    model.reopen();
    model.compare(&mut rng, &paths);
    let pages: usize = (0..=u8::MAX)
        .map(|byte| {
            let records = Records {
                kept: model.records.kept.clone(),
                ..Records::default()
            };
            model.tree.verified_leaves(byte, &records).unwrap();
            let read = model.tree.bytes();
            assert!(read <= TINY.cache_bytes);
            usize::try_from(records.reads.get()).unwrap()
        })
        .sum();
    // Nothing is in memory, so each page is read once.
    assert_eq!(
        pages,
        model.records.count(PAGE),
        "no page of the tree before is left"
    );
}

#[test]
fn damage_names_its_record() {
    let shown = |part: Part| {
        let mut records = Records::default();
        let mut tree = PagedTree::new(&TINY);
        let path = Path::from_bytes([0xab; 32]);
        let put: Batch = [(path, Some(ValueHash([0; 32])))].into_iter().collect();
        tree.update(&put, 1, &records).unwrap();
        let written = tree.checkpoint(4, 1, &records).unwrap();
        records.write(written);
        records.write([tree.log(5, &Batch::default())]);
        let key = match part {
            Part::Page { .. } => [vec![1, 0xab], vec![0; 8]].concat(),
            Part::Directory { .. } => vec![2, 0xab],
            Part::Checkpoint => vec![3],
            _ => vec![4, 0, 0, 0, 0, 0, 0, 0, 5],
        };
        records.kept.insert(key, vec![1, 2, 3]);
        let read = PagedTree::open(&records, 5, &TINY, 1)
            .and_then(|tree| tree.unwrap().get(&path, &records));
        match read.unwrap_err() {
            TreeError::Damaged(Damage { part: found, .. }) => assert_eq!(found, part),
            other => panic!("{other:?}"),
        }
        part.to_string()
    };
    let page = Part::Page { shard: 0xab, id: 0 };
    assert_eq!(shown(page), "page 0 of shard ab of the tree");
    let directory = Part::Directory { shard: 0xab };
    assert_eq!(shown(directory), "the directory of shard ab of the tree");
    assert_eq!(shown(Part::Checkpoint), "the checkpoint of the tree");
    assert_eq!(shown(Part::Log { height: 5 }), "the tree's log of block 5");
}
