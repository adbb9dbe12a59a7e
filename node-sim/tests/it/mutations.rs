//! Changes one field of an archive or of a case, and then makes the hashes around it right again.

use crate::small_chain::{SmallChain, signer};
use node::archive::{ArchivedBlock, MAGIC};
use node::digest::{encode, sha256};
use node::limits::Limits;
use node::{Payload, PublicKey, ReceiptExit, SecretKey, transactions_root};
use node_sim::case::{self, Case, Outcome};
use vm::{Address, CodeHash, Height};

/// A stream of numbers from a seed (SplitMix64).
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound.max(1) as u64) as usize
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.number() as u8)
    }

    /// A number at which arithmetic goes wrong, or any.
    pub(crate) fn extreme(&mut self) -> u64 {
        let any = self.number();
        [0, 1, u64::MAX, u64::MAX - 1, 1 << 63, any][self.below(6)]
    }

    fn amount(&mut self) -> u128 {
        let any = u128::from(self.number());
        [0, 1, u128::MAX, u128::MAX / 2 + 1, any][self.below(5)]
    }
}

/// One record of a file, with the right length and hash.
pub(crate) fn record(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_le_bytes();
    [&length[..], &sha256(&[payload]), payload].concat()
}

/// A file of this payload as a case.
pub(crate) fn case_file(payload: &[u8]) -> Vec<u8> {
    [case::MAGIC.as_slice(), &record(payload)].concat()
}

/// An archive of a document, which may be no genesis, and of blocks.
pub(crate) fn archive_file(document: &[u8], blocks: &[ArchivedBlock]) -> Vec<u8> {
    let mut file = [MAGIC.as_slice(), &record(document)].concat();
    for block in blocks {
        file.extend(record(&encode(block)));
    }
    file
}

/// A mutated archive: first one field, then what follows from it, as far as is drawn.
pub(crate) fn archive(chain: &SmallChain, draws: &mut Draws) -> Vec<u8> {
    let mut document = chain.genesis.document();
    let mut blocks = chain.blocks.clone();
    match draws.below(5) {
        0 => document = genesis(chain, draws),
        1 => structure(&mut blocks, draws),
        2 => header(&mut blocks, draws),
        3 => transaction(&mut blocks, draws),
        _ => results(&mut blocks, draws),
    }
    let depth = draws.below(3);
    if depth > 0 {
        relink(&document, &mut blocks, depth > 1);
    }
    archive_file(&document, &blocks)
}

/// Makes hashes right from the genesis on: chain ids, transactions roots, parents and results; with
/// `signs` also the signatures and the ids in the receipts.
fn relink(document: &[u8], blocks: &mut [ArchivedBlock], signs: bool) {
    let chain_id = sha256(&[document]);
    let (mut parent, mut result) = (chain_id, None);
    for archived in blocks {
        let block = &mut archived.block;
        for (index, signed) in block.transactions.iter_mut().enumerate().filter(|_| signs) {
            let key = signer(signed);
            signed.transaction.chain_id = chain_id;
            signed.transaction.signer = key.public();
            *signed = key.sign(signed.transaction.clone());
            if let Some(entry) = archived.entries.get_mut(index) {
                entry.receipt.tx_id = signed.transaction.id();
            }
        }
        let header = &mut block.header;
        header.chain_id = chain_id;
        header.parent = parent;
        header.transactions_root = transactions_root(&block.transactions);
        header.parent_result = result.unwrap_or(header.parent_result);
        (parent, result) = (header.hash(), Some(archived.result));
    }
}

