//! Checks the results of executor 0 against sentences of the specification: an error that all
//! executors share, since they share the node, is no difference between them.
//!
//! Each check computes what it expects from the block and the state before it alone, and names the
//! sentence: skips, nonces, fees, transfers, uploads, what a failed transaction leaves, sums of
//! balances, stored hashes of blocks, totals of the block.
//!
//! Specification: docs/spec/transactions.md, "Execution"; docs/spec/blocks.md.

use super::running::{BlockOutcome, TransactionResult};
use super::served::shown;
use crate::compare::Mismatches;
use node::digest::sha256;
use node::receipt::{SKIPPED_BALANCE, SKIPPED_NONCE};
use node::{Block, Payload, Receipt, ReceiptExit, Signed, Store, Transaction};
use std::collections::{BTreeMap, BTreeSet};
use vm::unstable::state::Account;
use vm::{Address, CodeHash, Fault, Height, StateDiff, key};

/// Blocks whose hashes the state has.
const HASHES: u64 = 256;

/// A sentence that is not true: what it expects, and what was found.
type Broken = (&'static str, String, String);

/// The first transaction whose result breaks sentences, or `None` for the block as a whole.
pub(super) struct Violation {
    pub(super) transaction: Option<u32>,
    pub(super) mismatches: Mismatches,
}

/// Checks a block before it is committed to `store`.
pub(super) fn check(
    store: &dyn Store,
    block: &Block,
    outcome: &BlockOutcome,
) -> Result<Option<Violation>, Fault> {
    let mut state = ModelState {
        store,
        changes: BTreeMap::new(),
    };
    let (mut fees, mut gas_used) = (0_u128, 0_u64);
    for (index, (signed, result)) in
        (0_u32..).zip(block.transactions.iter().zip(&outcome.transactions))
    {
        let none = StateDiff::new();
        let diff = result.diff.as_ref().unwrap_or(&none);
        let mut broken = Vec::new();
        check_transaction(&state, signed, (result, diff), &mut broken)?;
        if let Some(violation) = violation(Some(index), broken) {
            return Ok(Some(violation));
        }
        let gas = result.receipt.gas_used;
        fees = fees.saturating_add(signed.transaction.fee(gas));
        gas_used = gas_used.saturating_add(gas);
        state.apply(diff);
    }
    let mut broken = Vec::new();
    check_block(&state, block, outcome, (fees, gas_used), &mut broken)?;
    Ok(violation(None, broken))
}

fn violation(transaction: Option<u32>, broken: Vec<Broken>) -> Option<Violation> {
    let mut mismatches = Mismatches::default();
    for (sentence, expected, found) in broken {
        mismatches.push(
            "specification",
            Some(sentence.to_owned()),
            (expected, found),
        );
    }
    (!mismatches.is_empty()).then_some(Violation {
        transaction,
        mismatches,
    })
}

/// The state between two transactions.
struct ModelState<'a> {
    store: &'a dyn Store,
    changes: StateDiff,
}

impl ModelState<'_> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match self.changes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.store.read(key),
        }
    }

    fn account(&self, address: &Address) -> Result<Account, Fault> {
        Account::decode(self.read(&key::account(address))?.as_deref())
    }

    fn apply(&mut self, diff: &StateDiff) {
        for (key, value) in diff {
            self.changes.insert(key.clone(), value.clone());
        }
    }

    /// The net diff of these new values.
    fn net(&self, values: StateDiff) -> Result<StateDiff, Fault> {
        let mut net = StateDiff::new();
        for (key, value) in values {
            if self.read(&key)? != value {
                net.insert(key, value);
            }
        }
        Ok(net)
    }
}

