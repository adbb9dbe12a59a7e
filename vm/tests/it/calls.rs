//! Tests calls between contracts: order of the statuses, re-entry, depth, gas, returned data, code.

use crate::calls_script::{
    ABSENT_ACCOUNT, CODES, ENTRIES, OWNED, Op, ScriptedContracts, Scripts, address, code_hash,
    modules, world,
};
use crate::host_script::{HostFixture, PLENTY, World, trapped};
use host_api::limits::CALL_DEPTH_MAX;
use host_api::{Function, Static, TABLE, flags, status};
use vm::Gas;
use vm::unstable::frames::{contract_address, frame_price, message_memory_bytes_max};
use vm::unstable::gas::GasMeter;
use vm::unstable::host::Reply;
use vm::{Address, Exit, Fault, Height, Rules, StateView, Trap, key};

fn call(to: usize, entry: usize) -> Op {
    call_with(0, address(to), entry, 0)
}

fn call_with(flags: u32, to: Address, entry: usize, value: u128) -> Op {
    Op::Call {
        flags,
        to,
        entry,
        value,
        gas: u64::MAX,
    }
}

fn deploy(code: usize, entry: usize, value: u128) -> Op {
    Op::Deploy {
        code,
        salt: 7,
        entry,
        value,
        gas: u64::MAX,
    }
}

/// Runs `ops` at entry point 0 of contract 0, and the scripts of `rest` at the others.
fn run_scripts(
    ops: Vec<Op>,
    rest: Vec<((usize, usize), Vec<Op>)>,
) -> (ScriptedContracts, vm::Outcome) {
    let mut scripts: Scripts = rest.into_iter().collect();
    scripts.insert((0, 0), ops);
    let engine = ScriptedContracts::new(scripts);
    let outcome = engine.run(&world(), PLENTY);
    (engine, outcome)
}

fn statuses(engine: &ScriptedContracts) -> Vec<i64> {
    engine.results("call")
}

/// Conditions because of which a call does not begin, in the specified order.
///
/// Specification: docs/spec/frames.md, "Calls between contracts".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallFailure {
    Depth,
    Reentry,
    Balance,
    Code,
    Entry,
}

/// Status of a call by contract 1 that meets the conditions `failures`.
fn status_of(failures: &[CallFailure]) -> i64 {
    let has = |condition| failures.contains(&condition);
    let to = match (has(CallFailure::Reentry), has(CallFailure::Code)) {
        (true, _) => address(0),
        (false, true) => ABSENT_ACCOUNT,
        (false, false) => address(2),
    };
    let entry = if has(CallFailure::Entry) { ENTRIES } else { 1 };
    let value = if has(CallFailure::Balance) {
        OWNED + 1
    } else {
        1
    };
    let last = call_with(0, to, entry, value);
    if has(CallFailure::Depth) {
        return status_at_the_depth_limit(last);
    }
    let (engine, _) = run_scripts(vec![call(1, 0)], vec![((1, 0), vec![last])]);
    statuses(&engine)[0]
}

/// Fills the stack with contracts that each deploy the next, then calls `last`; returns its status.
fn status_at_the_depth_limit(last: Op) -> i64 {
    let next = |salt: u8| Op::Deploy {
        code: 1,
        salt,
        entry: 0,
        value: 0,
        gas: u64::MAX,
    };
    // Entry point 0 of code 1 deploys its own code again, then executes `last`.
    let (engine, _) = run_scripts(vec![next(0)], vec![((1, 0), vec![next(1), last])]);
    let deploys = engine.results("deploy");
    assert_eq!(deploys.len(), 16, "each frame deploys once");
    assert_eq!(deploys[0], i64::from(status::DEPTH));
    statuses(&engine)[0]
}

#[test]
fn the_first_status_that_applies_is_returned() {
    let order = [
        (CallFailure::Depth, status::DEPTH),
        (CallFailure::Reentry, status::REENTRY),
        (CallFailure::Balance, status::BALANCE),
        (CallFailure::Code, status::NO_CODE),
        (CallFailure::Entry, status::NO_ENTRY),
    ];
    for subset in 1_u32..1 << order.len() {
        let chosen = (0..order.len()).filter(|index| subset >> index & 1 == 1);
        let (failures, statuses): (Vec<_>, Vec<_>) = chosen.map(|index| order[index]).unzip();
        assert_eq!(status_of(&failures), i64::from(statuses[0]), "{failures:?}");
    }
    assert_eq!(status_of(&[]), i64::from(status::RETURN));
}

