//! Lists the fields of each internal instruction: what is where, for whoever walks code.
//!
//! The handlers in `execute` read the same offsets; each states its own beside its body.

use super::integer::Binary;
use super::shape::{CELL, Family, Kind, Shape};

/// What a field means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// u16: a slot that is read.
    Read,
    /// u16: a slot that is written.
    Write,
    /// i32: a distance in bytes from the instruction's start.
    Target,
    /// u32: price of the run that is entered.
    Cost,
    /// u32 or u16: a number without further meaning here.
    Number32,
    /// See `Number32`.
    Number16,
    /// u64: an immediate operand.
    Number64,
    /// u64: index of a function.
    Function,
}

/// A field by byte offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) at: usize,
    pub(super) role: Role,
}

/// The fields of an instruction in order, and its length.
pub(super) struct Layout {
    pub(super) fields: Vec<Field>,
    pub(super) cells: usize,
}

impl Layout {
    fn new(cells: usize) -> Self {
        Self {
            fields: Vec::new(),
            cells,
        }
    }

    fn with(mut self, name: &'static str, at: usize, role: Role) -> Self {
        self.fields.push(Field { name, at, role });
        self
    }

    /// An operand: a slot at `at`, nothing, or an immediate that is appended.
    fn operand(self, name: &'static str, at: usize, kind: Kind) -> Self {
        match kind {
            Kind::Slot => self.with(name, at, Role::Read),
            Kind::Immediate => self.appended(name),
            Kind::Acc | Kind::Absent => self,
        }
    }

    /// An immediate in a cell of its own at the end.
    fn appended(mut self, name: &'static str) -> Self {
        let at = self.cells.saturating_mul(CELL);
        self.cells = self.cells.saturating_add(1);
        self.with(name, at, Role::Number64)
    }

    fn result(self, shape: Shape) -> Self {
        if shape.to_slot {
            self.with("d", 8, Role::Write)
        } else {
            self
        }
    }
}

/// The layout of an instruction; `count` is that of a branch table.
pub(super) fn layout(shape: Shape, count: u32) -> Layout {
    let two = || Layout::new(2).result(shape);
    let three = || Layout::new(3).result(shape);
    match shape.family {
        Family::Binary => binary(shape),
        Family::Unary => two().operand("a", 10, shape.a),
        Family::BinaryBinary => two()
            .operand("a", 10, shape.a)
            .operand("b", 12, shape.b)
            .operand("c", 14, shape.c),
        Family::CompareSelect => {
            let fields = Layout::new(4).result(shape).operand("a", 10, shape.a);
            let fields = match shape.b {
                Kind::Slot => fields.with("b", 12, Role::Read),
                _ => fields.with("b", 24, Role::Number64),
            };
            fields.with("x", 14, Role::Read).with("y", 16, Role::Read)
        }
        Family::Select => two()
            .operand("c", 10, shape.a)
            .with("a", 12, Role::Read)
            .with("b", 14, Role::Read),
        Family::Load => two()
            .operand("a", 10, shape.a)
            .with("offset", 12, Role::Number32),
        Family::LoadIndexed => three()
            .operand("a", 10, shape.a)
            .with("b", 12, Role::Read)
            .with("offset", 16, Role::Number32),
        Family::LoadDisplaced => three()
            .operand("a", 10, shape.a)
            .with("displacement", 12, Role::Number32)
            .with("offset", 16, Role::Number32),
        Family::LoadScaled => three()
            .operand("a", 10, shape.a)
            .with("b", 12, Role::Read)
            .with("shift", 14, Role::Number16)
            .with("offset", 16, Role::Number32),
        Family::LoadBinary => three()
            .with("a", 10, Role::Read)
            .with("offset", 12, Role::Number32)
            .operand("x", 16, shape.a)
            .with("displacement", 20, Role::Number32),
        Family::BinaryStore => three()
            .operand("x", 10, shape.a)
            .operand("y", 12, shape.b)
            .with("a", 14, Role::Read)
            .with("offset", 16, Role::Number32),
        Family::GlobalAdd => three()
            .operand("a", 10, shape.a)
            .with("global", 12, Role::Number32)
            .with("i", 16, Role::Number32),
        Family::GlobalGet => two().with("global", 12, Role::Number32),
        Family::MemorySize => two(),
        _ => effect(shape, count),
    }
}

