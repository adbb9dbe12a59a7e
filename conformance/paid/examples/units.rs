//! Measures the time of a unit of each kind of work, and compares it with `data/units.txt`.
//!
//! `cargo run --release -p work --example units`. Each line is a kind: the
//! dearest way to do it that is known, in picoseconds a unit, the median of nine; the time in the
//! file, from which the bounds follow; and the units that 1,000 gas may cause. Exit code 1 if the
//! time in the file is lower three times in a row.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "it measures time and prints the result"
)]

use node::{CachePolicy, CodeCache, MemoryStore, Overlay, Store};
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use vm::unstable::state::Journal;
use vm::unstable::work::{FUNCTION_OPERATORS, WorkKind};
use vm::{Address, CheckedModule, Interpreter, Rules, StateDiff, StateView, check, key};
use work::bounds::Bounds;

const ROUNDS: usize = 9;
const ATTEMPTS: usize = 3;
/// Bytes of the longest value.
const LONG: usize = 65_536;
/// Keys of a walk, of a revert, and of other lists.
const KEYS: u32 = 4_096;
/// Bytes of the largest memory.
const MEMORY: usize = 16 * 1024 * 1024;

type Done<T> = Result<T, Box<dyn Error>>;

fn main() -> Done<ExitCode> {
    let bounds = Bounds::read()?;
    let most = bounds.most(1_000);
    println!("picoseconds a unit; units that 1,000 gas may cause");
    println!(" measured  in the file  for 1,000 gas  kind");
    let mut low = 0_u8;
    for ((kind, most), noted) in WorkKind::ALL.into_iter().zip(most).zip(bounds.units()) {
        let mut time = median(kind)?;
        for _ in 1..ATTEMPTS {
            if time > noted as f64 {
                time = median(kind)?;
            }
        }
        low |= u8::from(time > noted as f64);
        println!("{time:>9.0} {noted:>12} {most:>14}  {}", kind.name());
    }
    Ok(ExitCode::from(low))
}

fn median(kind: WorkKind) -> Done<f64> {
    let each = (0..ROUNDS)
        .map(|_| measure(kind))
        .collect::<Done<Vec<f64>>>();
    let mut each = each?;
    each.sort_by(f64::total_cmp);
    Ok(each.get(ROUNDS / 2).copied().unwrap_or(f64::NAN))
}

/// Picoseconds of each of `units` that `work` does.
fn timed<T>(units: usize, work: impl FnOnce() -> T) -> f64 {
    let begun = Instant::now();
    black_box(work());
    begun.elapsed().as_nanos() as f64 * 1_000.0 / units as f64
}

fn measure(kind: WorkKind) -> Done<f64> {
    let rules = Arc::new(Rules::v1());
    Ok(match kind {
        WorkKind::Read => {
            let store = stored(64, LONG)?;
            let keys: Vec<Vec<u8>> = (0..64).map(value_key).collect();
            timed(64 * LONG, || -> Vec<_> {
                keys.iter().map(|key| store.read(key)).collect()
            })
        }
        WorkKind::Allocated => {
            let long = vec![7_u8; LONG];
            timed(64 * LONG, || -> Vec<_> {
                (0..64).map(|_| long.clone()).collect()
            })
        }
        WorkKind::Copied => {
            let (long, mut target) = (vec![7_u8; LONG], vec![1_u8; LONG]);
            let copy = |_| target.copy_from_slice(black_box(&long));
            timed(64 * LONG, || (0..64).for_each(copy))
        }
        WorkKind::Zeroed => timed(MEMORY, || vec![1_u8; MEMORY]),
        WorkKind::Hashed => {
            let long = vec![7_u8; LONG];
            timed(LONG, || node::digest::sha256(&[&long]))
        }
        WorkKind::Checked => {
            let texts = [plain(), tiny()];
            let checks = texts.iter().map(|text| -> Done<f64> {
                let module = wat::parse_str(text)?;
                let units = items(&check(&module, &rules)?);
                Ok(timed(units, || check(&module, &rules)))
            });
            checks
                .collect::<Done<Vec<f64>>>()?
                .into_iter()
                .fold(0.0, f64::max)
        }
        WorkKind::Translated => {
            let translations = [plain(), tiny()].map(|text| -> Done<f64> {
                let module = Arc::new(check(&wat::parse_str(text)?, &rules)?);
                let engine = Interpreter::new();
                Ok(timed(items(&module), || {
                    engine.compile_all(&module, &rules)
                }))
            });
            let times = translations.into_iter().collect::<Done<Vec<f64>>>()?;
            times.into_iter().fold(0.0, f64::max)
        }
        WorkKind::Walked => walked()?,
        WorkKind::Undone => undone()?,
        WorkKind::Allocations => {
            let boxes = || -> Vec<Box<u64>> { (0..u64::from(KEYS)).map(Box::new).collect() };
            timed(KEYS as usize, boxes)
        }
    })
}

fn value_key(number: u32) -> Vec<u8> {
    key::value(&Address([1; 32]), &number.to_le_bytes())
}

fn stored(count: u32, bytes: usize) -> Done<MemoryStore> {
    let mut store = MemoryStore::new();
    let part = node::RestoredPart {
        entries: (0..count)
            .map(|number| (value_key(number), vec![1; bytes]))
            .collect(),
        progress: Vec::new(),
        end: None,
    };
    store.restore(part)?;
    Ok(store)
}

/// A walk over keys that the block removed.
fn walked() -> Done<f64> {
    let store = stored(KEYS, 8)?;
    let cache = CodeCache::new(CachePolicy::Warm, &node::rules::rulebook());
    let rules = Arc::new(node::rules::version_1());
    let removed: StateDiff = (0..KEYS).map(|number| (value_key(number), None)).collect();
    let overlay = Overlay::new(&store, &cache, &rules).within(removed);
    let (start, end) = (value_key(0), key::values_end(&Address([1; 32])));
    let walk = || overlay.walk(&start..&end, KEYS as usize);
    Ok(timed(KEYS as usize, walk))
}

/// A revert of as many changes.
fn undone() -> Done<f64> {
    let (cache, rules) = (CodeCache::default(), Arc::new(node::rules::version_1()));
    let store = stored(KEYS, 8)?;
    let view = Overlay::new(&store, &cache, &rules);
    let mut journal = Journal::default();
    let checkpoint = journal.checkpoint();
    for number in 0..KEYS {
        journal.write(&view, value_key(number), Some(vec![2; 8]))?;
    }
    Ok(timed(KEYS as usize, || journal.revert(checkpoint)))
}

/// Operators and functions of a module, as they are counted.
fn items(module: &CheckedModule) -> usize {
    let functions = module.functions().iter();
    let items = functions.map(|function| u64::from(function.operators) + FUNCTION_OPERATORS);
    usize::try_from(items.sum::<u64>()).unwrap_or(usize::MAX)
}

/// A function of plain operators.
fn plain() -> String {
    let body = "(local.set 0 (i32.add (i32.load (local.get 0)) (i32.const 7)))".repeat(10_000);
    format!("(module (memory 1) (func (local i32) {body}))")
}

/// Functions without an operator.
fn tiny() -> String {
    format!("(module {})", "(func)".repeat(9_000))
}
