//! Compares the mempool with a naive model, vectors and sorting, over random calls.

use super::{
    BALANCE, GAS, Pool, account, address, call, counted, hash_of, transfer, without_rates,
};
use node::mempool::{Admission, Dropped, MempoolOptions, Refused, Selection};
use node::{Signed, limits::Limits};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use vm::Address;
use vm::unstable::state::Account;

static OPTIONS: LazyLock<MempoolOptions> = LazyLock::new(|| MempoolOptions {
    transactions_max: 12,
    bytes_max: 14_000,
    sender_transactions_max: 5,
    sender_bytes_max: 8_000,
    gas_price_min: 2,
    evictions_max: 4,
    lifetime_blocks: 3,
    misfits_max: 2,
    ..without_rates()
});

const SENDERS: u32 = 6;

/// A pending transaction of the model.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    signed: Signed,
    sender: Address,
    expires: u64,
}

impl Row {
    fn nonce(&self) -> u64 {
        self.signed.transaction.nonce
    }

    fn price(&self) -> u64 {
        self.signed.transaction.gas_price
    }

    fn cost(&self) -> u128 {
        self.signed.transaction.cost_max().unwrap()
    }
}

/// The model: one list, sorted and searched from its beginning for everything.
#[derive(Default)]
struct Model {
    rows: Vec<Row>,
    accounts: BTreeMap<Address, Account>,
    height: u64,
}

impl Model {
    fn account(&self, sender: &Address) -> Account {
        let changed = self.accounts.get(sender).cloned();
        changed.unwrap_or_else(|| account(0, BALANCE))
    }

    fn of(&self, sender: &Address) -> Vec<Row> {
        let rows = self.rows.iter().filter(|row| row.sender == *sender);
        let mut rows: Vec<Row> = rows.cloned().collect();
        rows.sort_by_key(Row::nonce);
        rows
    }

    fn bytes(rows: &[Row]) -> u64 {
        rows.iter().map(|row| counted(&row.signed)).sum()
    }

    /// The last row of each sender, with the lowest price of its rows; the cheapest first.
    fn tails(&self) -> Vec<(u64, [u8; 32], Row)> {
        let senders: BTreeSet<Address> = self.rows.iter().map(|row| row.sender).collect();
        let tail = |sender| {
            let rows = self.of(&sender);
            let lowest = rows.iter().map(Row::price).min().unwrap();
            let last = rows.last().unwrap().clone();
            (lowest, hash_of(&last.signed), last)
        };
        let mut tails: Vec<_> = senders.into_iter().map(tail).collect();
        tails.sort_by_key(|(price, hash, _)| (*price, *hash));
        tails
    }

    fn submit(&mut self, signed: &Signed) -> Result<Admission, Refused> {
        let transaction = &signed.transaction;
        let (gas_price, min) = (transaction.gas_price, OPTIONS.gas_price_min);
        if gas_price < min {
            return Err(Refused::GasPrice { gas_price, min });
        }
        let sender = transaction.signer.address();
        let (mut own, state) = (self.of(&sender), self.account(&sender));
        let next = state.nonce + own.len() as u64;
        let nonce = transaction.nonce;
        if nonce < state.nonce {
            return Err(Refused::NonceUsed { nonce, next });
        }
        if nonce > next {
            return Err(Refused::NonceGap { nonce, next });
        }
        let replaced = own.iter().find(|row| row.nonce() == nonce).cloned();
        if let Some(replaced) = &replaced {
            if replaced.signed == *signed {
                return Err(Refused::Pending);
            }
            let pending = replaced.price();
            let required = pending + pending.div_ceil(10);
            if gas_price < required {
                return Err(Refused::Replacement {
                    gas_price,
                    pending,
                    required: Some(required),
                });
            }
        } else if own.len() == OPTIONS.sender_transactions_max {
            return Err(Refused::SenderTransactions { max: own.len() });
        }
        let row = Row {
            signed: signed.clone(),
            sender,
            expires: self.height + OPTIONS.lifetime_blocks,
        };
        own.retain(|other| other.nonce() != nonce);
        own.push(row.clone());
        Self::check_sums(&own, state.balance)?;
        let before = own.iter().filter(|other| other.nonce() <= nonce);
        let price = before.map(Row::price).min().unwrap();
        let mut after = Self {
            rows: self.rows.clone(),
            accounts: self.accounts.clone(),
            height: self.height,
        };
        after.rows.retain(|other| Some(other) != replaced.as_ref());
        after.rows.push(row.clone());
        let evicted = after.evict(&row, price)?;
        if signed.signature[0] == 0 {
            let signature = node::InvalidTransaction::Signature;
            return Err(Refused::Invalid(signature));
        }
        self.rows = after.rows;
        Ok(Admission {
            hash: hash_of(signed),
            id: signed.transaction.id(),
            sender,
            replaced: replaced.map(|row| hash_of(&row.signed)),
            evicted,
        })
    }

