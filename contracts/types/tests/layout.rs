//! Fixes the encodings at the boundary of a contract: changing one would break deployed contracts.
#![cfg(test)]

use contract_types::orderbook::{
    Order, SIGNING_DOMAIN, Side, SignedBy, Signer, Snapshot, place, signing_bytes,
};
use contract_types::{Address, Revert, borsh, store, token};

#[test]
fn a_signer_signs_domain_chain_contract_and_snapshot() {
    let snapshot = Snapshot {
        market: [3; 32],
        sequence: 4,
        price: 5,
        height_max: 6,
    };
    let message = signing_bytes(&[1; 32], &Address([2; 32]), &snapshot);
    let mut expected = b"lockstep/orderbook/settle/1".to_vec();
    expected.extend([1; 32]);
    expected.extend([2; 32]);
    expected.extend([3; 32]);
    for number in [4_u64, 5, 6] {
        expected.extend(number.to_le_bytes());
    }
    assert_eq!(message, expected);
    assert!(message.starts_with(SIGNING_DOMAIN));
}

#[test]
fn inputs_are_arguments_one_after_the_other() {
    let input = token::transfer(Address([7; 32]), 1).input;
    assert_eq!(input, [[7; 32].as_slice(), &1_u128.to_le_bytes()].concat());
    assert_eq!(
        store::put(b"ab", b"c").input,
        [2, 0, 0, 0, b'a', b'b', 1, 0, 0, 0, b'c']
    );
    assert_eq!(store::count().input, []);
    let order = Order {
        side: Side::Ask,
        price: 1,
        quantity: 2,
    };
    assert_eq!(
        place(order).input,
        [1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
    );
    assert_eq!(borsh::to_vec(&Revert::new(258)).unwrap(), [2, 1, 0, 0, 0]);
}

/// The decoding of these enums is written by hand, their encoding derived: they must agree.
#[test]
fn enums_decode_as_they_encode() {
    for side in [Side::Bid, Side::Ask] {
        let bytes = borsh::to_vec(&side).unwrap();
        assert_eq!(borsh::from_slice::<Side>(&bytes).unwrap(), side);
    }
    for signer in [Signer::Secp256k1([4; 33]), Signer::Ed25519([5; 32])] {
        let signed = SignedBy {
            signer,
            signature: [6; 64],
        };
        let bytes = borsh::to_vec(&signed).unwrap();
        assert_eq!(borsh::from_slice::<SignedBy>(&bytes).unwrap(), signed);
        assert!(borsh::from_slice::<SignedBy>(&bytes[1..]).is_err());
    }
    assert!(borsh::from_slice::<Side>(&[2]).is_err());
    assert!(borsh::from_slice::<Signer>(&[2; 34]).is_err());
}