/// The layout of an instruction whose result is no accumulator's.
fn effect(shape: Shape, count: u32) -> Layout {
    let two = || Layout::new(2);
    match shape.family {
        Family::CopySlot => two().with("d", 8, Role::Write).with("a", 10, Role::Read),
        Family::CopyTwoSlots => two()
            .with("d", 8, Role::Write)
            .with("a", 10, Role::Read)
            .with("d2", 12, Role::Write)
            .with("a2", 14, Role::Read),
        Family::CopyFourSlots => Layout::new(3)
            .with("d", 8, Role::Write)
            .with("a", 10, Role::Read)
            .with("d2", 12, Role::Write)
            .with("a2", 14, Role::Read)
            .with("d3", 16, Role::Write)
            .with("a3", 18, Role::Read)
            .with("d4", 20, Role::Write)
            .with("a4", 22, Role::Read),
        Family::CopyAcc => two().with("d", 8, Role::Write),
        Family::CopyImmediate => two().with("d", 8, Role::Write).appended("i"),
        Family::CopyTwoImmediates => Layout::new(3)
            .with("d", 8, Role::Write)
            .with("d2", 10, Role::Write)
            .with("i", 16, Role::Number32)
            .with("i2", 20, Role::Number32),
        Family::AddAdd => Layout::new(3)
            .with("d", 8, Role::Write)
            .with("a", 10, Role::Read)
            .with("d2", 12, Role::Write)
            .with("a2", 14, Role::Read)
            .with("i", 16, Role::Number32)
            .with("i2", 20, Role::Number32),
        Family::Store => two()
            .operand("v", 8, shape.b)
            .operand("a", 10, shape.a)
            .with("offset", 12, Role::Number32),
        Family::StoreIndexed => {
            let fields = Layout::new(3)
                .operand("v", 8, shape.b)
                .operand("a", 10, shape.a)
                .with("offset", 12, Role::Number32);
            match shape.c {
                Kind::Immediate => fields.with("displacement", 20, Role::Number32),
                _ => fields.with("b", 16, Role::Read),
            }
        }
        Family::LoadStore => Layout::new(3)
            .with("a", 8, Role::Read)
            .with("b", 10, Role::Read)
            .with("offset", 12, Role::Number32)
            .with("offset2", 16, Role::Number32),
        Family::GlobalSet => two()
            .operand("v", 8, shape.a)
            .with("global", 12, Role::Number32),
        Family::MemoryGrow => two()
            .with("d", 8, Role::Write)
            .with("a", 10, Role::Read)
            .with("cost", 12, Role::Cost),
        Family::MemoryCopy | Family::MemoryFill => Layout::new(3)
            .with("d", 8, Role::Read)
            .with("s", 10, Role::Read)
            .with("n", 12, Role::Read)
            .with("cost", 16, Role::Cost),
        Family::Trap => two(),
        Family::Charge => two().with("cost", 8, Role::Cost),
        Family::Pause => Layout::new(1),
        _ => control(shape, count),
    }
}

