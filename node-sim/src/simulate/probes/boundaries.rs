//! Probes of every host function at the edges of memory and of its limits.

use super::calls::{Asked, call};
use super::script::{MEMORY_BYTES, Script, Slot};
use super::{DRIVER, Probe, Site};
use host_api::{Argument, Function, Row, Static};
use vm::unstable::module;

/// Limits, beside first entries, of frames that reach a host call and cannot pay for it: the more
/// arguments the call has, the more the driver does before.
const GAS_SCARCE: [u64; 4] = [2_500, 3_100, 3_900, 5_400];
/// Gas of the longest lists of points.
const GAS_LISTS: u64 = 2_500_000_000;

pub(super) fn probes(site: &Site) -> Vec<Probe> {
    let with_traps = host_api::TABLE.iter().filter(|row| row.traps.contains(&64));
    let mut probes: Vec<Probe> = with_traps
        .map(|row| {
            let script = Script::default().host(row.function, outside(row));
            site.script(&format!("{} behind memory", row.name), 0, &script)
        })
        .collect();
    probes.extend(
        over()
            .into_iter()
            .map(|(name, script)| site.script(name, 0, &script)),
    );
    probes.extend(
        at().into_iter()
            .map(|(name, script)| site.script(name, 0, &script)),
    );
    probes.push(site.script("every range at the end of memory", 2, &edges()));
    let lists = site.script("the longest lists of points", 0, &lists());
    probes.push(lists.with_gas(GAS_LISTS));
    probes.extend(statics(site));
    probes.push(unaffordable(site));
    probes
}

/// Arguments whose first range ends one byte behind memory.
fn outside(row: &Row) -> Vec<Slot> {
    let mut is_first = true;
    ranges(row, |bytes| {
        let end = if core::mem::take(&mut is_first) { 1 } else { 0 };
        MEMORY_BYTES.saturating_add(end).saturating_sub(bytes)
    })
}

/// Arguments whose ranges all end with memory.
fn inside(row: &Row) -> Vec<Slot> {
    ranges(row, |bytes| MEMORY_BYTES.saturating_sub(bytes))
}

fn ranges(row: &Row, mut pointer: impl FnMut(u64) -> u64) -> Vec<Slot> {
    let mut slots = Vec::new();
    for argument in row.arguments {
        match *argument {
            Argument::Bytes(_) | Argument::Buffer => {
                slots.extend([Slot::Number(pointer(1)), Slot::Number(1)]);
            }
            Argument::Items(_, size) => {
                slots.extend([Slot::Number(pointer(u64::from(size))), Slot::Number(1)]);
            }
            Argument::Fixed(_, size) | Argument::Output(size) => {
                slots.push(Slot::Number(pointer(u64::from(size))));
            }
            Argument::Number(..) => slots.push(Slot::Number(0)),
        }
    }
    slots
}

/// Every function with ranges that end with memory; the last call ends the frame.
fn edges() -> Script {
    let ends = [Function::Return, Function::Revert];
    let rows = host_api::TABLE
        .iter()
        .filter(|row| !ends.contains(&row.function));
    let script = rows.fold(Script::default(), |script, row| {
        script.host(row.function, inside(row))
    });
    let revert = vec![
        Slot::Number(MEMORY_BYTES.saturating_sub(1)),
        Slot::Number(1),
    ];
    script.host(Function::Revert, revert)
}

fn one(function: Function, slots: Vec<Slot>) -> Script {
    Script::default().host(function, slots)
}

/// A range of so many bytes that need not be in the input.
fn zeros(bytes: u64) -> [Slot; 2] {
    [Slot::Number(0), Slot::Number(bytes)]
}

fn key(bytes: usize) -> Slot {
    Slot::Bytes(vec![b'k'; bytes])
}

fn write(key: Slot, value: u64) -> Script {
    let [pointer, length] = zeros(value);
    one(Function::StorageWrite, vec![key, pointer, length])
}

fn scan(start: usize, end: usize) -> Script {
    let limit = Slot::Number(4);
    one(
        Function::StorageScan,
        vec![key(start), key(end), limit, Slot::Buffer(512)],
    )
}

