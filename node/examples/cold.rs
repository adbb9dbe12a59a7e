//! Measures what loading a code costs that no cache has, by size and shape, and checks none again.
//!
//! `cargo run --release -p lockstep-node --example cold`. Processor time of one thread, the median
//! of rounds, with the pages of the store in its own cache. Nominal are 100 ns per 1,000 gas.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]
#![expect(
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "it measures; no result depends on it"
)]

extern crate lockstep_node as node;

use node::{CachePolicy, CodeCache, Commit, MemoryStore, Overlay, Store};
use node_sim::synthetic::commit;
use redb_store::RedbStore;
use std::sync::Arc;
use vm::unstable::frames::frame_price;
use vm::{Rules, StateView as _};

/// A shape of a module, and the items that it has besides bytes.
struct Shape {
    name: &'static str,
    item: &'static str,
    items: usize,
    module: Vec<u8>,
}

fn main() {
    let rules = Arc::new(node::rules::version_1());
    println!("processor: {}", processor());
    println!(
        "shape        bytes    items  form   sha256 | memory ns   ns/B | \
         redb ns   ns/B, per 1,000 gas | check ns/B"
    );
    for size in [4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20] {
        let mut plain = [0.0; 2];
        for shape in shapes(size) {
            let loads = measure(&shape, &rules);
            if shape.name == "custom" {
                plain = loads;
            } else if shape.items > 0 {
                let each = |at: usize| (loads[at] - plain[at]) / shape.items as f64;
                println!(
                    "             above a custom section, ns per {}: memory {:.1}, redb {:.1}",
                    shape.item,
                    each(0),
                    each(1)
                );
            }
        }
    }
}

/// Prints a row; returns the nanoseconds of a load from a store in memory, and from redb.
fn measure(shape: &Shape, rules: &Arc<Rules>) -> [f64; 2] {
    let bytes = shape.module.len();
    let module = vm::check(&shape.module, rules).unwrap();
    let code_hash = *module.code_hash();
    let form = module.stored_form().len();
    // What a frame pays for loading and instantiating the module.
    let gas = frame_price(&module, rules) as f64;
    let checked = median(5, || drop(vm::check(&shape.module, rules).unwrap()));
    let hash = || {
        drop(std::hint::black_box(Box::new(node::digest::sha256(&[
            &shape.module,
        ]))))
    };
    let hashed = median(21, hash);
    let path = std::env::temp_dir().join(format!("lockstep-cold-{}", std::process::id()));
    let redb = RedbStore::open(&path, redb_store::Settings::default()).unwrap();
    let stores: [Box<dyn Store>; 2] = [Box::new(MemoryStore::new()), Box::new(redb)];
    let loads = stores.map(|mut store| {
        store
            .commit(upload(module.clone(), rules, store.as_ref()))
            .unwrap();
        let cache = CodeCache::new(CachePolicy::Disabled, &node::rules::rulebook());
        let load = || {
            let overlay = Overlay::new(store.as_ref(), &cache, rules);
            drop(overlay.code(&code_hash).unwrap().unwrap());
        };
        let time = median(if bytes > 1 << 19 { 21 } else { 101 }, load);
        assert_eq!(cache.checks(), 0, "a stored form was not used");
        time
    });
    std::fs::remove_file(&path).unwrap();
    let per_byte = |time: f64| time / bytes as f64;
    println!(
        "{:10} {bytes:8} {:7} {form:6} {:8.3} | {:9.0} {:6.3} | {:9.0} {:6.3} {:13.1} | {:6.3}",
        shape.name,
        shape.items,
        per_byte(hashed),
        loads[0],
        per_byte(loads[0]),
        loads[1],
        per_byte(loads[1]),
        loads[1] * 1_000.0 / gas,
        per_byte(checked),
    );
    loads
}

fn upload(module: vm::CheckedModule, rules: &Arc<Rules>, store: &dyn Store) -> Commit {
    let cache = CodeCache::new(CachePolicy::Disabled, &node::rules::rulebook());
    let mut overlay = Overlay::new(store, &cache, rules);
    overlay.upload(module);
    overlay.finish_transaction().unwrap();
    let records = overlay.code_records();
    Commit {
        records,
        ..commit(0, overlay.into_diff().unwrap())
    }
}

