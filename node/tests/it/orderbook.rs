//! Settles the order book through signed transactions, by two of three signers, by one, and by a
//! wrong one.

use crate::chain::{Chain, call, engines};
use contract_types::borsh;
use contract_types::orderbook::{self, Order, Position, RestingOrder, Side, Snapshot, refusal};
use contract_types::{Address, Invocation, Revert};
use node::limits::Limits;
use node::receipt::{events_root, output_hash};
use node::{Executed, ReceiptExit, SecretKey};
use node_sim::simulate::calls::{Settlement, signer};
use node_sim::simulate::samples::ORDERBOOK;

const MARKET: [u8; 32] = [3; 32];

/// The code with which the contract reverted.
fn refused(executed: &Executed) -> u32 {
    assert_eq!(executed.receipt.exit, ReceiptExit::Revert);
    assert_eq!(executed.receipt.code, host_api::status::REVERT);
    assert!(executed.events.is_empty());
    borsh::from_slice::<Revert>(&executed.output).unwrap().code
}

/// A chain with an order book, and all its participants.
struct Market {
    chain: Chain,
    book: vm::Address,
    signers: [SecretKey; 3],
    receipts: Vec<node::Receipt>,
}

impl Market {
    fn open(engine: Box<dyn vm::Engine>) -> Self {
        let mut chain = Chain::with(engine, Limits::v1());
        let signers = [
            SecretKey::secp256k1(b"first"),
            SecretKey::ed25519(b"second"),
            SecretKey::secp256k1(b"third"),
        ];
        let init = orderbook::init(MARKET, signers.each_ref().map(signer));
        let book = chain.deploy(ORDERBOOK.bytes, init.entry, init.input);
        Self {
            chain,
            book,
            signers,
            receipts: Vec::new(),
        }
    }

    /// Calls the book in a signed transaction that is alone in its block.
    fn call(&mut self, key: &SecretKey, invocation: Invocation) -> Executed {
        let payload = call(self.book, invocation.entry, invocation.input);
        let executed = self.chain.alone_by(key, payload);
        assert_eq!(executed.receipt.output_hash, output_hash(&executed.output));
        assert_eq!(executed.receipt.events_root, events_root(&executed.events));
        self.receipts.push(executed.receipt.clone());
        executed
    }

    fn place(&mut self, key: &SecretKey, order: Order) {
        let placed = self.call(key, orderbook::place(order));
        assert_eq!(placed.receipt.exit, ReceiptExit::Return);
    }

    /// Sends every settlement that the contract must refuse.
    fn refuse(&mut self, settlement: Settlement<'_>) {
        let alice = self.chain.alice.clone();
        let outsider = SecretKey::ed25519(b"outsider");
        let [first, second, _] = &self.signers.clone();
        let one = self.call(&alice, settlement.signed_by(&[first]));
        assert_eq!(refused(&one), refusal::TOO_FEW_SIGNERS);
        let wrong = self.call(&alice, settlement.signed_by(&[first, &outsider]));
        assert_eq!(refused(&wrong), refusal::UNKNOWN_SIGNER);
        let twice = self.call(&alice, settlement.signed_by(&[first, first]));
        assert_eq!(refused(&twice), refusal::DUPLICATE_SIGNER);
        // Signed for another price than the one in the call.
        let other = Snapshot {
            price: 99,
            ..settlement.snapshot
        };
        let other = Settlement {
            snapshot: other,
            ..settlement
        };
        let mut forged = other.signed_by(&[first, second]);
        let bytes = borsh::to_vec(&settlement.snapshot).unwrap();
        forged.input[..bytes.len()].copy_from_slice(&bytes);
        let forged = self.call(&alice, forged);
        assert_eq!(refused(&forged), refusal::INVALID_SIGNATURE);
    }
}

/// Checks that Alice bought 12 at 100 and that the rest of her second bid is still in the book.
fn traded(market: &mut Market, alice: &SecretKey, bob: &SecretKey) {
    let position = market
        .call(bob, orderbook::position(Address(alice.address().0)))
        .output;
    let position: Position = borsh::from_slice(&position).unwrap();
    assert_eq!(
        position,
        Position {
            base: 12,
            quote: -1_200
        }
    );
    let bids = market.call(bob, orderbook::bids()).output;
    let bids: Vec<RestingOrder> = borsh::from_slice(&bids).unwrap();
    assert_eq!(
        bids.iter()
            .map(|bid| (bid.price, bid.quantity))
            .collect::<Vec<_>>(),
        [(101, 3)]
    );
}

/// Runs the whole scenario on one engine; returns all receipts and the last state root.
fn settle(engine: Box<dyn vm::Engine>) -> (Vec<node::Receipt>, [u8; 32]) {
    let mut market = Market::open(engine);
    let (alice, bob) = (market.chain.alice.clone(), market.chain.bob.clone());
    market.place(
        &alice,
        Order {
            side: Side::Bid,
            price: 105,
            quantity: 10,
        },
    );
    market.place(
        &alice,
        Order {
            side: Side::Bid,
            price: 101,
            quantity: 5,
        },
    );
    market.place(
        &bob,
        Order {
            side: Side::Ask,
            price: 98,
            quantity: 12,
        },
    );
    let chain_id = *market.chain.node.chain_id();
    let snapshot = Snapshot {
        market: MARKET,
        sequence: 1,
        price: 100,
        height_max: 1_000,
    };
    let settlement = Settlement {
        chain_id: &chain_id,
        book: market.book,
        snapshot,
    };
    market.refuse(settlement);

    let [_, second, third] = &market.signers.clone();
    let settled = market.call(&bob, settlement.signed_by(&[second, third]));
    assert_eq!(settled.receipt.exit, ReceiptExit::Return);
    assert_eq!(settled.output, 2_u32.to_le_bytes(), "two fills");
    assert!(settled.events.len() >= 2, "{:?}", settled.events);
    assert!(
        settled
            .events
            .iter()
            .all(|event| event.address == market.book)
    );
    assert_ne!(settled.receipt.events_root, events_root(&[]));
    let again = market.call(&bob, settlement.signed_by(&[second, third]));
    assert_eq!(refused(&again), refusal::STALE_SEQUENCE);

    traded(&mut market, &alice, &bob);
    (market.receipts, market.chain.node.tip().result.state_root)
}

#[test]
fn two_of_three_signers_settle_on_every_engine() {
    let results: Vec<_> = engines().into_iter().map(settle).collect();
    assert_eq!(results.len(), 2);
    assert_eq!(results[0], results[1]);
}
