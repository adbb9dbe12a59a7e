//! Measures proofs of state and of receipts: their size in bytes, and the time to verify them.
//!
//! `cargo run --release -p lockstep-tree --example proofs`. Each proof has one header. The time is
//! that of decoding and verifying, the least of several rounds over all proofs of a row.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command prints")]
#![expect(
    clippy::disallowed_types,
    reason = "it measures; no result depends on it"
)]

extern crate lockstep_tree as tree;

use proof::{BlockResult, Claim, Expected, Header, Proof, ProofError, Receipt, ReceiptExit};
use std::time::{Duration, Instant};
use tree::{Path, Root, Tree, ValueHash, list_proof, list_root};

/// Proofs of each kind, and receipts of the block.
const SAMPLES: u32 = 1_000;
/// Times that each proof is verified.
const ROUNDS: u32 = 9;
/// Length of a state key: kind, address, raw key.
const KEY_BYTES: usize = 1 + 32 + 32;
/// Value of every key.
const VALUE: [u8; 64] = [7; 64];

fn main() -> Result<(), ProofError> {
    println!("kind       of          bytes: median    most   verify, ns");
    for keys in [10_000, 1_000_000] {
        let leaves = (0..keys).map(|key| (Path::of_key(&state_key(key)), ValueHash::of(&VALUE)));
        let tree = Tree::from_leaves(leaves);
        let step = usize::try_from(keys.div_ceil(SAMPLES)).unwrap_or(usize::MAX);
        let header = header(tree.root(), [0; 32]);
        let present = (0..keys)
            .step_by(step)
            .map(|key| state_claim(&tree, key, true));
        show("value", keys, &header, present)?;
        let absent = (keys..keys.saturating_add(SAMPLES)).map(|key| state_claim(&tree, key, false));
        show("absence", keys, &header, absent)?;
    }
    let receipts: Vec<Receipt> = (0..SAMPLES).map(receipt).collect();
    let items: Vec<Vec<u8>> = receipts.iter().map(Receipt::encode).collect();
    let header = header(Root::EMPTY, list_root(&items));
    let claims = receipts.into_iter().enumerate();
    let claims = claims.filter_map(|(index, receipt)| {
        let path = list_proof(&items, index)?;
        Some(Claim::Receipt { receipt, path })
    });
    show("receipt", SAMPLES, &header, claims)
}

/// Prints a row: sizes of the proofs and the time to verify one.
fn show(
    kind: &str,
    of: u32,
    header: &Header,
    claims: impl Iterator<Item = Claim>,
) -> Result<(), ProofError> {
    let proof = |claim| Proof {
        headers: vec![header.clone()],
        claim,
    };
    let proofs: Vec<Vec<u8>> = claims.map(|claim| proof(claim).encode()).collect();
    let trusted = header.hash();
    let mut least = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for bytes in &proofs {
            proof::verify(bytes, &trusted, &Expected::Any)?;
        }
        least = least.min(start.elapsed());
    }
    let mut sizes: Vec<usize> = proofs.iter().map(Vec::len).collect();
    sizes.sort_unstable();
    let median = sizes.get(sizes.len() / 2).copied().unwrap_or_default();
    let most = sizes.last().copied().unwrap_or_default();
    let count = u128::try_from(proofs.len()).unwrap_or(u128::MAX);
    let each = least.as_nanos().checked_div(count).unwrap_or_default();
    println!("{kind:<10} {of:<10} {median:>14} {most:>7} {each:>12}");
    Ok(())
}

fn state_key(number: u32) -> Vec<u8> {
    let mut key = vec![2; KEY_BYTES.saturating_sub(4)];
    key.extend(number.to_le_bytes());
    key
}

fn state_claim(tree: &Tree, number: u32, is_present: bool) -> Claim {
    let key = state_key(number);
    let tree::Proof { leaf, siblings } = tree.prove(&Path::of_key(&key));
    match is_present {
        true => Claim::Present {
            key,
            value: VALUE.to_vec(),
            siblings,
        },
        false => Claim::Absent {
            key,
            leaf,
            siblings,
        },
    }
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
