//! Runs each sample as deployed wasm, on every engine: its main use and its errors.

use crate::setup::{call_by, call_err, call_ok, deploy, revert_code, world_on_all_engines};
use contract_types::orderbook::{
    self, Order, Position, RestingOrder, Side, SignedBy, Signer, Snapshot, refusal,
};
use contract_types::{Invocation, counter, escrow, names, nft, store, token, upgradeable};
use ed25519_dalek::{Signer as _, SigningKey};
use testkit::{Address, Call, World};

fn people(world: &mut World) -> [Address; 3] {
    ["alice", "bob", "carol"].map(|name| world.account(name, 10_000))
}

#[test]
fn counter_counts_and_reverts_on_overflow() {
    let mut world = world_on_all_engines();
    let [alice, ..] = people(&mut world);
    let counter = deploy(&mut world, alice, "counter", &counter::increment(1));
    let receipt = call_ok(&mut world, &call_by(alice, counter, counter::increment(41)));
    assert_eq!(receipt.decode(), Ok(42_u64));
    call_err(
        &mut world,
        &call_by(alice, counter, counter::increment(u64::MAX)),
    );
    assert_eq!(
        call_ok(&mut world, &call_by(alice, counter, counter::get())).decode(),
        Ok(42_u64)
    );
}

#[test]
fn token_transfers_balances_and_approved_amounts() {
    let mut world = world_on_all_engines();
    let [alice, bob, carol] = people(&mut world);
    let token = deploy(&mut world, alice, "token", &token::init(100));
    assert_eq!(
        revert_code(&mut world, &call_by(bob, token, token::init(1))),
        1
    );
    call_ok(&mut world, &call_by(alice, token, token::transfer(bob, 30)));
    assert_eq!(
        revert_code(&mut world, &call_by(bob, token, token::transfer(carol, 31))),
        2
    );
    call_ok(
        &mut world,
        &call_by(alice, token, token::approve(carol, 50)),
    );
    call_ok(
        &mut world,
        &call_by(carol, token, token::transfer_from(alice, carol, 20)),
    );
    assert_eq!(
        revert_code(
            &mut world,
            &call_by(carol, token, token::transfer_from(alice, carol, 31))
        ),
        3
    );
    let of = |world: &World, who| {
        let receipt = world.query(&call_by(who, token, token::balance_of(who)));
        receipt.unwrap().decode::<u128>().unwrap()
    };
    assert_eq!([alice, bob, carol].map(|who| of(&world, who)), [50, 30, 20]);
    let left = call_ok(
        &mut world,
        &call_by(bob, token, token::allowance(alice, carol)),
    );
    assert_eq!(left.decode(), Ok(30_u128));
}

#[test]
fn escrow_pays_one_side_once() {
    let mut world = world_on_all_engines();
    let [alice, bob, carol] = people(&mut world);
    world.set_time_ms(1_000);
    let escrow = deploy(&mut world, carol, "escrow", &escrow::deal(1));
    let open = escrow::open(bob, carol, 5_000);
    assert_eq!(
        revert_code(&mut world, &call_by(alice, escrow, open.clone())),
        1
    );
    let first = call_ok(&mut world, &call_by(alice, escrow, open.clone()).value(600));
    let second = call_ok(&mut world, &call_by(alice, escrow, open).value(40));
    assert_eq!((first.decode(), second.decode()), (Ok(1_u64), Ok(2_u64)));
    assert_eq!(world.balance(escrow), 640);
    assert_eq!(
        revert_code(&mut world, &call_by(bob, escrow, escrow::release(1))),
        4
    );
    call_ok(&mut world, &call_by(alice, escrow, escrow::release(1)));
    assert_eq!((world.balance(bob), world.balance(escrow)), (10_600, 40));
    assert_eq!(
        revert_code(&mut world, &call_by(alice, escrow, escrow::release(1))),
        3
    );
    // The buyer is refunded after the deadline, not before.
    assert_eq!(
        revert_code(&mut world, &call_by(alice, escrow, escrow::refund(2))),
        4
    );
    world.set_time_ms(5_001);
    call_ok(&mut world, &call_by(alice, escrow, escrow::refund(2)));
    assert_eq!((world.balance(alice), world.balance(escrow)), (9_400, 0));
}

