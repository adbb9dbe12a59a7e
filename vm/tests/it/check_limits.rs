//! Tests that check accepts each limited quantity at its limit and rejects one more.
#![expect(clippy::arithmetic_side_effects, reason = "sizes of modules made here")]

use super::check_rules::rejection_of;
use vm::unstable::check::examine;
use vm::unstable::limits::Limits;
use vm::unstable::rejection::Rule;
use vm::{Rules, check};
use wasm_encoder as encoder;
use wasm_encoder::{ConstExpr, Function, Instruction, ValType};

type LimitCase = (Rule, u32, fn(u32) -> Vec<u8>);

const LIMIT_CASES: &[LimitCase] = &[
    (Rule::ModuleBytes, Limits::V1.module_bytes_max, module_bytes),
    (Rule::Types, Limits::V1.types_max, types),
    (Rule::Parameters, Limits::V1.parameters_max, parameters),
    (
        Rule::ParametersTotal,
        Limits::V1.parameters_total_max,
        parameters_total,
    ),
    (Rule::MultiValue, Limits::V1.results_max, results),
    (Rule::Imports, Limits::V1.imports_max, imports),
    (Rule::Imports, Limits::V1.imports_max, imports_in_a_group),
    (Rule::Exports, Limits::V1.exports_max, exports),
    (Rule::NameBytes, Limits::V1.name_bytes_max, name_bytes),
    (Rule::Functions, Limits::V1.functions_max, functions),
    (Rule::Locals, Limits::V1.locals_max, locals),
    (Rule::LocalsTotal, Limits::V1.locals_total_max, locals_total),
    (Rule::Globals, Limits::V1.globals_max, globals),
    (Rule::Tables, Limits::V1.tables_max, tables),
    (
        Rule::TableEntries,
        Limits::V1.table_entries_max,
        table_entries,
    ),
    (
        Rule::ElementSegments,
        Limits::V1.element_segments_max,
        element_segments,
    ),
    (Rule::Elements, Limits::V1.elements_max, elements),
    (
        Rule::DataSegments,
        Limits::V1.data_segments_max,
        data_segments,
    ),
    (Rule::DataBytes, Limits::V1.data_bytes_max, data_bytes),
    (Rule::MultiMemory, Limits::V1.memories_max, memories),
    (
        Rule::MemoryPagesInitial,
        Limits::V1.memory_pages_initial_max,
        memory_pages_initial,
    ),
    (Rule::BodyBytes, Limits::V1.body_bytes_max, body_bytes),
    (Rule::Operators, Limits::V1.operators_max, operators),
    (Rule::Blocks, Limits::V1.blocks_max, blocks),
    (Rule::BlocksTotal, Limits::V1.blocks_total_max, blocks_total),
    (Rule::Nesting, Limits::V1.nesting_max, nesting),
    (
        Rule::BrTableTargets,
        Limits::V1.br_table_targets_max,
        targets,
    ),
    (
        Rule::BrTableTargetsTotal,
        Limits::V1.br_table_targets_total_max,
        targets_total,
    ),
    (Rule::Operands, Limits::V1.operands_max, operands),
    (
        Rule::Arguments,
        Limits::V1.arguments_unpushed_max,
        arguments_unpushed,
    ),
];

pub(crate) fn rules() -> impl Iterator<Item = Rule> {
    LIMIT_CASES.iter().map(|(rule, ..)| *rule)
}

#[test]
fn each_limit_is_inclusive() {
    for (rule, maximum, make) in LIMIT_CASES {
        let accepted = check(&make(*maximum), &Rules::v1());
        assert!(
            accepted.is_ok(),
            "{} at {maximum}: {}",
            rule.name(),
            accepted.unwrap_err()
        );
        let rejection = rejection_of(&make(*maximum + 1), &Rules::v1());
        assert_eq!(rejection.rule, *rule, "at {maximum} + 1: {rejection}");
    }
}

