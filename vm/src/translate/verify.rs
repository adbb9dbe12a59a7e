//! Verifies finished code: invariants on which the handlers rely without checking them.
//!
//! Runs in debug builds and tests after each translation. A violation is a bug of the translator.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "a violation is a bug in this program and panics, only in debug builds"
)]

use super::arithmetic::low;
use super::buffer::{DecodedInstruction, Fields};
use super::form::Family;
use super::layout::{CELL, Field, Role};
use super::{FRAME_EXTRA_SLOTS, FrameLayout, FunctionCode, SLOT, index};
use crate::module::Function;
use std::collections::BTreeSet;

/// Panics unless every slot is in the frame, every branch target is an instruction, there is no gap
/// between instructions, the last one does not fall through, and every trap has a trap site.
pub(super) fn assert_sound(code: &FunctionCode, function: &Function, frame: FrameLayout) {
    if let Err(violation) = verify(code, function, frame) {
        panic!("internal code is wrong: {violation}");
    }
}

pub(super) fn verify(
    code: &FunctionCode,
    function: &Function,
    frame: FrameLayout,
) -> Result<(), String> {
    let starts: BTreeSet<usize> = code.starts.iter().map(|start| index(*start)).collect();
    let sites: BTreeSet<usize> = code.sites.iter().map(|site| index(site.cell)).collect();
    if sites.len() != code.sites.len() {
        return Err("a cell has two trap sites".to_owned());
    }
    let limit = index(function.slots) + index(FRAME_EXTRA_SLOTS);
    let mut expected = 0;
    let mut last = None;
    for start in &starts {
        if *start != expected {
            return Err(format!(
                "cell {expected}: there is a gap before cell {start}"
            ));
        }
        let cells = &code.cells[*start..];
        let Some(instruction) = DecodedInstruction::of(cells) else {
            return Err(format!("cell {start}: the instruction is incomplete"));
        };
        let shape = instruction.shape;
        for field in &instruction.fields {
            check_field(cells, *start, *field, limit, &starts)?;
        }
        let needed = *start..*start + shape.sites();
        let found = sites.range(*start..*start + instruction.cells);
        if !found.copied().eq(needed) {
            return Err(format!(
                "cell {start}: {shape:?} does not match the table of trap sites"
            ));
        }
        expected = *start + instruction.cells;
        last = Some(shape.family);
    }
    let ends = matches!(
        last,
        Some(
            Family::Return
                | Family::Branch
                | Family::CopyBranch
                | Family::Trap
                | Family::BranchTable
        )
    );
    if !ends || expected != code.cells.len() {
        return Err(format!("the code ends with {last:?} at cell {expected}"));
    }
    if frame.return_address() + SLOT > limit * SLOT {
        return Err("the return address is outside the frame".to_owned());
    }
    Ok(())
}

fn check_field(
    cells: &[u64],
    start: usize,
    field: Field,
    limit: usize,
    starts: &BTreeSet<usize>,
) -> Result<(), String> {
    let value = Fields(cells).read(field.at, field.bytes);
    match field.role {
        Role::Read | Role::Write | Role::Destination => {
            let offset = usize::try_from(value).unwrap_or(usize::MAX);
            if !offset.is_multiple_of(SLOT) || offset >= limit * SLOT {
                let name = field.name;
                return Err(format!(
                    "cell {start}: {name} is byte offset {offset}, no slot"
                ));
            }
        }
        Role::Target => {
            let distance = low(value).cast_signed();
            let from = i64::try_from(start * CELL).unwrap_or(i64::MAX);
            let to = usize::try_from(from + i64::from(distance)).unwrap_or(usize::MAX);
            if !to.is_multiple_of(CELL) || !starts.contains(&(to / CELL)) {
                return Err(format!(
                    "cell {start}: it branches to byte {to}, no instruction"
                ));
            }
        }
        Role::Number => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::meter::block::Prices;
    use crate::module::CheckedModule;
    use crate::rules::Rules;
    use crate::translate::shape::Shape;
    use crate::translate::{Source, Workspace, canonical_types, translate};

    const TEXT: &str = r#"(module (memory 1) (func (param i32) (result i32) (local i32)
        (loop $next
            (local.set 1 (i32.add (local.get 1) (i32.load (local.get 0))))
            (br_if $next (i32.lt_u (local.get 1) (i32.const 100))))
        (local.get 1)))"#;

    fn checked() -> CheckedModule {
        check(&wat::parse_str(TEXT).unwrap(), &Rules::v1()).unwrap()
    }

    fn verdict(change: impl Fn(&mut FunctionCode)) -> Result<(), String> {
        let (module, rules) = (checked(), Rules::v1());
        let canonical = canonical_types(&module);
        let source = Source {
            module: &module,
            prices: &Prices::new(&rules.schedule),
            canonical: &canonical,
        };
        let (function, signature) = (&module.functions()[0], &module.types()[0]);
        let mut workspace = Workspace::default();
        let layout = FrameLayout::new(function, signature);
        translate(source, (function, layout), signature, &mut workspace);
        let mut code = workspace.code;
        change(&mut code);
        verify(&code, function, layout)
    }

    #[test]
    fn sound_code_passes() {
        assert_eq!(verdict(|_| {}), Ok(()));
    }

    #[test]
    fn a_missing_or_extra_site_is_found() {
        assert!(verdict(|code| code.sites.clear()).is_err());
        assert!(verdict(|code| code.sites[0].cell += 1).is_err());
    }

    #[test]
    fn a_slot_outside_the_frame_is_found() {
        // The second cell of the first instruction contains slots; all are set beyond the frame.
        assert!(verdict(|code| code.cells[1] = u64::MAX).is_err());
    }

    #[test]
    fn a_target_between_instructions_is_found() {
        let change = |code: &mut FunctionCode| {
            let branch =
                code.starts.iter().map(|start| index(*start)).find(|start| {
                    Shape::unpack(code.cells[*start]).family == Family::CompareBranch
                });
            code.cells[branch.unwrap() + 1] ^= 8;
        };
        assert!(verdict(change).is_err());
    }

    #[test]
    fn a_gap_and_a_cut_are_found() {
        assert!(verdict(|code| code.cells.truncate(code.cells.len() - 1)).is_err());
        assert!(verdict(|code| code.starts = code.starts.split_off(1)).is_err());
    }
}
