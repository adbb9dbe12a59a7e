//! Verifies the signatures of many transactions on several threads, and remembers which are right.
//!
//! There is no batch verification: its predicate differs from that of single signatures. Neither
//! the number of threads nor what is remembered changes a result.

use crate::digest::sha256;
use crate::transaction::Signed;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// Number of signatures that a thread takes at once; for fewer a thread costs more than it saves.
const SIGNATURES_MIN: usize = 8;

/// Hash of an encoded signed transaction.
pub(crate) type EncodingHash = [u8; 32];

/// A transaction with its id, which is what was signed.
pub(crate) type Unverified<'a> = (&'a Signed, &'a [u8; 32]);

/// A verifier of signatures.
#[derive(Debug)]
pub(crate) struct Signatures {
    /// Threads that verify, the caller's included.
    threads: usize,
    verified: Option<Mutex<VerifiedCache>>,
    count: AtomicU64,
}

/// Hashes of transactions whose signature was verified. The newer half is complete; of the older
/// half all are dropped at once.
#[derive(Debug)]
struct VerifiedCache {
    half: usize,
    newer: BTreeSet<EncodingHash>,
    older: BTreeSet<EncodingHash>,
}

impl Signatures {
    /// Verifies on the caller's thread and remembers nothing.
    pub(crate) const fn inline() -> Self {
        Self {
            threads: 1,
            verified: None,
            count: AtomicU64::new(0),
        }
    }

    /// Verifies on `threads` threads, the caller's included, and remembers at most `remembered_max`
    /// transactions.
    pub(crate) fn new(threads: usize, remembered_max: usize) -> Self {
        let cache = VerifiedCache {
            half: remembered_max / 2,
            newer: BTreeSet::new(),
            older: BTreeSet::new(),
        };
        Self {
            threads: threads.max(1),
            verified: Some(Mutex::new(cache)),
            count: AtomicU64::new(0),
        }
    }

    /// Number of signatures that were verified, without those that were remembered.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// For each transaction, whether its signature is the signer's; `encoded` are the encodings of
    /// the signed transactions.
    pub(crate) fn verify(&self, transactions: &[Unverified<'_>], encoded: &[Vec<u8>]) -> Vec<bool> {
        let Some(verified) = &self.verified else {
            return self.verify_all(transactions);
        };
        let hashes: Vec<EncodingHash> = encoded.iter().map(|bytes| sha256(&[bytes])).collect();
        let known: Vec<bool> = {
            let cache = lock(verified);
            hashes.iter().map(|hash| cache.contains(hash)).collect()
        };
        let unknown: Vec<Unverified<'_>> = transactions
            .iter()
            .zip(&known)
            .filter(|(_, is_known)| !**is_known)
            .map(|(transaction, _)| *transaction)
            .collect();
        let mut found = self.verify_all(&unknown).into_iter();
        let mut cache = lock(verified);
        known
            .into_iter()
            .zip(hashes)
            .map(|(is_known, hash)| {
                let is_signed = is_known || found.next().unwrap_or(false);
                if is_signed && !is_known {
                    cache.insert(hash);
                }
                is_signed
            })
            .collect()
    }

    /// As [`Signatures::verify`], for one transaction whose encoding has this hash.
    pub(crate) fn verify_one(&self, transaction: Unverified<'_>, hash: &EncodingHash) -> bool {
        let known = self.verified.as_ref();
        if known.is_some_and(|verified| lock(verified).contains(hash)) {
            return true;
        }
        let is_signed = self.verify_all(&[transaction]) == [true];
        if is_signed && let Some(verified) = known {
            lock(verified).insert(*hash);
        }
        is_signed
    }

    /// Verifies each signature, on several threads if there are enough.
    fn verify_all(&self, transactions: &[Unverified<'_>]) -> Vec<bool> {
        let count = u64::try_from(transactions.len()).unwrap_or(u64::MAX);
        self.count.fetch_add(count, Ordering::Relaxed);
        let threads = self.threads.min(transactions.len() / SIGNATURES_MIN).max(1);
        // Schemes differ in cost and often alternate: a thread takes the next few when it is done
        // with its own.
        let next = AtomicUsize::new(0);
        let work = || -> Vec<(usize, bool)> {
            let taken = core::iter::from_fn(|| {
                let start = next.fetch_add(SIGNATURES_MIN, Ordering::Relaxed);
                let rest = transactions.get(start..).unwrap_or_default();
                (!rest.is_empty()).then(|| (start..).zip(rest.iter().take(SIGNATURES_MIN)))
            });
            let verify =
                |(index, (signed, id)): (usize, &Unverified<'_>)| (index, signed.verify_id(id));
            taken.flatten().map(verify).collect()
        };
        let mut verified = vec![None; transactions.len()];
        let mut note = |found: Vec<(usize, bool)>| {
            for (index, is_signed) in found {
                if let Some(entry) = verified.get_mut(index) {
                    *entry = Some(is_signed);
                }
            }
        };
        thread::scope(|scope| {
            let spawned: Vec<_> = (1..threads)
                .map(|_| thread::Builder::new().spawn_scoped(scope, work))
                .collect();
            note(work());
            for thread in spawned.into_iter().flatten() {
                note(thread.join().unwrap_or_default());
            }
        });
        // What a thread took and did not do, this one does.
        let entries = verified.into_iter().zip(transactions);
        entries
            .map(|(entry, (signed, id))| entry.unwrap_or_else(|| signed.verify_id(id)))
            .collect()
    }
}

impl VerifiedCache {
    fn contains(&self, hash: &EncodingHash) -> bool {
        self.newer.contains(hash) || self.older.contains(hash)
    }

    fn insert(&mut self, hash: EncodingHash) {
        if self.newer.len() >= self.half {
            self.older = core::mem::take(&mut self.newer);
        }
        if self.half > 0 {
            self.newer.insert(hash);
        }
    }
}

fn lock(cache: &Mutex<VerifiedCache>) -> MutexGuard<'_, VerifiedCache> {
    // A poisoned lock is safe to use: each hash is inserted whole.
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}
