//! Breaks several conditions of a host call at once and expects the first in the spec's order.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use crate::host_script::{CONTRACT, OUT_OF_GAS, PLENTY, Stage, trapped};
use host_api::{Argument, Function, Row, Static, TABLE};
use vm::unstable::gas::GasMeter;
use vm::unstable::host::Reply;
use vm::unstable::state::Account;
use vm::{Trap, key};

const MEMORY: usize = 200_000;
/// First address outside.
const OUTSIDE: u64 = 200_000;
/// Where the key and the value of the tests lie.
const KEY: u64 = 0;

/// A condition that a call can fail, in the order of docs/spec/host.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    Lengths,
    Range(usize),
    Flag,
    Static,
    Key,
    Value,
    Events,
    Output,
    Cold,
    Second,
}

/// What a row can fail, in order: derived from the table, so that a new row cannot be forgotten.
fn conditions(row: &Row) -> Vec<Break> {
    let mut order = vec![Break::Lengths];
    let ranges = row.arguments.iter().enumerate();
    let ranges = ranges.filter(|(_, argument)| !matches!(argument, Argument::Number(..)));
    order.extend(ranges.map(|(place, _)| Break::Range(place)));
    let codes: [(u16, Break); 6] = [
        (70, Break::Flag),
        (68, Break::Static),
        (65, Break::Key),
        (66, Break::Value),
        (67, Break::Events),
        (69, Break::Output),
    ];
    let content = codes.iter().filter(|(code, _)| row.traps.contains(code));
    order.extend(content.map(|(_, condition)| *condition));
    // The frame loop charges what a call or a deployment costs beyond its lengths.
    if matches!(row.function, Function::Call | Function::Deploy) {
        return order;
    }
    if row.touches {
        order.push(Break::Cold);
    }
    if !row.second_price.is_empty() {
        order.push(Break::Second);
    }
    order
}

fn expected(condition: Break) -> Reply {
    match condition {
        Break::Lengths | Break::Cold | Break::Second => OUT_OF_GAS,
        Break::Range(_) => trapped(Trap::MemoryRange),
        Break::Flag => trapped(Trap::UnknownFlag),
        Break::Static => trapped(Trap::StaticViolation),
        Break::Key => trapped(Trap::KeyLength),
        Break::Value => trapped(Trap::ValueLength),
        Break::Events => trapped(Trap::EventLimit),
        Break::Output => trapped(Trap::OutputLength),
    }
}

/// Slots of a call of `row` that fails what is in `broken`, and its priced bytes (data, value).
fn arguments(row: &Row, broken: &[Break]) -> (Vec<u64>, u64, u64) {
    let (mut slots, mut data, mut value) = (Vec::new(), 0, 0);
    for (place, argument) in row.arguments.iter().enumerate() {
        if let Argument::Number(name, _) = *argument {
            let unknown = name == "flags" && broken.contains(&Break::Flag);
            slots.push(if unknown { 4 } else { 1 });
            continue;
        }
        let outside = broken.contains(&Break::Range(place));
        slots.push(if outside { OUTSIDE } else { KEY });
        match *argument {
            Argument::Bytes("value") => {
                value = if broken.contains(&Break::Value) {
                    65_537
                } else {
                    5
                };
                slots.push(value);
            }
            Argument::Bytes(name) => {
                let length = match name {
                    "key" | "start" | "end" if broken.contains(&Break::Key) => 257,
                    // Above a start of the same bytes.
                    "end" => 4,
                    _ if broken.contains(&Break::Output) => 65_537,
                    _ => 3,
                };
                data += length;
                slots.push(length);
            }
            Argument::Items(_, size) => {
                let count = if broken.contains(&Break::Events) {
                    5
                } else {
                    1
                };
                data += count * u64::from(size);
                slots.push(count);
            }
            Argument::Buffer => slots.push(9),
            Argument::Fixed(..) | Argument::Output(_) | Argument::Number(..) => {}
        }
    }
    (slots, data, value)
}

