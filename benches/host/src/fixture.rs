//! Sets up the state for workloads: the measured contract, one that it calls, keys and accounts.

use crate::Measured;
use crate::points::{BN254_SCALAR, Points};
use crate::program as at;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use vm::unstable::host::crypto::sha256;
use vm::unstable::state::Account;
use vm::{
    Address, BlockMetadata, CheckedModule, CodeHash, Entries, Fault, Height, Message, Rules,
    StateView, Target, Walked, check, key,
};

/// Address of the measured contract.
pub const OWN: Address = Address([0xaa; 32]);
/// Address of the contract that it calls.
const CALLEE: Address = Address([0xbb; 32]);
/// Number of iterations for which keys and accounts exist.
pub const TURNS_MAX: u32 = 2_048;
/// Height of the block; the state has the hashes of all lower heights.
pub const HEIGHT: u64 = 1_000;
/// Number of entries with the key prefix `e`, and of hidden keys with the prefix `h`.
pub const RANGE: u32 = 128;
/// Size of the value of key `v`, in bytes.
pub const LONG: usize = 60_000;

/// The called contract, with entries that do nothing, return 64 KiB, or write 16 values and revert.
const CALLEE_TEXT: &str = r#"(module
  (import "lockstep" "return" (func $return (param i32 i32)))
  (import "lockstep" "revert" (func $revert (param i32 i32)))
  (import "lockstep" "storage_write" (func $write (param i32 i32 i32 i32)))
  (memory 1)
  (func (export "nothing"))
  (func (export "output") (call $return (i32.const 0) (i32.const 65536)))
  (func (export "undo") (local $i i32)
    (loop $again
      (i32.store (i32.const 0) (local.get $i))
      (call $write (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 32))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
        (i32.const 16))))
    (call $revert (i32.const 0) (i32.const 0))))"#;

/// A message signed with the secret key 1 and the nonce of RFC 6979, a published test vector of
/// several libraries; the public key is the generator.
const SECP256K1_MESSAGE: &[u8] = b"Satoshi Nakamoto";
const SECP256K1_SIGNATURE: &str = "\
    934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
    2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5";
const SECP256K1_KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
/// RFC 8032, 7.1, test 3.
const ED25519_MESSAGE: &str = "af82";
const ED25519_SIGNATURE: &str = "\
    6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
    18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
const ED25519_KEY: &str = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
/// A valid signature that takes longest. Verification adds multiples of the generator and of the
/// key by scalars cut into windows of 5 bits; here both scalars have a digit in every window, the
/// sum of `2^(5 i)` for i from 0 to 51. A compressed key takes longer than one with its y. The key
/// is that of RFC 6979, A.2.5.
const P256_DIGEST: &str = "83e44131c9688bbff7b9de74a06714dd0f25559b4de1017df27951a15ee4b3d2";
const P256_SIGNATURE: &str = "\
    83e44131c9688bbff7b9de74a06714dd0f25559b4de1017df27951a15ee4b3d2\
    362dae0300c0fafba9b43daac30f27bfdc63aada5ebed9154c114021069129a8";
const P256_KEY: &str = "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";

/// The state before a message, the block, and the initial memory of the contract.
pub struct Fixture {
    /// The rules of version 1.
    pub rules: Arc<Rules>,
    /// The block.
    pub block: BlockMetadata,
    /// Initial memory of every program, from offset 0.
    pub image: Vec<u8>,
    callee_hash: CodeHash,
    /// State values; `None` is a hidden key, which existed when the block began.
    values: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    modules: BTreeMap<CodeHash, Arc<CheckedModule>>,
}

impl Fixture {
    /// The fixture without the measured contract.
    ///
    /// # Errors
    /// If the callee is rejected, which is a bug in this file.
    pub fn new() -> Measured<Self> {
        let rules = Arc::new(Rules::v1());
        let wasm = wat::parse_str(CALLEE_TEXT)?;
        let callee = check(&wasm, &rules).map_err(|rejection| format!("{rejection:?}"))?;
        let callee_hash = *callee.code_hash();
        let block = BlockMetadata {
            height: Height(HEIGHT),
            time_ms: 1,
            chain_id: [1; 32],
            proposer: Address([2; 32]),
        };
        let mut fixture = Self {
            rules,
            block,
            image: image(&callee_hash)?,
            callee_hash,
            values: BTreeMap::new(),
            modules: BTreeMap::from([(callee_hash, Arc::new(callee))]),
        };
        fixture.add_state()?;
        Ok(fixture)
    }

    /// Adds the callee, an account and a key for each iteration, block hashes, ranges for scans.
    fn add_state(&mut self) -> Measured<()> {
        self.account(CALLEE, 0, self.callee_hash.0)?;
        for turn in 0..u64::from(TURNS_MAX) {
            let mut address = [0; 32];
            let (number, _) = address.split_at_mut(8);
            number.copy_from_slice(&turn.to_le_bytes());
            self.account(Address(address), 1, self.callee_hash.0)?;
            let key = [&b"A"[..], &turn.to_le_bytes()].concat();
            self.set(&key, Some(vec![7; 32]));
        }
        for height in 0..HEIGHT {
            let hash = sha256(&height.to_le_bytes());
            self.values
                .insert(key::block_hash(Height(height)), Some(hash.to_vec()));
        }
        for number in 0..u64::from(RANGE) {
            let number = number.to_le_bytes();
            self.set(&[&b"e"[..], &number].concat(), Some(Vec::new()));
            self.set(&[&b"h"[..], &number].concat(), None);
        }
        self.set(&[b'k'; 256], Some(Vec::new()));
        self.set(b"k", Some(Vec::new()));
        self.set(b"v", Some(vec![1; LONG]));
        self.set(b"y", Some(Vec::new()));
        Ok(())
    }

