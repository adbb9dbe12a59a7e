//! Counts what each call does to the store: the number of keys in the state does not matter.

use super::verified;
use crate::chain::BALANCE;
use crate::faults::parts;
use node::chain::{At, Chain, Options, Proposal, Subject};
use node::limits::Limits;
use node::mempool::{SourceId, Submission};
use node::prove::ProveError;
use node::{
    Block, Commit, Genesis, Header, MemoryStore, Payload, Receipt, SecretKey, Signed, Store, Tip,
    Transaction, TreeOptions,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use vm::{Address, Entries, Event, Fault, Height, key};

/// Accounts of a large state.
const LARGE: u32 = 100_000;
/// Senders of a block.
const SENDERS: u8 = 20;

/// A store that counts its operations, and the entries that scans return.
struct CountingStore {
    inner: MemoryStore,
    /// Records, if the store keeps them.
    records: Option<BTreeMap<Vec<u8>, Vec<u8>>>,
    count: Arc<AtomicU64>,
}

impl CountingStore {
    fn add(&self, count: usize) {
        self.count.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Store for CountingStore {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.add(1);
        self.inner.read(key)
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Fault> {
        self.add(1);
        self.inner.contains(key)
    }

    fn scan(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let found = self.inner.scan(start, end, limit)?;
        self.add(1 + found.len());
        Ok(found)
    }

    fn tip(&self) -> Result<Option<Tip>, Fault> {
        self.add(1);
        self.inner.tip()
    }

    fn chain_id(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.add(1);
        self.inner.chain_id()
    }

    fn keeps_records(&self) -> bool {
        self.records.is_some()
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.add(1);
        Ok(self
            .records
            .as_ref()
            .and_then(|kept| kept.get(key).cloned()))
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        self.add(1);
        self.inner.header(height)
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        self.add(1);
        self.inner.transactions(height)
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        self.add(1);
        self.inner.receipts(height)
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        self.add(1);
        self.inner.events(height)
    }

    fn commit(&mut self, mut commit: Commit) -> Result<(), Fault> {
        self.add(1 + commit.diff.len() + commit.records.len());
        for (key, record) in commit.records.drain(..) {
            let Some(kept) = self.records.as_mut() else {
                continue;
            };
            match record {
                Some(record) => kept.insert(key, record),
                None => kept.remove(&key),
            };
        }
        self.inner.commit(commit)
    }
}

/// Counts the calls that serve clients, at the first final block and the one below it.
fn serve(
    chain: &Chain,
    transactions: &[Signed],
    count_call: &mut dyn FnMut(&'static str, &mut dyn FnMut()),
) {
    let key = key::account(&transactions[0].transaction.signer.address());
    let below = At::Height(Height(0));
    count_call("read below", &mut || {
        assert!(chain.read(below, &key).unwrap().is_some());
    });
    count_call("prove", &mut || {
        let proven = chain.prove(below, &Subject::State { key: &key });
        assert!(proven.unwrap().is_final);
    });
    count_call("prove a receipt", &mut || {
        let early = chain.prove(At::Final, &Subject::Receipt { index: 0 });
        assert!(matches!(early, Err(ProveError::NotInHeader { .. })));
    });
    for signed in transactions {
        count_call("submit", &mut || {
            let submission = Submission {
                encoded: &signed.encode(),
                source: SourceId([1; 32]),
                now_ms: 0,
            };
            chain.submit(&submission).unwrap().unwrap();
        });
    }
    count_call("propose from the pool", &mut || {
        let proposal = Proposal::from_pool(u64::MAX, Address([9; 32]));
        let block = chain.propose(&chain.tip().unwrap().hash, proposal).unwrap();
        assert_eq!(block.transactions.len(), transactions.len());
    });
}

/// Operations of each call on a chain with this many accounts.
fn operations(accounts: u32, tree: Option<TreeOptions>) -> Vec<(&'static str, u64)> {
    let keys: Vec<_> = (0..SENDERS)
        .map(|seed| SecretKey::ed25519(&[seed]))
        .collect();
    let mut balances: BTreeMap<Address, u128> = (0..accounts)
        .map(|number| (Address(node::digest::sha256(&[&number.to_le_bytes()])), 1))
        .collect();
    balances.extend(keys.iter().map(|key| (key.address(), BALANCE)));
    let rules = node::rules::version_1();
    let genesis = Genesis::new("counted", 0, *rules.id(), Limits::v1(), &balances).unwrap();
    let count = Arc::new(AtomicU64::new(0));
    let store = CountingStore {
        inner: MemoryStore::new(),
        records: tree.map(|_| BTreeMap::new()),
        count: Arc::clone(&count),
    };
    let options = Options {
        tree: tree.unwrap_or_default(),
        ..Options::default()
    };
    let chain = Chain::open(parts(), genesis, Box::new(store), &options).unwrap();
    let transfers = |nonce: u64, amount| -> Vec<Signed> {
        let transaction = |key: &SecretKey| Transaction {
            chain_id: *chain.chain_id(),
            signer: key.public(),
            nonce,
            gas_limit: 10_000_000,
            gas_price: 1,
            payload: Payload::Transfer {
                to: Address([amount; 32]),
                amount: amount.into(),
            },
        };
        keys.iter().map(|key| key.sign(transaction(key))).collect()
    };
    let mut counted = Vec::new();
    let mut count_call = |name, call: &mut dyn FnMut()| {
        let before = count.load(Ordering::Relaxed);
        call();
        counted.push((name, count.load(Ordering::Relaxed) - before));
    };
    let mut parent = *chain.chain_id();
    for round in 0..3_u8 {
        let mut blocks: Vec<Block> = Vec::new();
        for amount in [1, 2] {
            count_call("propose", &mut || {
                let time_ms = u64::from(round) + 1;
                let candidates = transfers(round.into(), amount);
                let proposal = Proposal::new(candidates, time_ms, Address([9; 32]));
                blocks.push(chain.propose(&parent, proposal).unwrap());
            });
        }
        for block in blocks.iter().chain(&blocks) {
            count_call("verify", &mut || {
                verified(&chain, block);
            });
        }
        let hash = blocks[0].header.hash();
        if round == 0 {
            count_call("finalize", &mut || {
                chain.finalize(&hash).unwrap();
            });
            serve(&chain, &transfers(1, 9), &mut count_call);
        }
        let other = blocks[1].header.hash();
        count_call("discard", &mut || {
            chain.discard(&other).unwrap();
        });
        parent = hash;
    }
    counted
}

#[test]
fn no_call_costs_more_operations_of_the_store_in_a_larger_state() {
    let small = operations(1_000, None);
    let of = |name| small.iter().filter(move |(of, _)| *of == name);
    // An upper bound as well, so that no scan of the state hides in both.
    assert!(of("propose").all(|(_, count)| *count <= 1), "{small:?}");
    assert!(of("verify").all(|(_, count)| *count < 500), "{small:?}");
    assert!(of("discard").all(|(_, count)| *count == 0), "{small:?}");
    assert!(of("finalize").all(|(_, count)| *count < 100), "{small:?}");
    assert_eq!(small, operations(LARGE, None));
}

/// With no page in memory between two updates: a call reads at most the pages of the keys that it
/// changes, however many others there are.
#[test]
fn pages_of_the_tree_cost_a_call_a_record_for_each_changed_key() {
    /// Keys that a block of transfers changes: senders, recipient, proposer, hashes, fees.
    const CHANGED: u64 = 30;
    let without = operations(1_000, None);
    for checkpoint_blocks_max in [0, 100] {
        let tree = TreeOptions {
            cache_bytes: 0,
            page_leaves_max: 16,
            checkpoint_blocks_max,
            ..TreeOptions::default()
        };
        for accounts in [10_000, LARGE] {
            let with = operations(accounts, Some(tree));
            assert!(with > without, "pages are read");
            for ((name, count), (_, plain)) in with.iter().zip(&without) {
                // Of each changed key a page, cut in two, a directory, and the page before it.
                let most = match *name {
                    "finalize" => plain + 6 * CHANGED,
                    _ => plain + 2 * CHANGED,
                };
                assert!(*count <= most, "{name}: {count}, {plain} without pages");
            }
        }
    }
}
