//! Runs samples that call each other: value and state change together or not at all.

use crate::setup::{
    call_by, call_err, call_ok, deploy, deploy_bytes, revert_code, wat, world_on_all_engines,
};
use contract_types::{
    Address, Invocation, amm, counter, hostile, multisig, names, token, upgradeable,
};
use host_api::status;
use testkit::{Call, World};
use vm::CodeHash;

fn token_of(world: &World, token: Address, who: Address) -> u128 {
    let receipt = world.query(&call_by(who, token, token::balance_of(who)));
    receipt.unwrap().decode().unwrap()
}

#[test]
fn the_pool_trades_two_tokens() {
    let mut world = world_on_all_engines();
    let [alice, bob] = ["alice", "bob"].map(|name| world.account(name, 0));
    let tokens = [0, 1].map(|_| deploy(&mut world, alice, "token", &token::init(10_000_000)));
    let [gold, silver] = tokens;
    let pool = deploy(&mut world, alice, "amm", &amm::init(gold, silver));
    for token in tokens {
        call_ok(
            &mut world,
            &call_by(alice, token, token::approve(pool, u128::MAX)),
        );
    }
    call_ok(
        &mut world,
        &call_by(alice, pool, amm::add_liquidity(1_000_000, 4_000_000, 0)),
    );
    call_ok(
        &mut world,
        &call_by(alice, gold, token::transfer(bob, 1_000)),
    );
    // Bob approved nothing: the token reverts, then the pool does, and nothing is transferred.
    let swap = call_by(bob, pool, amm::swap(true, 1_000, 3_900, 1));
    let failure = call_err(&mut world, &swap);
    assert_eq!(failure.code(), Some(9));
    let inside = "inside, token.transfer_from: reverted with code 3, InsufficientAllowance";
    assert!(failure.to_string().contains(inside), "{failure}");
    assert_eq!(failure.inside().len(), 1);
    let terse = world.clone().without_inner_failures().query(&swap);
    let terse = terse.unwrap_err();
    assert_eq!((terse.code(), terse.inside().len()), (Some(9), 0));
    assert_eq!(
        (token_of(&world, gold, bob), token_of(&world, silver, bob)),
        (1_000, 0)
    );
    call_ok(&mut world, &call_by(bob, gold, token::approve(pool, 1_000)));
    let quote = call_ok(&mut world, &call_by(bob, pool, amm::quote(true, 1_000)));
    let quote: Option<u128> = quote.decode().unwrap();
    let receipt = call_ok(&mut world, &swap);
    let out: u128 = receipt.decode().unwrap();
    assert_eq!(Some(out), quote);
    assert!((3_900..4_000).contains(&out));
    // Events of both token transfers and of the pool, in the order of emission.
    let emitters: Vec<Address> = receipt
        .events
        .iter()
        .map(|e| Address(e.address.0))
        .collect();
    assert_eq!(emitters.iter().filter(|from| **from == gold).count(), 1);
    assert_eq!(emitters.iter().filter(|from| **from == silver).count(), 1);
    assert_eq!(emitters.last(), Some(&pool));
    assert_eq!(
        (token_of(&world, gold, bob), token_of(&world, silver, bob)),
        (0, out)
    );
    let reserves = call_ok(&mut world, &call_by(bob, pool, amm::reserves()));
    assert_eq!(reserves.decode(), Ok((1_001_000_u128, 4_000_000 - out)));
    for (token, of_pool) in tokens.into_iter().zip([1_001_000, 4_000_000 - out]) {
        assert_eq!(token_of(&world, token, pool), of_pool);
    }
    // An expired trade, and one with less output than the minimum.
    world.set_height(2);
    assert_eq!(revert_code(&mut world, &swap), 7);
    assert_eq!(
        revert_code(
            &mut world,
            &call_by(alice, pool, amm::swap(true, 1_000, 4_000, 9))
        ),
        6
    );
}

