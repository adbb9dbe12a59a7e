//! Numbers the appended types, globals and functions: they follow those of the original module.

use super::{Bulk, Options, Wide, wide};
use crate::CheckedModule;
use crate::lower::{self, Operator, Sink};
use crate::opcode::Opcode;

/// Indices of the appended items.
#[derive(Clone, Copy, Debug)]
pub(super) struct AppendedIndices {
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
    /// Function that sets `$gas` to -1 and traps.
    pub(super) oog: u32,
    /// Function that charges the pages of `memory.grow`.
    pub(super) charge_grow: u32,
    /// Function that charges the bytes of `memory.copy`.
    pub(super) charge_copy: u32,
    /// Function that charges the bytes of `memory.fill`.
    pub(super) charge_fill: u32,
    /// Functions that replace `memory.copy` and `memory.fill`; `None` if the operators are kept.
    pub(super) lowered: Option<Lowered>,
    /// Items that replace wide arithmetic; `None` if the module has none or the operators are kept.
    pub(super) wide: Option<WideIndices>,
    /// Global that says whether the first defined function was entered; those of the other defined
    /// functions follow, in order. There are at most as many as functions, so all globals together
    /// are at most `functions_max` + `globals_max` + 4: 10,260 under version 1, where engines take
    /// 1,000,000.
    pub(super) entered: u32,
}

/// Indices of the functions that replace `memory.copy` and `memory.fill`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lowered {
    /// Type `i32 i32 i32 -> ()` of both.
    pub(super) bulk_type: u32,
    /// Function that replaces `memory.copy`.
    pub(super) copy: u32,
    /// Function that replaces `memory.fill`.
    pub(super) fill: u32,
}

/// Indices of the items that replace wide arithmetic.
#[derive(Clone, Copy, Debug)]
pub(super) struct WideIndices {
    /// Type `i64 i64 i64 i64 -> i64` of the sum and the difference.
    pub(super) sum_type: u32,
    /// Type `i64 i64 -> i64` of the products.
    pub(super) product_type: u32,
    /// The first function.
    pub(super) first: u32,
    /// Global `$high` with the high word of the last result.
    pub(super) high: u32,
}

impl WideIndices {
    /// Function that replaces the operator.
    pub(super) const fn function(&self, opcode: Opcode) -> u32 {
        self.first.saturating_add(wide::position(opcode))
    }
}

/// Names of the appended functions, in the order of their indices.
pub(super) const FUNCTIONS: [&str; 4] = ["$oog", "$charge_grow", "$charge_copy", "$charge_fill"];
/// Names of the functions of [`Lowered`], which follow [`FUNCTIONS`].
pub(super) const BULK_FUNCTIONS: [&str; 2] = ["$copy", "$fill"];
/// Names of the functions of [`WideIndices`], which come last.
pub(super) const WIDE_FUNCTIONS: [&str; 4] = ["$add128", "$sub128", "$mul_wide_s", "$mul_wide_u"];

impl AppendedIndices {
    pub(super) fn of(module: &CheckedModule, options: Options) -> Self {
        let types = count(module.types().len());
        let globals = count(module.globals().len());
        let functions = count(
            module
                .imports()
                .len()
                .saturating_add(module.functions().len()),
        );
        // Without a memory there is no operator to lower.
        let lowers = options.bulk == Bulk::Lower && module.memory().is_some();
        let lowered = lowers.then(|| Lowered {
            bulk_type: types.saturating_add(2),
            copy: functions.saturating_add(4),
            fill: functions.saturating_add(5),
        });
        let bulk = u32::from(lowers);
        let lowers_wide = options.wide == Wide::Lower && has_wide_arithmetic(module);
        let wide = lowers_wide.then(|| WideIndices {
            sum_type: types.saturating_add(2).saturating_add(bulk),
            product_type: types.saturating_add(3).saturating_add(bulk),
            first: functions
                .saturating_add(4)
                .saturating_add(bulk.saturating_mul(2)),
            high: globals.saturating_add(3),
        });
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
            lowered,
            wide,
            entered: globals
                .saturating_add(3)
                .saturating_add(u32::from(lowers_wide)),
        }
    }
}

/// True if a function of the module has an operator of wide arithmetic.
fn has_wide_arithmetic(module: &CheckedModule) -> bool {
    struct Found(bool);
    impl Sink for Found {
        fn operator(&mut self, operator: Operator<'_>, _offset: u32) {
            self.0 |= matches!(operator, Operator::Wide(_));
        }
    }
    let mut found = Found(false);
    for function in module.functions() {
        lower::function(module, function, &mut found);
    }
    found.0
}

/// A length as u32: `limits` bounds it far below `u32::MAX`.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
