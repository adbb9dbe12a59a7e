//! Tests each validity rule at its limit.

use crate::chain::{Chain, call};
use node::limits::{Limits, TRANSACTION_GAS_MAX};
use node::{Block, Invalid, InvalidTransaction, Payload, Signed, transactions_root};
use vm::Height;

fn transfer(chain: &Chain, ahead: u64) -> Signed {
    chain.sign(
        &chain.alice,
        ahead,
        Payload::Transfer {
            to: vm::Address([7; 32]),
            amount: 1,
        },
    )
}

/// Validates a block after `change`.
fn check(chain: &Chain, change: impl FnOnce(&mut Block)) -> Result<(), Invalid> {
    let mut block = chain.block(vec![transfer(chain, 0)]);
    change(&mut block);
    chain.node.validate(block).map(|_| ())
}

/// Validates a transaction that Alice signed after `change`.
fn check_transaction(
    chain: &Chain,
    change: impl FnOnce(&mut node::Transaction),
) -> Result<(), InvalidTransaction> {
    let mut transaction = transfer(chain, 0).transaction;
    change(&mut transaction);
    let signed = chain.alice.sign(transaction);
    match chain.node.validate(chain.block(vec![signed])) {
        Ok(_) => Ok(()),
        Err(Invalid::Transaction { index: 0, reason }) => Err(reason),
        Err(other) => panic!("the transaction should be at fault: {other}"),
    }
}

#[test]
fn a_header_must_continue_the_chain() {
    let mut chain = Chain::new();
    let first = transfer(&chain, 0);
    chain.apply(vec![first]);
    assert_eq!(check(&chain, |_| ()), Ok(()));
    assert_eq!(
        check(&chain, |block| block.header.parent[0] ^= 1),
        Err(Invalid::Parent)
    );
    assert_eq!(
        check(&chain, |block| block.header.chain_id[0] ^= 1),
        Err(Invalid::ChainId)
    );
    let expected = *chain.rules.id();
    let mut found = expected;
    found[0] ^= 1;
    assert_eq!(
        check(&chain, |block| block.header.rules_id[0] ^= 1),
        Err(Invalid::RulesId { found, expected })
    );
    let height = |found| {
        let (found, expected) = (Height(found), Height(2));
        Err(Invalid::Height { found, expected })
    };
    assert_eq!(
        check(&chain, |block| block.header.height = Height(1)),
        height(1)
    );
    assert_eq!(
        check(&chain, |block| block.header.height = Height(3)),
        height(3)
    );
    let parent = chain.node.tip().time_ms;
    assert_eq!(
        check(&chain, |block| block.header.time_ms = parent + 1),
        Ok(())
    );
    let late = Err(Invalid::Time {
        found: parent,
        parent,
    });
    assert_eq!(check(&chain, |block| block.header.time_ms = parent), late);
    let result = Err(Invalid::ParentResult);
    assert_eq!(
        check(&chain, |block| block.header.parent_result.state_root[0] ^=
            1),
        result
    );
    assert_eq!(
        check(&chain, |block| block.header.parent_result.receipts_root
            [0] ^= 1),
        result
    );
    assert_eq!(
        check(&chain, |block| block.header.parent_result.gas_used += 1),
        result
    );
}

#[test]
fn a_header_commits_to_transactions_and_their_order() {
    let chain = Chain::new();
    let root = Err(Invalid::TransactionsRoot);
    assert_eq!(check(&chain, |block| block.transactions.clear()), root);
    assert_eq!(
        check(&chain, |block| block.header.transactions_root[0] ^= 1),
        root
    );
    let two = [transfer(&chain, 0), transfer(&chain, 1)];
    let swapped = [two[1].clone(), two[0].clone()];
    assert_ne!(transactions_root(&two), transactions_root(&swapped));
}

#[test]
fn a_block_is_read_from_its_canonical_bytes_only() {
    let chain = Chain::new();
    let block = chain.block(vec![transfer(&chain, 0), transfer(&chain, 1)]);
    let bytes = block.encode();
    assert_eq!(Block::decode(&bytes, u32::MAX), Ok(block));
    assert!(Block::decode(&[bytes.as_slice(), &[0]].concat(), u32::MAX).is_err());
    assert!(Block::decode(&bytes[1..], u32::MAX).is_err());
    assert!(Block::decode(&bytes, bytes.len() as u32 - 1).is_err());
}