fn check_transaction(
    state: &ModelState<'_>,
    signed: &Signed,
    (result, diff): (&TransactionResult, &StateDiff),
    broken: &mut Vec<Broken>,
) -> Result<(), Fault> {
    let transaction = &signed.transaction;
    let receipt = &result.receipt;
    let id = hex::encode(transaction.id());
    broken.push(("transactions-receipt-1", id, hex::encode(receipt.tx_id)));
    let sender = transaction.signer.address();
    let before = state.account(&sender)?;
    let skip = expected_skip(transaction, &before);
    let found = match receipt.exit {
        ReceiptExit::Skipped => Some(receipt.code),
        _ => None,
    };
    let sentence = match skip.or(found) {
        Some(SKIPPED_NONCE) => "transactions-execution-4",
        _ => "transactions-execution-5",
    };
    broken.push((sentence, skip_name(skip), skip_name(found)));
    if skip.is_some() {
        let gas = receipt.gas_used.to_string();
        broken.push(("transactions-execution-7", "0".to_owned(), gas));
        compare_diff("transactions-execution-7", &StateDiff::new(), diff, broken);
        return Ok(());
    }
    if receipt.exit == ReceiptExit::OutOfGas {
        let limit = transaction.gas_limit.to_string();
        let found = receipt.gas_used.to_string();
        broken.push(("transactions-execution-17", limit, found));
    }
    if matches!(transaction.payload, Payload::Transfer { .. }) {
        let exits = [ReceiptExit::Return, receipt.exit].map(|exit| exit.name().to_owned());
        let [expected, found] = exits;
        broken.push(("transactions-execution-11", expected, found));
    }
    if receipt.exit != ReceiptExit::Return {
        let events = result.events.len().to_string();
        broken.push(("transactions-receipt-6", "0".to_owned(), events));
    }
    let expected = expected_values(state, transaction, receipt)?;
    match expected {
        Some((sentence, values)) => {
            compare_diff(sentence, &state.net(values)?, diff, broken);
        }
        None => check_contract(state, transaction, (receipt, diff), broken)?,
    }
    Ok(())
}

fn expected_skip(transaction: &Transaction, account: &Account) -> Option<u16> {
    if transaction.nonce != account.nonce || account.nonce == u64::MAX {
        return Some(SKIPPED_NONCE);
    }
    let cost = transaction
        .fee(transaction.gas_limit)
        .checked_add(transaction.payload.value());
    match cost {
        Some(cost) if account.balance >= cost => None,
        _ => Some(SKIPPED_BALANCE),
    }
}

fn skip_name(code: Option<u16>) -> String {
    code.map_or("executed".to_owned(), |code| {
        format!("skipped, code {code}")
    })
}

/// The new values of a transaction that runs no contract, or whose contract does not return.
fn expected_values(
    state: &ModelState<'_>,
    transaction: &Transaction,
    receipt: &Receipt,
) -> Result<Option<(&'static str, StateDiff)>, Fault> {
    let sender = transaction.signer.address();
    let mut accounts = BTreeMap::from([(sender, state.account(&sender)?)]);
    let fee = transaction.fee(receipt.gas_used);
    if let Some(account) = accounts.get_mut(&sender) {
        account.nonce = account.nonce.saturating_add(1);
        account.balance = account.balance.saturating_sub(fee);
    }
    let mut values = StateDiff::new();
    let sentence = match (&transaction.payload, receipt.exit) {
        (Payload::Transfer { to, amount }, _) => {
            if let Some(account) = accounts.get_mut(&sender) {
                account.balance = account.balance.saturating_sub(*amount);
            }
            let receiver = match accounts.get(to) {
                Some(account) => account.clone(),
                None => state.account(to)?,
            };
            let balance = receiver.balance.saturating_add(*amount);
            accounts.insert(
                *to,
                Account {
                    balance,
                    ..receiver
                },
            );
            "transactions-execution-11"
        }
        (Payload::Upload(bytes), ReceiptExit::Return) => {
            let hash = CodeHash(sha256(&[bytes]));
            values.insert(key::code(&hash), Some(bytes.clone()));
            "transactions-execution-13"
        }
        (Payload::Upload(_), _) => "transactions-execution-14",
        (_, ReceiptExit::Return) => return Ok(None),
        _ => "transactions-execution-16",
    };
    for (address, account) in accounts {
        values.insert(key::account(&address), account.encode());
    }
    Ok(Some((sentence, values)))
}

