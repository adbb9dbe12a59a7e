//! Tests that the format is canonical, and that any bytes are an error or a true statement.

use crate::sample::{KEY, claims, headers, proofs, trusted};
use proof::{Claim, Expected, MAGIC, PROOF_BYTES_MAX, Proof, ProofError, Statement, verify};
use proptest::collection::vec;
use proptest::prelude::*;

#[test]
fn a_proof_is_decoded_as_it_was_encoded() {
    for proof in proofs() {
        assert_eq!(Proof::decode(&proof.encode()), Ok(proof));
    }
}

#[test]
fn the_tags_and_fields_are_those_of_the_specification() {
    for (tag, claim) in (0_u8..).zip(claims()) {
        let bytes = Proof {
            headers: headers(),
            claim,
        }
        .encode();
        // The magic, the number of headers, two headers of 248 bytes, the tag.
        assert_eq!(&bytes[..17], MAGIC);
        assert_eq!(bytes[17..21], [2, 0, 0, 0]);
        assert_eq!(bytes[21 + 2 * 248], tag);
    }
}

#[test]
fn every_changed_byte_is_an_error() {
    for proof in proofs() {
        let bytes = proof.encode();
        assert!(verify(&bytes, &trusted(), &Expected::Any).is_ok());
        for place in 0..bytes.len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[place] ^= change;
                let found = verify(&changed, &trusted(), &Expected::Any);
                // Any key on the same side of the tree is absent, as the statement says.
                let stated = found.as_ref().map(|proved| &proved.statement);
                let is_absent = matches!(
                    (&proof.claim, stated),
                    (Claim::Absent { key, .. }, Ok(Statement::Absent { key: other }))
                        if key != other && other != KEY
                );
                assert!(found.is_err() || is_absent, "byte {place} of {proof:?}");
            }
        }
    }
}

#[test]
fn every_cut_and_every_extended_proof_is_an_error() {
    for proof in proofs() {
        let bytes = proof.encode();
        for end in 0..bytes.len() {
            let error = verify(&bytes[..end], &trusted(), &Expected::Any).unwrap_err();
            let format = end < MAGIC.len();
            let expected = if format {
                ProofError::Format
            } else {
                ProofError::Encoding
            };
            assert_eq!(error, expected, "{end} bytes");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(Proof::decode(&longer), Err(ProofError::Encoding));
    }
}

#[test]
fn the_length_is_checked_before_anything_is_read() {
    let mut bytes = MAGIC.to_vec();
    bytes.resize(PROOF_BYTES_MAX, 0xff);
    assert_eq!(Proof::decode(&bytes), Err(ProofError::Encoding));
    bytes.push(0);
    assert_eq!(Proof::decode(&bytes), Err(ProofError::Length));
}

#[test]
fn a_list_that_claims_more_than_there_is_is_an_error() {
    for length in [3, 0xffff, u32::MAX] {
        let mut bytes = proofs()[1].encode();
        bytes[17..21].copy_from_slice(&length.to_le_bytes());
        assert_eq!(Proof::decode(&bytes), Err(ProofError::Encoding));
    }
}

proptest! {
    #[test]
    fn random_bytes_prove_nothing(bytes in vec(any::<u8>(), 0..600), with_magic: bool) {
        let bytes = if with_magic { [MAGIC, &bytes].concat() } else { bytes };
        prop_assert!(verify(&bytes, &trusted(), &Expected::Any).is_err());
    }

    /// What decodes has one encoding.
    #[test]
    fn the_encoding_is_canonical(
        kind in 0_usize..5,
        changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = proofs()[kind].encode();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(proof) = Proof::decode(&bytes) {
            prop_assert_eq!(proof.encode(), bytes);
        }
    }
}
