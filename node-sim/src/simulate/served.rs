//! Lists what an executor stores and serves after a block, so that executors can be compared in it.
//!
//! | kind | what | of a chain |
//! |---|---|---|
//! | `stored.*` | tip, chain id; all of this block and of an earlier one | its own functions |
//! | `state` | every key that the block changed, code among them | at the last final block |
//! | `account`, `scan` | a drawn account; the first values of a drawn contract | the account |
//! | `proof` | value, absence, receipt, event of the parent block, verified | [`Chain::prove`] |
//! | `query` | drawn keys as of two blocks before | [`At::Height`] |
//! | `view` | a call of the block, repeated as a query | [`Chain::call`] |
//!
//! Not compared is what belongs to one machine: records of the tree, caches, the mempool.

use super::random::Random;
use super::running::{BlockOutcome, ReplaceableEngine};
use crate::compare::Mismatches;
use node::chain::{At, ChainError, Subject};
use node::digest::{encode, sha256};
use node::prove::{ProveError, with_headers};
use node::{Block, Chain, CodeCache, Header, Node, Overlay, Payload, Receipt, Signed, Store, Tip};
use proof::{Claim, Expected, Proof, Statement};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use vm::{
    Address, BlockMetadata, Environment, Event, Fault, Gas, Height, Message, StateDiff, Target, key,
};

/// Bytes that a difference shows of a value; of a longer one hash and length.
const SHOWN_BYTES_MAX: usize = 256;
/// Keys that are drawn from the changes of a block.
const KEYS: usize = 3;
/// Entries that are compared of the values of a contract.
const ENTRIES: usize = 16;
/// Blocks whose drawn values are remembered; the query is about the oldest.
pub(super) const PAST_BLOCKS: usize = 2;
/// Gas of a query.
const VIEW_GAS: Gas = Gas(20_000_000);
/// What a view shows where the next block needs rules that the build does not have.
const RULES_UNKNOWN: &str = "rules unknown";

/// A value, `Some(None)` if it is absent; `None` where an executor no longer keeps it, for instance
/// after a restart.
type Value = Option<Option<Vec<u8>>>;

