//! Prices operators for engines that charge whole runs, and says where a long run is to be cut.
//!
//! The interpreter's placement: a run is a maximal straight line and is charged before its first
//! operator. It ends with an operator that branches, charges by its operands or shows the gas to
//! somebody; where none comes, after [`RUN_OPERATORS_MAX`] operators. So what runs in debt, and is
//! thrown away, is bounded. The reader of this stage knows the labels, so it finds the other
//! borders.
//!
//! Spec: docs/spec/gas.md, "Interpreter, block price".

use crate::lower::{self, Operator, Visit};
use crate::module::{CheckedModule, Function};
use crate::opcode::{Class, Opcode, TABLE};
use crate::schedule::Schedule;

/// Operators of one run.
pub const RUN_OPERATORS_MAX: u32 = 256;
/// The price of a run fits 32 bits: each operator's does, and a run is cut before the sum does not.
pub const RUN_COST_MAX: u32 = u32::MAX;

/// Takes priced operators.
pub trait BlockSink {
    /// The next operator; `offset` is where it stands in the original module, `price` is static.
    fn operator(&mut self, operator: Operator<'_>, offset: u32, price: u32);

    /// The run that is open ends here, and what follows is charged apart.
    fn cut(&mut self);
}

/// The price of each operator of the original, as a number that fits a run.
pub struct Prices {
    by_place: [u32; TABLE.len()],
    cheapest: u32,
}

impl Prices {
    /// The prices of `schedule`.
    #[must_use]
    pub fn new(schedule: &Schedule) -> Self {
        let mut by_place = [0; TABLE.len()];
        let mut cheapest = u32::MAX;
        for (price, row) in by_place.iter_mut().zip(TABLE) {
            // Below 2^32 by the schedule's constructor.
            *price = u32::try_from(schedule.operator(row.opcode)).unwrap_or(u32::MAX);
            if !matches!(row.class, Class::Marker | Class::Reinterpret | Class::Float) {
                cheapest = cheapest.min(*price);
            }
        }
        Self { by_place, cheapest }
    }

    /// The least price of an operator that does work.
    #[must_use]
    pub const fn cheapest(&self) -> u32 {
        self.cheapest
    }

    #[inline(always)]
    fn of(&self, opcode: Opcode) -> u32 {
        self.by_place
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
    /// Since the last border that is one on every path.
    operators: u32,
    cost: u32,
}

impl<S: BlockSink> Visit for Placement<'_, S> {
    #[inline(always)]
    fn operator(&mut self, operator: Operator<'_>, original: Opcode, offset: u32) {
        let price = self.prices.of(original);
        let sum = self.cost.checked_add(price);
        if self.operators >= RUN_OPERATORS_MAX || sum.is_none() {
            self.sink.cut();
            self.operators = 0;
            self.cost = 0;
        }
        self.operators = self.operators.saturating_add(1);
        self.cost = self.cost.saturating_add(price);
        self.sink.operator(operator, offset, price);
        if ends_run(operator) {
            self.operators = 0;
            self.cost = 0;
        }
    }
}

/// True if no run goes on after `operator`.
#[inline(always)]
const fn ends_run(operator: Operator<'_>) -> bool {
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
