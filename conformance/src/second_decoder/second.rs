//! Reads a module with parity-wasm into the common form.

use super::{DecodedBody, DecodedModule, DecodedOperator, DecoderDisagreement, EMPTY_BLOCK};
use parity_wasm::elements::{
    BlockType, External, FuncBody, InitExpr, Instruction, Internal, Module, ResizableLimits,
    Section, Serialize, Type, ValueType,
};

/// The decoded module, and its bytes as parity-wasm writes them again.
pub(super) fn read(module: &[u8]) -> Result<(DecodedModule, Vec<u8>), DecoderDisagreement> {
    let unreadable = |error: parity_wasm::elements::Error| DecoderDisagreement::Unreadable {
        decoder: "parity-wasm",
        reason: error.to_string(),
    };
    let parsed = Module::from_bytes(module).map_err(unreadable)?;
    let mut reading = DecodedModule::default();
    for section in parsed.sections() {
        items(section, &mut reading)?;
    }
    let written = parsed.into_bytes().map_err(unreadable)?;
    Ok((reading, written))
}

fn items(section: &Section, reading: &mut DecodedModule) -> Result<(), DecoderDisagreement> {
    let items = &mut reading.items;
    match section {
        Section::Type(section) => {
            items.extend(section.types().iter().map(|Type::Function(kind)| {
                let names = |types: &[ValueType]| -> Vec<&str> {
                    types.iter().copied().map(name).collect()
                };
                format!(
                    "type {:?} {:?}",
                    names(kind.params()),
                    names(kind.results())
                )
            }))
        }
        Section::Import(section) => items.extend(section.entries().iter().map(|import| {
            let External::Function(index) = import.external() else {
                return "import of another kind".to_owned();
            };
            format!("import {:?} {:?} {index}", import.module(), import.field())
        })),
        Section::Function(section) => {
            let indices = section.entries().iter().map(|function| function.type_ref());
            items.extend(indices.map(|index| format!("function {index}")));
        }
        Section::Table(section) => {
            let limits = section.entries().iter().map(|table| table.limits());
            items.extend(limits.map(|limits| format!("table {}", bounds(limits))));
        }
        Section::Memory(section) => {
            let limits = section.entries().iter().map(|memory| memory.limits());
            items.extend(limits.map(|limits| format!("memory {}", bounds(limits))));
        }
        Section::Global(section) => {
            for global in section.entries() {
                let kind = name(global.global_type().content_type());
                let mutable = global.global_type().is_mutable();
                let constant = constant(global.init_expr())?;
                items.push(format!("global {kind} {mutable} {constant:?}"));
            }
        }
        other => return segments(other, reading),
    }
    Ok(())
}

fn segments(section: &Section, reading: &mut DecodedModule) -> Result<(), DecoderDisagreement> {
    let items = &mut reading.items;
    match section {
        Section::Export(section) => items.extend(section.entries().iter().map(|export| {
            let (kind, index) = match export.internal() {
                Internal::Function(index) => ("function", index),
                Internal::Table(index) => ("table", index),
                Internal::Memory(index) => ("memory", index),
                Internal::Global(index) => ("global", index),
            };
            format!("export {:?} {kind} {index}", export.field())
        })),
        Section::Element(section) => {
            for segment in section.entries() {
                let offset = segment.offset().as_ref().map_or(Ok(Vec::new()), constant)?;
                items.push(format!("element {offset:?} {:?}", segment.members()));
            }
        }
        Section::Data(section) => {
            for segment in section.entries() {
                let offset = segment.offset().as_ref().map_or(Ok(Vec::new()), constant)?;
                items.push(format!("data {offset:?} {:?}", segment.value()));
            }
        }
        Section::Start(function) => items.push(format!("start {function}")),
        Section::Custom(section) => {
            items.push(format!(
                "custom {:?} {:?}",
                section.name(),
                section.payload()
            ));
        }
        Section::Code(section) => {
            for body in section.bodies() {
                reading.bodies.push(function_body(body)?);
            }
        }
        Section::Unparsed { id, .. } => items.push(format!("section {id}")),
        _ => items.push("section of another kind".to_owned()),
    }
    Ok(())
}

