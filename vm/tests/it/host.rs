//! Tests every host function with valid arguments, and its limits.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test computes on numbers that it chose"
)]

use crate::host_script::{CALLER, CONTRACT, HostFixture, OUT_OF_GAS, block, resume_i32, trapped};
use host_api::limits::{DATA_BYTES_MAX, KEY_BYTES_MAX, VALUE_BYTES_MAX};
use host_api::{Function, TABLE};
use proptest::prelude::*;
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::unstable::gas::GasMeter;
use vm::unstable::host::{Reply, crypto};
use vm::unstable::limits::DEBUG_LOG_BYTES_MAX;
use vm::{Event, Fault, Trap};

const NOTHING: Reply = Reply::Resume(None);

#[test]
fn input_is_copied_up_to_the_capacity() {
    let mut fixture = HostFixture {
        input: b"hello".to_vec(),
        ..HostFixture::default()
    };
    assert_eq!(fixture.call(Function::Input, &[10, 3]), resume_i32(5));
    assert_eq!(&fixture.memory[9..16], b"\0hel\0\0\0");
    assert_eq!(fixture.call(Function::Input, &[10, 9]), resume_i32(5));
    assert_eq!(&fixture.memory[9..16], b"\0hello\0");
    assert_eq!(fixture.call(Function::Input, &[1024, 0]), resume_i32(5));
}

#[test]
fn return_and_revert_end_the_frame_with_data() {
    let mut fixture = HostFixture::default();
    fixture.put(4, b"out");
    let output = b"out".to_vec();
    let returned = FrameExit::Return {
        value: None,
        output: output.clone(),
    };
    assert_eq!(
        fixture.call(Function::Return, &[4, 3]),
        Reply::End(returned)
    );
    assert_eq!(
        fixture.call(Function::Revert, &[4, 3]),
        Reply::End(FrameExit::Revert { output })
    );
    fixture.memory = vec![1; 70_000];
    for function in [Function::Return, Function::Revert] {
        let longest = fixture.call(function, &[0, u64::from(DATA_BYTES_MAX)]);
        assert!(matches!(
            longest,
            Reply::End(FrameExit::Return { .. } | FrameExit::Revert { .. })
        ));
        let longer = fixture.call(function, &[0, u64::from(DATA_BYTES_MAX) + 1]);
        assert_eq!(longer, trapped(Trap::OutputLength));
    }
}

#[test]
fn storage_is_written_read_and_removed() {
    let mut fixture = HostFixture::default();
    fixture.put(0, b"key");
    fixture.put(100, b"value");
    assert_eq!(fixture.call(Function::StorageHas, &[0, 3]), resume_i32(0));
    assert_eq!(
        fixture.call(Function::StorageRead, &[0, 3, 200, 9]),
        resume_i32(-1)
    );
    assert_eq!(
        fixture.call(Function::StorageRemove, &[0, 3]),
        resume_i32(0)
    );
    assert_eq!(
        fixture.memory[200], 0,
        "an absent key leaves the buffer unchanged"
    );
    assert_eq!(
        fixture.call(Function::StorageWrite, &[0, 3, 100, 5]),
        NOTHING
    );
    assert_eq!(fixture.call(Function::StorageHas, &[0, 3]), resume_i32(1));
    assert_eq!(
        fixture.call(Function::StorageRead, &[0, 3, 200, 4]),
        resume_i32(5)
    );
    assert_eq!(&fixture.memory[199..206], b"\0valu\0\0");
    assert_eq!(
        fixture.call(Function::StorageRead, &[0, 3, 200, 9]),
        resume_i32(5)
    );
    assert_eq!(&fixture.memory[200..206], b"value\0");
    assert_eq!(fixture.call(Function::StorageWrite, &[0, 3, 0, 0]), NOTHING);
    assert_eq!(
        fixture.call(Function::StorageRead, &[0, 3, 200, 9]),
        resume_i32(0)
    );
    assert_eq!(
        fixture.call(Function::StorageRemove, &[0, 3]),
        resume_i32(1)
    );
    assert_eq!(fixture.call(Function::StorageHas, &[0, 3]), resume_i32(0));
    assert!(fixture.journal.diff().is_empty());
}

