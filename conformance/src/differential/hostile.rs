//! Generates modules that attack a decoder: wrong counts, depth, width, length, proposals.
//!
//! Each is identified by family and size, so that tests can see how memory and time grow with the
//! size. The caller adds truncations and flipped bits of real modules, since it has the files.

use wasm_encoder::Encode;

/// A hostile module.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// Name: family and size.
    pub name: String,
    /// Bytes of the module.
    pub bytes: Vec<u8>,
}

/// A family of modules: its name, and a function that makes one of a given size.
pub type Family = (&'static str, fn(u32) -> Vec<u8>);

/// The families; a module of size `size` has about that many items.
pub const FAMILIES: &[Family] = &[
    ("types", |size| {
        module(&[(1, vector(size, &[0x60, 1, 0x7f, 0]))])
    }),
    ("imports", |size| {
        module(&[types(0), (2, vector(size, &[1, b'm', 1, b'n', 0, 0]))])
    }),
    ("functions of nothing", |size| functions(size, 0, &[0x0b])),
    ("functions of 60 parameters", |size| {
        functions(size, 60, &[0x0b])
    }),
    ("functions of 1,000 parameters", |size| {
        functions(size, 1_000, &[0x0b])
    }),
    ("functions of calls", |size| {
        functions(size, 0, &[&[0x10, 0].repeat(20)[..], &[0x0b]].concat())
    }),
    ("operators in one block", |size| {
        one(&repeated(&[0x41, 0, 0x1a], size))
    }),
    ("operators in functions", |size| {
        functions(
            size / 1_000,
            0,
            &[repeated(&[0x41, 0, 0x1a], 1_000), vec![0x0b]].concat(),
        )
    }),
    ("loads in functions", |size| {
        let load = [0x41, 0, 0x28, 0, 0, 0x1a];
        functions(
            size / 1_000,
            0,
            &[repeated(&load, 1_000), vec![0x0b]].concat(),
        )
    }),
    ("nested blocks", |size| {
        one(&[repeated(&[0x02, 0x40], size), repeated(&[0x0b], size)].concat())
    }),
    ("nested ifs", |size| {
        one(&[
            repeated(&[0x41, 1, 0x04, 0x40], size),
            repeated(&[0x0b], size),
        ]
        .concat())
    }),
    ("blocks in a row", |size| {
        one(&repeated(&[0x02, 0x40, 0x0b], size))
    }),
    ("operands", |size| {
        one(&[repeated(&[0x41, 0], size), repeated(&[0x1a], size)].concat())
    }),
    ("dead code", |size| {
        one(&[vec![0x00], repeated(&[0x6a], size), vec![0x1a]].concat())
    }),
    ("one wide br_table", |size| {
        let mut body = vec![0x41, 0, 0x0e];
        body.extend(vector(size, &[0]));
        body.push(0);
        one(&body)
    }),
    ("many br_tables", |size| {
        let table = [
            &[0x02, 0x40, 0x41, 0, 0x0e][..],
            &vector(64, &[0]),
            &[0, 0x0b],
        ]
        .concat();
        one(&repeated(&table, size / 64))
    }),
    ("groups of locals", |size| {
        let body = [vector(size, &[1, 0x7f]), vec![0x0b]].concat();
        module(&[types(0), (3, vec![1, 0]), (10, code(1, &body))])
    }),
    ("locals of one group", |size| {
        let mut body = vec![1];
        size.encode(&mut body);
        body.extend([0x7e, 0x0b]);
        module(&[types(0), (3, vec![1, 0]), (10, code(1, &body))])
    }),
    ("globals", |size| {
        module(&[(6, vector(size, &[0x7f, 1, 0x41, 0, 0x0b]))])
    }),
    ("a long constant expression", |size| {
        let sum = repeated(&[0x41, 1, 0x6a], size);
        module(&[(6, [&[1, 0x7f, 0, 0x41, 0][..], &sum, &[0x0b]].concat())])
    }),
    ("a deep constant expression", |size| {
        let (up, down) = (
            repeated(&[0x41, 1], size),
            repeated(&[0x6a], size.saturating_sub(1)),
        );
        module(&[(6, [&[1, 0x7f, 0][..], &up, &down, &[0x0b]].concat())])
    }),
    ("exports of one name", |size| {
        let export = (7, vector(size, &[1, b'e', 0, 0]));
        module(&[types(0), (3, vec![1, 0]), export, (10, code(1, &[0, 0x0b]))])
    }),
    ("element segments", |size| {
        let elements = (9, vector(size, &[0, 0x41, 0, 0x0b, 1, 0]));
        module(&[
            types(0),
            (3, vec![1, 0]),
            (4, vec![1, 0x70, 0, 9]),
            elements,
            (10, code(1, &[0, 0x0b])),
        ])
    }),
    ("one long element segment", |size| {
        let elements = [&[1, 0, 0x41, 0, 0x0b][..], &vector(size, &[0])].concat();
        module(&[
            types(0),
            (3, vec![1, 0]),
            (4, vec![1, 0x70, 0, 9]),
            (9, elements),
            (10, code(1, &[0, 0x0b])),
        ])
    }),
    ("data segments", |size| {
        module(&[
            (5, vec![1, 0, 1]),
            (11, vector(size, &[0, 0x41, 0, 0x0b, 1, 0])),
        ])
    }),
    ("data bytes", |size| {
        let data = [&[1, 0, 0x41, 0, 0x0b][..], &vector(size, &[7])].concat();
        module(&[(5, vec![1, 0, 64]), (11, data)])
    }),
    ("a custom section", |size| {
        module(&[(0, [vec![1, b'c'], repeated(&[1], size)].concat())])
    }),
    ("custom sections", |size| {
        let sections: Vec<(u8, Vec<u8>)> = (0..size).map(|_| (0, vec![1, b'c'])).collect();
        module(&sections)
    }),
    ("types of nothing", |size| {
        module(&[(1, vector(size, &[0x60, 0, 0]))])
    }),
    ("types of 64 parameters", |size| {
        let wide = [&[0x60][..], &vector(64, &[0x7e]), &[0]].concat();
        module(&[(1, vector(size / 64, &wide))])
    }),
    ("functions of one local", |size| {
        many(size, &[1, 1, 0x7f, 0x0b])
    }),
    ("functions of 4 parameters and 3 locals", |size| {
        let body = code(size, &[3, 1, 0x7f, 1, 0x7e, 1, 0x7f, 0x0b]);
        module(&[types(4), (3, vector(size, &[0])), (10, body)])
    }),
    ("groups of no locals", |size| {
        let body = [vector(size, &[0, 0x7f]), vec![0x0b]].concat();
        many(1, &body)
    }),
    ("reads of the last of 1,000 groups of locals", |size| {
        let runs = [&[0xe8, 0x07][..], &[1, 0x7f, 1, 0x7e].repeat(500)].concat();
        let reads = repeated(&[0x20, 0xe7, 0x07, 0x1a], size);
        many(1, &[runs, reads, vec![0x0b]].concat())
    }),
    ("calls of 64 parameters in dead code", |size| {
        called(64, &[&[0][..], &repeated(&[0x10, 0], size)].concat())
    }),
    ("indirect calls of 64 parameters in dead code", |size| {
        called(64, &[&[0][..], &repeated(&[0x11, 0, 0], size)].concat())
    }),
    (
        "calls of 64 parameters in dead code, functions of 1,000",
        |size| {
            let calls = [&[0, 0][..], &repeated(&[0x10, 0], 1_000), &[0x0b]].concat();
            let bodies = [vec![0, 0x0b], calls];
            let count = size / 1_000;
            let sized = bodies.iter().zip([1, count]).flat_map(|(body, count)| {
                let mut sized = Vec::new();
                body.len().encode(&mut sized);
                sized.extend_from_slice(body);
                repeated(&sized, count)
            });
            let mut all = Vec::new();
            count.saturating_add(1).encode(&mut all);
            all.extend(sized);
            // The first function has 64 parameters, the others have none.
            let both = [&[2, 0x60][..], &vector(64, &[0x7f]), &[0, 0x60, 0, 0]].concat();
            let mut declared = Vec::new();
            count.saturating_add(1).encode(&mut declared);
            declared.push(0);
            declared.extend(repeated(&[1], count));
            module(&[(1, both), (3, declared), (10, all)])
        },
    ),
    ("br_tables to results", |size| {
        let table = [
            &[0x02, 0x7f, 0x41, 0, 0x41, 0, 0x0e][..],
            &vector(64, &[0]),
            &[0, 0x0b, 0x1a],
        ];
        one(&repeated(&table.concat(), size / 64))
    }),
    ("br_tables to results in dead code", |size| {
        let table = [
            &[0x02, 0x7f, 0x00, 0x0e][..],
            &vector(64, &[0]),
            &[0, 0x0b, 0x1a],
        ]
        .concat();
        one(&repeated(&table, size / 64))
    }),
    ("br_tables to many labels", |size| {
        let labels: Vec<u8> = (0..100).collect();
        let table = [&[0x41, 0, 0x0e, 100][..], &labels, &[0]].concat();
        let blocks = [repeated(&[0x02, 0x40], 100), table, repeated(&[0x0b], 100)].concat();
        one(&repeated(&blocks, size / 100))
    }),
    ("selects in dead code", |size| {
        one(&[&[0][..], &repeated(&[0x1b], size), &[0x1a]].concat())
    }),
    ("branches with a result in dead code", |size| {
        let branches = repeated(&[0x0d, 0], size);
        one(&[&[0x02, 0x7f, 0x00][..], &branches, &[0x0b, 0x1a]].concat())
    }),
    ("stores in dead code", |size| {
        one(&[&[0][..], &repeated(&[0x37, 3, 0], size)].concat())
    }),
    ("ifs with a result", |size| {
        one(&repeated(
            &[0x41, 0, 0x04, 0x7f, 0x41, 0, 0x05, 0x41, 0, 0x0b, 0x1a],
            size,
        ))
    }),
    ("sets of a global", |size| {
        let body = code(
            1,
            &[&[0][..], &repeated(&[0x23, 0, 0x24, 0], size), &[0x0b]].concat(),
        );
        let global = (6, vec![1, 0x7f, 1, 0x41, 0, 0x0b]);
        module(&[types(0), (3, vec![1, 0]), global, (10, body)])
    }),
    ("long constants", |size| {
        one(&repeated(
            &[
                0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0x1a,
            ],
            size,
        ))
    }),
    ("element segments of functions", |size| {
        let segment = [&[0, 0x41, 0, 0x0b][..], &vector(32, &[0])].concat();
        module(&[
            types(0),
            (3, vec![1, 0]),
            (4, vec![1, 0x70, 0, 32]),
            (9, vector(size / 32, &segment)),
            (10, code(1, &[0, 0x0b])),
        ])
    }),
    ("exports of different names", |size| {
        let mut exports = Vec::new();
        size.encode(&mut exports);
        for number in 0..size {
            exports.extend([8].into_iter().chain(format!("{number:08}").into_bytes()));
            exports.extend([0, 0]);
        }
        let export = (7, exports);
        module(&[types(0), (3, vec![1, 0]), export, (10, code(1, &[0, 0x0b]))])
    }),
];

/// The fixed corpus: every family at several sizes, every wrong count, every proposal.
#[must_use]
pub fn corpus() -> Vec<Hostile> {
    let mut all = Vec::new();
    for (name, make) in FAMILIES {
        for size in [0, 1, 100, 2_000, 50_000] {
            let name = format!("{name}, {size}");
            // The widest functions set the number of bytes; other modules are not larger.
            all.push(Hostile {
                name,
                bytes: make(size),
            });
        }
    }
    let million = repeated(&[0x41, 0, 0x1a], 333_334);
    all.push(Hostile {
        name: "one block of a million operators".to_owned(),
        bytes: one(&million),
    });
    all.extend(wrong_counts());
    all.extend(proposals());
    all
}

/// Counts of 2^32 - 1 and of a thousand in every vector, with nothing after them.
fn wrong_counts() -> Vec<Hostile> {
    let huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let thousand = [0xe8, 0x07];
    let mut all = Vec::new();
    for count in [&huge[..], &thousand] {
        let with = |before: &[u8]| [before, count].concat();
        let mut add = |name: &str, sections: &[(u8, Vec<u8>)]| {
            let name = format!("wrong count: {name} {}", count.len());
            all.push(Hostile {
                name,
                bytes: module(sections),
            });
        };
        for id in 1..=12 {
            add(&format!("section {id}"), &[(id, with(&[]))]);
        }
        add("parameters", &[(1, with(&[1, 0x60]))]);
        add("results", &[(1, with(&[1, 0x60, 0]))]);
        add("module name", &[types(0), (2, with(&[1]))]);
        add("import name", &[types(0), (2, with(&[1, 1, b'm']))]);
        add("export name", &[(7, with(&[1]))]);
        add("custom name", &[(0, with(&[]))]);
        let head = || [types(0), (3, vec![1, 0])];
        let [first, second] = head();
        add("body size", &[first, second, (10, with(&[1]))]);
        let [first, second] = head();
        add(
            "groups of locals",
            &[first, second, (10, code(1, &with(&[])))],
        );
        let [first, second] = head();
        add(
            "locals",
            &[
                first,
                second,
                (10, code(1, &[with(&[1]), vec![0x7f, 0x0b]].concat())),
            ],
        );
        let [first, second] = head();
        add(
            "br_table",
            &[first, second, (10, code(1, &with(&[0, 0x41, 0, 0x0e])))],
        );
        add(
            "elements",
            &[(4, vec![1, 0x70, 0, 9]), (9, with(&[1, 0, 0x41, 0, 0x0b]))],
        );
        add(
            "data bytes",
            &[(5, vec![1, 0, 1]), (11, with(&[1, 0, 0x41, 0, 0x0b]))],
        );
        add(
            "data count",
            &[(12, with(&[])), (5, vec![1, 0, 1]), (11, vec![0])],
        );
        add("pages", &[(5, with(&[1, 0]))]);
        add("table entries", &[(4, with(&[1, 0x70, 0]))]);
    }
    all
}

/// One module for each proposal after the MVP, by name.
const PROPOSALS: &[(&str, &str)] = &[
    ("simd", "(module (func (drop (v128.const i64x2 1 2))))"),
    (
        "relaxed simd",
        "(module (func (drop (i32x4.relaxed_trunc_f32x4_s (v128.const i64x2 1 2)))))",
    ),
    (
        "threads",
        "(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))",
    ),
    ("fence", "(module (func atomic.fence))"),
    ("tail call", "(module (func (return_call 0)))"),
    (
        "indirect tail call",
        "(module (table 1 funcref) (type (func)) \
         (func (return_call_indirect (type 0) (i32.const 0))))",
    ),
    (
        "multi-value",
        "(module (func (result i32 i32) (i32.const 1) (i32.const 2)))",
    ),
    (
        "block parameters",
        "(module (func (i32.const 1) (block (param i32) drop)))",
    ),
    ("reference types", "(module (func (param externref)))"),
    (
        "ref.func",
        "(module (func $f) (elem declare func $f) (func (drop (ref.func $f))))",
    ),
    (
        "table.get",
        "(module (table 1 funcref) (func (drop (table.get (i32.const 0)))))",
    ),
    (
        "table.grow",
        "(module (table 1 funcref) (func (drop (table.grow (ref.null func) (i32.const 1)))))",
    ),
    ("two tables", "(module (table 1 funcref) (table 1 funcref))"),
    ("passive data", "(module (memory 1) (data \"a\"))"),
    (
        "memory.init",
        "(module (memory 1) (data \"a\") \
         (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))))",
    ),
    (
        "data.drop",
        "(module (memory 1) (data \"a\") (func (data.drop 0)))",
    ),
    ("passive elements", "(module (func $f) (elem func $f))"),
    (
        "table.copy",
        "(module (table 1 funcref) \
         (func (table.copy (i32.const 0) (i32.const 0) (i32.const 0))))",
    ),
    (
        "typed select",
        "(module \
         (func (drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)))))",
    ),
    ("struct", "(module (type (struct (field i32))))"),
    ("array", "(module (type (array i8)))"),
    (
        "recursive types",
        "(module (rec (type (func)) (type (func (param i32)))))",
    ),
    ("i31", "(module (func (drop (ref.i31 (i32.const 1)))))"),
    (
        "typed references",
        "(module (type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0))))",
    ),
    ("tags", "(module (tag))"),
    ("throw", "(module (tag) (func (throw 0)))"),
    ("try_table", "(module (func (try_table)))"),
    ("memory64", "(module (memory i64 1))"),
    ("two memories", "(module (memory 1) (memory 1))"),
    (
        "extended constants",
        "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
    ),
    (
        "global.get in a constant",
        "(module (global i32 (i32.const 1)) (global i32 (global.get 0)))",
    ),
    (
        "wide arithmetic",
        "(module (func (drop (drop (i64.mul_wide_u (i64.const 1) (i64.const 2))))))",
    ),
    ("page size", "(module (memory 1 (pagesize 1)))"),
    (
        "imported memory",
        "(module (import \"m\" \"n\" (memory 1)))",
    ),
    (
        "saturating",
        "(module (func (drop (i32.trunc_sat_f32_s (f32.const 1)))))",
    ),
    (
        "sign extension",
        "(module (func (drop (i32.extend8_s (i32.const 1)))))",
    ),
    ("a component", "(component)"),
];

fn proposals() -> Vec<Hostile> {
    let parsed = PROPOSALS.iter().filter_map(|(name, text)| {
        let bytes = wat::parse_str(text).ok()?;
        Some(Hostile {
            name: format!("proposal: {name}"),
            bytes,
        })
    });
    parsed.collect()
}

fn module(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for (id, data) in sections {
        bytes.push(*id);
        data.len().encode(&mut bytes);
        bytes.extend_from_slice(data);
    }
    bytes
}

fn repeated(item: &[u8], times: u32) -> Vec<u8> {
    item.repeat(usize::try_from(times).unwrap_or_default())
}

/// An encoded vector of `count` equal items.
fn vector(count: u32, item: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    count.encode(&mut bytes);
    bytes.extend(repeated(item, count));
    bytes
}

/// A type section with one type of `parameters` `i32` parameters.
fn types(parameters: u32) -> (u8, Vec<u8>) {
    (
        1,
        [&[1, 0x60][..], &vector(parameters, &[0x7f]), &[0]].concat(),
    )
}

/// A code section of `count` equal bodies.
fn code(count: u32, body: &[u8]) -> Vec<u8> {
    let mut sized = Vec::new();
    body.len().encode(&mut sized);
    sized.extend_from_slice(body);
    vector(count, &sized)
}

fn functions(count: u32, parameters: u32, operators: &[u8]) -> Vec<u8> {
    let body = [&[0], operators].concat();
    let memory = (5, vec![1, 0, 1]);
    module(&[
        types(parameters),
        (3, vector(count, &[0])),
        memory,
        (10, code(count, &body)),
    ])
}

/// A module of `count` functions `() -> ()` with this body.
fn many(count: u32, body: &[u8]) -> Vec<u8> {
    module(&[types(0), (3, vector(count, &[0])), (10, code(count, body))])
}

/// A module of one function with these operators and this many parameters; it may call itself.
fn called(parameters: u32, operators: &[u8]) -> Vec<u8> {
    let body = code(1, &[&[0], operators, &[0x0b]].concat());
    let table = (4, vec![1, 0x70, 0, 1]);
    module(&[types(parameters), (3, vec![1, 0]), table, (10, body)])
}

/// A module of one function with these operators.
fn one(operators: &[u8]) -> Vec<u8> {
    functions(1, 0, &[operators, &[0x0b]].concat())
}
