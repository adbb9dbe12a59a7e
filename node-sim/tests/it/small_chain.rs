//! Builds a chain whose archive and case file are small enough to change each of their bytes.

use node::archive::{ArchiveReader, ArchiveWriter, ArchivedBlock, ArchivedTransaction};
use node::limits::Limits;
use node::rules::Prices;
use node::{
    CachePolicy, Commit, Executed, Genesis, Header, MemoryStore, Node, Observer, Parts, Payload,
    Receipt, ReceiptExit, SecretKey, Signed, Store, Tip, Transaction, intrinsic_gas,
};
use node_sim::case::Case;
use node_sim::replay::Replay;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use vm::{Address, CodeHash, Entries, Event, Fault, Height, Interpreter, contract_address};

/// Gas beyond the intrinsic gas, enough for each call of the module.
const GAS: u64 = 3_000_000;
const SALT: [u8; 32] = [1; 32];

/// Writes a value, scans the storage and reads the hash of a block.
const MODULE: &str = r#"(module
  (import "lockstep" "storage_scan"
    (func $scan (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "lockstep" "storage_write" (func $write (param i32 i32 i32 i32)))
  (import "lockstep" "block_hash" (func $hash (param i64 i32) (result i32)))
  (memory 1 1)
  (data (i32.const 0) "key")
  (func (export "run")
    (drop (call $hash (i64.const 1) (i32.const 64)))
    (call $write (i32.const 0) (i32.const 3) (i32.const 64) (i32.const 8))
    (drop (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 8) (i32.const 1024) (i32.const 256)))))"#;

/// A store in memory that is read after a node has dropped it.
#[derive(Clone, Default)]
pub(crate) struct SharedStore(Arc<Mutex<MemoryStore>>);

impl SharedStore {
    pub(crate) fn of(store: MemoryStore) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    /// A copy of what is in the store.
    pub(crate) fn copy(&self) -> MemoryStore {
        self.0.lock().unwrap().clone()
    }
}

impl Store for SharedStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.0.lock().unwrap().read(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        self.0.lock().unwrap().scan(start, end, limit)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.0.lock().unwrap().tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.0.lock().unwrap().chain_id()
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.0.lock().unwrap().header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.0.lock().unwrap().transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.0.lock().unwrap().receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.0.lock().unwrap().events(height)
    }

    fn commit(&mut self, commit: Commit) -> Result<(), Fault> {
        self.0.lock().unwrap().commit(commit)
    }
}

/// A chain of a few blocks, with all that a test changes or compares.
pub(crate) struct SmallChain {
    pub(crate) genesis: Genesis,
    pub(crate) blocks: Vec<ArchivedBlock>,
    /// State and blocks after the last block.
    pub(crate) store: MemoryStore,
}

pub(crate) fn alice() -> SecretKey {
    SecretKey::secp256k1(b"alice")
}

pub(crate) fn bob() -> SecretKey {
    SecretKey::ed25519(b"bob")
}

/// The key of a transaction's signer.
pub(crate) fn signer(signed: &Signed) -> SecretKey {
    let key = alice();
    match signed.transaction.signer == key.public() {
        true => key,
        false => bob(),
    }
}

#[derive(Default)]
struct EntryCollector(Vec<ArchivedTransaction>);

impl Observer for EntryCollector {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(ArchivedTransaction::of(executed));
    }
}

pub(crate) fn parts() -> Parts {
    Parts {
        engine: Box::new(Interpreter::new()),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    }
}

/// A genesis of this name with the two keys.
pub(crate) fn genesis(name: &str) -> Genesis {
    let balance = 1_000_000_000_000_u128;
    let accounts: BTreeMap<Address, u128> =
        [alice(), bob()].map(|key| (key.address(), balance)).into();
    let rules = node::rules::version_1();
    Genesis::new(name, 1_000, *rules.id(), Limits::v1(), &accounts).unwrap()
}