#[test]
fn the_first_status_of_a_deployment_that_applies_is_returned() {
    let of = |code, entry, value, before: Vec<Op>| {
        let mut ops = before;
        ops.push(deploy(code, entry, value));
        let (engine, _) = run_scripts(ops, Vec::new());
        *engine.results("deploy").last().expect("a status")
    };
    let taken = || vec![deploy(1, 1, 0)];
    assert_eq!(of(1, 1, 1, Vec::new()), 0);
    assert_eq!(
        of(1, ENTRIES, OWNED + 1, taken()),
        i64::from(status::BALANCE)
    );
    assert_eq!(of(1, ENTRIES, 0, taken()), i64::from(status::TAKEN));
    assert_eq!(
        of(CODES, ENTRIES, 0, Vec::new()),
        i64::from(status::NO_CODE)
    );
    assert_eq!(of(1, ENTRIES, 0, Vec::new()), i64::from(status::NO_ENTRY));
}

#[test]
fn the_status_says_how_the_callee_ended_and_only_a_return_keeps_its_effects() {
    let ends = [
        (Op::Return(9), 0, 1),
        (Op::Revert(9), 1, 1),
        (Op::Trap, 2, 0),
        (Op::OutOfGas, 3, 0),
    ];
    for (end, status, bytes) in ends {
        let callee = vec![Op::Write(2, 4), Op::Emit(1), end];
        let ops = vec![
            call_with(0, address(1), 0, 30),
            Op::Returned,
            Op::Balance(address(1)),
        ];
        let (engine, outcome) = run_scripts(ops, vec![((1, 0), callee)]);
        assert_eq!(statuses(&engine), [status]);
        assert_eq!(engine.results("returned"), [bytes]);
        let Exit::Return { diff, events, .. } = outcome.exit else {
            panic!("the caller continues");
        };
        let kept = status == 0;
        assert_eq!(diff.contains_key(&key::value(&address(1), &[2])), kept);
        assert_eq!(
            (diff.len(), events.len()),
            if kept { (3, 1) } else { (0, 0) }
        );
        let balance = if kept { OWNED + 30 } else { OWNED };
        let seen = engine.seen.lock().expect("not poisoned");
        let (_, _, written) = seen.last().expect("the balance");
        assert_eq!(written[..16], balance.to_le_bytes());
    }
}

/// A calls B and B calls A: the call begins only if A's pending call allows re-entry.
#[test]
fn reentry_needs_the_permission_of_every_active_frame_of_the_contract() {
    let allow = flags::ALLOW_REENTRY;
    let refused = i64::from(status::REENTRY);
    for (first, second, expected) in [
        (0, 0, vec![refused, 0]),
        (0, allow, vec![refused, 0]),
        // The first frame of A allows re-entry; its second one calls B, which does not.
        (allow, 0, vec![refused, 0, 0]),
        // All of A and B allow re-entry.
        (allow, allow, vec![0, 0, 0]),
    ] {
        let (engine, _) = run_scripts(
            vec![call_with(first, address(1), 0, 0)],
            vec![
                ((1, 0), vec![call_with(second, address(0), 1, 0)]),
                ((0, 1), vec![call_with(allow, address(1), 1, 0)]),
            ],
        );
        assert_eq!(statuses(&engine), expected, "{first} {second}");
    }
    for (flag, expected) in [(0, refused), (allow, 0)] {
        let (engine, _) = run_scripts(vec![call_with(flag, address(0), 1, 0)], Vec::new());
        assert_eq!(statuses(&engine), [expected], "a call of itself, {flag}");
    }
    // One frame that does not allow re-entry is decisive, whatever later frames allow.
    let (engine, _) = run_scripts(
        vec![call_with(allow, address(1), 0, 0)],
        vec![
            ((1, 0), vec![call_with(allow, address(0), 1, 0)]),
            ((0, 1), vec![call_with(0, address(2), 0, 0)]),
            ((2, 0), vec![call_with(allow, address(0), 2, 0)]),
        ],
    );
    assert_eq!(statuses(&engine), [refused, 0, 0, 0]);
    // A contract that deploys another one cannot be called meanwhile.
    let (engine, _) = run_scripts(
        vec![deploy(1, 0, 0)],
        vec![((1, 0), vec![call_with(allow, address(0), 1, 0)])],
    );
    assert_eq!(statuses(&engine), [refused]);
}

