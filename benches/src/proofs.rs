//! Measures proofs of state and of receipts: their size in bytes, and the time to verify them.

use crate::Measured;
use crate::clock::time;
use crate::statistics::{median, per};
use proof::{BlockResult, Claim, Expected, Header, Proof, Receipt, ReceiptExit, verify};
use serde::Serialize;
use tree::{Path, Root, Tree, ValueHash, list_proof, list_root};

/// Number of proofs of each kind.
const SAMPLES: u32 = 1_000;
/// Times that each proof is verified; the median counts.
const ROUNDS: usize = 9;
/// Bytes of each value.
const VALUE_BYTES: usize = 64;
/// Receipts of the block.
const RECEIPTS: u32 = 1_000;

/// Figures of one kind of proof.
#[derive(Debug, Serialize)]
pub struct ProofFigures {
    /// What is proved.
    pub kind: &'static str,
    /// Number of keys of the tree, or of receipts of the block.
    pub of: u32,
    /// Size of a proof with one header, in bytes: the median.
    pub bytes: f64,
    /// Size of the largest proof, in bytes.
    pub bytes_max: usize,
    /// Time to decode and verify one proof, in microseconds: the median of rounds over all.
    pub verify_us: f64,
}

/// Measures trees of 10^4 and 10^6 keys, and a block of 1,000 receipts.
///
/// # Errors
/// An error if a proof is not accepted.
pub fn report(quick: bool) -> Measured<Vec<ProofFigures>> {
    let mut rows = Vec::new();
    for keys in if quick {
        [100, 10_000]
    } else {
        [10_000, 1_000_000]
    } {
        let leaves = (0..keys).map(|number| (Path::of_key(&key(number)), ValueHash::of(&value())));
        let tree = Tree::from_leaves(leaves);
        let step = keys.div_ceil(SAMPLES);
        let numbers = (0..keys).step_by(usize::try_from(step)?);
        let present = numbers.map(|number| claim(&tree, key(number), Some(value())));
        rows.push(figures(
            "value",
            keys,
            &proofs(&header(tree.root(), [0; 32]), present),
        )?);
        let absent = (keys..).take(usize::try_from(SAMPLES)?);
        let absent = absent.map(|number| claim(&tree, key(number), None));
        rows.push(figures(
            "absence",
            keys,
            &proofs(&header(tree.root(), [0; 32]), absent),
        )?);
    }
    let receipts: Vec<Receipt> = (0..RECEIPTS).map(receipt).collect();
    let items: Vec<Vec<u8>> = receipts.iter().map(Receipt::encode).collect();
    let header = header(Root::EMPTY, list_root(&items));
    let claims = receipts
        .into_iter()
        .zip(0..)
        .filter_map(|(receipt, index)| {
            let path = list_proof(&items, index)?;
            Some(Claim::Receipt { receipt, path })
        });
    rows.push(figures("receipt", RECEIPTS, &proofs(&header, claims))?);
    Ok(rows)
}

/// A key of the length of a contract's key of 32 bytes.
fn key(number: u32) -> Vec<u8> {
    let mut key = vec![2; 65];
    key.splice(61.., number.to_le_bytes());
    key
}

fn value() -> Vec<u8> {
    vec![7; VALUE_BYTES]
}

fn receipt(number: u32) -> Receipt {
    let tx_id = *Path::of_key(&number.to_le_bytes()).as_bytes();
    Receipt {
        tx_id,
        exit: ReceiptExit::Return,
        code: 0,
        gas_used: number.into(),
        output_hash: tx_id,
        events_root: tx_id,
    }
}

fn claim(tree: &Tree, key: Vec<u8>, value: Option<Vec<u8>>) -> Claim {
    let tree::Proof { leaf, siblings } = tree.prove(&Path::of_key(&key));
    match value {
        Some(value) => Claim::Present {
            key,
            value,
            siblings,
        },
        None => Claim::Absent {
            key,
            leaf,
            siblings,
        },
    }
}

fn header(state: Root, receipts_root: [u8; 32]) -> Header {
    Header {
        parent: [1; 32],
        height: 2,
        time_ms: 3,
        chain_id: [4; 32],
        proposer: [5; 32],
        transactions_root: [6; 32],
        rules_id: [7; 32],
        parent_result: BlockResult {
            state_root: state.0,
            receipts_root,
            gas_used: 8,
        },
    }
}

/// Encoded proofs, each with the hash of its header.
fn proofs(header: &Header, claims: impl Iterator<Item = Claim>) -> Vec<(Vec<u8>, [u8; 32])> {
    let proof = |claim| Proof {
        headers: vec![header.clone()],
        claim,
    };
    claims
        .map(|claim| (proof(claim).encode(), header.hash()))
        .collect()
}

fn figures(kind: &'static str, of: u32, proofs: &[(Vec<u8>, [u8; 32])]) -> Measured<ProofFigures> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (nanoseconds, all) = time(|| {
            let mut proofs = proofs.iter();
            proofs.try_for_each(|(bytes, hash)| verify(bytes, hash, &Expected::Any).map(drop))
        });
        all?;
        rounds.push(per(nanoseconds, proofs.len()));
    }
    let lengths = proofs.iter().map(|(bytes, _)| bytes.len());
    let sizes = lengths.clone().map(sample);
    Ok(ProofFigures {
        kind,
        of,
        bytes: median(&sizes.collect::<Vec<_>>()),
        bytes_max: lengths.max().unwrap_or(0),
        verify_us: per(median(&rounds), 1_000),
    })
}

/// A length as a sample of statistics.
fn sample(length: usize) -> f64 {
    u32::try_from(length).map_or(f64::INFINITY, f64::from)
}