    fn set(&mut self, raw: &[u8], value: Option<Vec<u8>>) {
        self.values.insert(key::value(&OWN, raw), value);
    }

    fn account(&mut self, address: Address, balance: u128, code: [u8; 32]) -> Measured<()> {
        let account = Account {
            nonce: 0,
            balance,
            code_hash: Some(CodeHash(code)),
        };
        self.values.insert(key::account(&address), account.encode());
        Ok(())
    }

    /// Installs `module` as the code of the measured contract.
    ///
    /// # Errors
    /// If it is rejected, which is a bug in a workload.
    pub fn install(&mut self, module: &[u8]) -> Measured<Arc<CheckedModule>> {
        let module = check(module, &self.rules).map_err(|rejection| format!("{rejection:?}"))?;
        let module = Arc::new(module);
        self.account(OWN, 1 << 100, module.code_hash().0)?;
        self.modules
            .insert(*module.code_hash(), Arc::clone(&module));
        Ok(module)
    }

    /// A call of the measured contract with an input of this many bytes.
    #[must_use]
    pub fn message(input: usize) -> Message {
        Message {
            tx_hash: [3; 32],
            caller: Address([4; 32]),
            target: Target::Call { contract: OWN },
            entry: "run".to_owned(),
            input: vec![5; input],
            value: 0,
        }
    }
}

impl StateView for Fixture {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.values.get(key).cloned().flatten())
    }

    fn scan(&self, range: Range<&[u8]>, limit: usize) -> Result<Entries, Fault> {
        let entries = self.values.range(range.start.to_vec()..range.end.to_vec());
        let present = entries.filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
        Ok(present.take(limit).collect())
    }

    fn walk(&self, range: Range<&[u8]>, limit: usize) -> Result<Walked, Fault> {
        let entries = self.values.range(range.start.to_vec()..range.end.to_vec());
        let entries = entries.map(|(key, value)| (key.clone(), value.clone()));
        Ok(entries.take(limit).collect())
    }

    fn code_bytes(&self, code_hash: &CodeHash) -> Result<Option<u64>, Fault> {
        let module = self.modules.get(code_hash);
        Ok(module.map(|module| u64::try_from(module.bytes().len()).unwrap_or(u64::MAX)))
    }

    fn code(&self, code_hash: &CodeHash) -> Result<Option<Arc<CheckedModule>>, Fault> {
        Ok(self.modules.get(code_hash).cloned())
    }
}

/// Initial memory of every program, up to the points.
fn image(callee_hash: &CodeHash) -> Measured<Vec<u8>> {
    let letters: Vec<u8> = (b'a'..=b'z').collect();
    let points = Points::new()?;
    let element = [[0; 16].as_slice(), &[0x12; 48]].concat();
    let parts: [(i64, Vec<u8>); 26] = [
        (at::KEY_OF_TURN, b"A".to_vec()),
        (at::KEY, vec![b'k'; 256]),
        (at::CALLEE, CALLEE.0.to_vec()),
        (at::ONE, vec![1]),
        (at::ZERO, vec![0; 16]),
        (at::NOTHING, b"nothing".to_vec()),
        (at::OUTPUT_64_KIB, b"output".to_vec()),
        (at::UNDO, b"undo".to_vec()),
        (at::CODE, callee_hash.0.to_vec()),
        (at::DIGEST, sha256(SECP256K1_MESSAGE).to_vec()),
        (at::SECP256K1_SIGNATURE, hex::decode(SECP256K1_SIGNATURE)?),
        (at::SECP256K1_KEY, hex::decode(SECP256K1_KEY)?),
        (at::ED25519_SIGNATURE, hex::decode(ED25519_SIGNATURE)?),
        (at::ED25519_KEY, hex::decode(ED25519_KEY)?),
        (at::ED25519_MESSAGE, hex::decode(ED25519_MESSAGE)?),
        (at::LETTERS, letters),
        (at::P256_DIGEST, hex::decode(P256_DIGEST)?),
        (at::P256_SIGNATURE, hex::decode(P256_SIGNATURE)?),
        (at::P256_KEY, hex::decode(P256_KEY)?),
        (at::G1_TERMS, points.g1_terms),
        (at::G2_TERMS, points.g2_terms),
        (at::PAIRS, points.pairs),
        (at::BN254_POINTS, points.bn254_points),
        (at::BN254_SCALAR, hex::decode(BN254_SCALAR)?),
        (at::BN254_PAIRS, points.bn254_pairs),
        (at::ELEMENT, [element.clone(), element].concat()),
    ];
    let mut image = Vec::new();
    for (offset, bytes) in parts {
        let offset = usize::try_from(offset)?;
        image.resize(offset.max(image.len()), 0);
        image.extend(bytes);
    }
    Ok(image)
}