#[test]
fn key_and_value_limits_are_inclusive() {
    let mut fixture = HostFixture {
        memory: vec![7; 70_000],
        ..HostFixture::default()
    };
    let longest_key = u64::from(KEY_BYTES_MAX);
    let longest_value = u64::from(VALUE_BYTES_MAX);
    assert_eq!(
        fixture.call(Function::StorageWrite, &[0, longest_key, 0, longest_value]),
        NOTHING
    );
    let too_long = fixture.call(Function::StorageWrite, &[0, 1, 0, longest_value + 1]);
    assert_eq!(too_long, trapped(Trap::ValueLength));
    for length in [0, longest_key + 1] {
        let key_length = trapped(Trap::KeyLength);
        assert_eq!(
            fixture.call(Function::StorageWrite, &[0, length, 0, 1]),
            key_length
        );
        assert_eq!(
            fixture.call(Function::StorageRead, &[0, length, 0, 1]),
            key_length
        );
        assert_eq!(
            fixture.call(Function::StorageRemove, &[0, length]),
            key_length
        );
        assert_eq!(fixture.call(Function::StorageHas, &[0, length]), key_length);
    }
}

#[test]
fn the_first_touch_is_cold_by_any_function() {
    let touching = [
        (Function::StorageRead, vec![0, 3, 100, 0]),
        (Function::StorageWrite, vec![0, 3, 100, 0]),
        (Function::StorageRemove, vec![0, 3]),
        (Function::StorageHas, vec![0, 3]),
    ];
    for (first, first_arguments) in &touching {
        let mut fixture = HostFixture::default();
        fixture.put(0, b"key");
        let cold = fixture.rules.schedule.host(*first);
        let (_, cost) = fixture.cost(*first, first_arguments);
        assert_eq!(cost, cold.base + 3 * cold.per_byte + cold.cold, "{first:?}");
        for (second, arguments) in &touching {
            let warm = fixture.rules.schedule.host(*second);
            let (_, cost) = fixture.cost(*second, arguments);
            assert_eq!(
                cost,
                warm.base + 3 * warm.per_byte,
                "{second:?} after {first:?}"
            );
        }
    }
}

#[test]
fn each_function_charges_the_price_of_the_schedule() {
    let mut fixture = HostFixture {
        input: vec![1; 50],
        ..HostFixture::default()
    };
    fixture.commit(b"k", &[5; 40]);
    fixture.put(0, b"k");
    let price = |fixture: &HostFixture, function| fixture.rules.schedule.host(function);

    let read = price(&fixture, Function::StorageRead);
    let expected = read.base + read.per_byte + read.cold + 40 * read.per_value_byte;
    assert_eq!(
        fixture.cost(Function::StorageRead, &[0, 1, 0, 0]),
        (resume_i32(40), expected)
    );

    let write = price(&fixture, Function::StorageWrite);
    let expected = write.base + write.per_byte + 30 * write.per_value_byte;
    assert_eq!(
        fixture.cost(Function::StorageWrite, &[0, 1, 100, 30]),
        (NOTHING, expected)
    );

    let input = price(&fixture, Function::Input);
    let (_, cost) = fixture.cost(Function::Input, &[0, 1]);
    assert_eq!(
        cost,
        input.base + 50 * input.per_byte,
        "the full length, not the copied bytes"
    );

    let event = price(&fixture, Function::EmitEvent);
    let (_, cost) = fixture.cost(Function::EmitEvent, &[0, 3, 0, 10]);
    assert_eq!(cost, event.base + (3 * 32 + 10) * event.per_byte);

    let linear = [
        (Function::Sha256, vec![0, 77, 100], 77),
        (Function::Return, vec![0, 77], 77),
        (Function::Revert, vec![0, 77], 77),
        (Function::DebugLog, vec![0, 77], 77),
        (Function::Ed25519Verify, vec![0, 77, 0, 0], 77),
        (Function::Secp256k1Verify, vec![0, 0, 0], 0),
        (Function::Blake3, vec![0, 77, 100], 77),
        (Function::Ripemd160, vec![0, 77, 100], 77),
        (Function::Sha512, vec![0, 77, 100], 77),
        (Function::P256Verify, vec![0, 0, 0, 77], 77),
        (Function::BlockHeight, vec![], 0),
        (Function::BlockTime, vec![], 0),
        (Function::ChainId, vec![0], 0),
        (Function::Caller, vec![0], 0),
        (Function::SelfAddress, vec![0], 0),
        (Function::GasLeft, vec![], 0),
    ];
    for (function, arguments, bytes) in linear {
        let price = price(&fixture, function);
        let (_, cost) = fixture.cost(function, &arguments);
        assert_eq!(cost, price.base + bytes * price.per_byte, "{function:?}");
    }
}

