//! Takes the engines that a campaign holds against the reference from the registry.

use super::coverage::Operators;
use vm::Engine;

/// Makes one set of engines; each thread of a campaign makes its own.
pub type MakeEngines<'a> = dyn Fn() -> Vec<Box<dyn Engine>> + Sync + 'a;

/// Every engine of this build but the reference.
#[must_use]
pub fn engines() -> Vec<Box<dyn Engine>> {
    let made = engines::compared().map(|row| -> Box<dyn Engine> { (row.make)() });
    made.collect()
}

/// The engines of [`mod@engines`] with one of these names; all of them if none is given.
#[must_use]
pub fn named(names: &[String]) -> Vec<Box<dyn Engine>> {
    let mut chosen = engines();
    chosen.retain(|engine| names.is_empty() || names.iter().any(|name| name == engine.name()));
    chosen
}

/// True for modules that somebody else's engine is known to run wrongly; each has a test that fails
/// when the engine is repaired, and runs that are left out are counted.
///
/// * wasmi 2.0.0 answers `select` wrongly where its condition is `i32.eqz`, or `i32.eq` or `i32.ne`
///   with zero, right before it: it drops the comparison and then tests the accumulator, in which
///   nobody put the operand. `nop` and the `end` of a loop between them change nothing:
///   `wasmi_selects_wrongly_after_a_comparison_with_zero`.
#[must_use]
pub fn known_defect(engine: &str, operators: &Operators) -> bool {
    use vm::unstable::opcode::Opcode;
    let compares = [Opcode::I32Eqz, Opcode::I32Eq, Opcode::I32Ne];
    engine == "wasmi"
        && compares
            .iter()
            .any(|first| operators.has_pair(*first, Opcode::Select))
}