/// What is true of a contract that returned, whatever it did.
fn check_contract(
    state: &ModelState<'_>,
    transaction: &Transaction,
    (receipt, diff): (&Receipt, &StateDiff),
    broken: &mut Vec<Broken>,
) -> Result<(), Fault> {
    let sender = transaction.signer.address();
    let nonce = |account: &Account| account.nonce.to_string();
    let mut before = state.account(&sender)?;
    before.nonce = before.nonce.saturating_add(1);
    let after = diff.get(&key::account(&sender));
    let after = Account::decode(after.and_then(Option::as_deref))?;
    broken.push(("transactions-execution-8", nonce(&before), nonce(&after)));
    let (mut expected, mut found) = (0_u128, transaction.fee(receipt.gas_used));
    for (key, value) in diff {
        match key.first() {
            Some(&key::ACCOUNT) => {
                let old = Account::decode(state.read(key)?.as_deref())?;
                let new = Account::decode(value.as_deref())?;
                expected = expected.saturating_add(old.balance);
                found = found.saturating_add(new.balance);
            }
            Some(&key::VALUE) => {}
            _ => broken.push((
                "transactions-execution-10",
                "accounts and values only".to_owned(),
                hex::encode(key),
            )),
        }
    }
    let sums = (expected.to_string(), found.to_string());
    broken.push(("transactions-execution-22", sums.0, sums.1));
    Ok(())
}

fn check_block(
    state: &ModelState<'_>,
    block: &Block,
    outcome: &BlockOutcome,
    (fees, gas_used): (u128, u64),
    broken: &mut Vec<Broken>,
) -> Result<(), Fault> {
    let (header, result) = (&block.header, &outcome.result);
    let sums = (gas_used.to_string(), result.gas_used.to_string());
    broken.push(("blocks-header-6", sums.0, sums.1));
    let receipts: Vec<Vec<u8>> = outcome
        .transactions
        .iter()
        .map(|result| result.receipt.encode())
        .collect();
    let roots = (tree::list_root(&receipts), result.receipts_root);
    broken.push((
        "blocks-header-5",
        hex::encode(roots.0),
        hex::encode(roots.1),
    ));
    let after = |key: &[u8]| match outcome.diff.get(key) {
        Some(value) => Ok(value.clone()),
        None => state.read(key),
    };
    let proposer = state.account(&header.proposer)?;
    let balance = proposer.balance.saturating_add(fees);
    let paid = Account {
        balance,
        ..proposer
    }
    .encode();
    let found = after(&key::account(&header.proposer))?;
    broken.push((
        "transactions-execution-20",
        optional(&paid),
        optional(&found),
    ));
    let hash = Some(header.hash().to_vec());
    let stored = after(&key::block_hash(header.height))?;
    broken.push(("blocks-execution-2", optional(&hash), optional(&stored)));
    if let Some(old) = header.height.0.checked_sub(HASHES) {
        let found = after(&key::block_hash(Height(old)))?;
        broken.push(("blocks-execution-2", optional(&None), optional(&found)));
    }
    let mut allowed: BTreeSet<Vec<u8>> = state.changes.keys().cloned().collect();
    allowed.insert(key::account(&header.proposer));
    for (key, value) in &outcome.diff {
        let is_system = key.first() == Some(&key::SYSTEM);
        if !is_system && !allowed.contains(key) {
            broken.push((
                "transactions-execution-20",
                "no other key".to_owned(),
                format!("{} {}", hex::encode(key), optional(value)),
            ));
        }
    }
    Ok(())
}

fn optional(value: &Option<Vec<u8>>) -> String {
    value.as_deref().map_or("absent".to_owned(), shown)
}

/// Adds the keys in which two net diffs differ.
fn compare_diff(
    sentence: &'static str,
    expected: &StateDiff,
    found: &StateDiff,
    broken: &mut Vec<Broken>,
) {
    let keys: BTreeSet<&Vec<u8>> = expected.keys().chain(found.keys()).collect();
    for key in keys {
        let value = |diff: &StateDiff| {
            let value = diff.get(key).map_or("unchanged".to_owned(), optional);
            format!("{} {value}", hex::encode(key))
        };
        broken.push((sentence, value(expected), value(found)));
    }
}
