//! Tests the effect of execution on balances, nonces and state, for each payload and exit.

use crate::chain::{BALANCE, Chain, GAS, PROPOSER, call};
use contract_types::counter;
use node::execute::execute;
use node::receipt::{SKIPPED_BALANCE, SKIPPED_NONCE, events_root, output_hash};
use node::{BlockEnvironment, CachePolicy, CodeCache, Overlay, Payload, ReceiptExit, SecretKey};
use node_sim::simulate::samples::{COUNTER, PROBE, REFUSED};
use reference::Reference;
use vm::CodeHash;
use vm::unstable::state::Account;
use vm::{Address, Trap, key};

const UNUSED: Address = Address([0x55; 32]);

fn pay(to: Address, amount: u128) -> Payload {
    Payload::Transfer { to, amount }
}

#[test]
fn a_transfer_moves_the_amount_and_pays_the_proposer() {
    let mut chain = Chain::new();
    for key in [chain.alice.clone(), chain.bob.clone()] {
        let before = [key.address(), UNUSED, PROPOSER].map(|address| chain.balance(&address));
        // More gas than is needed, so that some is refunded.
        let signed = key.sign(chain.draft(&key, 0, pay(UNUSED, 123), 1_000));
        let used = signed.transaction.gas_limit - 1_000;
        let executed = chain.apply(vec![signed]).pop().unwrap();
        assert_eq!(executed.receipt.exit, ReceiptExit::Return);
        assert_eq!(executed.receipt.gas_used, used);
        let fee = u128::from(used) * 2;
        assert_eq!(executed.fee, fee);
        let after = [key.address(), UNUSED, PROPOSER].map(|address| chain.balance(&address));
        assert_eq!(
            after,
            [before[0] - 123 - fee, before[1] + 123, before[2] + fee]
        );
        assert_eq!(chain.node.account(&key.address()).unwrap().nonce, 1);
    }
}

#[test]
fn a_transfer_to_oneself_costs_the_fee_alone() {
    let mut chain = Chain::new();
    let alice = chain.alice.address();
    let executed = chain.alone(pay(alice, 1_000_000));
    assert_eq!(chain.balance(&alice), BALANCE - executed.fee);
}

#[test]
fn a_transfer_to_a_contract_runs_no_code() {
    let mut chain = Chain::new();
    let contract = chain.deploy(PROBE.bytes, "init", Vec::new());
    let executed = chain.alone(pay(contract, 9));
    assert_eq!(executed.receipt.exit, ReceiptExit::Return);
    assert_eq!(chain.balance(&contract), 9);
    assert!(chain.node.account(&contract).unwrap().code_hash.is_some());
}

#[test]
fn fees_are_credited_after_the_last_transaction_only() {
    let mut chain = Chain::new();
    let poor = SecretKey::ed25519(b"poor");
    chain.proposer = poor.address();
    // The fee of Alice's transaction would pay for this one, if it were credited at once.
    let first = chain.sign(&chain.alice, 0, pay(UNUSED, 1));
    let second = chain.sign(&poor, 0, pay(UNUSED, 1));
    let executed = chain.apply(vec![first.clone(), second]);
    assert_eq!(executed[1].receipt.exit, ReceiptExit::Skipped);
    assert_eq!(executed[1].receipt.code, SKIPPED_BALANCE);
    assert_eq!(chain.balance(&poor.address()), executed[0].fee);
}

/// No chain reaches the nonce, so the state is made for it.
#[test]
fn the_greatest_nonce_signs_nothing() {
    let chain = Chain::new();
    let mut draft = chain.draft(&chain.alice, 0, pay(UNUSED, 1), 0);
    draft.nonce = u64::MAX;
    let block = chain.block(vec![chain.alice.sign(draft)]);
    let valid = chain.node.validate(block).unwrap();
    let cache = CodeCache::new(CachePolicy::Disabled, &node::rules::rulebook());
    let mut overlay = Overlay::new(chain.node.store(), &cache, &chain.rules);
    let address = chain.alice.address();
    let account = Account {
        nonce: u64::MAX,
        ..overlay.account(&address).unwrap()
    };
    overlay.set_account(&address, &account);
    overlay.finish_transaction().unwrap();
    let environment = BlockEnvironment {
        engine: &Reference::new(),
        rules: &chain.rules,
        block: &valid.header().metadata(),
    };
    let executed = execute(&environment, &mut overlay, &valid.transactions()[0]).unwrap();
    assert_eq!(executed.receipt.exit, ReceiptExit::Skipped);
    assert_eq!(executed.receipt.code, SKIPPED_NONCE);
    assert_eq!(overlay.account(&address).unwrap(), account);
}

