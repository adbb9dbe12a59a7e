//! Adds transactions at the edges of balance, nonce and gas limit, from accounts of their own.

use super::{BlockDraft, Workload};
use node::{Payload, SecretKey, Signed, Transaction};
use vm::Address;

/// Gas limit of the transactions that use a whole balance; their gas price is 1.
const GAS_LIMIT: u64 = 10_000_000;
/// Amount that they transfer.
const AMOUNT: u128 = 1;

/// Balances of the two accounts: what such a transaction may cost, and one unit less.
pub(super) const BALANCES: [u128; 2] = [10_000_001, 10_000_000];

impl Workload {
    /// Adds the transactions to a block.
    pub(super) fn add_edges(&self, draft: &mut BlockDraft) {
        let to = Address([0x79; 32]);
        let transfer = |to, amount| Payload::Transfer { to, amount };
        let [enough, less] = &self.edges;
        let pays = |key: &SecretKey, nonce, payload| self.sign(key, (nonce, GAS_LIMIT, 1), payload);
        let exact = pays(enough, 0, transfer(to, AMOUNT));
        draft.transactions.push(exact.clone());
        // The same transaction again is skipped, as is one whose nonce was not reached.
        draft.transactions.push(exact);
        draft.transactions.push(pays(enough, 2, transfer(to, 0)));
        draft.transactions.push(pays(less, 0, transfer(to, AMOUNT)));
        draft
            .transactions
            .push(pays(less, 0, transfer(to, u128::MAX)));
        // To itself, and with the greatest gas limit.
        let account = self.account(0);
        let own = account.address();
        let next = draft.nonces.get(&own).copied().unwrap_or_default();
        draft.nonces.insert(own, next.saturating_add(2));
        let limits = self.genesis.limits();
        let greatest = (next.saturating_add(1), limits.transaction_gas, 0);
        draft
            .transactions
            .push(pays(&account, next, transfer(own, 5)));
        draft
            .transactions
            .push(self.sign(&account, greatest, transfer(to, 7)));
    }

    fn sign(
        &self,
        key: &SecretKey,
        (nonce, gas_limit, gas_price): (u64, u64, u64),
        payload: Payload,
    ) -> Signed {
        key.sign(Transaction {
            chain_id: self.chain_id,
            signer: key.public(),
            nonce,
            gas_limit,
            gas_price,
            payload,
        })
    }
}
