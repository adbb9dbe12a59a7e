//! Groups lowered operators into charge runs: what is paid at once, and when.
//!
//! Takes operators from [`crate::lower`], gives them on to a [`MeteredSink`] with a cost for each
//! run. Total: `check` bounded everything. It does not know who reads (the emitter or the
//! translator).
//!
//! A run is `pure* observable?`: operators that neither trap nor branch nor can be observed, and
//! the one that ends them. Its whole cost is charged before its first operator. Charging early
//! differs from the reference semantics R only where R runs out of gas inside the run; there both
//! end in out of gas, which consumes the limit and discards every effect. So gas is exact at each
//! trap, host call and return, in an engine that knows nothing of us.
//!
//! ```text
//! local.get 0   \
//! i32.const 4    | one run: 10 + 10 + 20 charged here
//! i32.load      /
//! i32.const 1   \  the next: the load may trap, so what follows is not yet owed
//! i32.add       /
//! ```
//!
//! # Invariants
//! * On every path, the charge is executed before the work that it pays for.
//! * A run never crosses `loop`, `else` or an `end` that is a branch target.
//! * Code that no path reaches has no charge.
//!
//! Spec: docs/spec/gas.md and docs/spec/emitted.md. Tests: `conformance`'s sweep against R.

pub mod block;

use crate::lower::{self, Operator, Sink};
use crate::module::{CheckedModule, Function};
use crate::opcode::Class;
use crate::schedule::Schedule;

/// Takes metered operators.
pub trait MeteredSink {
    /// The next operator of the open run; `offset` is where it stands in the original module.
    fn operator(&mut self, operator: Operator<'_>, offset: u32);

    /// Ends the open run: `cost` is to be charged before its first operator. Zero is no charge.
    fn close_run(&mut self, cost: u64);
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
    /// A branch goes to its start.
    is_loop: bool,
    /// A branch goes to its end, or two arms join there.
    end_is_target: bool,
    /// The code before it was reachable.
    entered_live: bool,
}

struct Meter<'a, S> {
    schedule: &'a Schedule,
    sink: &'a mut S,
    labels: Vec<Label>,
    cost: u64,
    live: bool,
}

/// What an operator does to the run that it stands in.
enum Effect {
    /// Stays inside.
    Pure,
    /// Ends it, and is paid by it.
    Observable,
    /// Ends it, and what follows is not reached.
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
        self.sink.close_run(self.cost);
        self.cost = 0;
    }

    /// Closes the run before `operator`, and leaves `operator` alone without a charge.
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
            Effect::Pure => {}
            Effect::Observable => self.close(),
            Effect::Departure => {
                self.close();
                self.live = false;
            }
        }
    }
}

const fn effect(operator: Operator<'_>) -> Effect {
    match operator {
        Operator::Unreachable
        | Operator::Br(_)
        | Operator::BrTable { .. }
        | Operator::Return
        | Operator::Float(_) => Effect::Departure,
        Operator::BrIf(_)
        | Operator::If(_)
        | Operator::Call(_)
        | Operator::CallIndirect(_)
        | Operator::Load(..)
        | Operator::Store(..)
        | Operator::MemoryGrow
        | Operator::MemoryCopy
        | Operator::MemoryFill => Effect::Observable,
        Operator::Numeric(opcode) if matches!(opcode.class(), Class::Divide) => Effect::Observable,
        _ => Effect::Pure,
    }
}

#[cfg(test)]
mod tests;