/// A genesis document that the constructor of a genesis may not make.
fn genesis(chain: &SmallChain, draws: &mut Draws) -> Vec<u8> {
    let mut format = "lockstep/genesis/1".to_owned();
    let (mut name, mut time_ms, mut limits) = ("small".to_owned(), 1_000_u64, Limits::v1());
    let mut rules_id = *chain.genesis.rules_id();
    let keys = [SecretKey::secp256k1(b"alice"), SecretKey::ed25519(b"bob")];
    let mut accounts: Vec<(Address, u128)> = keys
        .iter()
        .map(|key| (key.address(), 1_000_000_000_000))
        .collect();
    accounts.sort();
    match draws.below(14) {
        0 => format.push('2'),
        1 => format = "x".repeat(1_000),
        2 => name = "n".repeat(65 + draws.below(100_000)),
        3 => name = "\x1b[31m\u{202e}\u{9b}".to_owned(),
        4 => time_ms = draws.extreme(),
        5 => rules_id = draws.bytes(),
        6 => limits.transaction_bytes = draws.extreme() as u32,
        7 => limits.block_bytes = draws.extreme() as u32,
        8 => limits.transaction_gas = draws.extreme(),
        9 => limits.block_gas = draws.extreme(),
        10 => accounts.reverse(),
        11 => accounts.push(accounts[0]),
        12 => accounts[draws.below(2)].1 = draws.amount(),
        _ => accounts
            .iter_mut()
            .for_each(|account| account.1 = u128::MAX),
    }
    encode(&(format, name, time_ms, rules_id, limits, accounts))
}

fn structure(blocks: &mut Vec<ArchivedBlock>, draws: &mut Draws) {
    let (one, other) = (draws.below(blocks.len()), draws.below(blocks.len()));
    match draws.below(6) {
        0 => drop(blocks.remove(one)),
        1 => blocks.insert(one, blocks[other].clone()),
        2 => blocks.swap(one, other),
        3 => blocks.truncate(one),
        4 => blocks[one].block.transactions.clear(),
        _ => blocks[one].entries = blocks[other].entries.clone(),
    }
}

fn header(blocks: &mut [ArchivedBlock], draws: &mut Draws) {
    let at = draws.below(blocks.len());
    let header = &mut blocks[at].block.header;
    match draws.below(10) {
        0 => header.parent = draws.bytes(),
        1 => header.height = Height(draws.extreme()),
        2 => header.time_ms = draws.extreme(),
        3 => header.chain_id = draws.bytes(),
        4 => header.proposer = Address(draws.bytes()),
        5 => header.transactions_root = draws.bytes(),
        6 => header.rules_id = draws.bytes(),
        7 => header.parent_result.state_root = draws.bytes(),
        8 => header.parent_result.receipts_root = draws.bytes(),
        _ => header.parent_result.gas_used = draws.extreme(),
    }
}

fn transaction(blocks: &mut [ArchivedBlock], draws: &mut Draws) {
    let at = draws.below(3);
    let transactions = &mut blocks[at].block.transactions;
    let index = draws.below(transactions.len());
    if draws.below(8) == 0 {
        let again = transactions[index].clone();
        transactions.push(again);
        return;
    }
    let signed = &mut transactions[index];
    let transaction = &mut signed.transaction;
    let contract = Address(draws.bytes());
    match draws.below(12) {
        0 => transaction.nonce = draws.extreme(),
        1 => transaction.gas_limit = draws.extreme(),
        2 => transaction.gas_price = draws.extreme(),
        3 => transaction.chain_id = draws.bytes(),
        4 => transaction.signer = PublicKey::Ed25519(draws.bytes()),
        5 => signed.signature = core::array::from_fn(|_| draws.number() as u8),
        6 => transaction.payload = Payload::Upload(draws.bytes::<40>().to_vec()),
        7 => {
            let (to, amount) = (contract, draws.amount());
            transaction.payload = Payload::Transfer { to, amount };
        }
        8 => {
            transaction.payload = Payload::Deploy {
                code_hash: CodeHash(draws.bytes()),
                salt: draws.bytes(),
                entry: "run".to_owned(),
                input: Vec::new(),
                value: draws.amount(),
            };
        }
        9 => {
            transaction.payload = Payload::Call {
                contract,
                entry: "e".repeat(draws.below(70)),
                input: vec![0; draws.below(70_000)],
                value: 0,
            };
        }
        10 => transaction.gas_limit += 1,
        _ => transaction.gas_limit = transaction.gas_limit.saturating_sub(draws.number() >> 40),
    }
}

