//! Prepares one function: lowered operators with their prices, blocks with their ends.
//!
//! The operators stay as they are and where they are. What is added is what the specification takes
//! from the nesting of the text: which `else` and `end` belong to which block.

use crate::observe::{Place, Rewrite};
use vm::unstable::lower::{self, Operator, Sink};
use vm::unstable::module::ValueType;
use vm::unstable::opcode::Opcode;
use vm::{CheckedModule, Fault, Rules};

/// A defined function, ready to execute.
#[derive(Debug)]
pub(crate) struct Code {
    /// Index in the function index space.
    pub(crate) function: u32,
    /// Number of parameters.
    pub(crate) parameters: usize,
    /// Number of declared locals, parameters excluded.
    pub(crate) locals: usize,
    /// Result type.
    pub(crate) result: Option<ValueType>,
    /// Price of entering it.
    pub(crate) entry_price: u64,
    /// What it adds to the stack counter.
    pub(crate) weight: u32,
    /// Its operators, the final `end` included.
    pub(crate) sites: Vec<Site>,
    /// Its blocks in the order of their start.
    pub(crate) blocks: Vec<Block>,
    /// Its branch tables in their order.
    pub(crate) tables: Vec<BranchTable>,
}

/// An operator at its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    /// What to do.
    pub(crate) instruction: Instruction,
    /// Byte offset in the module.
    pub(crate) offset: u32,
    /// Static price.
    pub(crate) price: u64,
}

/// A `block`, `loop` or `if`; places are indices into [`Code::sites`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    /// True for a `loop`: a branch to it goes to its start.
    pub(crate) is_loop: bool,
    /// True if it leaves a value.
    pub(crate) has_result: bool,
    /// Place of its first operator.
    pub(crate) start: usize,
    /// Place after its `else`, if it has one.
    pub(crate) otherwise: Option<usize>,
    /// Place of its `end`.
    pub(crate) end: usize,
}

/// The immediates of a `br_table`.
#[derive(Debug)]
pub(crate) struct BranchTable {
    /// Label depths.
    pub(crate) targets: Vec<u32>,
    /// Label depth of every other index.
    pub(crate) default: u32,
}

/// [`Operator`] with what it needs to own: places in [`Code::blocks`] and [`Code::tables`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instruction {
    Unreachable,
    Nop,
    /// `block` or `loop`.
    Block(usize),
    If(usize),
    Else(usize),
    End,
    Br(u32),
    BrIf(u32),
    BrTable(usize),
    Return,
    Call(u32),
    CallIndirect(u32),
    Drop,
    Select,
    LocalGet(u32),
    LocalSet(u32),
    LocalTee(u32),
    GlobalGet(u32),
    GlobalSet(u32),
    /// The opcode and the offset added to the address; the alignment is a hint only.
    Load(Opcode, u32),
    Store(Opcode, u32),
    MemorySize,
    MemoryGrow,
    MemoryCopy,
    MemoryFill,
    /// A constant of either type, as it lies in a slot.
    Const(u64),
    Numeric(Opcode),
    Float,
}

impl Code {
    /// Reads the defined function at `index` of the function index space.
    pub(crate) fn prepare(
        module: &CheckedModule,
        index: u32,
        rules: &Rules,
        rewrite: Option<&Rewrite>,
    ) -> Result<Self, Fault> {
        let (Some(function), Some(signature)) =
            (module.function(index), module.function_type(index))
        else {
            return Err(Fault::invariant(format!("function {index} has no body")));
        };
        let declared = function.locals.iter().map(|(count, _)| wide(*count)).sum();
        let code = Self {
            function: index,
            parameters: signature.parameters.len(),
            locals: declared,
            result: signature.result,
            entry_price: rules.schedule.function_entry(function.slots),
            weight: function.weight(),
            sites: Vec::new(),
            blocks: Vec::new(),
            tables: Vec::new(),
        };
        let mut reader = Reader {
            module,
            rules,
            rewrite,
            code,
            open: Vec::new(),
        };
        lower::function(module, function, &mut reader);
        Ok(reader.code)
    }
}

/// Takes lowered operators in their order and closes each block at its `end`.
struct Reader<'a> {
    module: &'a CheckedModule,
    rules: &'a Rules,
    rewrite: Option<&'a Rewrite>,
    code: Code,
    /// Blocks that have no `end` yet, outermost first.
    open: Vec<usize>,
}

