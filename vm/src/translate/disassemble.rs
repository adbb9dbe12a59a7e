//! Prints the internal code of a function, for people.

use super::buffer::Fields;
use super::integer::{Binary, Load, Store, Unary};
use super::layout::{Field, Role, layout};
use super::shape::{CELL, Family, Shape};
use super::{Source, Workspace, canonical_types, index, translate};
use crate::meter::block::Prices;
use crate::module::CheckedModule;
use crate::rules::Rules;
use std::fmt::Write;

/// The internal code of the defined function at `function_index` of the function index space, one
/// instruction a line; `None` if there is no such function or it is an import.
///
/// A line has the cell, the instruction with where its operands come from (`s` slot, `a`
/// accumulator, `i` immediate), its fields, and for an instruction that can trap what it gives
/// back.
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
    let code = translate(source, function, signature, &mut workspace);
    let mut text = format!("function {function_index}: first run {}\n", code.charge);
    let mut sites = code.sites.iter().peekable();
    let ends = code.starts.iter().skip(1).copied().chain([u32::MAX]);
    for (start, end) in code.starts.iter().zip(ends) {
        let cells = code.cells.get(index(*start)..).unwrap_or_default();
        line(&mut text, *start, cells);
        while let Some(site) = sites.next_if(|site| site.cell < end) {
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "  ; at {:#x} gives back {}",
                site.offset, site.give_back
            );
        }
        text.push('\n');
    }
    Some(text)
}

fn line(text: &mut String, start: u32, cells: &[u64]) {
    let Some(first) = cells.first() else {
        return;
    };
    let shape = Shape::unpack(*first);
    let fields = Fields(cells);
    let count = match shape.family {
        Family::BranchTable => fields.u32(12),
        _ => 0,
    };
    let _ = write!(text, "{start:5}  {}", shape.family.name());
    for name in names(shape) {
        let _ = write!(text, " {name}");
    }
    let kinds = [shape.a, shape.b, shape.c].map(|kind| match kind {
        super::Kind::Slot => "s",
        super::Kind::Acc => "a",
        super::Kind::Immediate => "i",
        super::Kind::Absent => "",
    });
    let kinds = kinds.concat();
    if !kinds.is_empty() {
        let _ = write!(text, " [{kinds}]");
    }
    for field in layout(shape, count).fields {
        write_field(text, start, &fields, field);
    }
}

fn write_field(text: &mut String, start: u32, fields: &Fields<'_>, field: Field) {
    let name = field.name;
    let at = field.at;
    let _ = match field.role {
        Role::Read | Role::Write => write!(text, " {name}=s{}", usize::from(fields.u16(at)) / CELL),
        Role::Target => {
            let cells = i64::from(fields.u32(at).cast_signed()) / 8;
            write!(text, " {name}={}", i64::from(start).saturating_add(cells))
        }
        Role::Cost | Role::Number32 => write!(text, " {name}={}", fields.u32(at)),
        Role::Number16 => write!(text, " {name}={}", fields.u16(at)),
        Role::Number64 | Role::Function => write!(text, " {name}={}", fields.u64(at)),
    };
}

/// The operators that an instruction holds.
fn names(shape: Shape) -> Vec<String> {
    let binary = |number| Binary::of(number).map(|op| format!("{op:?}"));
    let load = |number| Load::of(number).map(|op| format!("{op:?}"));
    let store = |number| Store::of(number).map(|op| format!("{op:?}"));
    let (first, second) = match shape.family {
        Family::Binary | Family::CompareBranch | Family::CompareSelect => {
            (binary(shape.first), None)
        }
        Family::BinaryBinary | Family::BinaryCompareBranch => {
            (binary(shape.first), binary(shape.second))
        }
        Family::Unary => (Unary::of(shape.first).map(|op| format!("{op:?}")), None),
        Family::Load | Family::LoadIndexed | Family::LoadDisplaced | Family::LoadScaled => {
            (load(shape.first), None)
        }
        Family::LoadBinary | Family::LoadCompareBranch => (load(shape.first), binary(shape.second)),
        Family::Store | Family::StoreIndexed => (store(shape.first), None),
        Family::BinaryStore => (binary(shape.first), store(shape.second)),
        Family::LoadStore => (load(shape.first), store(shape.second)),
        Family::Trap => (Some(shape.first.to_string()), None),
        _ => (None, None),
    };
    first.into_iter().chain(second).collect()
}
