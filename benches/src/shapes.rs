//! Generates hostile shapes: small modules that cause much work in a loader with bad algorithms.
//!
//! Each has a size; at four times [`HostileShape::size`] it is at, or just below, a limit of the
//! profile. If the load time grows faster than the size, an algorithm is not linear.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, InstructionSink, MemorySection, MemoryType, Module, TypeSection,
    ValType,
};

/// A family of modules.
pub struct HostileShape {
    /// Name of the shape.
    pub name: &'static str,
    /// The smaller of the two compared sizes.
    pub size: u32,
    /// Generates the module of a given size.
    pub make: fn(u32) -> Vec<u8>,
}

/// Every shape.
pub const SHAPES: &[HostileShape] = &[
    HostileShape {
        name: "functions",
        size: 2_500,
        make: |n| module(n, 1, &[], |_, _| {}),
    },
    HostileShape {
        name: "operators of one function",
        size: 16_000,
        make: |n| module(1, 1, &[], |body, _| straight(body, n / 4)),
    },
    HostileShape {
        name: "operators of many functions",
        size: 40,
        make: |n| module(n, 1, &[], |body, _| straight(body, 1_000)),
    },
    HostileShape {
        name: "nested blocks",
        size: 250,
        make: |n| module(40, 1, &[], |body, _| nested(body, n)),
    },
    HostileShape {
        name: "nested loops, each left from the innermost",
        size: 250,
        make: |n| module(40, 1, &[], |body, _| nested_exits(body, n)),
    },
    HostileShape {
        name: "blocks in a row",
        size: 1_200,
        make: |n| module(10, 1, &[], |body, _| blocks(body, n)),
    },
    HostileShape {
        name: "blocks over a deep operand stack",
        size: 250,
        make: |n| module(40, 1, &[], |body, _| over_operands(body, n)),
    },
    HostileShape {
        name: "a local set under a deep operand stack",
        size: 240,
        make: |n| module(40, 1, &[ValType::I32; 4], |body, _| set_under(body, n)),
    },
    HostileShape {
        name: "branches to one label",
        size: 4_000,
        make: |n| module(4, 1, &[], |body, _| branches(body, n)),
    },
    HostileShape {
        name: "branches with a value over a deep operand stack",
        size: 240,
        make: |n| module(40, 1, &[], |body, _| value_branches(body, n)),
    },
    HostileShape {
        name: "br_table with many targets",
        size: 250,
        make: |n| module(60, 1, &[], |body, _| table(body, n)),
    },
    HostileShape {
        name: "br_table over nested blocks",
        size: 250,
        make: |n| module(40, 1, &[], |body, _| table_nested(body, n)),
    },
    HostileShape {
        name: "locals, each set and read",
        size: 250,
        make: |n| module(40, n, &[], |body, _| locals(body, n)),
    },
    HostileShape {
        name: "unreachable code",
        size: 16_000,
        make: |n| module(1, 1, &[], |body, _| unreachable(body, n / 4)),
    },
    HostileShape {
        name: "operators that can trap",
        size: 16_000,
        make: |n| module(1, 1, &[], |body, _| traps(body, n / 8)),
    },
    HostileShape {
        name: "calls with many arguments",
        size: 40,
        make: |n| module(n, 1, &[ValType::I64; 60], calls),
    },
    HostileShape {
        name: "if and else",
        size: 1_200,
        make: |n| module(10, 1, &[], |body, _| choices(body, n)),
    },
];

