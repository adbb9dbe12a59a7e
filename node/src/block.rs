//! Decides whether a block is valid, by rules that need no state.
//!
//! The accept set is consensus; which rule is named first is not.
//!
//! Specification: docs/spec/blocks.md.

use crate::digest::{encode, length};
use crate::header::{Header, Tip};
use crate::limits::Limits;
use crate::rules::Prices;
use crate::transaction::{DecodeError, Signed, decode_canonical, intrinsic_gas};
use borsh::{BorshDeserialize, BorshSerialize};
use vm::unstable::limits::HostLimits;
use vm::{Address, Height, Rules};

/// A header with its transactions.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// The transactions in their order.
    pub transactions: Vec<Signed>,
}

impl Block {
    /// The block's encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads the canonical encoding of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// [`DecodeError`], the length first.
    pub fn decode(bytes: &[u8], bytes_max: u32) -> Result<Self, DecodeError> {
        decode_canonical(bytes, bytes_max)
    }
}

/// RFC 6962 root of encoded signed transactions.
#[must_use]
pub fn transactions_root(transactions: &[Signed]) -> [u8; 32] {
    let encoded: Vec<Vec<u8>> = transactions.iter().map(Signed::encode).collect();
    tree::list_root(&encoded)
}

/// Why a transaction is not valid in any block of this chain and these rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransaction {
    /// The encoding is too long.
    #[error("{bytes} bytes, at most {max} are allowed")]
    Bytes {
        /// What it has.
        bytes: u64,
        /// The limit.
        max: u32,
    },
    /// It is for another chain.
    #[error("another chain's id")]
    ChainId,
    /// The entry's name has not 1 to 64 bytes.
    #[error("entry name of {0} bytes")]
    EntryLength(u64),
    /// The input is longer than 64 KiB.
    #[error("input of {0} bytes")]
    InputLength(u64),
    /// The gas limit is above a transaction's maximum.
    #[error("gas limit {limit}, at most {max} is allowed")]
    GasLimit {
        /// The transaction's.
        limit: u64,
        /// The chain's.
        max: u64,
    },
    /// The gas limit does not cover bytes, signature and upload.
    #[error("gas limit {limit} is below the intrinsic gas {intrinsic:?}")]
    IntrinsicGas {
        /// The transaction's.
        limit: u64,
        /// What is needed; `None` if no u64 holds it.
        intrinsic: Option<u64>,
    },
    /// The signature is not the signer's.
    #[error("the signature is not the signer's")]
    Signature,
}

/// Why a block is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The encoding is too long.
    #[error("{bytes} bytes, at most {max} are allowed")]
    Bytes {
        /// What it has.
        bytes: u64,
        /// The limit.
        max: u32,
    },
    /// The header is for another chain.
    #[error("another chain's id")]
    ChainId,
    /// The header names rules that are not in force at its height.
    #[error("rules that are not in force")]
    RulesId,
    /// This build does not know the rules in force: it can neither accept nor execute the block.
    #[error("rules in force that this build does not know")]
    RulesUnknown,
    /// The height is not the parent's + 1.
    #[error("height {found}, {expected} expected")]
    Height {
        /// The header's.
        found: Height,
        /// The parent's + 1.
        expected: Height,
    },
    /// The parent is another block than the last one.
    #[error("another parent")]
    Parent,
    /// The time is not after the parent's.
    #[error("time {found} ms is not after the parent's {parent} ms")]
    Time {
        /// The header's.
        found: u64,
        /// The parent's.
        parent: u64,
    },
    /// The header holds another result of the parent than ours.
    #[error("another result of the parent")]
    ParentResult,
    /// The transactions are not those of the header.
    #[error("the transactions are not those of the header")]
    TransactionsRoot,
    /// The sum of the gas limits is above the block's maximum.
    #[error("gas limits of more than {max} in all")]
    Gas {
        /// The chain's maximum.
        max: u64,
    },
    /// A transaction is not valid.
    #[error("transaction {index}: {reason}")]
    Transaction {
        /// Its place in the block.
        index: u32,
        /// Why.
        reason: InvalidTransaction,
    },
}

/// What validity is judged against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The chain.
    pub chain_id: &'a [u8; 32],
    /// Its limits.
    pub limits: &'a Limits,
    /// The rules in force at the block's height.
    pub rules: &'a Rules,
    /// The parent.
    pub parent: &'a Tip,
}

/// A transaction of which all stateless rules have been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidTransaction {
    signed: Signed,
    id: [u8; 32],
    sender: Address,
    intrinsic_gas: u64,
}

