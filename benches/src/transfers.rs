//! Measures signed token transfers on one node with a durable store, and where the time goes.
//!
//! ```text
//! decode, signatures | execution, with reads of the store | tree | store: one synced batch
//! ```

use crate::Measured;
use crate::clock;
use crate::state::{empty, process};
use crate::statistics::{median, ratio};
use contract_types::token;
use node::limits::Limits;
use node::state_tree::batch;
use node::{
    CachePolicy, Commit, Genesis, NoObserver, Node, Parts, Payload, Receipt, ReceiptExit,
    SecretKey, Signed, Store, Transaction,
};
use node_sim::simulate::samples::TOKEN;
use rocksdb_store::{RocksStore, Settings};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tree::Tree;
use vm::{Address, Entries, Fault, Height, Interpreter, StateDiff};

/// Of each transfer; what it does not use it does not pay.
const GAS_LIMIT: u64 = 5_000_000;
/// Of the upload and the deployment.
const GAS_LIMIT_SETUP: u64 = 4_000_000_000;
const BALANCE: u128 = 1_000_000_000_000_000_000;
const TOKENS: u128 = 1_000_000;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Accounts; half of them sign with ed25519, half with secp256k1. Each sends once a block.
    pub accounts: u64,
    /// Measured blocks.
    pub blocks: u64,
    /// Where the database is made, and removed from again.
    pub folder: PathBuf,
}

/// The report. Times are medians by block, divided by its transfers.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Transfers of a block.
    pub transfers: u64,
    /// Measured blocks.
    pub blocks: u64,
    /// Transfers by second of one core: by processor time of all threads.
    pub per_second_cpu: f64,
    /// Transfers by second on the clock.
    pub per_second_wall: f64,
    /// Processor time of a transfer, and its parts.
    pub cpu_us: Parted,
    /// Gas of a transfer.
    pub gas: f64,
}

/// Where processor time goes, in microseconds a transfer.
#[derive(Debug, Serialize)]
pub struct Parted {
    /// All of it.
    pub total: f64,
    /// Decoding, stateless rules, signatures.
    pub signatures: f64,
    /// Running the contracts and netting, without what stands below.
    pub execution: f64,
    /// Reads of the store during execution.
    pub store_reads: f64,
    /// The state tree.
    pub tree: f64,
    /// The synced batch.
    pub store: f64,
}

/// What the store took and took over, in the last block.
#[derive(Default)]
struct Seen {
    reads: f64,
    commit: f64,
    diff: StateDiff,
}

/// A store with a stop watch.
struct Timed {
    inner: RocksStore,
    seen: Arc<Mutex<Seen>>,
}

impl Timed {
    fn timed<T>(&self, read: impl FnOnce(&RocksStore) -> T) -> T {
        let before = process::cpu();
        let answer = read(&self.inner);
        let time = process::difference(process::cpu(), before);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.reads = process::sum(seen.reads, time);
        answer
    }
}

impl Store for Timed {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.timed(|store| store.read(key))
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        self.timed(|store| store.contains(key))
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.timed(|store| store.scan(start, end, limit))
    }

    fn tip(&self) -> Result<Option<node::Tip>, Fault> {
        self.inner.tip()
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.inner.receipts(height)
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        let diff = commit.diff.clone();
        let before = process::cpu();
        let committed = self.inner.commit(commit);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.commit = process::difference(process::cpu(), before);
        seen.diff = diff;
        committed
    }
}

/// One measured block, in nanoseconds.
struct Block {
    signatures: f64,
    apply: f64,
    reads: f64,
    tree: f64,
    store: f64,
    wall: f64,
}

/// The chain that is measured.
struct Chain {
    node: Node,
    keys: Vec<SecretKey>,
    nonces: Vec<u64>,
    token: Address,
    seen: Arc<Mutex<Seen>>,
    /// The tree of the node, once more, to be timed alone.
    tree: Tree,
}

/// Measures.
///
/// # Errors
/// If the node stops at a fault or a transfer fails.
pub fn report(plan: &Plan) -> Measured<Report> {
    let mut chain = Chain::start(plan)?;
    chain.prepare()?;
    let mut blocks = Vec::new();
    let mut gas = 0;
    for number in 0..plan.blocks {
        let (block, gas_used) = chain.transfers(number)?;
        blocks.push(block);
        gas = gas_used;
    }
    drop(chain);
    std::fs::remove_dir_all(&plan.folder)?;
    let count = process::float(plan.accounts);
    let each = |of: fn(&Block) -> f64| {
        let samples: Vec<f64> = blocks.iter().map(of).collect();
        ratio(ratio(median(&samples), count), 1e3)
    };
    let total = each(|block| process::sum(block.signatures, block.apply));
    let parts = [
        each(|block| block.reads),
        each(|block| block.tree),
        each(|block| block.store),
    ];
    let below = parts.into_iter().fold(0.0, process::sum);
    let [store_reads, tree, store] = parts;
    Ok(Report {
        transfers: plan.accounts,
        blocks: plan.blocks,
        per_second_cpu: ratio(1e6, total),
        per_second_wall: ratio(1e6, each(|block| block.wall)),
        cpu_us: Parted {
            total,
            signatures: each(|block| block.signatures),
            execution: process::difference(each(|block| block.apply), below),
            store_reads,
            tree,
            store,
        },
        gas: ratio(process::float(gas), count),
    })
}

