//! Groups lowered operators into metering blocks: operators that one charge pays for.
//!
//! It passes the operators of [`crate::lower`] to a [`MeteredSink`], with a cost for each metering
//! block. It cannot fail: `check` has bounded everything.
//!
//! A metering block is `pure* observable?`: operators that neither trap nor branch nor can be
//! observed, and the one that ends them. Its whole cost is charged before its first operator.
//! Charging early differs from the reference semantics R only where R runs out of gas inside the
//! block; there both end out of gas, which consumes the limit and discards every effect. So gas is
//! exact at each trap, host call and return, even in an engine that does not meter gas.
//!
//! ```text
//! local.get 0   \
//! i32.const 4    | one metering block: 10 + 10 + 20 are charged before it
//! i32.load      /
//! i32.const 1   \  the next one: the load may trap, so it does not pay for these
//! i32.add       /
//! ```
//!
//! # Invariants
//! * On every path, the charge is executed before the work that it pays for.
//! * A metering block never crosses `loop`, `else` or an `end` that is a branch target.
//! * Unreachable code has no charge.
//!
//! Specification: docs/spec/gas.md, "R, the reference semantics".
//! Tests: the sweep of `conformance` against R.

pub mod block;

use crate::lower::{self, Operator, Sink};
use crate::module::{CheckedModule, Function};
use crate::opcode::Class;
use crate::schedule::Schedule;

/// Receives the metered operators of a function.
pub trait MeteredSink {
    /// The next operator of the open metering block, at byte `offset` of the original module.
    fn operator(&mut self, operator: Operator<'_>, offset: u32);

    /// Ends the open metering block: `cost` is to be charged before its first operator; zero means
    /// no charge.
    fn close_block(&mut self, cost: u64);
}

/// Pushes the metered operators of `function` into `sink`, the final `end` included.
pub fn function(
    module: &CheckedModule,
    function: &Function,
    schedule: &Schedule,
    sink: &mut impl MeteredSink,
) {
    lower::function(module, function, &mut Meter::new(schedule, sink));
}

/// One open label.
struct Label {
    /// True if a branch goes to its start.
    is_loop: bool,
    /// True if a branch goes to its end, or two arms join there.
    end_is_target: bool,
    /// True if the code before it is reachable.
    entered_live: bool,
}

struct Meter<'a, S> {
    schedule: &'a Schedule,
    sink: &'a mut S,
    labels: Vec<Label>,
    cost: u64,
    live: bool,
}

/// How an operator affects its metering block.
enum OperatorEffect {
    /// The block continues.
    Pure,
    /// The operator is the last of the block.
    Observable,
    /// The operator is the last of the block, and the code after it is unreachable.
    Departure,
}

impl<'a, S: MeteredSink> Meter<'a, S> {
    fn new(schedule: &'a Schedule, sink: &'a mut S) -> Self {
        let body = Label {
            is_loop: false,
            end_is_target: true,
            entered_live: true,
        };
        Self {
            schedule,
            sink,
            labels: vec![body],
            cost: 0,
            live: true,
        }
    }

    fn close(&mut self) {
        self.sink.close_block(self.cost);
        self.cost = 0;
    }

    /// Closes the open metering block and puts `operator` in one of its own, without a charge.
    fn boundary(&mut self, operator: Operator<'_>, offset: u32) {
        self.close();
        self.sink.operator(operator, offset);
        self.close();
    }

    fn open(&mut self, operator: Operator<'_>) {
        let is_loop = matches!(operator, Operator::Loop(_));
        let end_is_target = matches!(operator, Operator::If(_));
        self.labels.push(Label {
            is_loop,
            end_is_target,
            entered_live: self.live,
        });
    }

    fn target(&mut self, depth: u32) {
        let depth = usize::try_from(depth).unwrap_or(usize::MAX);
        if let Some(label) = self.labels.iter_mut().rev().nth(depth) {
            label.end_is_target |= !label.is_loop;
        }
    }

    fn targets(&mut self, operator: Operator<'_>) {
        match operator {
            Operator::Br(depth) | Operator::BrIf(depth) => self.target(depth),
            Operator::BrTable { targets, default } => {
                for depth in targets {
                    self.target(*depth);
                }
                self.target(default);
            }
            _ => {}
        }
    }

    fn end(&mut self, offset: u32) {
        let label = self.labels.pop();
        let is_target = label.as_ref().is_none_or(|label| label.end_is_target);
        let entered_live = label.is_none_or(|label| label.entered_live);
        if is_target || !self.live {
            self.boundary(Operator::End, offset);
            self.live = entered_live;
        } else {
            self.sink.operator(Operator::End, offset);
        }
    }

    fn structure(&mut self, operator: Operator<'_>, offset: u32) -> bool {
        match operator {
            Operator::Block(_) => {
                self.open(operator);
                self.sink.operator(operator, offset);
            }
            Operator::Loop(_) => {
                self.open(operator);
                self.boundary(operator, offset);
            }
            Operator::Else => {
                self.boundary(operator, offset);
                self.live = self.labels.last().is_none_or(|label| label.entered_live);
            }
            Operator::End => self.end(offset),
            _ => return false,
        }
        true
    }
}

impl<S: MeteredSink> Sink for Meter<'_, S> {
    fn operator(&mut self, operator: Operator<'_>, offset: u32) {
        if self.structure(operator, offset) {
            return;
        }
        if self.live {
            let price = self.schedule.operator(operator.opcode());
            self.cost = self.cost.saturating_add(price);
            self.targets(operator);
        }
        self.sink.operator(operator, offset);
        if matches!(operator, Operator::If(_)) {
            self.open(operator);
        }
        match effect(operator) {
            OperatorEffect::Pure => {}
            OperatorEffect::Observable => self.close(),
            OperatorEffect::Departure => {
                self.close();
                self.live = false;
            }
        }
    }
}

const fn effect(operator: Operator<'_>) -> OperatorEffect {
    match operator {
        Operator::Unreachable
        | Operator::Br(_)
        | Operator::BrTable { .. }
        | Operator::Return
        | Operator::Float(_) => OperatorEffect::Departure,
        Operator::BrIf(_)
        | Operator::If(_)
        | Operator::Call(_)
        | Operator::CallIndirect(_)
        | Operator::Load(..)
        | Operator::Store(..)
        | Operator::MemoryGrow
        | Operator::MemoryCopy
        | Operator::MemoryFill => OperatorEffect::Observable,
        Operator::Numeric(opcode) if matches!(opcode.class(), Class::Divide) => {
            OperatorEffect::Observable
        }
        _ => OperatorEffect::Pure,
    }
}

#[cfg(test)]
mod tests;
