//! Case files: a case is a reproducer of one transaction, with everything that it read.
//!
//! ```text
//! file = "lockstep/case/1\n" || payload length u32 LE || sha256(payload) || payload = borsh(Case)
//! ```
//!
//! A case needs no chain: it contains the code of every contract that runs. An execution that reads
//! a key which is not in the case diverges from the execution that made it; that is a difference
//! too, reported with the key.
//!
//! Specification: docs/spec/blocks.md, "Case". Tests: `tests/it/case.rs`.

/// Lists of a case, which are bounded before they are read.
mod bounded;

/// What a state must be like so that a chain can have it.
mod state;

/// The state of a case as a store.
mod store;

use crate::compare::{Mismatch, compare_transactions};
use crate::rerun::{Position, RecordingDepth, Rerun, Subject, rerun};
use borsh::{BorshDeserialize, BorshSerialize};
use node::archive::{ArchiveError, ArchivedTransaction, RecordPosition, read_record, write_record};
use node::digest::{encode, sha256};
use node::execute::execute;
use node::limits::{ARCHIVE_RECORD_BYTES_MAX, Limits};
use node::{
    BlockEnvironment, BlockResult, CachePolicy, CodeCache, DecodeError, Executed,
    InvalidTransaction, Overlay, ReadSet, Receipt, Signed, Store, Tip, ValidTransaction,
    ValidationContext, decode_canonical,
};
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::sync::Arc;
use store::{CaseStore, FirstMissingKey};
use vm::unstable::host::crypto::known_answers;
use vm::{Address, BlockMetadata, Engine, Fault, Height, Rulebook, Rules, StateDiff};

/// First bytes of every case file.
pub const MAGIC: &[u8; 16] = b"lockstep/case/1\n";

/// Maximum length of the name of an outcome's source, in bytes.
const NAME_BYTES_MAX: usize = 256;
/// Keys or ranges in each list of a case: four times as many as the gas of a transaction pays for,
/// by the price of an entry of a scan.
const ENTRIES_MAX: u32 = 1_000_000;

/// Result of the transaction, and which source reports it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Outcome {
    /// Name of the source: an engine, an executor or `archive`.
    pub by: String,
    /// Receipt of the transaction.
    pub receipt: Receipt,
    /// SHA-256 of the borsh encoding of the net diff.
    pub diff_hash: [u8; 32],
    /// The net diff itself; an archive has only its hash.
    #[borsh(deserialize_with = "bounded::optional_map")]
    pub diff: Option<StateDiff>,
}

impl Outcome {
    /// Outcome of an execution.
    #[must_use]
    pub fn of(by: &str, executed: &Executed) -> Self {
        Self::new(by, executed.receipt.clone(), &executed.diff)
    }

    /// Outcome with a receipt and a net diff.
    #[must_use]
    pub fn new(by: &str, receipt: Receipt, diff: &StateDiff) -> Self {
        let entry = ArchivedTransaction::new(receipt, diff);
        Self {
            diff: Some(diff.clone()),
            ..Self::archived(by, &entry)
        }
    }

    /// Outcome that an archive records.
    #[must_use]
    pub fn archived(by: &str, entry: &ArchivedTransaction) -> Self {
        Self {
            by: by.to_owned(),
            receipt: entry.receipt.clone(),
            diff_hash: entry.diff_hash,
            diff: None,
        }
    }
}

/// Metadata of the block that guests can read.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CaseBlock {
    /// Height of the block.
    pub height: Height,
    /// Time in milliseconds since 1970.
    pub time_ms: u64,
    /// Id of the chain.
    pub chain_id: [u8; 32],
    /// Account that receives the fees.
    pub proposer: Address,
}