#[test]
fn a_frame_sees_the_kept_writes_of_inner_frames_of_its_contract_and_not_the_reverted_ones() {
    for (end, seen) in [(Op::Return(0), 6), (Op::Revert(0), 4)] {
        let (engine, _) = run_scripts(
            vec![
                Op::Write(2, 4),
                call_with(flags::ALLOW_REENTRY, address(1), 0, 0),
                Op::Read(2),
            ],
            vec![
                ((1, 0), vec![call(0, 1)]),
                ((0, 1), vec![Op::Read(2), Op::Write(2, 6), end]),
            ],
        );
        assert_eq!(engine.results("storage_read"), [4, seen]);
    }
}

#[test]
fn at_most_sixteen_frames_are_active_and_their_memory_is_bounded() {
    let next = |salt: u8| Op::Deploy {
        code: 1,
        salt,
        entry: 0,
        value: 0,
        gas: u64::MAX,
    };
    let (engine, outcome) = run_scripts(vec![next(0)], vec![((1, 0), vec![next(1)])]);
    assert!(matches!(outcome.exit, Exit::Return { .. }));
    assert_eq!(engine.alive.lock().expect("not poisoned").1, 16);
    assert_eq!(CALL_DEPTH_MAX, 16);
    assert_eq!(
        message_memory_bytes_max(&Rules::v1()),
        16 * 16 * 1024 * 1024
    );
}

#[test]
fn the_native_stack_does_not_grow_with_the_depth_of_calls() {
    let run = || {
        // Two contracts call each other up to the call depth.
        let (engine, _) = run_scripts(
            vec![call_with(1, address(1), 0, 0)],
            vec![((1, 0), vec![call_with(1, address(0), 0, 0)])],
        );
        assert_eq!(statuses(&engine).len(), 16);
        assert_eq!(statuses(&engine)[0], i64::from(status::DEPTH));
    };
    let thread = std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(run)
        .expect("a thread");
    thread.join().expect("a small stack suffices");
}

#[test]
fn static_is_inherited_and_every_mutation_in_it_traps() {
    let mutations = [
        Op::Write(1, 1),
        Op::Remove(1),
        Op::Emit(1),
        Op::Transfer(ABSENT_ACCOUNT, 0),
        Op::SetCode(0),
        deploy(1, 1, 0),
        call_with(0, address(2), 1, 1),
    ];
    for mutation in mutations {
        // Contract 1 is static because of the flag, contract 2 because contract 1 is.
        let (engine, outcome) = run_scripts(
            vec![call_with(flags::STATIC, address(1), 0, 0)],
            vec![
                ((1, 0), vec![call(2, 0), Op::Read(1)]),
                ((2, 0), vec![mutation.clone()]),
            ],
        );
        assert_eq!(
            statuses(&engine),
            [i64::from(status::TRAP), 0],
            "{mutation:?}"
        );
        assert!(matches!(outcome.exit, Exit::Return { diff, .. } if diff.is_empty()));
    }
    let (engine, outcome) =
        run_scripts(vec![call_with(flags::STATIC, address(1), 0, 1)], Vec::new());
    assert_eq!(outcome.exit, Exit::Trap(Trap::StaticViolation));
    assert!(statuses(&engine).is_empty());
    let listed = TABLE
        .iter()
        .filter(|row| row.in_static_frame() == Static::Traps);
    assert_eq!(
        listed.count(),
        6,
        "the list above has an operation for every row that mutates"
    );
}

#[test]
fn an_unknown_flag_traps_after_prices_and_ranges_and_before_all_other_checks() {
    for flag in 2..32 {
        let mut fixture = HostFixture {
            is_static: true,
            memory: vec![1; 1024],
            ..HostFixture::default()
        };
        let arguments = [1 << flag, 0, 0, 1, 0, 1, 0, 5];
        assert_eq!(
            fixture.call(Function::Call, &arguments),
            trapped(Trap::UnknownFlag)
        );
    }
    let mut fixture = HostFixture::default();
    for flags in 0..4 {
        let reply = fixture.call(Function::Call, &[flags, 0, 0, 0, 0, 0, 0, 0]);
        assert!(matches!(reply, Reply::Call(_)), "{flags}");
    }
}