#[test]
fn skipped_changes_nothing_and_costs_nothing() {
    let mut chain = Chain::new();
    let alice = chain.alice.clone();
    let fee = u128::from(chain.sign(&alice, 0, pay(UNUSED, 0)).transaction.gas_limit) * 2;
    let cases = [
        (1, 1, SKIPPED_NONCE),
        (u64::MAX, 1, SKIPPED_NONCE),
        (0, BALANCE - fee + 1, SKIPPED_BALANCE),
        (0, u128::MAX, SKIPPED_BALANCE),
        // The nonce is checked first.
        (1, u128::MAX, SKIPPED_NONCE),
    ];
    for (ahead, amount, code) in cases {
        let signed = chain.sign(&alice, ahead, pay(UNUSED, amount));
        let executed = chain.apply(vec![signed]).pop().unwrap();
        assert_eq!(
            (executed.receipt.exit, executed.receipt.code),
            (ReceiptExit::Skipped, code)
        );
        assert_eq!((executed.receipt.gas_used, executed.fee), (0, 0));
        assert!(executed.diff.is_empty());
        assert_eq!(chain.balance(&alice.address()), BALANCE);
    }
    let exact = chain.alone(pay(UNUSED, BALANCE - fee));
    assert_eq!(exact.receipt.exit, ReceiptExit::Return);
    assert_eq!(chain.balance(&alice.address()), 0);
    // A second transaction with the same nonce is skipped.
    let signed = alice.sign(chain.draft(&alice, 0, pay(UNUSED, 0), 0));
    let mut old = signed.transaction;
    old.nonce = 0;
    let executed = chain.apply(vec![alice.sign(old)]).pop().unwrap();
    assert_eq!(executed.receipt.code, SKIPPED_NONCE);
}

#[test]
fn nonces_count_within_a_block() {
    let mut chain = Chain::new();
    let alice = chain.alice.clone();
    let signed = [0, 1, 1, 2].map(|ahead| chain.sign(&alice, ahead, pay(UNUSED, 1)));
    let exits: Vec<u16> = chain
        .apply(signed.to_vec())
        .iter()
        .map(|executed| executed.receipt.code)
        .collect();
    assert_eq!(exits, [0, 0, SKIPPED_NONCE, 0]);
    assert_eq!(chain.balance(&UNUSED), 3);
}

#[test]
fn an_upload_stores_accepted_code_once() {
    let mut chain = Chain::new();
    let code = key::code(&COUNTER.code_hash());
    let first = chain.alone(Payload::Upload(COUNTER.bytes.to_vec()));
    assert_eq!(first.receipt.exit, ReceiptExit::Return);
    assert_eq!(
        first.output,
        [COUNTER.code_hash().0, *chain.rules.id()].concat()
    );
    assert_eq!(first.receipt.output_hash, output_hash(&first.output));
    assert_eq!(first.diff.get(&code), Some(&Some(COUNTER.bytes.to_vec())));
    assert_eq!(
        chain.node.store().read(&code).unwrap().as_deref(),
        Some(COUNTER.bytes)
    );
    // Again: the same receipt and price, and no change except the fee.
    let again = chain.alone(Payload::Upload(COUNTER.bytes.to_vec()));
    assert_eq!(again.receipt.exit, ReceiptExit::Return);
    assert_eq!(again.receipt.gas_used, first.receipt.gas_used);
    assert_eq!(again.receipt.output_hash, first.receipt.output_hash);
    assert!(!again.diff.contains_key(&code));
}

#[test]
fn a_rejected_upload_pays_for_its_length_and_stores_nothing() {
    let mut chain = Chain::new();
    for bytes in [REFUSED.bytes.to_vec(), Vec::new(), vec![0; 1_000]] {
        let signed = chain.sign(&chain.alice, 0, Payload::Upload(bytes.clone()));
        let limit = signed.transaction.gas_limit;
        let executed = chain.apply(vec![signed]).pop().unwrap();
        let receipt = &executed.receipt;
        assert_eq!((receipt.exit, receipt.code), (ReceiptExit::Rejected, 0));
        assert_eq!(receipt.gas_used, limit);
        assert_eq!(receipt.output_hash, output_hash(&[]));
        let hash = vm::unstable::host::crypto::sha256(&bytes);
        assert!(
            !chain
                .node
                .store()
                .contains(&key::code(&CodeHash(hash)))
                .unwrap()
        );
    }
}

#[test]
fn code_uploaded_in_a_block_runs_in_the_same_block() {
    let mut chain = Chain::new();
    let alice = chain.alice.clone();
    let upload = chain.sign(&alice, 0, Payload::Upload(COUNTER.bytes.to_vec()));
    let increment = counter::increment(5);
    let deploy = Payload::Deploy {
        code_hash: COUNTER.code_hash(),
        salt: [3; 32],
        entry: increment.entry.to_owned(),
        input: increment.input,
        value: 0,
    };
    let contract =
        vm::unstable::frames::contract_address(&alice.address(), &COUNTER.code_hash(), &[3; 32]);
    let get = counter::get();
    let transactions = vec![
        upload,
        chain.sign(&alice, 1, deploy),
        chain.sign(&alice, 2, call(contract, get.entry, get.input)),
    ];
    let executed = chain.apply(transactions);
    assert_eq!(executed[1].receipt.exit, ReceiptExit::Return);
    assert_eq!(executed[1].events.len(), 1);
    assert_eq!(
        executed[1].receipt.events_root,
        events_root(&executed[1].events)
    );
    assert_eq!(executed[2].output, 5_u64.to_le_bytes());
}

