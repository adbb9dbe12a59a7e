//! Executes transactions in order: charges the fee, runs the payload, refunds unused gas.
//!
//! Specification: docs/spec/transactions.md, "Execution".

use crate::activations::{RULES_KEY, decode_activations};
use crate::block::ValidTransaction;
use crate::digest::encode;
use crate::header::Header;
use crate::overlay::{Net, Overlay};
use crate::receipt::{
    Receipt, ReceiptExit, SKIPPED_BALANCE, SKIPPED_NONCE, events_root, output_hash,
};
use crate::transaction::{Payload, Transaction};
use std::sync::Arc;
use vm::Gas;
use vm::{
    BlockMetadata, Engine, Event, Exit, Fault, Height, Message, Outcome, Rules, StateDiff,
    StateView as _, Target, key,
};

/// What all transactions of a block share during execution.
#[derive(Clone, Copy)]
pub struct BlockEnvironment<'a> {
    /// The engine that runs the guests.
    pub engine: &'a dyn Engine,
    /// The rules in force.
    pub rules: &'a Arc<Rules>,
    /// Metadata of the block that guests can read.
    pub block: &'a BlockMetadata,
}

/// Result of one executed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// Receipt of the transaction.
    pub receipt: Receipt,
    /// Bytes that the transaction returned.
    pub output: Vec<u8>,
    /// Events, in order.
    pub events: Vec<Event>,
    /// Net change of the state, fee included.
    pub diff: StateDiff,
    /// Fee that the proposer receives, in the chain's smallest unit.
    pub fee: u128,
}

/// Result of running a payload.
struct PayloadResult {
    exit: ReceiptExit,
    code: u16,
    gas_used: u64,
    output: Vec<u8>,
    events: Vec<Event>,
}

impl PayloadResult {
    const fn plain(exit: ReceiptExit, code: u16) -> Self {
        Self {
            exit,
            code,
            gas_used: 0,
            output: Vec::new(),
            events: Vec::new(),
        }
    }
}

/// Executes one transaction on `overlay`.
///
/// # Errors
/// A [`Fault`] of this machine; no transaction can cause one.
pub fn execute(
    environment: &BlockEnvironment<'_>,
    overlay: &mut Overlay<'_>,
    valid: &ValidTransaction,
) -> Result<Executed, Fault> {
    let transaction = &valid.signed().transaction;
    if let Some(code) = take_fee(overlay, valid)? {
        return finish(
            overlay,
            valid,
            PayloadResult::plain(ReceiptExit::Skipped, code),
            0,
        );
    }
    let ended = run_payload(environment, overlay, valid)?;
    let gas_used = valid
        .intrinsic_gas()
        .checked_add(ended.gas_used)
        .filter(|used| *used <= transaction.gas_limit)
        .ok_or_else(|| Fault::invariant("a transaction used more than its gas limit"))?;
    let rest = transaction.gas_limit.saturating_sub(gas_used);
    overlay.credit(valid.sender(), transaction.fee(rest))?;
    let fee = transaction.fee(gas_used);
    finish(overlay, valid, PayloadResult { gas_used, ..ended }, fee)
}

/// Increments the nonce and charges `gas_limit * gas_price`; returns the code of the skip if the
/// transaction is skipped.
fn take_fee(overlay: &mut Overlay<'_>, valid: &ValidTransaction) -> Result<Option<u16>, Fault> {
    let transaction = &valid.signed().transaction;
    let mut account = overlay.account(valid.sender())?;
    let next = account
        .nonce
        .checked_add(1)
        .filter(|_| transaction.nonce == account.nonce);
    let Some(next) = next else {
        return Ok(Some(SKIPPED_NONCE));
    };
    if transaction
        .cost_max()
        .is_none_or(|cost| account.balance < cost)
    {
        return Ok(Some(SKIPPED_BALANCE));
    }
    account.nonce = next;
    account.balance = account
        .balance
        .saturating_sub(transaction.fee(transaction.gas_limit));
    overlay.set_account(valid.sender(), &account);
    Ok(None)
}

fn run_payload(
    environment: &BlockEnvironment<'_>,
    overlay: &mut Overlay<'_>,
    valid: &ValidTransaction,
) -> Result<PayloadResult, Fault> {
    let transaction = &valid.signed().transaction;
    match &transaction.payload {
        Payload::Transfer { to, amount } => {
            let mut sender = overlay.account(valid.sender())?;
            sender.balance = sender
                .balance
                .checked_sub(*amount)
                .ok_or_else(|| Fault::invariant("the balance does not cover the value"))?;
            overlay.set_account(valid.sender(), &sender);
            overlay.credit(to, *amount)?;
            Ok(PayloadResult::plain(ReceiptExit::Return, 0))
        }
        Payload::Upload(bytes) => Ok(upload(environment.rules, overlay, bytes)),
        Payload::Deploy {
            code_hash,
            salt,
            entry,
            input,
            value,
        } => {
            let target = Target::Deploy {
                code_hash: *code_hash,
                salt: *salt,
            };
            let message = message(valid, target, (entry, input), *value);
            run_message(environment, overlay, &message, gas_left(valid, transaction))
        }
        Payload::Call {
            contract,
            entry,
            input,
            value,
        } => {
            let target = Target::Call {
                contract: *contract,
            };
            let message = message(valid, target, (entry, input), *value);
            run_message(environment, overlay, &message, gas_left(valid, transaction))
        }
    }
}

