//! Prices operators for the interpreter, and splits metering blocks that are too long.
//!
//! In the interpreter a metering block is a maximal straight run of operators, charged before the
//! first of them. It ends with an operator that branches, has a dynamic price or makes the gas
//! visible, and at the latest after [`METERING_BLOCK_OPERATORS_MAX`] operators. That bounds the
//! work of a metering block that runs in overdraft and whose effects are discarded. The sink knows
//! the labels, at which metering blocks begin too.
//!
//! Specification: docs/spec/gas.md, "R, the reference semantics".

use crate::lower::{self, Operator, Visit};
use crate::module::{CheckedModule, Function};
use crate::opcode::{Opcode, TABLE};
use crate::schedule::Schedule;

/// Operators of one metering block.
pub const METERING_BLOCK_OPERATORS_MAX: u32 = 256;
/// Greatest price of a metering block: it is split before the sum exceeds 32 bits.
pub const METERING_BLOCK_COST_MAX: u32 = u32::MAX;

/// Receives the priced operators of a function.
pub trait BlockSink {
    /// The next operator, at byte `offset` of the original module, with its static price.
    fn operator(&mut self, operator: Operator<'_>, offset: u32, price: u32);

    /// Ends the open metering block; the next operator begins another.
    fn cut(&mut self);
}

/// The static price of each operator as a u32.
pub struct Prices {
    by_opcode: [u32; TABLE.len()],
    greatest: u32,
}

impl Prices {
    /// The prices of `schedule`.
    #[must_use]
    pub fn new(schedule: &Schedule) -> Self {
        let mut by_opcode = [0; TABLE.len()];
        for (price, row) in by_opcode.iter_mut().zip(TABLE) {
            // Below 2^32 by the schedule's constructor.
            *price = u32::try_from(schedule.operator(row.opcode)).unwrap_or(u32::MAX);
        }
        let greatest = by_opcode.iter().copied().max().unwrap_or(0);
        Self {
            by_opcode,
            greatest,
        }
    }

    /// True if no straight run of `operators` operators is split, whatever they are.
    pub(crate) const fn fit(&self, operators: u32) -> bool {
        operators <= METERING_BLOCK_OPERATORS_MAX && self.greatest.checked_mul(operators).is_some()
    }

    #[inline(always)]
    fn of(&self, opcode: Opcode) -> u32 {
        self.by_opcode
            .get(opcode.index())
            .copied()
            .unwrap_or(u32::MAX)
    }
}

/// Pushes the priced operators of `function` into `sink`, the final `end` included.
pub fn function(
    module: &CheckedModule,
    function: &Function,
    prices: &Prices,
    sink: &mut impl BlockSink,
) {
    let mut placement = Placement {
        prices,
        sink,
        operators: 0,
        cost: 0,
    };
    lower::each(module, function, &mut placement);
}

struct Placement<'a, S> {
    prices: &'a Prices,
    sink: &'a mut S,
    /// Operators since the metering block began.
    operators: u32,
    /// Their price.
    cost: u32,
}

impl<S: BlockSink> Visit for Placement<'_, S> {
    #[inline(always)]
    fn operator(&mut self, operator: Operator<'_>, original: Opcode, offset: u32) {
        let price = self.prices.of(original);
        let sum = self.cost.checked_add(price);
        if self.operators >= METERING_BLOCK_OPERATORS_MAX || sum.is_none() {
            self.sink.cut();
            self.operators = 0;
            self.cost = 0;
        }
        self.operators = self.operators.saturating_add(1);
        self.cost = self.cost.saturating_add(price);
        self.sink.operator(operator, offset, price);
        if ends_block(operator) {
            self.operators = 0;
            self.cost = 0;
        }
    }
}

/// True if a metering block ends with `operator`.
#[inline(always)]
const fn ends_block(operator: Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Br(_)
            | Operator::BrIf(_)
            | Operator::BrTable { .. }
            | Operator::If(_)
            | Operator::Return
            | Operator::Unreachable
            | Operator::Call(_)
            | Operator::CallIndirect(_)
            | Operator::MemoryGrow
            | Operator::MemoryCopy
            | Operator::MemoryFill
    )
}