    fn check_sums(own: &[Row], balance: u128) -> Result<(), Refused> {
        let (bytes, max) = (Self::bytes(own), OPTIONS.sender_bytes_max);
        if bytes > max {
            return Err(Refused::SenderBytes { bytes, max });
        }
        let required = own.iter().map(Row::cost).sum();
        if required > balance {
            let required = Some(required);
            return Err(Refused::Balance { required, balance });
        }
        Ok(())
    }

    /// Evicts until the rows are within the bounds, but never the one that was put in.
    fn evict(&mut self, incoming: &Row, gas_price: u64) -> Result<Vec<[u8; 32]>, Refused> {
        let mut evicted = Vec::new();
        while self.rows.len() > OPTIONS.transactions_max
            || Self::bytes(&self.rows) > OPTIONS.bytes_max
        {
            let mut tails = self.tails();
            tails.retain(|(_, _, row)| row != incoming);
            let (lowest, hash, row) = tails.remove(0);
            if lowest >= gas_price {
                let required = lowest + 1;
                return Err(Refused::Full {
                    gas_price,
                    required,
                });
            }
            if evicted.len() == OPTIONS.evictions_max {
                let max = OPTIONS.evictions_max;
                return Err(Refused::Evictions { max });
            }
            self.rows.retain(|other| *other != row);
            evicted.push(hash);
        }
        Ok(evicted)
    }

    fn commit(&mut self, changed: &[(Address, Account)]) -> Dropped {
        self.height += 1;
        let mut dropped = Dropped::default();
        for (sender, state) in changed {
            self.accounts.insert(*sender, state.clone());
            let is_used = |row: &Row| row.sender == *sender && row.nonce() < state.nonce;
            dropped.used += self.rows.iter().filter(|row| is_used(row)).count();
            self.rows.retain(|row| !is_used(row));
            let mut sum = 0;
            for row in self.of(sender) {
                sum += row.cost();
                if sum > state.balance {
                    self.rows.retain(|other| *other != row);
                    dropped.unpayable += 1;
                }
            }
        }
        let height = self.height;
        for row in self.rows.clone() {
            let same = |other: &Row| other.sender == row.sender && other.nonce() >= row.nonce();
            if row.expires <= height {
                dropped.expired += self.rows.iter().filter(|other| same(other)).count();
                self.rows.retain(|other| !same(other));
            }
        }
        dropped
    }

    fn select(&self, selection: &Selection<'_>) -> Vec<Signed> {
        let mut left: Vec<Vec<Row>> = Vec::new();
        for sender in (0..SENDERS).map(address) {
            let mut rows = self.of(&sender);
            if let Some(state) = selection.accounts.get(&sender) {
                rows.retain(|row| row.nonce() >= state.nonce);
                let mut sum = 0;
                let payable = rows.iter().take_while(|row| {
                    sum += row.cost();
                    sum <= state.balance
                });
                let count = payable.count();
                rows.truncate(count);
            }
            left.push(rows);
        }
        let (mut gas, mut bytes, mut misfits) = (0, 0, 0);
        let mut selected = Vec::new();
        while misfits < OPTIONS.misfits_max {
            left.retain(|rows| !rows.is_empty());
            left.sort_by_key(|rows| {
                let first = &rows[0];
                (std::cmp::Reverse(first.price()), hash_of(&first.signed))
            });
            let Some(rows) = left.first_mut() else { break };
            let row = rows.remove(0);
            let transaction = &row.signed.transaction;
            if selection.quarantined_senders.contains(&row.sender)
                || selection.quarantined.contains(&transaction.id())
            {
                rows.clear();
                continue;
            }
            let size = row.signed.encode().len() as u64;
            if gas + transaction.gas_limit > selection.gas_max || bytes + size > selection.bytes_max
            {
                rows.clear();
                misfits += 1;
                continue;
            }
            gas += transaction.gas_limit;
            bytes += size;
            selected.push(row.signed);
            if gas == selection.gas_max {
                break;
            }
        }
        selected
    }
}

/// A call of the mempool.
#[derive(Clone, Debug)]
enum Action {
    /// Sender, nonce behind the account's, gas price, length of an input, whether the signature is
    /// right.
    Submit(u32, u64, u64, Option<usize>, bool),
    /// For each sender whose account changes: how many nonces are used, and the balance in costs of
    /// one unit of price.
    Commit(Vec<(u32, u64, u128)>),
    /// Gas in transfers, bytes, a quarantined sender, and one whose account the parent changed.
    Select(u64, u64, u32, u32),
}

