//! Inserts demanding code between the operators of a generated function.
//!
//! Each snippet leaves the operand stack as it was, so it fits between any two operators: bulk
//! copies, memory growth, host calls with meaningful arguments, recursion, indirect calls, early
//! returns, loops that end, moves of floats, and float operators that trap.

use super::generate::EDGES;
use super::random::Random;
use super::rewrite::{Signature, callee, number, value_type};
use host_api::{Argument, Row};
use wasm_encoder::{BlockType, Encode, Ieee32, Ieee64, Instruction, MemArg, MemArgTarget, ValType};
use wasmparser::{BinaryReaderError, FunctionBody};

/// Most snippets in one function.
const SNIPPETS_MAX: u64 = 5;
/// Bit patterns of floats: zeros, one, infinity, quiet and signalling NaN with payloads.
const FLOATS: [u64; 7] = [
    0,
    0x8000_0000_8000_0000,
    0x3ff0_0000_3f80_0000,
    0x7ff0_0000_7f80_0000,
    0x7ff8_0000_7fc0_0001,
    0x7ff0_0000_7f80_0001,
    0xfff4_0000_ffa0_0002,
];

/// The parts of the module that the snippets of a function use.
#[derive(Clone, Debug)]
pub(super) struct ModuleContext {
    /// All function types.
    pub(super) types: Vec<Signature>,
    /// Type index of each function, imports first.
    pub(super) functions: Vec<u32>,
    /// Imported host functions.
    pub(super) imports: Vec<Row>,
    /// Size of the memory at instantiation, in bytes.
    pub(super) memory_bytes: u32,
    /// Number of entries of the table.
    pub(super) table_entries: u32,
}

impl ModuleContext {
    fn signature(&self, function: u32) -> Option<&Signature> {
        let kind = self.functions.get(usize::try_from(function).ok()?)?;
        self.types.get(usize::try_from(*kind).ok()?)
    }

    /// True if the function has no parameters and no result.
    #[must_use]
    pub(super) fn is_plain(&self, function: u32) -> bool {
        let nothing =
            |signature: &Signature| signature.parameters.is_empty() && signature.result.is_none();
        self.signature(function).is_some_and(nothing)
    }
}

/// The rewritten body of the function with this index in the function index space.
///
/// # Errors
/// The body does not decode.
pub(super) fn body(
    body: &FunctionBody<'_>,
    context: &ModuleContext,
    index: usize,
    random: &mut Random,
) -> Result<Vec<u8>, BinaryReaderError> {
    let mut locals = body.get_locals_reader()?;
    let signature = context.signature(number(index));
    let mut kinds = signature
        .map(|signature| signature.parameters.clone())
        .unwrap_or_default();
    for _ in 0..locals.get_count() {
        let (count, kind) = locals.read()?;
        let count = usize::try_from(count).unwrap_or_default();
        kinds.extend(std::iter::repeat_n(value_type(kind), count));
    }
    let start = |offset: u64| {
        let inside = offset.saturating_sub(body.range().start);
        usize::try_from(inside).unwrap_or(usize::MAX)
    };
    let mut operators = body.get_operators_reader()?;
    let first = start(operators.original_position());
    let raw = body.as_bytes();
    let mut out = raw.get(..first).unwrap_or_default().to_vec();
    let total = u64::try_from(raw.len().saturating_sub(first)).unwrap_or_default();
    let snippets = random.below(SNIPPETS_MAX.saturating_add(1));
    let result = signature.and_then(|signature| signature.result);
    let mut writer = Writer {
        context,
        kinds,
        result,
        random,
        out: Vec::new(),
    };
    while !operators.eof() {
        // An operator has about two bytes, so this inserts about `snippets` snippets.
        if writer.random.below(total.max(1)) < snippets.saturating_mul(2) {
            writer.snippet();
        }
        let from = start(operators.original_position());
        let operator = operators.read()?;
        match callee(&operator) {
            Some(function) => writer.push(&Instruction::Call(
                function.saturating_add(number(context.imports.len())),
            )),
            None => {
                let to = start(operators.original_position());
                writer
                    .out
                    .extend_from_slice(raw.get(from..to).unwrap_or_default());
            }
        }
    }
    out.append(&mut writer.out);
    Ok(out)
}

