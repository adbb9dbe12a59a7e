//! Translates lowered operators into internal code: register code over frame slots.
//!
//! One pass, one function at a time; it cannot fail, since `check` has bounded everything. Values
//! on the operand stack are tracked and not moved as long as possible: a `local.get` or a constant
//! needs no instruction, a result stays in the accumulator until it is needed in a slot.
//!
//! | file | contents |
//! |---|---|
//! | `form` | the table of internal instructions and their fields |
//! | `layout` | the positions of fields |
//! | `shape` | an instruction without the values of its fields |
//! | `integer` | what the operators compute |
//! | `operator` | the dispatch over operators |
//! | `operands` | the tracked operand stack |
//! | `stack`, `arithmetic`, `memory`, `call`, `control` | the translation of groups of operators |
//! | `fusion` | the pairs of operators with a fused handler |
//! | `wide` | arithmetic on 128 bits: two results, and what is fused with a product |
//! | `stored` | fusion of values with the store or the global that they go to |
//! | `idiom` | a function that is recognised by its body |
//! | `charge` | metering blocks: their charges, and the refunds of traps |
//! | `verify` | the invariants of finished code |
//! | `disassemble` | finished code as text |
//!
//! # The frame
//! ```text
//! parameters | return address | stack weight | declared locals | operands | spare
//! ```
//! A callee's parameters are the caller's topmost operands: frames overlap and a call copies
//! nothing.
//!
//! # Invariants
//! * Only this module makes internal code.
//! * The upper half of an `i32` slot is zero, and so is that of an `i32` in the accumulator.
//! * Every instruction that can trap has an entry in the table of trap sites.
//! * A metering block has at most 256 operators, and its price fits 32 bits.
//!
//! Specification: docs/spec/gas.md, "R, the reference semantics".
//! Tests: `conformance/tests/interpreter.rs`.

mod arithmetic;

mod buffer;

mod call;

mod charge;

mod control;

mod disassemble;

pub(crate) mod form;

pub(crate) mod fusion;

mod idiom;

pub(crate) mod integer;

pub(crate) mod layout;

mod memory;

mod operands;

mod operator;

pub(crate) mod shape;

mod stack;

mod stored;

mod verify;

pub(crate) mod wide;

#[cfg(test)]
mod tests;

pub(crate) use crate::meter::block::Prices;
pub use disassemble::disassemble;

use crate::limits::FRAME_SLOTS_MAX;
use crate::meter::block;
use crate::module::{CheckedModule, Function, FunctionType, ValueType};
use buffer::Buffer;
use charge::Charges;
use control::{ControlFrame, OpenBranch};
use integer::{Binary, Load};
use layout::Kind;
use operands::OperandStack;
use shape::Shape;
use std::collections::BTreeMap;

/// Slots of a frame beyond the frame size that `check` counted: return address, weight, and
/// temporary operands above the highest position.
pub(crate) const FRAME_EXTRA_SLOTS: u32 = 8;
const _: () = assert!(FRAME_SLOTS_MAX + FRAME_EXTRA_SLOTS <= 1 << 13);
/// Largest capacity in cells of a [`Workspace`] that is kept.
const WORKSPACE_CELLS_MAX: usize = 16_384;
/// Bytes of a slot.
const SLOT: usize = 8;

/// The code of one function, not yet linked to handlers.
#[derive(Default)]
pub(crate) struct FunctionCode {
    /// Instructions; the first cell of each is its [`Shape`].
    pub(crate) cells: Vec<u64>,
    /// The cell at which each instruction starts.
    pub(crate) starts: Vec<u32>,
    /// Price charged at entry: the first metering block with those to which it falls through.
    pub(crate) charge: u32,
    /// Trap sites in the order of the code.
    pub(crate) sites: Vec<TrapSite>,
}

/// Memory that is reused from one function to the next.
#[derive(Default)]
pub(crate) struct Workspace {
    code: FunctionCode,
    stack: OperandStack,
    control_frames: Vec<ControlFrame>,
    open_branches: Vec<(OpenBranch, Option<u32>)>,
    charges: Charges,
    depths: Vec<u32>,
}

impl Workspace {
    /// Frees the memory if the last function was very large.
    pub(crate) fn trim(&mut self) {
        if self.code.cells.capacity() > WORKSPACE_CELLS_MAX {
            *self = Self::default();
        }
    }
}

/// A trap site: an instruction that can trap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrapSite {
    /// First cell of the instruction.
    pub(crate) cell: u32,
    /// Gas refunded at the trap: the price of the operators that were charged and not executed.
    pub(crate) refund: u32,
    /// Byte offset of its operator in the original module.
    pub(crate) offset: u32,
}

