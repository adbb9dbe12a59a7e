//! Makes a small chain with every kind of transaction, from which seeds are made.
#![expect(
    clippy::expect_used,
    reason = "a sample that cannot be made is a bug of this file"
)]

use node::archive::{ArchiveReader, ArchiveWriter, ArchivedBlock, ArchivedTransaction};
use node::limits::Limits;
use node::prove::{state_claim, with_headers};
use node::rules::Prices;
use node::snapshot::{Manifest, SnapshotOptions, write};
use node::{
    BlockResult, CachePolicy, Executed, Genesis, MemoryStore, Node, Observer, Parts, Payload,
    SecretKey, Signed, Store, Transaction, intrinsic_gas,
};
use node_sim::memory_files::MemoryFiles;
use node_sim::replay::Replay;
use std::collections::BTreeMap;
use vm::{Address, CodeHash, Height, Interpreter, contract_address, key};

/// Length of the chunks of the sample's snapshot, in bytes: it has a few.
pub const CHUNKS_AIMED_AT_BYTES: u64 = 256;

/// Gas beyond the intrinsic gas, enough for each call of the module.
const GAS: u64 = 3_000_000;
const SALT: [u8; 32] = [1; 32];

/// Writes a value, scans the storage, emits an event and reads the hash of a block.
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

/// A result of zeros.
#[must_use]
pub const fn no_result() -> BlockResult {
    BlockResult {
        state_root: [0; 32],
        receipts_root: [0; 32],
        gas_used: 0,
    }
}

/// Parts of a node with the default engine.
#[must_use]
pub fn parts() -> Parts {
    Parts {
        engine: Box::new(Interpreter::new()),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    }
}

#[derive(Default)]
struct EntryCollector(Vec<ArchivedTransaction>);

impl Observer for EntryCollector {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(ArchivedTransaction::of(executed));
    }
}

/// A chain of a few blocks.
pub struct SampleChain {
    /// The genesis.
    pub genesis: Genesis,
    /// All blocks with their results.
    pub blocks: Vec<ArchivedBlock>,
    node: Node,
}

fn alice() -> SecretKey {
    SecretKey::secp256k1(b"alice")
}

fn bob() -> SecretKey {
    SecretKey::ed25519(b"bob")
}

/// A transfer; an upload and a deployment; two calls and a transfer; nothing.
#[must_use]
pub fn chain() -> SampleChain {
    let balance = 1_000_000_000_000_u128;
    let accounts: BTreeMap<Address, u128> =
        [alice(), bob()].map(|key| (key.address(), balance)).into();
    let rules = node::rules::version_1();
    let genesis = Genesis::new("sample", 1_000, *rules.id(), Limits::v1(), &accounts);
    let genesis = genesis.expect("the genesis is valid");
    let node = Node::open(parts(), genesis.clone(), Box::new(MemoryStore::new()));
    let mut chain = SampleChain {
        genesis,
        blocks: Vec::new(),
        node: node.expect("the node opens"),
    };
    let module = wat::parse_str(MODULE).expect("the text is a module");
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
    chain.push(vec![(alice(), transfer(bob().address()))]);
    chain.push(vec![(alice(), Payload::Upload(module)), (alice(), deploy)]);
    let transfer = transfer(alice().address());
    chain.push(vec![(alice(), call()), (bob(), transfer), (bob(), call())]);
    chain.push(Vec::new());
    chain
}

impl SampleChain {
    fn push(&mut self, payloads: Vec<(SecretKey, Payload)>) {
        let mut nonces: BTreeMap<Address, u64> = BTreeMap::new();
        let mut transactions = Vec::new();
        for (key, payload) in payloads {
            let account = self.node.account(&key.address()).expect("it is in memory");
            let nonce = nonces.entry(key.address()).or_insert(account.nonce);
            transactions.push(self.sign(&key, *nonce, payload));
            *nonce = nonce.saturating_add(1);
        }
        let time_ms = self.node.tip().time_ms.saturating_add(1_000);
        let block = self.node.propose(transactions, time_ms, Address([9; 32]));
        let valid = self
            .node
            .validate(block.clone())
            .expect("the block is valid");
        let mut entries = EntryCollector::default();
        let result = self.node.apply(&valid, &mut entries);
        self.blocks.push(ArchivedBlock {
            block,
            entries: entries.0,
            result: result.expect("the block is applied"),
        });
    }