/// What an executor serves, by kind and key.
pub(super) type Served = BTreeMap<(&'static str, String), Value>;

/// What is asked of every executor about a block; drawn from the results of executor 0.
pub(super) struct Questions {
    pub(super) header: Header,
    /// Net change of the block.
    changes: StateDiff,
    /// Height of another block.
    earlier: Height,
    /// State keys for proofs and queries: changed, removed and absent ones.
    keys: Vec<Vec<u8>>,
    account: Address,
    contract: Option<Address>,
    message: Option<Message>,
    /// Indices of a transaction, and of one of its events.
    transaction: Option<u32>,
    event: Option<(u32, u32)>,
}

/// What an executor noted after a block, for questions about that block later.
pub(super) struct Past {
    height: Height,
    values: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Claims about the state, in the order of `values`; empty from a chain.
    claims: Vec<Claim>,
    transaction: Option<u32>,
    event: Option<(u32, u32)>,
}

/// What serves the blocks of an executor.
pub(super) enum Server<'a> {
    Node {
        node: &'a Node,
        cache: &'a CodeCache,
        engine: &'a ReplaceableEngine,
    },
    Chain(&'a Chain),
}

/// A value in hex, or hash and length of a long one.
pub(super) fn shown(bytes: &[u8]) -> String {
    if bytes.len() <= SHOWN_BYTES_MAX {
        return format!("0x{}", hex::encode(bytes));
    }
    let hash = hex::encode(sha256(&[bytes]));
    format!("sha256 {hash} of {} bytes", bytes.len())
}

/// The fault of a call of a chain that cannot fail otherwise here.
pub(super) fn of_chain(error: ChainError) -> Fault {
    match error {
        ChainError::Fault(fault) => fault,
        other => Fault::invariant(format!("a chain refuses a call: {other}")),
    }
}

impl Questions {
    /// Draws the questions about a block from its results on executor 0.
    pub(super) fn draw(block: &Block, outcome: &BlockOutcome, random: &mut Random) -> Self {
        let changed: Vec<&Vec<u8>> = outcome.diff.keys().collect();
        let mut keys: Vec<Vec<u8>> = Vec::new();
        for _ in 0..KEYS {
            keys.extend(random.pick(&changed).map(|key| (*key).clone()));
        }
        let removed: Vec<&Vec<u8>> = outcome
            .diff
            .iter()
            .filter(|(_, value)| value.is_none())
            .map(|(key, _)| key)
            .collect();
        keys.extend(random.pick(&removed).map(|key| (*key).clone()));
        keys.push(key::account(&Address(random.bytes())));
        keys.sort();
        keys.dedup();
        let senders: Vec<Address> = block
            .transactions
            .iter()
            .map(|signed| signed.transaction.signer.address())
            .collect();
        let messages: Vec<Message> = block.transactions.iter().filter_map(message).collect();
        let message = random.pick(&messages).cloned();
        let contract = message.as_ref().and_then(|message| match message.target {
            Target::Call { contract } => Some(contract),
            Target::Deploy { .. } => None,
        });
        let indices: Vec<u32> = (0_u32..)
            .zip(&outcome.transactions)
            .map(|(index, _)| index)
            .collect();
        let events: Vec<(u32, u32)> = (0_u32..)
            .zip(&outcome.transactions)
            .flat_map(|(index, result)| {
                let events = (0_u32..).zip(&result.events);
                events.map(move |(event, _)| (index, event))
            })
            .collect();
        Self {
            header: block.header.clone(),
            changes: outcome.diff.clone(),
            earlier: Height(random.below(block.header.height.0).saturating_add(1)),
            keys,
            account: random
                .pick(&senders)
                .copied()
                .unwrap_or(block.header.proposer),
            contract,
            message,
            transaction: random.pick(&indices).copied(),
            event: random.pick(&events).copied(),
        }
    }

    fn height(&self) -> Height {
        self.header.height
    }
}

/// A call of the block as a query.
fn message(signed: &Signed) -> Option<Message> {
    match &signed.transaction.payload {
        Payload::Call {
            contract,
            entry,
            input,
            ..
        } => Some(Message {
            tx_hash: [0; 32],
            caller: signed.transaction.signer.address(),
            target: Target::Call {
                contract: *contract,
            },
            entry: entry.clone(),
            input: input.clone(),
            value: 0,
        }),
        _ => None,
    }
}

impl Server<'_> {
    fn tip(&self) -> Result<Tip, Fault> {
        match self {
            Self::Node { node, .. } => Ok(*node.tip()),
            Self::Chain(chain) => chain.tip(),
        }
    }

    fn header(&self, height: Height) -> Result<Option<Header>, Fault> {
        match self {
            Self::Node { node, .. } => node.store().header(height),
            Self::Chain(chain) => chain.header(height),
        }
    }

    fn transactions(&self, height: Height) -> Result<Option<Vec<Signed>>, Fault> {
        match self {
            Self::Node { node, .. } => node.store().transactions(height),
            Self::Chain(chain) => Ok(chain.block(height)?.map(|block| block.transactions)),
        }
    }

    fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fault> {
        match self {
            Self::Node { node, .. } => node.store().receipts(height),
            Self::Chain(chain) => chain.receipts(height),
        }
    }

    fn events(&self, height: Height) -> Result<Option<Vec<Vec<Event>>>, Fault> {
        match self {
            Self::Node { node, .. } => node.store().events(height),
            Self::Chain(chain) => chain.events(height),
        }
    }

    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match self {
            Self::Node { node, .. } => node.store().read(key),
            Self::Chain(chain) => chain.read(At::Final, key).map_err(of_chain),
        }
    }

    fn account(&self, address: &Address) -> Result<Vec<u8>, Fault> {
        let account = match self {
            Self::Node { node, .. } => node.account(address)?,
            Self::Chain(chain) => chain.account(At::Final, address).map_err(of_chain)?,
        };
        Ok(account.encode().unwrap_or_default())
    }

    /// What a call results in, as text; without the rules of the next block, that they are unknown.
    fn call(&self, message: &Message) -> Result<String, Fault> {
        let outcome = match self {
            Self::Chain(chain) => match chain.call(At::Final, message, VIEW_GAS) {
                Err(ChainError::RulesUnknown(_)) => return Ok(RULES_UNKNOWN.to_owned()),
                called => called.map_err(of_chain)?,
            },
            Self::Node {
                node,
                cache,
                engine,
            } => {
                let (tip, height) = (node.tip(), node.tip().height.next());
                let Ok(rules) = node.rules_at(height) else {
                    return Ok(RULES_UNKNOWN.to_owned());
                };
                let overlay = Overlay::new(node.store(), cache, rules);
                let block = BlockMetadata {
                    height,
                    time_ms: tip.time_ms,
                    chain_id: *node.chain_id(),
                    proposer: Address([0; 32]),
                };
                let environment = Environment::new(*engine, rules, &overlay, &block)?;
                vm::execute(&environment, message, VIEW_GAS)?
            }
        };
        Ok(format!("{} gas, {:?}", outcome.gas_used.0, outcome.exit))
    }

    /// The blocks and the state that are stored.
    pub(super) fn stored(&self, store: &dyn Store, asked: &Questions) -> Result<Served, Fault> {
        let mut served = Served::new();
        put(
            &mut served,
            "stored.tip",
            String::new(),
            encode(&self.tip()?),
        );
        let chain_id = store.chain_id()?.map(|id| id.to_vec());
        served.insert(("stored.chain_id", String::new()), Some(chain_id));
        for height in [asked.height(), asked.earlier] {
            self.block(height, &mut served)?;
        }
        for key in asked.changes.keys() {
            let value = self.read(key)?;
            if store.contains(key)? != value.is_some() {
                let why = format!("presence and value of {} disagree", hex::encode(key));
                return Err(Fault::Store(why));
            }
            served.insert(("state", hex::encode(key)), Some(value));
        }
        Ok(served)
    }

    fn block(&self, height: Height, served: &mut Served) -> Result<(), Fault> {
        let of = |index: usize| format!("{height}/{index}");
        let header = self.header(height)?.map(|header| encode(&header));
        served.insert(("stored.header", height.to_string()), Some(header));
        let transactions = self.transactions(height)?.unwrap_or_default();
        for (index, signed) in transactions.iter().enumerate() {
            put(served, "stored.transaction", of(index), encode(signed));
        }
        let receipts = self.receipts(height)?.unwrap_or_default();
        for (index, receipt) in receipts.iter().enumerate() {
            put(served, "stored.receipt", of(index), receipt.encode());
        }
        let events = self.events(height)?.unwrap_or_default();
        for (index, events) in events.iter().enumerate() {
            for (number, event) in events.iter().enumerate() {
                let key = format!("{}/{number}", of(index));
                put(served, "stored.event", key, encode(event));
            }
        }
        Ok(())
    }

    /// What is computed from the stored: proofs, and queries.
    pub(super) fn computed(
        &self,
        store: &dyn Store,
        asked: &Questions,
        past: &VecDeque<Past>,
    ) -> Result<Served, Fault> {
        let mut served = Served::new();
        if let Some(past) = past.front().filter(|_| past.len() >= PAST_BLOCKS) {
            served.extend(self.queries(past)?);
        }
        if let Some(past) = past.back() {
            served.extend(self.proofs(past, &asked.header)?);
        }
        let account = self.account(&asked.account)?;
        let address = hex::encode(asked.account);
        put(&mut served, "account", address, account);
        if let Some(contract) = &asked.contract {
            let start = key::value(contract, &[]);
            let found = store.scan(&start, Some(&key::values_end(contract)), ENTRIES)?;
            for (key, value) in found {
                put(&mut served, "scan", hex::encode(key), value);
            }
        }
        if let Some(message) = &asked.message {
            let key = format!("{} at {}", message.entry, asked.height());
            let outcome = self.call(message)?.into_bytes();
            put(&mut served, "view", key, outcome);
        }
        Ok(served)
    }

    /// What later blocks ask about this one.
    pub(super) fn note(&self, asked: &Questions) -> Result<Past, Fault> {
        let mut values = Vec::with_capacity(asked.keys.len());
        let mut claims = Vec::new();
        for key in &asked.keys {
            values.push((key.clone(), self.read(key)?));
            if let Self::Node { node, .. } = self {
                claims.push(node.state_claim(key).map_err(of_prover)?.1);
            }
        }
        Ok(Past {
            height: asked.height(),
            values,
            claims,
            transaction: asked.transaction,
            event: asked.event,
        })
    }

    /// Proofs about the parent of the block with this header.
    pub(super) fn proofs(&self, past: &Past, header: &Header) -> Result<Served, Fault> {
        let mut served = Served::new();
        let height = past.height.0;
        for (index, (key, value)) in past.values.iter().enumerate() {
            let proof = match self {
                Self::Chain(chain) => {
                    proved(chain.prove(At::Height(past.height), &Subject::State { key }))?
                }
                Self::Node { .. } => match past.claims.get(index) {
                    Some(claim) => Some(headed(claim.clone(), past.height, header)?),
                    None => None,
                },
            };
            let checked = checked(proof, header, &Expected::State { height, key })?;
            let stated = checked.as_ref().map(|(_, statement)| match statement {
                Statement::Present { value, .. } => Some(Some(value)),
                Statement::Absent { .. } => Some(None),
                _ => None,
            });
            if stated.is_some_and(|stated| stated != Some(value.as_ref())) {
                return Err(Fault::invariant(
                    "a proof states a value that was not the committed one",
                ));
            }
            let key = format!("state {height}/{}", hex::encode(key));
            served.insert(("proof", key), checked.map(|(bytes, _)| Some(bytes)));
        }
        self.result_proofs(past, header, &mut served)?;
        Ok(served)
    }

    fn result_proofs(
        &self,
        past: &Past,
        header: &Header,
        served: &mut Served,
    ) -> Result<(), Fault> {
        let height = past.height;
        if let Some(index) = past.transaction {
            let proof = match self {
                Self::Chain(chain) => {
                    proved(chain.prove(At::Height(height), &Subject::Receipt { index }))?
                }
                Self::Node { node, .. } => {
                    let claim = node.receipt_claim(height, index).map_err(of_prover)?;
                    Some(headed(claim, height, header)?)
                }
            };
            let expected = Expected::Receipt {
                height: height.0,
                transaction: index,
            };
            let checked = checked(proof, header, &expected)?;
            let key = format!("receipt {height}/{index}");
            served.insert(("proof", key), checked.map(|(bytes, _)| Some(bytes)));
        }
        if let Some((index, event)) = past.event {
            let proof = match self {
                Self::Chain(chain) => {
                    proved(chain.prove(At::Height(height), &Subject::Event { index, event }))?
                }
                Self::Node { node, .. } => {
                    let events = node.store().events(height)?.unwrap_or_default();
                    let place = usize::try_from(index).unwrap_or(usize::MAX);
                    let events = events.get(place).map(Vec::as_slice).unwrap_or_default();
                    let claim = node
                        .event_claim(height, index, events, event)
                        .map_err(of_prover)?;
                    Some(headed(claim, height, header)?)
                }
            };
            let expected = Expected::Event {
                height: height.0,
                transaction: index,
                event,
            };
            let checked = checked(proof, header, &expected)?;
            let key = format!("event {height}/{index}/{event}");
            served.insert(("proof", key), checked.map(|(bytes, _)| Some(bytes)));
        }
        Ok(())
    }

    /// What was noted of an earlier block, read again where that is possible.
    pub(super) fn queries(&self, past: &Past) -> Result<Served, Fault> {
        let mut served = Served::new();
        for (key, noted) in &past.values {
            let value = match self {
                Self::Node { .. } => Some(noted.clone()),
                Self::Chain(chain) => match chain.read(At::Height(past.height), key) {
                    Ok(value) => Some(value),
                    // A restart forgets how to read earlier states.
                    Err(ChainError::Misuse(_)) => None,
                    Err(error) => return Err(of_chain(error)),
                },
            };
            let key = format!("{}/{}", past.height, hex::encode(key));
            served.insert(("query", key), value);
        }
        Ok(served)
    }
}