/// Does not underflow: a valid transaction's gas limit covers its intrinsic gas.
const fn gas_left(valid: &ValidTransaction, transaction: &Transaction) -> u64 {
    transaction.gas_limit.saturating_sub(valid.intrinsic_gas())
}

fn message(
    valid: &ValidTransaction,
    target: Target,
    (entry, input): (&str, &[u8]),
    value: u128,
) -> Message {
    let caller = *valid.sender();
    Message {
        tx_hash: *valid.id(),
        caller,
        target,
        entry: entry.to_owned(),
        input: input.to_vec(),
        value,
    }
}

/// Checks a module and stores it. The price depends on the length alone and is already charged.
fn upload(rules: &Arc<Rules>, overlay: &mut Overlay<'_>, bytes: &[u8]) -> PayloadResult {
    match vm::check(bytes, rules) {
        Ok(module) => {
            let output = [module.code_hash().as_ref(), rules.id()].concat();
            overlay.upload(module);
            PayloadResult {
                output,
                ..PayloadResult::plain(ReceiptExit::Return, 0)
            }
        }
        Err(_) => PayloadResult::plain(ReceiptExit::Rejected, 0),
    }
}

fn run_message(
    environment: &BlockEnvironment<'_>,
    overlay: &mut Overlay<'_>,
    message: &Message,
    gas_limit: u64,
) -> Result<PayloadResult, Fault> {
    let BlockEnvironment {
        engine,
        rules,
        block,
    } = *environment;
    let environment = vm::Environment::new(engine, rules, &*overlay, block)?;
    let Outcome {
        exit,
        gas_used: Gas(gas_used),
        ..
    } = vm::execute(&environment, message, Gas(gas_limit))?;
    let ended = match exit {
        Exit::Return {
            output,
            events,
            diff,
        } => {
            for (key, value) in diff {
                overlay.write(key, value);
            }
            PayloadResult {
                output,
                events,
                ..PayloadResult::plain(ReceiptExit::Return, 0)
            }
        }
        Exit::Revert { code, output } => PayloadResult {
            output,
            ..PayloadResult::plain(ReceiptExit::Revert, code)
        },
        Exit::Trap(trap) => PayloadResult::plain(ReceiptExit::Trap, trap.code()),
        Exit::OutOfGas => PayloadResult::plain(ReceiptExit::OutOfGas, 0),
    };
    Ok(PayloadResult { gas_used, ..ended })
}

fn finish(
    overlay: &mut Overlay<'_>,
    valid: &ValidTransaction,
    ended: PayloadResult,
    fee: u128,
) -> Result<Executed, Fault> {
    let net = overlay.finish_transaction()?;
    check_conservation(&net, fee)?;
    let receipt = Receipt {
        tx_id: *valid.id(),
        exit: ended.exit,
        code: ended.code,
        gas_used: ended.gas_used,
        output_hash: output_hash(&ended.output),
        events_root: events_root(&ended.events),
    };
    let PayloadResult { output, events, .. } = ended;
    Ok(Executed {
        receipt,
        output,
        events,
        diff: net.diff,
        fee,
    })
}

/// Checks that the balances of changed accounts fell by exactly the fee.
fn check_conservation(net: &Net, fee: u128) -> Result<(), Fault> {
    if net.balances_after.checked_add(fee) == Some(net.balances_before) {
        Ok(())
    } else {
        Err(Fault::invariant("a transaction made or lost money"))
    }
}

/// Begins a block before its first transaction: if its rules are not the last ones that the state
/// lists, appends them with the height of the block, so that the list says what happened.
///
/// # Errors
/// As [`execute`].
pub fn begin_block(overlay: &mut Overlay<'_>, header: &Header) -> Result<StateDiff, Fault> {
    let key = key::system(RULES_KEY);
    let mut listed = decode_activations(overlay.read(&key)?.as_deref())?;
    if listed.last().is_some_and(|(_, id)| *id == header.rules_id) {
        return Ok(StateDiff::new());
    }
    listed.push((header.height, header.rules_id));
    overlay.write(key, Some(encode(&listed)));
    Ok(overlay.finish_transaction()?.diff)
}

/// Ends a block after its last transaction: stores the block's hash for later blocks, removes the
/// oldest stored hash that they can no longer read, and credits the fees to the proposer.
///
/// # Errors
/// As [`execute`].
pub fn end_block(
    overlay: &mut Overlay<'_>,
    header: &Header,
    rules: &Rules,
    fees: u128,
) -> Result<StateDiff, Fault> {
    overlay.write(key::block_hash(header.height), Some(header.hash().to_vec()));
    if let Some(height) = header
        .height
        .0
        .checked_sub(u64::from(rules.host_limits.block_hashes_max))
    {
        overlay.write(key::block_hash(Height(height)), None);
    }
    overlay.credit(&header.proposer, fees)?;
    let net = overlay.finish_transaction()?;
    if net.balances_before.checked_add(fees) == Some(net.balances_after) {
        Ok(net.diff)
    } else {
        Err(Fault::invariant("fees were made or lost"))
    }
}
