//! Reads a module with `wasmparser` into the common form.

use super::{DecodedBody, DecodedModule, DecodedOperator, EMPTY_BLOCK};
use vm::unstable::opcode::Opcode;
use wasmparser::{
    BlockType, CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, Error,
    ExternalKind, FunctionBody, MemArg, Operator as Wire, Parser, Payload, TypeRef, ValType,
};

pub(super) fn read(module: &[u8]) -> Result<DecodedModule, Error> {
    let mut reading = DecodedModule::default();
    for payload in Parser::new(0).parse_all(module) {
        section(payload?, &mut reading)?;
    }
    Ok(reading)
}

fn section(payload: Payload<'_>, reading: &mut DecodedModule) -> Result<(), Error> {
    let items = &mut reading.items;
    match payload {
        Payload::TypeSection(section) => {
            for group in section {
                for part in group?.types() {
                    items.push(function_type(&part.composite_type.inner));
                }
            }
        }
        Payload::ImportSection(section) => {
            for import in section.into_imports() {
                let import = import?;
                let TypeRef::Func(index) = import.ty else {
                    items.push("import of another kind".to_owned());
                    continue;
                };
                items.push(format!(
                    "import {:?} {:?} {index}",
                    import.module, import.name
                ));
            }
        }
        Payload::FunctionSection(section) => {
            for index in section {
                items.push(format!("function {}", index?));
            }
        }
        Payload::TableSection(section) => {
            for table in section {
                let table = table?.ty;
                items.push(format!("table {} {:?}", table.initial, table.maximum));
            }
        }
        Payload::MemorySection(section) => {
            for memory in section {
                let memory = memory?;
                items.push(format!("memory {} {:?}", memory.initial, memory.maximum));
            }
        }
        Payload::GlobalSection(section) => {
            for global in section {
                let global = global?;
                let kind = value_type(global.ty.content_type);
                let constant = constant(&global.init_expr)?;
                items.push(format!("global {kind} {} {constant:?}", global.ty.mutable));
            }
        }
        other => return segment(other, reading),
    }
    Ok(())
}

fn segment(payload: Payload<'_>, reading: &mut DecodedModule) -> Result<(), Error> {
    let items = &mut reading.items;
    match payload {
        Payload::ExportSection(section) => {
            for export in section {
                let export = export?;
                let kind = match export.kind {
                    ExternalKind::Func => "function",
                    ExternalKind::Table => "table",
                    ExternalKind::Memory => "memory",
                    ExternalKind::Global => "global",
                    _ => "other",
                };
                items.push(format!("export {:?} {kind} {}", export.name, export.index));
            }
        }
        Payload::ElementSection(section) => {
            for element in section {
                let element = element?;
                let (ElementKind::Active { offset_expr, .. }, ElementItems::Functions(functions)) =
                    (element.kind, element.items)
                else {
                    items.push("element segment of another kind".to_owned());
                    continue;
                };
                let functions = functions.into_iter().collect::<Result<Vec<u32>, _>>()?;
                items.push(format!(
                    "element {:?} {functions:?}",
                    constant(&offset_expr)?
                ));
            }
        }
        Payload::DataSection(section) => {
            for data in section {
                let data = data?;
                let DataKind::Active { offset_expr, .. } = data.kind else {
                    items.push("data segment of another kind".to_owned());
                    continue;
                };
                items.push(format!(
                    "data {:?} {:?}",
                    constant(&offset_expr)?,
                    data.data
                ));
            }
        }
        Payload::StartSection { func, .. } => items.push(format!("start {func}")),
        Payload::CustomSection(section) => {
            items.push(format!("custom {:?} {:?}", section.name(), section.data()));
        }
        Payload::CodeSectionEntry(body) => reading.bodies.push(function_body(&body)?),
        _ => {}
    }
    Ok(())
}