fn check(stage: &mut Stage, row: &Row, broken: &[Break]) {
    let (slots, data, value) = arguments(row, broken);
    let price = stage.rules.schedule.host(row.function);
    let lengths = price.base + data * price.per_byte + value * price.per_value_byte;
    let per_entry = stage.rules.schedule.dynamic().storage_scan_per_entry;
    let second = match row.function {
        Function::Input | Function::Returned => 50 * price.per_byte,
        Function::StorageScan => per_entry + 3 * price.per_byte + 40 * price.per_value_byte,
        _ => 40 * price.per_value_byte,
    };
    let limit = if broken.contains(&Break::Lengths) {
        lengths - 1
    } else if broken.contains(&Break::Cold) {
        lengths + price.cold - 1
    } else if broken.contains(&Break::Second) {
        lengths + price.cold + second - 1
    } else {
        PLENTY
    };
    stage.gas = GasMeter::new(limit);
    stage.is_static = broken.contains(&Break::Static);
    stage.journal = vm::unstable::state::Journal::default();
    let before = stage.memory.clone();
    let reply = stage.call(row.function, &slots);
    assert_eq!(reply, expected(broken[0]), "{} {broken:?}", row.name);
    match expected(broken[0]) {
        OUT_OF_GAS => assert_eq!(stage.gas.remaining(), 0, "{} {broken:?}", row.name),
        _ => assert_eq!(stage.gas.used(), lengths, "{} {broken:?}", row.name),
    }
    assert_eq!(stage.memory, before, "{} {broken:?}", row.name);
    assert!(stage.journal.diff().is_empty() && stage.journal.events().is_empty());
    assert_eq!(stage.debug_log, b"");
}

/// A contract that is rich, has one value, an input and returned data.
fn stage_with(memory: usize) -> Stage {
    let mut stage = Stage {
        memory: vec![b'k'; memory],
        input: vec![1; 50],
        returned: vec![2; 50],
        ..Stage::default()
    };
    stage.commit(b"kkk", &[2; 40]);
    let account = Account {
        balance: u128::MAX,
        ..Account::default()
    };
    let value = account.encode().expect("not the default");
    stage.world.values.insert(key::account(&CONTRACT), value);
    stage
}

#[test]
fn the_first_broken_condition_decides() {
    let mut stage = stage_with(MEMORY);
    for row in TABLE {
        let order = conditions(row);
        for subset in 1_u32..(1 << order.len()) {
            let chosen = |place: &usize| subset >> place & 1 == 1;
            let places = (0..order.len()).filter(chosen);
            let broken: Vec<Break> = places.map(|place| order[place]).collect();
            check(&mut stage, row, &broken);
        }
    }
}

#[test]
fn the_table_lists_the_traps_in_the_order_of_the_stages() {
    let rank = |code: &u16| {
        [64, 70, 68, 65, 66, 67, 69]
            .iter()
            .position(|known| known == code)
    };
    for row in TABLE {
        let ranks: Vec<_> = row.traps.iter().map(rank).collect();
        assert!(ranks.iter().all(Option::is_some), "{}", row.name);
        assert!(ranks.is_sorted(), "{}", row.name);
        let violates = row.in_static_frame() != Static::Allowed;
        assert_eq!(violates, row.traps.contains(&68), "{}", row.name);
        assert!(!row.mutates || violates, "{}", row.name);
    }
}

#[test]
fn a_price_that_is_short_ends_the_frame_without_a_trace() {
    for row in TABLE {
        let stage = || stage_with(1024);
        let (slots, ..) = arguments(row, &[]);
        let total = stage().cost(row.function, &slots).1;
        let steps = (0..64).map(|part| total / 64 * part).chain([total - 1]);
        for limit in steps {
            let mut stage = stage();
            stage.gas = GasMeter::new(limit);
            assert_eq!(
                stage.call(row.function, &slots),
                OUT_OF_GAS,
                "{} {limit}",
                row.name
            );
            assert_eq!(stage.gas.remaining(), 0);
            assert_eq!(stage.memory, vec![b'k'; 1024], "{} {limit}", row.name);
            assert!(stage.journal.diff().is_empty() && stage.journal.events().is_empty());
            assert_eq!(stage.debug_log, b"");
        }
        let mut stage = stage();
        stage.gas = GasMeter::new(total);
        assert_ne!(stage.call(row.function, &slots), OUT_OF_GAS, "{}", row.name);
        assert_eq!(stage.gas.remaining(), 0, "{}", row.name);
    }
}
