//! Tests messages with scripted guests: statuses, value, deployment, rollback, gas.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test computes on numbers that it chose"
)]

use crate::host_script::{
    CALLER, CONTRACT, GuestAction, HostFixture, PLENTY, ScriptedEngine, TX_HASH, World, block,
};
use host_api::{Function, status};
use std::sync::Arc;
use vm::unstable::execution::{Invocation, Stop, Value};
use vm::unstable::frames::{FrameExit, contract_address, frame_price, run};
use vm::unstable::gas::GasMeter;
use vm::unstable::host::{Host, crypto};
use vm::unstable::limits::GAS_LIMIT_MAX;
use vm::unstable::state::Account;
use vm::{
    Address, CheckedModule, Environment, Event, Execution, Exit, Fault, Gas, Message, Outcome,
    Rules, Target, Trap, execute, key,
};

fn module(text: &str) -> Arc<CheckedModule> {
    let bytes = wat::parse_str(text).expect("valid text");
    Arc::new(vm::check(&bytes, &Rules::v1()).expect("accepted"))
}

fn plain_module() -> Arc<CheckedModule> {
    module(r#"(module (memory 1) (func (export "main")))"#)
}

fn account(balance: u128) -> Account {
    Account {
        balance,
        ..Account::default()
    }
}

/// A state in which CONTRACT has code and CALLER has 100.
fn world() -> World {
    let module = plain_module();
    let mut world = World::default();
    let contract = Account {
        code_hash: Some(*module.code_hash()),
        ..Account::default()
    };
    set(&mut world, CONTRACT, &contract);
    set(&mut world, CALLER, &account(100));
    world.codes.insert(*module.code_hash(), module);
    world
}

fn set(world: &mut World, address: Address, account: &Account) {
    let value = account.encode().expect("not the default");
    world.values.insert(key::account(&address), value);
}

fn call(value: u128) -> Message {
    Message {
        tx_hash: TX_HASH,
        caller: CALLER,
        target: Target::Call { contract: CONTRACT },
        entry: "main".to_owned(),
        input: Vec::new(),
        value,
    }
}

fn deploy(value: u128) -> Message {
    let code_hash = *plain_module().code_hash();
    Message {
        target: Target::Deploy {
            code_hash,
            salt: [5; 32],
        },
        ..call(value)
    }
}

fn deployed() -> Address {
    contract_address(&CALLER, plain_module().code_hash(), &[5; 32])
}

fn try_execute(
    world: &World,
    engine: &ScriptedEngine,
    message: &Message,
    limit: u64,
) -> Result<Outcome, Fault> {
    let rules = Arc::new(Rules::v1());
    let block = block();
    let environment = Environment::new(engine, &rules, world, &block)?;
    execute(&environment, message, Gas(limit))
}

fn outcome(world: &World, engine: &ScriptedEngine, message: &Message, limit: u64) -> Outcome {
    try_execute(world, engine, message, limit).expect("no fault")
}

fn price() -> u64 {
    frame_price(&plain_module(), &Rules::v1())
}

fn revert(code: u16) -> Exit {
    Exit::Revert {
        code,
        output: Vec::new(),
    }
}

/// Writes `v` under `k` and emits an event.
fn effects() -> Vec<GuestAction> {
    vec![
        GuestAction::Store(0, b"kv".to_vec()),
        GuestAction::Call(Function::StorageWrite, vec![0, 1, 1, 1]),
        GuestAction::Call(Function::EmitEvent, vec![0, 0, 0, 2]),
        GuestAction::Call(Function::DebugLog, vec![0, 1]),
    ]
}

#[test]
fn a_called_contract_reads_its_caller_and_the_value_of_the_message() {
    let engine = ScriptedEngine::new([
        GuestAction::Call(Function::Caller, vec![0]),
        GuestAction::Call(Function::Value, vec![32]),
        GuestAction::Call(Function::Return, vec![0, 48]),
    ]);
    let outcome = outcome(&world(), &engine, &call(30), PLENTY);
    let Exit::Return { output, .. } = outcome.exit else {
        panic!("{:?}", outcome.exit);
    };
    assert_eq!(output, [&CALLER.0[..], &30_u128.to_le_bytes()].concat());
}

#[test]
fn a_return_yields_output_events_and_the_net_diff() {
    let mut actions = effects();
    actions.push(GuestAction::Call(Function::Return, vec![0, 2]));
    let engine = ScriptedEngine::new(actions);
    let outcome = outcome(&world(), &engine, &call(30), PLENTY);
    let Exit::Return {
        output,
        events,
        diff,
    } = outcome.exit
    else {
        panic!("{:?}", outcome.exit);
    };
    assert_eq!(output, b"kv");
    let event = Event {
        address: CONTRACT,
        topics: Vec::new(),
        data: b"kv".to_vec(),
    };
    assert_eq!(events, [event]);
    let mut after = world();
    after.apply(&diff);
    let mut expected = world();
    expected
        .values
        .insert(key::value(&CONTRACT, b"k"), b"v".to_vec());
    set(&mut expected, CALLER, &account(70));
    let contract = Account {
        code_hash: Some(*plain_module().code_hash()),
        ..account(30)
    };
    set(&mut expected, CONTRACT, &contract);
    assert_eq!(after.values, expected.values);
    assert_eq!(outcome.diagnosis.debug_log, b"k");
    assert_eq!(
        *engine.started.lock().expect("not poisoned"),
        [(0, PLENTY - price())]
    );
    assert_eq!(outcome.access.writes.len(), 3);
}

#[test]
fn falling_off_the_end_returns_nothing() {
    let outcome = outcome(&world(), &ScriptedEngine::default(), &call(0), PLENTY);
    let nothing = Exit::Return {
        output: Vec::new(),
        events: Vec::new(),
        diff: Default::default(),
    };
    assert_eq!(outcome.exit, nothing);
    assert_eq!(outcome.gas_used, Gas(price()));
}

#[test]
fn revert_trap_and_out_of_gas_discard_everything() {
    let world = world();
    let failures = [
        (
            GuestAction::Call(Function::Revert, vec![0, 2]),
            Exit::Revert {
                code: status::REVERT,
                output: b"kv".to_vec(),
            },
        ),
        (
            GuestAction::Stop(Stop::Trap(Trap::Unreachable)),
            Exit::Trap(Trap::Unreachable),
        ),
        (
            GuestAction::Call(Function::Return, vec![4096, 1]),
            Exit::Trap(Trap::MemoryRange),
        ),
        (GuestAction::Burn(PLENTY), Exit::OutOfGas),
        (GuestAction::Stop(Stop::OutOfGas), Exit::OutOfGas),
    ];
    for (action, exit) in failures {
        let mut actions = effects();
        actions.push(action);
        let engine = ScriptedEngine::new(actions);
        for message in [call(30), deploy(30)] {
            let outcome = outcome(&world, &engine, &message, PLENTY);
            assert_eq!(outcome.exit, exit);
            assert_eq!(outcome.gas_used == Gas(PLENTY), exit == Exit::OutOfGas);
            assert_eq!(
                outcome.access.writes.len(),
                3,
                "reverted writes are still recorded"
            );
            assert_eq!(outcome.diagnosis.debug_log, b"k");
            let trapped = matches!(exit, Exit::Trap(_));
            assert_eq!(outcome.diagnosis.offset, trapped.then_some(99));
        }
    }
}

#[test]
fn gas_used_is_frame_price_operators_and_host_calls() {
    let engine = ScriptedEngine::new([
        GuestAction::Burn(123),
        GuestAction::Call(Function::GasLeft, vec![]),
        GuestAction::Burn(7),
    ]);
    let rules = Rules::v1();
    let used = price() + 123 + rules.schedule.host(Function::GasLeft).base + 7;
    let enough = outcome(&world(), &engine, &call(0), used);
    assert_eq!(enough.gas_used, Gas(used));
    assert!(matches!(enough.exit, Exit::Return { .. }));
    assert_eq!(
        *engine.results.lock().expect("not poisoned"),
        [Some(Value::I64(7))]
    );
    for limit in [0, 1, price() - 1, price(), price() + 123, used - 1] {
        let short = outcome(&world(), &engine, &call(0), limit);
        assert_eq!((short.exit, short.gas_used), (Exit::OutOfGas, Gas(limit)));
    }
    let cut = outcome(
        &world(),
        &ScriptedEngine::new([GuestAction::Burn(u64::MAX)]),
        &call(0),
        u64::MAX,
    );
    assert_eq!(
        (cut.exit, cut.gas_used),
        (Exit::OutOfGas, Gas(GAS_LIMIT_MAX))
    );
}

/// Conditions that end a message before its frame, in the specified order.
///
/// Specification: docs/spec/frames.md, "Before the frame".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageFailure {
    Input,
    Balance,
    Taken,
    NoCode,
    Gas,
    NoEntry,
}