#[test]
fn order_book_settles_under_two_of_three_signatures() {
    let mut world = world_on_all_engines();
    let [alice, bob, _] = people(&mut world);
    let keys = [1_u8, 2, 3].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let public = |key: &SigningKey| Signer::Ed25519(key.verifying_key().to_bytes());
    let market = [9; 32];
    let book = deploy(
        &mut world,
        alice,
        "orderbook",
        &orderbook::init(market, keys.each_ref().map(public)),
    );
    let order = |side, price, quantity| {
        orderbook::place(Order {
            side,
            price,
            quantity,
        })
    };
    call_ok(&mut world, &call_by(alice, book, order(Side::Bid, 105, 10)));
    call_ok(&mut world, &call_by(bob, book, order(Side::Ask, 95, 4)));
    let snapshot = Snapshot {
        market,
        sequence: 1,
        price: 100,
        height_max: 1,
    };
    let message = orderbook::signing_bytes(&world.block().chain_id, &book, &snapshot);
    let signed = |index: usize| SignedBy {
        signer: public(&keys[index]),
        signature: keys[index].sign(&message).to_bytes(),
    };
    let settle = |indices: &[usize]| {
        let signatures: Vec<SignedBy> = indices.iter().map(|index| signed(*index)).collect();
        call_by(alice, book, orderbook::settle(snapshot, &signatures))
    };
    assert_eq!(
        revert_code(&mut world, &settle(&[0])),
        refusal::TOO_FEW_SIGNERS
    );
    assert_eq!(
        revert_code(&mut world, &settle(&[1, 1])),
        refusal::DUPLICATE_SIGNER
    );
    // The signatures are not valid on another chain.
    let saved = world.save();
    world.set_chain_id([8; 32]);
    assert_eq!(
        revert_code(&mut world, &settle(&[0, 2])),
        refusal::INVALID_SIGNATURE
    );
    world.restore(&saved);
    assert_eq!(call_ok(&mut world, &settle(&[0, 2])).decode(), Ok(1_u32));
    assert_eq!(
        revert_code(&mut world, &settle(&[0, 2])),
        refusal::STALE_SEQUENCE
    );
    let position = call_ok(&mut world, &call_by(bob, book, orderbook::position(bob)));
    let sold = Position {
        base: -4,
        quote: 400,
    };
    assert_eq!(position.decode(), Ok(sold));
    let bids = call_ok(&mut world, &call_by(bob, book, orderbook::bids()));
    let bids: Vec<RestingOrder> = bids.decode().unwrap();
    assert_eq!((bids.len(), bids[0].quantity), (1, 6));
}

#[test]
fn names_are_rented_expire_and_are_listed_in_order() {
    let mut world = world_on_all_engines();
    let [alice, bob, carol] = people(&mut world);
    let registry = deploy(&mut world, carol, "names", &names::init(10, 100));
    for name in ["zed", "abc", "mid"] {
        call_ok(
            &mut world,
            &call_by(alice, registry, names::register(name, 1)).value(10),
        );
    }
    let taken = call_by(bob, registry, names::register("abc", 1)).value(10);
    assert_eq!(revert_code(&mut world, &taken), 6);
    assert_eq!(
        revert_code(
            &mut world,
            &call_by(bob, registry, names::set_target("abc", bob))
        ),
        8
    );
    let list = call_ok(&mut world, &call_by(bob, registry, names::list("abc", 5)));
    assert_eq!(list.decode(), Ok(vec!["mid".to_owned(), "zed".to_owned()]));
    call_ok(
        &mut world,
        &call_by(alice, registry, names::set_target("abc", carol)),
    );
    let resolve = call_by(bob, registry, names::resolve("abc"));
    assert_eq!(world.query(&resolve).unwrap().decode(), Ok(Some(carol)));
    world.set_height(1_000);
    assert_eq!(
        world.query(&resolve).unwrap().decode::<Option<Address>>(),
        Ok(None)
    );
    call_ok(&mut world, &taken);
    let paid = call_ok(&mut world, &call_by(carol, registry, names::withdraw()));
    assert_eq!(paid.decode(), Ok(40_u128));
    assert_eq!((world.balance(registry), world.balance(carol)), (0, 10_040));
}

