//! Takes snapshots while blocks are committed, and restores them with damage and crashes between.

use crate::simulated_file::{LOSSES, SimulatedFile};
use crate::{ExpectedChain, open, tiny};
use node::snapshot::{
    MANIFEST, Manifest, Restore, RestoreError, SnapshotOptions, WriteError, app_hash, chunk_name,
    write,
};
use node::{Header, MemoryStore, Store, Tip};
use node_sim::disk::Failing;
use node_sim::memory_files::MemoryFiles;
use node_sim::synthetic::{SplitMix, Synthetic};
use vm::{Fault, Height};

const TAKEN: u64 = 5;

/// A snapshot at [`TAKEN`], with the chain that it is of and the headers of the blocks beside.
struct Taken {
    chain: Synthetic,
    files: MemoryFiles,
    manifest: Manifest,
    before: Header,
    next: Header,
}

impl Taken {
    fn manifest_bytes(&self) -> &[u8] {
        &self.files.0[MANIFEST]
    }

    fn trusted(&self) -> [u8; 32] {
        app_hash(&self.manifest.tip.result)
    }

    fn chunk(&self, index: u32) -> &[u8] {
        &self.files.0[&chunk_name(index)]
    }
}

/// Takes the snapshot before the last blocks, and writes it after them.
fn taken(chunk_bytes: u64, has_next: bool) -> Taken {
    let chain = tiny(21);
    let mut store = open(&SimulatedFile::default()).unwrap();
    let mut known = ExpectedChain::default();
    known.continue_to(&mut store, &chain, TAKEN);
    let snapshot = store.snapshot().unwrap();
    known.continue_to(&mut store, &chain, TAKEN + 4);
    let [before, next] =
        [TAKEN - 1, TAKEN + 1].map(|height| store.header(Height(height)).unwrap().unwrap());
    let options = SnapshotOptions {
        chunk_bytes,
        // Most entries pass through files.
        memory_bytes: 300,
        next: has_next.then(|| next.clone()),
    };
    let mut files = MemoryFiles::default();
    let mut read = 0;
    let manifest = write(snapshot.as_ref(), &mut files, &options, &mut |count| {
        read = count
    });
    let manifest = manifest.unwrap();
    assert_eq!(read, 2 * manifest.entries);
    assert_eq!(manifest.tip, known.tips[TAKEN as usize]);
    assert_eq!(
        files.0.len() as u32,
        manifest.chunks() + 1,
        "nothing else is left"
    );
    Taken {
        chain,
        files,
        manifest,
        before,
        next,
    }
}

/// Restores the chunks that are missing, in some order.
fn restore(
    store: &mut dyn Store,
    taken: &Taken,
    random: &mut SplitMix,
) -> Result<Tip, RestoreError> {
    let mut restore = Restore::open(store, taken.manifest_bytes(), &taken.trusted())?;
    let mut missing = restore.missing();
    while !missing.is_empty() {
        let index = missing.swap_remove(random.below(missing.len() as u64) as usize);
        restore.chunk(index, taken.chunk(index))?;
    }
    restore.finish()
}

/// Checks that a store has the state of the snapshot, and takes the same blocks as the first one.
fn equals(store: &mut dyn Store, taken: &Taken) {
    let mut model = MemoryStore::new();
    let mut known = ExpectedChain::default();
    known.continue_to(&mut model, &taken.chain, TAKEN);
    let all = |store: &dyn Store| store.scan(&[], None, usize::MAX).unwrap();
    assert_eq!(all(store), all(&model));
    assert_eq!(store.tip().unwrap(), known.tip());
    assert_eq!(store.chain_id().unwrap(), Some([0; 32]));
    assert_eq!(
        store.header(Height(TAKEN)).unwrap().as_ref(),
        Some(&taken.manifest.header)
    );
    assert_eq!(store.receipts(Height(TAKEN)).unwrap(), None);
    assert_eq!(store.restoring().unwrap(), None);
    known.continue_to(store, &taken.chain, TAKEN + 3);
    assert_eq!(known.check(store), Some(TAKEN + 3));
    store.scrub().unwrap();
}

