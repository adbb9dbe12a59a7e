//! Generates blocks of transactions from a seed: transfers, uploads, deploys, calls, and failures.
//!
//! Block 1 uploads the samples, block 2 deploys them, block 3 distributes the tokens and fills the
//! pool, later blocks use them all. From block 4 on there are probes too, until each was there.
//! Blocks 41 to 260 are nearly empty, so that a short run has a full window of block hashes. The
//! draws depend only on the seed and on the nonces of executor 0.

/// Edges of balance, nonce and gas limit.
mod edges;

use super::Plan;
use super::SIMULATED_TRANSACTIONS_MAX;
use super::calls::{self, MARKET, Settlement};
use super::commerce::{self, NAME_PERIOD, NAME_PRICE, OWNERS, THRESHOLD};
use super::drawn_call::{AddressBook, DrawInputs, DrawnCall, IssuedIds};
use super::hostile::{self, DELAY};
use super::probes::{self, DRIVER_VARIANT, DRIVERS, Probe, Site};
use super::random::Random;
use super::samples::{
    ACCEPTED, AMM, BARE, COUNTER, DRIVER, ESCROW, HOSTILE, MULTISIG, NAMES, NFT, OPERATORS,
    ORDERBOOK, POLL, PROBE, REFUSED, STARTER, STORE, Sample, TOKEN, UPGRADEABLE, VAULT, variant,
};
use crate::versions::Versions;
use contract_types::orderbook::Snapshot;
use contract_types::{
    Address, Invocation, amm, counter, escrow, hostile as misbehaviour, multisig, names, nft,
    orderbook, store, token, upgradeable,
};
use node::digest::length;
use node::limits::Limits;
use node::{Block, Genesis, Node, Payload, SecretKey, Signed, Transaction, intrinsic_gas};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use vm::{Fault, Rules};

/// Time of the genesis, in milliseconds since 1970.
const GENESIS_TIME_MS: u64 = 1_700_000_000_000;
/// Milliseconds between two blocks.
const BLOCK_TIME_MS: u64 = 1_000;
/// Initial balance of an account.
const BALANCE: u128 = 1_000_000_000_000_000_000;
/// Initial balance of the account that can pay for little.
const BALANCE_POOR: u128 = 5_000_000;
/// Gas of a call beyond the intrinsic gas: more than any honest call of a sample uses.
pub const GAS_CALL: u64 = 60_000_000;
/// Gas of a call that may run out of gas.
const GAS_SCARCE: u64 = 4_000_000;
/// Initial supply of each token.
const TOKEN_SUPPLY: u128 = 1_000_000_000_000;
/// Amount of each token that each account receives in block 3.
const TOKEN_SHARE: u128 = 10_000_000;
/// Amount of each token that the pool receives in block 3.
const POOL: u128 = 50_000_000;
/// Number of accounts of a chain; signature schemes alternate.
const ACCOUNTS: u64 = 6;
/// Number of probes after which a block has no more.
const PROBES: usize = 8;
/// Height of the block with transactions at the edges of balance and gas limit.
const EDGES: u64 = 5;
/// Heights of blocks with few drawn transactions.
const QUIET: RangeInclusive<u64> = 41..=260;
/// Number of quiet blocks for one drawn transaction.
const QUIET_BLOCKS: u64 = 8;
/// Heights at which the window of block hashes is full for the first times.
const WINDOWS: RangeInclusive<u64> = 257..=259;

/// Generates the blocks of a simulated chain.
pub struct Workload {
    random: Random,
    rules: Arc<Rules>,
    genesis: Genesis,
    chain_id: [u8; 32],
    transactions: u32,
    accounts: Vec<SecretKey>,
    addresses: AddressBook,
    issued: IssuedIds,
    poor: SecretKey,
    /// Accounts whose balance is used up exactly, and nearly.
    edges: [SecretKey; 2],
    /// Probes of the blocks from 4 on.
    probes: Vec<Vec<Probe>>,
    signers: [SecretKey; 3],
    outsider: SecretKey,
}

/// A block under construction: the next nonce of each account, and the signed transactions.
struct BlockDraft {
    nonces: BTreeMap<vm::Address, u64>,
    height: u64,
    transactions: Vec<Signed>,
}

/// How a transaction is made to be skipped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Defect {
    None,
    /// A nonce that is not the next one.
    Nonce,
}