/// A message that meets the conditions `failures`, its state and its gas limit.
fn failing_message(base: Message, failures: &[MessageFailure]) -> (World, Message, u64) {
    let (mut world, mut message, mut limit) = (world(), base, PLENTY);
    for condition in failures {
        match condition {
            MessageFailure::Input => message.input = vec![0; 65_537],
            MessageFailure::Balance => message.value = 101,
            MessageFailure::Taken => {
                let code_hash = Some(*plain_module().code_hash());
                set(
                    &mut world,
                    deployed(),
                    &Account {
                        code_hash,
                        ..Account::default()
                    },
                );
            }
            MessageFailure::NoCode => match message.target {
                Target::Call { .. } => set(&mut world, CONTRACT, &account(1)),
                Target::Deploy { .. } => world.codes.clear(),
            },
            MessageFailure::Gas => limit = price() - 1,
            MessageFailure::NoEntry => message.entry = "absent".to_owned(),
        }
    }
    (world, message, limit)
}

#[test]
fn the_first_failed_check_of_a_message_decides() {
    let call_order = [
        MessageFailure::Input,
        MessageFailure::Balance,
        MessageFailure::NoCode,
        MessageFailure::Gas,
        MessageFailure::NoEntry,
    ];
    let deploy_order = [
        MessageFailure::Input,
        MessageFailure::Balance,
        MessageFailure::Taken,
        MessageFailure::NoCode,
        MessageFailure::Gas,
        MessageFailure::NoEntry,
    ];
    for (base, order) in [(call(1), &call_order[..]), (deploy(1), &deploy_order[..])] {
        for subset in 1_u32..1 << order.len() {
            let indices = (0..order.len()).filter(|index| subset >> index & 1 == 1);
            let failures: Vec<MessageFailure> = indices.map(|index| order[index]).collect();
            let (world, message, limit) = failing_message(base.clone(), &failures);
            let engine = ScriptedEngine::default();
            let outcome = outcome(&world, &engine, &message, limit);
            let (exit, gas_used) = match failures[0] {
                MessageFailure::Input => (Exit::Trap(Trap::OutputLength), 0),
                MessageFailure::Balance => (revert(status::BALANCE), 0),
                MessageFailure::Taken => (revert(status::TAKEN), 0),
                MessageFailure::NoCode => (revert(status::NO_CODE), 0),
                MessageFailure::Gas => (Exit::OutOfGas, limit),
                MessageFailure::NoEntry => (revert(status::NO_ENTRY), price()),
            };
            assert_eq!(
                (outcome.exit, outcome.gas_used),
                (exit, Gas(gas_used)),
                "{failures:?}"
            );
            assert!(
                engine.started.lock().expect("not poisoned").is_empty()
                    && outcome.access.writes.is_empty()
            );
        }
    }
}

