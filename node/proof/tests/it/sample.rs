//! Makes one small proof of each kind, of the result of block 7, under the header of block 9.

use proof::hash::{Path, ValueHash, inner_hash, leaf_hash};
use proof::list::{ListPath, ListProof, SubtreeItem, item_hash, pair_hash};
use proof::tree::Leaf;
use proof::{BlockResult, Claim, Event, Header, Proof, Receipt, ReceiptExit};

/// Height of the block whose result is proved.
pub(crate) const HEIGHT: u64 = 7;

/// The key that is present; `OTHER` is the only other one, on the other side of the root.
pub(crate) const KEY: &[u8] = b"a key";
pub(crate) const VALUE: &[u8] = b"a value";

/// A key whose path turns at the root as `side` says.
pub(crate) fn key_on(side: bool) -> Vec<u8> {
    let keys = (0_u32..).map(|number| number.to_le_bytes().to_vec());
    let mut keys = keys.filter(|key| Path::of_key(key).bit(0) == side);
    keys.next().unwrap()
}

fn leaf(key: &[u8], value: &[u8]) -> Leaf {
    Leaf {
        path: Path::of_key(key),
        value: ValueHash::of(value),
    }
}

fn hash_of(leaf: &Leaf) -> [u8; 32] {
    leaf_hash(&leaf.path, &leaf.value)
}

pub(crate) fn event(byte: u8) -> Event {
    Event {
        address: [byte; 32],
        topics: vec![[7; 32]; usize::from(byte)],
        data: vec![byte; 3],
    }
}

/// The second of two events, with its path.
fn event_path() -> (ListProof, [u8; 32]) {
    let [first, second] = [event(0).encode(), event(1).encode()];
    let passed = SubtreeItem {
        item: first.clone(),
        path: ListPath {
            directions: 0,
            siblings: vec![],
        },
    };
    let proof = ListProof {
        path: ListPath {
            directions: 1,
            siblings: vec![item_hash(&first)],
        },
        passed: vec![passed],
    };
    (proof, pair_hash(&item_hash(&first), &item_hash(&second)))
}

pub(crate) fn receipt(byte: u8) -> Receipt {
    Receipt {
        tx_id: [byte; 32],
        exit: ReceiptExit::Return,
        code: 0,
        gas_used: 5,
        output_hash: [3; 32],
        events_root: event_path().1,
    }
}

/// The third of three receipts, with its path.
fn receipt_path() -> (ListProof, [u8; 32]) {
    let items = [0, 1, 2].map(|byte| receipt(byte).encode());
    let [first, second, third] = [0, 1, 2].map(|index| item_hash(&items[index]));
    let left = pair_hash(&first, &second);
    let passed = SubtreeItem {
        item: items[1].clone(),
        path: ListPath {
            directions: 1,
            siblings: vec![first],
        },
    };
    let proof = ListProof {
        path: ListPath {
            directions: 1,
            siblings: vec![left],
        },
        passed: vec![passed],
    };
    (proof, pair_hash(&left, &third))
}

/// The result of block 7: two keys, three receipts.
pub(crate) fn result() -> BlockResult {
    let leaves = [leaf(KEY, VALUE), leaf(&other(), b"")];
    let [mine, others] = leaves.each_ref().map(hash_of);
    let state_root = if leaves[0].path.bit(0) {
        inner_hash(&others, &mine)
    } else {
        inner_hash(&mine, &others)
    };
    BlockResult {
        state_root,
        receipts_root: receipt_path().1,
        gas_used: 15,
    }
}

fn other() -> Vec<u8> {
    key_on(!Path::of_key(KEY).bit(0))
}

/// Headers 8 and 9.
pub(crate) fn headers() -> Vec<Header> {
    let first = Header {
        parent: [1; 32],
        height: HEIGHT + 1,
        time_ms: 2,
        chain_id: [3; 32],
        proposer: [4; 32],
        transactions_root: [5; 32],
        rules_id: [6; 32],
        parent_result: result(),
    };
    let second = Header {
        parent: first.hash(),
        height: HEIGHT + 2,
        ..first.clone()
    };
    vec![first, second]
}

/// The hash that the verifier trusts.
pub(crate) fn trusted() -> [u8; 32] {
    headers()[1].hash()
}

/// A claim of each kind: the result, a value, absence beside a leaf, a receipt, an event.
pub(crate) fn claims() -> Vec<Claim> {
    let side = Path::of_key(KEY).bit(0);
    let (path, _) = receipt_path();
    let siblings = vec![hash_of(&leaf(&other(), b""))];
    vec![
        Claim::Result,
        Claim::Present {
            key: KEY.to_vec(),
            value: VALUE.to_vec(),
            siblings: siblings.clone(),
        },
        Claim::Absent {
            key: key_on(side),
            leaf: Some(leaf(KEY, VALUE)),
            siblings,
        },
        Claim::Receipt {
            receipt: receipt(2),
            path: path.clone(),
        },
        Claim::Event {
            receipt: receipt(2),
            receipt_path: path,
            event: event(1),
            path: event_path().0,
        },
    ]
}

pub(crate) fn proofs() -> Vec<Proof> {
    let claims = claims().into_iter();
    claims
        .map(|claim| Proof {
            headers: headers(),
            claim,
        })
        .collect()
}
