//! Validates blocks by the rules that need no state.
//!
//! Which blocks are accepted is consensus; which broken rule is reported first is not.
//!
//! Specification: docs/spec/blocks.md, "Validity".

use crate::activations::RulesUnknown;
use crate::digest::{encode, length};
use crate::header::{Header, Tip};
use crate::limits::Limits;
use crate::rules::Prices;
use crate::signatures::{Signatures, Unverified};
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
    /// Borsh encoding of the block.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Decodes the canonical encoding of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// [`DecodeError`]; the length is checked first.
    pub fn decode(bytes: &[u8], bytes_max: u32) -> Result<Self, DecodeError> {
        decode_canonical(bytes, bytes_max)
    }
}

/// RFC 6962 root of encoded signed transactions.
#[must_use]
pub fn transactions_root(transactions: &[Signed]) -> [u8; 32] {
    tree::list_root(&encodings(transactions))
}

/// Encodings of transactions, in order.
pub(crate) fn encodings(transactions: &[Signed]) -> Vec<Vec<u8>> {
    transactions.iter().map(Signed::encode).collect()
}

/// Length of the encoding of a block whose transactions have these encodings, in bytes.
fn block_bytes(header: &Header, encoded: &[Vec<u8>]) -> u64 {
    let fixed = length(&encode(header)).saturating_add(LIST_LENGTH_BYTES);
    encoded
        .iter()
        .fold(fixed, |sum, bytes| sum.saturating_add(length(bytes)))
}

/// Bytes before the items of an encoded list.
pub(crate) const LIST_LENGTH_BYTES: u64 = 4;

/// Why a transaction is invalid in every block of this chain under these rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransaction {
    /// The encoding is too long.
    #[error("{bytes} bytes, at most {max} are allowed")]
    Bytes {
        /// Length of the encoding, in bytes.
        bytes: u64,
        /// Limit, in bytes.
        max: u32,
    },
    /// The transaction is for another chain.
    #[error("another chain's id")]
    ChainId,
    /// The length of the entry name is not 1 to 64 bytes.
    #[error("entry name of {0} bytes")]
    EntryLength(u64),
    /// The input is longer than 64 KiB.
    #[error("input of {0} bytes")]
    InputLength(u64),
    /// The gas limit is above the maximum for a transaction.
    #[error("gas limit {limit}, at most {max} is allowed")]
    GasLimit {
        /// Gas limit of the transaction, in gas.
        limit: u64,
        /// Limit of the chain, in gas.
        max: u64,
    },
    /// The gas limit is below the intrinsic gas: the price of bytes, signature and upload.
    #[error("gas limit {limit} is below the intrinsic gas {intrinsic:?}")]
    IntrinsicGas {
        /// Gas limit of the transaction, in gas.
        limit: u64,
        /// Required gas; `None` if it exceeds a u64.
        intrinsic: Option<u64>,
    },
    /// The signature does not verify.
    #[error("the signature is not the signer's")]
    Signature,
}

/// Why a block is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The encoding is too long.
    #[error("{bytes} bytes, at most {max} are allowed")]
    Bytes {
        /// Length of the encoding, in bytes.
        bytes: u64,
        /// Limit, in bytes.
        max: u32,
    },
    /// The header is for another chain.
    #[error("another chain's id")]
    ChainId,
    /// The header's rules id is not that of the rules in force at its height.
    #[error(
        "the header names the rules {}, in force are {}: by the genesis and the upgrade documents \
         of this node",
        hex::encode(.found),
        hex::encode(.expected)
    )]
    RulesId {
        /// Rules id in the header.
        found: [u8; 32],
        /// Id of the rules in force.
        expected: [u8; 32],
    },
    /// This build does not have the rules in force, so it can neither accept nor refuse the block:
    /// this node is behind.
    #[error(transparent)]
    RulesUnknown(#[from] RulesUnknown),
    /// The height is not the parent's height + 1.
    #[error("height {found}, {expected} expected")]
    Height {
        /// Height in the header.
        found: Height,
        /// The parent's height + 1.
        expected: Height,
    },
    /// The parent is not the last committed block.
    #[error("another parent")]
    Parent,
    /// The time is not after the parent's.
    #[error("time {found} ms is not after the parent's {parent} ms")]
    Time {
        /// Time in the header, in milliseconds.
        found: u64,
        /// Time of the parent, in milliseconds.
        parent: u64,
    },
    /// The parent's result in the header differs from the one that this node computed.
    #[error("another result of the parent")]
    ParentResult,
    /// The root in the header is not that of the transactions.
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
        /// Index of the transaction in the block.
        index: u32,
        /// Why the transaction is invalid.
        reason: InvalidTransaction,
    },
}

