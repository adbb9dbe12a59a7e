//! Prints the internal code of a function, for people.

use super::arithmetic::low;
use super::buffer::{DecodedInstruction, Fields};
use super::form::OperatorClass;
use super::integer::{Binary, Load, Store, Unary};
use super::layout::{CELL, Field, Kind, Role};
use super::shape::Shape;
use super::{FrameLayout, Source, Workspace, canonical_types, index, translate};
use crate::meter::block::Prices;
use crate::module::CheckedModule;
use crate::rules::Rules;
use std::fmt::Write;

/// The internal code of the defined function at `function_index` of the function index space, one
/// instruction a line; `None` if there is no such function or it is an import.
///
/// A line has the cell, the instruction with the kinds of its operands (`s` slot, `a` accumulator,
/// `i` immediate), its fields, and for an instruction that can trap the refund.
#[must_use]
pub fn disassemble(module: &CheckedModule, rules: &Rules, function_index: u32) -> Option<String> {
    let function = module.function(function_index)?;
    let signature = module.function_type(function_index)?;
    let canonical = canonical_types(module);
    let source = Source {
        module,
        prices: &Prices::new(&rules.schedule),
        canonical: &canonical,
    };
    let mut workspace = Workspace::default();
    let layout = FrameLayout::new(function, signature);
    let code = translate(source, (function, layout), signature, &mut workspace);
    let mut text = format!(
        "function {function_index}: first metering block {}\n",
        code.charge
    );
    let mut sites = code.sites.iter().peekable();
    let ends = code.starts.iter().skip(1).copied().chain([u32::MAX]);
    for (start, end) in code.starts.iter().zip(ends) {
        let cells = code.cells.get(index(*start)..).unwrap_or_default();
        line(&mut text, *start, cells);
        while let Some(site) = sites.next_if(|site| site.cell < end) {
            // Writing to a string does not fail.
            let _ = write!(text, "  ; at {:#x} refunds {}", site.offset, site.refund);
        }
        text.push('\n');
    }
    Some(text)
}

/// Writes one instruction.
pub(super) fn line(text: &mut String, start: u32, cells: &[u64]) {
    let Some(instruction) = DecodedInstruction::of(cells) else {
        return;
    };
    let shape = instruction.shape;
    let _ = write!(text, "{start:5}  {}", shape.family.name());
    for name in names(shape) {
        let _ = write!(text, " {name}");
    }
    let kinds = [shape.a, shape.b, shape.c].map(|kind| match kind {
        Kind::Slot => "s",
        Kind::Acc => "a",
        Kind::Immediate => "i",
        Kind::Absent => "",
    });
    let kinds = kinds.concat();
    if !kinds.is_empty() {
        let _ = write!(text, " [{kinds}]");
    }
    for field in instruction.fields {
        write_field(text, start, &Fields(cells), field);
    }
}

fn write_field(text: &mut String, start: u32, fields: &Fields<'_>, field: Field) {
    let name = field.name;
    let value = fields.read(field.at, field.bytes);
    // Writing to a string does not fail.
    let _ = match field.role {
        Role::Read | Role::Write | Role::Destination => {
            let slot = usize::try_from(value).unwrap_or(usize::MAX) / CELL;
            write!(text, " {name}=s{slot}")
        }
        Role::Target => {
            let cells = i64::from(low(value).cast_signed()) / 8;
            write!(text, " {name}={}", i64::from(start).saturating_add(cells))
        }
        Role::Number => write!(text, " {name}={value}"),
    };
}

/// Names of the operators of an instruction.
fn names(shape: Shape) -> Vec<String> {
    let operators = shape.family.operators().iter();
    let numbered = operators.zip([shape.first, shape.second]);
    numbered
        .filter_map(|(operator, number)| match operator {
            OperatorClass::Binary => Binary::of(number).map(|op| format!("{op:?}")),
            OperatorClass::Unary => Unary::of(number).map(|op| format!("{op:?}")),
            OperatorClass::Load => Load::of(number).map(|op| format!("{op:?}")),
            OperatorClass::Store => Store::of(number).map(|op| format!("{op:?}")),
            OperatorClass::TrapCode => Some(number.to_string()),
        })
        .collect()
}
