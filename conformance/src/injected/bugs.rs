//! Lists the injected bugs.

use super::emission::{Edit, EmissionFault, FaultyEmission};
use engine_wasmi::Wasmi;
use reference::{Place, Reference};
use std::sync::Arc;
use vm::unstable::lower::Operator as Lowered;
use vm::unstable::opcode::Opcode;
use vm::unstable::rules::FloatPolicy;
use vm::unstable::schedule::Schedule;
use vm::{CheckedModule, Engine, Execution, Fault, Rules};
use wasm_encoder::{Instruction, MemArg, MemArgTarget};
use wasmparser::Operator;

/// Number of operators of one charge in an instrumented module.
const CHARGE: usize = 10;
/// Operators of a function before the charge of its first entry.
const FIRST_ENTRY: usize = 5;
/// Operators of a function before the charge of its entry.
const ENTRY: usize = FIRST_ENTRY + CHARGE + 1;

/// One injected bug.
pub struct Bug {
    /// What is wrong, in a few words.
    pub name: &'static str,
    /// Engine with the bug.
    pub engine: Box<dyn Engine>,
}

/// Every injected bug.
#[must_use]
#[expect(clippy::too_many_lines, reason = "a table: one entry a bug")]
pub fn bugs() -> Vec<Bug> {
    let emission = |name, edit: fn(&[Operator<'_>], usize) -> Edit| Bug {
        name,
        engine: Box::new(FaultyEmission::new(EmissionFault::Operators(edit))),
    };
    let section = |name, broken| Bug {
        name,
        engine: Box::new(FaultyEmission::new(broken)),
    };
    let mut all = vec![
        emission("an entry charge skipped", |operators, at| match at {
            ENTRY if is_charge(operators, ENTRY) => Edit::Drop(CHARGE),
            _ => Edit::Keep,
        }),
        emission("a first entry that is free", |operators, at| match at {
            FIRST_ENTRY if is_charge(operators, FIRST_ENTRY) => Edit::Drop(CHARGE),
            _ => Edit::Keep,
        }),
        emission("what was not executed after a trap stays paid", late_charge),
        emission("a gas limit off by one", |operators, at| {
            match operators.get(at) {
                Some(Operator::I64LtS)
                    if follows(operators, at, &Operator::I64Const { value: 0 }) =>
                {
                    Edit::Replace(vec![Instruction::I64LeS])
                }
                _ => Edit::Keep,
            }
        }),
        emission(
            "a stack limit off by one",
            |operators, at| match operators.get(at) {
                Some(Operator::I32GtU) if follows(operators, at, &STACK_MAX) => {
                    Edit::Replace(vec![Instruction::I32GeU])
                }
                _ => Edit::Keep,
            },
        ),
        emission(
            "the stack is not checked",
            |operators, at| match operators.get(at) {
                Some(found) if *found == STACK_MAX => {
                    Edit::Replace(vec![Instruction::I32Const(i32::MAX)])
                }
                _ => Edit::Keep,
            },
        ),
        emission(
            "a 33-bit address wrapped to 32",
            |operators, at| match operators.get(at) {
                Some(Operator::I32Load { memarg }) if memarg.offset > 0 => Edit::Replace(vec![
                    Instruction::I64Const(memarg.offset.cast_signed()),
                    Instruction::I32WrapI64,
                    Instruction::I32Add,
                    Instruction::I32Load(MemArg {
                        offset: 0,
                        align: 0,
                        target: MemArgTarget::Memory(0),
                        ordering: None,
                    }),
                ]),
                _ => Edit::Keep,
            },
        ),
        emission(
            "a stale memory limit after grow",
            |operators, at| match operators.get(at) {
                Some(Operator::MemoryGrow { .. }) => {
                    Edit::Replace(vec![Instruction::Drop, Instruction::MemorySize(0)])
                }
                _ => Edit::Keep,
            },
        ),
        emission("bytes of a copy are free", |operators, at| {
            let next = operators.get(at.saturating_add(1));
            match (operators.get(at), next) {
                (Some(Operator::Call { .. }), Some(Operator::MemoryCopy { .. })) => Edit::Drop(1),
                _ => Edit::Keep,
            }
        }),
        section("a memory maximum off by one", EmissionFault::MemoryMaximum),
        section(
            "an unstable order of data segments",
            EmissionFault::DataOrder,
        ),
        section("a start function that is not run", EmissionFault::Start),
    ];
    all.extend(prices());
    all.extend(rewritten());
    all
}

const STACK_MAX: Operator<'static> = Operator::I32Const { value: 65_536 };

fn follows(operators: &[Operator<'_>], at: usize, before: &Operator<'_>) -> bool {
    at.checked_sub(1).and_then(|index| operators.get(index)) == Some(before)
}

/// True for `global.get; i64.const; i64.sub; global.set; ...`, which only charges of the emitter
/// begin with.
fn is_charge(operators: &[Operator<'_>], at: usize) -> bool {
    matches!(
        operators.get(at..at.saturating_add(CHARGE)),
        Some([
            Operator::GlobalGet { .. },
            Operator::I64Const { .. },
            Operator::I64Sub,
            Operator::GlobalSet { .. },
            Operator::GlobalGet { .. },
            Operator::I64Const { value: 0 },
            Operator::I64LtS,
            Operator::If { .. },
            Operator::Call { .. },
            Operator::End,
        ])
    )
}

/// A refund that is missing, in the form that an instrumented module can have: the charge after a
/// division is taken before the division, so a trap in it pays for operators that did not run.
fn late_charge(operators: &[Operator<'_>], at: usize) -> Edit {
    let divides = |operator: Option<&Operator<'_>>| {
        matches!(
            operator,
            Some(Operator::I32DivS | Operator::I32DivU | Operator::I32RemU)
        )
    };
    let before = at.checked_sub(1).and_then(|index| operators.get(index));
    if divides(before) && is_charge(operators, at) {
        return Edit::Drop(CHARGE);
    }
    let next = at.saturating_add(1);
    if divides(operators.get(at)) && is_charge(operators, next) {
        let cost = match operators.get(next.saturating_add(1)) {
            Some(Operator::I64Const { value }) => *value,
            _ => 0,
        };
        let gas = match operators.get(next) {
            Some(Operator::GlobalGet { global_index }) => *global_index,
            _ => 0,
        };
        let operator = match operators.get(at) {
            Some(Operator::I32DivS) => Instruction::I32DivS,
            Some(Operator::I32DivU) => Instruction::I32DivU,
            _ => Instruction::I32RemU,
        };
        return Edit::Replace(vec![
            Instruction::GlobalGet(gas),
            Instruction::I64Const(cost),
            Instruction::I64Sub,
            Instruction::GlobalSet(gas),
            operator,
        ]);
    }
    Edit::Keep
}

/// Runs every module with other prices.
struct Repriced(Wasmi, Arc<Rules>);

impl Engine for Repriced {
    fn name(&self) -> &'static str {
        "injected"
    }

    fn instantiate(
        &self,
        module: &Arc<CheckedModule>,
        _rules: &Arc<Rules>,
    ) -> Result<Box<dyn Execution>, Fault> {
        self.0.instantiate(module, &self.1)
    }
}

fn prices() -> Vec<Bug> {
    let v1 = Schedule::v1();
    let raised = |of, price: u64| price.saturating_add(u64::from(of == Opcode::I32Add));
    let dynamic = |dynamic| v1.repriced(|_, price| price, dynamic);
    let mut per_slot = *v1.dynamic();
    per_slot.function_entry_per_slot = 0;
    let mut per_page = *v1.dynamic();
    per_page.memory_grow_per_page = per_page.memory_grow_per_page.saturating_sub(1);
    let bug = |name, schedule: Schedule| Bug {
        name,
        engine: Box::new(Repriced(
            Wasmi::new(),
            Arc::new(Rules::new(FloatPolicy::Lower, schedule)),
        )),
    };
    [
        (
            "a wrong price of i32.add",
            v1.repriced(raised, *v1.dynamic()),
        ),
        ("slots that cost nothing at entry", dynamic(per_slot)),
        ("a wrong price of a grown page", dynamic(per_page)),
    ]
    .into_iter()
    .filter_map(|(name, schedule)| Some(bug(name, schedule.ok()?)))
    .collect()
}

fn rewritten() -> Vec<Bug> {
    let bug = |name, rewrite: for<'a> fn(&Place<'_>, Lowered<'a>) -> Lowered<'a>| Bug {
        name,
        engine: Box::new(Reference::new().with_rewrite(rewrite)),
    };
    vec![
        bug("a wrong float bit: NaN made quiet", |site, operator| {
            let at = usize::try_from(site.offset).unwrap_or(usize::MAX);
            let is_f32 = site.module.bytes().get(at) == Some(&0x43);
            match operator {
                Lowered::I32Const(bits) if is_f32 && bits & 0x7fff_ffff > 0x7f80_0000 => {
                    Lowered::I32Const(bits | 0x0040_0000)
                }
                other => other,
            }
        }),
        bug(
            "a signed load without its sign",
            |_, operator| match operator {
                Lowered::Load(Opcode::I32Load8S, at) => Lowered::Load(Opcode::I32Load8U, at),
                other => other,
            },
        ),
        bug(
            "unsigned comparisons taken as signed",
            |_, operator| match operator {
                Lowered::Numeric(Opcode::I32LtU) => Lowered::Numeric(Opcode::I32LtS),
                Lowered::Numeric(Opcode::I32GeU) => Lowered::Numeric(Opcode::I32GeS),
                Lowered::Numeric(Opcode::I64LtU) => Lowered::Numeric(Opcode::I64LtS),
                Lowered::Numeric(Opcode::I64GeU) => Lowered::Numeric(Opcode::I64GeS),
                other => other,
            },
        ),
        bug(
            "an offset that is not added",
            |_, operator| match operator {
                Lowered::Store(opcode, mut at) => {
                    at.offset = 0;
                    Lowered::Store(opcode, at)
                }
                other => other,
            },
        ),
    ]
}