/// Reproducer of one transaction: everything that it read, and two different outcomes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Case {
    /// Id of the rules in force.
    pub rules_id: [u8; 32],
    /// Limits of the chain.
    pub limits: Limits,
    /// Metadata of the block.
    pub block: CaseBlock,
    /// Index of the transaction in the block.
    pub index: u32,
    /// The transaction.
    pub transaction: Signed,
    /// Values that were read, as of the start of the block; `None` for absent keys.
    #[borsh(deserialize_with = "bounded::map")]
    pub state: StateDiff,
    /// Ranges, as start and end, of which `state` has every stored key.
    #[borsh(deserialize_with = "bounded::ranges")]
    pub ranges: Ranges,
    /// Changes of these keys by earlier transactions of the block.
    #[borsh(deserialize_with = "bounded::map")]
    pub changes: StateDiff,
    /// The outcome that is taken to be correct.
    pub expected: Outcome,
    /// The other outcome.
    pub found: Outcome,
}

/// Why a file is not a case that can be replayed. Each reason is one of the file, but those of
/// reading it and `Fault`.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The file is not a case.
    #[error("not a case: it does not begin with `lockstep/case/1`")]
    Magic,
    /// The record cannot be read, is cut off or is damaged, as in an archive.
    #[error(transparent)]
    Record(#[from] ArchiveError),
    /// The record is intact but is not a case.
    #[error("the case does not decode: {0}; {WRITE_AGAIN}")]
    Format(#[from] DecodeError),
    /// Bytes follow the record.
    #[error("bytes follow the case: copy the file again")]
    Trailing,
    /// This build does not have the rules of the case.
    #[error(
        "another version of the rules: {}; replay the case with a build that has them",
        hex::encode(.0)
    )]
    Rules([u8; 32]),
    /// A limit is above that of this build, or a name is too long.
    #[error("limits above those of this build: replay the case with a build that has them")]
    Limits,
    /// The transaction is invalid in every block of this chain.
    #[error("an invalid transaction: {0}; {WRITE_AGAIN}")]
    Transaction(#[from] InvalidTransaction),
    /// No chain has this value in its state.
    #[error("no chain has the state of this case: {reason}, under the key {key}; {WRITE_AGAIN}")]
    State {
        /// The state key in hex, cut after its first bytes.
        key: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// An outcome has a net diff and the hash of another one.
    #[error("an outcome of the case has the hash of another diff; {WRITE_AGAIN}")]
    DiffHash,
    /// The execution found the state to be one that no chain has.
    #[error("the transaction cannot be executed on the state of this case: {0}; {WRITE_AGAIN}")]
    Unexecutable(String),
    /// This machine failed; the case is not the cause.
    #[error("this machine failed; the case is not the cause: {0}")]
    Fault(Fault),
}

/// What to do about a case that decodes and is still not right.
const WRITE_AGAIN: &str = "write the case again, with `node replay --bisect --out` or `sim --case`";

/// Result of replaying a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseReplay {
    /// The transaction ran to its end.
    Ran {
        /// Its outcome.
        outcome: Box<Outcome>,
        /// Differences from the expected outcome; empty if they agree.
        mismatches: Vec<Mismatch>,
    },
    /// The transaction read this state key, which is not in the case.
    MissingKey(Vec<u8>),
}

impl Case {
    /// Executes a transaction of a block again and records what it reads.
    ///
    /// # Errors
    /// [`Fault`] if the subject stops at a fault.
    pub fn record(
        subject: &Subject<'_>,
        at: &Position<'_>,
        limits: &Limits,
        outcomes: (Outcome, Outcome),
    ) -> Result<Self, Fault> {
        let again = rerun(subject, at, RecordingDepth::Events)?;
        Self::of(subject.store, at, (limits, &again), outcomes)
    }