/// Probes in groups of a block each; joined ones are together.
fn grouped(probes: Vec<Probe>) -> Vec<Vec<Probe>> {
    let mut groups = vec![Vec::new()];
    for probe in probes {
        let joined = probe.joined;
        let Some(last) = groups.last_mut() else {
            break;
        };
        last.push(probe);
        if last.len() >= PROBES && !joined {
            groups.push(Vec::new());
        }
    }
    groups
}

impl Workload {
    /// The workload of a plan: its seed determines keys, balances and chain id.
    ///
    /// # Errors
    /// [`Fault`] if the genesis is invalid, which is a bug.
    pub fn new(plan: &Plan, rules: &Arc<Rules>) -> Result<Self, Fault> {
        let mut random = Random::new(plan.seed);
        let accounts: Vec<SecretKey> = (0..ACCOUNTS)
            .map(|number| match number.checked_rem(2) {
                Some(0) => SecretKey::secp256k1(&random.bytes()),
                _ => SecretKey::ed25519(&random.bytes()),
            })
            .collect();
        let addresses: Vec<vm::Address> = accounts.iter().map(SecretKey::address).collect();
        let poor = SecretKey::ed25519(&random.bytes());
        let signers = [
            SecretKey::secp256k1(&random.bytes()),
            SecretKey::ed25519(&random.bytes()),
            SecretKey::secp256k1(&random.bytes()),
        ];
        let outsider = SecretKey::secp256k1(&random.bytes());
        let edges = [0, 1].map(|_| SecretKey::ed25519(&random.bytes()));
        let balances = addresses.iter().map(|address| (*address, BALANCE));
        let balances = balances.chain([(poor.address(), BALANCE_POOR)]);
        let edge_balances = edges.iter().map(SecretKey::address).zip(edges::BALANCES);
        let balances = balances.chain(edge_balances).collect();
        let site = Site {
            creator: addresses.first().copied().unwrap_or_default(),
        };
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
            addresses: AddressBook {
                accounts: addresses,
            },
            issued: IssuedIds::default(),
            poor,
            edges,
            probes: grouped(probes::all(&site)),
            signers,
            outsider,
        })
    }

    /// The same workload on a chain of these versions. Called before the first block.
    ///
    /// # Errors
    /// [`Fault`] if the upgrades are not valid.
    pub fn across(mut self, versions: &Versions) -> Result<Self, Fault> {
        self.genesis = versions.genesis(self.genesis)?;
        self.chain_id = self.genesis.chain_id();
        Ok(self)
    }

    /// The chain's genesis.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The next block on the tip of `node`.
    ///
    /// # Errors
    /// [`Fault`] if the node's store fails, or it does not know the rules of the block.
    pub fn next_block(&mut self, node: &Node) -> Result<Block, Fault> {
        let height = node.tip().height.next();
        self.rules = Arc::clone(node.rules_at(height)?);
        let mut nonces = BTreeMap::new();
        for key in self.accounts.iter().chain([&self.poor]) {
            nonces.insert(key.address(), node.account(&key.address())?.nonce);
        }
        let mut draft = BlockDraft {
            nonces,
            height: height.0,
            transactions: Vec::new(),
        };
        match height.0 {
            1 => self.uploads(&mut draft),
            2 => self.deploys(&mut draft),
            3 => self.prepares(&mut draft),
            _ => self.fill(&mut draft),
        }
        // The proposer is often one of the signers, so that the order of fees and transactions
        // matters.
        let proposer = match self.random.below(2) {
            0 => self
                .random
                .pick(&self.addresses.accounts)
                .copied()
                .unwrap_or_default(),
            _ => vm::Address([0xee; 32]),
        };
        let time_ms = node.tip().time_ms.saturating_add(BLOCK_TIME_MS);
        Ok(node.propose(draft.transactions, time_ms, proposer))
    }

    /// Address of a sample's contract.
    #[must_use]
    pub fn contract(&self, sample: &Sample) -> vm::Address {
        self.addresses.contract(sample, 0)
    }

    /// Name of the sample of each contract that block 2 deploys, by address.
    #[must_use]
    pub fn contracts(&self) -> BTreeMap<vm::Address, &'static str> {
        let deployed = self.deployments().into_iter();
        deployed
            .map(|(sample, salt, _)| (self.addresses.contract(&sample, salt), sample.name))
            .collect()
    }

    fn uploads(&mut self, draft: &mut BlockDraft) {
        let truncated = COUNTER
            .bytes
            .split_last()
            .map_or(&[][..], |(_, start)| start);
        let variants = [HOSTILE, UPGRADEABLE]
            .into_iter()
            .flat_map(|sample| hostile::UPLOADED.map(|mark| variant(sample.bytes, mark)))
            .chain([variant(DRIVER.bytes, DRIVER_VARIANT)]);
        let modules: Vec<Vec<u8>> = ACCEPTED
            .iter()
            .map(|sample| sample.bytes.to_vec())
            .chain(variants)
            .chain([REFUSED.bytes.to_vec(), truncated.to_vec(), Vec::new()])
            .collect();
        for (number, bytes) in (0..ACCOUNTS).cycle().zip(modules) {
            let payload = Payload::Upload(bytes);
            self.add(draft, self.account(number), payload, (0, Defect::None));
        }
        self.transfer(draft);
    }

    fn deploys(&mut self, draft: &mut BlockDraft) {
        for (sample, salt, Invocation { entry, input }) in self.deployments() {
            let (code_hash, entry) = (sample.code_hash(), entry.to_owned());
            let payload = Payload::Deploy {
                code_hash,
                salt: [salt; 32],
                entry,
                input,
                value: 0,
            };
            self.add(draft, self.account(0), payload, (GAS_CALL, Defect::None));
        }
    }

    /// All contracts, with salt and initial call; the last three deployments fail.
    fn deployments(&self) -> Vec<(Sample, u8, Invocation)> {
        let signers = self.signers.each_ref().map(calls::signer);
        let owners: Vec<Address> = (0..OWNERS)
            .map(|owner| Address(self.addresses.account(owner).0))
            .collect();
        let tokens = [0, 1].map(|salt| Address(self.addresses.contract(&TOKEN, salt).0));
        let [first, second] = tokens;
        let plain = |entry| Invocation::new(entry, &());
        let drivers = (0..DRIVERS).map(|salt| (DRIVER, salt, plain("run")));
        let others = vec![
            (TOKEN, 0, token::init(TOKEN_SUPPLY)),
            (TOKEN, 1, token::init(TOKEN_SUPPLY)),
            (ORDERBOOK, 0, orderbook::init(MARKET, signers)),
            (STORE, 0, store::count()),
            (PROBE, 0, plain("init")),
            // Not 0, so that a later increment by the maximum overflows.
            (COUNTER, 0, counter::increment(1)),
            (ESCROW, 0, escrow::deal(1)),
            (MULTISIG, 0, multisig::init(&owners, THRESHOLD)),
            (AMM, 0, amm::init(first, second)),
            (NAMES, 0, names::init(u128::from(NAME_PRICE), NAME_PERIOD)),
            (NFT, 0, nft::init()),
            (UPGRADEABLE, 0, upgradeable::init(DELAY)),
            (UPGRADEABLE, 1, upgradeable::init(DELAY)),
            (HOSTILE, 0, misbehaviour::touch()),
            (HOSTILE, 1, misbehaviour::touch()),
            (VAULT, 0, Invocation::new("balance_of", &first)),
            (POLL, 0, Invocation::new("votes", &0_u8)),
            (OPERATORS, 0, plain("init")),
            (STARTER, 0, plain("run")),
            (BARE, 0, plain("init")),
            // The address is taken, the entry is absent, the code is absent.
            (COUNTER, 0, counter::increment(1)),
            (PROBE, 0, plain("absent")),
            (REFUSED, 0, plain("init")),
        ];
        drivers.chain(others).collect()
    }

    /// Transfers both tokens to every account, approves the pool, and fills the pool.
    fn prepares(&mut self, draft: &mut BlockDraft) {
        let pool = self.addresses.contract(&AMM, 0);
        for salt in [0, 1] {
            let token = self.addresses.contract(&TOKEN, salt);
            for (number, account) in (0..ACCOUNTS).zip(self.addresses.accounts.clone()) {
                let share = token::transfer(Address(account.0), TOKEN_SHARE);
                self.add_call(draft, DrawnCall::new(token, share).by(0));
                let approval = token::approve(Address(pool.0), u128::MAX);
                self.add_call(draft, DrawnCall::new(token, approval).by(number));
            }
        }
        let filling = amm::add_liquidity(POOL, POOL, 0);
        self.add_call(draft, DrawnCall::new(pool, filling).by(0));
    }

    /// Adds the probes of a block, then drawn transactions.
    fn fill(&mut self, draft: &mut BlockDraft) {
        let group = draft.height.checked_sub(4);
        let group = group.and_then(|index| usize::try_from(index).ok());
        let probes = group.and_then(|index| self.probes.get(index)).cloned();
        for (number, probe) in (0..ACCOUNTS).cycle().zip(probes.unwrap_or_default()) {
            let number = if probe.is_creators { 0 } else { number };
            let key = self.account(number);
            self.add(draft, key, probe.payload, (probe.gas, Defect::None));
        }
        if draft.height == EDGES {
            self.add_edges(draft);
        }
        if WINDOWS.contains(&draft.height) {
            let creator = self.addresses.account(0);
            let Probe { payload, gas, .. } = probes::window(&Site { creator }, draft.height);
            self.add(draft, self.account(1), payload, (gas, Defect::None));
        }
        let drawn = match draft.height {
            quiet if QUIET.contains(&quiet) => {
                u32::from(quiet.checked_rem(QUIET_BLOCKS) == Some(0)).min(self.transactions)
            }
            _ => self.transactions,
        };
        (0..drawn).for_each(|_| self.draw(draft));
    }

    fn draw(&mut self, draft: &mut BlockDraft) {
        let call = match self.random.below(100) {
            0..8 => return self.transfer(draft),
            8..14 => self.on(&COUNTER, calls::counter),
            14..24 => {
                let salt = u8::from(self.random.below(4) == 0);
                let call = calls::token(&mut self.random, &self.addresses.accounts);
                DrawnCall::new(self.addresses.contract(&TOKEN, salt), call)
            }
            24..33 => {
                let call = calls::orderbook(&mut self.random, &self.addresses.accounts);
                DrawnCall::new(self.contract(&ORDERBOOK), call)
            }
            33..38 => {
                let call = self.settlement(draft);
                DrawnCall::new(self.contract(&ORDERBOOK), call)
            }
            38..44 => self.on(&STORE, calls::store),
            44..52 => self.on(&PROBE, calls::probe),
            52..57 => commerce::escrow(&mut self.draw_inputs(draft)),
            57..64 => commerce::amm(&mut self.draw_inputs(draft)),
            64..70 => commerce::multisig(&mut self.draw_inputs(draft)),
            70..75 => commerce::names(&mut self.draw_inputs(draft)),
            75..80 => commerce::nft(&mut self.draw_inputs(draft)),
            80..83 => commerce::vault_and_poll(&mut self.draw_inputs(draft)),
            83..87 => hostile::upgradeable(&mut self.draw_inputs(draft)),
            87..92 => hostile::hostile(&mut self.draw_inputs(draft)),
            92..94 => return self.deploy_again(draft),
            94..96 => return self.upload_again(draft),
            other => return self.defective(draft, other),
        };
        self.add_call(draft, call);
    }

    fn on(&mut self, sample: &Sample, call: fn(&mut Random) -> Invocation) -> DrawnCall {
        DrawnCall::new(self.contract(sample), call(&mut self.random))
    }

    const fn draw_inputs(&mut self, draft: &BlockDraft) -> DrawInputs<'_> {
        DrawInputs {
            random: &mut self.random,
            addresses: &self.addresses,
            issued: &mut self.issued,
            height: draft.height,
            time_ms: GENESIS_TIME_MS.saturating_add(BLOCK_TIME_MS.saturating_mul(draft.height)),
        }
    }

    /// A transaction that is skipped: a wrong nonce, or more than the balance.
    fn defective(&mut self, draft: &mut BlockDraft, drawn: u64) {
        if drawn < 98 {
            let payload = Payload::Transfer {
                to: vm::Address([0x77; 32]),
                amount: 1,
            };
            let account = self.draw_account();
            return self.add(draft, account, payload, (0, Defect::Nonce));
        }
        // More than the balance, which is skipped, or small transfers until the balance is used up.
        let amount = BALANCE_POOR.saturating_sub(u128::from(self.random.below(8_000_000)));
        let payload = Payload::Transfer {
            to: vm::Address([0x78; 32]),
            amount,
        };
        self.add(draft, self.poor.clone(), payload, (0, Defect::None));
    }

    fn transfer(&mut self, draft: &mut BlockDraft) {
        let to = match self.random.below(5) {
            0 => vm::Address(self.random.bytes()),
            1 => self.contract(&COUNTER),
            2 => self.poor.address(),
            _ => self
                .random
                .pick(&self.addresses.accounts)
                .copied()
                .unwrap_or_default(),
        };
        let amount = u128::from(self.random.below(1_000_000));
        let account = self.draw_account();
        self.add(
            draft,
            account,
            Payload::Transfer { to, amount },
            (0, Defect::None),
        );
    }

    fn settlement(&mut self, draft: &BlockDraft) -> Invocation {
        let settlement = Settlement {
            chain_id: &self.chain_id,
            book: self.contract(&ORDERBOOK),
            snapshot: Snapshot {
                market: MARKET,
                // Increases with each block; the second settlement of one block is stale.
                sequence: draft.height,
                price: 1,
                height_max: draft.height.saturating_add(1),
            },
        };
        calls::settle(&mut self.random, settlement, &self.signers, &self.outsider)
    }

    fn add_call(&mut self, draft: &mut BlockDraft, call: DrawnCall) {
        let DrawnCall {
            contract,
            invocation: Invocation { entry, input },
            value,
            gas,
            account,
        } = call;
        // After block 3, some calls transfer value to entries that refuse it, or have too little
        // gas.
        let (value, gas) = match (draft.height > 3, self.random.below(16), entry) {
            (_, _, "spin" | "recurse") | (true, 0, _) => (value, self.random.below(GAS_SCARCE)),
            (true, 1, _) => (value.saturating_add(1), gas),
            _ => (value, gas),
        };
        let payload = Payload::Call {
            contract,
            entry: entry.to_owned(),
            input,
            value,
        };
        let key = match account {
            Some(number) => self.account(number),
            None => self.draw_account(),
        };
        self.add(draft, key, payload, (gas, Defect::None));
    }

    fn deploy_again(&mut self, draft: &mut BlockDraft) {
        let Invocation { entry, input } = counter::increment(self.random.below(100));
        let payload = Payload::Deploy {
            code_hash: COUNTER.code_hash(),
            salt: self.random.bytes(),
            entry: entry.to_owned(),
            input,
            value: u128::from(self.random.below(100)),
        };
        let account = self.draw_account();
        self.add(draft, account, payload, (GAS_CALL, Defect::None));
    }

    fn upload_again(&mut self, draft: &mut BlockDraft) {
        let bytes = match self.random.below(3) {
            0 => REFUSED.bytes.to_vec(),
            1 => COUNTER.bytes.to_vec(),
            // New code each time: a custom section with a random name.
            _ => {
                let name = self.random.bytes();
                [PROBE.bytes, &[0, 33, 32], &name.map(|byte| byte & 0x7f)].concat()
            }
        };
        let account = self.draw_account();
        self.add(draft, account, Payload::Upload(bytes), (0, Defect::None));
    }

    /// An account by index.
    fn account(&self, number: u64) -> SecretKey {
        let key = usize::try_from(number)
            .ok()
            .and_then(|index| self.accounts.get(index));
        key.unwrap_or(&self.outsider).clone()
    }

    fn draw_account(&mut self) -> SecretKey {
        let number = self.random.below(ACCOUNTS);
        self.account(number)
    }

    fn add(
        &mut self,
        draft: &mut BlockDraft,
        key: SecretKey,
        payload: Payload,
        (gas, defect): (u64, Defect),
    ) {
        let next = draft
            .nonces
            .get(&key.address())
            .copied()
            .unwrap_or_default();
        let nonce = match defect {
            Defect::None => next,
            Defect::Nonce => next.saturating_add(self.random.below(5)).saturating_add(1),
        };
        let mut transaction = Transaction {
            chain_id: self.chain_id,
            signer: key.public(),
            nonce,
            gas_limit: 0,
            gas_price: self.random.below(3),
            payload,
        };
        // The length of the encoding does not depend on the gas limit.
        let bytes = length(&key.sign(transaction.clone()).encode());
        let prices = node::rules::Prices::of(&self.rules);
        let intrinsic = prices.and_then(|prices| intrinsic_gas(&transaction, bytes, &prices));
        transaction.gas_limit = intrinsic.unwrap_or_default().saturating_add(gas);
        // The poor account's nonce cannot be counted here: its transactions may be skipped.
        let counts = defect == Defect::None && key.address() != self.poor.address();
        if counts {
            draft.nonces.insert(key.address(), next.saturating_add(1));
        }
        draft.transactions.push(key.sign(transaction));
    }
}
