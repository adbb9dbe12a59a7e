//! Keeps one transaction with everything that it read, so that it replays alone.
//!
//! ```text
//! file = "lockstep/case/1\n" || payload length u32 LE || sha256(payload) || payload = borsh(Case)
//! ```
//!
//! A case needs no chain: the code of every contract that runs is among the values that were read.
//! Whoever reads what the case does not hold has parted from the execution that made it; that is a
//! difference too, named by the key.
//!
//! Specification: docs/spec/blocks.md, "Case". Tests: `tests/it/case.rs`.

mod store;

use crate::compare::{Mismatch, compare_transactions};
use crate::rerun::{Depth, Position, Rerun, Subject, rerun};
use borsh::{BorshDeserialize, BorshSerialize};
use node::archive::{ArchiveError, Entry, read_record, write_record};
use node::execute::execute;
use node::limits::{ARCHIVE_RECORD_BYTES_MAX, Limits};
use node::{
    BlockEnvironment, BlockResult, CachePolicy, CodeCache, Context, DecodeError, Executed,
    InvalidTransaction, Overlay, ReadSet, Receipt, Signed, Store, Tip, ValidTransaction,
    decode_canonical,
};
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::sync::Arc;
use store::{Beyond, CaseStore};
use vm::{Address, BlockMetadata, Engine, Fault, Height, Rulebook, Rules, StateDiff};

/// Begins every case.
pub const MAGIC: &[u8; 16] = b"lockstep/case/1\n";

/// Bytes of what a case says about who came to an outcome.
const NAME_BYTES_MAX: usize = 256;

/// What somebody says that the transaction came to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Outcome {
    /// Who says so.
    pub by: String,
    /// The receipt.
    pub receipt: Receipt,
    /// SHA-256 of the borsh of the net diff.
    pub diff_hash: [u8; 32],
    /// The net diff itself; an archive has its hash only.
    pub diff: Option<StateDiff>,
}

impl Outcome {
    /// What an execution came to.
    #[must_use]
    pub fn of(by: &str, executed: &Executed) -> Self {
        Self::new(by, executed.receipt.clone(), &executed.diff)
    }

    /// A receipt and the net diff.
    #[must_use]
    pub fn new(by: &str, receipt: Receipt, diff: &StateDiff) -> Self {
        let entry = Entry::new(receipt, diff);
        Self {
            diff: Some(diff.clone()),
            ..Self::archived(by, &entry)
        }
    }

    /// What an archive says.
    #[must_use]
    pub fn archived(by: &str, entry: &Entry) -> Self {
        Self {
            by: by.to_owned(),
            receipt: entry.receipt.clone(),
            diff_hash: entry.diff_hash,
            diff: None,
        }
    }
}

/// What guests learn about the block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockContext {
    /// Height.
    pub height: Height,
    /// Milliseconds since 1970.
    pub time_ms: u64,
    /// The chain.
    pub chain_id: [u8; 32],
    /// Where the fees go.
    pub proposer: Address,
}

/// One transaction with everything that it read, and what two executions made of it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Case {
    /// The rules in force.
    pub rules_id: [u8; 32],
    /// The chain's limits.
    pub limits: Limits,
    /// The block.
    pub block: BlockContext,
    /// Place of the transaction in it.
    pub index: u32,
    /// The transaction.
    pub transaction: Signed,
    /// What was read, as of the block's start; `None` for what was absent.
    pub state: StateDiff,
    /// Ranges of which every stored key is in `state`: start, end.
    pub ranges: BTreeSet<(Vec<u8>, Vec<u8>)>,
    /// What earlier transactions of the block changed of it.
    pub changes: StateDiff,
    /// The outcome that is held to be right.
    pub expected: Outcome,
    /// The other one.
    pub found: Outcome,
}

