//! Tests which transactions are admitted, and that every refusal names its reason and figures.

use super::{BALANCE, GAS, Pool, SOURCE, address, call, counted, hash_of, transfer, without_rates};
use node::mempool::{MempoolOptions, Refused, Submission};
use node::{
    DecodeError, InvalidTransaction, Mempool, Payload, SecretKey, Signed, ValidationContext,
};
use vm::Address;

fn pool() -> Pool {
    Pool::new(without_rates())
}

#[test]
fn a_valid_transaction_is_admitted_and_named() {
    let mut pool = pool();
    let signed = transfer(1, 0, 5);
    let admission = pool.submit(&signed).unwrap();
    assert_eq!(admission.hash, hash_of(&signed));
    assert_eq!(admission.id, signed.transaction.id());
    assert_eq!(admission.sender, address(1));
    assert_eq!(admission.replaced, None);
    assert_eq!(admission.evicted, Vec::<[u8; 32]>::new());
    let sizes = pool.mempool.sizes();
    assert_eq!((sizes.transactions, sizes.senders), (1, 1));
    assert_eq!(sizes.bytes, counted(&signed));
    assert_eq!(pool.mempool.next_nonce(&address(1)), Some(1));
    assert_eq!(pool.mempool.next_nonce(&address(2)), None);
    let pending: Vec<&Signed> = pool.mempool.of_sender(&address(1)).collect();
    assert_eq!(pending, [&signed]);
}

#[test]
fn real_signatures_of_both_schemes_are_verified() {
    struct Real;
    impl node::mempool::TipState for Real {
        fn account(&self, _: &Address) -> Result<vm::unstable::state::Account, vm::Fault> {
            Ok(super::account(0, BALANCE))
        }
    }
    let pool = pool();
    let context = ValidationContext {
        chain_id: &super::CHAIN_ID,
        limits: &pool.limits,
        rules: &pool.rules,
        parent: &pool.tip,
    };
    let mut mempool = Mempool::new(MempoolOptions::default(), &context);
    for key in [SecretKey::secp256k1(b"one"), SecretKey::ed25519(b"two")] {
        let mut transaction = transfer(0, 0, 5).transaction;
        transaction.signer = key.public();
        transaction.gas_limit = 2 * GAS;
        let signed = key.sign(transaction);
        let mut forged = signed.clone();
        forged.signature[40] ^= 1;
        let mut submit = |signed: &Signed| {
            let encoded = &signed.encode();
            let submission = Submission {
                encoded,
                source: SOURCE,
                now_ms: 0,
            };
            mempool.submit(&submission, &context, &Real).unwrap()
        };
        let refused = Refused::Invalid(InvalidTransaction::Signature);
        assert_eq!(submit(&forged), Err(refused));
        assert!(submit(&signed).is_ok());
    }
    assert_eq!(mempool.sizes().transactions, 2);
}

#[test]
fn what_is_no_transaction_is_refused_before_anything_is_read_or_verified() {
    let mut pool = pool();
    let signed = transfer(1, 0, 5);
    let mut trailing = signed.encode();
    trailing.push(0);
    let malformed = Refused::Encoding(DecodeError::Malformed);
    assert_eq!(pool.submit_bytes(&trailing, SOURCE), Err(malformed));
    assert_eq!(pool.submit_bytes(&[], SOURCE), Err(malformed));
    let long = vec![0; pool.limits.transaction_bytes as usize + 1];
    let too_long = Refused::Encoding(DecodeError::TooLong(pool.limits.transaction_bytes));
    assert_eq!(pool.submit_bytes(&long, SOURCE), Err(too_long));

    let mut other_chain = signed.clone();
    other_chain.transaction.chain_id[0] ^= 1;
    let mut low_gas = signed.clone();
    low_gas.transaction.gas_limit = 1;
    let mut no_entry = call(1, 0, 5, 10);
    if let Payload::Call { entry, .. } = &mut no_entry.transaction.payload {
        entry.clear();
    }
    let chain_id = Refused::Invalid(InvalidTransaction::ChainId);
    assert_eq!(pool.submit(&other_chain), Err(chain_id));
    assert!(matches!(
        pool.submit(&low_gas),
        Err(Refused::Invalid(InvalidTransaction::IntrinsicGas { .. }))
    ));
    let entry = Refused::Invalid(InvalidTransaction::EntryLength(0));
    assert_eq!(pool.submit(&no_entry), Err(entry));

    let price = Refused::GasPrice {
        gas_price: 0,
        min: 1,
    };
    assert_eq!(pool.submit(&transfer(1, 0, 0)), Err(price));
    let mut dear = transfer(1, 0, u64::MAX);
    dear.transaction.payload = Payload::Transfer {
        to: Address([0; 32]),
        amount: u128::MAX,
    };
    assert_eq!(pool.submit(&dear), Err(Refused::Cost));
    assert_eq!(pool.accounts.reads.get(), 0);
    assert_eq!(pool.accounts.verified.get(), 0);
}

