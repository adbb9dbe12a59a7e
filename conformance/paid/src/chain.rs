//! Applies blocks of calls of one signer to a node.

use crate::Done;
use crate::programs::{Action, Case, Input, Target};
use node::{
    BlockResult, CachePolicy, Executed, Genesis, Node, Observer, Parts, Payload, ReceiptExit,
    SecretKey, Signed, Store, Transaction, ValidBlock,
};
use std::collections::BTreeMap;
use vm::unstable::frames::contract_address;
use vm::{Address, CodeHash, Engine};

/// Balance of the signer, in the chain's smallest unit.
const BALANCE: u128 = 1 << 100;
/// Value of each contract, for cases that transfer.
const ENDOWMENT: u128 = 1 << 40;
/// Gas limit of a transaction that only has to succeed.
const PLENTY: u64 = 4_900_000_000;

/// A node with the contracts of one case.
pub struct CaseChain {
    node: Node,
    key: SecretKey,
    nonce: u64,
    contracts: Vec<Contract>,
}

/// A deployed module.
#[derive(Clone, Copy)]
struct Contract {
    address: Address,
    code_hash: CodeHash,
}

impl CaseChain {
    /// A chain on `store`, which may have blocks of the same case already.
    ///
    /// # Errors
    /// A fault of the node.
    pub fn open(
        engine: Box<dyn Engine>,
        cache: CachePolicy,
        store: Box<dyn Store>,
        case: &Case,
    ) -> Done<Self> {
        let key = SecretKey::ed25519(b"paid");
        let accounts = BTreeMap::from([(key.address(), BALANCE)]);
        let rules = node::rules::version_1();
        let limits = node::limits::Limits::v1();
        let genesis = Genesis::new("paid", 0, *rules.id(), limits, &accounts)?;
        let rules = node::rules::rulebook();
        let parts = Parts {
            engine,
            rules,
            cache,
        };
        let node = Node::open(parts, genesis, store)?;
        let nonce = node.account(&key.address())?.nonce;
        let contract = |(salt, module): (u8, &Vec<u8>)| {
            let code_hash = CodeHash(node::digest::sha256(&[module]));
            let address = contract_address(&key.address(), &code_hash, &[salt; 32]);
            Contract { address, code_hash }
        };
        let contracts = (0_u8..).zip(&case.modules).map(contract).collect();
        Ok(Self {
            node,
            key,
            nonce,
            contracts,
        })
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// Drops everything but the store, and returns that.
    #[must_use]
    pub fn into_store(self) -> Box<dyn Store> {
        self.node.into_store()
    }

    /// Uploads and deploys the modules of the case, and applies its first blocks.
    ///
    /// # Errors
    /// As [`CaseChain::apply`], and if a transaction fails.
    pub fn prepare(&mut self, case: &Case) -> Done<()> {
        for (number, module) in case.modules.iter().enumerate() {
            let payload = Payload::Upload(module.clone());
            let upload = self.sign(payload, PLENTY);
            self.succeed(vec![upload])?;
            let Contract { code_hash, .. } = self.contract(number)?;
            let salt = [u8::try_from(number)?; 32];
            let deploy = Payload::Deploy {
                code_hash,
                salt,
                entry: "init".to_owned(),
                input: Vec::new(),
                value: ENDOWMENT,
            };
            let deploy = self.sign(deploy, PLENTY);
            self.succeed(vec![deploy])?;
        }
        for block in &case.before {
            let transactions = self.transactions(block)?;
            self.succeed(transactions)?;
        }
        Ok(())
    }

    /// Validates the next block of these actions.
    ///
    /// # Errors
    /// If the block is not valid.
    pub fn block(&mut self, actions: &[Action]) -> Done<ValidBlock> {
        let transactions = self.transactions(actions)?;
        self.validated(transactions)
    }

    /// Applies a block of [`CaseChain::block`].
    ///
    /// # Errors
    /// A fault of the node.
    pub fn apply(&mut self, block: &ValidBlock, observer: &mut dyn Observer) -> Done<BlockResult> {
        Ok(self.node.apply(block, observer)?)
    }

    fn validated(&self, transactions: Vec<Signed>) -> Done<ValidBlock> {
        let time = self.node.tip().time_ms.saturating_add(1);
        let block = self.node.propose(transactions, time, Address([9; 32]));
        Ok(self.node.validate(block)?)
    }

    fn succeed(&mut self, transactions: Vec<Signed>) -> Done<()> {
        let block = self.validated(transactions)?;
        let mut exits = Exits::default();
        self.node.apply(&block, &mut exits)?;
        match exits.0.iter().find(|exit| **exit != ReceiptExit::Return) {
            None => Ok(()),
            Some(exit) => Err(format!("a transaction before the case ended with {exit:?}").into()),
        }
    }

    fn transactions(&mut self, actions: &[Action]) -> Done<Vec<Signed>> {
        let payload = |action: &Action| -> Done<(Payload, u64)> {
            Ok(match action {
                Action::Call {
                    contract,
                    entry,
                    input,
                    gas,
                } => {
                    let call = Payload::Call {
                        contract: self.contract(*contract)?.address,
                        entry: (*entry).to_owned(),
                        input: self.input(input)?,
                        value: 0,
                    };
                    (call, *gas)
                }
                Action::Transfer(number) => {
                    let to = Address(node::digest::sha256(&[&number.to_le_bytes()]));
                    (Payload::Transfer { to, amount: 1 }, 2_000_000)
                }
            })
        };
        let payloads = actions.iter().map(payload).collect::<Done<Vec<_>>>()?;
        let signed = payloads.into_iter();
        Ok(signed
            .map(|(payload, gas)| self.sign(payload, gas))
            .collect())
    }

    fn contract(&self, number: usize) -> Done<Contract> {
        let contract = self.contracts.get(number).copied();
        contract.ok_or_else(|| "a case names a contract that it does not have".into())
    }

    fn input(&self, input: &Input) -> Done<Vec<u8>> {
        let target = match input.target {
            Target::None => [0; 32],
            Target::Absent => [0xab; 32],
            Target::Contract(number) => self.contract(number)?.address.0,
            Target::Code(number) => self.contract(number)?.code_hash.0,
        };
        let numbers = [input.count, input.bytes, input.first];
        let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
        Ok(target.into_iter().chain(numbers).collect())
    }

    fn sign(&mut self, payload: Payload, gas_limit: u64) -> Signed {
        let nonce = self.nonce;
        self.nonce = nonce.saturating_add(1);
        self.key.sign(Transaction {
            chain_id: *self.node.chain_id(),
            signer: self.key.public(),
            nonce,
            gas_limit,
            gas_price: 0,
            payload,
        })
    }
}

#[derive(Default)]
struct Exits(Vec<ReceiptExit>);

impl Observer for Exits {
    fn transaction(&mut self, _: u32, executed: &Executed, _: Option<[u8; 32]>) {
        self.0.push(executed.receipt.exit);
    }
}