impl Chain {
    fn start(plan: &Plan) -> Measured<Self> {
        empty(&plan.folder)?;
        let keys: Vec<SecretKey> = (0..plan.accounts)
            .map(|number| match number.checked_rem(2) {
                Some(0) => SecretKey::ed25519(&number.to_le_bytes()),
                _ => SecretKey::secp256k1(&number.to_le_bytes()),
            })
            .collect();
        let balances: BTreeMap<_, _> = keys.iter().map(|key| (key.address(), BALANCE)).collect();
        let limits = Limits {
            block_gas: u64::MAX.wrapping_shr(1),
            ..Limits::v1()
        };
        let genesis = Genesis::new(
            "transfers",
            0,
            *node::rules::version_1().id(),
            limits,
            &balances,
        )?;
        let tree = tree_of(&genesis.state());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let store = Timed {
            inner: RocksStore::open(&plan.folder, Settings::default())?,
            seen: Arc::clone(&seen),
        };
        let parts = Parts {
            engine: Box::new(Interpreter::new()),
            rules: node::rules::rulebook(),
            cache: CachePolicy::Warm,
        };
        let first = keys.first().ok_or("at least one account")?;
        let token =
            vm::unstable::frames::contract_address(&first.address(), &TOKEN.code_hash(), &[0; 32]);
        Ok(Self {
            node: Node::open(parts, genesis, Box::new(store))?,
            nonces: vec![0; keys.len()],
            keys,
            token,
            seen,
            tree,
        })
    }

    /// Uploads and deploys the token, and gives every account some.
    fn prepare(&mut self) -> Measured<()> {
        let init = token::init(TOKENS.saturating_mul(TOKENS));
        let upload = self.sign(0, GAS_LIMIT_SETUP, Payload::Upload(TOKEN.bytes.to_vec()))?;
        self.apply(vec![upload])?;
        let deploy = Payload::Deploy {
            code_hash: TOKEN.code_hash(),
            salt: [0; 32],
            entry: init.entry.to_owned(),
            input: init.input,
            value: 0,
        };
        let deploy = self.sign(0, GAS_LIMIT_SETUP, deploy)?;
        self.apply(vec![deploy])?;
        let receivers: Vec<Address> = self.keys.iter().map(SecretKey::address).collect();
        let gifts = receivers
            .iter()
            .map(|to| self.transfer(0, to, TOKENS))
            .collect::<Measured<_>>()?;
        self.apply(gifts)?;
        Ok(())
    }

    /// A block in which every account sends one token to another account; its gas.
    fn transfers(&mut self, number: u64) -> Measured<(Block, u64)> {
        let count = self.keys.len();
        let distance = usize::try_from(number)?.saturating_add(1);
        let signed = (0..count)
            .map(|from| {
                let to = from.saturating_add(distance).checked_rem(count);
                let to = to.and_then(|to| self.keys.get(to)).ok_or("an account")?;
                let to = to.address();
                self.transfer(from, &to, 1)
            })
            .collect::<Measured<_>>()?;
        self.apply(signed)
    }

    fn transfer(&mut self, from: usize, to: &Address, amount: u128) -> Measured<Signed> {
        let call = token::transfer(contract_types::Address(to.0), amount);
        let payload = Payload::Call {
            contract: self.token,
            entry: call.entry.to_owned(),
            input: call.input,
            value: 0,
        };
        self.sign(from, GAS_LIMIT, payload)
    }

    fn sign(&mut self, from: usize, gas_limit: u64, payload: Payload) -> Measured<Signed> {
        let key = self.keys.get(from).ok_or("an account")?;
        let nonce = self.nonces.get_mut(from).ok_or("an account")?;
        let transaction = Transaction {
            chain_id: *self.node.chain_id(),
            signer: key.public(),
            nonce: *nonce,
            gas_limit,
            gas_price: 1,
            payload,
        };
        *nonce = nonce.saturating_add(1);
        Ok(key.sign(transaction))
    }

    fn apply(&mut self, transactions: Vec<Signed>) -> Measured<(Block, u64)> {
        let time_ms = self.node.tip().time_ms.saturating_add(1);
        let block = self
            .node
            .propose(transactions, time_ms, Address([0xee; 32]));
        self.seen().reads = 0.0;
        let start = process::cpu();
        let (checking, valid) = clock::time(|| self.node.validate(block));
        let valid = valid?;
        let validated = process::cpu();
        let (applying, result) = clock::time(|| self.node.apply(&valid, &mut NoObserver));
        let result = result?;
        let applied = process::cpu();
        let receipts = self.node.store().receipts(valid.header().height)?;
        let failed = receipts.iter().flatten();
        if let Some(receipt) = failed
            .into_iter()
            .find(|receipt| receipt.exit != ReceiptExit::Return)
        {
            return Err(format!("a transfer came to {receipt:?}").into());
        }
        let seen = std::mem::take(&mut *self.seen());
        let changes = batch(&seen.diff);
        let before = process::cpu();
        let root = self.tree.update(&changes);
        let again = process::difference(process::cpu(), before);
        if root.0 != result.state_root {
            return Err("the tree alone has another root".into());
        }
        let block = Block {
            signatures: process::difference(validated, start),
            apply: process::difference(applied, validated),
            reads: seen.reads,
            tree: again,
            store: seen.commit,
            wall: process::sum(checking, applying),
        };
        Ok((block, result.gas_used))
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tree_of(state: &StateDiff) -> Tree {
    let mut tree = Tree::new();
    tree.update(&batch(state));
    tree
}