/// An event with so many topics, and data of so many bytes.
fn event(topics: u64, data: u64) -> Script {
    let [pointer, length] = zeros(data);
    let slots = vec![Slot::Number(0), Slot::Number(topics), pointer, length];
    one(Function::EmitEvent, slots)
}

fn events(count: usize) -> Script {
    (0..count).fold(Script::default(), |script, _| script.then(event(0, 1)))
}

/// Items of zeros behind the input, which are points at infinity.
fn items(function: Function, count: u64) -> Script {
    let mut slots = vec![Slot::Number(70_000), Slot::Number(count)];
    match function {
        Function::Bls12381G1Msm => slots.push(Slot::Room(128)),
        Function::Bls12381G2Msm => slots.push(Slot::Room(256)),
        _ => {}
    }
    one(function, slots)
}

fn ask(flags: u64, input: u64) -> Script {
    let [pointer, length] = zeros(input);
    let entry = Slot::Bytes(b"run".to_vec());
    let slots = vec![
        Slot::Number(flags),
        Slot::Fixed(vec![9; 32]),
        entry,
        pointer,
        length,
        Slot::Fixed(vec![0; 16]),
        Slot::Number(0),
    ];
    one(Function::Call, slots)
}

fn create(input: u64) -> Script {
    let [pointer, length] = zeros(input);
    let entry = Slot::Bytes(b"run".to_vec());
    let slots = vec![
        Slot::Fixed(vec![9; 32]),
        Slot::Fixed(vec![9; 32]),
        entry,
        pointer,
        length,
        Slot::Fixed(vec![0; 16]),
        Slot::Number(0),
        Slot::Room(32),
    ];
    one(Function::Deploy, slots)
}

/// One above a limit, or below it: each traps.
fn over() -> Vec<(&'static str, Script)> {
    use Function::{Bls12381G1Msm, Bls12381G2Msm, Bls12381PairingCheck, Bn254PairingCheck};
    let read = |bytes| one(Function::StorageRead, vec![key(bytes), Slot::Buffer(8)]);
    let remove = |bytes| one(Function::StorageRemove, vec![key(bytes)]);
    let has = |bytes| one(Function::StorageHas, vec![key(bytes)]);
    vec![
        ("reads no key", read(0)),
        ("reads a long key", read(257)),
        ("writes no key", write(key(0), 1)),
        ("writes a long key", write(key(257), 1)),
        ("writes a long value", write(key(1), 65_537)),
        ("removes no key", remove(0)),
        ("removes a long key", remove(257)),
        ("has no key", has(0)),
        ("has a long key", has(257)),
        ("scans from a long key", scan(257, 0)),
        ("scans to a long key", scan(0, 257)),
        ("emits five topics", event(5, 0)),
        ("emits 65 events", events(65)),
        ("emits a byte too many", event(4, 65_409)),
        (
            "returns too much",
            one(Function::Return, zeros(65_537).into()),
        ),
        (
            "reverts with too much",
            one(Function::Revert, zeros(65_537).into()),
        ),
        ("calls with too much", ask(0, 65_537)),
        ("calls with an unknown flag", ask(4, 0)),
        ("deploys with too much", create(65_537)),
        ("adds 129 multiples, G1", items(Bls12381G1Msm, 129)),
        ("adds 129 multiples, G2", items(Bls12381G2Msm, 129)),
        ("pairs 33 times, BLS12-381", items(Bls12381PairingCheck, 33)),
        ("pairs 33 times, BN254", items(Bn254PairingCheck, 33)),
    ]
}

/// The longest lists of points.
fn lists() -> Script {
    items(Function::Bls12381G1Msm, 128)
        .then(items(Function::Bls12381G2Msm, 128))
        .then(items(Function::Bls12381PairingCheck, 32))
        .then(items(Function::Bn254PairingCheck, 32))
}