#[test]
fn a_trade_is_undone_wherever_it_runs_out_of_gas() {
    let mut world = world_on_all_engines();
    let alice = world.account("alice", 0);
    let tokens = [0, 1].map(|_| deploy(&mut world, alice, "token", &token::init(10_000_000)));
    let pool = deploy(&mut world, alice, "amm", &amm::init(tokens[0], tokens[1]));
    for token in tokens {
        call_ok(
            &mut world,
            &call_by(alice, token, token::approve(pool, u128::MAX)),
        );
    }
    call_ok(
        &mut world,
        &call_by(alice, pool, amm::add_liquidity(1_000_000, 4_000_000, 0)),
    );
    let swap = call_by(alice, pool, amm::swap(true, 1_000, 1, 1));
    let used = world.query(&swap).unwrap().gas_used;
    let mut failed_inside = 0;
    for part in 0..64 {
        let failure = world
            .query(&swap.clone().gas(used / 64 * part))
            .unwrap_err();
        failed_inside += failure.inside().len();
        // If the token ran out of gas, the pool has a 64th left; if that is enough, it reverts.
        let is_refused = failure.code() == Some(9);
        assert!(is_refused || failure.is_out_of_gas(), "{failure}");
    }
    assert!(failed_inside > 0, "no inner call ran out of gas");
    assert!(world.query(&swap.gas(used)).is_ok());
}

#[test]
fn two_of_three_owners_can_pay_call_and_change_the_owners() {
    let mut world = world_on_all_engines();
    let owners = ["alice", "bob", "carol"].map(|name| world.account(name, 1_000));
    let [alice, bob, carol] = owners;
    let wallet = deploy(&mut world, alice, "multisig", &multisig::init(&owners, 2));
    call_ok(
        &mut world,
        &call_by(alice, wallet, multisig::deposit()).value(100),
    );
    let registry = deploy(&mut world, alice, "names", &names::init(10, 100));
    let register = names::register("wallet", 1);
    let propose = multisig::propose(registry, 10, register.entry, &register.input);
    let id: u64 = call_ok(&mut world, &call_by(alice, wallet, propose))
        .decode()
        .unwrap();
    assert_eq!(
        revert_code(&mut world, &call_by(alice, wallet, multisig::execute(id))),
        6
    );
    call_ok(&mut world, &call_by(bob, wallet, multisig::confirm(id)));
    call_ok(&mut world, &call_by(carol, wallet, multisig::execute(id)));
    assert_eq!((world.balance(wallet), world.balance(registry)), (90, 10));
    let owner = call_ok(
        &mut world,
        &call_by(bob, registry, names::resolve("wallet")),
    );
    assert_eq!(owner.decode(), Ok(Some(wallet)));
    // A failing call undoes the whole execution, which can be tried again.
    let again: u64 = {
        let propose = multisig::propose(registry, 10, register.entry, &register.input);
        call_ok(&mut world, &call_by(alice, wallet, propose))
            .decode()
            .unwrap()
    };
    call_ok(&mut world, &call_by(bob, wallet, multisig::confirm(again)));
    assert_eq!(
        revert_code(&mut world, &call_by(bob, wallet, multisig::execute(again))),
        7
    );
    assert_eq!(world.balance(wallet), 90);
    let count = call_ok(
        &mut world,
        &call_by(bob, wallet, multisig::confirmations(again)),
    );
    assert_eq!(count.decode(), Ok(2_u32));
    // Only the wallet itself can change its owners.
    let set = multisig::set_owners(&[alice], 1);
    assert_eq!(
        revert_code(&mut world, &call_by(alice, wallet, set.clone())),
        3
    );
    let propose = multisig::propose(wallet, 0, set.entry, &set.input);
    let id: u64 = call_ok(&mut world, &call_by(alice, wallet, propose))
        .decode()
        .unwrap();
    call_ok(&mut world, &call_by(carol, wallet, multisig::confirm(id)));
    call_ok(&mut world, &call_by(carol, wallet, multisig::execute(id)));
    let owners = call_ok(&mut world, &call_by(bob, wallet, multisig::owners()));
    assert_eq!(owners.decode(), Ok((vec![alice], 1_u32)));
}

/// Calls `upgrade` of the contract in its input with the rest as input, and then returns the
/// status, reverts, traps or loops.
const CALLER: &str = r#"(module
  (import "lockstep" "input" (func $input (param i32 i32) (result i32)))
  (import "lockstep" "call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)))
  (import "lockstep" "return" (func $return (param i32 i32)))
  (import "lockstep" "revert" (func $revert (param i32 i32)))
  (memory 1)
  (data (i32.const 1024) "upgradeincrement")
  (func (export "nothing"))
  (func $ask (param $at i32) (param $length i32) (param $bytes i32)
    (i32.store (i32.const 512)
      (call $call (i32.const 0) (i32.const 0) (local.get $at) (local.get $length)
        (i32.const 32) (local.get $bytes) (i32.const 600) (i64.const 0x7fffffffffffffff))))
  (func $upgrade
    (drop (call $input (i32.const 0) (i32.const 64)))
    (call $ask (i32.const 1024) (i32.const 7) (i32.const 32)))
  (func (export "upgrade_and_return")
    (call $upgrade)
    (call $return (i32.const 512) (i32.const 4)))
  (func (export "upgrade_and_revert")
    (call $upgrade)
    (call $revert (i32.const 512) (i32.const 4)))
  (func (export "upgrade_and_trap")
    (call $upgrade)
    unreachable)
  (func (export "upgrade_and_spin")
    (call $upgrade)
    (loop $again (br $again))))"#;

