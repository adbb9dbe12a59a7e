//! Reads archives and cases of which every byte is flipped, and mutated ones with the right hashes:
//! each is agreed, different, or an error that blames the file, in bounded time.
//!
//! With `DEEP` in the environment all of each sweep runs, otherwise a part that is always the same.

use crate::mutations::{self, Draws, archive_file, case_file, record};
use crate::small_chain::{SmallChain, parts};
use node::MemoryStore;
use node::archive::{ArchiveReader, MAGIC};
use node_sim::case::{self, Case, CaseError, CaseReplay};
use node_sim::replay::{Replay, ReplayError};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use vm::Interpreter;

/// Time in which any of these files is read, replayed and traced.
const TIME_MAX: Duration = Duration::from_secs(2);

/// Longest time of any file so far, in microseconds.
static SLOWEST_MICROS: AtomicU64 = AtomicU64::new(0);

/// Exit code that the command has for a file, and the reason if it is an error or a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Judged(u8, String);

fn is_deep() -> bool {
    std::env::var_os("DEEP").is_some()
}

/// Distance of the steps of a sweep.
fn stride(sampled: usize) -> usize {
    if is_deep() { 1 } else { sampled }
}

/// Number of mutated files.
fn mutants() -> u64 {
    if is_deep() { 20_000 } else { 1_000 }
}

fn replay(bytes: &[u8], store: MemoryStore) -> Result<Judged, ReplayError> {
    let reader = ArchiveReader::new(bytes)?;
    let mut replay = Replay::new(reader, parts(), Box::new(store))?
        .bisecting(Box::new(|| Box::new(Interpreter::new())));
    while replay.step()? {}
    let replayed = replay.replayed();
    assert!(replayed.compared > 0, "nothing was compared");
    Ok(match &replayed.first_difference {
        None => Judged(0, String::new()),
        Some(difference) => Judged(1, difference.field.to_owned()),
    })
}

fn judge_archive(bytes: &[u8], store: &MemoryStore) -> Judged {
    match replay(bytes, store.clone()) {
        Ok(judged) => judged,
        Err(ReplayError::Fault(fault)) => panic!("this machine is blamed: {fault}"),
        Err(error) => Judged(4, error.to_string()),
    }
}

fn replay_case(bytes: &[u8]) -> Result<Judged, CaseError> {
    let rules = node::rules::rulebook();
    let case = Case::read(bytes, &rules)?;
    let valid = case.validate(&rules)?;
    Ok(match case.replay(&Interpreter::new(), &rules, &valid)? {
        CaseReplay::Ran { mismatches, .. } if mismatches.is_empty() => Judged(0, String::new()),
        CaseReplay::Ran { mismatches, .. } => Judged(1, mismatches[0].field.to_owned()),
        CaseReplay::MissingKey(key) => Judged(1, hex::encode(key)),
    })
}

fn judge_case(bytes: &[u8]) -> Judged {
    match replay_case(bytes) {
        Ok(judged) => judged,
        Err(CaseError::Fault(fault)) => panic!("this machine is blamed: {fault}"),
        Err(error @ CaseError::Unexecutable(_)) => panic!("found only by executing it: {error}"),
        Err(error) => Judged(4, error.to_string()),
    }
}

/// Judges, and checks what is true of every file: a reason, in time, without the word that blames
/// this machine.
#[expect(
    clippy::disallowed_types,
    reason = "the time is compared with a bound and is no part of a result"
)]
fn judged(what: &str, judge: impl Fn() -> Judged) -> Judged {
    let timed = || {
        let began = std::time::Instant::now();
        (judge(), began.elapsed())
    };
    let (mut judged, mut took) = timed();
    // Another program may have had the processor.
    for _ in 0..2 {
        if took > TIME_MAX {
            (judged, took) = timed();
        }
    }
    assert!(took <= TIME_MAX, "{what}: {took:?}");
    let micros = u64::try_from(took.as_micros()).unwrap();
    SLOWEST_MICROS.fetch_max(micros, Ordering::Relaxed);
    let Judged(code, reason) = &judged;
    assert_eq!(*code == 0, reason.is_empty(), "{what}: {judged:?}");
    assert!(!reason.contains("invariant"), "{what}: {judged:?}");
    judged
}

/// Counts by exit code.
fn count(counts: &mut BTreeMap<u8, u64>, Judged(code, _): &Judged) {
    *counts.entry(*code).or_default() += 1;
}

#[test]
fn a_flipped_bit_of_an_archive_or_a_case_is_an_error_of_the_file() {
    let chain = SmallChain::new("small");
    let (_, case) = chain.case();
    let archive = chain.archive();
    assert_eq!(judge_archive(&archive, &MemoryStore::new()).0, 0);
    assert_eq!(judge_case(&case).0, 1);
    for bit in (0..8).step_by(stride(4)) {
        for position in 0..archive.len() {
            let bit = (bit + position) % 8;
            let mut flipped = archive.clone();
            flipped[position] ^= 1 << bit;
            let what = format!("bit {bit} of byte {position} of the archive");
            let judged = judged(&what, || judge_archive(&flipped, &MemoryStore::new()));
            assert_eq!(judged.0, 4, "{what}: {judged:?}");
            assert!(is_with_advice(&judged.1), "{what}: {judged:?}");
        }
        for position in 0..case.len() {
            let bit = (bit + position) % 8;
            let mut flipped = case.clone();
            flipped[position] ^= 1 << bit;
            let what = format!("bit {bit} of byte {position} of the case");
            let judged = judged(&what, || judge_case(&flipped));
            assert_eq!(judged.0, 4, "{what}: {judged:?}");
            assert!(is_with_advice(&judged.1), "{what}: {judged:?}");
        }
    }
}

