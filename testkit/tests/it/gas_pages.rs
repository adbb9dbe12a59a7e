//! Checks that the gas tables in the samples' pages are equal to the measured ones.
//!
//! `BLESS=1 cargo test -p lockstep-testkit gas_pages` writes them.

use crate::passkey::{assertion, with_key};
use crate::proofs;
use crate::setup::{call_by, deploy, wasm, world_on_all_engines};
use contract_types::orderbook::{self, Order, Side, Signer};
use contract_types::{
    Address, Invocation, amm, committee, counter, escrow, multisig, names, nft, passkey, token,
    upgradeable,
};
use std::fmt::Write as _;
use testkit::{Call, World};
use vm::CodeHash;

const BEGIN: &str = "<!-- gas -->\n";
const END: &str = "<!-- /gas -->\n";

/// Text and header above the rows.
const TABLE: &str = "\
Gas of deployed bytes, one call after the other, each a message of its own, without what a
transaction adds; the first touch of a key in each is cold. `BLESS=1 cargo test -p lockstep-testkit
gas_pages` writes this table, and the test checks it.

| call | gas | of it the frame |
|---|---:|---:|
";

/// A world, and a table with the gas of its calls.
struct GasTable {
    world: World,
    alice: Address,
    bob: Address,
    rows: String,
}

impl GasTable {
    fn new() -> Self {
        let mut world = world_on_all_engines();
        let [alice, bob] = ["alice", "bob"].map(|name| world.account(name, 1_000_000));
        let rows = String::new();
        Self {
            world,
            alice,
            bob,
            rows,
        }
    }

    /// Deploys a sample as Alice and adds a row.
    fn deploy(&mut self, name: &str, invocation: Invocation) -> Address {
        let code_hash = self.world.upload(&wasm(name)).expect("accepted");
        let Invocation { entry, input } = invocation;
        let call = Call::deployment(CodeHash(code_hash), self.world.salt(), entry, input);
        self.note(&format!("deploy by `{entry}`"), &call.from(self.alice))
    }

    /// Makes a call that returns and adds a row.
    fn call(&mut self, what: &str, contract: Address, invocation: Invocation) {
        let what = format!("`{}`{what}", invocation.entry);
        self.note(&what, &call_by(self.alice, contract, invocation));
    }

    fn note(&mut self, what: &str, call: &Call) -> Address {
        let receipt = self.world.call(call);
        let receipt = receipt.unwrap_or_else(|failure| panic!("{failure}"));
        let (gas, frame) = (thousands(receipt.gas_used), thousands(receipt.frame_gas));
        writeln!(self.rows, "| {what} | {gas} | {frame} |").expect("a string");
        receipt.contract
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let is_group = |index: usize| digits.len().saturating_sub(index).is_multiple_of(3) && index > 0;
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if is_group(index) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Checks that the page of a sample has the table's rows; with `BLESS=1`, writes them.
fn check(sample: &str, table: &GasTable) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts");
    let path = format!("{folder}/{sample}/README.md");
    let page = std::fs::read_to_string(&path).expect("a page");
    let (before, rest) = page.split_once(BEGIN).expect("a marker for the table");
    let (_, after) = rest.split_once(END).expect("its end");
    let expected = [before, BEGIN, TABLE, &table.rows, END, after].concat();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, expected).expect("written");
    } else {
        assert_eq!(
            page, expected,
            "{sample}: run again with BLESS=1 if the change is intended"
        );
    }
}

#[test]
fn counter_page() {
    let mut table = GasTable::new();
    let contract = table.deploy("counter", counter::increment(1));
    table.call("", contract, counter::increment(5));
    table.call("", contract, counter::get());
    check("counter", &table);
}

#[test]
fn token_page() {
    let mut table = GasTable::new();
    let (alice, bob) = (table.alice, table.bob);
    let contract = table.deploy("token", token::init(1_000_000));
    table.call(" to a new holder", contract, token::transfer(bob, 5));
    table.call(" again", contract, token::transfer(bob, 5));
    table.call("", contract, token::approve(alice, 100));
    table.call("", contract, token::transfer_from(alice, bob, 5));
    table.call("", contract, token::balance_of(bob));
    check("token", &table);
}

#[test]
fn escrow_page() {
    let mut table = GasTable::new();
    let (alice, bob) = (table.alice, table.bob);
    let contract = table.deploy("escrow", escrow::deal(1));
    for _ in 0..2 {
        let open = call_by(alice, contract, escrow::open(bob, alice, 1_000));
        table.note("`open` with value", &open.value(10));
    }
    table.call("", contract, escrow::release(1));
    table.call(" by the arbiter", contract, escrow::refund(2));
    table.call(" of nothing", contract, escrow::deal(1));
    check("escrow", &table);
}

#[test]
fn orderbook_page() {
    let mut table = GasTable::new();
    let signers = [1_u8, 2, 3].map(|byte| Signer::Ed25519([byte; 32]));
    let contract = table.deploy("orderbook", orderbook::init([0; 32], signers));
    for price in [100, 101, 102] {
        let order = Order {
            side: Side::Bid,
            price,
            quantity: 5,
        };
        table.call("", contract, orderbook::place(order));
    }
    table.call("", contract, orderbook::cancel(2));
    table.call(" of two", contract, orderbook::bids());
    check("orderbook", &table);
}