impl Sink for Reader<'_> {
    fn operator(&mut self, operator: Operator<'_>, offset: u32) {
        let operator = match self.rewrite {
            Some(rewrite) => rewrite(&self.place(offset), operator),
            None => operator,
        };
        let price = self.rules.schedule.operator(operator.opcode());
        let instruction = self.own(operator);
        self.code.sites.push(Site {
            instruction,
            offset,
            price,
        });
    }
}

impl Reader<'_> {
    fn place(&self, offset: u32) -> Place<'_> {
        let place = u32::try_from(self.code.sites.len()).unwrap_or(u32::MAX);
        Place {
            module: self.module,
            function: self.code.function,
            place,
            offset,
        }
    }

    /// Opens a block that starts after the operator now read.
    fn open(&mut self, is_loop: bool, result: Option<ValueType>) -> usize {
        let place = self.code.blocks.len();
        let start = self.code.sites.len().saturating_add(1);
        // The end is where `end` will be met; validation says that it is.
        let end = usize::MAX;
        let has_result = result.is_some();
        self.code.blocks.push(Block {
            is_loop,
            has_result,
            start,
            otherwise: None,
            end,
        });
        self.open.push(place);
        place
    }

    fn otherwise(&mut self) -> usize {
        let place = self.open.last().copied().unwrap_or(usize::MAX);
        if let Some(block) = self.code.blocks.get_mut(place) {
            block.otherwise = Some(self.code.sites.len().saturating_add(1));
        }
        place
    }

    /// The function's own `end` closes no block.
    fn end(&mut self) {
        let closed = self
            .open
            .pop()
            .and_then(|place| self.code.blocks.get_mut(place));
        if let Some(block) = closed {
            block.end = self.code.sites.len();
        }
    }

    fn table(&mut self, targets: &[u32], default: u32) -> usize {
        self.code.tables.push(BranchTable {
            targets: targets.to_vec(),
            default,
        });
        self.code.tables.len().saturating_sub(1)
    }

    fn own(&mut self, operator: Operator<'_>) -> Instruction {
        match operator {
            Operator::Unreachable => Instruction::Unreachable,
            Operator::Nop => Instruction::Nop,
            Operator::Block(result) => Instruction::Block(self.open(false, result)),
            Operator::Loop(result) => Instruction::Block(self.open(true, result)),
            Operator::If(result) => Instruction::If(self.open(false, result)),
            Operator::Else => Instruction::Else(self.otherwise()),
            Operator::End => {
                self.end();
                Instruction::End
            }
            Operator::Br(depth) => Instruction::Br(depth),
            Operator::BrIf(depth) => Instruction::BrIf(depth),
            Operator::BrTable { targets, default } => {
                Instruction::BrTable(self.table(targets, default))
            }
            Operator::Return => Instruction::Return,
            Operator::Call(function) => Instruction::Call(function),
            Operator::CallIndirect(type_index) => Instruction::CallIndirect(type_index),
            Operator::Drop => Instruction::Drop,
            Operator::Select => Instruction::Select,
            Operator::LocalGet(local) => Instruction::LocalGet(local),
            Operator::LocalSet(local) => Instruction::LocalSet(local),
            Operator::LocalTee(local) => Instruction::LocalTee(local),
            Operator::GlobalGet(global) => Instruction::GlobalGet(global),
            Operator::GlobalSet(global) => Instruction::GlobalSet(global),
            Operator::Load(opcode, argument) => Instruction::Load(opcode, argument.offset),
            Operator::Store(opcode, argument) => Instruction::Store(opcode, argument.offset),
            Operator::MemorySize => Instruction::MemorySize,
            Operator::MemoryGrow => Instruction::MemoryGrow,
            Operator::MemoryCopy => Instruction::MemoryCopy,
            Operator::MemoryFill => Instruction::MemoryFill,
            Operator::I32Const(value) => Instruction::Const(u64::from(value.cast_unsigned())),
            Operator::I64Const(value) => Instruction::Const(value.cast_unsigned()),
            Operator::Numeric(opcode) => Instruction::Numeric(opcode),
            Operator::Float(_) => Instruction::Float,
        }
    }
}

/// An index or count of the module as one of this machine.
#[expect(
    clippy::as_conversions,
    reason = "usize has at least 32 bits wherever this is built"
)]
pub(crate) const fn wide(index: u32) -> usize {
    index as usize
}
