//! Chooses the transactions of a proposal; changes nothing, so a proposal may be discarded.

use super::pending_set::{HeadKey, PendingSet, head_key};
use crate::block::LIST_LENGTH_BYTES;
use crate::limits::{HEADER_BYTES, Limits};
use crate::transaction::Signed;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use vm::Address;
use vm::unstable::state::Account;

/// What a proposal may contain.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// Sum of the gas limits, in gas.
    pub gas_max: u64,
    /// Bytes of the encoded signed transactions.
    pub bytes_max: u64,
    /// Accounts as of the proposal's parent, of those that blocks between the mempool's tip and
    /// that parent changed; empty if the parent is the tip. Transactions in these blocks are left
    /// out.
    pub accounts: &'a BTreeMap<Address, Account>,
    /// Senders whose transactions are left out.
    pub quarantined_senders: &'a BTreeSet<Address>,
    /// Ids of transactions that are left out, with the later ones of their senders.
    pub quarantined: &'a BTreeSet<[u8; 32]>,
}

static NO_ACCOUNTS: BTreeMap<Address, Account> = BTreeMap::new();
static NO_SENDERS: BTreeSet<Address> = BTreeSet::new();
static NO_IDS: BTreeSet<[u8; 32]> = BTreeSet::new();

impl Selection<'_> {
    /// What fits a block of the chain whose parent is the mempool's tip; nothing is left out.
    #[must_use]
    pub fn within(limits: &Limits) -> Self {
        let fixed = u64::from(HEADER_BYTES).saturating_add(LIST_LENGTH_BYTES);
        Self {
            gas_max: limits.block_gas,
            bytes_max: u64::from(limits.block_bytes).saturating_sub(fixed),
            accounts: &NO_ACCOUNTS,
            quarantined_senders: &NO_SENDERS,
            quarantined: &NO_IDS,
        }
    }
}

/// The next transaction of a sender, with its position and the end of those that may be selected.
type Candidate = (HeadKey, usize, usize);

/// Transactions for a block, the greatest gas price first, those of a sender in the order of
/// nonces. Equal prices are in the order of the hashes. Ends after `misfits_max` senders whose next
/// transaction did not fit.
pub(super) fn select(
    pending: &PendingSet,
    selection: &Selection<'_>,
    misfits_max: usize,
) -> Vec<Signed> {
    let mut selected = Vec::new();
    let (mut gas_left, mut bytes_left) = (selection.gas_max, selection.bytes_max);
    let mut misfits_left = misfits_max.max(1);
    let mut heads = pending.heads().iter().peekable();
    let mut next: BinaryHeap<Reverse<Candidate>> = selection
        .accounts
        .iter()
        .filter_map(|(sender, account)| candidate_above(pending, sender, account))
        .map(Reverse)
        .collect();
    while gas_left > 0 && misfits_left > 0 {
        let known = |sender: &Address| selection.accounts.contains_key(sender);
        while heads.next_if(|(_, _, sender)| known(sender)).is_some() {}
        let head = heads.peek().copied();
        let later = next.peek().map(|Reverse((key, ..))| key);
        let is_head = match (head, later) {
            (Some(head), Some(later)) => head < later,
            (head, _) => head.is_some(),
        };
        let candidate = if is_head {
            heads.next().and_then(|key| {
                let queue = pending.queue(&key.2)?;
                Some((*key, 0, queue.len()))
            })
        } else {
            next.pop().map(|Reverse(candidate)| candidate)
        };
        let Some((key, position, end)) = candidate else {
            break;
        };
        let sender = key.2;
        let queue = pending.queue(&sender);
        let Some((queue, transaction)) =
            queue.and_then(|found| Some((found, found.get(position)?)))
        else {
            continue;
        };
        if selection.quarantined_senders.contains(&sender)
            || selection.quarantined.contains(&transaction.id)
        {
            continue;
        }
        let gas = gas_left.checked_sub(transaction.signed.transaction.gas_limit);
        let bytes = bytes_left.checked_sub(transaction.encoded_bytes);
        let (Some(gas), Some(bytes)) = (gas, bytes) else {
            misfits_left = misfits_left.saturating_sub(1);
            continue;
        };
        (gas_left, bytes_left) = (gas, bytes);
        selected.push(transaction.signed.clone());
        let following = position.saturating_add(1);
        if following < end {
            let key = head_key(&sender, queue, following);
            next.extend(key.map(|key| Reverse((key, following, end))));
        }
    }
    selected
}

/// The first transaction that an account as of the parent can execute.
fn candidate_above(pending: &PendingSet, sender: &Address, account: &Account) -> Option<Candidate> {
    let queue = pending.queue(sender)?;
    let start = queue.position(account.nonce)?;
    let end = queue.payable(start, account.balance);
    let key = head_key(sender, queue, start)?;
    (start < end).then_some((key, start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::digest::length;
    use crate::header::{BlockResult, Header};
    use vm::Height;

    #[test]
    fn a_selection_leaves_room_for_header_and_count() {
        let selection = Selection::within(&Limits::v1());
        let block = Block {
            header: Header {
                parent: [1; 32],
                height: Height(u64::MAX),
                time_ms: u64::MAX,
                chain_id: [2; 32],
                proposer: Address([3; 32]),
                transactions_root: [4; 32],
                rules_id: [5; 32],
                parent_result: BlockResult {
                    state_root: [6; 32],
                    receipts_root: [7; 32],
                    gas_used: u64::MAX,
                },
            },
            transactions: Vec::new(),
        };
        let max = u64::from(Limits::v1().block_bytes);
        assert_eq!(selection.bytes_max + length(&block.encode()), max);
    }
}