#[test]
fn multisig_page() {
    let mut table = GasTable::new();
    let (alice, bob) = (table.alice, table.bob);
    let contract = table.deploy("multisig", multisig::init(&[alice, bob], 2));
    let deposit = call_by(alice, contract, multisig::deposit());
    table.note("`deposit` with value", &deposit.value(100));
    table.call(" a payment", contract, multisig::propose(bob, 5, "", &[]));
    table.note("`confirm`", &call_by(bob, contract, multisig::confirm(1)));
    table.call(" a payment", contract, multisig::execute(1));
    table.call("", contract, multisig::owners());
    check("multisig", &table);
}

#[test]
fn passkey_page() {
    let mut table = GasTable::new();
    let bob = table.bob;
    let contract = table.deploy("passkey", with_key(passkey::init));
    let deposit = call_by(table.alice, contract, passkey::deposit());
    table.note("`deposit` with value", &deposit.value(100));
    for what in [" a payment", " a payment again"] {
        let payment = (bob, 5, "", &[][..]);
        let signed = assertion(&table.world, contract, payment);
        table.call(what, contract, signed.execute(payment));
    }
    let set = with_key(passkey::set_key);
    let change = (contract, 0, set.entry, &set.input[..]);
    let signed = assertion(&table.world, contract, change);
    table.call(" a change of the key", contract, signed.execute(change));
    table.call("", contract, passkey::challenge(change));
    check("passkey", &table);
}

#[test]
fn groth16_page() {
    let mut table = GasTable::new();
    let contract = table.deploy("groth16", proofs::key());
    table.call(" of two public inputs", contract, proofs::proof());
    check("groth16", &table);
}

#[test]
fn committee_page() {
    let mut table = GasTable::new();
    let contract = table.deploy("committee", proofs::four_members(3));
    table.call(" by three of four", contract, proofs::attestation(0));
    table.call(" by all four", contract, proofs::attestation(1));
    table.call("", contract, committee::latest());
    check("committee", &table);
}

#[test]
fn amm_page() {
    let mut table = GasTable::new();
    let alice = table.alice;
    let world = &mut table.world;
    let tokens = [0, 1].map(|_| deploy(world, alice, "token", &token::init(1_000_000)));
    let contract = table.deploy("amm", amm::init(tokens[0], tokens[1]));
    for token in tokens {
        let approve = call_by(alice, token, token::approve(contract, u128::MAX));
        table.world.call(&approve).expect("approved");
    }
    table.call(" first", contract, amm::add_liquidity(10_000, 40_000, 0));
    table.call("", contract, amm::add_liquidity(10_000, 40_000, 0));
    table.call("", contract, amm::swap(true, 100, 1, 1));
    table.call("", contract, amm::remove_liquidity(100, 0, 0));
    table.call("", contract, amm::quote(true, 100));
    check("amm", &table);
}

#[test]
fn names_page() {
    let mut table = GasTable::new();
    let alice = table.alice;
    let contract = table.deploy("names", names::init(10, 100));
    for name in ["abc", "def", "ghi"] {
        let register = call_by(alice, contract, names::register(name, 1));
        table.note("`register`", &register.value(10));
    }
    let renew = call_by(alice, contract, names::renew("abc", 1));
    table.note("`renew`", &renew.value(10));
    table.call("", contract, names::set_target("abc", alice));
    table.call("", contract, names::resolve("abc"));
    table.call(" of two", contract, names::list("abc", 10));
    table.call("", contract, names::withdraw());
    check("names", &table);
}

#[test]
fn nft_page() {
    let mut table = GasTable::new();
    let (alice, bob) = (table.alice, table.bob);
    let contract = table.deploy("nft", nft::init());
    table.call(" first", contract, nft::mint(alice, [1; 32]));
    table.call("", contract, nft::mint(alice, [2; 32]));
    table.call("", contract, nft::approve(1, Some(bob)));
    table.call("", contract, nft::transfer(1, bob));
    table.call(" of one", contract, nft::tokens_of(alice, 0, 10));
    check("nft", &table);
}

#[test]
fn upgradeable_page() {
    let mut table = GasTable::new();
    let code_hash = table.world.upload(&wasm("counter")).expect("accepted");
    let contract = table.deploy("upgradeable", upgradeable::init(1));
    table.call("", contract, upgradeable::increment(5));
    table.call("", contract, upgradeable::announce(code_hash));
    table.world.set_height(2);
    table.call("", contract, upgradeable::upgrade(code_hash));
    table.call(" under the new code", contract, counter::increment(5));
    check("upgradeable", &table);
}

#[test]
fn numbers_are_grouped_by_thousands() {
    let shown = [0, 12, 999, 1_000, 1_234_567].map(thousands);
    assert_eq!(shown, ["0", "12", "999", "1,000", "1,234,567"]);
}