/// True if a reason says where the file is wrong and what to do, or that it is of another kind.
fn is_with_advice(reason: &str) -> bool {
    let says_what_to_do = reason.contains("again") || reason.contains("use a build that has them");
    reason.contains("it does not begin with") || (reason.contains(" at byte ") && says_what_to_do)
}

#[test]
fn a_flipped_bit_under_the_right_hash_is_agreed_different_or_an_error_of_the_file() {
    let chain = SmallChain::new("small");
    let mut payloads = vec![chain.genesis.document()];
    payloads.extend(chain.blocks.iter().map(node::digest::encode));
    let (mut archives, mut cases) = (BTreeMap::new(), BTreeMap::new());
    for (number, payload) in payloads.iter().enumerate() {
        for step in (0..payload.len() * 8).step_by(stride(5)) {
            let mut flipped = payloads.clone();
            flipped[number][step / 8] ^= 1 << (step % 8);
            let records: Vec<Vec<u8>> = flipped.iter().map(|payload| record(payload)).collect();
            let file = [MAGIC.as_slice(), &records.concat()].concat();
            let what = format!("bit {step} of record {number}");
            let judged = judged(&what, || judge_archive(&file, &MemoryStore::new()));
            assert_ne!(judged.0, 0, "{what} was flipped unnoticed");
            count(&mut archives, &judged);
        }
    }
    let (_, file) = chain.case();
    let payload = &file[case::MAGIC.len() + 36..];
    for step in (0..payload.len() * 8).step_by(stride(5)) {
        let mut flipped = payload.to_vec();
        flipped[step / 8] ^= 1 << (step % 8);
        let file = case_file(&flipped);
        let what = format!("bit {step} of the case");
        count(&mut cases, &judged(&what, || judge_case(&file)));
    }
    println!("archives by exit code {archives:?}, cases {cases:?}");
    assert!(archives.contains_key(&1) && archives.contains_key(&4));
    assert!(cases.contains_key(&1) && cases.contains_key(&4));
}

#[test]
fn mutated_archives_with_right_hashes_never_blame_this_machine() {
    let chain = SmallChain::new("small");
    let mut counts = BTreeMap::new();
    for seed in 0..mutants() {
        let file = mutations::archive(&chain, &mut Draws::new(seed));
        let what = format!("archive {seed}");
        let fresh = judged(&what, || judge_archive(&file, &MemoryStore::new()));
        // The store may have the chain already: then the blocks are compared with it.
        let stored = judged(&what, || judge_archive(&file, &chain.store));
        if stored.0 == 0 {
            // All but the diffs, which a store does not keep.
            assert!(fresh.0 == 0 || fresh.1 == "diff", "{what}: {fresh:?}");
        }
        count(&mut counts, &fresh);
    }
    println!("archives by exit code {counts:?}; slowest file {SLOWEST_MICROS:?} us");
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), [0, 1, 4]);
}

#[test]
fn mutated_cases_with_right_hashes_never_blame_this_machine() {
    let (case, _) = SmallChain::new("small").case();
    let mut counts = BTreeMap::new();
    for seed in 0..mutants() {
        let file = mutations::case(&case, &mut Draws::new(seed));
        let what = format!("case {seed}");
        count(&mut counts, &judged(&what, || judge_case(&file)));
    }
    println!("cases by exit code {counts:?}");
    assert!(counts.contains_key(&1) && counts.contains_key(&4));
}

#[test]
fn a_length_or_a_count_that_the_file_does_not_have_is_an_error_of_the_file() {
    let chain = SmallChain::new("small");
    let (_, file) = chain.case();
    let payload = &file[case::MAGIC.len() + 36..];
    let document = chain.genesis.document();
    for number in [u32::MAX, 1 << 31, 1 << 20] {
        for position in (0..payload.len() - 4).step_by(stride(7)) {
            let mut long = payload.to_vec();
            long[position..position + 4].copy_from_slice(&number.to_le_bytes());
            let what = format!("{number} at byte {position} of the case");
            let _ = judged(&what, || judge_case(&case_file(&long)));
        }
        for position in (0..document.len() - 4).step_by(stride(7)) {
            let mut long = document.clone();
            long[position..position + 4].copy_from_slice(&number.to_le_bytes());
            let what = format!("{number} at byte {position} of the genesis");
            let file = archive_file(&long, &chain.blocks);
            let judged = judged(&what, || judge_archive(&file, &MemoryStore::new()));
            assert_ne!(judged.0, 0, "{what}");
        }
    }
}
