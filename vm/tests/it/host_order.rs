//! Makes host calls that fail several checks at once, and expects the first of the specified order.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use crate::host_script::{CONTRACT, HostFixture, OUT_OF_GAS, PLENTY, trapped};
use host_api::{Argument, Function, Row, Static, TABLE};
use vm::unstable::gas::GasMeter;
use vm::unstable::host::Reply;
use vm::unstable::state::Account;
use vm::{Trap, key};

const MEMORY: usize = 200_000;
/// First address out of bounds.
const OUTSIDE: u64 = 200_000;
/// Address of the keys and values of the tests.
const KEY: u64 = 0;

/// Checks that a host call can fail, in the specified order.
///
/// Specification: docs/spec/host.md, "Order of every call".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HostCallFailure {
    Lengths,
    Range(usize),
    Flag,
    Static,
    Key,
    Value,
    Events,
    Output,
    Items,
    Cold,
    Second,
}

/// The checks that calls of a row can fail, in order, derived from the table.
fn possible_failures(row: &Row) -> Vec<HostCallFailure> {
    let mut order = vec![HostCallFailure::Lengths];
    let ranges = row.arguments.iter().enumerate();
    let ranges = ranges.filter(|(_, argument)| !matches!(argument, Argument::Number(..)));
    order.extend(ranges.map(|(index, _)| HostCallFailure::Range(index)));
    let codes: [(u16, HostCallFailure); 7] = [
        (70, HostCallFailure::Flag),
        (68, HostCallFailure::Static),
        (65, HostCallFailure::Key),
        (66, HostCallFailure::Value),
        (67, HostCallFailure::Events),
        (69, HostCallFailure::Output),
        (71, HostCallFailure::Items),
    ];
    let content = codes.iter().filter(|(code, _)| row.traps.contains(code));
    order.extend(content.map(|(_, failure)| *failure));
    // The frame loop charges what a call or a deployment costs beyond the price of its lengths.
    if matches!(row.function, Function::Call | Function::Deploy) {
        return order;
    }
    if row.touches {
        order.push(HostCallFailure::Cold);
    }
    if !row.second_price.is_empty() {
        order.push(HostCallFailure::Second);
    }
    order
}

fn expected(failure: HostCallFailure) -> Reply {
    match failure {
        HostCallFailure::Lengths | HostCallFailure::Cold | HostCallFailure::Second => OUT_OF_GAS,
        HostCallFailure::Range(_) => trapped(Trap::MemoryRange),
        HostCallFailure::Flag => trapped(Trap::UnknownFlag),
        HostCallFailure::Static => trapped(Trap::StaticViolation),
        HostCallFailure::Key => trapped(Trap::KeyLength),
        HostCallFailure::Value => trapped(Trap::ValueLength),
        HostCallFailure::Events => trapped(Trap::EventLimit),
        HostCallFailure::Output => trapped(Trap::OutputLength),
        HostCallFailure::Items => trapped(Trap::ItemLimit),
    }
}