#[test]
fn the_caller_keeps_a_64th_of_its_gas() {
    let rules = Rules::v1();
    let host = |function| rules.schedule.host(function);
    let price = host(Function::Call);
    let before = frame_price(&modules()[0], &rules);
    let opened =
        price.base + 2 * price.per_byte + 2 * price.cold + frame_price(&modules()[1], &rules);
    let rest = 6_400_000;
    let scripts = |gas| {
        let call = Op::Call {
            flags: 0,
            to: address(1),
            entry: 0,
            value: 0,
            gas,
        };
        Scripts::from([((0, 0), vec![call]), ((1, 0), vec![Op::OutOfGas])])
    };
    for (gas, limit) in [(u64::MAX, rest - rest / 64), (1000, 1000), (0, 0)] {
        let engine = ScriptedContracts::new(scripts(gas));
        let outcome = engine.run(&world(), before + opened + rest);
        assert_eq!(statuses(&engine), [i64::from(status::OUT_OF_GAS)]);
        assert_eq!(outcome.gas_used, Gas(before + opened + limit));
    }
    // A trap consumes what was deducted; the caller loses no more.
    let script = vec![Op::Burn(1234), Op::Trap];
    let (_, outcome) = run_scripts(vec![call(1, 0)], vec![((1, 0), script)]);
    assert_eq!(outcome.gas_used, Gas(before + opened + 1234));
    // One gas less than the frame price, and the caller is out of gas.
    let engine = ScriptedContracts::new(scripts(0));
    let outcome = engine.run(&world(), before + opened - 1);
    assert_eq!(
        (outcome.exit, outcome.gas_used),
        (Exit::OutOfGas, Gas(before + opened - 1))
    );
}

#[test]
fn returned_data_is_available_until_the_next_call() {
    let (engine, _) = run_scripts(
        vec![
            Op::Returned,
            call(1, 0),
            Op::Returned,
            Op::Transfer(ABSENT_ACCOUNT, 1),
            Op::Write(1, 1),
            Op::Returned,
            call_with(0, ABSENT_ACCOUNT, 0, 0),
            Op::Returned,
            deploy(1, 0, 0),
            Op::Returned,
            call(2, 0),
            Op::Returned,
        ],
        vec![
            ((1, 0), vec![Op::Return(9)]),
            ((2, 0), vec![Op::Returned, Op::Trap]),
        ],
    );
    assert_eq!(engine.results("returned"), [0, 1, 1, 0, 1, 0, 0]);
}

#[test]
fn new_code_runs_from_the_next_frame_on_and_a_revert_restores_the_old_code() {
    // Contract 1 sets the code of contract 2, whose entry point 1 returns 22; its own returns 11.
    let rest = |end: Op| {
        vec![
            (
                (1, 0),
                vec![
                    Op::SetCode(2),
                    call_with(flags::ALLOW_REENTRY, address(1), 1, 0),
                    Op::Returned,
                    end,
                ],
            ),
            ((1, 1), vec![Op::Return(11)]),
            ((2, 1), vec![Op::Return(22)]),
        ]
    };
    let ops = || vec![call(1, 0), call(1, 1), Op::Returned];
    for (end, after) in [(Op::Return(0), 22), (Op::Revert(0), 11)] {
        let (engine, _) = run_scripts(ops(), rest(end));
        let seen = engine.seen.lock().expect("not poisoned");
        let returned = seen.iter().filter(|(name, ..)| *name == "returned");
        let bytes: Vec<u8> = returned.map(|(_, _, output)| output[0]).collect();
        assert_eq!(bytes, [22, after]);
    }
    let (engine, outcome) = run_scripts(vec![Op::SetCode(CODES)], Vec::new());
    assert_eq!(engine.results("set_code"), [i64::from(status::NO_CODE)]);
    assert!(matches!(outcome.exit, Exit::Return { diff, .. } if diff.is_empty()));
}

#[test]
fn a_contract_that_does_not_return_from_its_deployment_does_not_exist() {
    let made = contract_address(&address(0), &code_hash(1), &[7; 32]);
    for (end, status) in [(Op::Return(1), 0), (Op::Revert(1), 1), (Op::Trap, 2)] {
        let ops = vec![deploy(1, 0, 5), call_with(0, made, 1, 0)];
        let (engine, outcome) = run_scripts(ops, vec![((1, 0), vec![Op::Write(1, 1), end])]);
        let exists = status == 0;
        assert_eq!(engine.results("deploy"), [status]);
        let called = if exists {
            0
        } else {
            i64::from(status::NO_CODE)
        };
        assert_eq!(statuses(&engine), [called]);
        let Exit::Return { diff, .. } = outcome.exit else {
            panic!("the caller continues");
        };
        assert_eq!(diff.contains_key(&key::account(&made)), exists);
        let seen = engine.seen.lock().expect("not poisoned");
        let written = if exists { made } else { Address([0; 32]) };
        assert_eq!(
            seen.iter().find(|call| call.0 == "deploy").expect("one").2[..32],
            written.0
        );
    }
}