impl SmallChain {
    /// A transfer; an upload and a deployment; two calls and a transfer; nothing.
    pub(crate) fn new(name: &str) -> Self {
        let genesis = genesis(name);
        let store = SharedStore::default();
        let node = Node::open(parts(), genesis.clone(), Box::new(store.clone())).unwrap();
        let module = wat::parse_str(MODULE).unwrap();
        let code_hash = CodeHash(node::digest::sha256(&[&module]));
        let contract = contract_address(&alice().address(), &code_hash, &SALT);
        let entry = || "run".to_owned();
        let call = || Payload::Call {
            contract,
            entry: entry(),
            input: vec![7; 4],
            value: 3,
        };
        let transfer = |to: Address| Payload::Transfer { to, amount: 5 };
        let deploy = Payload::Deploy {
            code_hash,
            salt: SALT,
            entry: entry(),
            input: Vec::new(),
            value: 1,
        };
        let blocks = [
            vec![(alice(), transfer(bob().address()))],
            vec![(alice(), Payload::Upload(module)), (alice(), deploy)],
            vec![
                (alice(), call()),
                (bob(), transfer(alice().address())),
                (bob(), call()),
            ],
            Vec::new(),
        ];
        let mut growing = Growing {
            node,
            blocks: Vec::new(),
        };
        for payloads in blocks {
            growing.push(payloads);
        }
        Self {
            genesis,
            blocks: growing.blocks,
            store: store.copy(),
        }
    }

    /// The archive of the chain.
    pub(crate) fn archive(&self) -> Vec<u8> {
        write(&self.genesis, &self.blocks)
    }

    /// A case of the last call, with the recorded gas one too high; and the bytes of its file.
    pub(crate) fn case(&self) -> (Case, Vec<u8>) {
        let mut blocks = self.blocks.clone();
        blocks[2].entries[2].receipt.gas_used += 1;
        let archive = write(&self.genesis, &blocks);
        let reader = ArchiveReader::new(archive.as_slice()).unwrap();
        let replay = Replay::new(reader, parts(), Box::new(MemoryStore::new())).unwrap();
        let mut replay = replay.bisecting(Box::new(|| Box::new(Interpreter::new())));
        while replay.step().unwrap() {}
        let case = replay.traced().unwrap().case.clone();
        let mut file = Vec::new();
        case.write(&mut file).unwrap();
        (case, file)
    }
}

/// An archive of these blocks.
pub(crate) fn write(genesis: &Genesis, blocks: &[ArchivedBlock]) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Vec::new(), genesis).unwrap();
    for block in blocks {
        writer.push(block).unwrap();
    }
    writer.finish().unwrap()
}

/// A chain to which blocks are added.
struct Growing {
    node: Node,
    blocks: Vec<ArchivedBlock>,
}

impl Growing {
    fn push(&mut self, payloads: Vec<(SecretKey, Payload)>) {
        let mut nonces: BTreeMap<Address, u64> = BTreeMap::new();
        let mut transactions = Vec::new();
        for (key, payload) in payloads {
            let account = self.node.account(&key.address()).unwrap();
            let nonce = nonces.entry(key.address()).or_insert(account.nonce);
            transactions.push(self.sign(&key, *nonce, payload));
            *nonce += 1;
        }
        let time_ms = self.node.tip().time_ms + 1_000;
        let block = self.node.propose(transactions, time_ms, Address([9; 32]));
        let valid = self.node.validate(block.clone()).unwrap();
        let mut entries = EntryCollector::default();
        let result = self.node.apply(&valid, &mut entries).unwrap();
        let returned = |entry: &ArchivedTransaction| entry.receipt.exit == ReceiptExit::Return;
        assert!(entries.0.iter().all(returned), "{:?}", entries.0);
        self.blocks.push(ArchivedBlock {
            block,
            entries: entries.0,
            result,
        });
    }

    fn sign(&self, key: &SecretKey, nonce: u64, payload: Payload) -> Signed {
        let gas = if payload.invocation().is_some() {
            GAS
        } else {
            0
        };
        let mut transaction = Transaction {
            chain_id: *self.node.chain_id(),
            signer: key.public(),
            nonce,
            gas_limit: 0,
            gas_price: 2,
            payload,
        };
        let bytes = key.sign(transaction.clone()).encode().len() as u64;
        let prices = Prices::of(&node::rules::version_1()).unwrap();
        transaction.gas_limit = intrinsic_gas(&transaction, bytes, &prices).unwrap() + gas;
        key.sign(transaction)
    }
}