/// What a block is validated against.
#[derive(Clone, Copy, Debug)]
pub struct ValidationContext<'a> {
    /// Id of the chain.
    pub chain_id: &'a [u8; 32],
    /// Limits of the chain.
    pub limits: &'a Limits,
    /// The rules in force at the block's height.
    pub rules: &'a Rules,
    /// The last committed block.
    pub parent: &'a Tip,
}

/// A transaction that has passed all stateless checks.
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
    /// [`InvalidTransaction`]; the signature is checked last, because that is the most expensive
    /// check.
    pub fn new(
        signed: Signed,
        context: &ValidationContext<'_>,
    ) -> Result<Self, InvalidTransaction> {
        let bytes = length(&signed.encode());
        let valid = Self::without_signature(signed, bytes, context)?;
        if valid.has_signature() {
            Ok(valid)
        } else {
            Err(InvalidTransaction::Signature)
        }
    }

    /// Checks everything but the signature of a transaction whose encoding has `bytes` bytes.
    pub(crate) fn without_signature(
        signed: Signed,
        bytes: u64,
        context: &ValidationContext<'_>,
    ) -> Result<Self, InvalidTransaction> {
        let transaction = &signed.transaction;
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
        let (id, sender) = (transaction.id(), transaction.signer.address());
        Ok(Self {
            signed,
            id,
            sender,
            intrinsic_gas,
        })
    }

    /// True if the signature is the signer's.
    pub(crate) fn has_signature(&self) -> bool {
        self.signed.verify_id(&self.id)
    }

    /// The transaction with its signature.
    #[must_use]
    pub const fn signed(&self) -> &Signed {
        &self.signed
    }

    /// The transaction with its signature.
    pub(crate) fn into_signed(self) -> Signed {
        self.signed
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

    /// Gas charged before the payload runs; at most the gas limit.
    #[must_use]
    pub const fn intrinsic_gas(&self) -> u64 {
        self.intrinsic_gas
    }
}

/// What the signatures of these transactions are verified of.
pub(crate) fn unverified(transactions: &[ValidTransaction]) -> Vec<Unverified<'_>> {
    let each = transactions.iter();
    each.map(|valid| (&valid.signed, &valid.id)).collect()
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

/// A block that has passed all checks except execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidBlock {
    header: Header,
    transactions: Vec<ValidTransaction>,
}

impl ValidBlock {
    /// Checks a block: size, header, transactions root, then each transaction, and its signatures
    /// last.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn new(block: Block, context: &ValidationContext<'_>) -> Result<Self, Invalid> {
        Self::with(block, context, &Signatures::inline())
    }

    /// As [`ValidBlock::new`], with another way to verify signatures.
    pub(crate) fn with(
        block: Block,
        context: &ValidationContext<'_>,
        signatures: &Signatures,
    ) -> Result<Self, Invalid> {
        let Block {
            header,
            transactions,
        } = block;
        let encoded = encodings(&transactions);
        let (bytes, max) = (block_bytes(&header, &encoded), context.limits.block_bytes);
        if bytes > u64::from(max) {
            return Err(Invalid::Bytes { bytes, max });
        }
        check_header(&header, context)?;
        if header.transactions_root != tree::list_root(&encoded) {
            return Err(Invalid::TransactionsRoot);
        }
        let max = context.limits.block_gas;
        let mut gas = 0_u64;
        let mut valid = Vec::with_capacity(transactions.len());
        for (index, (signed, bytes)) in (0_u32..).zip(transactions.into_iter().zip(&encoded)) {
            gas = gas
                .checked_add(signed.transaction.gas_limit)
                .filter(|sum| *sum <= max)
                .ok_or(Invalid::Gas { max })?;
            let transaction = ValidTransaction::without_signature(signed, length(bytes), context)
                .map_err(|reason| Invalid::Transaction { index, reason })?;
            valid.push(transaction);
        }
        let verified = signatures.verify(&unverified(&valid), &encoded);
        match (0_u32..).zip(verified).find(|(_, is_signed)| !is_signed) {
            Some((index, _)) => Err(Invalid::Transaction {
                index,
                reason: InvalidTransaction::Signature,
            }),
            None => Ok(Self {
                header,
                transactions: valid,
            }),
        }
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

    /// Copies of the signed transactions, in their order.
    pub(crate) fn signed(&self) -> Vec<Signed> {
        let each = self.transactions.iter();
        each.map(|valid| valid.signed.clone()).collect()
    }
}

fn check_header(header: &Header, context: &ValidationContext<'_>) -> Result<(), Invalid> {
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
        return Err(Invalid::RulesId {
            found: header.rules_id,
            expected: *context.rules.id(),
        });
    }
    if header.parent_result != parent.result {
        return Err(Invalid::ParentResult);
    }
    Ok(())
}
