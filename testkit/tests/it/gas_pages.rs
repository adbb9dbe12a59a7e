//! Holds the gas tables of the samples' pages: what is measured here is what stands there.
//!
//! `BLESS=1 cargo test -p lockstep-testkit gas_pages` writes them.

use crate::setup::{by, deploy, everywhere, wasm};
use contract_types::orderbook::{self, Order, Side, Signer};
use contract_types::{
    Address, Invocation, amm, counter, escrow, multisig, names, nft, token, upgradeable,
};
use std::fmt::Write as _;
use testkit::{Call, World};
use vm::CodeHash;

const BEGIN: &str = "<!-- gas -->\n";
const END: &str = "<!-- /gas -->\n";

/// What stands above the rows.
const TABLE: &str = "\
Gas of deployed bytes, one call after the other, each a message of its own, without what a
transaction adds; the first touch of a key in each is cold. `BLESS=1 cargo test -p lockstep-testkit
gas_pages` writes this table, and the test checks it.

| call | gas | of it the frame |
|---|---:|---:|
";

/// A world that notes the gas of its calls.
struct Noted {
    world: World,
    alice: Address,
    bob: Address,
    rows: String,
}

impl Noted {
    fn new() -> Self {
        let mut world = everywhere();
        let [alice, bob] = ["alice", "bob"].map(|name| world.account(name, 1_000_000));
        let rows = String::new();
        Self {
            world,
            alice,
            bob,
            rows,
        }
    }

    /// Deploys a sample by Alice, and notes it.
    fn deploy(&mut self, name: &str, invocation: Invocation) -> Address {
        let code_hash = self.world.upload(&wasm(name)).expect("accepted");
        let Invocation { entry, input } = invocation;
        let call = Call::deployment(CodeHash(code_hash), self.world.salt(), entry, input);
        self.note(&format!("deploy by `{entry}`"), &call.from(self.alice))
    }

    /// Makes a call that returns, and notes it.
    fn call(&mut self, what: &str, contract: Address, invocation: Invocation) {
        let what = format!("`{}`{what}", invocation.entry);
        self.note(&what, &by(self.alice, contract, invocation));
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
    let place = |index: usize| digits.len().saturating_sub(index).is_multiple_of(3) && index > 0;
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if place(index) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The page of a sample holds the noted rows, or is written.
fn check(sample: &str, noted: &Noted) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts");
    let path = format!("{folder}/{sample}/README.md");
    let page = std::fs::read_to_string(&path).expect("a page");
    let (before, rest) = page.split_once(BEGIN).expect("a place for the table");
    let (_, after) = rest.split_once(END).expect("its end");
    let expected = [before, BEGIN, TABLE, &noted.rows, END, after].concat();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, expected).expect("written");
    } else {
        assert_eq!(
            page, expected,
            "{sample}: run again with BLESS=1 if that is meant"
        );
    }
}

#[test]
fn counter_page() {
    let mut noted = Noted::new();
    let contract = noted.deploy("counter", counter::increment(1));
    noted.call("", contract, counter::increment(5));
    noted.call("", contract, counter::get());
    check("counter", &noted);
}

#[test]
fn token_page() {
    let mut noted = Noted::new();
    let (alice, bob) = (noted.alice, noted.bob);
    let contract = noted.deploy("token", token::init(1_000_000));
    noted.call(" to a new holder", contract, token::transfer(bob, 5));
    noted.call(" again", contract, token::transfer(bob, 5));
    noted.call("", contract, token::approve(alice, 100));
    noted.call("", contract, token::transfer_from(alice, bob, 5));
    noted.call("", contract, token::balance_of(bob));
    check("token", &noted);
}

#[test]
fn escrow_page() {
    let mut noted = Noted::new();
    let (alice, bob) = (noted.alice, noted.bob);
    let contract = noted.deploy("escrow", escrow::deal(1));
    for _ in 0..2 {
        let open = by(alice, contract, escrow::open(bob, alice, 1_000));
        noted.note("`open` with value", &open.value(10));
    }
    noted.call("", contract, escrow::release(1));
    noted.call(" by the arbiter", contract, escrow::refund(2));
    noted.call(" of nothing", contract, escrow::deal(1));
    check("escrow", &noted);
}