#[test]
fn the_longest_input_reaches_the_guest() {
    let engine = ScriptedEngine::new([GuestAction::Call(Function::Input, vec![0, 0])]);
    let message = Message {
        input: vec![0; 65_536],
        ..call(0)
    };
    assert!(matches!(
        outcome(&world(), &engine, &message, PLENTY).exit,
        Exit::Return { .. }
    ));
    assert_eq!(
        *engine.results.lock().expect("not poisoned"),
        [Some(Value::I32(65_536))]
    );
}

#[test]
fn a_transfer_to_the_sender_changes_nothing() {
    let mut world = world();
    let code_hash = Some(*plain_module().code_hash());
    let own = Account {
        nonce: 4,
        balance: u128::MAX,
        code_hash,
    };
    set(&mut world, CONTRACT, &own);
    let message = Message {
        caller: CONTRACT,
        ..call(u128::MAX)
    };
    let kept = outcome(&world, &ScriptedEngine::default(), &message, PLENTY);
    assert!(matches!(kept.exit, Exit::Return { diff, .. } if diff.is_empty()));
    let overflow = outcome(&world, &ScriptedEngine::default(), &call(1), PLENTY);
    assert_eq!(
        overflow.exit,
        revert(status::BALANCE),
        "the receiver's balance would overflow"
    );
}

