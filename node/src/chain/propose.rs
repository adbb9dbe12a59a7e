//! Builds blocks from candidates: valid ones, as many as fit, in their order.

use super::outcome::ChainError;
use super::{At, Chain};
use crate::block::{
    Block, InvalidTransaction, LIST_LENGTH_BYTES, ValidTransaction, ValidationContext, encodings,
    transactions_root, unverified,
};
use crate::digest::length;
use crate::header::Header;
use crate::limits::HEADER_BYTES;
use crate::misuse::Misuse;
use crate::transaction::{PublicKey, Signed};
use std::collections::BTreeSet;
use vm::Address;

/// What a proposal is made of, besides its parent.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Transactions in the order of preference.
    pub candidates: Vec<Signed>,
    /// True to add pending transactions of the chain's mempool, of other signers.
    pub from_pool: bool,
    /// Time of the block, in milliseconds since 1970; after the parent's.
    pub time_ms: u64,
    /// Account that receives the fees.
    pub proposer: Address,
    /// Bytes of the encoded block; the chain's limit if that is lower.
    pub bytes_max: u32,
    /// Sum of the gas limits, in gas; the chain's limit if that is lower.
    pub gas_max: u64,
}

impl Proposal {
    /// A proposal within the chain's limits.
    #[must_use]
    pub const fn new(candidates: Vec<Signed>, time_ms: u64, proposer: Address) -> Self {
        Self {
            candidates,
            from_pool: false,
            time_ms,
            proposer,
            bytes_max: u32::MAX,
            gas_max: u64::MAX,
        }
    }

    /// A proposal within the chain's limits, of what is pending in its mempool.
    #[must_use]
    pub fn from_pool(time_ms: u64, proposer: Address) -> Self {
        Self {
            from_pool: true,
            ..Self::new(Vec::new(), time_ms, proposer)
        }
    }
}

/// Room that is left in a block.
struct Room {
    bytes: u64,
    gas: u64,
    /// Signers of candidates that were left out: their later ones would be skipped for their nonce.
    left_out: BTreeSet<PublicKey>,
}

impl Chain {
    /// Builds a block on a known block: the last final one, or a verified one. Executes nothing.
    ///
    /// Leaves out candidates that are invalid; those that are quarantined or do not fit, with later
    /// ones of the same signer, which would be skipped for their nonce. Verifies the signature of
    /// every candidate that is not remembered, so the caller bounds their number.
    ///
    /// # Errors
    /// [`Misuse::UnknownBlock`], [`Misuse::Time`], [`Misuse::NoMempool`]; [`vm::Fault`] if the
    /// store fails.
    pub fn propose(&self, parent: &[u8; 32], proposal: Proposal) -> Result<Block, ChainError> {
        let limits = self.genesis.limits();
        let fixed = u64::from(HEADER_BYTES).saturating_add(LIST_LENGTH_BYTES);
        let mut room = Room {
            bytes: u64::from(proposal.bytes_max.min(limits.block_bytes)).saturating_sub(fixed),
            gas: proposal.gas_max.min(limits.block_gas),
            left_out: BTreeSet::new(),
        };
        let (tip, rules) = self.with_view(At::Block(*parent), |view, base| {
            let tip = view.tip;
            if !view.back.is_empty() {
                // Below the last final block.
                return Err(Misuse::UnknownBlock.into());
            }
            if proposal.time_ms <= tip.time_ms {
                return Err(ChainError::Misuse(Misuse::Time {
                    found: proposal.time_ms,
                    parent: tip.time_ms,
                }));
            }
            Ok((tip, self.rules_above(&tip, &base)?))
        })?;
        let context = self.context(&tip, rules);
        let mut header = Header {
            parent: tip.hash,
            height: tip.height.next(),
            time_ms: proposal.time_ms,
            chain_id: self.chain_id,
            proposer: proposal.proposer,
            transactions_root: [0; 32],
            rules_id: *rules.id(),
            parent_result: tip.result,
        };
        let mut transactions = self.select(proposal.candidates, &mut room, &context);
        if proposal.from_pool {
            let selected = transactions.iter().map(|signed| signed.transaction.signer);
            let signers = selected.chain(room.left_out.iter().copied());
            let signers = signers.map(|signer| signer.address()).collect();
            let pending = self.with_view(At::Block(*parent), |view, _| {
                self.pending(view, (room.bytes, room.gas), &signers)
            })?;
            transactions.extend(self.select(pending, &mut room, &context));
        }
        header.transactions_root = transactions_root(&transactions);
        Ok(Block {
            header,
            transactions,
        })
    }

    /// Checks a transaction as a block above the last final one would, and remembers its signature.
    ///
    /// # Errors
    /// [`vm::Fault`] if the store fails.
    pub fn check(&self, signed: Signed) -> Result<Result<(), InvalidTransaction>, ChainError> {
        let (tip, rules) = self.with_base(At::Final, |tip, base| {
            Ok((*tip, self.rules_above(tip, &base)?))
        })?;
        let context = self.context(&tip, rules);
        let encoded = signed.encode();
        let checked = ValidTransaction::without_signature(signed, length(&encoded), &context);
        Ok(checked.and_then(|valid| {
            let verified = self.signatures.verify(&unverified(&[valid]), &[encoded]);
            if verified == [true] {
                Ok(())
            } else {
                Err(InvalidTransaction::Signature)
            }
        }))
    }

    fn select(
        &self,
        candidates: Vec<Signed>,
        room: &mut Room,
        context: &ValidationContext<'_>,
    ) -> Vec<Signed> {
        let mut valid = Vec::with_capacity(candidates.len());
        let mut encoded = Vec::with_capacity(candidates.len());
        let encodings = encodings(&candidates);
        for (signed, bytes) in candidates.into_iter().zip(encodings) {
            let checked = ValidTransaction::without_signature(signed, length(&bytes), context);
            if let Ok(checked) = checked {
                valid.push(checked);
                encoded.push(bytes);
            }
        }
        let verified = self.signatures.verify(&unverified(&valid), &encoded);
        let quarantined: BTreeSet<[u8; 32]> = self.quarantine.ids().into_iter().collect();
        let mut selected = Vec::new();
        for ((valid, bytes), is_signed) in valid.into_iter().zip(encoded).zip(verified) {
            // Only a signature makes a transaction its signer's: what another sends in a signer's
            // name does not keep out the signer's own.
            if !is_signed {
                continue;
            }
            if !quarantined.contains(valid.id()) && room.take(&valid, length(&bytes)) {
                selected.push(valid.into_signed());
            } else {
                room.left_out.insert(valid.signed().transaction.signer);
            }
        }
        selected
    }
}

impl Room {
    /// Takes the room of a transaction, if there is enough and none of its signer was left out.
    fn take(&mut self, valid: &ValidTransaction, bytes: u64) -> bool {
        let transaction = &valid.signed().transaction;
        let left = (
            self.bytes.checked_sub(bytes),
            self.gas.checked_sub(transaction.gas_limit),
        );
        match left {
            (Some(bytes), Some(gas)) if !self.left_out.contains(&transaction.signer) => {
                (self.bytes, self.gas) = (bytes, gas);
                true
            }
            _ => false,
        }
    }
}
