//! Signs token transfers of many accounts, for measurements of a whole node.

use crate::Measured;
use contract_types::token;
use node::limits::Limits;
use node::{
    CachePolicy, Genesis, Parts, Payload, Receipt, ReceiptExit, SecretKey, Signed, Transaction,
};
use node_sim::simulate::samples::TOKEN;
use std::collections::BTreeMap;
use vm::{Address, Interpreter};

/// Gas limit of each transfer.
const GAS_LIMIT: u64 = 5_000_000;
/// Gas limit of the upload and the deployment.
const GAS_LIMIT_SETUP: u64 = 4_000_000_000;
const BALANCE: u128 = 1_000_000_000_000_000_000;
const TOKENS: u128 = 1_000_000;
/// Account that receives the fees.
pub const PROPOSER: Address = Address([0xee; 32]);

/// Accounts that have tokens. Half of them sign with Ed25519, half with secp256k1.
#[derive(Clone, Debug)]
pub struct TokenAccounts {
    keys: Vec<SecretKey>,
    nonces: Vec<u64>,
    token: Address,
    genesis: Genesis,
    chain_id: [u8; 32],
}

/// The parts of a measured node.
#[must_use]
pub fn parts() -> Parts {
    Parts {
        engine: Box::new(Interpreter::new()),
        rules: node::rules::rulebook(),
        cache: CachePolicy::Warm,
    }
}

/// Checks that every transaction returned.
///
/// # Errors
/// If one did not.
pub fn check_receipts(receipts: &[Receipt]) -> Measured<()> {
    let failed = receipts
        .iter()
        .find(|receipt| receipt.exit != ReceiptExit::Return);
    match failed {
        Some(receipt) => Err(format!("a transfer failed: {receipt:?}").into()),
        None => Ok(()),
    }
}

impl TokenAccounts {
    /// Accounts of a chain without a limit of gas.
    ///
    /// # Errors
    /// If there is none.
    pub fn new(accounts: u64) -> Measured<Self> {
        let keys: Vec<SecretKey> = (0..accounts)
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
        let rules = node::rules::version_1();
        let genesis = Genesis::new("transfers", 0, *rules.id(), limits, &balances)?;
        let first = keys.first().ok_or("at least one account")?;
        let token =
            vm::unstable::frames::contract_address(&first.address(), &TOKEN.code_hash(), &[0; 32]);
        Ok(Self {
            nonces: vec![0; keys.len()],
            keys,
            token,
            chain_id: genesis.chain_id(),
            genesis,
        })
    }

    /// The genesis of the chain.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The transactions of three blocks: upload, deployment, tokens for every account.
    ///
    /// # Errors
    /// None with at least one account.
    pub fn setup(&mut self) -> Measured<[Vec<Signed>; 3]> {
        let init = token::init(TOKENS.saturating_mul(TOKENS));
        let upload = self.sign(0, GAS_LIMIT_SETUP, Payload::Upload(TOKEN.bytes.to_vec()))?;
        let deploy = Payload::Deploy {
            code_hash: TOKEN.code_hash(),
            salt: [0; 32],
            entry: init.entry.to_owned(),
            input: init.input,
            value: 0,
        };
        let deploy = self.sign(0, GAS_LIMIT_SETUP, deploy)?;
        let receivers: Vec<Address> = self.keys.iter().map(SecretKey::address).collect();
        let transfers = receivers
            .iter()
            .map(|to| self.transfer(0, to, TOKENS))
            .collect::<Measured<_>>()?;
        Ok([vec![upload], vec![deploy], transfers])
    }

    /// The transactions of a block in which every account sends one token to another.
    ///
    /// # Errors
    /// As [`TokenAccounts::setup`].
    pub fn transfers(&mut self, number: u64) -> Measured<Vec<Signed>> {
        let count = self.keys.len();
        let distance = usize::try_from(number)?.saturating_add(1);
        (0..count)
            .map(|from| {
                let to = from.saturating_add(distance).checked_rem(count);
                let to = to
                    .and_then(|to| self.keys.get(to))
                    .ok_or("no such account")?;
                let to = to.address();
                self.transfer(from, &to, 1)
            })
            .collect()
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
        let key = self.keys.get(from).ok_or("no such account")?;
        let nonce = self.nonces.get_mut(from).ok_or("no such account")?;
        let transaction = Transaction {
            chain_id: self.chain_id,
            signer: key.public(),
            nonce: *nonce,
            gas_limit,
            gas_price: 1,
            payload,
        };
        *nonce = nonce.saturating_add(1);
        Ok(key.sign(transaction))
    }
}
