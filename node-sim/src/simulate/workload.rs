//! Makes blocks of real transactions from a seed: transfers, uploads, deploys, calls, and failures.
//!
//! Block 1 uploads the samples, block 2 deploys them, later blocks use them. What is drawn depends
//! on the seed and on the nonces of executor 0 alone.

use super::Plan;
use super::calls::{self, MARKET, Settlement};
use super::random::Random;
use super::samples::{ACCEPTED, COUNTER, ORDERBOOK, PROBE, REFUSED, STORE, Sample, TOKEN};
use crate::block::Block;
use crate::digest::length;
use crate::genesis::Genesis;
use crate::key::SecretKey;
use crate::limits::{Limits, SIMULATED_TRANSACTIONS_MAX};
use crate::node::Node;
use crate::transaction::{Payload, Signed, Transaction, intrinsic_gas};
use contract_types::orderbook::Snapshot;
use contract_types::{Invocation, counter, orderbook, store, token};
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::frames::contract_address;
use vm::{Fault, Rules};

/// Milliseconds since 1970 of the genesis.
const GENESIS_TIME_MS: u64 = 1_700_000_000_000;
/// Milliseconds between two blocks.
const BLOCK_TIME_MS: u64 = 1_000;
/// First balance of an account.
const BALANCE: u128 = 1_000_000_000_000_000_000;
/// First balance of the account that cannot pay for much.
const BALANCE_POOR: u128 = 5_000_000;
/// Gas of a call beyond the intrinsic gas: more than any sample's honest call uses.
pub const GAS_CALL: u64 = 60_000_000;
/// Gas of a call that may run out of it.
const GAS_SCARCE: u64 = 4_000_000;
/// First supply of the token.
const TOKEN_SUPPLY: u128 = 1_000_000;
/// Accounts of a chain; schemes alternate.
const ACCOUNTS: u64 = 6;

/// The source of a simulated chain's blocks.
pub struct Workload {
    random: Random,
    rules: Arc<Rules>,
    genesis: Genesis,
    chain_id: [u8; 32],
    transactions: u32,
    accounts: Vec<SecretKey>,
    addresses: Vec<[u8; 32]>,
    poor: SecretKey,
    signers: [SecretKey; 3],
    stranger: SecretKey,
}

/// A block while it is filled: the next nonce of each account, and what is signed.
struct Draft {
    nonces: BTreeMap<[u8; 32], u64>,
    height: u64,
    transactions: Vec<Signed>,
}

/// How a transaction is made to fail before it runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mistake {
    None,
    /// A nonce that is not the next.
    Nonce,
}

impl Workload {
    /// The workload of a plan: its seed makes keys, balances and chain id.
    ///
    /// # Errors
    /// [`Fault`] if the genesis is refused, which would be a bug.
    pub fn new(plan: &Plan, rules: &Arc<Rules>) -> Result<Self, Fault> {
        let mut random = Random::new(plan.seed);
        let accounts: Vec<SecretKey> = (0..ACCOUNTS)
            .map(|number| match number.checked_rem(2) {
                Some(0) => SecretKey::secp256k1(&random.bytes()),
                _ => SecretKey::ed25519(&random.bytes()),
            })
            .collect();
        let addresses: Vec<[u8; 32]> = accounts.iter().map(SecretKey::address).collect();
        let poor = SecretKey::ed25519(&random.bytes());
        let signers = [
            SecretKey::secp256k1(&random.bytes()),
            SecretKey::ed25519(&random.bytes()),
            SecretKey::secp256k1(&random.bytes()),
        ];
        let stranger = SecretKey::secp256k1(&random.bytes());
        let balances = addresses.iter().map(|address| (*address, BALANCE));
        let balances = balances.chain([(poor.address(), BALANCE_POOR)]).collect();
        let name = format!("lockstep-sim-{}", plan.seed);
        let genesis = Genesis::new(&name, GENESIS_TIME_MS, *rules.id(), Limits::v1(), &balances)
            .map_err(|reason| Fault::invariant(format!("simulated genesis: {reason}")))?;
        let chain_id = genesis.chain_id();
        let transactions = plan.transactions.min(SIMULATED_TRANSACTIONS_MAX);
        let rules = Arc::clone(rules);
        Ok(Self {
            random,
            rules,
            genesis,
            chain_id,
            transactions,
            accounts,
            addresses,
            poor,
            signers,
            stranger,
        })
    }