#[test]
fn a_deployment_makes_a_contract_and_keeps_the_balance_of_its_address() {
    let mut world = world();
    set(&mut world, deployed(), &account(9));
    let engine = ScriptedEngine::new([
        GuestAction::Call(Function::SelfAddress, vec![0]),
        GuestAction::Call(Function::Caller, vec![32]),
        GuestAction::Call(Function::Return, vec![0, 64]),
    ]);
    let made = outcome(&world, &engine, &deploy(30), PLENTY);
    let Exit::Return { output, diff, .. } = made.exit else {
        panic!("{:?}", made.exit)
    };
    assert_eq!(output, [deployed().0, CALLER.0].concat());
    let contract = Account {
        code_hash: Some(*plain_module().code_hash()),
        ..account(39)
    };
    let value = diff.get(&key::account(&deployed())).cloned().flatten();
    assert_eq!(
        Account::decode(value.as_deref()).expect("canonical"),
        contract
    );
    world.apply(&diff);
    let again = outcome(&world, &engine, &deploy(0), PLENTY);
    assert_eq!(again.exit, revert(status::TAKEN));
}

#[test]
fn the_address_of_a_contract_is_pinned() {
    let preimage = [&b"lockstep/contract/1"[..], &[1; 32], &[2; 32], &[3; 32]].concat();
    assert_eq!(preimage.len(), 19 + 96);
    let address = contract_address(&Address([1; 32]), &vm::CodeHash([2; 32]), &[3; 32]);
    assert_eq!(address, Address(crypto::sha256(&preimage)));
    assert_eq!(
        hex::encode(address),
        "80b83553f46637f84afc1c89995e429e2cb49df20b63436721c3ab9f7d1d3350"
    );
}

#[test]
fn the_frame_price_counts_code_declarations_pages_data_segments_and_items() {
    let module = module(
        r#"(module (memory 3) (table 5 funcref) (global i32 (i32.const 1))
            (global i64 (i64.const 2))
            (data (i32.const 0) "abcdefg") (data (i32.const 9) "hi") (elem (i32.const 0) 0)
            (func (export "main")))"#,
    );
    let rules = Rules::v1();
    let d = rules.schedule.dynamic();
    let expected = d.frame_base
        + d.frame_per_code_byte * module.bytes().len() as u64
        + d.frame_per_declaration * (1 + 1 + 1)
        + d.frame_per_page * 3
        + d.frame_per_data_byte * 9
        + d.frame_per_segment * 3
        + d.frame_per_item * (5 + 2);
    assert_eq!(frame_price(&module, &rules), expected);
}

#[test]
fn missing_code_of_an_account_is_a_fault() {
    let mut world = world();
    world.codes.clear();
    let fault = try_execute(&world, &ScriptedEngine::default(), &call(0), PLENTY);
    assert!(matches!(fault, Err(Fault::Store(_))));
}

#[test]
fn a_fault_of_the_store_is_never_an_outcome() {
    let world = World {
        broken: true,
        ..world()
    };
    let fault = try_execute(&world, &ScriptedEngine::default(), &call(0), PLENTY);
    assert!(matches!(fault, Err(Fault::Store(_))));
}

#[test]
fn run_returns_the_value_of_the_guest_and_consumes_all_gas_at_out_of_gas() {
    let mut fixture = HostFixture::default();
    let run_on = |fixture: &mut HostFixture, engine: &ScriptedEngine, limit: u64| {
        let block = block();
        let mut guest = engine.instance();
        let mut host = Host {
            rules: &fixture.rules,
            view: &fixture.world,
            journal: &mut fixture.journal,
            block: &block,
            caller: CALLER,
            address: CONTRACT,
            tx_hash: [0; 32],
            input: &[],
            value: 0,
            returned: &[],
            is_static: false,
            debug_log: Vec::new(),
        };
        let invocation = Invocation {
            entry: 2,
            arguments: Vec::new(),
            gas: GasMeter::new(limit),
        };
        let exit = run(&mut guest, invocation, &mut host).expect("no fault");
        (exit, guest.gas().remaining())
    };
    let value = Some(Value::I64(-5));
    let returning =
        ScriptedEngine::new([GuestAction::Burn(3), GuestAction::Stop(Stop::Return(value))]);
    let returned = FrameExit::Return {
        value,
        output: Vec::new(),
    };
    assert_eq!(run_on(&mut fixture, &returning, 10), (returned, 7));
    let burning = ScriptedEngine::new([GuestAction::Burn(11)]);
    assert_eq!(run_on(&mut fixture, &burning, 10), (FrameExit::OutOfGas, 0));
    let calling = ScriptedEngine::new([GuestAction::Call(Function::Caller, vec![0])]);
    assert_eq!(run_on(&mut fixture, &calling, 10), (FrameExit::OutOfGas, 0));
}
