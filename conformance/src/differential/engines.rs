//! Takes the engines that a campaign compares with the reference from the registry.

use super::coverage::OperatorMap;
use vm::Engine;

/// Makes one set of engines; each thread of a campaign makes its own.
pub type MakeEngines<'a> = dyn Fn() -> Vec<Box<dyn Engine>> + Sync + 'a;

/// Every engine of this build but the reference.
#[must_use]
pub fn engines() -> Vec<Box<dyn Engine>> {
    let made = engines::compared().map(|row| -> Box<dyn Engine> { (row.make)() });
    made.collect()
}

/// The engines of [`mod@engines`] with one of these names; all of them if there is no name.
#[must_use]
pub fn named(names: &[String]) -> Vec<Box<dyn Engine>> {
    let mut chosen = engines();
    chosen.retain(|engine| names.is_empty() || names.iter().any(|name| name == engine.name()));
    chosen
}

/// True for modules that a third-party engine is known to execute wrongly. Each defect has a test
/// that fails once the engine is fixed, and skipped runs are counted.
///
/// * wasmi 2.0.0 executes `select` wrongly if the operator right before it is its condition and is
///   `i32.eqz`, or `i32.eq` or `i32.ne` with zero: it drops the comparison and then tests an
///   accumulator that does not contain the operand. `nop` and the `end` of a loop between them
///   change nothing:
///   `wasmi_selects_wrongly_after_a_comparison_with_zero`.
#[must_use]
pub fn known_defect(engine: &str, operators: &OperatorMap) -> bool {
    use vm::unstable::opcode::Opcode;
    let compares = [Opcode::I32Eqz, Opcode::I32Eq, Opcode::I32Ne];
    engine == "wasmi"
        && compares
            .iter()
            .any(|first| operators.has_pair(*first, Opcode::Select))
}