#[test]
fn failures_have_their_exits_and_charge_only_the_fee() {
    let mut chain = Chain::new();
    let contract = chain.deploy(PROBE.bytes, "init", Vec::new());
    let traps = [
        ("unreachable", Trap::Unreachable),
        ("divide", Trap::IntegerDivideByZero),
        ("overflow", Trap::IntegerOverflow),
        ("load", Trap::MemoryOutOfBounds),
        ("table", Trap::TableOutOfBounds),
        ("null", Trap::IndirectCallToNull),
        ("mismatch", Trap::IndirectCallTypeMismatch),
        ("recurse", Trap::StackOverflow),
        ("float", Trap::FloatInstruction),
        ("range", Trap::MemoryRange),
        ("key", Trap::KeyLength),
    ];
    let traps = traps.map(|(entry, trap)| (entry, ReceiptExit::Trap, trap.code()));
    let others = [
        ("undo", ReceiptExit::Revert, 1),
        ("spin", ReceiptExit::OutOfGas, 0),
        ("absent", ReceiptExit::Revert, host_api::status::NO_ENTRY),
    ];
    for (entry, exit, code) in traps.into_iter().chain(others) {
        let payload = Payload::Call {
            contract,
            entry: entry.to_owned(),
            input: Vec::new(),
            value: 1_000,
        };
        let signer = chain.alice.address();
        let before = chain.node.account(&signer).unwrap();
        let signed = chain.sign(&chain.alice, 0, payload);
        let limit = signed.transaction.gas_limit;
        let price = signed.transaction.gas_price;
        let executed = chain.apply(vec![signed]).pop().unwrap();
        let receipt = &executed.receipt;
        assert_eq!((receipt.exit, receipt.code), (exit, code), "{entry}");
        assert!(
            receipt.gas_used > limit - GAS && receipt.gas_used <= limit,
            "{entry}"
        );
        assert_eq!(
            receipt.gas_used == limit,
            exit == ReceiptExit::OutOfGas,
            "{entry}"
        );
        let after = chain.node.account(&signer).unwrap();
        assert_eq!(after.nonce, before.nonce + 1, "{entry}");
        let paid = u128::from(receipt.gas_used) * u128::from(price);
        assert_eq!(before.balance - after.balance, paid, "{entry}");
        let output: &[u8] = if entry == "undo" { b"scratch" } else { b"" };
        assert_eq!(executed.output, output, "{entry}");
        assert_eq!(receipt.output_hash, output_hash(output), "{entry}");
        assert!(executed.events.is_empty(), "{entry}");
        let changed: Vec<&Vec<u8>> = executed.diff.keys().collect();
        assert_eq!(changed, [&key::account(&signer)], "{entry}");
        assert_eq!(chain.balance(&contract), 0, "{entry}");
    }
}

#[test]
fn a_call_that_never_begins_says_why() {
    let mut chain = Chain::new();
    let contract = chain.deploy(COUNTER.bytes, "get", Vec::new());
    let missing = chain.alone(call(UNUSED, "get", Vec::new()));
    assert_eq!(missing.receipt.exit, ReceiptExit::Revert);
    assert_eq!(missing.receipt.code, host_api::status::NO_CODE);
    let deploy = |code_hash| Payload::Deploy {
        code_hash,
        salt: [1; 32],
        entry: "get".to_owned(),
        input: Vec::new(),
        value: 0,
    };
    let unknown = chain.alone(deploy(CodeHash([9; 32])));
    assert_eq!(unknown.receipt.code, host_api::status::NO_CODE);
    let taken = chain.alone(deploy(COUNTER.code_hash()));
    assert_eq!(taken.receipt.code, host_api::status::TAKEN);
    assert!(chain.node.account(&contract).unwrap().code_hash.is_some());
}

#[test]
fn a_deploy_that_does_not_return_leaves_no_contract() {
    let mut chain = Chain::new();
    chain.alone(Payload::Upload(PROBE.bytes.to_vec()));
    for entry in ["undo", "unreachable", "absent"] {
        let code_hash = PROBE.code_hash();
        let (salt, entry) = ([1; 32], entry.to_owned());
        let payload = Payload::Deploy {
            code_hash,
            salt,
            entry,
            input: Vec::new(),
            value: 5,
        };
        let executed = chain.alone(payload);
        assert_ne!(executed.receipt.exit, ReceiptExit::Return);
        let address =
            vm::unstable::frames::contract_address(&chain.alice.address(), &code_hash, &salt);
        assert_eq!(chain.node.account(&address).unwrap(), Account::default());
    }
}
