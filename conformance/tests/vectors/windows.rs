//! Makes a vector of a long chain of small blocks, with the window of block hashes full at its end.

use crate::{Draft, data};
use conformance::golden::blesses;
use node::archive::{ArchiveWriter, ArchivedBlock, ArchivedTransaction};
use node::limits::Limits;
use node::rules::Prices;
use node::{
    CachePolicy, Executed, Genesis, MemoryStore, Node, Observer, Parts, Payload, SecretKey, Signed,
    Transaction, intrinsic_gas,
};
use node_sim::simulate::probes::{self, Probe, Site};
use node_sim::simulate::samples::DRIVER;
use reference::Reference;
use std::collections::BTreeMap;
use std::fs;
use vectors::format::{Chain, VectorCase};
use vectors::replay::replay;
use vm::Address;

const FILE: &str = "chains/windows.bin";
/// Number of blocks.
const BLOCKS: u64 = 260;
/// Balance of the account whose balance is used up exactly.
const EXACT: u128 = 10_000_001;
/// Names of probes that need several transactions in one block, or state that an earlier one made.
const KEPT: [&str; 21] = [
    "pays the drivers",
    "pays the second driver",
    "pays the last driver",
    "reads in two frames",
    "values",
    "values again",
    "keys in order",
    "pages",
    "removes before a scan",
    "scans past a hidden key",
    "adds before a scan",
    "removes what the block added",
    "scans past nothing",
    "scans after the block",
    "a key that comes and goes",
    "a value that changes are made to",
    "changes that a callee loses",
    "touched keys after a revert",
    "events that a callee loses",
    "payments",
    "value before a deployment",
];

/// A vector of one chain.
pub(crate) fn draft() -> Draft {
    let about = "Small blocks until hashes of blocks are removed: windows, balances, fees, order.";
    let mut draft = Draft::new(about);
    let frozen = fs::read(data().join(FILE)).ok();
    let usable = frozen.filter(|bytes| !blesses() || replays(bytes));
    draft.file(FILE, usable.unwrap_or_else(|| LongChain::new().archive()));
    let archive = FILE.to_owned();
    draft.add(
        "chain of 260 small blocks",
        VectorCase::Chain(Chain { archive }),
    );
    draft
}

fn replays(bytes: &[u8]) -> bool {
    let fields = replay(bytes, Box::new(Reference::new()), &node::rules::rulebook());
    fields.is_ok_and(|fields| {
        fields.contains_key("block.0260.state_root")
            && fields.keys().all(|name| !name.ends_with("invalid"))
    })
}

#[derive(Default)]
struct EntryCollector(Vec<ArchivedTransaction>);

impl Observer for EntryCollector {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(ArchivedTransaction::of(executed));
    }
}

struct LongChain {
    node: Node,
    genesis: Genesis,
    creator: SecretKey,
    exact: SecretKey,
    prices: Prices,
    nonce: u64,
    /// Transactions of the block that is made.
    transactions: Vec<Signed>,
}

impl LongChain {
    fn new() -> Self {
        let creator = SecretKey::secp256k1(b"window");
        let exact = SecretKey::ed25519(b"exact");
        let rules = node::rules::version_1();
        let balances = BTreeMap::from([
            (creator.address(), 1_000_000_000_000_000_000),
            (exact.address(), EXACT),
        ]);
        let genesis = Genesis::new("windows", 1_000, *rules.id(), Limits::v1(), &balances).unwrap();
        let parts = Parts {
            engine: Box::new(Reference::new()),
            rules: node::rules::rulebook(),
            cache: CachePolicy::Warm,
        };
        let store = Box::new(MemoryStore::new());
        Self {
            node: Node::open(parts, genesis.clone(), store).unwrap(),
            genesis,
            creator,
            exact,
            prices: Prices::of(&rules).unwrap(),
            nonce: 0,
            transactions: Vec::new(),
        }
    }

    fn sign(&self, key: &SecretKey, (nonce, gas): (u64, u64), payload: Payload) -> Signed {
        let mut transaction = Transaction {
            chain_id: *self.node.chain_id(),
            signer: key.public(),
            nonce,
            gas_limit: gas,
            gas_price: 1,
            payload,
        };
        if gas == 0 || transaction.payload.invocation().is_some() {
            let bytes = u64::try_from(key.sign(transaction.clone()).encode().len()).unwrap();
            transaction.gas_limit += intrinsic_gas(&transaction, bytes, &self.prices).unwrap();
        }
        key.sign(transaction)
    }

    fn add(&mut self, gas: u64, payload: Payload) {
        let signed = self.sign(&self.creator, (self.nonce, gas), payload);
        self.transactions.push(signed);
        self.nonce += 1;
    }

    fn archive(mut self) -> Vec<u8> {
        let site = Site {
            creator: self.creator.address(),
        };
        let probes = probes::all(&site).into_iter();
        let kept = |probe: &Probe| KEPT.contains(&probe.name.as_str());
        let probes: Vec<Probe> = probes.filter(kept).collect();
        assert_eq!(probes.len(), KEPT.len());
        let mut archive = ArchiveWriter::new(Vec::new(), &self.genesis).unwrap();
        for height in 1..=BLOCKS {
            match height {
                1 => self.add(0, Payload::Upload(DRIVER.bytes.to_vec())),
                2 => (0..4).for_each(|salt| self.deploy(salt)),
                3 => probes
                    .iter()
                    .for_each(|probe| self.add(probe.gas, probe.payload.clone())),
                4 => self.edges(),
                257..=259 => {
                    let Probe { payload, gas, .. } = probes::window(&site, height);
                    self.add(gas, payload);
                }
                _ => {}
            }
            archive.push(&self.block(height)).unwrap();
        }
        archive.finish().unwrap()
    }

    fn deploy(&mut self, salt: u8) {
        let payload = Payload::Deploy {
            code_hash: DRIVER.code_hash(),
            salt: [salt; 32],
            entry: "run".to_owned(),
            input: Vec::new(),
            value: 0,
        };
        self.add(3_000_000, payload);
    }

    /// A balance that is used up exactly, the same transaction again, and payments to oneself.
    fn edges(&mut self) {
        let transfer = |to, amount| Payload::Transfer { to, amount };
        let absent = Address([0x79; 32]);
        let exact = self.sign(&self.exact, (0, 10_000_000), transfer(absent, 1));
        let again = self.sign(&self.exact, (1, 10_000_000), transfer(absent, 1));
        self.transactions.extend([exact.clone(), exact, again]);
        self.add(0, transfer(self.creator.address(), 5));
        let ahead = self.sign(&self.creator, (self.nonce + 1, 0), transfer(absent, 2));
        self.transactions.push(ahead);
    }

    /// The block of a height; in every second one the signer is the proposer.
    fn block(&mut self, height: u64) -> ArchivedBlock {
        let proposer = match height % 2 {
            0 => self.creator.address(),
            _ => Address([9; 32]),
        };
        let time_ms = self.node.tip().time_ms + 1_000;
        let transactions = core::mem::take(&mut self.transactions);
        let block = self.node.propose(transactions, time_ms, proposer);
        let valid = self.node.validate(block.clone()).unwrap();
        let mut entries = EntryCollector::default();
        let result = self.node.apply(&valid, &mut entries).unwrap();
        ArchivedBlock {
            block,
            entries: entries.0,
            result,
        }
    }
}