#[test]
fn a_snapshot_taken_while_blocks_are_committed_restores_the_state_of_its_block() {
    for (chunk_bytes, chunks) in [(u64::MAX, 1), (500, 8), (40, 128)] {
        let taken = taken(chunk_bytes, false);
        assert_eq!(taken.manifest.chunks(), chunks);
        let mut random = SplitMix(1);
        restore(&mut MemoryStore::new(), &taken, &mut random).unwrap();
        let file = SimulatedFile::default();
        for count in 0.. {
            // Each time the store is opened anew, and takes one more chunk.
            let mut store = open(&file).unwrap();
            let mut restore =
                Restore::open(&mut store, taken.manifest_bytes(), &taken.trusted()).unwrap();
            let missing = restore.missing();
            assert_eq!(missing.len() as u64, u64::from(chunks) - count);
            let Some(index) = missing.last() else { break };
            restore.chunk(*index, taken.chunk(*index)).unwrap();
            // Once more changes nothing.
            restore.chunk(*index, taken.chunk(*index)).unwrap();
        }
        let mut store = open(&file).unwrap();
        restore(&mut store, &taken, &mut random).unwrap();
        equals(&mut store, &taken);
        let mut memory = MemoryStore::new();
        restore(&mut memory, &taken, &mut random).unwrap();
        equals(&mut memory, &taken);
    }
}

#[test]
fn a_restore_needs_a_hash_from_which_the_state_follows() {
    let with_next = taken(500, true);
    let without = taken(500, false);
    let next = with_next.next.hash();
    let result = with_next.trusted();
    let tip = with_next.manifest.tip.hash;
    for (taken, trusted, is_right) in [
        (&with_next, next, true),
        (&with_next, result, true),
        (&with_next, tip, false),
        (&without, result, true),
        (&without, next, false),
        (&without, [0; 32], false),
    ] {
        let mut store = MemoryStore::new();
        let opened = Restore::open(&mut store, taken.manifest_bytes(), &trusted);
        match opened {
            Ok(_) => assert!(is_right),
            Err(RestoreError::Untrusted(height)) => assert!(!is_right && height.0 == TAKEN),
            Err(other) => panic!("{other}"),
        }
    }
    let options = SnapshotOptions {
        next: Some(with_next.manifest.header.clone()),
        ..SnapshotOptions::default()
    };
    let mut store = MemoryStore::new();
    let refused = |store: &MemoryStore, options: &SnapshotOptions| {
        let snapshot = Store::snapshot(store).unwrap();
        write(
            snapshot.as_ref(),
            &mut MemoryFiles::default(),
            options,
            &mut |_| {},
        )
    };
    assert!(matches!(
        refused(&store, &options),
        Err(WriteError::NoBlock)
    ));
    ExpectedChain::default().continue_to(&mut store, &with_next.chain, TAKEN);
    assert!(matches!(
        refused(&store, &options),
        Err(WriteError::NextHeader)
    ));
    assert!(refused(&store, &SnapshotOptions::default()).is_ok());
}