fn actions() -> impl Strategy<Value = Action> {
    let price = prop_oneof![3 => 1_u64..40, 1 => 20_u64..24];
    let input = proptest::option::weighted(0.4, 0_usize..6_000);
    let submit = (
        0..SENDERS,
        0_u64..7,
        price,
        input,
        proptest::bool::weighted(0.95),
    );
    let change = (0..SENDERS, 0_u64..3, 0_u128..400);
    prop_oneof![
        20 => submit.prop_map(|(sender, nonce, price, input, is_right)| {
            Action::Submit(sender, nonce, price, input, is_right)
        }),
        2 => proptest::collection::vec(change, 0..3).prop_map(Action::Commit),
        2 => (0_u64..30, 0_u64..9_000, 0..2 * SENDERS, 0..2 * SENDERS)
            .prop_map(|(gas, bytes, left_out, above)| {
                Action::Select(gas, bytes, left_out, above)
            }),
    ]
}

/// What is true of the mempool after every call.
fn check_invariants(pool: &Pool, model: &Model) -> Result<(), TestCaseError> {
    let sizes = pool.mempool.sizes();
    prop_assert_eq!(sizes.transactions, model.rows.len());
    prop_assert_eq!(sizes.bytes, Model::bytes(&model.rows));
    prop_assert!(sizes.transactions <= OPTIONS.transactions_max);
    prop_assert!(sizes.bytes <= OPTIONS.bytes_max);
    let mut senders = 0;
    for sender in (0..SENDERS).map(address) {
        let rows = model.of(&sender);
        let expected: Vec<&Signed> = rows.iter().map(|row| &row.signed).collect();
        let found: Vec<&Signed> = pool.mempool.of_sender(&sender).collect();
        prop_assert_eq!(&found, &expected);
        senders += usize::from(!found.is_empty());
        let state = model.account(&sender);
        for (nonce, signed) in (state.nonce..).zip(&found) {
            prop_assert_eq!(signed.transaction.nonce, nonce);
        }
        let costs = found
            .iter()
            .map(|signed| signed.transaction.cost_max().unwrap());
        prop_assert!(costs.sum::<u128>() <= state.balance);
        let next = (!found.is_empty()).then(|| state.nonce + found.len() as u64);
        prop_assert_eq!(pool.mempool.next_nonce(&sender), next);
    }
    prop_assert_eq!(sizes.senders, senders);
    Ok(())
}

fn apply(pool: &mut Pool, model: &mut Model, action: &Action) -> Result<(), TestCaseError> {
    match action {
        Action::Submit(sender, ahead, price, input, is_right) => {
            let nonce = (model.account(&address(*sender)).nonce + ahead).saturating_sub(1);
            let mut signed = match input {
                Some(bytes) => call(*sender, nonce, *price, *bytes),
                None => transfer(*sender, nonce, *price),
            };
            signed.signature[0] = u8::from(*is_right);
            let before = pool.accounts.verified.get();
            let expected = model.submit(&signed);
            prop_assert_eq!(pool.submit(&signed), expected.clone());
            let false_signature = Refused::Invalid(node::InvalidTransaction::Signature);
            let is_verified = expected.is_ok() || expected == Err(false_signature);
            let verified = pool.accounts.verified.get() - before;
            prop_assert_eq!(verified, u64::from(is_verified));
        }
        Action::Commit(changes) => {
            let changed: BTreeMap<Address, Account> = changes
                .iter()
                .map(|(sender, used, balance)| {
                    let sender = address(*sender);
                    let nonce = model.account(&sender).nonce + used;
                    (sender, account(nonce, balance * u128::from(GAS)))
                })
                .collect();
            let changed: Vec<(Address, Account)> = changed.into_iter().collect();
            prop_assert_eq!(pool.commit(&changed), model.commit(&changed));
        }
        Action::Select(gas, bytes, left_out, above) => {
            let above = address(*above);
            let state = model.account(&above);
            let state = account(state.nonce + 1, state.balance / 2);
            let selection = Selection {
                gas_max: gas * GAS,
                bytes_max: *bytes,
                accounts: &BTreeMap::from([(above, state)]),
                quarantined_senders: &BTreeSet::from([address(*left_out)]),
                ..Selection::within(&Limits::v1())
            };
            let selected = pool.mempool.select(&selection);
            prop_assert_eq!(selected, model.select(&selection));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_mempool_does_what_the_naive_model_does(
        actions in proptest::collection::vec(actions(), 1..150),
    ) {
        let (mut pool, mut model) = (Pool::new(*OPTIONS), Model::default());
        for action in &actions {
            apply(&mut pool, &mut model, action)?;
            check_invariants(&pool, &model)?;
        }
    }
}