/// Shapes of about `size` bytes; a custom section fills what the items leave.
fn shapes(size: usize) -> Vec<Shape> {
    let named = |name, item, items, sections: Vec<Vec<u8>>| Shape {
        name,
        item,
        items,
        module: filled(sections, size),
    };
    let code = |count: usize, body: &[u8]| {
        let types = section(1, &list(1, &[0x60, 0, 0]));
        let declared = section(3, &list(count, &[0]));
        let sized = [leb(body.len()), body.to_vec()].concat();
        vec![types, declared, section(10, &list(count, &sized))]
    };
    // Two groups of locals, then 400 bytes of operators.
    let mut body = vec![2, 3, 0x7f, 2, 0x7e];
    body.extend([0x41, 1, 0x1a].repeat(133));
    body.push(0x0b);
    let real = (size * 9 / 10 / 410).min(10_000);
    let tiny = (size / 8).min(10_000);
    let located = (size * 2 / 3 / 6).min(32_768);
    let segments = vec![
        section(5, &[1, 0, 1]),
        section(11, &list(located, &[0, 0x41, 0, 0x0b, 0])),
    ];
    let groups = (size / 24).min(10_000);
    let typed = (size / 100).min(1_024);
    let parameters = [vec![0x60, 64], vec![0x7f; 64], vec![0]].concat();
    vec![
        named("custom", "", 0, Vec::new()),
        named(
            "code",
            "function with 2 groups of locals",
            real,
            code(real, &body),
        ),
        named("tiny", "empty function", tiny, code(tiny, &[0, 0x0b])),
        named(
            "locals",
            "function with 2 groups of locals",
            groups,
            code(groups, &[2, 1, 0x7f, 1, 0x7e, 0x0b]),
        ),
        named("segments", "data segment", located, segments),
        named(
            "types",
            "type of 64 parameters",
            typed,
            vec![section(1, &list(typed, &parameters))],
        ),
        exports(size),
    ]
}

fn exports(size: usize) -> Shape {
    let items = (size / 48).min(256);
    let mut content = leb(items);
    for number in 0..items {
        let name = format!("exported_function_{number:06}");
        content.extend([leb(name.len()), name.into_bytes(), vec![3, 0]].concat());
    }
    let global = section(6, &[1, 0x7f, 0, 0x41, 0, 0x0b]);
    Shape {
        name: "exports",
        item: "export with a name of 24 bytes",
        items,
        module: filled(vec![global, section(7, &content)], size),
    }
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 128 {
        bytes.push(u8::try_from(number % 128).unwrap() | 128);
        number /= 128;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

fn list(count: usize, item: &[u8]) -> Vec<u8> {
    [leb(count), item.repeat(count)].concat()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [vec![id], leb(content.len()), content.to_vec()].concat()
}

fn filled(sections: Vec<Vec<u8>>, size: usize) -> Vec<u8> {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    module.extend(sections.concat());
    let room = size.saturating_sub(module.len() + 8);
    let noise = (0..room).map(|index| u8::try_from(index * 31 % 251).unwrap());
    let content = [vec![1, b'x'], noise.collect()].concat();
    module.extend(section(0, &content));
    module
}

/// Median processor time of this thread in nanoseconds.
fn median(rounds: usize, mut run: impl FnMut()) -> f64 {
    run();
    let mut times: Vec<u64> = (0..rounds)
        .map(|_| {
            let repeats = 4;
            let start = processor_time();
            for _ in 0..repeats {
                run();
            }
            (processor_time() - start) / repeats
        })
        .collect();
    times.sort_unstable();
    times[rounds / 2] as f64
}

/// Linux updates it when the thread yields.
fn processor_time() -> u64 {
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    let wanted = ["cpu family", "model\t", "model name"];
    let lines = text
        .lines()
        .filter(|line| wanted.iter().any(|start| line.starts_with(start)));
    lines
        .take(3)
        .map(|line| line.replace('\t', ""))
        .collect::<Vec<_>>()
        .join(", ")
}
