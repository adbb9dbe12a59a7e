//! Executes messages with scripted guests: statuses, value, deployment, rollback, gas.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test computes on numbers that it chose"
)]

use crate::host_script::{Act, CALLER, CONTRACT, PLENTY, Script, Stage, TX_HASH, World, block};
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
    script: &Script,
    message: &Message,
    limit: u64,
) -> Result<Outcome, Fault> {
    let rules = Arc::new(Rules::v1());
    let block = block();
    let environment = Environment::new(script, &rules, world, &block)?;
    execute(&environment, message, Gas(limit))
}

fn outcome(world: &World, script: &Script, message: &Message, limit: u64) -> Outcome {
    try_execute(world, script, message, limit).expect("no fault")
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
fn effects() -> Vec<Act> {
    vec![
        Act::Store(0, b"kv".to_vec()),
        Act::Call(Function::StorageWrite, vec![0, 1, 1, 1]),
        Act::Call(Function::EmitEvent, vec![0, 0, 0, 2]),
        Act::Call(Function::DebugLog, vec![0, 1]),
    ]
}

#[test]
fn a_return_yields_output_events_and_the_net_diff() {
    let mut acts = effects();
    acts.push(Act::Call(Function::Return, vec![0, 2]));
    let script = Script::new(acts);
    let outcome = outcome(&world(), &script, &call(30), PLENTY);
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
        *script.started.lock().expect("not poisoned"),
        [(0, PLENTY - price())]
    );
    assert_eq!(outcome.access.writes.len(), 3);
}

#[test]
fn falling_off_the_end_returns_nothing() {
    let outcome = outcome(&world(), &Script::default(), &call(0), PLENTY);
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
            Act::Call(Function::Revert, vec![0, 2]),
            Exit::Revert {
                code: status::REVERT,
                output: b"kv".to_vec(),
            },
        ),
        (
            Act::Stop(Stop::Trap(Trap::Unreachable)),
            Exit::Trap(Trap::Unreachable),
        ),
        (
            Act::Call(Function::Return, vec![4096, 1]),
            Exit::Trap(Trap::MemoryRange),
        ),
        (Act::Burn(PLENTY), Exit::OutOfGas),
        (Act::Stop(Stop::OutOfGas), Exit::OutOfGas),
    ];
    for (act, exit) in failures {
        let mut acts = effects();
        acts.push(act);
        let script = Script::new(acts);
        for message in [call(30), deploy(30)] {
            let outcome = outcome(&world, &script, &message, PLENTY);
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
    let script = Script::new([
        Act::Burn(123),
        Act::Call(Function::GasLeft, vec![]),
        Act::Burn(7),
    ]);
    let rules = Rules::v1();
    let used = price() + 123 + rules.schedule.host(Function::GasLeft).base + 7;
    let enough = outcome(&world(), &script, &call(0), used);
    assert_eq!(enough.gas_used, Gas(used));
    assert!(matches!(enough.exit, Exit::Return { .. }));
    assert_eq!(
        *script.results.lock().expect("not poisoned"),
        [Some(Value::I64(7))]
    );
    for limit in [0, 1, price() - 1, price(), price() + 123, used - 1] {
        let short = outcome(&world(), &script, &call(0), limit);
        assert_eq!((short.exit, short.gas_used), (Exit::OutOfGas, Gas(limit)));
    }
    let cut = outcome(
        &world(),
        &Script::new([Act::Burn(u64::MAX)]),
        &call(0),
        u64::MAX,
    );
    assert_eq!(
        (cut.exit, cut.gas_used),
        (Exit::OutOfGas, Gas(GAS_LIMIT_MAX))
    );
}

/// What can stop a message before its frame, in the order of docs/spec/frames.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    Input,
    Balance,
    Taken,
    NoCode,
    Gas,
    NoEntry,
}