/// The bodies at each limit are within the fast pass, and it leaves one more to the decoder.
#[test]
fn the_fast_pass_has_the_limits_of_the_decoder() {
    let rules = Rules::v1();
    for (rule, maximum, make) in LIMIT_CASES {
        let at_limit = examine(&make(*maximum), &rules, true);
        let decoded = examine(&make(*maximum), &rules, false);
        assert_eq!(at_limit.totals, decoded.totals, "{}", rule.name());
        let (module, decoded) = (at_limit.verdict.unwrap(), decoded.verdict.unwrap());
        assert_eq!(
            module.stored_form(),
            decoded.stored_form(),
            "{}",
            rule.name()
        );
        let bodies = module.functions().len();
        assert_eq!(
            usize::try_from(at_limit.accepted).unwrap(),
            bodies,
            "{}",
            rule.name()
        );
        let above = examine(&make(*maximum + 1), &rules, true)
            .verdict
            .unwrap_err();
        let decoded = examine(&make(*maximum + 1), &rules, false).verdict;
        assert_eq!(above, decoded.unwrap_err(), "{}", rule.name());
    }
}

/// Shapes of real modules that earlier limits refused: data that wasm-opt split at runs of zeros,
/// the largest function of a contract, an empty program of Go, the default memory of Emscripten.
#[test]
fn the_shapes_of_large_real_modules_are_accepted() {
    let mut body = vec![0];
    while body.len() + 5 <= 203_783 {
        body.extend([0x41, 0xc0, 0x00, 0x1a]);
    }
    body.resize(203_782, 0x01);
    body.push(0x0b);
    let mut largest = ModuleBuilder::default();
    let kind = largest.kind(&[], &[]);
    largest.functions.function(kind);
    largest.code.raw(&body);
    let modules = [
        data_segments(1_433),
        data_segments(2_869),
        data_segments(27_121),
        largest.finish(),
        table_entries(5_360),
        memory_pages_initial(256),
    ];
    for module in modules {
        check(&module, &Rules::v1()).unwrap();
    }
}

#[test]
fn a_limit_inside_a_function_names_the_function() {
    for make in [
        locals, operators, blocks, nesting, targets, operands, body_bytes,
    ] {
        let bytes = make(Limits::V1.body_bytes_max + 1);
        assert_eq!(rejection_of(&bytes, &Rules::v1()).function, Some(0));
    }
}

#[test]
fn imports_count_as_functions_and_parameters() {
    let mut builder = ModuleBuilder::default();
    builder.import("block_height", &[], &[ValType::I64]);
    for _ in 0..Limits::V1.functions_max {
        builder.function(&[], Function::new([]));
    }
    assert_eq!(
        rejection_of(&builder.finish(), &Rules::v1()).rule,
        Rule::Functions
    );
    let mut builder = ModuleBuilder::default();
    builder.import("input", &[ValType::I32, ValType::I32], &[ValType::I32]);
    for _ in 0..Limits::V1.parameters_total_max / 50 {
        builder.function(&[ValType::I32; 50], Function::new([]));
    }
    assert_eq!(
        rejection_of(&builder.finish(), &Rules::v1()).rule,
        Rule::ParametersTotal
    );
}

#[test]
fn groups_of_locals_are_summed_without_wrapping() {
    let mut builder = ModuleBuilder::default();
    let groups = [
        (1, ValType::I32),
        (u32::MAX, ValType::I64),
        (u32::MAX, ValType::I32),
    ];
    builder.function(&[], Function::new(groups));
    assert_eq!(
        rejection_of(&builder.finish(), &Rules::v1()).rule,
        Rule::Locals
    );
}

/// Builds the sections of a module; it adds the final `end` of functions.
#[derive(Default)]
struct ModuleBuilder {
    types: encoder::TypeSection,
    imports: encoder::ImportSection,
    functions: encoder::FunctionSection,
    tables: encoder::TableSection,
    memories: encoder::MemorySection,
    globals: encoder::GlobalSection,
    exports: encoder::ExportSection,
    elements: encoder::ElementSection,
    code: encoder::CodeSection,
    data: encoder::DataSection,
    known: Vec<(Vec<ValType>, Vec<ValType>)>,
}

impl ModuleBuilder {
    fn kind(&mut self, parameters: &[ValType], results: &[ValType]) -> u32 {
        let kind = (parameters.to_vec(), results.to_vec());
        let index = self.known.iter().position(|known| *known == kind);
        let index = index.unwrap_or_else(|| {
            self.types.ty().function(kind.0.clone(), kind.1.clone());
            self.known.push(kind);
            self.known.len() - 1
        });
        u32::try_from(index).unwrap()
    }