fn function_type(kind: &CompositeInnerType) -> String {
    match kind {
        CompositeInnerType::Func(signature) => {
            let names = |types: &[ValType]| -> Vec<&str> {
                types.iter().copied().map(value_type).collect()
            };
            format!(
                "type {:?} {:?}",
                names(signature.params()),
                names(signature.results())
            )
        }
        _ => "type of another kind".to_owned(),
    }
}

const fn value_type(value_type: ValType) -> &'static str {
    match value_type {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F32 => "f32",
        ValType::F64 => "f64",
        _ => "other",
    }
}

fn constant(expression: &ConstExpr<'_>) -> Result<Vec<DecodedOperator>, Error> {
    expression
        .get_operators_reader()
        .into_iter()
        .map(|wire| Ok(operator(&wire?)))
        .collect()
}

fn function_body(body: &FunctionBody<'_>) -> Result<DecodedBody, Error> {
    let mut read = DecodedBody::default();
    for run in body.get_locals_reader()? {
        let (count, kind) = run?;
        read.locals.push((count, value_type(kind)));
    }
    for wire in body.get_operators_reader()? {
        read.operators.push(operator(&wire?));
    }
    Ok(read)
}

fn operator(wire: &Wire<'_>) -> DecodedOperator {
    let encoding = Opcode::of(wire).map_or(u16::MAX, Opcode::encoding);
    DecodedOperator {
        encoding,
        immediates: immediates(wire),
    }
}

fn immediates(wire: &Wire<'_>) -> Vec<i64> {
    match wire {
        Wire::Block { blockty } | Wire::Loop { blockty } | Wire::If { blockty } => {
            vec![block_type(*blockty)]
        }
        Wire::Br {
            relative_depth: index,
        }
        | Wire::BrIf {
            relative_depth: index,
        }
        | Wire::Call {
            function_index: index,
        }
        | Wire::LocalGet { local_index: index }
        | Wire::LocalSet { local_index: index }
        | Wire::LocalTee { local_index: index }
        | Wire::GlobalGet {
            global_index: index,
        }
        | Wire::GlobalSet {
            global_index: index,
        }
        | Wire::MemorySize { mem: index }
        | Wire::MemoryGrow { mem: index } => vec![i64::from(*index)],
        Wire::BrTable { targets } => {
            let depths = targets.targets().map_while(Result::ok).map(i64::from);
            depths.chain([i64::from(targets.default())]).collect()
        }
        Wire::CallIndirect {
            type_index,
            table_index,
        } => {
            vec![i64::from(*type_index), i64::from(*table_index)]
        }
        Wire::I32Const { value } => vec![i64::from(*value)],
        Wire::I64Const { value } => vec![*value],
        other => access(other).map_or_else(Vec::new, |argument| {
            vec![i64::from(argument.align), argument.offset.cast_signed()]
        }),
    }
}

fn block_type(block: BlockType) -> i64 {
    match block {
        BlockType::Empty => EMPTY_BLOCK,
        BlockType::Type(ValType::I32) => 0x7f,
        BlockType::Type(ValType::I64) => 0x7e,
        BlockType::Type(_) | BlockType::FuncType(_) => -1,
    }
}

const fn access<'a>(wire: &'a Wire<'_>) -> Option<&'a MemArg> {
    match wire {
        Wire::I32Load { memarg }
        | Wire::I64Load { memarg }
        | Wire::I32Load8S { memarg }
        | Wire::I32Load8U { memarg }
        | Wire::I32Load16S { memarg }
        | Wire::I32Load16U { memarg }
        | Wire::I64Load8S { memarg }
        | Wire::I64Load8U { memarg }
        | Wire::I64Load16S { memarg }
        | Wire::I64Load16U { memarg }
        | Wire::I64Load32S { memarg }
        | Wire::I64Load32U { memarg }
        | Wire::I32Store { memarg }
        | Wire::I64Store { memarg }
        | Wire::I32Store8 { memarg }
        | Wire::I32Store16 { memarg }
        | Wire::I64Store8 { memarg }
        | Wire::I64Store16 { memarg }
        | Wire::I64Store32 { memarg } => Some(memarg),
        _ => None,
    }
}
