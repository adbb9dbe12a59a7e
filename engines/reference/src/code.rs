//! Prepares one function: lowered operators with their prices, blocks with their ends.
//!
//! The operators and their order are unchanged. Preparation adds the structure of the text: which
//! `else` and `end` belong to which block.

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
    /// Price of entering the function.
    pub(crate) entry_price: u64,
    /// Frame size in slots: what an activation adds to the stack counter.
    pub(crate) frame_size: u32,
    /// Operators, including the final `end`.
    pub(crate) instructions: Vec<PricedInstruction>,
    /// Blocks in the order of their start.
    pub(crate) blocks: Vec<Block>,
    /// Branch tables in order of appearance.
    pub(crate) tables: Vec<BranchTable>,
}

/// An operator with its price and its position in the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PricedInstruction {
    /// The operator.
    pub(crate) instruction: Instruction,
    /// Byte offset in the module.
    pub(crate) offset: u32,
    /// Static price.
    pub(crate) price: u64,
}

/// A `block`, `loop` or `if`; its positions are indices into [`Code::instructions`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    /// True for a `loop`: a branch to it goes to its start.
    pub(crate) is_loop: bool,
    /// True if it has a result.
    pub(crate) has_result: bool,
    /// Index of its first operator.
    pub(crate) start: usize,
    /// Index after its `else`, if it has one.
    pub(crate) otherwise: Option<usize>,
    /// Index of its `end`.
    pub(crate) end: usize,
}

/// The immediates of a `br_table`.
#[derive(Debug)]
pub(crate) struct BranchTable {
    /// Label depths.
    pub(crate) targets: Vec<u32>,
    /// Label depth for indices outside of `targets`.
    pub(crate) default: u32,
}

/// [`Operator`] without borrowed data: it has indices into [`Code::blocks`] and [`Code::tables`].
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
    /// A constant of either type, as a slot.
    Const(u64),
    Numeric(Opcode),
    Wide(Opcode),
    Float,
}

impl Code {
    /// Prepares the defined function at `index` of the function index space.
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
            frame_size: function.weight(),
            instructions: Vec::new(),
            blocks: Vec::new(),
            tables: Vec::new(),
        };
        let mut builder = CodeBuilder {
            module,
            rules,
            rewrite,
            code,
            open: Vec::new(),
        };
        lower::function(module, function, &mut builder);
        Ok(builder.code)
    }
}

/// Receives the lowered operators in order and closes each block at its `end`.
struct CodeBuilder<'a> {
    module: &'a CheckedModule,
    rules: &'a Rules,
    rewrite: Option<&'a Rewrite>,
    code: Code,
    /// Indices of the blocks that have no `end` yet, outermost first.
    open: Vec<usize>,
}

impl Sink for CodeBuilder<'_> {
    fn operator(&mut self, operator: Operator<'_>, offset: u32) {
        let operator = match self.rewrite {
            Some(rewrite) => rewrite(&self.place(offset), operator),
            None => operator,
        };
        let price = self.rules.schedule.operator(operator.opcode());
        let instruction = self.instruction(operator);
        self.code.instructions.push(PricedInstruction {
            instruction,
            offset,
            price,
        });
    }
}

impl CodeBuilder<'_> {
    fn place(&self, offset: u32) -> Place<'_> {
        let place = u32::try_from(self.code.instructions.len()).unwrap_or(u32::MAX);
        Place {
            module: self.module,
            function: self.code.function,
            place,
            offset,
        }
    }

    /// Opens a block that starts after the current operator; its index.
    fn open(&mut self, is_loop: bool, result: Option<ValueType>) -> usize {
        let index = self.code.blocks.len();
        let start = self.code.instructions.len().saturating_add(1);
        // Set at the block's `end`, which exists in every valid body.
        let end = usize::MAX;
        let has_result = result.is_some();
        self.code.blocks.push(Block {
            is_loop,
            has_result,
            start,
            otherwise: None,
            end,
        });
        self.open.push(index);
        index
    }

    fn otherwise(&mut self) -> usize {
        let index = self.open.last().copied().unwrap_or(usize::MAX);
        if let Some(block) = self.code.blocks.get_mut(index) {
            block.otherwise = Some(self.code.instructions.len().saturating_add(1));
        }
        index
    }

    /// The function's own `end` closes no block.
    fn end(&mut self) {
        let closed = self
            .open
            .pop()
            .and_then(|index| self.code.blocks.get_mut(index));
        if let Some(block) = closed {
            block.end = self.code.instructions.len();
        }
    }

    fn table(&mut self, targets: &[u32], default: u32) -> usize {
        self.code.tables.push(BranchTable {
            targets: targets.to_vec(),
            default,
        });
        self.code.tables.len().saturating_sub(1)
    }

    fn instruction(&mut self, operator: Operator<'_>) -> Instruction {
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
            Operator::Wide(opcode) => Instruction::Wide(opcode),
            Operator::Float(_) => Instruction::Float,
        }
    }
}

/// An index or count of the module as `usize`.
#[expect(
    clippy::as_conversions,
    reason = "usize has at least 32 bits wherever this is built"
)]
pub(crate) const fn wide(index: u32) -> usize {
    index as usize
}
