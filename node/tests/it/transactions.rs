//! Tests the encoding of transactions: canonical form, ids, addresses, signatures, intrinsic gas.

use crate::chain::{Chain, alice, bob, call};
use node::rules::Prices;
use node::{DecodeError, Payload, PublicKey, SecretKey, Signed, Transaction, intrinsic_gas};
use proptest::prelude::*;
use vm::unstable::host::crypto::sha256;
use vm::{Address, CodeHash};

const BYTES_MAX: u32 = 100_000;

fn transfer(key: &SecretKey) -> Transaction {
    Transaction {
        chain_id: [1; 32],
        signer: key.public(),
        nonce: 2,
        gas_limit: 3,
        gas_price: 4,
        payload: Payload::Transfer {
            to: Address([5; 32]),
            amount: 6,
        },
    }
}

fn payloads() -> impl Strategy<Value = Payload> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..200);
    prop_oneof![
        (any::<[u8; 32]>(), any::<u128>()).prop_map(|(to, amount)| Payload::Transfer {
            to: Address(to),
            amount
        }),
        bytes().prop_map(Payload::Upload),
        (
            any::<[u8; 32]>(),
            any::<[u8; 32]>(),
            ".{0,20}",
            bytes(),
            any::<u128>()
        )
            .prop_map(|(code_hash, salt, entry, input, value)| Payload::Deploy {
                code_hash: CodeHash(code_hash),
                salt,
                entry,
                input,
                value
            }),
        (any::<[u8; 32]>(), ".{0,20}", bytes(), any::<u128>()).prop_map(
            |(contract, entry, input, value)| Payload::Call {
                contract: Address(contract),
                entry,
                input,
                value
            }
        ),
    ]
}

proptest! {
    #[test]
    fn every_encoding_is_canonical_and_complete(
        payload in payloads(), nonce: u64, gas_limit: u64, gas_price: u64, cut in 0_usize..100,
    ) {
        let key = bob();
        let transaction =
            Transaction { nonce, gas_limit, gas_price, payload, ..transfer(&key) };
        let signed = key.sign(transaction);
        let bytes = signed.encode();
        prop_assert_eq!(Signed::decode(&bytes, BYTES_MAX), Ok(signed));
        let longer = [bytes.as_slice(), &[0]].concat();
        prop_assert_eq!(Signed::decode(&longer, BYTES_MAX), Err(DecodeError::Malformed));
        let shorter = &bytes[..cut.min(bytes.len() - 1)];
        prop_assert_eq!(Signed::decode(shorter, BYTES_MAX), Err(DecodeError::Malformed));
    }

    #[test]
    fn no_bytes_decode_in_two_ways(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(signed) = Signed::decode(&bytes, BYTES_MAX) {
            prop_assert_eq!(signed.encode(), bytes);
        }
    }
}

#[test]
fn a_long_encoding_is_refused_before_it_is_decoded() {
    let bytes = bob().sign(transfer(&bob())).encode();
    let length = bytes.len() as u32;
    assert!(Signed::decode(&bytes, length).is_ok());
    assert_eq!(
        Signed::decode(&bytes, length - 1),
        Err(DecodeError::TooLong(length - 1))
    );
}

#[test]
fn the_encoding_is_borsh_in_the_order_of_the_specification() {
    let key = bob();
    let PublicKey::Ed25519(public) = key.public() else {
        panic!("bob signs with Ed25519")
    };
    let transaction = transfer(&key);
    let unsigned = [
        [1; 32].as_slice(),
        &[1],
        &public,
        &2_u64.to_le_bytes(),
        &3_u64.to_le_bytes(),
        &4_u64.to_le_bytes(),
        &[0],
        &[5; 32],
        &6_u128.to_le_bytes(),
    ]
    .concat();
    let id = sha256(&[b"lockstep/tx/1".as_slice(), &unsigned].concat());
    assert_eq!(transaction.id(), id);
    let signed = key.sign(transaction);
    assert_eq!(
        signed.encode(),
        [unsigned.as_slice(), &signed.signature].concat()
    );
}

#[test]
fn an_address_hashes_scheme_and_key() {
    for key in [alice(), bob()] {
        let (scheme, public) = match key.public() {
            PublicKey::Secp256k1(public) => (0, public.to_vec()),
            PublicKey::Ed25519(public) => (1, public.to_vec()),
        };
        let parts = [b"lockstep/account/1".as_slice(), &[scheme], &public].concat();
        assert_eq!(key.address(), Address(sha256(&parts)));
    }
}

#[test]
fn signatures_are_deterministic_and_bind_every_byte() {
    for key in [alice(), bob()] {
        let signed = key.sign(transfer(&key));
        assert_eq!(signed, key.sign(transfer(&key)));
        assert!(signed.verify());
        for bit in (0..512).step_by(37) {
            let mut forged = signed.clone();
            forged.signature[bit / 8] ^= 1 << (bit % 8);
            assert!(!forged.verify(), "bit {bit}");
        }
        let mut other = signed.clone();
        other.transaction.nonce += 1;
        assert!(!other.verify());
        let mut other = signed;
        other.transaction.signer = SecretKey::ed25519(b"other").public();
        assert!(!other.verify());
    }
}

#[test]
fn intrinsic_gas_is_the_sum_of_its_parts() {
    let price = Prices::version_1();
    let base = price.tx_base + 500 * price.tx_per_byte;
    let gas = |key: &SecretKey, payload| {
        intrinsic_gas(
            &Transaction {
                payload,
                ..transfer(key)
            },
            500,
            &price,
        )
    };
    let plain = || Payload::Transfer {
        to: Address([0; 32]),
        amount: 0,
    };
    assert_eq!(
        gas(&alice(), plain()),
        Some(base + price.tx_signature_secp256k1)
    );
    assert_eq!(
        gas(&bob(), plain()),
        Some(base + price.tx_signature_ed25519)
    );
    let upload = price.upload_base + 7 * price.upload_per_byte;
    let expected = base + price.tx_signature_ed25519 + upload;
    assert_eq!(gas(&bob(), Payload::Upload(vec![0; 7])), Some(expected));
    let called = call(Address([0; 32]), "entry", Vec::new());
    assert_eq!(gas(&bob(), called), Some(base + price.tx_signature_ed25519));
    let too_long = intrinsic_gas(&transfer(&bob()), u64::MAX, &price);
    assert_eq!(too_long, None);
}

#[test]
fn a_transaction_of_the_largest_module_fits_every_limit() {
    let chain = Chain::new();
    let module = vec![0; vm::unstable::limits::Limits::V1.module_bytes_max as usize + 1];
    let signed = chain.sign(&chain.alice, 0, Payload::Upload(module));
    assert!(chain.node.validate(chain.block(vec![signed])).is_ok());
}