fn results(blocks: &mut [ArchivedBlock], draws: &mut Draws) {
    let at = draws.below(3);
    let archived = &mut blocks[at];
    let index = draws.below(archived.entries.len());
    let entry = &mut archived.entries[index];
    match draws.below(12) {
        0 => entry.receipt.exit = ReceiptExit::ALL[draws.below(6)],
        1 => entry.receipt.code = draws.number() as u16,
        2 => entry.receipt.gas_used = draws.extreme(),
        3 => entry.receipt.output_hash = draws.bytes(),
        4 => entry.receipt.events_root = draws.bytes(),
        5 => entry.receipt.tx_id = draws.bytes(),
        6 => entry.diff_hash = draws.bytes(),
        7 => drop(archived.entries.remove(index)),
        8 => archived.entries.push(archived.entries[index].clone()),
        9 => archived.result.state_root = draws.bytes(),
        10 => archived.result.receipts_root = draws.bytes(),
        _ => archived.result.gas_used = draws.extreme(),
    }
}

/// A mutated case.
pub(crate) fn case(case: &Case, draws: &mut Draws) -> Vec<u8> {
    let mut case = case.clone();
    match draws.below(4) {
        0 => place(&mut case, draws),
        1 | 2 => state(&mut case, draws),
        _ => {
            let outcome = match draws.below(2) {
                0 => &mut case.expected,
                _ => &mut case.found,
            };
            change_outcome(outcome, draws);
        }
    }
    if draws.below(2) == 0 {
        let key = signer(&case.transaction);
        case.transaction = key.sign(case.transaction.transaction);
    }
    case_file(&encode(&case))
}

fn place(case: &mut Case, draws: &mut Draws) {
    match draws.below(11) {
        0 => case.rules_id = draws.bytes(),
        1 => case.limits.transaction_bytes = draws.extreme() as u32,
        2 => case.limits.transaction_gas = draws.extreme(),
        3 => case.block.height = Height(draws.extreme()),
        4 => case.block.time_ms = draws.extreme(),
        5 => case.block.chain_id = draws.bytes(),
        6 => case.block.proposer = Address(draws.bytes()),
        7 => case.index = draws.number() as u32,
        8 => case.transaction.transaction.nonce = draws.extreme(),
        9 => case.transaction.transaction.gas_limit = draws.extreme(),
        _ => case.transaction.transaction.payload = Payload::Upload(draws.bytes::<9>().to_vec()),
    }
}

fn state(case: &mut Case, draws: &mut Draws) {
    let keys: Vec<Vec<u8>> = case.state.keys().cloned().collect();
    let key = keys[draws.below(keys.len())].clone();
    let value = match draws.below(5) {
        0 => None,
        1 => Some(vec![0; draws.below(70_000)]),
        2 => Some([&[0xff; 24][..], &[0]].concat()),
        3 => Some(encode(&(draws.extreme(), draws.amount(), None::<[u8; 32]>))),
        _ => Some(encode(&(1_u64, 1_u128, Some(draws.bytes::<32>())))),
    };
    let any: Vec<u8> = [&[draws.below(6) as u8][..], &draws.bytes::<32>()].concat();
    match draws.below(8) {
        0 | 1 => drop(case.state.insert(key, value)),
        2 => drop(case.changes.insert(key, value)),
        3 => drop(case.state.remove(&key)),
        4 => drop(case.state.insert(any, value)),
        5 => drop(case.ranges.insert((any, draws.bytes::<40>().to_vec()))),
        6 => drop(case.ranges.insert((vec![2], vec![3]))),
        _ => case.ranges.clear(),
    }
}

fn change_outcome(outcome: &mut Outcome, draws: &mut Draws) {
    match draws.below(7) {
        0 => outcome.by = "\x1b]0;\x07\u{9b}\u{202e}".to_owned(),
        1 => outcome.by = "x".repeat(draws.below(600)),
        2 => outcome.receipt.gas_used = draws.extreme(),
        3 => outcome.receipt.exit = ReceiptExit::ALL[draws.below(6)],
        4 => outcome.diff_hash = draws.bytes(),
        5 => outcome.diff = None,
        _ => outcome.diff = Some([(draws.bytes::<33>().to_vec(), None)].into()),
    }
}
