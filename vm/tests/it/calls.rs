//! Calls between contracts: statuses in their order, re-entry, depth, gas, returned data, code.

use crate::calls_script::{
    CODES, ENTRIES, NOBODY, OWNED, Op, Scripts, Theatre, address, code_hash, modules, world,
};
use crate::host_script::{PLENTY, Stage, World, trapped};
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

/// Contract 0 runs `ops` at its entry 0; the others do what `rest` says.
fn play(ops: Vec<Op>, rest: Vec<((usize, usize), Vec<Op>)>) -> (Theatre, vm::Outcome) {
    let mut scripts: Scripts = rest.into_iter().collect();
    scripts.insert((0, 0), ops);
    let theatre = Theatre::new(scripts);
    let outcome = theatre.play(&world(), PLENTY);
    (theatre, outcome)
}

fn statuses(theatre: &Theatre) -> Vec<i64> {
    theatre.results("call")
}

/// What keeps a call from beginning, in the order of docs/spec/frames.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    Depth,
    Reentry,
    Balance,
    Code,
    Entry,
}

/// Contract 1 calls with what is in `broken`; it stands where the depth is reached or one below.
fn status_of(broken: &[Break]) -> i64 {
    let has = |condition| broken.contains(&condition);
    // Codes differ in what they call: 0 calls itself until contract 1 is on top.
    let to = match (has(Break::Reentry), has(Break::Code)) {
        (true, _) => address(0),
        (false, true) => NOBODY,
        (false, false) => address(2),
    };
    let entry = if has(Break::Entry) { ENTRIES } else { 1 };
    let value = if has(Break::Balance) { OWNED + 1 } else { 1 };
    let last = call_with(0, to, entry, value);
    if has(Break::Depth) {
        return deepest(last);
    }
    let (theatre, _) = play(vec![call(1, 0)], vec![((1, 0), vec![last])]);
    statuses(&theatre)[0]
}

/// Fills the stack with contracts that each deploy the next, then does `last`; its status.
fn deepest(last: Op) -> i64 {
    let next = |salt: u8| Op::Deploy {
        code: 1,
        salt,
        entry: 0,
        value: 0,
        gas: u64::MAX,
    };
    // Entry 0 of code 1 deploys another of itself, and does `last` when that was refused.
    let (theatre, _) = play(vec![next(0)], vec![((1, 0), vec![next(1), last])]);
    let deploys = theatre.results("deploy");
    assert_eq!(deploys.len(), 16, "each frame asked once");
    assert_eq!(deploys[0], i64::from(status::DEPTH));
    statuses(&theatre)[0]
}

#[test]
fn the_first_status_that_applies_is_answered() {
    let order = [
        (Break::Depth, status::DEPTH),
        (Break::Reentry, status::REENTRY),
        (Break::Balance, status::BALANCE),
        (Break::Code, status::NO_CODE),
        (Break::Entry, status::NO_ENTRY),
    ];
    for subset in 1_u32..1 << order.len() {
        let chosen = (0..order.len()).filter(|place| subset >> place & 1 == 1);
        let broken: Vec<_> = chosen.map(|place| order[place]).collect();
        let conditions: Vec<Break> = broken.iter().map(|(condition, _)| *condition).collect();
        assert_eq!(
            status_of(&conditions),
            i64::from(broken[0].1),
            "{conditions:?}"
        );
    }
    assert_eq!(status_of(&[]), i64::from(status::RETURN));
}

