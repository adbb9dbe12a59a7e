//! Tests layout, verifier and listing for every row of the table of internal instructions.

use super::buffer::{Buffer, DecodedInstruction};
use super::disassemble::line;
use super::form::Family;
use super::layout::{CELL, Field, Kind, Role};
use super::shape::Shape;
use super::verify::verify;
use super::{FrameLayout, FunctionCode, TrapSite};
use crate::check::check;
use crate::rules::Rules;
use std::collections::BTreeSet;

const KINDS: [Kind; 4] = [Kind::Slot, Kind::Acc, Kind::Immediate, Kind::Absent];
/// Longer than any instruction.
const CELLS_MAX: usize = 16;

/// Every row with every kind of operands, and with a wide and a narrow operator.
fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for family in Family::ALL {
        for a in KINDS {
            for (b, c) in KINDS.into_iter().flat_map(|b| KINDS.map(|c| (b, c))) {
                for first in [0, super::Binary::Add64.number()] {
                    let shape = Shape::new(*family).first(first).kinds(a, b, c);
                    shapes.push(shape.with_slot());
                }
            }
        }
    }
    shapes
}

/// A single instruction; every field is 0.
fn zeroed(shape: Shape) -> Vec<u64> {
    let mut cells = vec![0; CELLS_MAX];
    cells[0] = shape.pack();
    let length = DecodedInstruction::of(&cells).unwrap().cells;
    cells.truncate(length);
    cells
}

fn fields(shape: Shape) -> Vec<Field> {
    DecodedInstruction::of(&zeroed(shape)).unwrap().fields
}

/// The instruction, changed by `change`, and a return, with trap sites.
fn code(shape: Shape, change: impl Fn(&mut Buffer)) -> FunctionCode {
    let mut buffer = Buffer::default();
    buffer.begin(shape, zeroed(shape).len());
    change(&mut buffer);
    let end = Shape::new(Family::Return);
    buffer.begin(end, zeroed(end).len());
    let (cells, starts) = buffer.finish();
    let site = |cell: usize| TrapSite {
        cell: u32::try_from(cell).unwrap(),
        refund: 0,
        offset: 0,
    };
    FunctionCode {
        cells,
        starts,
        charge: 0,
        sites: (0..shape.sites()).map(site).collect(),
    }
}

fn verdict(code: &FunctionCode) -> Result<(), String> {
    let text = "(module (memory 1) (func))";
    let module = check(&wat::parse_str(text).unwrap(), &Rules::v1()).unwrap();
    let (function, signature) = (&module.functions()[0], &module.types()[0]);
    verify(code, function, FrameLayout::new(function, signature))
}

#[test]
fn fields_are_inside_the_instruction_and_do_not_overlap() {
    for shape in shapes() {
        let instruction = DecodedInstruction::of(&zeroed(shape)).unwrap();
        let mut taken = BTreeSet::new();
        for field in &instruction.fields {
            assert!(field.at >= CELL && field.at.is_multiple_of(field.bytes));
            for byte in field.at..field.at + field.bytes {
                assert!(byte < instruction.cells * CELL, "{shape:?}: {field:?}");
                assert!(taken.insert(byte), "{shape:?}: {field:?}");
            }
        }
    }
}

/// The destination of an instruction is set without knowing which instruction it is.
#[test]
fn a_destination_is_the_first_field() {
    for shape in shapes() {
        let destination = |field: &Field| field.role == Role::Destination;
        let position = fields(shape).iter().position(destination);
        assert!(position.is_none_or(|position| position == 0), "{shape:?}");
        let at = fields(shape).into_iter().find(destination);
        assert!(at.is_none_or(|field| field.at == CELL && field.bytes == 2));
    }
}

/// One writer or one handler serves two rows.
#[test]
fn rows_that_are_read_as_one_have_the_same_fields() {
    let of = |family| format!("{:?}", fields(Shape::new(family)));
    assert_eq!(of(Family::MemoryCopy), of(Family::MemoryFill));
    assert_eq!(of(Family::Call), of(Family::CallHost));
    assert_eq!(of(Family::Call), of(Family::CallMultiply));
}

#[test]
fn the_verifier_covers_every_field_and_site_of_every_row() {
    for shape in shapes() {
        assert_eq!(verdict(&code(shape, |_| {})), Ok(()), "{shape:?}");
        for field in fields(shape) {
            // No frame has a slot at this offset, and no instruction starts at this distance.
            let wrong = match field.role {
                Role::Read | Role::Write | Role::Destination => 0xFFF8,
                Role::Target => 4,
                Role::Number => continue,
            };
            let broken = code(shape, |code| code.set(field.at, wrong, field.bytes));
            assert!(verdict(&broken).is_err(), "{shape:?}: {field:?}");
        }
        let mut sites = code(shape, |_| {});
        if sites.sites.pop().is_some() {
            assert!(verdict(&sites).is_err(), "{shape:?}: no site");
        }
    }
}

#[test]
fn the_listing_names_every_row_and_field() {
    let mut names = BTreeSet::new();
    for shape in shapes() {
        let mut text = String::new();
        line(&mut text, 0, &zeroed(shape));
        assert!(text.contains(shape.family.name()), "{text}");
        names.insert(shape.family.name());
        for field in fields(shape) {
            assert!(text.contains(&format!(" {}=", field.name)), "{text}");
        }
    }
    assert_eq!(names.len(), Family::ALL.len(), "two rows have one name");
}