/// A module of `functions` functions `(parameters) -> ()` with `locals` locals of i32 each; `write`
/// gets the body and the index of the last function.
fn module(
    functions: u32,
    locals: u32,
    parameters: &[ValType],
    write: impl Fn(&mut InstructionSink<'_>, u32),
) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function(parameters.iter().copied(), []);
    let mut declared = FunctionSection::new();
    let mut code = CodeSection::new();
    for _ in 0..functions {
        declared.function(0);
        let mut body = Function::new([(locals, ValType::I32)]);
        let mut sink = body.instructions();
        write(&mut sink, functions.saturating_sub(1));
        sink.end();
        code.function(&body);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 0,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    let kind = GlobalType {
        val_type: ValType::I32,
        mutable: true,
        shared: false,
    };
    globals.global(kind, &ConstExpr::i32_const(0));
    let mut exports = ExportSection::new();
    exports.export("first", ExportKind::Func, 0);
    let mut module = Module::new();
    module.section(&types).section(&declared).section(&memories);
    module.section(&globals).section(&exports).section(&code);
    module.finish()
}

fn straight(body: &mut InstructionSink<'_>, n: u32) {
    for i in 0..n {
        body.global_get(0);
        body.i32_const(i.cast_signed()).i32_add().global_set(0);
    }
}

fn nested(body: &mut InstructionSink<'_>, n: u32) {
    for depth in 0..n {
        body.block(BlockType::Empty).global_get(0).br_if(depth);
    }
    for _ in 0..n {
        body.end();
    }
}

fn nested_exits(body: &mut InstructionSink<'_>, n: u32) {
    for _ in 0..n {
        body.loop_(BlockType::Empty);
    }
    for depth in 0..n {
        body.global_get(0).br_if(depth);
    }
    for _ in 0..n {
        body.end();
    }
}

fn blocks(body: &mut InstructionSink<'_>, n: u32) {
    for _ in 0..n {
        body.block(BlockType::Empty).global_get(0).br_if(0).end();
    }
}

/// Enters and leaves blocks with `n` operands on the stack below.
fn over_operands(body: &mut InstructionSink<'_>, n: u32) {
    for _ in 0..n {
        body.local_get(0);
    }
    for _ in 0..n {
        body.block(BlockType::Empty).global_get(0).br_if(0).end();
    }
    for _ in 0..n {
        body.drop();
    }
}

/// Sets locals while `n` earlier values of them are on the operand stack.
fn set_under(body: &mut InstructionSink<'_>, n: u32) {
    for _ in 0..n {
        body.local_get(0);
    }
    for i in 0..n {
        body.i32_const(i.cast_signed()).local_set(1);
        body.global_get(0).local_set(0);
    }
    for _ in 0..n {
        body.global_set(0);
    }
}

fn branches(body: &mut InstructionSink<'_>, n: u32) {
    body.block(BlockType::Empty);
    for _ in 0..n {
        body.global_get(0).br_if(0);
    }
    body.end();
}

fn value_branches(body: &mut InstructionSink<'_>, n: u32) {
    body.block(BlockType::Result(ValType::I32));
    for _ in 0..n {
        body.global_get(0);
    }
    for _ in 0..n {
        body.global_get(0).br_if(0);
    }
    for _ in 1..n {
        body.drop();
    }
    body.end().drop();
}

fn table(body: &mut InstructionSink<'_>, n: u32) {
    body.block(BlockType::Empty).block(BlockType::Empty);
    let targets: Vec<u32> = (0..n).map(|target| target % 2).collect();
    body.global_get(0).br_table(targets, 0);
    body.end().end();
}

fn table_nested(body: &mut InstructionSink<'_>, n: u32) {
    for _ in 0..n {
        body.block(BlockType::Empty);
    }
    let targets: Vec<u32> = (0..n).collect();
    body.global_get(0).br_table(targets, 0);
    for _ in 0..n {
        body.end();
    }
}

fn locals(body: &mut InstructionSink<'_>, n: u32) {
    for local in 0..n {
        body.global_get(0).local_set(local);
    }
    for local in 0..n {
        body.local_get(local).global_set(0);
    }
}

fn unreachable(body: &mut InstructionSink<'_>, n: u32) {
    body.unreachable();
    straight(body, n);
}

fn traps(body: &mut InstructionSink<'_>, n: u32) {
    for i in 0..n {
        body.global_get(0);
        body.i32_const(i.cast_signed()).i32_div_s();
        body.i32_const(7).i32_rem_u().global_get(0).i32_div_u();
        body.global_set(0);
    }
}

fn calls(body: &mut InstructionSink<'_>, last: u32) {
    for _ in 0..10 {
        for argument in 0..60 {
            body.i64_const(i64::from(argument));
        }
        body.call(last);
    }
}

fn choices(body: &mut InstructionSink<'_>, n: u32) {
    for i in 0..n {
        body.global_get(0).if_(BlockType::Result(ValType::I32));
        body.i32_const(i.cast_signed()).else_();
        body.global_get(0).end().global_set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::SHAPES;
    use vm::{Rules, check};

    #[test]
    fn every_shape_is_accepted_at_both_sizes() {
        for shape in SHAPES {
            for size in [shape.size, shape.size * 4] {
                let module = (shape.make)(size);
                if let Err(rejection) = check(&module, &Rules::v1()) {
                    panic!("{} at {size}: {rejection:?}", shape.name);
                }
            }
        }
    }
}