    pub(crate) fn of(
        store: &dyn Store,
        at: &Position<'_>,
        (limits, again): (&Limits, &Rerun),
        (expected, found): (Outcome, Outcome),
    ) -> Result<Self, Fault> {
        let index = usize::try_from(at.index).unwrap_or(usize::MAX);
        let valid = at.block.transactions().get(index);
        let valid = valid.ok_or_else(|| Fault::invariant("a block without the transaction"))?;
        let (mut state, ranges) = values_of(store, &again.reads)?;
        let is_read = |key: &Vec<u8>| {
            state.contains_key(key) || ranges.iter().any(|(start, end)| key >= start && key < end)
        };
        let changes: StateDiff = again
            .changes
            .iter()
            .filter(|(key, _)| is_read(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for key in changes.keys() {
            if !state.contains_key(key) {
                state.insert(key.clone(), store.read(key)?);
            }
        }
        let BlockMetadata {
            height,
            time_ms,
            chain_id,
            proposer,
        } = again.metadata.clone();
        Ok(Self {
            rules_id: *at.rules.id(),
            limits: limits.clone(),
            block: CaseBlock {
                height,
                time_ms,
                chain_id,
                proposer,
            },
            index: at.index,
            transaction: valid.signed().clone(),
            state,
            ranges,
            changes,
            expected,
            found,
        })
    }

    /// Writes the case file.
    ///
    /// # Errors
    /// I/O errors of `output`, or a case longer than a record may be.
    pub fn write(&self, output: &mut impl Write) -> io::Result<()> {
        output.write_all(MAGIC)?;
        write_record(output, &encode(self))
    }

    /// Reads a case file, which is exactly one record.
    ///
    /// # Errors
    /// [`CaseError`]; for any input this neither panics nor reserves memory that a length only
    /// claims.
    pub fn read(mut input: impl Read, rules: &Rulebook) -> Result<Self, CaseError> {
        let mut magic = Vec::new();
        let length = u64::try_from(MAGIC.len()).unwrap_or(u64::MAX);
        let begun = input.by_ref().take(length).read_to_end(&mut magic);
        begun.map_err(ArchiveError::Io)?;
        if magic != MAGIC {
            return Err(CaseError::Magic);
        }
        let at = RecordPosition::first(MAGIC);
        let payload = read_record(&mut input, at)?.ok_or(ArchiveError::CutOff { at })?;
        let mut rest = Vec::new();
        let ended = input.take(1).read_to_end(&mut rest);
        ended.map_err(ArchiveError::Io)?;
        if !rest.is_empty() {
            return Err(CaseError::Trailing);
        }
        let case: Self = decode_canonical(&payload, ARCHIVE_RECORD_BYTES_MAX)?;
        case.check(rules)?;
        Ok(case)
    }

    /// The rules that the transaction was executed under.
    fn rules<'a>(&self, rules: &'a Rulebook) -> Result<&'a Arc<Rules>, CaseError> {
        rules
            .get(&self.rules_id)
            .ok_or(CaseError::Rules(self.rules_id))
    }

    fn check(&self, rules: &Rulebook) -> Result<(), CaseError> {
        self.rules(rules)?;
        let (ours, theirs) = (Limits::v1(), &self.limits);
        let names = [&self.expected.by, &self.found.by];
        let is_bounded = theirs.transaction_bytes <= ours.transaction_bytes
            && theirs.transaction_gas <= ours.transaction_gas
            && names.iter().all(|name| name.len() <= NAME_BYTES_MAX);
        if !is_bounded {
            return Err(CaseError::Limits);
        }
        let has_its_hash = |outcome: &Outcome| {
            let diff = outcome.diff.as_ref();
            diff.is_none_or(|diff| sha256(&[&encode(diff)]) == outcome.diff_hash)
        };
        if !has_its_hash(&self.expected) || !has_its_hash(&self.found) {
            return Err(CaseError::DiffHash);
        }
        state::check(self, rules)
    }