#[test]
fn orderbook_page() {
    let mut noted = Noted::new();
    let signers = [1_u8, 2, 3].map(|byte| Signer::Ed25519([byte; 32]));
    let contract = noted.deploy("orderbook", orderbook::init([0; 32], signers));
    for price in [100, 101, 102] {
        let order = Order {
            side: Side::Bid,
            price,
            quantity: 5,
        };
        noted.call("", contract, orderbook::place(order));
    }
    noted.call("", contract, orderbook::cancel(2));
    noted.call(" of two", contract, orderbook::bids());
    check("orderbook", &noted);
}

#[test]
fn multisig_page() {
    let mut noted = Noted::new();
    let (alice, bob) = (noted.alice, noted.bob);
    let contract = noted.deploy("multisig", multisig::init(&[alice, bob], 2));
    let deposit = by(alice, contract, multisig::deposit());
    noted.note("`deposit` with value", &deposit.value(100));
    noted.call(" a payment", contract, multisig::propose(bob, 5, "", &[]));
    noted.note("`confirm`", &by(bob, contract, multisig::confirm(1)));
    noted.call(" a payment", contract, multisig::execute(1));
    noted.call("", contract, multisig::owners());
    check("multisig", &noted);
}

#[test]
fn amm_page() {
    let mut noted = Noted::new();
    let alice = noted.alice;
    let world = &mut noted.world;
    let tokens = [0, 1].map(|_| deploy(world, alice, "token", &token::init(1_000_000)));
    let contract = noted.deploy("amm", amm::init(tokens[0], tokens[1]));
    for token in tokens {
        let approve = by(alice, token, token::approve(contract, u128::MAX));
        noted.world.call(&approve).expect("approved");
    }
    noted.call(" first", contract, amm::add_liquidity(10_000, 40_000, 0));
    noted.call("", contract, amm::add_liquidity(10_000, 40_000, 0));
    noted.call("", contract, amm::swap(true, 100, 1, 1));
    noted.call("", contract, amm::remove_liquidity(100, 0, 0));
    noted.call("", contract, amm::quote(true, 100));
    check("amm", &noted);
}

#[test]
fn names_page() {
    let mut noted = Noted::new();
    let alice = noted.alice;
    let contract = noted.deploy("names", names::init(10, 100));
    for name in ["abc", "def", "ghi"] {
        let register = by(alice, contract, names::register(name, 1));
        noted.note("`register`", &register.value(10));
    }
    let renew = by(alice, contract, names::renew("abc", 1));
    noted.note("`renew`", &renew.value(10));
    noted.call("", contract, names::set_target("abc", alice));
    noted.call("", contract, names::resolve("abc"));
    noted.call(" of two", contract, names::list("abc", 10));
    noted.call("", contract, names::withdraw());
    check("names", &noted);
}

#[test]
fn nft_page() {
    let mut noted = Noted::new();
    let (alice, bob) = (noted.alice, noted.bob);
    let contract = noted.deploy("nft", nft::init());
    noted.call(" first", contract, nft::mint(alice, [1; 32]));
    noted.call("", contract, nft::mint(alice, [2; 32]));
    noted.call("", contract, nft::approve(1, Some(bob)));
    noted.call("", contract, nft::transfer(1, bob));
    noted.call(" of one", contract, nft::tokens_of(alice, 0, 10));
    check("nft", &noted);
}

#[test]
fn upgradeable_page() {
    let mut noted = Noted::new();
    let code_hash = noted.world.upload(&wasm("counter")).expect("accepted");
    let contract = noted.deploy("upgradeable", upgradeable::init(1));
    noted.call("", contract, upgradeable::increment(5));
    noted.call("", contract, upgradeable::announce(code_hash));
    noted.world.set_height(2);
    noted.call("", contract, upgradeable::upgrade(code_hash));
    noted.call(" under the new code", contract, counter::increment(5));
    check("upgradeable", &noted);
}

#[test]
fn numbers_are_grouped_by_thousands() {
    let shown = [0, 12, 999, 1_000, 1_234_567].map(thousands);
    assert_eq!(shown, ["0", "12", "999", "1,000", "1,234,567"]);
}