fn broken_message(base: Message, broken: &[Break]) -> (World, Message, u64) {
    let (mut world, mut message, mut limit) = (world(), base, PLENTY);
    for condition in broken {
        match condition {
            Break::Input => message.input = vec![0; 65_537],
            Break::Balance => message.value = 101,
            Break::Taken => {
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
            Break::NoCode => match message.target {
                Target::Call { .. } => set(&mut world, CONTRACT, &account(1)),
                Target::Deploy { .. } => world.codes.clear(),
            },
            Break::Gas => limit = price() - 1,
            Break::NoEntry => message.entry = "absent".to_owned(),
        }
    }
    (world, message, limit)
}

#[test]
fn the_first_broken_condition_of_a_message_decides() {
    let call_order = [
        Break::Input,
        Break::Balance,
        Break::NoCode,
        Break::Gas,
        Break::NoEntry,
    ];
    let deploy_order = [
        Break::Input,
        Break::Balance,
        Break::Taken,
        Break::NoCode,
        Break::Gas,
        Break::NoEntry,
    ];
    for (base, order) in [(call(1), &call_order[..]), (deploy(1), &deploy_order[..])] {
        for subset in 1_u32..1 << order.len() {
            let places = (0..order.len()).filter(|place| subset >> place & 1 == 1);
            let broken: Vec<Break> = places.map(|place| order[place]).collect();
            let (world, message, limit) = broken_message(base.clone(), &broken);
            let script = Script::default();
            let outcome = outcome(&world, &script, &message, limit);
            let (exit, gas_used) = match broken[0] {
                Break::Input => (Exit::Trap(Trap::OutputLength), 0),
                Break::Balance => (revert(status::BALANCE), 0),
                Break::Taken => (revert(status::TAKEN), 0),
                Break::NoCode => (revert(status::NO_CODE), 0),
                Break::Gas => (Exit::OutOfGas, limit),
                Break::NoEntry => (revert(status::NO_ENTRY), price()),
            };
            assert_eq!(
                (outcome.exit, outcome.gas_used),
                (exit, Gas(gas_used)),
                "{broken:?}"
            );
            assert!(
                script.started.lock().expect("not poisoned").is_empty()
                    && outcome.access.writes.is_empty()
            );
        }
    }
}

#[test]
fn the_longest_input_reaches_the_guest() {
    let script = Script::new([Act::Call(Function::Input, vec![0, 0])]);
    let message = Message {
        input: vec![0; 65_536],
        ..call(0)
    };
    assert!(matches!(
        outcome(&world(), &script, &message, PLENTY).exit,
        Exit::Return { .. }
    ));
    assert_eq!(
        *script.results.lock().expect("not poisoned"),
        [Some(Value::I32(65_536))]
    );
}

#[test]
fn value_to_oneself_moves_nothing() {
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
    let kept = outcome(&world, &Script::default(), &message, PLENTY);
    assert!(matches!(kept.exit, Exit::Return { diff, .. } if diff.is_empty()));
    let overflow = outcome(&world, &Script::default(), &call(1), PLENTY);
    assert_eq!(
        overflow.exit,
        revert(status::BALANCE),
        "the receiver cannot hold it"
    );
}

#[test]
fn a_deployment_makes_a_contract_and_keeps_the_balance_there() {
    let mut world = world();
    set(&mut world, deployed(), &account(9));
    let script = Script::new([
        Act::Call(Function::SelfAddress, vec![0]),
        Act::Call(Function::Caller, vec![32]),
        Act::Call(Function::Return, vec![0, 64]),
    ]);
    let made = outcome(&world, &script, &deploy(30), PLENTY);
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
    let again = outcome(&world, &script, &deploy(0), PLENTY);
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
fn the_frame_price_counts_code_pages_data_and_items() {
    let module = module(
        r#"(module (memory 3) (table 5 funcref) (global i32 (i32.const 1))
            (global i64 (i64.const 2))
            (data (i32.const 0) "abcdefg") (data (i32.const 9) "hi") (func (export "main")))"#,
    );
    let rules = Rules::v1();
    let d = rules.schedule.dynamic();
    let expected = d.frame_base
        + d.frame_per_code_byte * module.bytes().len() as u64
        + d.frame_per_page * 3
        + d.frame_per_data_byte * 9
        + d.frame_per_item * (5 + 2);
    assert_eq!(frame_price(&module, &rules), expected);
}

#[test]
fn code_that_an_account_names_and_the_store_lacks_is_a_fault() {
    let mut world = world();
    world.codes.clear();
    let fault = try_execute(&world, &Script::default(), &call(0), PLENTY);
    assert!(matches!(fault, Err(Fault::Store(_))));
}

#[test]
fn a_fault_of_the_store_is_never_an_outcome() {
    let world = World {
        broken: true,
        ..world()
    };
    let fault = try_execute(&world, &Script::default(), &call(0), PLENTY);
    assert!(matches!(fault, Err(Fault::Store(_))));
}

#[test]
fn run_passes_values_through_and_leaves_nothing_after_out_of_gas() {
    let mut stage = Stage::default();
    let run_script = |stage: &mut Stage, script: &Script, limit: u64| {
        let block = block();
        let mut guest = script.instance();
        let mut host = Host {
            rules: &stage.rules,
            view: &stage.world,
            journal: &mut stage.journal,
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
        let frame = Invocation {
            entry: 2,
            arguments: Vec::new(),
            gas: GasMeter::new(limit),
        };
        let exit = run(&mut guest, frame, &mut host).expect("no fault");
        (exit, guest.gas().remaining())
    };
    let value = Some(Value::I64(-5));
    let returning = Script::new([Act::Burn(3), Act::Stop(Stop::Return(value))]);
    let returned = FrameExit::Return {
        value,
        output: Vec::new(),
    };
    assert_eq!(run_script(&mut stage, &returning, 10), (returned, 7));
    let burning = Script::new([Act::Burn(11)]);
    assert_eq!(
        run_script(&mut stage, &burning, 10),
        (FrameExit::OutOfGas, 0)
    );
    let calling = Script::new([Act::Call(Function::Caller, vec![0])]);
    assert_eq!(
        run_script(&mut stage, &calling, 10),
        (FrameExit::OutOfGas, 0)
    );
}