struct Writer<'a> {
    context: &'a ModuleContext,
    kinds: Vec<ValType>,
    result: Option<ValType>,
    random: &'a mut Random,
    out: Vec<u8>,
}

impl Writer<'_> {
    fn push(&mut self, instruction: &Instruction<'_>) {
        instruction.encode(&mut self.out);
    }

    fn all(&mut self, instructions: &[Instruction<'_>]) {
        for instruction in instructions {
            self.push(instruction);
        }
    }

    fn snippet(&mut self) {
        match self.random.below(22) {
            0 => self.copy(),
            1 => self.fill(),
            2 => self.grow(),
            3..=6 => self.host(),
            7 => self.float_move(),
            8 => self.guarded(Self::float_trap),
            9 => self.guarded(Self::recurse),
            10 | 11 => self.guarded(Self::indirect),
            12 => self.guarded(Self::early_return),
            13 => self.count_up(),
            14 => self.guarded(Self::divide),
            15 => self.guarded(Self::far_load),
            16..=18 => self.arithmetic(),
            19 | 20 => self.wide(),
            _ => self.table_branch(),
        }
    }

    fn edge(&mut self) -> u64 {
        let bits = self.random.bits();
        match self.random.below(3) {
            0 => bits,
            1 => bits % 100,
            _ => self.random.choose(&EDGES).copied().unwrap_or_default(),
        }
    }

    fn int32(&mut self, value: u32) {
        self.push(&Instruction::I32Const(value.cast_signed()));
    }

    /// Pushes a value: a local of that type where there is one, or a constant.
    fn value(&mut self, kind: ValType) {
        let locals = (0..)
            .zip(&self.kinds)
            .filter(|(_, of)| **of == kind)
            .map(|(at, _)| at);
        let locals: Vec<u32> = locals.collect();
        if let Some(local) = self
            .random
            .choose(&locals)
            .copied()
            .filter(|local| local % 2 == 0)
        {
            return self.push(&Instruction::LocalGet(local));
        }
        let float = self.random.choose(&FLOATS).copied().unwrap_or_default();
        let edge = self.edge();
        match kind {
            ValType::I64 => self.push(&Instruction::I64Const(edge.cast_signed())),
            ValType::F32 => self.push(&Instruction::F32Const(Ieee32::new(low(float)))),
            ValType::F64 => self.push(&Instruction::F64Const(Ieee64::new(float))),
            _ => self.int32(low(edge)),
        }
    }

    /// Pushes an address: mostly in memory and near the start, where data is.
    fn address(&mut self) {
        let bytes = self.context.memory_bytes;
        let address = match self.random.below(40) {
            0 => low(self.edge()),
            1..=3 => bytes.wrapping_sub(self.random.small(12)),
            _ => self.random.small(bytes.min(160)),
        };
        self.int32(address);
    }

    fn length(&mut self) {
        let length = if self.random.one_in(40) {
            low(self.edge())
        } else {
            self.random.small(48)
        };
        self.int32(length);
    }

    /// Writes the code of `inner` under a condition that varies at run time.
    fn guarded(&mut self, inner: fn(&mut Self)) {
        match self.random.below(3) {
            0 => self.value(ValType::I32),
            1 if self.context.memory_bytes > 0 => {
                let address = self.random.small(100);
                self.int32(address);
                self.push(&Instruction::I32Load8U(memory(0)));
            }
            _ => {
                let condition = u32::from(self.random.one_in(4));
                self.int32(condition);
            }
        }
        self.push(&Instruction::If(BlockType::Empty));
        inner(self);
        self.push(&Instruction::End);
    }

    fn copy(&mut self) {
        self.address();
        self.address();
        self.length();
        self.push(&Instruction::MemoryCopy {
            src_mem: 0,
            dst_mem: 0,
        });
    }

    fn fill(&mut self) {
        self.address();
        self.value(ValType::I32);
        self.length();
        self.push(&Instruction::MemoryFill(0));
    }

    fn grow(&mut self) {
        let delta = *self
            .random
            .choose(&[0, 1, 1, 1, 2, 300, u32::MAX])
            .unwrap_or(&1);
        self.int32(delta);
        self.push(&Instruction::MemoryGrow(0));
        self.drop_or_keep(Some(ValType::I32));
    }

    /// Drops a result, or stores it in memory, where a comparison sees it.
    fn drop_or_keep(&mut self, result: Option<ValType>) {
        let Some(kind) = result else { return };
        let local = (0..)
            .zip(&self.kinds)
            .find(|(_, of)| **of == kind)
            .map(|(at, _)| at);
        let Some(local) = local.filter(|_| self.context.memory_bytes > 0) else {
            return self.push(&Instruction::Drop);
        };
        self.push(&Instruction::LocalSet(local));
        let address = self.random.small(100);
        self.int32(address);
        self.push(&Instruction::LocalGet(local));
        self.push(&match kind {
            ValType::I64 => Instruction::I64Store(memory(8)),
            ValType::F32 => Instruction::F32Store(memory(8)),
            ValType::F64 => Instruction::F64Store(memory(8)),
            _ => Instruction::I32Store(memory(8)),
        });
    }

    fn host(&mut self) {
        let functions: Vec<usize> = (0..self.context.imports.len()).collect();
        let Some(function) = self.random.choose(&functions).copied() else {
            return self.guarded(Self::recurse);
        };
        let Some(row) = self.context.imports.get(function).copied() else {
            return;
        };
        let ends = matches!(row.name, "return" | "revert");
        if ends && !self.random.one_in(4) {
            return;
        }
        for argument in row.arguments {
            if let Argument::Number(_, kind) = argument {
                let small = self.random.small(6);
                self.int32(small);
                if *kind == host_api::Type::I64 {
                    self.push(&Instruction::I64ExtendI32U);
                }
                continue;
            }
            self.address();
            match argument {
                Argument::Bytes(_) | Argument::Buffer => self.length(),
                Argument::Items(..) => {
                    let count = self.random.small(6);
                    self.int32(count);
                }
                Argument::Fixed(..) | Argument::Output(_) | Argument::Number(..) => {}
            }
        }
        self.push(&Instruction::Call(number(function)));
        self.drop_or_keep(row.result.map(|kind| match kind {
            host_api::Type::I32 => ValType::I32,
            host_api::Type::I64 => ValType::I64,
        }));
    }

    /// An operator with edge values as operands; the result is stored in memory.
    fn arithmetic(&mut self) {
        if self.context.memory_bytes == 0 {
            return;
        }
        const OPERATORS: [Instruction<'static>; 8] = [
            Instruction::I32LtU,
            Instruction::I32LtS,
            Instruction::I32GeU,
            Instruction::I32GtS,
            Instruction::I32ShrS,
            Instruction::I32Rotl,
            Instruction::I32Mul,
            Instruction::I32Sub,
        ];
        let address = self.random.small(100);
        self.int32(address);
        self.value(ValType::I32);
        let (edge, turned) = (low(self.edge()), u32::from(self.random.one_in(2)));
        self.int32(edge.wrapping_sub(turned.wrapping_mul(1 << 31)));
        let operator = self.random.choose(&OPERATORS).cloned();
        self.push(&operator.unwrap_or(Instruction::I32Add));
        self.push(&Instruction::I32Store(memory(40)));
    }

    /// An operator with two results, mostly added to another number; the results are stored in
    /// memory.
    fn wide(&mut self) {
        let high_is_zero = self.random.one_in(2);
        self.value(ValType::I64);
        if high_is_zero {
            self.push(&Instruction::I64Const(0));
        } else {
            self.value(ValType::I64);
        }
        self.value(ValType::I64);
        self.value(ValType::I64);
        match self.random.below(4) {
            0 => self.push(&Instruction::I64Sub128),
            1 => self.push(&Instruction::I64Add128),
            2 => self.all(&[Instruction::I64MulWideS, Instruction::I64Add128]),
            _ => self.all(&[Instruction::I64MulWideU, Instruction::I64Add128]),
        }
        self.drop_or_keep(Some(ValType::I64));
        self.drop_or_keep(Some(ValType::I64));
    }

    /// A load whose address is just below 2^32, so that adding the offset exceeds 32 bits.
    fn far_load(&mut self) {
        let back = self.random.small(16);
        self.int32(u32::MAX.wrapping_sub(back));
        self.push(&Instruction::I32Load(memory(20)));
        self.push(&Instruction::Drop);
    }

    /// Moves of floats, which must preserve their bits.
    fn float_move(&mut self) {
        if self.context.memory_bytes == 0 {
            return;
        }
        let float = self.random.choose(&FLOATS).copied().unwrap_or_default();
        let (wide, narrow) = (Ieee64::new(float), Ieee32::new(low(float)));
        let address = self.random.small(100);
        self.int32(address);
        self.push(&Instruction::F32Const(narrow));
        self.push(&Instruction::F32Store(memory(32)));
        self.int32(address);
        self.push(&Instruction::F64Const(wide));
        self.push(&Instruction::F64Store(memory(0)));
        self.int32(address);
        self.int32(address);
        self.push(&Instruction::F32Load(memory(2)));
        self.push(&Instruction::F32Const(narrow));
        self.value(ValType::I32);
        self.all(&[
            Instruction::Select,
            Instruction::I32ReinterpretF32,
            Instruction::F32ReinterpretI32,
            Instruction::F32Store(memory(16)),
        ]);
        self.int32(address);
        self.int32(address);
        self.all(&[
            Instruction::F64Load(memory(12)),
            Instruction::I64ReinterpretF64,
            Instruction::F64ReinterpretI64,
            Instruction::F64Store(memory(24)),
        ]);
    }

    fn float_trap(&mut self) {
        self.value(ValType::F64);
        self.push(&Instruction::I32TruncSatF64U);
        self.push(&Instruction::Drop);
    }

    fn recurse(&mut self) {
        let count = number(self.context.functions.len());
        let function = self.random.small(count);
        let Some(signature) = self.context.signature(function).cloned() else {
            return;
        };
        if function < number(self.context.imports.len()) {
            return;
        }
        for kind in &signature.parameters {
            self.value(*kind);
        }
        self.push(&Instruction::Call(function));
        self.drop_or_keep(signature.result);
    }

    fn indirect(&mut self) {
        let count = number(self.context.types.len());
        let type_index = self.random.small(count);
        let index = usize::try_from(type_index).unwrap_or_default();
        let Some(signature) = self.context.types.get(index).cloned() else {
            return;
        };
        for kind in &signature.parameters {
            self.value(*kind);
        }
        let entry = self
            .random
            .small(self.context.table_entries.saturating_add(1));
        self.int32(entry);
        self.push(&Instruction::CallIndirect {
            type_index,
            table_index: 0,
        });
        self.drop_or_keep(signature.result);
    }

    fn early_return(&mut self) {
        if let Some(kind) = self.result {
            self.value(kind);
        }
        self.push(&Instruction::Return);
    }

    /// A loop that ends after a few iterations; its counter is in memory.
    fn count_up(&mut self) {
        if self.context.memory_bytes == 0 {
            return;
        }
        let (counter, turns) = (self.random.small(100), self.random.small(60));
        let counter = Instruction::I32Const(counter.cast_signed());
        self.all(&[
            Instruction::Loop(BlockType::Empty),
            counter.clone(),
            counter.clone(),
            Instruction::I32Load(memory(0)),
            Instruction::I32Const(1),
            Instruction::I32Add,
            Instruction::I32Store(memory(0)),
            counter,
            Instruction::I32Load(memory(0)),
            Instruction::I32Const(turns.cast_signed()),
            Instruction::I32LtU,
            Instruction::BrIf(0),
            Instruction::End,
        ]);
    }

    fn divide(&mut self) {
        self.value(ValType::I64);
        self.value(ValType::I64);
        self.push(&Instruction::I64DivS);
        self.drop_or_keep(Some(ValType::I64));
    }

    fn table_branch(&mut self) {
        self.push(&Instruction::Block(BlockType::Empty));
        self.push(&Instruction::Block(BlockType::Empty));
        self.value(ValType::I32);
        self.push(&Instruction::BrTable(vec![0, 1, 0].into(), 1));
        self.push(&Instruction::End);
        self.grow();
        self.push(&Instruction::End);
    }
}

const fn memory(offset: u64) -> MemArg {
    MemArg {
        offset,
        align: 0,
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

#[expect(
    clippy::as_conversions,
    reason = "truncation to the low half is intended"
)]
const fn low(bits: u64) -> u32 {
    bits as u32
}
