//! Reads what a chain consists of: transactions, blocks, archives, cases, proofs.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a property that is not true must stop the fuzzer"
)]

use crate::hashes;
use crate::sample::parts;
use node::archive::{ArchiveError, ArchiveReader, MAGIC as ARCHIVE};
use node::limits::{BLOCK_BYTES_MAX, Limits};
use node::{
    Block, Header, MemoryStore, Signed, Tip, ValidBlock, ValidTransaction, ValidationContext,
    transactions_root,
};
use node_sim::case::{self, Case, CaseError};
use node_sim::replay::{Replay, ReplayError};
use proof::{Expected, Proof, verify};
use vm::{Fault, Height, Interpreter};

/// The block before the one with this header, if there is one that it follows.
fn parent(header: &Header) -> Tip {
    Tip {
        height: Height(header.height.0.saturating_sub(1)),
        hash: header.parent,
        time_ms: header.time_ms.saturating_sub(1),
        result: header.parent_result,
    }
}

/// An encoded transaction with its signature: what decodes has one encoding, and is validated.
pub fn transaction(bytes: &[u8]) {
    let limits = Limits::v1();
    let Ok(signed) = Signed::decode(bytes, limits.transaction_bytes) else {
        return;
    };
    assert_eq!(signed.encode(), bytes);
    let rules = node::rules::version_1();
    let chain_id = signed.transaction.chain_id;
    let context = ValidationContext {
        chain_id: &chain_id,
        limits: &limits,
        rules: &rules,
        parent: &Tip {
            height: Height(0),
            hash: [0; 32],
            time_ms: 0,
            result: crate::sample::no_result(),
        },
    };
    let is_signed = signed.verify();
    let gas_limit = signed.transaction.gas_limit;
    if let Ok(valid) = ValidTransaction::new(signed, &context) {
        assert!(is_signed);
        assert!(valid.intrinsic_gas() <= gas_limit);
    }
}

/// An encoded block: what decodes has one encoding, and is validated as the block after its parent.
pub fn block(bytes: &[u8]) {
    let Ok(mut block) = Block::decode(bytes, BLOCK_BYTES_MAX) else {
        return;
    };
    assert_eq!(block.encode(), bytes);
    block.header.transactions_root = transactions_root(&block.transactions);
    let parent = parent(&block.header);
    let chain_id = block.header.chain_id;
    let rules = node::rules::version_1();
    let context = ValidationContext {
        chain_id: &chain_id,
        limits: &Limits::v1(),
        rules: &rules,
        parent: &parent,
    };
    if let Ok(valid) = ValidBlock::new(block.clone(), &context) {
        assert_eq!(valid.transactions().len(), block.transactions.len());
    }
}

/// An archive, also with the right hashes: blocks, or an error of the file.
pub fn archive(bytes: &[u8]) {
    read_archive(bytes);
    read_archive(&hashes::records(bytes, ARCHIVE.len(), b""));
}

fn read_archive(file: &[u8]) {
    let Ok(mut reader) = ArchiveReader::new(file) else {
        return;
    };
    loop {
        match reader.next_block() {
            Ok(Some(_)) => {}
            Ok(None) => return,
            Err(ArchiveError::Io(error)) => unexpected(&error),
            Err(_) => return,
        }
    }
}

/// An archive with the right hashes, replayed: agreement, a difference, or an error of the file.
pub fn replay(bytes: &[u8]) {
    let file = hashes::records(bytes, ARCHIVE.len(), b"");
    if let Err(ReplayError::Fault(fault)) = replayed(&file) {
        unexpected(&fault);
    }
}

fn replayed(file: &[u8]) -> Result<(), ReplayError> {
    let reader = ArchiveReader::new(file)?;
    let mut replay = Replay::new(reader, parts(), Box::new(MemoryStore::new()))?
        .bisecting(Box::new(|| Box::new(Interpreter::new())));
    while replay.step()? {}
    assert!(replay.replayed().compared > 0, "nothing was compared");
    Ok(())
}

/// A case file, also with the right hash, replayed: an outcome, or an error of the file.
pub fn case(bytes: &[u8]) {
    for file in [
        bytes.to_vec(),
        hashes::records(bytes, case::MAGIC.len(), b""),
    ] {
        if let Err(CaseError::Fault(fault)) = replayed_case(&file) {
            unexpected(&fault);
        }
    }
}

fn replayed_case(file: &[u8]) -> Result<(), CaseError> {
    let rules = node::rules::rulebook();
    let case = Case::read(file, &rules)?;
    let mut written = Vec::new();
    case.write(&mut written)
        .expect("a case that was read is written");
    assert_eq!(written, file);
    let valid = case.validate(&rules)?;
    case.replay(&Interpreter::new(), &rules, &valid)?;
    Ok(())
}

/// A proof after its first line: what decodes has one encoding, and is verified.
pub fn proof(bytes: &[u8]) {
    // Without its first line most inputs would end there.
    let bytes = [proof::MAGIC, bytes].concat();
    let Ok(decoded) = Proof::decode(&bytes) else {
        return;
    };
    assert_eq!(decoded.encode(), bytes);
    // Under its own last header, so that the claim is reached.
    let trusted = decoded.headers.last().map(proof::Header::hash);
    let _ = verify(&bytes, &trusted.unwrap_or_default(), &Expected::Any);
}

/// Stops: no file may be blamed on this machine.
fn unexpected(error: &dyn core::fmt::Display) -> ! {
    panic!("this machine is blamed for a file: {error}")
}

/// Stops at a broken invariant; a store may say that its file is damaged.
pub(crate) fn not_an_invariant(fault: &Fault) {
    if matches!(fault, Fault::Invariant(_) | Fault::Engine { .. }) {
        unexpected(fault);
    }
}