fn control(shape: Shape, count: u32) -> Layout {
    let edges = |cells: usize| {
        Layout::new(cells)
            .with("target", 8, Role::Target)
            .with("taken", 16, Role::Cost)
            .with("else", 20, Role::Cost)
    };
    match shape.family {
        Family::Branch => {
            Layout::new(2)
                .with("target", 8, Role::Target)
                .with("cost", 12, Role::Cost)
        }
        Family::CopyBranch => Layout::new(3)
            .with("target", 8, Role::Target)
            .with("cost", 12, Role::Cost)
            .with("d", 16, Role::Write)
            .with("a", 18, Role::Read),
        Family::CompareBranch => edges(3).operand("a", 12, shape.a).operand("b", 14, shape.b),
        Family::BinaryCompareBranch => {
            let fields = edges(5)
                .with("d", 12, Role::Write)
                .with("a", 14, Role::Read)
                .with("i", 24, Role::Number64);
            match shape.b {
                Kind::Slot => fields.with("b", 32, Role::Read),
                _ => fields.with("b", 32, Role::Number64),
            }
        }
        Family::LoadCompareBranch => load_compare_branch(shape, edges(5)),
        Family::BranchTable => {
            let mut fields = Layout::new(3)
                .operand("a", 8, shape.a)
                .with("last", 12, Role::Number32)
                .with("displacement", 16, Role::Number32);
            for _ in 0..=count {
                let at = fields.cells.saturating_mul(CELL);
                fields.cells = fields.cells.saturating_add(1);
                fields = fields.with("target", at, Role::Target);
                fields = fields.with("cost", at.saturating_add(4), Role::Cost);
            }
            fields
        }
        Family::Call | Family::CallMultiply | Family::CallHost => Layout::new(3)
            .with("frame", 8, Role::Write)
            .with("weight", 10, Role::Read)
            .with("cost", 12, Role::Cost)
            .with("function", 16, Role::Function),
        Family::CallIndirect => Layout::new(3)
            .with("frame", 8, Role::Write)
            .with("weight", 10, Role::Read)
            .with("cost", 12, Role::Cost)
            .operand("a", 16, shape.a)
            .with("type", 20, Role::Number32),
        Family::Return => Layout::new(2)
            .with("address", 8, Role::Read)
            .operand("v", 10, shape.a),
        _ => Layout::new(1),
    }
}

fn load_compare_branch(shape: Shape, edges: Layout) -> Layout {
    let fields = edges
        .with("a", 12, Role::Read)
        .with("offset", 24, Role::Number32)
        .operand("index", 28, shape.c);
    let fields = if shape.to_slot {
        fields.with("d", 30, Role::Write)
    } else {
        fields
    };
    match shape.b {
        Kind::Slot => fields.with("b", 14, Role::Read),
        _ => fields.with("b", 32, Role::Number64),
    }
}

/// Where one operand is no slot, the other one's slot is first; a narrow immediate needs no cell.
fn binary(shape: Shape) -> Layout {
    let layout = Layout::new(2).result(shape);
    let wide = Binary::of(shape.first).is_some_and(Binary::is_wide);
    let immediate = |layout: Layout, name| match wide {
        true => layout.appended(name),
        false => layout.with(name, 12, Role::Number32),
    };
    match (shape.a, shape.b) {
        (Kind::Slot, Kind::Slot) => layout.with("a", 10, Role::Read).with("b", 12, Role::Read),
        (Kind::Immediate, b) => immediate(layout.operand("b", 10, b), "a"),
        (a, Kind::Immediate) => immediate(layout.operand("a", 10, a), "b"),
        (a, Kind::Slot) => layout.operand("a", 10, a).with("b", 10, Role::Read),
        (a, _) => layout.operand("a", 10, a),
    }
}

/// The cells of the instruction that have an entry in the table of sites: none where it can neither
/// trap nor end in a way that needs one.
pub(super) fn sites(shape: Shape) -> usize {
    match shape.family {
        Family::LoadStore => 2,
        _ => usize::from(needs_site(shape)),
    }
}

fn needs_site(shape: Shape) -> bool {
    match shape.family {
        Family::Binary => Binary::of(shape.first).is_some_and(Binary::can_trap),
        Family::Load
        | Family::LoadIndexed
        | Family::LoadDisplaced
        | Family::LoadScaled
        | Family::LoadBinary
        | Family::LoadCompareBranch
        | Family::Store
        | Family::StoreIndexed
        | Family::BinaryStore
        | Family::MemoryCopy
        | Family::MemoryFill
        | Family::Call
        | Family::CallMultiply
        | Family::CallHost
        | Family::CallIndirect
        | Family::Trap => true,
        _ => false,
    }
}