#[test]
fn nft_tokens_have_one_owner_and_are_scanned_by_owner() {
    let mut world = world_on_all_engines();
    let [alice, bob, carol] = people(&mut world);
    let nft = deploy(&mut world, alice, "nft", &nft::init());
    for number in 1..=40_u64 {
        let mint = call_by(alice, nft, nft::mint(alice, [3; 32]));
        assert_eq!(call_ok(&mut world, &mint).decode(), Ok(number));
    }
    assert_eq!(
        revert_code(&mut world, &call_by(bob, nft, nft::mint(bob, [3; 32]))),
        2
    );
    assert_eq!(
        revert_code(&mut world, &call_by(bob, nft, nft::transfer(7, bob))),
        4
    );
    call_ok(&mut world, &call_by(alice, nft, nft::approve(7, Some(bob))));
    call_ok(&mut world, &call_by(bob, nft, nft::transfer(7, carol)));
    // The approval is used up.
    assert_eq!(
        revert_code(&mut world, &call_by(bob, nft, nft::transfer(7, bob))),
        4
    );
    let owned = call_ok(
        &mut world,
        &call_by(bob, nft, nft::tokens_of(alice, 2, 100)),
    );
    let expected: Vec<u64> = (3..=40).filter(|id| *id != 7).collect();
    assert_eq!(owned.decode(), Ok(expected));
    let balance = call_ok(&mut world, &call_by(bob, nft, nft::balance_of(carol)));
    assert_eq!(balance.decode(), Ok(1_u64));
}

#[test]
fn upgradeable_waits_and_keeps_its_count_under_the_new_code() {
    let mut world = world_on_all_engines();
    let [alice, bob, _] = people(&mut world);
    let counter = deploy(&mut world, alice, "counter", &counter::get());
    let code_hash = world.code_hash(counter).unwrap();
    let contract = deploy(&mut world, alice, "upgradeable", &upgradeable::init(5));
    call_ok(
        &mut world,
        &call_by(bob, contract, upgradeable::increment(7)),
    );
    assert_eq!(
        revert_code(
            &mut world,
            &call_by(bob, contract, upgradeable::announce(code_hash.0))
        ),
        2
    );
    let height = call_ok(
        &mut world,
        &call_by(alice, contract, upgradeable::announce(code_hash.0)),
    );
    assert_eq!(height.decode(), Ok(6_u64));
    let upgrade = call_by(alice, contract, upgradeable::upgrade(code_hash.0));
    assert_eq!(revert_code(&mut world, &upgrade), 5);
    world.set_height(6);
    // Only the announced code is accepted.
    assert_eq!(
        revert_code(
            &mut world,
            &call_by(alice, contract, upgradeable::upgrade([1; 32]))
        ),
        4
    );
    let old = world.code_hash(contract);
    call_ok(&mut world, &upgrade);
    assert_ne!(world.code_hash(contract), old);
    assert_eq!(world.code_hash(contract), Some(code_hash));
    let count = call_ok(&mut world, &call_by(bob, contract, counter::increment(1)));
    assert_eq!(count.decode(), Ok(8_u64));
    let gone = call_err(
        &mut world,
        &call_by(alice, contract, upgradeable::pending()),
    );
    assert_eq!(gone.status(), Some(host_api::status::NO_ENTRY));
}

#[test]
fn the_samples_in_other_languages_work_on_every_engine() {
    let mut world = world_on_all_engines();
    let [alice, bob, _] = people(&mut world);
    let store = deploy(&mut world, alice, "store", &store::count());
    call_ok(
        &mut world,
        &call_by(alice, store, store::put(b"key", b"value")),
    );
    let value = call_ok(&mut world, &call_by(alice, store, store::get(b"key")));
    assert_eq!(value.decode(), Ok(Some(b"value".to_vec())));
    let vault = deploy(
        &mut world,
        alice,
        "vault",
        &Invocation::new("balance_of", &alice),
    );
    call_ok(
        &mut world,
        &Call::new(vault, "deposit", &()).from(alice).value(9),
    );
    call_ok(
        &mut world,
        &Call::new(vault, "withdraw", &4_u128).from(alice),
    );
    let kept = call_ok(&mut world, &Call::new(vault, "balance_of", &alice));
    assert_eq!(kept.decode(), Ok(5_u128));
    assert_eq!((world.balance(vault), world.balance(alice)), (5, 9_995));
    call_err(&mut world, &Call::new(vault, "withdraw", &1_u128).from(bob));
    let poll = deploy(&mut world, alice, "poll", &Invocation::new("votes", &1_u8));
    let vote = |who| Call::new(poll, "vote", &1_u8).from(who);
    assert_eq!(call_ok(&mut world, &vote(alice)).decode(), Ok(1_u64));
    assert_eq!(revert_code(&mut world, &vote(alice)), 3);
    assert_eq!(call_ok(&mut world, &vote(bob)).decode(), Ok(2_u64));
}