    fn sign(&self, key: &SecretKey, nonce: u64, payload: Payload) -> Signed {
        let calls = payload.invocation().is_some();
        let mut transaction = Transaction {
            chain_id: *self.node.chain_id(),
            signer: key.public(),
            nonce,
            gas_limit: 0,
            gas_price: 2,
            payload,
        };
        let encoded = key.sign(transaction.clone()).encode();
        let bytes = u64::try_from(encoded.len()).unwrap_or(u64::MAX);
        let prices = Prices::of(&node::rules::version_1()).expect("version 1 has prices");
        let intrinsic = intrinsic_gas(&transaction, bytes, &prices).unwrap_or(u64::MAX);
        transaction.gas_limit = intrinsic.saturating_add(if calls { GAS } else { 0 });
        key.sign(transaction)
    }

    /// The store after the last block.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.node.store()
    }

    /// The archive of the chain.
    #[must_use]
    pub fn archive(&self) -> Vec<u8> {
        archive_of(&self.genesis, &self.blocks)
    }

    /// The file of a case of the last call, whose recorded gas is one too high.
    #[must_use]
    pub fn case(&self) -> Vec<u8> {
        let mut blocks = self.blocks.clone();
        let entries = blocks.get_mut(2).map(|block| &mut block.entries);
        let entry = entries.and_then(|entries| entries.last_mut());
        let receipt = &mut entry.expect("block 3 has transactions").receipt;
        receipt.gas_used = receipt.gas_used.saturating_add(1);
        let archive = archive_of(&self.genesis, &blocks);
        let reader = ArchiveReader::new(archive.as_slice()).expect("it was written here");
        let replay = Replay::new(reader, parts(), Box::new(MemoryStore::new()));
        let mut replay = replay
            .expect("the node opens")
            .bisecting(Box::new(|| Box::new(Interpreter::new())));
        while replay.step().expect("the archive is whole") {}
        let mut file = Vec::new();
        let traced = replay.traced().expect("the gas differs");
        traced.case.write(&mut file).expect("memory takes bytes");
        file
    }

    /// A snapshot of the last block, with chunks of about so many bytes.
    #[must_use]
    pub fn snapshot(&self, chunk_bytes: u64) -> (MemoryFiles, Manifest) {
        let mut files = MemoryFiles::default();
        let snapshot = self.store().snapshot().expect("it is in memory");
        let options = SnapshotOptions {
            chunk_bytes,
            ..SnapshotOptions::default()
        };
        let manifest = write(&*snapshot, &mut files, &options, &mut |_| {});
        (files, manifest.expect("the store has blocks"))
    }

    /// Proofs of a value, an absence and a receipt, each under the next header.
    #[must_use]
    pub fn proofs(&self) -> Vec<Vec<u8>> {
        let tip = *self.node.tip();
        let next = self
            .node
            .propose(Vec::new(), tip.time_ms.saturating_add(1), Address([9; 32]));
        let headers = [next.header];
        let mut claims = Vec::new();
        for key in [key::block_hash(tip.height), b"absent".to_vec()] {
            let value = self.store().read(&key).expect("it is in memory");
            let claim = state_claim(&self.node.tree(), &key, value.as_deref());
            claims.push((
                tip.height,
                claim.expect("the tree has the key"),
                headers.to_vec(),
            ));
        }
        let mut after: Vec<_> = self
            .blocks
            .iter()
            .skip(3)
            .map(|of| of.block.header.clone())
            .collect();
        after.extend(headers);
        let receipt = self.node.receipt_claim(Height(3), 1);
        claims.push((Height(3), receipt.expect("block 3 has receipts"), after));
        claims
            .into_iter()
            .map(|(height, claim, headers)| {
                let proof = with_headers(claim, height, &headers);
                proof.expect("the headers have the result").encode()
            })
            .collect()
    }
}

fn archive_of(genesis: &Genesis, blocks: &[ArchivedBlock]) -> Vec<u8> {
    let writer = ArchiveWriter::new(Vec::new(), genesis);
    let mut writer = writer.expect("memory takes bytes");
    for block in blocks {
        writer.push(block).expect("memory takes bytes");
    }
    writer.finish().expect("memory takes bytes")
}