/// Why a file is not a case that can be replayed.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// It is something else.
    #[error("not a case: it does not begin with `lockstep/case/1`")]
    Magic,
    /// It cannot be read, is cut off or damaged, as a record of an archive can be.
    #[error(transparent)]
    Record(#[from] ArchiveError),
    /// The record is whole, but not a case.
    #[error("the case does not decode: {0}")]
    Format(#[from] DecodeError),
    /// Bytes follow the record.
    #[error("bytes follow the case")]
    Trailing,
    /// It was made under rules that this build does not have.
    #[error("another version of the rules: {}", hex::encode(.0))]
    Rules([u8; 32]),
    /// A limit is above what this build runs, or a name is too long.
    #[error("limits above those of this build")]
    Limits,
    /// The transaction is in no block of this chain.
    #[error("an invalid transaction: {0}")]
    Transaction(#[from] InvalidTransaction),
}

/// What a replay of a case came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It ran to its end: what differs from the expected outcome; nothing if they agree.
    Ran {
        /// What it came to.
        outcome: Box<Outcome>,
        /// The differences.
        mismatches: Vec<Mismatch>,
    },
    /// It read a state key that the case does not hold.
    Beyond(Vec<u8>),
}

impl Case {
    /// Executes the transaction of a block again and keeps what it reads.
    ///
    /// # Errors
    /// [`Fault`] if the machine stops at one.
    pub fn record(
        subject: &Subject<'_>,
        at: &Position<'_>,
        limits: &Limits,
        outcomes: (Outcome, Outcome),
    ) -> Result<Self, Fault> {
        let again = rerun(subject, at, Depth::Steps)?;
        Self::of(subject.store, at, (limits, &again), outcomes)
    }

    pub(crate) fn of(
        store: &dyn Store,
        at: &Position<'_>,
        (limits, again): (&Limits, &Rerun),
        (expected, found): (Outcome, Outcome),
    ) -> Result<Self, Fault> {
        let place = usize::try_from(at.index).unwrap_or(usize::MAX);
        let valid = at.block.transactions().get(place);
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
        } = again.context.clone();
        Ok(Self {
            rules_id: *at.rules.id(),
            limits: limits.clone(),
            block: BlockContext {
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

    /// Writes the file.
    ///
    /// # Errors
    /// Those of the output, and a case that is longer than a record can be.
    pub fn write(&self, output: &mut impl Write) -> io::Result<()> {
        output.write_all(MAGIC)?;
        write_record(output, &node::digest::encode(self))
    }

    /// Reads a file of at most one record; bytes that follow are refused.
    ///
    /// # Errors
    /// [`CaseError`]; whatever the bytes are, it neither panics nor reserves what they only claim.
    pub fn read(mut input: impl Read, rules: &Rulebook) -> Result<Self, CaseError> {
        let mut magic = Vec::new();
        let length = u64::try_from(MAGIC.len()).unwrap_or(u64::MAX);
        let begun = input.by_ref().take(length).read_to_end(&mut magic);
        begun.map_err(ArchiveError::Io)?;
        if magic != MAGIC {
            return Err(CaseError::Magic);
        }
        let payload = read_record(&mut input, 0)?.ok_or(ArchiveError::CutOff { record: 0 })?;
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
        if is_bounded {
            Ok(())
        } else {
            Err(CaseError::Limits)
        }
    }

    /// The transaction, if it is valid in a block of this chain.
    ///
    /// # Errors
    /// [`CaseError::Transaction`]; [`CaseError::Rules`].
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
        let context = Context {
            chain_id: &self.block.chain_id,
            limits: &self.limits,
            rules,
            parent: &parent,
        };
        Ok(ValidTransaction::new(self.transaction.clone(), &context)?)
    }

    /// Executes the transaction on what the case holds, and compares with the expected outcome.
    ///
    /// # Errors
    /// [`Fault`] if this machine stops at one, or the case holds a state that no chain has.
    pub fn replay(
        &self,
        engine: &dyn Engine,
        rules: &Rulebook,
        valid: &ValidTransaction,
    ) -> Result<Replayed, Fault> {
        let rules = self
            .rules(rules)
            .map_err(|error| Fault::invariant(error.to_string()))?;
        let beyond = Beyond::default();
        let store = CaseStore::new(self, beyond.clone());
        let cache = CodeCache::new(CachePolicy::Warm);
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
        if let Some(key) = beyond.take() {
            return Ok(Replayed::Beyond(key));
        }
        let outcome = Box::new(Outcome::of(engine.name(), &executed?));
        let mismatches = compare(&self.expected, &outcome);
        Ok(Replayed::Ran {
            outcome,
            mismatches,
        })
    }
}

/// What differs in two outcomes: receipt fields, then state keys, or the hash where one side has
/// that only.
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

/// Ranges of which every stored key is known.
type Ranges = BTreeSet<(Vec<u8>, Vec<u8>)>;

/// The values of what was read, and the ranges that were walked to their ends.
fn values_of(store: &dyn Store, reads: &ReadSet) -> Result<(StateDiff, Ranges), Fault> {
    let mut state = StateDiff::new();
    for key in &reads.keys {
        state.insert(key.clone(), store.read(key)?);
    }
    let mut ranges = Ranges::new();
    for (start, end, limit) in &reads.ranges {
        let entries = store.scan(start, Some(end), *limit)?;
        let end = match entries.last() {
            // A full page says nothing about what follows its last key.
            Some((last, _)) if entries.len() >= *limit => [last.as_slice(), &[0]].concat(),
            _ => end.clone(),
        };
        ranges.insert((start.clone(), end));
        state.extend(entries.into_iter().map(|(key, value)| (key, Some(value))));
    }
    Ok((state, ranges))
}