#[test]
fn a_store_with_a_part_of_a_snapshot_takes_no_block_and_no_other_snapshot() {
    let first = taken(500, false);
    let other = taken(40, false);
    for mut store in [
        Box::new(MemoryStore::new()) as Box<dyn Store>,
        Box::new(open(&SimulatedFile::default()).unwrap()),
    ] {
        let store = store.as_mut();
        let mut restore = Restore::open(store, first.manifest_bytes(), &first.trusted()).unwrap();
        restore.chunk(3, first.chunk(3)).unwrap();
        assert!(matches!(restore.finish(), Err(RestoreError::Incomplete(7))));
        let refused = ExpectedChain::default().next(store, &first.chain);
        let Err(Fault::Store(cause)) = refused else {
            panic!("a block was taken");
        };
        assert!(cause.contains("lockstep node restore"), "{cause}");
        let opened = Restore::open(store, other.manifest_bytes(), &other.trusted());
        assert!(matches!(opened, Err(RestoreError::OtherSnapshot)));
        // A chunk of another place, or of another snapshot, changes nothing.
        let mut again = Restore::open(store, first.manifest_bytes(), &first.trusted()).unwrap();
        for (index, bytes) in [
            (4, first.chunk(5)),
            (4, other.chunk(4)),
            (8, first.chunk(4)),
        ] {
            match again.chunk(index, bytes) {
                Err(error @ RestoreError::Chunk { .. }) => {
                    assert!(error.to_string().contains(&chunk_name(index)), "{error}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(again.missing(), [0, 1, 2, 4, 5, 6, 7]);
        super::snapshots::restore(store, &first, &mut SplitMix(2)).unwrap();
        equals(store, &first);
        let opened = Restore::open(store, first.manifest_bytes(), &first.trusted());
        assert!(matches!(opened, Err(RestoreError::NotEmpty(_))));
    }
}

#[test]
fn every_byte_of_a_snapshot_flipped_is_an_error_or_changes_nothing() {
    let taken = taken(500, true);
    let mut errors = 0;
    for (name, bytes) in &taken.files.0 {
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1 << (index % 8);
            let mut store = MemoryStore::new();
            let is_manifest = name == MANIFEST;
            let manifest = if is_manifest {
                &damaged
            } else {
                taken.manifest_bytes()
            };
            let opened = Restore::open(&mut store, manifest, &taken.trusted());
            if is_manifest {
                assert!(matches!(opened, Err(RestoreError::Manifest(_))), "{index}");
            } else {
                let number: u32 = name.trim_start_matches("chunk-").parse().unwrap();
                let refused = opened.unwrap().chunk(number, &damaged);
                assert!(
                    matches!(refused, Err(RestoreError::Chunk { .. })),
                    "{name} {index}"
                );
                assert!(store.scan(&[], None, 1).unwrap().is_empty());
            }
            errors += 1;
        }
    }
    assert!(errors > 4_500, "{errors}");
}

/// A manifest whose own hash is right, but whose parts are not those of a chain.
#[test]
fn a_manifest_that_was_made_on_purpose_restores_nothing() {
    let taken = taken(500, true);
    let made = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = taken.manifest.clone();
        change(&mut manifest);
        let bytes = manifest.encode();
        let mut store = MemoryStore::new();
        let mut restore = Restore::open(&mut store, &bytes, &taken.trusted())?;
        for index in restore.missing() {
            restore.chunk(index, taken.chunk(index))?;
        }
        restore.finish()
    };
    assert!(made(&|_| {}).is_ok());
    let changes: [&dyn Fn(&mut Manifest); 10] = [
        &|manifest| manifest.chain_id = [9; 32],
        &|manifest| manifest.tip.height = Height(TAKEN + 1),
        &|manifest| manifest.tip.hash = [9; 32],
        &|manifest| manifest.tip.time_ms += 1,
        &|manifest| manifest.tip.result.gas_used += 1,
        &|manifest| manifest.entries += 1,
        &|manifest| manifest.bits += 1,
        &|manifest| manifest.next.as_mut().unwrap().time_ms = u64::MAX,
        // Another header, with its own hash in the tip: the state has the hash of the right one.
        &|manifest| {
            manifest.header.time_ms += 1;
            manifest.tip.time_ms += 1;
            manifest.tip.hash = manifest.header.hash();
            manifest.next = None;
        },
        // The header of an earlier block, whose hash the state has too.
        &|manifest| {
            manifest.header = taken.before.clone();
            manifest.tip.height = taken.before.height;
            manifest.tip.time_ms = taken.before.time_ms;
            manifest.tip.hash = taken.before.hash();
            manifest.next = None;
        },
    ];
    for (number, change) in changes.iter().enumerate() {
        // The time of the next header is in no hash that is trusted here.
        assert_eq!(made(change).is_ok(), number == 7, "{number}");
    }
}

#[test]
fn a_restore_that_fails_or_crashes_at_any_operation_goes_on() {
    let taken = taken(500, false);
    let healthy = SimulatedFile::default();
    let mut store = open(&healthy).unwrap();
    restore(&mut store, &taken, &mut SplitMix(0)).unwrap();
    drop(store);
    let operations = healthy.operations();
    assert!(operations > 60, "{operations}");
    let mut went_on = 0;
    for number in 0..operations {
        for failing in [Failing::Once(number), Failing::From(number)] {
            let mut random = SplitMix(number);
            let file = SimulatedFile::default();
            file.fail(failing);
            let ran = open(&file).map(|mut store| {
                let ended = restore(&mut store, &taken, &mut random);
                matches!(ended, Ok(_) | Err(RestoreError::Fault(_)))
            });
            assert!(ran.unwrap_or(true), "{number}");
            file.crash(LOSSES[number as usize % LOSSES.len()], &mut random);
            let mut store = open(&file).unwrap();
            if store.tip().unwrap().is_none() {
                went_on += u64::from(store.restoring().unwrap().is_some());
                restore(&mut store, &taken, &mut random).unwrap();
            }
            equals(&mut store, &taken);
        }
    }
    assert!(went_on > 20, "{went_on}");
}