/// Arguments of a call of `row` that fails `failures`, and its priced bytes (data, value).
fn arguments(row: &Row, failures: &[HostCallFailure]) -> (Vec<u64>, u64, u64) {
    let (mut slots, mut data, mut value) = (Vec::new(), 0, 0);
    for (index, argument) in row.arguments.iter().enumerate() {
        if let Argument::Number(name, _) = *argument {
            let unknown = name == "flags" && failures.contains(&HostCallFailure::Flag);
            slots.push(if unknown { 4 } else { 1 });
            continue;
        }
        let outside = failures.contains(&HostCallFailure::Range(index));
        slots.push(if outside { OUTSIDE } else { KEY });
        match *argument {
            Argument::Bytes("value") => {
                value = if failures.contains(&HostCallFailure::Value) {
                    65_537
                } else {
                    5
                };
                slots.push(value);
            }
            Argument::Bytes(name) => {
                let length = match name {
                    "key" | "start" | "end" if failures.contains(&HostCallFailure::Key) => 257,
                    // Above a start of the same bytes.
                    "end" => 4,
                    _ if failures.contains(&HostCallFailure::Output) => 65_537,
                    _ => 3,
                };
                data += length;
                slots.push(length);
            }
            Argument::Items(_, size) => {
                let count = if failures.contains(&HostCallFailure::Events) {
                    5
                } else if failures.contains(&HostCallFailure::Items) {
                    129
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

fn check(fixture: &mut HostFixture, row: &Row, failures: &[HostCallFailure]) {
    let (slots, data, value) = arguments(row, failures);
    let price = fixture.rules.schedule.host(row.function);
    let lengths = price.base + data * price.per_byte + value * price.per_value_byte;
    let per_entry = fixture.rules.schedule.dynamic().storage_scan_per_entry;
    let second = match row.function {
        Function::Input | Function::Returned => 50 * price.per_byte,
        Function::StorageScan => per_entry + 3 * price.per_byte + 40 * price.per_value_byte,
        _ => 40 * price.per_value_byte,
    };
    let limit = if failures.contains(&HostCallFailure::Lengths) {
        lengths - 1
    } else if failures.contains(&HostCallFailure::Cold) {
        lengths + price.cold - 1
    } else if failures.contains(&HostCallFailure::Second) {
        lengths + price.cold + second - 1
    } else {
        PLENTY
    };
    fixture.gas = GasMeter::new(limit);
    fixture.is_static = failures.contains(&HostCallFailure::Static);
    fixture.journal = vm::unstable::state::Journal::default();
    let before = fixture.memory.clone();
    let reply = fixture.call(row.function, &slots);
    assert_eq!(reply, expected(failures[0]), "{} {failures:?}", row.name);
    match expected(failures[0]) {
        OUT_OF_GAS => assert_eq!(fixture.gas.remaining(), 0, "{} {failures:?}", row.name),
        _ => assert_eq!(fixture.gas.used(), lengths, "{} {failures:?}", row.name),
    }
    assert_eq!(fixture.memory, before, "{} {failures:?}", row.name);
    assert!(fixture.journal.diff().is_empty() && fixture.journal.events().is_empty());
    assert_eq!(fixture.debug_log, b"");
}

/// A contract with the largest balance, one value, an input and returned data.
fn fixture_with(memory: usize) -> HostFixture {
    let mut fixture = HostFixture {
        memory: vec![b'k'; memory],
        input: vec![1; 50],
        returned: vec![2; 50],
        ..HostFixture::default()
    };
    fixture.commit(b"kkk", &[2; 40]);
    let account = Account {
        balance: u128::MAX,
        ..Account::default()
    };
    let value = account.encode().expect("not the default");
    fixture.world.values.insert(key::account(&CONTRACT), value);
    fixture
}

#[test]
fn the_first_failed_check_decides() {
    let mut fixture = fixture_with(MEMORY);
    for row in TABLE {
        let order = possible_failures(row);
        for subset in 1_u32..(1 << order.len()) {
            let chosen = |index: &usize| subset >> index & 1 == 1;
            let indices = (0..order.len()).filter(chosen);
            let failures: Vec<HostCallFailure> = indices.map(|index| order[index]).collect();
            check(&mut fixture, row, &failures);
        }
    }
}

#[test]
fn the_table_lists_the_traps_in_the_order_of_the_checks() {
    let rank = |code: &u16| {
        [64, 70, 68, 65, 66, 67, 69, 71]
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
fn a_price_that_cannot_be_paid_ends_the_frame_without_effects() {
    for row in TABLE {
        let fixture = || fixture_with(1024);
        let (slots, ..) = arguments(row, &[]);
        let total = fixture().cost(row.function, &slots).1;
        let steps = (0..64).map(|part| total / 64 * part).chain([total - 1]);
        for limit in steps {
            let mut fixture = fixture();
            fixture.gas = GasMeter::new(limit);
            assert_eq!(
                fixture.call(row.function, &slots),
                OUT_OF_GAS,
                "{} {limit}",
                row.name
            );
            assert_eq!(fixture.gas.remaining(), 0);
            assert_eq!(fixture.memory, vec![b'k'; 1024], "{} {limit}", row.name);
            assert!(fixture.journal.diff().is_empty() && fixture.journal.events().is_empty());
            assert_eq!(fixture.debug_log, b"");
        }
        let mut fixture = fixture();
        fixture.gas = GasMeter::new(total);
        assert_ne!(
            fixture.call(row.function, &slots),
            OUT_OF_GAS,
            "{}",
            row.name
        );
        assert_eq!(fixture.gas.remaining(), 0, "{}", row.name);
    }
}