#[test]
fn a_change_of_code_is_undone_with_the_frame_that_called_for_it() {
    let mut world = world_on_all_engines();
    let alice = world.account("alice", 0);
    let counter = deploy(&mut world, alice, "counter", &counter::get());
    let new = world.code_hash(counter).unwrap();
    let nothing = Invocation::new("nothing", &());
    let owner = deploy_bytes(&mut world, alice, &wat(CALLER), &nothing);
    // The caller owns the contract that it upgrades.
    let code_hash = world.upload(&crate::setup::wasm("upgradeable")).unwrap();
    let init = upgradeable::init(1);
    let made = Call::deployment(CodeHash(code_hash), [0; 32], init.entry, init.input).from(owner);
    let contract = call_ok(&mut world, &made).contract;
    call_ok(
        &mut world,
        &call_by(owner, contract, upgradeable::announce(new.0)),
    );
    world.set_height(2);
    let upgrade = |entry| Call::new(owner, entry, &(contract, new)).gas(50_000_000);
    let reverted = call_err(&mut world, &upgrade("upgrade_and_revert"));
    // The inner call returned: the caller reverts with its status 0.
    assert!(
        reverted.to_string().contains("4 bytes: [0, 0, 0, 0]"),
        "{reverted}"
    );
    call_err(&mut world, &upgrade("upgrade_and_trap"));
    assert!(call_err(&mut world, &upgrade("upgrade_and_spin")).is_out_of_gas());
    assert_eq!(world.code_hash(contract), Some(CodeHash(code_hash)));
    let pending = call_ok(
        &mut world,
        &call_by(alice, contract, upgradeable::pending()),
    );
    assert!(
        pending
            .decode::<Option<([u8; 32], u64)>>()
            .unwrap()
            .is_some()
    );
    let receipt = call_ok(&mut world, &upgrade("upgrade_and_return"));
    assert_eq!(receipt.output, [0; 4]);
    assert_eq!(world.code_hash(contract), Some(new));
}

#[test]
fn a_contract_that_changes_its_code_continues_with_the_old_and_calls_the_new() {
    let mut world = world_on_all_engines();
    let alice = world.account("alice", 0);
    let hostile = deploy(&mut world, alice, "hostile", &hostile::touch());
    let counter = deploy(&mut world, alice, "counter", &counter::get());
    let new = world.code_hash(counter).unwrap();
    let receipt = call_ok(
        &mut world,
        &call_by(alice, hostile, hostile::upgrade(new.0)),
    );
    // The inner frame runs the counter, which has no `touch`.
    let statuses: (u32, u32) = receipt.decode().unwrap();
    assert_eq!(statuses, (0, u32::from(status::NO_ENTRY)));
    assert_eq!(world.code_hash(hostile), Some(new));
    // A hash without code changes nothing.
    let other = deploy(&mut world, alice, "hostile", &hostile::touch());
    let receipt = call_ok(
        &mut world,
        &call_by(alice, other, hostile::upgrade([9; 32])),
    );
    let statuses: (u32, u32) = receipt.decode().unwrap();
    assert_eq!(statuses, (u32::from(status::NO_CODE), 0));
}

#[test]
fn a_contract_is_not_reentered_unless_it_allows_it() {
    let mut world = world_on_all_engines();
    let alice = world.account("alice", 0);
    let [one, other] = [0, 1].map(|_| deploy(&mut world, alice, "hostile", &hostile::touch()));
    let status_of = |world: &mut World, flags| {
        let call = call_by(alice, one, hostile::reenter(other, flags));
        call_ok(world, &call).decode::<u32>().unwrap()
    };
    assert_eq!(status_of(&mut world, 0), u32::from(status::REENTRY));
    assert_eq!(status_of(&mut world, host_api::flags::ALLOW_REENTRY), 0);
    // Static is inherited: the reentered frame writes, so it traps.
    let both = host_api::flags::ALL;
    assert_eq!(status_of(&mut world, both), u32::from(status::TRAP));
}