    fn import(&mut self, name: &str, parameters: &[ValType], results: &[ValType]) {
        let kind = self.kind(parameters, results);
        self.imports
            .import(host_api::MODULE, name, encoder::EntityType::Function(kind));
    }

    fn function(&mut self, parameters: &[ValType], mut function: Function) {
        let kind = self.kind(parameters, &[]);
        self.functions.function(kind);
        function.instruction(&Instruction::End);
        self.code.function(&function);
    }

    fn instructions(&mut self, instructions: &[Instruction<'_>]) {
        let mut function = Function::new([]);
        for instruction in instructions {
            function.instruction(instruction);
        }
        self.function(&[], function);
    }

    fn table(&mut self, entries: u32) {
        self.tables.table(encoder::TableType {
            element_type: encoder::RefType::FUNCREF,
            table64: false,
            minimum: u64::from(entries),
            maximum: None,
            shared: false,
        });
    }

    fn memory(&mut self, pages: u32) {
        self.memories.memory(encoder::MemoryType {
            minimum: u64::from(pages),
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
    }

    fn finish(&self) -> Vec<u8> {
        let mut module = encoder::Module::new();
        module
            .section(&self.types)
            .section(&self.imports)
            .section(&self.functions)
            .section(&self.tables)
            .section(&self.memories)
            .section(&self.globals)
            .section(&self.exports)
            .section(&self.elements)
            .section(&self.code)
            .section(&self.data);
        module.finish()
    }
}

fn module_bytes(n: u32) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0\x00".to_vec();
    // Section id, five bytes of length, one byte of an empty name, padding.
    let length = n - 8 - 1 - 5;
    for index in 0..5 {
        let more = if index < 4 { 0x80 } else { 0 };
        bytes.push(u8::try_from((length >> (7 * index)) & 0x7f).unwrap() | more);
    }
    bytes.resize(usize::try_from(n).unwrap(), 0);
    bytes
}

fn types(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    for _ in 0..n {
        builder.types.ty().function([], []);
    }
    builder.finish()
}

fn parameters(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.kind(&vec![ValType::I32; usize::try_from(n).unwrap()], &[]);
    builder.finish()
}

fn parameters_total(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    for _ in 0..n / 50 {
        builder.function(&[ValType::I64; 50], Function::new([]));
    }
    for _ in 0..n % 50 {
        builder.function(&[ValType::I32], Function::new([]));
    }
    builder.finish()
}

fn results(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.kind(&[], &vec![ValType::I32; usize::try_from(n).unwrap()]);
    builder.finish()
}

fn imports(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    for _ in 0..n {
        builder.import("block_height", &[], &[ValType::I64]);
    }
    builder.finish()
}

/// One entry of the compact import section.
fn imports_in_a_group(count: u32) -> Vec<u8> {
    let items = "(item \"block_height\")".repeat(usize::try_from(count).unwrap());
    let text = format!("(module (import \"lockstep\" {items} (func (result i64))))");
    wat::parse_str(text).unwrap()
}

fn exports(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.memory(1);
    for index in 0..n {
        builder
            .exports
            .export(&format!("m{index}"), encoder::ExportKind::Memory, 0);
    }
    builder.finish()
}

fn name_bytes(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.memory(1);
    let name = "n".repeat(usize::try_from(n).unwrap());
    builder
        .exports
        .export(&name, encoder::ExportKind::Memory, 0);
    builder.finish()
}

fn functions(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    for _ in 0..n {
        builder.function(&[], Function::new([]));
    }
    builder.finish()
}

fn locals(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.function(
        &[ValType::I32; 3],
        Function::new([(n - 4, ValType::I32), (1, ValType::I64)]),
    );
    builder.finish()
}

fn locals_total(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    for _ in 0..n / 1_000 {
        builder.function(&[ValType::I32], Function::new([(999, ValType::I32)]));
    }
    builder.function(&[], Function::new([(n % 1_000, ValType::I64)]));
    builder.finish()
}

fn globals(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    let kind = encoder::GlobalType {
        val_type: ValType::I32,
        mutable: true,
        shared: false,
    };
    for _ in 0..n {
        builder.globals.global(kind, &ConstExpr::i32_const(0));
    }
    builder.finish()
}

fn tables(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    for _ in 0..n {
        builder.table(1);
    }
    builder.finish()
}

fn table_entries(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.table(n);
    builder.finish()
}

fn segment(builder: &mut ModuleBuilder, functions: &[u32]) {
    let items = encoder::Elements::Functions(functions.into());
    builder
        .elements
        .active(None, &ConstExpr::i32_const(0), items);
}

fn element_segments(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.table(0);
    for _ in 0..n {
        segment(&mut builder, &[]);
    }
    builder.finish()
}

fn elements(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.table(Limits::V1.table_entries_max);
    builder.function(&[], Function::new([]));
    segment(&mut builder, &[0; 1_000]);
    segment(&mut builder, &vec![0; usize::try_from(n - 1_000).unwrap()]);
    builder.finish()
}

fn data_segments(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.memory(0);
    for _ in 0..n {
        builder.data.active(0, &ConstExpr::i32_const(0), []);
    }
    builder.finish()
}

fn data_bytes(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.memory(17);
    builder.data.active(0, &ConstExpr::i32_const(3), [1; 5]);
    let rest = vec![2; usize::try_from(n - 5).unwrap()];
    builder.data.active(0, &ConstExpr::i32_const(9), rest);
    builder.finish()
}

fn memories(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    for _ in 0..n {
        builder.memory(1);
    }
    builder.finish()
}

fn memory_pages_initial(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.memory(n);
    builder.finish()
}

fn body_bytes(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    let mut body = vec![0];
    let wide = [
        0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1a,
    ];
    let end = usize::try_from(n).unwrap() - 1;
    while body.len() + wide.len() <= end {
        body.extend(wide);
    }
    body.resize(end, 0x01);
    body.push(0x0b);
    let kind = builder.kind(&[], &[]);
    builder.functions.function(kind);
    builder.code.raw(&body);
    builder.finish()
}

fn operators(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.instructions(&vec![Instruction::Nop; usize::try_from(n - 1).unwrap()]);
    builder.finish()
}

fn flat_blocks(n: u32) -> Vec<Instruction<'static>> {
    let block = || {
        [
            Instruction::Block(encoder::BlockType::Empty),
            Instruction::End,
        ]
    };
    (0..n).flat_map(|_| block()).collect()
}

fn blocks(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.instructions(&flat_blocks(n));
    builder.finish()
}

fn blocks_total(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    for _ in 0..n / 5_000 {
        builder.instructions(&flat_blocks(5_000));
    }
    builder.instructions(&flat_blocks(n % 5_000));
    builder.finish()
}

fn nesting(n: u32) -> Vec<u8> {
    let depth = usize::try_from(n).unwrap();
    let mut instructions = vec![Instruction::Loop(encoder::BlockType::Empty); depth];
    instructions.resize(depth * 2, Instruction::End);
    let mut builder = ModuleBuilder::default();
    builder.instructions(&instructions);
    builder.finish()
}

fn switch(targets: u32) -> [Instruction<'static>; 4] {
    [
        Instruction::Block(encoder::BlockType::Empty),
        Instruction::I32Const(0),
        Instruction::BrTable(vec![0; usize::try_from(targets).unwrap()].into(), 0),
        Instruction::End,
    ]
}

fn targets(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    builder.instructions(&switch(n));
    builder.finish()
}

fn targets_total(n: u32) -> Vec<u8> {
    let mut builder = ModuleBuilder::default();
    for _ in 0..n / 1_024 {
        builder.instructions(&switch(1_024));
    }
    builder.instructions(&switch(n % 1_024));
    builder.finish()
}

/// Two calls with 64 arguments and one with the rest; with `unreachable` they are 4 operators.
fn arguments_unpushed(n: u32) -> Vec<u8> {
    let rest = usize::try_from(n - 124).unwrap();
    let mut builder = ModuleBuilder::default();
    for parameters in [64, rest] {
        builder.function(&vec![ValType::I32; parameters], Function::new([]));
    }
    builder.instructions(&[
        Instruction::Unreachable,
        Instruction::Call(0),
        Instruction::Call(0),
        Instruction::Call(1),
    ]);
    builder.finish()
}

fn operands(n: u32) -> Vec<u8> {
    let height = usize::try_from(n).unwrap();
    let mut instructions = vec![Instruction::I32Const(0); height];
    instructions.resize(height * 2, Instruction::Drop);
    let mut builder = ModuleBuilder::default();
    builder.instructions(&instructions);
    builder.finish()
}