fn put(served: &mut Served, kind: &'static str, key: String, value: Vec<u8>) {
    served.insert((kind, key), Some(Some(value)));
}

/// Differences of what two executors serve; counts by kind what was compared.
pub(super) fn compare(
    left: &Served,
    right: &Served,
    compared: &mut BTreeMap<&'static str, u64>,
) -> Mismatches {
    let mut mismatches = Mismatches::default();
    let absent = Some(None);
    let keys: BTreeSet<&(&'static str, String)> = left.keys().chain(right.keys()).collect();
    for at in keys {
        let (one, other) = (
            left.get(at).unwrap_or(&absent),
            right.get(at).unwrap_or(&absent),
        );
        let (Some(one), Some(other)) = (one, other) else {
            continue;
        };
        let (kind, key) = at;
        let count = compared.entry(kind).or_default();
        *count = count.saturating_add(1);
        if one != other {
            let key = (!key.is_empty()).then(|| key.clone());
            mismatches.push(
                kind,
                key,
                (shown_value(kind, one), shown_value(kind, other)),
            );
        }
    }
    mismatches
}

fn shown_value(kind: &str, value: &Option<Vec<u8>>) -> String {
    match value {
        None => "absent".to_owned(),
        Some(text) if kind == "view" => String::from_utf8_lossy(text).into_owned(),
        Some(bytes) => shown(bytes),
    }
}

/// The proof of a chain; `None` if it no longer reads the state of the block.
fn proved(proven: Result<node::chain::Proven, ProveError>) -> Result<Option<Proof>, Fault> {
    match proven {
        Ok(proven) => Ok(Some(proven.proof)),
        Err(ProveError::Misuse(_)) => Ok(None),
        Err(error) => Err(of_prover(error)),
    }
}

/// The proof of a claim about the parent of the block with this header.
fn headed(claim: Claim, height: Height, header: &Header) -> Result<Proof, Fault> {
    with_headers(claim, height, core::slice::from_ref(header)).map_err(of_prover)
}

/// The bytes of a proof, and what they state to one who trusts the header.
fn checked(
    proof: Option<Proof>,
    header: &Header,
    expected: &Expected<'_>,
) -> Result<Option<(Vec<u8>, Statement)>, Fault> {
    let Some(proof) = proof else {
        return Ok(None);
    };
    let bytes = proof.encode();
    match proof::verify(&bytes, &header.hash(), expected) {
        Ok(proved) => Ok(Some((bytes, proved.statement))),
        Err(error) => Err(Fault::invariant(format!(
            "a proof that was made does not verify: {error}"
        ))),
    }
}

fn of_prover(error: ProveError) -> Fault {
    match error {
        ProveError::Fault(fault) => fault,
        other => Fault::invariant(format!("no proof is made: {other}")),
    }
}