/// Layout of a function's frame; known before translation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameLayout {
    /// Number of parameters.
    pub(crate) parameters: u32,
    /// Number of declared locals, parameters excluded.
    pub(crate) locals: u32,
}

impl FrameLayout {
    pub(crate) fn new(function: &Function, signature: &FunctionType) -> Self {
        let locals = function.locals.iter().map(|(count, _)| *count);
        Self {
            parameters: u32::try_from(signature.parameters.len()).unwrap_or(u32::MAX),
            locals: locals.fold(0, u32::saturating_add),
        }
    }

    /// Byte offset of the return address; the stack weight is in the slot after it.
    pub(crate) fn return_address(self) -> usize {
        index(self.parameters).saturating_mul(SLOT)
    }
}

/// Input of the translation, the same for all functions of a module.
#[derive(Clone, Copy)]
pub(crate) struct Source<'m> {
    pub(crate) module: &'m CheckedModule,
    pub(crate) prices: &'m Prices,
    /// For each type the index of the first equal type, see [`canonical_types`].
    pub(crate) canonical: &'m [u32],
}

/// For each type the index of the first equal type: types that differ only by a float are equal.
pub(crate) fn canonical_types(module: &CheckedModule) -> Vec<u32> {
    let mut first = BTreeMap::new();
    let types = module.types().iter().zip(0_u32..);
    types
        .map(|(of, number)| *first.entry(type_key(of)).or_insert(number))
        .collect()
}

/// A type in a form that is compared fast: a bit for each of the first parameters, their number,
/// the others, and the result.
fn type_key(of: &FunctionType) -> (u64, usize, &[ValueType], Option<ValueType>) {
    let (packed, others) = of.parameters.split_at(of.parameters.len().min(64));
    let bits = packed.iter().fold(0_u64, |bits, parameter| {
        bits << 1 | u64::from(*parameter == ValueType::I64)
    });
    (bits, of.parameters.len(), others, of.result)
}

/// Translates a defined function; its code stays in the workspace until the next call.
pub(crate) fn translate<'w>(
    source: Source<'_>,
    (function, layout): (&Function, FrameLayout),
    signature: &FunctionType,
    workspace: &'w mut Workspace,
) -> &'w FunctionCode {
    let mut translator = Translator::new(source, (function, layout), signature, workspace);
    block::function(source.module, function, source.prices, &mut translator);
    translator.finish(workspace);
    let code = &workspace.code;
    if cfg!(debug_assertions) {
        verify::assert_sound(code, function, layout);
    }
    code
}

/// An entry of the tracked operand stack: where its value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum StackEntry {
    /// In a local: a pending `local.get`.
    Local(u32),
    /// A constant.
    Const(u64),
    /// In the slot of its stack position.
    Slot,
    /// Only in the accumulator. At most one entry; `producer` is its instruction.
    Acc,
}

/// An operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operand {
    Slot(u16),
    Acc,
    Immediate(u64),
}

impl Operand {
    const fn kind(self) -> Kind {
        match self {
            Self::Slot(_) => Kind::Slot,
            Self::Acc => Kind::Acc,
            Self::Immediate(_) => Kind::Immediate,
        }
    }
}

/// An emitted instruction, in the form in which a later operator may be fused with it.
#[derive(Clone, Copy, Debug)]
enum Pattern {
    Binary(Binary, Operand, Operand),
    ShiftAdd {
        a: Operand,
        shift: u64,
        base: u16,
    },
    Load(Load, Operand, u32),
    LoadIndexed {
        load: Load,
        a: u16,
        index: u16,
        offset: u32,
    },
    LoadDisplaced {
        load: Load,
        a: u16,
        displacement: u32,
        offset: u32,
    },
    CopySlot(u16, u16),
    CopyTwoSlots([(u16, u16); 2]),
    CopyThreeSlots([(u16, u16); 3]),
    CopyImmediate(u16, u32),
    GlobalGet(u32),
    /// An unsigned product of two words with two results.
    MultiplyWide(Operand, Operand),
    /// The sum of two words with its carry; the first word is in a slot.
    AddCarry(u16, Operand),
    Other,
}

/// One of the last two instructions.
#[derive(Clone, Copy, Debug)]
struct RecentInstruction {
    /// Byte offset in the code.
    at: usize,
    pattern: Pattern,
    /// `cached` before it: restored when a fused instruction replaces it.
    cached: Option<u16>,
    /// The slot that it writes, if any.
    result: Option<u16>,
    /// The slot for its low word, if it has two results; that of the high word is `result`.
    low: Option<u16>,
}

