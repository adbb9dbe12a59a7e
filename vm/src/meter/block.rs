//! Prices operators for engines that charge whole runs, and says where a long run is to be cut.
//!
//! The interpreter's placement: a run is a maximal straight line and is charged before its first
//! operator. It ends with an operator that branches, charges by its operands or shows the gas to
//! somebody; where none comes, after [`RUN_OPERATORS_MAX`] operators. So what runs in debt, and is
//! thrown away, is bounded. The reader of this stage knows the labels, so it finds the other
//! borders.
//!
//! Spec: docs/spec/gas.md, "Interpreter, block price".

use crate::lower::{self, Operator, Sink};
use crate::module::{CheckedModule, Function};
use crate::opcode::{Class, TABLE};
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

/// Pushes the priced operators of `function` into `sink`, the final `end` included.
pub fn function(
    module: &CheckedModule,
    function: &Function,
    schedule: &Schedule,
    sink: &mut impl BlockSink,
) {
    let mut placement = Placement {
        schedule,
        sink,
        operators: 0,
        cost: 0,
    };
    lower::function(module, function, &mut placement);
}

/// The least price of an operator that does work.
#[must_use]
pub fn cheapest(schedule: &Schedule) -> u64 {
    let works = TABLE
        .iter()
        .filter(|row| !matches!(row.class, Class::Marker | Class::Reinterpret | Class::Float));
    let prices = works.map(|row| schedule.operator(row.opcode));
    prices.min().unwrap_or_default()
}

struct Placement<'a, S> {
    schedule: &'a Schedule,
    sink: &'a mut S,
    /// Since the last border that is one on every path.
    operators: u32,
    cost: u32,
}

impl<S: BlockSink> Sink for Placement<'_, S> {
    fn operator(&mut self, operator: Operator<'_>, offset: u32) {
        let price = self.schedule.operator(operator.opcode());
        // Below 2^32 by the schedule's constructor.
        let price = u32::try_from(price).unwrap_or(u32::MAX);
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