#[test]
fn a_deployment_answers_its_statuses_in_order() {
    let of = |code, entry, value, before: Vec<Op>| {
        let mut ops = before;
        ops.push(deploy(code, entry, value));
        let (theatre, _) = play(ops, Vec::new());
        *theatre.results("deploy").last().expect("an answer")
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
fn how_the_callee_ended_is_the_status_and_only_a_return_keeps_effects() {
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
        let (theatre, outcome) = play(ops, vec![((1, 0), callee)]);
        assert_eq!(statuses(&theatre), [status]);
        assert_eq!(theatre.results("returned"), [bytes]);
        let Exit::Return { diff, events, .. } = outcome.exit else {
            panic!("the caller goes on");
        };
        let kept = status == 0;
        assert_eq!(diff.contains_key(&key::value(&address(1), &[2])), kept);
        assert_eq!(
            (diff.len(), events.len()),
            if kept { (3, 1) } else { (0, 0) }
        );
        let balance = if kept { OWNED + 30 } else { OWNED };
        let seen = theatre.seen.lock().expect("not poisoned");
        let told = seen.last().expect("the balance");
        assert_eq!(told.2[..16], balance.to_le_bytes());
    }
}

/// A calls B, B calls A: entered only if A's pending call allowed it.
#[test]
fn reentry_is_allowed_by_every_active_frame_of_the_contract_or_not_at_all() {
    let allow = flags::ALLOW_REENTRY;
    let refused = i64::from(status::REENTRY);
    for (first, second, expected) in [
        (0, 0, vec![refused, 0]),
        (0, allow, vec![refused, 0]),
        // The first frame of A allows it; its second asks B again, and B was not open to that.
        (allow, 0, vec![refused, 0, 0]),
        // B allowed the second entry of itself, and A's second frame its third.
        (allow, allow, vec![0, 0, 0]),
    ] {
        let (theatre, _) = play(
            vec![call_with(first, address(1), 0, 0)],
            vec![
                ((1, 0), vec![call_with(second, address(0), 1, 0)]),
                ((0, 1), vec![call_with(allow, address(1), 1, 0)]),
            ],
        );
        assert_eq!(statuses(&theatre), expected, "{first} {second}");
    }
    for (flag, expected) in [(0, refused), (allow, 0)] {
        let (theatre, _) = play(vec![call_with(flag, address(0), 1, 0)], Vec::new());
        assert_eq!(statuses(&theatre), [expected], "a call of itself, {flag}");
    }
    // One frame that did not allow it closes the contract, whatever the ones above it allow.
    let (theatre, _) = play(
        vec![call_with(allow, address(1), 0, 0)],
        vec![
            ((1, 0), vec![call_with(allow, address(0), 1, 0)]),
            ((0, 1), vec![call_with(0, address(2), 0, 0)]),
            ((2, 0), vec![call_with(allow, address(0), 2, 0)]),
        ],
    );
    assert_eq!(statuses(&theatre), [refused, 0, 0, 0]);
    // Who deploys cannot be entered meanwhile, and who is deployed only as everybody else.
    let (theatre, _) = play(
        vec![deploy(1, 0, 0)],
        vec![((1, 0), vec![call_with(allow, address(0), 1, 0)])],
    );
    assert_eq!(statuses(&theatre), [refused]);
}

#[test]
fn a_frame_sees_what_inner_frames_of_its_contract_wrote_and_not_what_they_reverted() {
    for (end, seen) in [(Op::Return(0), 6), (Op::Revert(0), 4)] {
        let (theatre, _) = play(
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
        assert_eq!(theatre.results("storage_read"), [4, seen]);
    }
}

#[test]
fn sixteen_frames_with_full_memories_are_the_most() {
    let next = |salt: u8| Op::Deploy {
        code: 1,
        salt,
        entry: 0,
        value: 0,
        gas: u64::MAX,
    };
    let (theatre, outcome) = play(vec![next(0)], vec![((1, 0), vec![next(1)])]);
    assert!(matches!(outcome.exit, Exit::Return { .. }));
    assert_eq!(theatre.alive.lock().expect("not poisoned").1, 16);
    assert_eq!(CALL_DEPTH_MAX, 16);
    assert_eq!(
        message_memory_bytes_max(&Rules::v1()),
        16 * 16 * 1024 * 1024
    );
}

#[test]
fn no_depth_of_calls_grows_the_native_stack() {
    let run = || {
        // Two contracts that enter each other until the depth is reached.
        let (theatre, _) = play(
            vec![call_with(1, address(1), 0, 0)],
            vec![((1, 0), vec![call_with(1, address(0), 0, 0)])],
        );
        assert_eq!(statuses(&theatre).len(), 16);
        assert_eq!(statuses(&theatre)[0], i64::from(status::DEPTH));
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
        Op::Transfer(NOBODY, 0),
        Op::SetCode(0),
        deploy(1, 1, 0),
        call_with(0, address(2), 1, 1),
    ];
    for mutation in mutations {
        // Contract 1 is static by the flag, contract 2 because 1 is.
        let (theatre, outcome) = play(
            vec![call_with(flags::STATIC, address(1), 0, 0)],
            vec![
                ((1, 0), vec![call(2, 0), Op::Read(1)]),
                ((2, 0), vec![mutation.clone()]),
            ],
        );
        assert_eq!(
            statuses(&theatre),
            [i64::from(status::TRAP), 0],
            "{mutation:?}"
        );
        assert!(matches!(outcome.exit, Exit::Return { diff, .. } if diff.is_empty()));
    }
    let (theatre, outcome) = play(vec![call_with(flags::STATIC, address(1), 0, 1)], Vec::new());
    assert_eq!(outcome.exit, Exit::Trap(Trap::StaticViolation));
    assert!(statuses(&theatre).is_empty());
    let listed = TABLE
        .iter()
        .filter(|row| row.in_static_frame() == Static::Traps);
    assert_eq!(
        listed.count(),
        6,
        "the list above has every row that mutates"
    );
}

#[test]
fn an_unknown_flag_traps_before_everything_but_prices_and_ranges() {
    for flag in 2..32 {
        let mut stage = Stage {
            is_static: true,
            memory: vec![1; 1024],
            ..Stage::default()
        };
        let arguments = [1 << flag, 0, 0, 1, 0, 1, 0, 5];
        assert_eq!(
            stage.call(Function::Call, &arguments),
            trapped(Trap::UnknownFlag)
        );
    }
    let mut stage = Stage::default();
    for flags in 0..4 {
        let reply = stage.call(Function::Call, &[flags, 0, 0, 0, 0, 0, 0, 0]);
        assert!(matches!(reply, Reply::Call(_)), "{flags}");
    }
}

#[test]
fn the_callee_gets_at_most_all_but_a_64th() {
    let rules = Rules::v1();
    let host = |function| rules.schedule.host(function);
    let ask = host(Function::Call);
    let before = frame_price(&modules()[0], &rules);
    let opened = ask.base + 2 * ask.per_byte + 2 * ask.cold + frame_price(&modules()[1], &rules);
    let rest = 6_400_000;
    let scripts = |gas| {
        let ask = Op::Call {
            flags: 0,
            to: address(1),
            entry: 0,
            value: 0,
            gas,
        };
        Scripts::from([((0, 0), vec![ask]), ((1, 0), vec![Op::OutOfGas])])
    };
    for (gas, limit) in [(u64::MAX, rest - rest / 64), (1000, 1000), (0, 0)] {
        let theatre = Theatre::new(scripts(gas));
        let outcome = theatre.play(&world(), before + opened + rest);
        assert_eq!(statuses(&theatre), [i64::from(status::OUT_OF_GAS)]);
        assert_eq!(outcome.gas_used, Gas(before + opened + limit));
    }
    // A trap consumes what was deducted, and no more leaves the caller.
    let script = vec![Op::Burn(1234), Op::Trap];
    let (_, outcome) = play(vec![call(1, 0)], vec![((1, 0), script)]);
    assert_eq!(outcome.gas_used, Gas(before + opened + 1234));
    // One gas less than the frame price ends the caller.
    let theatre = Theatre::new(scripts(0));
    let outcome = theatre.play(&world(), before + opened - 1);
    assert_eq!(
        (outcome.exit, outcome.gas_used),
        (Exit::OutOfGas, Gas(before + opened - 1))
    );
}

#[test]
fn returned_data_lives_until_the_next_call() {
    let (theatre, _) = play(
        vec![
            Op::Returned,
            call(1, 0),
            Op::Returned,
            Op::Transfer(NOBODY, 1),
            Op::Write(1, 1),
            Op::Returned,
            call_with(0, NOBODY, 0, 0),
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
    assert_eq!(theatre.results("returned"), [0, 1, 1, 0, 1, 0, 0]);
}

#[test]
fn code_is_pinned_at_entry_and_a_revert_restores_it() {
    // Contract 1 takes the code of contract 2, whose entry 1 returns 22; its own returns 11.
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
        let (theatre, _) = play(ops(), rest(end));
        let seen = theatre.seen.lock().expect("not poisoned");
        let returned = seen.iter().filter(|(name, ..)| *name == "returned");
        let bytes: Vec<u8> = returned.map(|(_, _, output)| output[0]).collect();
        assert_eq!(bytes, [22, after]);
    }
    let (theatre, outcome) = play(vec![Op::SetCode(CODES)], Vec::new());
    assert_eq!(theatre.results("set_code"), [i64::from(status::NO_CODE)]);
    assert!(matches!(outcome.exit, Exit::Return { diff, .. } if diff.is_empty()));
}

#[test]
fn a_contract_that_does_not_return_from_its_deployment_does_not_exist() {
    let made = contract_address(&address(0), &code_hash(1), &[7; 32]);
    for (end, status) in [(Op::Return(1), 0), (Op::Revert(1), 1), (Op::Trap, 2)] {
        let ops = vec![deploy(1, 0, 5), call_with(0, made, 1, 0)];
        let (theatre, outcome) = play(ops, vec![((1, 0), vec![Op::Write(1, 1), end])]);
        let exists = status == 0;
        assert_eq!(theatre.results("deploy"), [status]);
        let called = if exists {
            0
        } else {
            i64::from(status::NO_CODE)
        };
        assert_eq!(statuses(&theatre), [called]);
        let Exit::Return { diff, .. } = outcome.exit else {
            panic!("the caller goes on");
        };
        assert_eq!(diff.contains_key(&key::account(&made)), exists);
        let seen = theatre.seen.lock().expect("not poisoned");
        let written = if exists { made } else { Address([0; 32]) };
        assert_eq!(
            seen.iter().find(|call| call.0 == "deploy").expect("one").2[..32],
            written.0
        );
    }
}

#[test]
fn the_block_hash_is_read_for_the_last_256_blocks_only() {
    let mut stage = Stage::default();
    let hash = [0xab; 32];
    stage
        .world
        .values
        .insert(key::block_hash(Height(6)), hash.to_vec());
    stage
        .world
        .values
        .insert(key::block_hash(Height(7)), hash.to_vec());
    let mut ask = |height: u64| {
        stage.memory.fill(0);
        let answer = stage.cost(Function::BlockHash, &[height, 5]);
        (answer.0, answer.1, stage.memory[5..37] == hash)
    };
    let price = Rules::v1().schedule.host(Function::BlockHash);
    let one = crate::host_script::resume_i32(1);
    let zero = crate::host_script::resume_i32(0);
    assert_eq!(ask(6), (one.clone(), price.base + price.cold, true));
    assert_eq!(ask(6), (one, price.base, true));
    assert_eq!(ask(5), (zero.clone(), price.base + price.cold, false));
    for outside in [7, 8, u64::MAX, 1 << 63] {
        assert_eq!(ask(outside), (zero.clone(), price.base, false), "{outside}");
    }
    stage
        .world
        .values
        .insert(key::block_hash(Height(4)), vec![1]);
    stage.gas = GasMeter::new(PLENTY);
    let damaged = stage.try_call(Function::BlockHash, &[4, 0]);
    assert!(matches!(damaged, Err(Fault::Store(_))));
}

#[test]
fn context_of_the_transaction_and_the_frame() {
    let mut stage = Stage {
        value: u128::MAX - 5,
        ..Stage::default()
    };
    for (function, bytes) in [
        (Function::Proposer, vec![0x9b; 32]),
        (Function::TxHash, vec![0x7a; 32]),
        (Function::Value, (u128::MAX - 5).to_le_bytes().to_vec()),
    ] {
        assert_eq!(stage.call(function, &[5]), Reply::Resume(None));
        assert_eq!(stage.memory[5..5 + bytes.len()], bytes, "{function:?}");
        assert_eq!(stage.memory[5 + bytes.len()], 0);
        stage.memory.fill(0);
    }
}

#[test]
fn a_walk_that_hides_keys_pays_for_each_and_a_created_one_leaves_no_trace() {
    /// A state of which key 2 was removed earlier in the block.
    struct Later(World);
    impl StateView for Later {
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
    let view = Later(world());
    let value = |raw: u8| key::value(&address(0), &[raw]);
    let mut journal = vm::unstable::state::Journal::default();
    // 1, 3, 5 are there, 2 is hidden; 3 goes, 4 comes and goes, 6 comes.
    for (raw, change) in [(3, None), (4, Some(vec![])), (4, None), (6, Some(vec![1]))] {
        journal.write(&view, value(raw), change).expect("no fault");
    }
    let mut walk = vm::unstable::state::Walk::new(value(0), key::values_end(&address(0)));
    let mut walked = Vec::new();
    while let Some((place, found)) = journal.walk(&view, &mut walk).expect("no fault") {
        walked.push((place[33], found.is_some()));
    }
    assert_eq!(
        walked,
        [(1, true), (2, false), (3, false), (5, true), (6, true)]
    );
    journal.note_scan(walk);
    let range = (value(0), key::values_end(&address(0)));
    assert!(journal.access().scans.contains(&range));
}