#[test]
fn nonces_are_in_order_without_gaps() {
    let mut pool = pool();
    let owner = address(1);
    pool.accounts
        .changed
        .insert(owner, super::account(7, BALANCE));
    let used = Refused::NonceUsed { nonce: 6, next: 7 };
    assert_eq!(pool.submit(&transfer(1, 6, 5)), Err(used));
    let gap = Refused::NonceGap { nonce: 8, next: 7 };
    assert_eq!(pool.submit(&transfer(1, 8, 5)), Err(gap));
    for nonce in 7..10 {
        assert!(pool.submit(&transfer(1, nonce, 5)).is_ok());
    }
    let used = Refused::NonceUsed { nonce: 6, next: 10 };
    assert_eq!(pool.submit(&transfer(1, 6, 5)), Err(used));
    let gap = Refused::NonceGap {
        nonce: 11,
        next: 10,
    };
    assert_eq!(pool.submit(&transfer(1, 11, 5)), Err(gap));
    assert_eq!(pool.accounts.verified.get(), 3);
}

#[test]
fn the_last_nonce_is_refused_since_no_block_executes_it() {
    let mut pool = pool();
    let last = super::account(u64::MAX, BALANCE);
    pool.accounts.changed.insert(address(1), last);
    let refused = pool.submit(&transfer(1, u64::MAX, 5));
    assert_eq!(refused, Err(Refused::NonceLast));
}

#[test]
fn the_maximum_costs_of_a_sender_stay_within_its_balance() {
    let mut pool = pool();
    let balance = u128::from(GAS) * 25;
    pool.accounts.balance = balance;
    assert!(pool.submit(&transfer(1, 0, 10)).is_ok());
    assert!(pool.submit(&transfer(1, 1, 10)).is_ok());
    let refused = Refused::Balance {
        required: Some(u128::from(GAS) * 26),
        balance,
    };
    assert_eq!(pool.submit(&transfer(1, 2, 6)), Err(refused));
    assert!(pool.submit(&transfer(1, 2, 5)).is_ok());
    // A replacement is paid in place of what it replaces.
    let refused = Refused::Balance {
        required: Some(u128::from(GAS) * 26),
        balance,
    };
    assert_eq!(pool.submit(&transfer(1, 0, 11)), Err(refused));
    assert_eq!(pool.accounts.verified.get(), 3);
}

#[test]
fn a_replacement_pays_a_tenth_more_and_the_refusal_names_both_prices() {
    let mut pool = pool();
    let (first, second) = (transfer(1, 0, 101), transfer(1, 0, 112));
    pool.submit(&first).unwrap();
    pool.submit(&transfer(1, 1, 5)).unwrap();
    let refused = Refused::Replacement {
        gas_price: 111,
        pending: 101,
        required: Some(112),
    };
    assert_eq!(pool.submit(&transfer(1, 0, 111)), Err(refused));
    assert_eq!(pool.submit(&first), Err(Refused::Pending));
    let admission = pool.submit(&second).unwrap();
    assert_eq!(admission.replaced, Some(hash_of(&first)));
    let sizes = pool.mempool.sizes();
    assert_eq!((sizes.transactions, sizes.senders), (2, 1));
    assert_eq!(sizes.bytes, 2 * counted(&first));
    assert_eq!(pool.accounts.verified.get(), 3);
}

