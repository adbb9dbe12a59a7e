//! Investigates a difference: bisects the transaction, makes the case, and finds state keys that
//! only stores or trees differ in.

use super::running::{RunningExecutor, TransactionResult};
use super::simulation::Simulation;
use super::{Difference, Report};
use crate::bisect::{Divergence, DivergenceKind, locate};
use crate::case::{Case, Outcome};
use crate::rerun::{Position, RecordingDepth, Subject, rerun};
use node::Store;
use tree::Path;
use vm::Fault;

/// Entries that a comparison of two stores reads at once.
const PAGE: usize = 1_024;

/// A report with the cause of its difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Investigated {
    /// The report.
    pub report: Report,
    /// Where the executors diverge; `None` if all agreed.
    pub divergence: Option<Divergence>,
    /// The reproducer of the transaction; `None` if all agreed, or if the difference is in no
    /// transaction.
    pub case: Option<Case>,
}

/// A state key with different values in two stores.
pub(super) struct DifferingKey {
    pub(super) key: Vec<u8>,
    pub(super) left: Option<Vec<u8>>,
    pub(super) right: Option<Vec<u8>>,
}

/// The smallest key with different values in two stores.
pub(super) fn first_differing_key(
    left: &dyn Store,
    right: &dyn Store,
) -> Result<Option<DifferingKey>, Fault> {
    let mut start = Vec::new();
    loop {
        let one = left.scan(&start, None, PAGE)?;
        let other = right.scan(&start, None, PAGE)?;
        let different = one.iter().zip(&other).find(|(one, other)| one != other);
        let key = match different {
            Some(((one, _), (other, _))) => one.min(other),
            None if one.len() != other.len() => {
                let longer = if one.len() > other.len() {
                    &one
                } else {
                    &other
                };
                let shorter = one.len().min(other.len());
                match longer.get(shorter) {
                    Some((key, _)) => key,
                    None => return Ok(None),
                }
            }
            None => match one.last() {
                Some((last, _)) => {
                    start = [last.as_slice(), &[0]].concat();
                    continue;
                }
                None => return Ok(None),
            },
        };
        return Ok(Some(DifferingKey {
            key: key.clone(),
            left: left.read(key)?,
            right: right.read(key)?,
        }));
    }
}

impl Simulation {
    /// Investigates the difference of the report.
    pub(super) fn investigate(self) -> Investigated {
        let (divergence, case) = match &self.report.first_difference {
            Some(difference) => self.find_cause(difference),
            None => (None, None),
        };
        Investigated {
            report: self.report,
            divergence,
            case,
        }
    }

    fn find_cause(&self, difference: &Difference) -> (Option<Divergence>, Option<Case>) {
        let pair = (
            self.executor(difference.executors.0),
            self.executor(difference.executors.1),
        );
        let (Some(left), Some(right)) = pair else {
            return (None, None);
        };
        if let (Some(index), Some(_)) = (difference.transaction, &self.disputed) {
            match self.bisect(difference, index, (left, right)) {
                Ok((divergence, case)) => return (Some(divergence), Some(case)),
                Err(fault) => {
                    let values = ("-".to_owned(), fault.to_string());
                    return (Some(Divergence::of_pipeline("fault", None, values)), None);
                }
            }
        }
        let Some(first) = difference.mismatches.first() else {
            return (None, None);
        };
        let key = match &first.key {
            Some(key) if first.field == "state" => hex::decode(key).ok(),
            Some(_) => None,
            None => self.tree_key(left, right, None),
        };
        let values = (first.left.clone(), first.right.clone());
        (
            Some(Divergence::of_pipeline(first.field, key, values)),
            None,
        )
    }

    fn executor(&self, number: u32) -> Option<&RunningExecutor> {
        self.running.get(usize::try_from(number).ok()?)
    }

    fn bisect(
        &self,
        difference: &Difference,
        index: u32,
        (left, right): (&RunningExecutor, &RunningExecutor),
    ) -> Result<(Divergence, Case), Fault> {
        let missing = || Fault::invariant("a difference without its block");
        let (block, _) = self.disputed.as_ref().ok_or_else(missing)?;
        let block = left.validate(block)?;
        let at = Position {
            rules: left.node()?.rules_at(difference.height)?,
            rulebook: left.node()?.rulebook(),
            block: &block,
            index,
        };
        let pipelines = (left.pipeline(), right.pipeline());
        let subjects = (left.subject(&*pipelines.0), right.subject(&*pipelines.1));
        let mut divergence = locate(&subjects.0, &subjects.1, &at)?;
        if divergence.kind == DivergenceKind::NotReproduced
            && let Some(first) = difference.mismatches.first()
        {
            // Receipt and diff agree, so only the tree can differ.
            let key = self.tree_key(left, right, Some(index));
            divergence = Divergence::of_pipeline(
                first.field,
                key,
                (first.left.clone(), first.right.clone()),
            );
        }
        let outcome = |number: u32, subject: &Subject<'_>| -> Result<Outcome, Fault> {
            let result = self.transaction_result(number, index).ok_or_else(missing)?;
            let receipt = result.receipt.clone();
            match &result.diff {
                Some(diff) => Ok(Outcome::new(subject.name, receipt, diff)),
                None => {
                    let again = rerun(subject, &at, RecordingDepth::Events)?;
                    Ok(Outcome::new(subject.name, receipt, &again.executed.diff))
                }
            }
        };
        let (one, other) = difference.executors;
        let outcomes = (outcome(one, &subjects.0)?, outcome(other, &subjects.1)?);
        let case = Case::record(&subjects.0, &at, left.node()?.limits(), outcomes)?;
        Ok((divergence, case))
    }

    /// Result of a transaction of the disputed block on an executor.
    fn transaction_result(&self, executor: u32, index: u32) -> Option<&TransactionResult> {
        let (_, outcomes) = self.disputed.as_ref()?;
        let outcome = outcomes.get(usize::try_from(executor).ok()?)?;
        outcome.transactions.get(usize::try_from(index).ok()?)
    }

    /// The smallest state key of a transaction, or of the whole block, at which two trees differ.
    fn tree_key(
        &self,
        left: &RunningExecutor,
        right: &RunningExecutor,
        index: Option<u32>,
    ) -> Option<Vec<u8>> {
        let (_, outcomes) = self.disputed.as_ref()?;
        let wanted = index.and_then(|index| usize::try_from(index).ok());
        let results = outcomes.first()?.transactions.iter().enumerate();
        let results =
            results.filter(|(position, _)| wanted.is_none_or(|wanted| wanted == *position));
        let diffs = results.filter_map(|(_, result)| result.diff.as_ref());
        let keys = diffs.flat_map(|diff| diff.keys());
        keys.filter(|key| {
            let path = Path::of_key(key);
            let hashes = (left.value_hash(&path), right.value_hash(&path));
            matches!(hashes, (Ok(one), Ok(other)) if one != other)
        })
        .min()
        .cloned()
    }
}
