//! Draws a simulation as one page of HTML: no script, no font and no picture from outside.
//!
//! ```text
//! Report (deterministic) --\
//!                           page --> markup, charts --> one file
//! Timing (this machine) ---/
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `timing` | the only clock: how long each executor took |
//! | `sections` | what is on the page, in order |
//! | `divergence` | the first difference, both answers beside each other |
//! | `columns`, `lines`, `bars` | plots |
//! | `scale` | axes and figures for people, in whole numbers |
//! | `markup` | escaping, and the page around it all |
//!
//! # Invariants
//! * Text that a guest or a file name can choose passes `markup::escaped`.
//! * Coordinates are whole numbers: no float, here neither.

mod bars;

mod columns;

mod divergence;

mod lines;

mod markup;

mod scale;

mod sections;

#[cfg(test)]
mod tests;

mod timing;

pub(crate) use timing::Timing;

use node_sim::simulate::{Plan, Report};

/// Columns of a plot at most; more blocks share columns.
const COLUMNS_MAX: usize = 120;

/// The page of a simulation.
pub(crate) fn page(report: &Report, timing: &Timing, plan: &Plan) -> String {
    markup::document("Lockstep simulation", &sections::all(report, timing, plan))
}
