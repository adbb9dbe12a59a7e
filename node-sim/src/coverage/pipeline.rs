//! Observes transactions and blocks: exits, balances, changes, roots and headers.

use super::facts::{End, Facts};
use super::observation::{Observation, SharedObservation, lock};
use crate::pipeline::{BlockPipeline, StandardPipeline};
use node::digest::sha256;
use node::limits::Limits;
use node::receipt::{events_root, receipts_root};
use node::{
    BlockEnvironment, BlockResult, Executed, Header, Overlay, Payload, PublicKey, Receipt,
    ReceiptExit, ValidTransaction,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tree::Tree;
use vm::unstable::frames::contract_address;
use vm::unstable::state::Account;
use vm::{Address, BlockMetadata, Fault, Height, StateDiff, key};

/// Numbers of events that a fact names.
const EVENTS: [usize; 4] = [0, 1, 2, 64];
/// Lengths of entries and inputs that a fact names.
const LENGTHS: [usize; 4] = [0, 1, 64, 65_536];

/// The pipeline of a node under observation.
pub(super) struct ObservingPipeline {
    observation: SharedObservation,
    seen: Mutex<Seen>,
}

/// What is known of the block that is executed, and of its parent.
#[derive(Default)]
struct Seen {
    header: Option<Header>,
    transactions: BTreeSet<[u8; 32]>,
    state_root: [u8; 32],
    receipts_root: [u8; 32],
    gas_used: u64,
}

impl Seen {
    const fn result(&self) -> BlockResult {
        BlockResult {
            state_root: self.state_root,
            receipts_root: self.receipts_root,
            gas_used: self.gas_used,
        }
    }
}

impl ObservingPipeline {
    pub(super) fn new(observation: SharedObservation) -> Self {
        Self {
            observation,
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlockPipeline for ObservingPipeline {
    fn metadata(&self, header: &Header) -> BlockMetadata {
        let metadata = StandardPipeline.metadata(header);
        let mut observation = lock(&self.observation);
        observation.block = Some(metadata.clone());
        let mut seen = self.seen();
        note_header(header, &seen, &mut observation.facts);
        seen.header = Some(header.clone());
        seen.transactions.clear();
        seen.gas_used = 0;
        metadata
    }

    fn transaction(
        &self,
        environment: &BlockEnvironment<'_>,
        overlay: &mut Overlay<'_>,
        valid: &ValidTransaction,
    ) -> Result<Executed, Fault> {
        let transaction = &valid.signed().transaction;
        let before = overlay.account(valid.sender())?;
        let (receiver, uploaded) = receiver(valid);
        let already = overlay.account(&receiver)?;
        {
            let mut observation = lock(&self.observation);
            observation.rules = Some(Arc::clone(environment.rules));
            observation.receiver = receiver;
            observation.frames.clear();
            observation.ended = None;
            observation.kept.clear();
        }
        let executed = StandardPipeline.transaction(environment, overlay, valid)?;
        let mut observation = lock(&self.observation);
        end_of_message(&mut observation, &executed);
        let facts = &mut observation.facts;
        note_exit(&transaction.payload, &executed, facts);
        note_account(valid, &before, facts);
        note_payload(valid, (&receiver, &already, uploaded), (&executed, facts));
        note_receipt(valid, &executed, facts);
        note_changes(&executed.diff, facts);
        let mut seen = self.seen();
        let first = seen.transactions.insert(*valid.id());
        facts.note_if(!first, "transaction/twice");
        let is_own = environment.block.proposer == *valid.sender();
        facts.note_if(is_own, "transaction/proposer=signer");
        let used = executed.receipt.gas_used;
        seen.gas_used = seen.gas_used.saturating_add(used);
        Ok(executed)
    }

    fn update(&self, tree: &mut Tree, diff: &StateDiff) -> [u8; 32] {
        let root = StandardPipeline.update(tree, diff);
        let mut observation = lock(&self.observation);
        let mut seen = self.seen();
        seen.state_root = root;
        observation.facts.note("root");
        let Some(header) = &seen.header else {
            return root;
        };
        let Height(height) = header.height;
        let own = diff.get(&key::block_hash(header.height));
        let is_own = own == Some(&Some(header.hash().to_vec()));
        let facts = &mut observation.facts;
        facts.note_if(is_own, "block/hash-written");
        let oldest = height.checked_sub(256).map(Height);
        let removed = oldest.and_then(|oldest| diff.get(&key::block_hash(oldest)));
        facts.note_if(removed == Some(&None), "block/hash-removed");
        let credited = diff.contains_key(&key::account(&header.proposer));
        facts.note_if(is_own && credited, "block/credited");
        facts.note_if(is_own && !credited, "block/nothing-credited");
        root
    }

    fn receipts_root(&self, receipts: &[Receipt]) -> [u8; 32] {
        let root = StandardPipeline.receipts_root(receipts);
        self.seen().receipts_root = root;
        let facts = &mut lock(&self.observation).facts;
        facts.note("block/receipts");
        facts.note_if(receipts.is_empty(), "block/empty");
        facts.note_if(receipts.len() > 1, "block/many");
        root
    }
}

/// The contract that a transaction calls or makes, or the account that it pays; for an upload the
/// hash of the module.
fn receiver(valid: &ValidTransaction) -> (Address, Option<[u8; 32]>) {
    match &valid.signed().transaction.payload {
        Payload::Transfer { to, .. } => (*to, None),
        Payload::Upload(bytes) => (Address::default(), Some(sha256(&[bytes]))),
        Payload::Deploy {
            code_hash, salt, ..
        } => (contract_address(valid.sender(), code_hash, salt), None),
        Payload::Call { contract, .. } => (*contract, None),
    }
}

/// Resolves the outermost frame by the receipt.
fn end_of_message(observation: &mut Observation, executed: &Executed) {
    let Receipt { exit, code, .. } = executed.receipt;
    observation.resolve(match exit {
        ReceiptExit::Revert => End::Revert,
        ReceiptExit::Trap => End::Trap(Some(code)),
        ReceiptExit::OutOfGas => End::OutOfGas,
        _ => End::Return,
    });
}

fn kind(payload: &Payload) -> &'static str {
    match payload {
        Payload::Transfer { .. } => "transfer",
        Payload::Upload(_) => "upload",
        Payload::Deploy { .. } => "deploy",
        Payload::Call { .. } => "call",
    }
}

fn note_exit(payload: &Payload, executed: &Executed, facts: &mut Facts) {
    let Receipt { exit, code, .. } = executed.receipt;
    let (kind, exit) = (kind(payload), exit.name());
    facts.note("transaction");
    facts.note(format!("transaction/{kind}"));
    facts.note(format!("transaction/{kind}/{exit}"));
    facts.note(format!("exit/{exit}"));
    facts.note(format!("exit/{exit}={code}"));
    facts.note(format!("transaction/{kind}/{exit}={code}"));
}

/// Notes where nonce, balance, gas limit and price are at an edge.
fn note_account(valid: &ValidTransaction, before: &Account, facts: &mut Facts) {
    let transaction = &valid.signed().transaction;
    let scheme = match transaction.signer {
        PublicKey::Secp256k1(_) => "secp256k1",
        PublicKey::Ed25519(_) => "ed25519",
    };
    facts.note(format!("signer/{scheme}"));
    let nonce = match transaction.nonce.cmp(&before.nonce) {
        core::cmp::Ordering::Less => "nonce/below",
        core::cmp::Ordering::Equal => "nonce/next",
        core::cmp::Ordering::Greater => "nonce/above",
    };
    facts.note(nonce);
    match transaction.cost_max() {
        None => facts.note("cost/overflow"),
        Some(cost) if cost == before.balance => facts.note("cost/balance"),
        Some(cost) if before.balance.checked_add(1) == Some(cost) => {
            facts.note("cost/balance+1");
        }
        Some(_) => {}
    }
    let Limits {
        transaction_gas, ..
    } = Limits::v1();
    let limit = transaction.gas_limit;
    facts.note_if(limit == valid.intrinsic_gas(), "gas-limit/intrinsic");
    facts.note_if(limit == transaction_gas, "gas-limit/greatest");
    facts.note_if(transaction.gas_price == 0, "gas-price/0");
    facts.note_if(transaction.gas_price > 0, "gas-price/more");
}

fn note_payload(
    valid: &ValidTransaction,
    (receiver, already, uploaded): (&Address, &Account, Option<[u8; 32]>),
    (executed, facts): (&Executed, &mut Facts),
) {
    let transaction = &valid.signed().transaction;
    let exit = executed.receipt.exit;
    if let Some((entry, input)) = transaction.payload.invocation() {
        for (name, length) in [("entry", entry.len()), ("input", input.len())] {
            if LENGTHS.contains(&length) {
                facts.note(format!("transaction/{name}={length}"));
            }
        }
    }
    let runs = matches!(
        transaction.payload,
        Payload::Deploy { .. } | Payload::Call { .. }
    );
    let changed = executed.diff.contains_key(&key::account(receiver));
    let sent = match transaction.payload {
        Payload::Transfer { amount, .. } => amount,
        Payload::Deploy { value, .. } | Payload::Call { value, .. } => value,
        Payload::Upload(_) => 0,
    };
    let failed = matches!(
        exit,
        ReceiptExit::Revert | ReceiptExit::Trap | ReceiptExit::OutOfGas
    );
    facts.note_if(runs && failed && sent > 0 && !changed, "value/refunded");
    facts.note_if(runs && !failed && sent > 0 && changed, "value/moved");
    facts.note_if(failed && executed.diff.len() == 1, "failed/fee-alone");
    facts.note_if(failed && executed.events.is_empty(), "failed/no-events");
    facts.note_if(receiver == valid.sender(), "transfer/self");
    let is_deployed = matches!(transaction.payload, Payload::Deploy { .. });
    let is_funded = already.balance > 0 && already.code_hash.is_none();
    let returned = exit == ReceiptExit::Return;
    facts.note_if(is_deployed && is_funded && returned, "deploy/funded");
    facts.note_if(is_deployed && failed && !changed, "deploy/nothing-left");
    if let (Some(hash), true) = (uploaded, returned) {
        let is_new = executed.diff.contains_key(&key::code(&vm::CodeHash(hash)));
        facts.note(if is_new { "upload/new" } else { "upload/again" });
        facts.note_if(executed.output.starts_with(&hash), "upload/output");
    }
}

/// Notes that the receipt has what its sentences say, computed again.
fn note_receipt(valid: &ValidTransaction, executed: &Executed, facts: &mut Facts) {
    let Receipt {
        tx_id,
        gas_used,
        output_hash,
        events_root: root,
        exit,
        ..
    } = executed.receipt;
    let transaction = &valid.signed().transaction;
    facts.note_if(tx_id == transaction.id(), "receipt/id");
    facts.note_if(output_hash == sha256(&[&executed.output]), "receipt/output");
    facts.note_if(root == events_root(&executed.events), "receipt/events");
    let skipped = exit == ReceiptExit::Skipped;
    let free = executed.diff.is_empty() && gas_used == 0 && executed.fee == 0;
    facts.note_if(skipped && free, "skipped/nothing");
    let fee = transaction.fee(gas_used);
    facts.note_if(!skipped && executed.fee == fee && fee > 0, "fee/charged");
    let rest = transaction.gas_limit > gas_used && transaction.gas_price > 0;
    facts.note_if(!skipped && rest, "fee/refunded");
    facts.note_if(
        exit == ReceiptExit::OutOfGas && gas_used == transaction.gas_limit,
        "gas/all",
    );
    if EVENTS.contains(&executed.events.len()) {
        facts.note(format!("transaction/events={}", executed.events.len()));
    }
}

fn note_changes(diff: &StateDiff, facts: &mut Facts) {
    for (key, value) in diff {
        let kind = key.first().copied().unwrap_or_default();
        let what = if value.is_some() {
            "written"
        } else {
            "removed"
        };
        facts.note(format!("change/{kind}/{what}"));
    }
}

fn note_header(header: &Header, seen: &Seen, facts: &mut Facts) {
    facts.note("block");
    let Height(height) = header.height;
    facts.note_if(
        height == 1 && header.parent == header.chain_id,
        "block/first",
    );
    facts.note_if(
        height == 1 && header.parent_result.receipts_root == receipts_root(&[]),
        "block/first-result",
    );
    let Some(parent) = &seen.header else {
        return;
    };
    facts.note_if(header.parent == parent.hash(), "block/parent");
    facts.note_if(header.time_ms > parent.time_ms, "block/time");
    facts.note_if(parent.height.next() == header.height, "block/height");
    facts.note_if(header.parent_result == seen.result(), "block/parent-result");
    facts.note_if(header.rules_id == parent.rules_id, "block/rules");
    facts.note_if(height > 257, "block/beyond-the-window");
}
