//! Translates lowered operators into internal code: register code over frame slots, gas by run.
//!
//! One pass, one function at a time, total: `check` bounded everything. Values on the operand stack
//! are tracked as long as possible instead of moved: a `local.get` or a constant is no instruction,
//! a result lives in the accumulator until somebody needs it in a slot.
//!
//! | file | what it holds |
//! |---|---|
//! | `form` | the internal instructions and their fields: the one table |
//! | `layout` | the rule by which fields have their places |
//! | `shape` | an instruction without the values of its fields |
//! | `integer` | what the operators compute |
//! | `operator` | one operator after the other |
//! | `operands` | the operand stack, as far as it is known |
//! | `stack`, `arithmetic`, `memory`, `call`, `control` | what each group becomes |
//! | `fusion` | which operators have a handler in common |
//! | `stored` | values that go to memory or to the stack pointer where they are made |
//! | `idiom` | a function that is known by its body |
//! | `charge` | runs: what is paid at once, and what a trap gives back |
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
//! * Every instruction that can trap has an entry in the table of sites.
//! * A run has at most 256 operators and its price fits 32 bits.
//!
//! Spec: docs/spec/gas.md, "Interpreter, block price". Tests: `conformance/tests/interpreter.rs`.

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

#[cfg(test)]
mod tests;

pub(crate) use crate::meter::block::Prices;
pub use disassemble::disassemble;

use crate::limits::FRAME_SLOTS_MAX;
use crate::meter::block;
use crate::module::{CheckedModule, Function, FunctionType};
use buffer::Buffer;
use charge::Charges;
use control::{ControlFrame, OpenBranch};
use integer::{Binary, Load};
use layout::Kind;
use operands::OperandStack;
use shape::Shape;
use std::collections::BTreeMap;

/// Slots of a frame beyond those that `check` counted: return address, weight, and operands that
/// are put aside above the highest position.
pub(crate) const FRAME_EXTRA_SLOTS: u32 = 8;
const _: () = assert!(FRAME_SLOTS_MAX + FRAME_EXTRA_SLOTS <= 1 << 13);
/// Least price of an operator for which the driver's slice of gas bounds how many handlers run in a
/// row. Below it the code pauses at the start of every run.
const OPERATOR_PRICE_UNPAUSED: u32 = 8;
/// Cells of code beyond which a [`Workspace`] is not kept.
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
    /// Price of the first run.
    pub(crate) charge: u32,
    /// Where it can trap, in the order of the code.
    pub(crate) sites: Vec<TrapSite>,
}

/// Memory that translating one function after the other uses again.
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
    /// Gives memory back if the last function was so large that keeping it would be a waste.
    pub(crate) fn trim(&mut self) {
        if self.code.cells.capacity() > WORKSPACE_CELLS_MAX {
            *self = Self::default();
        }
    }
}

/// An instruction that can trap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrapSite {
    /// Its first cell.
    pub(crate) cell: u32,
    /// Static price of what its run does not execute when it traps.
    pub(crate) refund: u32,
    /// Where its operator stands in the original module.
    pub(crate) offset: u32,
}

/// Where things are in a frame; known without translation.
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

/// What functions are translated from.
#[derive(Clone, Copy)]
pub(crate) struct Source<'m> {
    pub(crate) module: &'m CheckedModule,
    pub(crate) prices: &'m Prices,
    /// For each type the first one that is equal to it, see [`canonical_types`].
    pub(crate) canonical: &'m [u32],
}

/// For each type the first one that is equal to it: types that differ by a float only are the same.
pub(crate) fn canonical_types(module: &CheckedModule) -> Vec<u32> {
    let mut first: BTreeMap<&FunctionType, u32> = BTreeMap::new();
    let types = module.types().iter().zip(0_u32..);
    types
        .map(|(of, number)| *first.entry(of).or_insert(number))
        .collect()
}

/// Translates a defined function; the code is the workspace's until the next one.
pub(crate) fn translate<'w>(
    source: Source<'_>,
    function: &Function,
    signature: &FunctionType,
    workspace: &'w mut Workspace,
) -> &'w FunctionCode {
    let mut translator = Translator::new(source, function, signature, workspace);
    block::function(source.module, function, source.prices, &mut translator);
    translator.finish(workspace);
    let code = &workspace.code;
    if cfg!(debug_assertions) {
        verify::assert_sound(code, function, FrameLayout::new(function, signature));
    }
    code
}

/// A value on the operand stack, as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum StackEntry {
    /// A `local.get` that was not executed: the local itself is the operand.
    Local(u32),
    Const(u64),
    /// In the slot of its position.
    Slot,
    /// In the accumulator only. At most one entry; `producer` is its instruction.
    Acc,
}

/// Where an instruction finds an operand.
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

/// What an instruction was, where a later operator may be fused with it.
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
    Other,
}

/// One of the last two instructions.
#[derive(Clone, Copy, Debug)]
struct RecentInstruction {
    /// Byte offset in the code.
    at: usize,
    pattern: Pattern,
    /// `cached` before it: restored when a fused instruction takes its place.
    cached: Option<u16>,
    /// The slot that it writes, if any.
    result: Option<u16>,
}

struct Translator<'m> {
    module: &'m CheckedModule,
    canonical: &'m [u32],
    layout: FrameLayout,
    has_result: bool,
    code: Buffer,
    sites: Vec<TrapSite>,
    stack: OperandStack,
    control_frames: Vec<ControlFrame>,
    /// Branches whose targets are not known yet, each with the one before it to the same label.
    open_branches: Vec<(OpenBranch, Option<u32>)>,
    charges: Charges,
    /// The instruction of the [`StackEntry::Acc`].
    producer: Option<usize>,
    /// A slot whose value the accumulator holds as well.
    cached: Option<u16>,
    last: Option<RecentInstruction>,
    before_last: Option<RecentInstruction>,
    /// Nesting depth in unreachable code, 0 where reachable.
    dead: usize,
    /// Every run starts with a pause.
    pauses: bool,
    /// Byte offset in the module of the operator now translated.
    offset: u32,
    /// How often a shape was emitted, hashed: picks the next replica.
    shape_counts: [u8; 512],
    /// Depths of the `br_table` now translated.
    depths: Vec<u32>,
}

impl<'m> Translator<'m> {
    fn new(
        source: Source<'m>,
        function: &Function,
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
            canonical: source.canonical,
            layout: FrameLayout::new(function, signature),
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
            pauses: source.prices.cheapest() < OPERATOR_PRICE_UNPAUSED,
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

    /// Writes the price of each run into the branches that enter it.
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

    /// What the last instructions did is not to be fused with or relied on any more.
    fn forget(&mut self) {
        (self.cached, self.last, self.before_last) = (None, None, None);
    }

    /// The instruction at `at` can trap.
    fn site(&mut self, at: usize) {
        self.charges.site(at, self.offset);
    }

    /// Starts an instruction of so many cells, with the next of its equal handlers in turn.
    #[inline]
    fn begin(&mut self, shape: Shape, cells: usize, pattern: Pattern) -> usize {
        let hash = shape.pack().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55;
        let place = usize::try_from(hash).unwrap_or(0);
        let mut shape = shape;
        if let Some(count) = self.shape_counts.get_mut(place) {
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
        });
        at
    }

    /// Takes back the last instruction; what is emitted next has its place.
    fn take_back(&mut self, last: RecentInstruction) {
        self.code.take_back(last.at);
        self.cached = last.cached;
        self.last = self.before_last;
        self.before_last = None;
    }

    /// The last instruction, if it made the accumulator's entry and nothing else waits there.
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