    /// The chain's genesis.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The next block on the tip of `node`.
    ///
    /// # Errors
    /// [`Fault`] if the node's store fails.
    pub fn next_block(&mut self, node: &Node) -> Result<Block, Fault> {
        let height = node.tip().height.saturating_add(1);
        let mut nonces = BTreeMap::new();
        for key in self.accounts.iter().chain([&self.poor]) {
            nonces.insert(key.address(), node.account(&key.address())?.nonce);
        }
        let mut draft = Draft {
            nonces,
            height,
            transactions: Vec::new(),
        };
        match height {
            1 => self.uploads(&mut draft),
            2 => self.deploys(&mut draft),
            _ => (0..self.transactions).for_each(|_| self.draw(&mut draft)),
        }
        // The proposer is often one of the signers: its fees must come after its transactions.
        let proposer = match self.random.below(2) {
            0 => self
                .random
                .pick(&self.addresses)
                .copied()
                .unwrap_or_default(),
            _ => [0xee; 32],
        };
        let time_ms = node.tip().time_ms.saturating_add(BLOCK_TIME_MS);
        Ok(node.propose(draft.transactions, time_ms, proposer))
    }

    /// Address of a sample's contract.
    #[must_use]
    pub fn contract(&self, sample: &Sample) -> [u8; 32] {
        let creator = self.addresses.first().copied().unwrap_or_default();
        contract_address(&creator, &sample.code_hash(), &[0; 32])
    }

    fn uploads(&mut self, draft: &mut Draft) {
        let truncated = COUNTER
            .bytes
            .split_last()
            .map_or(&[][..], |(_, start)| start);
        let refused = [REFUSED.bytes, truncated, &[]];
        let modules = ACCEPTED.iter().map(|sample| sample.bytes).chain(refused);
        for (number, bytes) in (0..ACCOUNTS).cycle().zip(modules) {
            let payload = Payload::Upload(bytes.to_vec());
            self.add(draft, self.account(number), payload, (0, Mistake::None));
        }
        self.transfer(draft);
    }

    fn deploys(&mut self, draft: &mut Draft) {
        let signers = self.signers.each_ref().map(calls::signer);
        let deployments = [
            (TOKEN, token::init(TOKEN_SUPPLY)),
            (ORDERBOOK, orderbook::init(MARKET, signers)),
            (STORE, store::count()),
            (
                PROBE,
                Invocation {
                    entry: "init",
                    input: Vec::new(),
                },
            ),
            // Not 0, so that a later increment by the greatest number overflows.
            (COUNTER, counter::increment(1)),
            // Taken, refused by its entry, and not there.
            (COUNTER, counter::increment(1)),
            (
                PROBE,
                Invocation {
                    entry: "absent",
                    input: Vec::new(),
                },
            ),
            (
                REFUSED,
                Invocation {
                    entry: "init",
                    input: Vec::new(),
                },
            ),
        ];
        for (sample, Invocation { entry, input }) in deployments {
            let (code_hash, entry) = (sample.code_hash(), entry.to_owned());
            let payload = Payload::Deploy {
                code_hash,
                salt: [0; 32],
                entry,
                input,
                value: 0,
            };
            self.add(draft, self.account(0), payload, (GAS_CALL, Mistake::None));
        }
    }

    fn draw(&mut self, draft: &mut Draft) {
        match self.random.below(100) {
            0..12 => self.transfer(draft),
            12..28 => {
                let call = calls::counter(&mut self.random);
                self.call(draft, &COUNTER, call);
            }
            28..46 => {
                let call = calls::token(&mut self.random, &self.addresses);
                self.call(draft, &TOKEN, call);
            }
            46..60 => {
                let call = calls::orderbook(&mut self.random, &self.addresses);
                self.call(draft, &ORDERBOOK, call);
            }
            60..68 => {
                let call = self.settlement(draft);
                self.call(draft, &ORDERBOOK, call);
            }
            68..78 => {
                let call = calls::store(&mut self.random);
                self.call(draft, &STORE, call);
            }
            78..92 => {
                let call = calls::probe(&mut self.random);
                self.call(draft, &PROBE, call);
            }
            92..94 => self.deploy_again(draft),
            94..96 => self.upload_again(draft),
            96..98 => {
                let payload = Payload::Transfer {
                    to: [0x77; 32],
                    amount: 1,
                };
                let account = self.draw_account();
                self.add(draft, account, payload, (0, Mistake::Nonce));
            }
            _ => {
                // More than there is: skipped; and small transfers until there is nothing left.
                let amount = BALANCE_POOR.saturating_sub(u128::from(self.random.below(8_000_000)));
                let payload = Payload::Transfer {
                    to: [0x78; 32],
                    amount,
                };
                self.add(draft, self.poor.clone(), payload, (0, Mistake::None));
            }
        }
    }