#[test]
fn block_hash_returns_the_hash_of_recent_blocks_only() {
    let mut fixture = HostFixture::default();
    let hash = [0xab; 32];
    fixture
        .world
        .values
        .insert(key::block_hash(Height(6)), hash.to_vec());
    fixture
        .world
        .values
        .insert(key::block_hash(Height(7)), hash.to_vec());
    let mut block_hash = |height: u64| {
        fixture.memory.fill(0);
        let (reply, cost) = fixture.cost(Function::BlockHash, &[height, 5]);
        (reply, cost, fixture.memory[5..37] == hash)
    };
    let price = Rules::v1().schedule.host(Function::BlockHash);
    let one = crate::host_script::resume_i32(1);
    let zero = crate::host_script::resume_i32(0);
    assert_eq!(block_hash(6), (one.clone(), price.base + price.cold, true));
    assert_eq!(block_hash(6), (one, price.base, true));
    assert_eq!(
        block_hash(5),
        (zero.clone(), price.base + price.cold, false)
    );
    for outside in [7, 8, u64::MAX, 1 << 63] {
        assert_eq!(
            block_hash(outside),
            (zero.clone(), price.base, false),
            "{outside}"
        );
    }
    fixture
        .world
        .values
        .insert(key::block_hash(Height(4)), vec![1]);
    fixture.gas = GasMeter::new(PLENTY);
    let damaged = fixture.try_call(Function::BlockHash, &[4, 0]);
    assert!(matches!(damaged, Err(Fault::Store(_))));
}

#[test]
fn proposer_transaction_hash_and_value_are_written() {
    let mut fixture = HostFixture {
        value: u128::MAX - 5,
        ..HostFixture::default()
    };
    for (function, bytes) in [
        (Function::Proposer, vec![0x9b; 32]),
        (Function::TxHash, vec![0x7a; 32]),
        (Function::Value, (u128::MAX - 5).to_le_bytes().to_vec()),
    ] {
        assert_eq!(fixture.call(function, &[5]), Reply::Resume(None));
        assert_eq!(fixture.memory[5..5 + bytes.len()], bytes, "{function:?}");
        assert_eq!(fixture.memory[5 + bytes.len()], 0);
        fixture.memory.fill(0);
    }
}

#[test]
fn a_walk_yields_each_hidden_key_and_no_key_that_the_transaction_created_and_removed() {
    /// A state in which key 2 was removed earlier in the block.
    struct StateWithTombstone(World);
    impl StateView for StateWithTombstone {
        fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
            self.0.read(key)
        }
        fn scan(&self, range: std::ops::Range<&[u8]>, limit: usize) -> Result<vm::Entries, Fault> {
            self.0.scan(range, limit)
        }
        fn walk(&self, range: std::ops::Range<&[u8]>, limit: usize) -> Result<vm::Walked, Fault> {
            let hidden = key::value(&address(0), &[2]);
            let scanned = self.0.scan(range.clone(), limit)?.into_iter();
            let mut walked: vm::Walked = scanned.map(|(key, value)| (key, Some(value))).collect();
            if range.start <= hidden.as_slice() && hidden.as_slice() < range.end {
                walked.push((hidden, None));
                walked.sort();
                walked.truncate(limit);
            }
            Ok(walked)
        }
        fn code(
            &self,
            hash: &vm::CodeHash,
        ) -> Result<Option<std::sync::Arc<vm::CheckedModule>>, Fault> {
            self.0.code(hash)
        }
    }
    let view = StateWithTombstone(world());
    let value = |raw: u8| key::value(&address(0), &[raw]);
    let mut journal = vm::unstable::state::Journal::default();
    // 1, 3 and 5 exist, 2 is hidden; 3 is removed, 4 is created and removed, 6 is created.
    for (raw, change) in [(3, None), (4, Some(vec![])), (4, None), (6, Some(vec![1]))] {
        journal.write(&view, value(raw), change).expect("no fault");
    }
    let mut walk = vm::unstable::state::Walk::new(value(0), key::values_end(&address(0)));
    let mut walked = Vec::new();
    while let Some((state_key, found)) = journal.walk(&view, &mut walk).expect("no fault") {
        walked.push((state_key[33], found.is_some()));
    }
    assert_eq!(
        walked,
        [(1, true), (2, false), (3, false), (5, true), (6, true)]
    );
    journal.note_scan(walk);
    let range = (value(0), key::values_end(&address(0)));
    assert!(journal.access().scans.contains(&range));
}
