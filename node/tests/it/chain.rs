//! Builds a small chain for one test: keys with balances, and blocks of given transactions.

use engine_wasmi::Wasmi;
use node::limits::Limits;
use node::{
    Block, CachePolicy, Executed, Genesis, MemoryStore, Node, Observer, Parts, Payload, SecretKey,
    Signed, Transaction, intrinsic_gas,
};
use reference::Reference;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::CodeHash;
use vm::{Address, Engine, Rules};

pub(crate) const BALANCE: u128 = 1_000_000_000_000;
pub(crate) const PROPOSER: Address = Address([0xaa; 32]);
pub(crate) const TIME_MS: u64 = 1_000;
/// Gas beyond the intrinsic gas; enough for every call of a sample.
pub(crate) const GAS: u64 = 100_000_000;

pub(crate) struct Chain {
    pub(crate) node: Node,
    pub(crate) rules: Arc<Rules>,
    pub(crate) alice: SecretKey,
    pub(crate) bob: SecretKey,
    pub(crate) proposer: Address,
}

#[derive(Default)]
struct ExecutedCollector(Vec<Executed>);

impl Observer for ExecutedCollector {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(executed.clone());
    }
}

/// R and wasmi.
pub(crate) fn engines() -> Vec<Box<dyn Engine>> {
    vec![Box::new(Reference::new()), Box::new(Wasmi::new())]
}

pub(crate) fn genesis(rules: &Rules, limits: Limits) -> Genesis {
    let balances: BTreeMap<Address, u128> = [alice(), bob()]
        .map(|key| (key.address(), BALANCE))
        .into_iter()
        .collect();
    Genesis::new("test", TIME_MS, *rules.id(), limits, &balances).unwrap()
}

pub(crate) fn alice() -> SecretKey {
    SecretKey::secp256k1(b"alice")
}

pub(crate) fn bob() -> SecretKey {
    SecretKey::ed25519(b"bob")
}

impl Chain {
    pub(crate) fn new() -> Self {
        Self::with(Box::new(Reference::new()), Limits::v1())
    }

    pub(crate) fn with(engine: Box<dyn Engine>, limits: Limits) -> Self {
        let rules = Arc::new(node::rules::version_1());
        let genesis = genesis(&rules, limits);
        let parts = Parts {
            engine,
            rules: node::rules::rulebook(),
            cache: CachePolicy::Warm,
        };
        let node = Node::open(parts, genesis, Box::new(MemoryStore::new())).unwrap();
        Self {
            node,
            rules,
            alice: alice(),
            bob: bob(),
            proposer: PROPOSER,
        }
    }

    /// An unsigned transaction with the signer's committed nonce + `ahead`, gas price 2 and `gas`
    /// beyond the intrinsic gas.
    pub(crate) fn draft(
        &self,
        key: &SecretKey,
        ahead: u64,
        payload: Payload,
        gas: u64,
    ) -> Transaction {
        let nonce = self.node.account(&key.address()).unwrap().nonce + ahead;
        let mut transaction = Transaction {
            chain_id: *self.node.chain_id(),
            signer: key.public(),
            nonce,
            gas_limit: 0,
            gas_price: 2,
            payload,
        };
        transaction.gas_limit = self.intrinsic(key, &transaction) + gas;
        transaction
    }

    pub(crate) fn intrinsic(&self, key: &SecretKey, transaction: &Transaction) -> u64 {
        let bytes = key.sign(transaction.clone()).encode().len() as u64;
        let prices = node::rules::Prices::of(&self.rules).unwrap();
        intrinsic_gas(transaction, bytes, &prices).unwrap()
    }

    pub(crate) fn sign(&self, key: &SecretKey, ahead: u64, payload: Payload) -> Signed {
        let gas = if payload.invocation().is_some() {
            GAS
        } else {
            0
        };
        key.sign(self.draft(key, ahead, payload, gas))
    }

    pub(crate) fn block(&self, transactions: Vec<Signed>) -> Block {
        self.node
            .propose(transactions, self.node.tip().time_ms + 1_000, self.proposer)
    }

    pub(crate) fn apply(&mut self, transactions: Vec<Signed>) -> Vec<Executed> {
        let valid = self.node.validate(self.block(transactions)).unwrap();
        let mut collected = ExecutedCollector::default();
        self.node.apply(&valid, &mut collected).unwrap();
        self.node.scrub().unwrap();
        collected.0
    }

    /// Applies a block of one transaction signed by Alice.
    pub(crate) fn alone(&mut self, payload: Payload) -> Executed {
        self.alone_by(&self.alice.clone(), payload)
    }

    /// Applies a block of one transaction.
    pub(crate) fn alone_by(&mut self, key: &SecretKey, payload: Payload) -> Executed {
        let signed = self.sign(key, 0, payload);
        self.apply(vec![signed]).pop().unwrap()
    }

    pub(crate) fn balance(&self, address: &Address) -> u128 {
        self.node.account(address).unwrap().balance
    }

    /// Uploads and deploys a module as Alice; returns the contract's address.
    pub(crate) fn deploy(&mut self, module: &[u8], entry: &str, input: Vec<u8>) -> Address {
        let uploaded = self.alone(Payload::Upload(module.to_vec()));
        let code_hash = vm::unstable::host::crypto::sha256(module);
        assert_eq!(uploaded.output[..32], code_hash);
        let entry = entry.to_owned();
        let payload = Payload::Deploy {
            code_hash: CodeHash(code_hash),
            salt: [1; 32],
            entry,
            input,
            value: 0,
        };
        let deployed = self.alone(payload);
        assert_eq!(deployed.receipt.exit, node::ReceiptExit::Return);
        vm::unstable::frames::contract_address(
            &self.alice.address(),
            &CodeHash(code_hash),
            &[1; 32],
        )
    }
}

pub(crate) fn call(contract: Address, entry: &str, input: Vec<u8>) -> Payload {
    Payload::Call {
        contract,
        entry: entry.to_owned(),
        input,
        value: 0,
    }
}