#[test]
fn an_event_is_recorded_under_the_contract() {
    let mut fixture = HostFixture::default();
    fixture.put(0, &[1; 32]);
    fixture.put(32, &[2; 32]);
    fixture.put(64, b"data");
    assert_eq!(fixture.call(Function::EmitEvent, &[0, 2, 64, 4]), NOTHING);
    let event = Event {
        address: CONTRACT,
        topics: vec![[1; 32], [2; 32]],
        data: b"data".to_vec(),
    };
    assert_eq!(fixture.journal.events(), [event]);
}

#[test]
fn event_limits_are_inclusive() {
    let limit = trapped(Trap::EventLimit);
    let mut fixture = HostFixture {
        memory: vec![0; 70_000],
        ..HostFixture::default()
    };
    assert_eq!(fixture.call(Function::EmitEvent, &[0, 4, 0, 0]), NOTHING);
    assert_eq!(fixture.call(Function::EmitEvent, &[0, 5, 0, 0]), limit);
    let rest = 65_536 - 4 * 32;
    assert_eq!(
        fixture.call(Function::EmitEvent, &[0, 0, 0, rest + 1]),
        limit
    );
    assert_eq!(
        fixture.call(Function::EmitEvent, &[0, 1, 0, rest - 31]),
        limit
    );
    assert_eq!(
        fixture.call(Function::EmitEvent, &[0, 1, 0, rest - 32]),
        NOTHING
    );
    assert_eq!(fixture.call(Function::EmitEvent, &[0, 0, 0, 1]), limit);
    for _ in 2..64 {
        assert_eq!(fixture.call(Function::EmitEvent, &[0, 0, 0, 0]), NOTHING);
    }
    assert_eq!(
        fixture.call(Function::EmitEvent, &[0, 0, 0, 0]),
        limit,
        "the 65th"
    );
    assert_eq!(fixture.journal.events().len(), 64);
}

#[test]
fn sha256_may_overwrite_its_input() {
    let mut fixture = HostFixture::default();
    fixture.put(0, b"abc");
    assert_eq!(fixture.call(Function::Sha256, &[0, 3, 1]), NOTHING);
    assert_eq!(fixture.memory[1..33], crypto::sha256(b"abc"));
}

#[test]
fn a_read_may_overwrite_its_key() {
    let mut fixture = HostFixture::default();
    fixture.commit(b"key", b"a longer value");
    fixture.put(0, b"key");
    assert_eq!(
        fixture.call(Function::StorageRead, &[0, 3, 1, 64]),
        resume_i32(14)
    );
    assert_eq!(&fixture.memory[..15], b"ka longer value");
}

#[test]
fn block_caller_and_own_address_are_those_of_the_host() {
    let mut fixture = HostFixture::default();
    let height = Reply::Resume(Some(Value::I64(7)));
    assert_eq!(fixture.call(Function::BlockHeight, &[]), height);
    assert_eq!(
        fixture.call(Function::BlockTime, &[]),
        Reply::Resume(Some(Value::I64(-2)))
    );
    let outputs = [
        (Function::ChainId, block().chain_id),
        (Function::Caller, CALLER.0),
        (Function::SelfAddress, CONTRACT.0),
    ];
    for (function, bytes) in outputs {
        assert_eq!(fixture.call(function, &[5]), NOTHING);
        assert_eq!(fixture.memory[5..37], bytes, "{function:?}");
        assert_eq!(fixture.memory[37], 0, "{function:?}");
    }
}

#[test]
fn gas_left_has_its_own_price_deducted() {
    let mut fixture = HostFixture::default();
    let base = fixture.rules.schedule.host(Function::GasLeft).base;
    fixture.gas = GasMeter::new(base + 5);
    assert_eq!(
        fixture.call(Function::GasLeft, &[]),
        Reply::Resume(Some(Value::I64(5)))
    );
    fixture.gas = GasMeter::new(base - 1);
    assert_eq!(fixture.call(Function::GasLeft, &[]), OUT_OF_GAS);
}