    /// Validates the transaction as one of a block of this chain.
    ///
    /// # Errors
    /// [`CaseError::Transaction`] or [`CaseError::Rules`].
    pub fn validate(&self, rules: &Rulebook) -> Result<ValidTransaction, CaseError> {
        let rules = self.rules(rules)?;
        let none = [0; 32];
        let parent = Tip {
            height: self.block.height,
            hash: none,
            time_ms: self.block.time_ms,
            result: BlockResult {
                state_root: none,
                receipts_root: none,
                gas_used: 0,
            },
        };
        let context = ValidationContext {
            chain_id: &self.block.chain_id,
            limits: &self.limits,
            rules,
            parent: &parent,
        };
        Ok(ValidTransaction::new(self.transaction.clone(), &context)?)
    }

    /// Executes the transaction on the recorded state, and compares with the expected outcome.
    ///
    /// # Errors
    /// [`CaseError::Fault`] if this machine fails; [`CaseError::Unexecutable`] if no chain can have
    /// the recorded state.
    pub fn replay(
        &self,
        engine: &dyn Engine,
        rules: &Rulebook,
        valid: &ValidTransaction,
    ) -> Result<CaseReplay, CaseError> {
        let (rulebook, rules) = (rules, self.rules(rules)?);
        // Apart from these, the store and what it returns come from the file.
        known_answers().map_err(CaseError::Fault)?;
        let missing = FirstMissingKey::default();
        let store = CaseStore::new(self, missing.clone());
        let cache = CodeCache::new(CachePolicy::Warm, rulebook);
        let mut overlay = Overlay::new(&store, &cache, rules).within(self.changes.clone());
        let block = BlockMetadata {
            height: self.block.height,
            time_ms: self.block.time_ms,
            chain_id: self.block.chain_id,
            proposer: self.block.proposer,
        };
        let environment = BlockEnvironment {
            engine,
            rules,
            block: &block,
        };
        let executed = execute(&environment, &mut overlay, valid);
        if let Some(key) = missing.take() {
            return Ok(CaseReplay::MissingKey(key));
        }
        let executed = executed.map_err(|fault| match fault {
            Fault::Store(reason) | Fault::Invariant(reason) => CaseError::Unexecutable(reason),
            fault => CaseError::Fault(fault),
        })?;
        let outcome = Box::new(Outcome::of(engine.name(), &executed));
        let mismatches = compare(&self.expected, &outcome);
        Ok(CaseReplay::Ran {
            outcome,
            mismatches,
        })
    }
}

/// Differences of two outcomes: receipt fields, then state keys, or the hash of the diff if one
/// side has only that.
#[must_use]
pub fn compare(left: &Outcome, right: &Outcome) -> Vec<Mismatch> {
    let none = StateDiff::new();
    let (one, other) = match (&left.diff, &right.diff) {
        (Some(one), Some(other)) => (one, other),
        _ => (&none, &none),
    };
    let mut mismatches = compare_transactions((&left.receipt, one), (&right.receipt, other));
    let only_hash = left.diff.is_none() || right.diff.is_none();
    if left.diff_hash != right.diff_hash && only_hash {
        mismatches.push(Mismatch {
            field: "diff",
            key: None,
            left: hex::encode(left.diff_hash),
            right: hex::encode(right.diff_hash),
        });
    }
    mismatches
}

/// Ranges, as start and end, of which every stored key is known.
pub type Ranges = BTreeSet<(Vec<u8>, Vec<u8>)>;

/// Values of the keys that were read, and the ranges that were scanned to their ends.
fn values_of(store: &dyn Store, reads: &ReadSet) -> Result<(StateDiff, Ranges), Fault> {
    let mut state = StateDiff::new();
    for key in &reads.keys {
        state.insert(key.clone(), store.read(key)?);
    }
    let mut ranges = Ranges::new();
    for (start, end, limit) in &reads.ranges {
        let entries = store.scan(start, Some(end), *limit)?;
        let end = match entries.last() {
            // A full page does not say what follows its last key.
            Some((last, _)) if entries.len() >= *limit => [last.as_slice(), &[0]].concat(),
            _ => end.clone(),
        };
        ranges.insert((start.clone(), end));
        state.extend(entries.into_iter().map(|(key, value)| (key, Some(value))));
    }
    Ok((state, ranges))
}
