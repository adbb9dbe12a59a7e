//! Fixes where our own types, globals and functions stand: after all of the original's.

use crate::CheckedModule;

/// Indices of what the emitter appends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Type `() -> ()` of `$oog`.
    pub(super) oog_type: u32,
    /// Type `i32 -> i32` of the functions that charge dynamic prices.
    pub(super) charge_type: u32,
    /// Global `$gas`.
    pub(super) gas: u32,
    /// Global `$stack`.
    pub(super) stack: u32,
    /// Global `$trap`.
    pub(super) trap: u32,
    /// Function that sets `$gas` to -1 and stops.
    pub(super) oog: u32,
    /// Function that charges the pages of `memory.grow`.
    pub(super) charge_grow: u32,
    /// Function that charges the bytes of `memory.copy`.
    pub(super) charge_copy: u32,
    /// Function that charges the bytes of `memory.fill`.
    pub(super) charge_fill: u32,
}

/// Our functions, in order: for the sections that list them.
pub(super) const FUNCTIONS: [&str; 4] = ["$oog", "$charge_grow", "$charge_copy", "$charge_fill"];

impl Layout {
    pub(super) fn of(module: &CheckedModule) -> Self {
        let types = count(module.types().len());
        let globals = count(module.globals().len());
        let functions = count(
            module
                .imports()
                .len()
                .saturating_add(module.functions().len()),
        );
        Self {
            oog_type: types,
            charge_type: types.saturating_add(1),
            gas: globals,
            stack: globals.saturating_add(1),
            trap: globals.saturating_add(2),
            oog: functions,
            charge_grow: functions.saturating_add(1),
            charge_copy: functions.saturating_add(2),
            charge_fill: functions.saturating_add(3),
        }
    }
}

/// Counts are bounded by `limits`, far below `u32::MAX`.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