/// Exactly at a limit: none traps.
fn at() -> Vec<(&'static str, Script)> {
    let read = one(Function::StorageRead, vec![key(256), Slot::Buffer(8)]);
    let has = one(Function::StorageHas, vec![key(256)]);
    let remove = one(Function::StorageRemove, vec![key(256)]);
    let keys = read
        .then(write(key(256), 1))
        .then(has)
        .then(remove)
        .then(write(key(1), 65_536))
        .then(scan(256, 256))
        .then(scan(0, 0));
    vec![
        ("keys and a value of the greatest length", keys),
        ("64 events", events(64)),
        ("as many bytes of events as fit", event(4, 65_408)),
        (
            "returns the end of memory",
            Script::default().output(MEMORY_BYTES.saturating_sub(16), 16),
        ),
        (
            "returns as much as fits",
            Script::default().output(0, 65_536),
        ),
        (
            "reverts with as much as fits",
            one(Function::Revert, zeros(65_536).into()),
        ),
        (
            "calls with as much as fits",
            ask(3, 65_536).then(create(65_536)),
        ),
    ]
}

/// All functions in a static frame: those that may be called at once, each other one alone.
fn statics(site: &Site) -> [Probe; 2] {
    let ends = [Function::Return, Function::Revert];
    let rows = || host_api::TABLE.iter();
    let allowed = rows()
        .filter(|row| row.in_static_frame() != Static::Traps && !ends.contains(&row.function))
        .fold(Script::default(), |script, row| {
            script.host(row.function, inside(row))
        });
    let inner = |script: &Script| Asked::of(site, 1, script).with_flags(2);
    let with = |script: &Script| one(Function::Call, call(&inner(script)));
    let reverted = allowed.clone().host(Function::Revert, zeros(1).into());
    let reads = with(&allowed).then(with(&reverted));
    let refused = rows()
        .filter(|row| row.in_static_frame() == Static::Traps)
        .fold(Script::default(), |outer, row| {
            outer.then(with(&one(row.function, inside(row))))
        });
    let paying = Asked::of(site, 2, &Script::default()).paying(1);
    let paying = with(&one(Function::Call, call(&paying)));
    // A frame below a static one is static too, without the flag.
    let deeper = |script: &Script| one(Function::Call, call(&Asked::of(site, 2, script)));
    let write = write(key(1), 1);
    let inherited = with(&deeper(&write)).then(with(&deeper(&allowed)));
    [
        site.script("reads in static frames", 0, &reads),
        site.script(
            "changes in static frames",
            0,
            &refused.then(paying).then(inherited),
        ),
    ]
}

/// Each function with too little gas for its first price, in frames of their own.
fn unaffordable(site: &Site) -> Probe {
    let entries = first_entries();
    let rows = host_api::TABLE.iter().zip(entries);
    let script = rows.fold(Script::default(), |script, (row, entered)| {
        let alone = one(row.function, inside(row));
        GAS_SCARCE.into_iter().fold(script, |script, gas| {
            let asked = Asked::of(site, 1, &alone).with_gas(gas.saturating_add(entered));
            script.then(one(Function::Call, call(&asked)))
        })
    });
    site.script("too little gas for every function", 0, &script)
}

/// For each host function what the first entries of the driver's functions cost before its call.
fn first_entries() -> Vec<u64> {
    let rules = node::rules::version_1();
    let module = vm::check(DRIVER.bytes, &rules).ok();
    let price = |function: Option<&module::Function>| {
        function.map_or(0, |one| {
            rules.schedule.first_entry(one.operators, one.targets)
        })
    };
    let defined = module.as_ref().map(|module| module.functions());
    let at = |index: usize| price(defined.and_then(|all| all.get(index)));
    let run = module.as_ref().and_then(|module| {
        let index = module.exported_function("run")?;
        module.function(index)
    });
    // The first two read an argument; then each host function has one that calls it.
    let arguments = at(0).saturating_add(at(1));
    let rows = host_api::TABLE.iter().zip(2..);
    rows.map(|(row, index)| {
        let read = if row.arguments.is_empty() {
            0
        } else {
            arguments
        };
        price(run).saturating_add(at(index)).saturating_add(read)
    })
    .collect()
}