#[test]
fn a_sender_has_a_bound_on_transactions_and_on_bytes() {
    let mut pool = Pool::new(MempoolOptions {
        sender_transactions_max: 2,
        sender_bytes_max: counted(&transfer(1, 0, 5)) * 2 + 100,
        ..without_rates()
    });
    pool.submit(&transfer(1, 0, 5)).unwrap();
    let larger = call(1, 1, 5, 100);
    let bytes = counted(&transfer(1, 0, 5)) + counted(&larger);
    let max = counted(&transfer(1, 0, 5)) * 2 + 100;
    assert!(bytes > max);
    let refused = Refused::SenderBytes { bytes, max };
    assert_eq!(pool.submit(&larger), Err(refused));
    pool.submit(&transfer(1, 1, 5)).unwrap();
    let refused = Refused::SenderTransactions { max: 2 };
    assert_eq!(pool.submit(&transfer(1, 2, 5)), Err(refused));
    assert!(pool.submit(&transfer(1, 1, 6)).is_ok());
    assert!(pool.submit(&transfer(2, 0, 5)).is_ok());
}

#[test]
fn a_false_signature_changes_nothing_that_is_pending() {
    let mut pool = Pool::new(MempoolOptions {
        transactions_max: 2,
        ..without_rates()
    });
    let (mine, others) = (transfer(1, 0, 5), transfer(2, 0, 6));
    pool.submit(&mine).unwrap();
    pool.submit(&others).unwrap();
    let before = pool.mempool.sizes();
    let refused = Refused::Invalid(InvalidTransaction::Signature);
    for mut forged in [transfer(1, 0, 50), transfer(2, 1, 6), transfer(3, 0, 50)] {
        forged.signature = [0; 64];
        assert_eq!(pool.submit(&forged), Err(refused));
    }
    assert!(refused.blames_source());
    let after = pool.mempool.sizes();
    assert_eq!(after, before);
    assert_eq!(pool.submit(&mine), Err(Refused::Pending));
    assert_eq!(pool.submit(&others), Err(Refused::Pending));
}

#[test]
fn a_fault_of_the_store_is_no_refusal_and_changes_nothing() {
    let mut pool = pool();
    pool.accounts.fails = true;
    let encoded = &transfer(1, 0, 5).encode();
    let context = ValidationContext {
        chain_id: &super::CHAIN_ID,
        limits: &pool.limits,
        rules: &pool.rules,
        parent: &pool.tip,
    };
    let submission = Submission {
        encoded,
        source: SOURCE,
        now_ms: 0,
    };
    let submitted = pool.mempool.submit(&submission, &context, &pool.accounts);
    assert!(matches!(submitted, Err(vm::Fault::Store(_))));
    assert_eq!(pool.mempool.sizes().transactions, 0);
    pool.accounts.fails = false;
    assert!(pool.submit(&transfer(1, 0, 5)).is_ok());
}

#[test]
fn a_context_of_another_tip_is_refused_until_the_block_is_passed_on() {
    let mut pool = pool();
    pool.tip = super::tip(4);
    let refused = Refused::Tip {
        pool: vm::Height(0),
        given: vm::Height(4),
    };
    assert_eq!(pool.submit(&transfer(1, 0, 5)), Err(refused));
    pool.commit(&[]);
    assert!(pool.submit(&transfer(1, 0, 5)).is_ok());
}

#[test]
fn refusals_are_one_line_with_figures() {
    let cases = [
        (
            Refused::Replacement {
                gas_price: 111,
                pending: 101,
                required: Some(112),
            },
            "gas price 111, at least 112 is required to replace a pending one of 101",
        ),
        (
            Refused::Balance {
                required: Some(26),
                balance: 25,
            },
            "pending transactions may cost 26, the balance is 25",
        ),
        (
            Refused::Full {
                gas_price: 5,
                required: 6,
            },
            "the mempool is full: gas price 5, at least 6 is required",
        ),
        (
            Refused::SourceRate { retry_ms: 20 },
            "too many submits of this source: again in 20 ms",
        ),
    ];
    for (refused, text) in cases {
        assert_eq!(refused.to_string(), text);
    }
}