fn bounds(limits: &ResizableLimits) -> String {
    format!("{} {:?}", limits.initial(), limits.maximum())
}

const fn name(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::I32 => "i32",
        ValueType::I64 => "i64",
        ValueType::F32 => "f32",
        ValueType::F64 => "f64",
    }
}

fn constant(expression: &InitExpr) -> Result<Vec<DecodedOperator>, DecoderDisagreement> {
    expression.code().iter().map(operator).collect()
}

fn function_body(body: &FuncBody) -> Result<DecodedBody, DecoderDisagreement> {
    let runs = body
        .locals()
        .iter()
        .map(|run| (run.count(), name(run.value_type())));
    let operators = body
        .code()
        .elements()
        .iter()
        .map(operator)
        .collect::<Result<_, _>>()?;
    Ok(DecodedBody {
        locals: runs.collect(),
        operators,
    })
}

/// The opcode is the first byte that parity-wasm writes; the immediates are those that it read.
fn operator(instruction: &Instruction) -> Result<DecodedOperator, DecoderDisagreement> {
    let mut written = Vec::new();
    let outcome = instruction.clone().serialize(&mut written);
    outcome.map_err(|error| DecoderDisagreement::Unreadable {
        decoder: "parity-wasm",
        reason: error.to_string(),
    })?;
    let encoding = written.first().copied().map_or(u16::MAX, u16::from);
    Ok(DecodedOperator {
        encoding,
        immediates: immediates(instruction),
    })
}

fn immediates(instruction: &Instruction) -> Vec<i64> {
    match instruction {
        Instruction::Block(kind) | Instruction::Loop(kind) | Instruction::If(kind) => {
            vec![block_type(*kind)]
        }
        Instruction::Br(index)
        | Instruction::BrIf(index)
        | Instruction::Call(index)
        | Instruction::GetLocal(index)
        | Instruction::SetLocal(index)
        | Instruction::TeeLocal(index)
        | Instruction::GetGlobal(index)
        | Instruction::SetGlobal(index) => vec![i64::from(*index)],
        Instruction::BrTable(table) => table
            .table
            .iter()
            .chain([&table.default])
            .copied()
            .map(i64::from)
            .collect(),
        Instruction::CallIndirect(type_index, table) => {
            vec![i64::from(*type_index), i64::from(*table)]
        }
        Instruction::CurrentMemory(memory) | Instruction::GrowMemory(memory) => {
            vec![i64::from(*memory)]
        }
        Instruction::I32Const(value) => vec![i64::from(*value)],
        Instruction::I64Const(value) => vec![*value],
        other => access(other).map_or_else(Vec::new, |(align, offset)| {
            vec![i64::from(align), i64::from(offset)]
        }),
    }
}

fn block_type(block: BlockType) -> i64 {
    match block {
        BlockType::NoResult => EMPTY_BLOCK,
        BlockType::Value(ValueType::I32) => 0x7f,
        BlockType::Value(ValueType::I64) => 0x7e,
        BlockType::Value(_) => -1,
    }
}

const fn access(instruction: &Instruction) -> Option<(u32, u32)> {
    match instruction {
        Instruction::I32Load(align, offset)
        | Instruction::I64Load(align, offset)
        | Instruction::I32Load8S(align, offset)
        | Instruction::I32Load8U(align, offset)
        | Instruction::I32Load16S(align, offset)
        | Instruction::I32Load16U(align, offset)
        | Instruction::I64Load8S(align, offset)
        | Instruction::I64Load8U(align, offset)
        | Instruction::I64Load16S(align, offset)
        | Instruction::I64Load16U(align, offset)
        | Instruction::I64Load32S(align, offset)
        | Instruction::I64Load32U(align, offset)
        | Instruction::I32Store(align, offset)
        | Instruction::I64Store(align, offset)
        | Instruction::I32Store8(align, offset)
        | Instruction::I32Store16(align, offset)
        | Instruction::I64Store8(align, offset)
        | Instruction::I64Store16(align, offset)
        | Instruction::I64Store32(align, offset) => Some((*align, *offset)),
        _ => None,
    }
}
