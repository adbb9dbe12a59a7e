//! Looks into a difference: bisects the transaction, makes the case, and names keys that only the
//! stores or trees know about.

use super::running::{Running, Step};
use super::simulation::Simulation;
use super::{Difference, Report};
use crate::bisect::{Part, Site, locate};
use crate::case::{Case, Outcome};
use crate::rerun::Position;
use node::Store;
use tree::Path;
use vm::Fault;

/// Entries that a comparison of two stores reads at once.
const PAGE: usize = 1_024;

/// A report, and what its difference was traced to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Investigated {
    /// The report.
    pub report: Report,
    /// The instruction, host call or step; `None` if all agreed.
    pub site: Option<Site>,
    /// The transaction with everything that it read; `None` if all agreed, or if the difference is
    /// in no transaction.
    pub case: Option<Case>,
}

/// A state key that two stores answer differently.
pub(super) struct Unlike {
    pub(super) key: Vec<u8>,
    pub(super) left: Option<Vec<u8>>,
    pub(super) right: Option<Vec<u8>>,
}

/// The least key that two stores answer differently.
pub(super) fn first_unlike_key(
    left: &dyn Store,
    right: &dyn Store,
) -> Result<Option<Unlike>, Fault> {
    let mut start = Vec::new();
    loop {
        let one = left.scan(&start, None, PAGE)?;
        let other = right.scan(&start, None, PAGE)?;
        let unlike = one.iter().zip(&other).find(|(one, other)| one != other);
        let key = match unlike {
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
        return Ok(Some(Unlike {
            key: key.clone(),
            left: left.read(key)?,
            right: right.read(key)?,
        }));
    }
}

impl Simulation {
    /// The report, with its difference looked into.
    pub(super) fn investigate(self) -> Investigated {
        let (site, case) = match &self.report.first_difference {
            Some(difference) => self.look(difference),
            None => (None, None),
        };
        Investigated {
            report: self.report,
            site,
            case,
        }
    }

    fn look(&self, difference: &Difference) -> (Option<Site>, Option<Case>) {
        let pair = (
            self.executor(difference.executors.0),
            self.executor(difference.executors.1),
        );
        let (Some(left), Some(right)) = pair else {
            return (None, None);
        };
        if let (Some(index), Some(_)) = (difference.transaction, &self.disputed) {
            match self.look_at(difference, index, (left, right)) {
                Ok((site, case)) => return (Some(site), Some(case)),
                Err(fault) => {
                    let values = ("-".to_owned(), fault.to_string());
                    return (Some(Site::step("fault", None, values)), None);
                }
            }
        }
        let Some(first) = difference.mismatches.first() else {
            return (None, None);
        };
        let key = match &first.key {
            Some(key) => hex::decode(key).ok(),
            None => self.tree_key(left, right, None),
        };
        let values = (first.left.clone(), first.right.clone());
        (Some(Site::step(first.field, key, values)), None)
    }

    fn executor(&self, number: u32) -> Option<&Running> {
        self.running.get(usize::try_from(number).ok()?)
    }

    fn look_at(
        &self,
        difference: &Difference,
        index: u32,
        (left, right): (&Running, &Running),
    ) -> Result<(Site, Case), Fault> {
        let missing = || Fault::invariant("a difference without its block");
        let (block, _) = self.disputed.as_ref().ok_or_else(missing)?;
        let block = left.validate(block)?;
        let at = Position {
            rules: left.node()?.rules_at(difference.height)?,
            block: &block,
            index,
        };
        let steps = (left.steps(), right.steps());
        let subjects = (left.subject(&*steps.0), right.subject(&*steps.1));
        let mut site = locate(&subjects.0, &subjects.1, &at)?;
        if site.part == Part::Unrepeated
            && let Some(first) = difference.mismatches.first()
        {
            // Receipt and diff agree: what is left is the tree.
            let key = self.tree_key(left, right, Some(index));
            site = Site::step(first.field, key, (first.left.clone(), first.right.clone()));
        }
        let outcome = |number: u32, running: &Running| -> Result<Outcome, Fault> {
            let step = self.step(number, index).ok_or_else(missing)?;
            Ok(Outcome::new(
                running.name(),
                step.receipt.clone(),
                &step.diff,
            ))
        };
        let (one, other) = difference.executors;
        let outcomes = (outcome(one, left)?, outcome(other, right)?);
        let case = Case::record(&subjects.0, &at, left.node()?.limits(), outcomes)?;
        Ok((site, case))
    }

    /// What a transaction of the disputed block came to on an executor.
    fn step(&self, executor: u32, index: u32) -> Option<&Step> {
        let (_, trails) = self.disputed.as_ref()?;
        let trail = trails.get(usize::try_from(executor).ok()?)?;
        trail.steps.get(usize::try_from(index).ok()?)
    }

    /// The least state key of a transaction, or of the whole block, under which two trees differ.
    fn tree_key(&self, left: &Running, right: &Running, index: Option<u32>) -> Option<Vec<u8>> {
        let (_, trails) = self.disputed.as_ref()?;
        let (one, other) = (left.tree().ok()?, right.tree().ok()?);
        let wanted = index.and_then(|index| usize::try_from(index).ok());
        let steps = trails.first()?.steps.iter().enumerate();
        let steps = steps.filter(|(place, _)| wanted.is_none_or(|wanted| wanted == *place));
        let keys = steps.flat_map(|(_, step)| step.diff.keys());
        keys.filter(|key| {
            let path = Path::of_key(key);
            one.get(&path) != other.get(&path)
        })
        .min()
        .cloned()
    }
}