#[test]
fn the_debug_log_is_kept_up_to_its_limit() {
    let mut fixture = HostFixture {
        memory: vec![b'x'; 50_000],
        ..HostFixture::default()
    };
    assert_eq!(fixture.call(Function::DebugLog, &[0, 50_000]), NOTHING);
    assert_eq!(fixture.debug_log.len(), 50_000);
    assert_eq!(fixture.call(Function::DebugLog, &[0, 50_000]), NOTHING);
    assert_eq!(
        fixture.debug_log.len(),
        usize::try_from(DEBUG_LOG_BYTES_MAX).expect("small")
    );
}

#[test]
fn every_function_returns_the_result_type_of_its_row() {
    for row in TABLE {
        let mut fixture = HostFixture {
            // The longest argument has 384 bytes.
            memory: vec![0; 512],
            ..HostFixture::default()
        };
        let arguments: Vec<u64> = row.parameters().map(|_| 1).collect();
        match fixture.call(row.function, &arguments) {
            Reply::Resume(Some(Value::I32(_))) => assert_eq!(row.result, Some(host_api::Type::I32)),
            Reply::Resume(Some(Value::I64(_))) => assert_eq!(row.result, Some(host_api::Type::I64)),
            Reply::Resume(None) => assert_eq!(row.result, None),
            Reply::Call(_) => {
                assert!(matches!(row.function, Function::Call | Function::Deploy));
                assert_eq!(row.result, Some(host_api::Type::I32), "the status");
            }
            Reply::End(exit) => {
                assert!(
                    matches!(row.function, Function::Return | Function::Revert),
                    "{exit:?}"
                );
            }
        }
    }
}

#[test]
fn an_engine_that_passes_invalid_arguments_is_a_fault() {
    for row in TABLE {
        let good: Vec<u64> = row.parameters().map(|_| 1).collect();
        let longer: Vec<u64> = good.iter().copied().chain([0]).collect();
        let mut bad = vec![longer];
        if let Some((_, shorter)) = good.split_first() {
            bad.push(shorter.to_vec());
        }
        let types: Vec<host_api::Type> = row.parameters().collect();
        for index in (0..good.len()).filter(|index| types[*index] == host_api::Type::I32) {
            let mut wide = good.clone();
            wide[index] |= 1 << 32;
            bad.push(wide);
        }
        for arguments in bad {
            let mut fixture = HostFixture::default();
            let fault = fixture.try_call(row.function, &arguments);
            assert!(
                matches!(fault, Err(Fault::Invariant(_))),
                "{} {arguments:?}",
                row.name
            );
            assert_eq!(fixture.gas.used(), 0);
        }
    }
}

#[test]
fn a_damaged_store_is_a_fault_and_never_a_result() {
    let mut fixture = HostFixture::default();
    fixture.put(0, b"k");
    fixture.world.broken = true;
    let read = fixture.try_call(Function::StorageRead, &[0, 1, 0, 0]);
    assert!(matches!(read, Err(Fault::Store(_))));
    let mut fixture = HostFixture::default();
    fixture.put(0, b"k");
    fixture.commit(b"k", &vec![0; 256 * 65_536 + 1]);
    let read = fixture.try_call(Function::StorageRead, &[0, 1, 0, 0]);
    assert!(matches!(read, Err(Fault::Store(_))));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    /// A read returns what was written, whatever the lengths, and changes no other byte.
    #[test]
    fn storage_round_trips(key in prop::collection::vec(any::<u8>(), 1..=256),
                           value in prop::collection::vec(any::<u8>(), 0..300),
                           cap in 0_u64..400) {
        let mut fixture = HostFixture { memory: vec![0xee; 1200], ..HostFixture::default() };
        fixture.put(0, &key);
        fixture.put(256, &value);
        let (key_length, length) = (key.len() as u64, value.len() as u64);
        let write = [0, key_length, 256, length];
        prop_assert_eq!(fixture.call(Function::StorageWrite, &write), NOTHING);
        let reply = fixture.call(Function::StorageRead, &[0, key_length, 600, cap]);
        prop_assert_eq!(reply, resume_i32(value.len() as i32));
        let copied = value.len().min(cap as usize);
        prop_assert_eq!(&fixture.memory[600..600 + copied], &value[..copied]);
        prop_assert!(fixture.memory[600 + copied..].iter().all(|byte| *byte == 0xee));
    }
}