    fn transfer(&mut self, draft: &mut Draft) {
        let to = match self.random.below(5) {
            0 => self.random.bytes(),
            1 => self.contract(&COUNTER),
            2 => self.poor.address(),
            _ => self
                .random
                .pick(&self.addresses)
                .copied()
                .unwrap_or_default(),
        };
        let amount = u128::from(self.random.below(1_000_000));
        let account = self.draw_account();
        self.add(
            draft,
            account,
            Payload::Transfer { to, amount },
            (0, Mistake::None),
        );
    }

    fn settlement(&mut self, draft: &Draft) -> Invocation {
        let settlement = Settlement {
            chain_id: &self.chain_id,
            book: self.contract(&ORDERBOOK),
            snapshot: Snapshot {
                market: MARKET,
                // Grows with each block; the second of one block is stale.
                sequence: draft.height,
                price: 1,
                height_max: draft.height.saturating_add(1),
            },
        };
        calls::settle(&mut self.random, settlement, &self.signers, &self.stranger)
    }

    fn call(&mut self, draft: &mut Draft, sample: &Sample, invocation: Invocation) {
        let Invocation { entry, input } = invocation;
        let contract = self.contract(sample);
        let value = u128::from(self.random.below(3));
        let gas = match (self.random.below(8), entry) {
            (_, "spin" | "recurse") | (0, _) => self.random.below(GAS_SCARCE),
            _ => GAS_CALL,
        };
        let payload = Payload::Call {
            contract,
            entry: entry.to_owned(),
            input,
            value,
        };
        let account = self.draw_account();
        self.add(draft, account, payload, (gas, Mistake::None));
    }

    fn deploy_again(&mut self, draft: &mut Draft) {
        let Invocation { entry, input } = counter::increment(self.random.below(100));
        let payload = Payload::Deploy {
            code_hash: COUNTER.code_hash(),
            salt: self.random.bytes(),
            entry: entry.to_owned(),
            input,
            value: u128::from(self.random.below(100)),
        };
        let account = self.draw_account();
        self.add(draft, account, payload, (GAS_CALL, Mistake::None));
    }

    fn upload_again(&mut self, draft: &mut Draft) {
        let bytes = match self.random.below(3) {
            0 => REFUSED.bytes.to_vec(),
            1 => COUNTER.bytes.to_vec(),
            // New code each time: an empty custom section named by the draw.
            _ => {
                let name = self.random.bytes();
                [PROBE.bytes, &[0, 33, 32], &name.map(|byte| byte & 0x7f)].concat()
            }
        };
        let account = self.draw_account();
        self.add(draft, account, Payload::Upload(bytes), (0, Mistake::None));
    }

    /// An account by number; there is always one.
    fn account(&self, number: u64) -> SecretKey {
        let place = usize::try_from(number)
            .ok()
            .and_then(|place| self.accounts.get(place));
        place.unwrap_or(&self.stranger).clone()
    }

    fn draw_account(&mut self) -> SecretKey {
        let number = self.random.below(ACCOUNTS);
        self.account(number)
    }

    fn add(
        &mut self,
        draft: &mut Draft,
        key: SecretKey,
        payload: Payload,
        (gas, mistake): (u64, Mistake),
    ) {
        let next = draft
            .nonces
            .get(&key.address())
            .copied()
            .unwrap_or_default();
        let nonce = match mistake {
            Mistake::None => next,
            Mistake::Nonce => next.saturating_add(self.random.below(5)).saturating_add(1),
        };
        let mut transaction = Transaction {
            chain_id: self.chain_id,
            signer: key.public(),
            nonce,
            gas_limit: 0,
            gas_price: self.random.below(3),
            payload,
        };
        // The encoding has one length, whatever the gas limit is.
        let bytes = length(&key.sign(transaction.clone()).encode());
        let intrinsic = intrinsic_gas(&transaction, bytes, &self.rules.schedule);
        transaction.gas_limit = intrinsic.unwrap_or_default().saturating_add(gas);
        // The poor account's cannot be counted here: its transactions may be skipped.
        let counts = mistake == Mistake::None && key.address() != self.poor.address();
        if counts {
            draft.nonces.insert(key.address(), next.saturating_add(1));
        }
        draft.transactions.push(key.sign(transaction));
    }
}
