//! Compares the two ways in which `check` reads a body: its fast pass, and the decoder alone.

pub mod bodies;

use vm::unstable::check::{Examined, examine};
use vm::{Rejection, Rules};

/// Bodies of one comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ComparedBodies {
    /// Bodies of the module, if it is accepted.
    pub bodies: u64,
    /// Bodies that the fast pass accepted, also of a module that is rejected.
    pub accepted: u64,
    /// 1 if the module is accepted.
    pub modules: u64,
}

impl ComparedBodies {
    /// Adds the counts of another comparison.
    pub const fn add(&mut self, other: Self) {
        self.bodies = self.bodies.wrapping_add(other.bodies);
        self.accepted = self.accepted.wrapping_add(other.accepted);
        self.modules = self.modules.wrapping_add(other.modules);
    }
}

/// Checks a module in both ways.
///
/// # Errors
/// How they differ: in the verdict, its code, offset or text, in what they found, or in the sums
/// over the module, which decide about later bodies.
pub fn compare(bytes: &[u8], rules: &Rules) -> Result<ComparedBodies, String> {
    let fast = examine(bytes, rules, true);
    let decoded = examine(bytes, rules, false);
    let (found, expected) = (seen(&fast), seen(&decoded));
    if found != expected || fast.totals != decoded.totals {
        let (totals, of_decoder) = (fast.totals, decoded.totals);
        let found = found.map(|form| form.len());
        let expected = expected.map(|form| form.len());
        return Err(format!(
            "{found:?} with sums {totals:?}, but {expected:?} with {of_decoder:?}"
        ));
    }
    let bodies = fast.verdict.as_ref().map_or(0, |m| m.functions().len());
    Ok(ComparedBodies {
        bodies: u64::try_from(bodies).unwrap_or(u64::MAX),
        accepted: u64::from(fast.accepted),
        modules: u64::from(fast.verdict.is_ok()),
    })
}

/// All that a check found, except for the bytes.
fn seen(examined: &Examined) -> Result<Vec<u8>, &Rejection> {
    examined.verdict.as_ref().map(|module| module.stored_form())
}