struct Translator<'m> {
    module: &'m CheckedModule,
    prices: &'m Prices,
    canonical: &'m [u32],
    layout: FrameLayout,
    has_result: bool,
    code: Buffer,
    sites: Vec<TrapSite>,
    stack: OperandStack,
    control_frames: Vec<ControlFrame>,
    /// Branches whose targets are not known yet, each with the index of the previous one to the
    /// same label.
    open_branches: Vec<(OpenBranch, Option<u32>)>,
    charges: Charges,
    /// The instruction of the [`StackEntry::Acc`].
    producer: Option<usize>,
    /// A slot whose value is in the accumulator too.
    cached: Option<u16>,
    last: Option<RecentInstruction>,
    before_last: Option<RecentInstruction>,
    /// Nesting depth in unreachable code, 0 where reachable.
    dead: usize,
    /// Byte offset in the module of the current operator.
    offset: u32,
    /// Number of emitted instructions by hash of their shape: selects the next replica.
    shape_counts: [u8; 512],
    /// Depths of the current `br_table`.
    depths: Vec<u32>,
}

impl<'m> Translator<'m> {
    fn new(
        source: Source<'m>,
        (function, layout): (&Function, FrameLayout),
        signature: &FunctionType,
        workspace: &mut Workspace,
    ) -> Self {
        let Workspace {
            code,
            stack,
            control_frames,
            open_branches,
            charges,
            depths,
        } = std::mem::take(workspace);
        let mut translator = Self {
            module: source.module,
            prices: source.prices,
            canonical: source.canonical,
            layout,
            has_result: signature.result.is_some(),
            code: Buffer::reusing(code.cells, code.starts),
            sites: code.sites,
            stack,
            control_frames,
            open_branches,
            charges,
            producer: None,
            cached: None,
            last: None,
            before_last: None,
            dead: 0,
            offset: function.body.start,
            shape_counts: [0; 512],
            depths,
        };
        let FrameLayout { parameters, locals } = translator.layout;
        translator
            .stack
            .reset(index(parameters.saturating_add(locals)));
        translator.control_frames.clear();
        translator.open_branches.clear();
        translator.charges.reset();
        let entry = translator.charges.new_block();
        translator
            .control_frames
            .push(ControlFrame::function(signature.result.is_some()));
        translator.enter(entry);
        translator
    }

    /// Writes the price of each metering block into the instructions that enter it.
    fn finish(mut self, workspace: &mut Workspace) {
        let charge = self.charges.settle();
        for (position, cost) in self.charges.fields() {
            self.code.set_u32(position, cost);
        }
        self.charges.sites(&mut self.sites);
        let (cells, starts) = self.code.finish();
        *workspace = Workspace {
            code: FunctionCode {
                cells,
                starts,
                charge,
                sites: self.sites,
            },
            stack: self.stack,
            control_frames: self.control_frames,
            open_branches: self.open_branches,
            charges: self.charges,
            depths: self.depths,
        };
    }

    /// Forgets the last instructions and the cached slot: control can join here.
    fn forget(&mut self) {
        (self.cached, self.last, self.before_last) = (None, None, None);
    }

    /// Records the instruction at `at` as a trap site.
    fn site(&mut self, at: usize) {
        self.charges.site(at, self.offset);
    }

    /// Starts an instruction of `cells` cells, with the next replica of its handler.
    #[inline]
    fn begin(&mut self, shape: Shape, cells: usize, pattern: Pattern) -> usize {
        let hash = shape.pack().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55;
        let bucket = usize::try_from(hash).unwrap_or(0);
        let mut shape = shape;
        if let Some(count) = self.shape_counts.get_mut(bucket) {
            shape.replica = *count;
            *count = count.wrapping_add(1);
        }
        let at = self.code.begin(shape, cells);
        self.before_last = self.last;
        self.last = Some(RecentInstruction {
            at,
            pattern,
            cached: self.cached,
            result: None,
            low: None,
        });
        at
    }

    /// Removes the last instruction; the next one replaces it.
    fn take_back(&mut self, last: RecentInstruction) {
        self.code.take_back(last.at);
        self.cached = last.cached;
        self.last = self.before_last;
        self.before_last = None;
    }

    /// The last instruction, if its result was popped from the accumulator and can be fused.
    fn fusable(&self) -> Option<RecentInstruction> {
        let last = self.last?;
        let made_it = self.producer == Some(last.at);
        (made_it && self.stack.acc().is_none()).then_some(last)
    }
}

/// An index or count of the module as one of this machine.
#[expect(
    clippy::as_conversions,
    reason = "usize has at least 32 bits wherever this is built"
)]
pub(crate) const fn index(number: u32) -> usize {
    number as usize
}