impl ValidTransaction {
    /// Checks one transaction.
    ///
    /// # Errors
    /// [`InvalidTransaction`]; the signature is looked at last, because it is the dearest.
    pub fn new(signed: Signed, context: &Context<'_>) -> Result<Self, InvalidTransaction> {
        let transaction = &signed.transaction;
        let bytes = length(&signed.encode());
        let max = context.limits.transaction_bytes;
        if bytes > u64::from(max) {
            return Err(InvalidTransaction::Bytes { bytes, max });
        }
        if transaction.chain_id != *context.chain_id {
            return Err(InvalidTransaction::ChainId);
        }
        if let Some((entry, input)) = transaction.payload.invocation() {
            check_invocation(entry, input, &context.rules.host_limits)?;
        }
        let (limit, max) = (transaction.gas_limit, context.limits.transaction_gas);
        if limit > max {
            return Err(InvalidTransaction::GasLimit { limit, max });
        }
        let prices = Prices::of(context.rules);
        let intrinsic = prices.and_then(|prices| intrinsic_gas(transaction, bytes, &prices));
        let Some(intrinsic_gas) = intrinsic.filter(|needed| *needed <= limit) else {
            return Err(InvalidTransaction::IntrinsicGas { limit, intrinsic });
        };
        if !signed.verify() {
            return Err(InvalidTransaction::Signature);
        }
        let (id, sender) = (transaction.id(), transaction.signer.address());
        Ok(Self {
            signed,
            id,
            sender,
            intrinsic_gas,
        })
    }

    /// The transaction with its signature.
    #[must_use]
    pub const fn signed(&self) -> &Signed {
        &self.signed
    }

    /// The transaction's id.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The signer's address.
    #[must_use]
    pub const fn sender(&self) -> &Address {
        &self.sender
    }

    /// What it pays before its payload runs; at most its gas limit.
    #[must_use]
    pub const fn intrinsic_gas(&self) -> u64 {
        self.intrinsic_gas
    }
}

fn check_invocation(
    entry: &str,
    input: &[u8],
    limits: &HostLimits,
) -> Result<(), InvalidTransaction> {
    let name = length(entry.as_bytes());
    if name < u64::from(limits.entry_bytes_min) || name > u64::from(limits.entry_bytes_max) {
        return Err(InvalidTransaction::EntryLength(name));
    }
    let bytes = length(input);
    if bytes > u64::from(limits.data_bytes_max) {
        return Err(InvalidTransaction::InputLength(bytes));
    }
    Ok(())
}

/// A block of which all rules but execution have been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidBlock {
    header: Header,
    transactions: Vec<ValidTransaction>,
}

impl ValidBlock {
    /// Checks a block: size, header, transactions root, then each transaction.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn new(block: Block, context: &Context<'_>) -> Result<Self, Invalid> {
        let (bytes, max) = (length(&block.encode()), context.limits.block_bytes);
        if bytes > u64::from(max) {
            return Err(Invalid::Bytes { bytes, max });
        }
        check_header(&block.header, context)?;
        if block.header.transactions_root != transactions_root(&block.transactions) {
            return Err(Invalid::TransactionsRoot);
        }
        let max = context.limits.block_gas;
        let mut gas = 0_u64;
        let mut transactions = Vec::with_capacity(block.transactions.len());
        for (index, signed) in (0_u32..).zip(block.transactions) {
            gas = gas
                .checked_add(signed.transaction.gas_limit)
                .filter(|sum| *sum <= max)
                .ok_or(Invalid::Gas { max })?;
            let valid = ValidTransaction::new(signed, context)
                .map_err(|reason| Invalid::Transaction { index, reason })?;
            transactions.push(valid);
        }
        Ok(Self {
            header: block.header,
            transactions,
        })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The transactions in their order.
    #[must_use]
    pub fn transactions(&self) -> &[ValidTransaction] {
        &self.transactions
    }
}

fn check_header(header: &Header, context: &Context<'_>) -> Result<(), Invalid> {
    let parent = context.parent;
    if header.chain_id != *context.chain_id {
        return Err(Invalid::ChainId);
    }
    let expected = parent.height.next();
    if header.height != expected {
        return Err(Invalid::Height {
            found: header.height,
            expected,
        });
    }
    if header.parent != parent.hash {
        return Err(Invalid::Parent);
    }
    if header.time_ms <= parent.time_ms {
        return Err(Invalid::Time {
            found: header.time_ms,
            parent: parent.time_ms,
        });
    }
    if header.rules_id != *context.rules.id() {
        return Err(Invalid::RulesId);
    }
    if header.parent_result != parent.result {
        return Err(Invalid::ParentResult);
    }
    Ok(())
}
