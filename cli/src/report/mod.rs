//! Draws a simulation as one HTML page without scripts or external resources.
//!
//! ```text
//! Report (deterministic) --\
//!                           page --> markup, charts --> one file
//! Timing (this machine) ---/
//! ```
//!
//! | file | content |
//! |---|---|
//! | `timing` | the only clock: how long each executor took |
//! | `sections` | the sections of the page, in order |
//! | `divergence` | the first difference, with both results side by side |
//! | `columns`, `lines`, `bars` | plots |
//! | `scale` | axes and rounded figures, in integers |
//! | `markup` | escaping, and the page around the sections |
//!
//! # Invariants
//! * Text controlled by a guest or from a file name passes `markup::escaped`.
//! * Coordinates are integers; the command has no float arithmetic.

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

/// Maximum number of columns in a plot; with more blocks, a column is for several blocks.
const COLUMNS_MAX: usize = 120;

/// The HTML page of a simulation.
pub(crate) fn page(report: &Report, timing: &Timing, plan: &Plan) -> String {
    markup::document("Lockstep simulation", &sections::all(report, timing, plan))
}