#[test]
fn limits_are_inclusive() {
    let probe = Chain::new();
    let signed = transfer(&probe, 0);
    let bytes = signed.encode().len() as u32;
    let block_bytes = probe.block(vec![signed.clone()]).encode().len() as u32;
    let gas = signed.transaction.gas_limit;
    let exact = Limits {
        transaction_bytes: bytes,
        block_bytes,
        transaction_gas: gas,
        block_gas: gas,
    };
    let validate = |limits: Limits| {
        let chain = Chain::with(Box::new(reference::Reference::new()), limits);
        let block = chain.block(vec![transfer(&chain, 0)]);
        chain.node.validate(block).map(|_| ())
    };
    let transaction = |reason| Err(Invalid::Transaction { index: 0, reason });
    assert_eq!(validate(exact.clone()), Ok(()));
    let bytes_max = InvalidTransaction::Bytes {
        bytes: bytes.into(),
        max: bytes - 1,
    };
    let tight = Limits {
        transaction_bytes: bytes - 1,
        ..exact.clone()
    };
    assert_eq!(validate(tight), transaction(bytes_max));
    let tight = Limits {
        block_bytes: block_bytes - 1,
        ..exact.clone()
    };
    let long = Invalid::Bytes {
        bytes: block_bytes.into(),
        max: block_bytes - 1,
    };
    assert_eq!(validate(tight), Err(long));
    let tight = Limits {
        transaction_gas: gas - 1,
        ..exact.clone()
    };
    let limit = InvalidTransaction::GasLimit {
        limit: gas,
        max: gas - 1,
    };
    assert_eq!(validate(tight), transaction(limit));
    let tight = Limits {
        block_gas: gas - 1,
        ..exact
    };
    assert_eq!(validate(tight), Err(Invalid::Gas { max: gas - 1 }));
}

#[test]
fn gas_limits_are_summed_over_the_block() {
    let gas = transfer(&Chain::new(), 0).transaction.gas_limit;
    let limits = Limits {
        block_gas: 2 * gas - 1,
        ..Limits::v1()
    };
    let chain = Chain::with(Box::new(reference::Reference::new()), limits);
    let block = |count| (0..count).map(|ahead| transfer(&chain, ahead)).collect();
    assert!(chain.node.validate(chain.block(block(1))).is_ok());
    let refused = chain.node.validate(chain.block(block(2))).map(|_| ());
    assert_eq!(refused, Err(Invalid::Gas { max: 2 * gas - 1 }));
}

#[test]
fn each_rule_of_a_transaction_is_checked() {
    let chain = Chain::new();
    assert_eq!(check_transaction(&chain, |_| ()), Ok(()));
    let other = check_transaction(&chain, |transaction| transaction.chain_id[0] ^= 1);
    assert_eq!(other, Err(InvalidTransaction::ChainId));
    let exact = transfer(&chain, 0).transaction.gas_limit;
    let below = check_transaction(&chain, |transaction| transaction.gas_limit -= 1);
    let reason = InvalidTransaction::IntrinsicGas {
        limit: exact - 1,
        intrinsic: Some(exact),
    };
    assert_eq!(below, Err(reason));
    let (limit, max) = (TRANSACTION_GAS_MAX + 1, TRANSACTION_GAS_MAX);
    let above = check_transaction(&chain, |transaction| transaction.gas_limit = limit);
    assert_eq!(above, Err(InvalidTransaction::GasLimit { limit, max }));
    let foreign = check_transaction(&chain, |transaction| {
        transaction.signer = chain.bob.public();
    });
    assert_eq!(foreign, Err(InvalidTransaction::Signature));
}

#[test]
fn entry_and_input_have_their_bounds() {
    let chain = Chain::new();
    let check = |entry: &str, input: usize| {
        let payload = call(vm::Address([0; 32]), entry, vec![0; input]);
        let signed = chain.sign(&chain.alice, 0, payload);
        match chain.node.validate(chain.block(vec![signed])) {
            Ok(_) => Ok(()),
            Err(Invalid::Transaction { reason, .. }) => Err(reason),
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(check(&"e".repeat(64), 65_536), Ok(()));
    assert_eq!(check("", 0), Err(InvalidTransaction::EntryLength(0)));
    assert_eq!(
        check(&"e".repeat(65), 0),
        Err(InvalidTransaction::EntryLength(65))
    );
    assert_eq!(
        check("e", 65_537),
        Err(InvalidTransaction::InputLength(65_537))
    );
}

#[test]
fn a_block_validated_against_another_parent_is_a_fault() {
    let mut chain = Chain::new();
    let block = chain.block(vec![transfer(&chain, 0)]);
    let valid = chain.node.validate(block).unwrap();
    chain.apply(Vec::new());
    assert!(chain.node.apply(&valid, &mut node::NoObserver).is_err());
}
