//! Tests what a valid proof states, and each reason why another is not accepted.

use crate::sample::{
    HEIGHT, KEY, VALUE, claims, event, headers, key_on, proofs, receipt, result, trusted,
};
use proof::hash::Path;
use proof::list::ListProofError;
use proof::tree::TreeProofError;
use proof::{
    Claim, Expected, HEADERS_MAX, Header, Proof, ProofError, Statement, verify as verify_bytes,
};

fn verify(proof: &Proof, expected: &Expected<'_>) -> Result<Statement, ProofError> {
    let proved = verify_bytes(&proof.encode(), &trusted(), expected)?;
    assert_eq!((proved.height, &proved.header), (HEIGHT, &headers()[0]));
    Ok(proved.statement)
}

/// What the five claims of the sample are about.
fn expected(height: u64, absent: &[u8]) -> [Expected<'_>; 5] {
    let transaction = 2;
    let event = 1;
    [
        Expected::Result { height },
        Expected::State { height, key: KEY },
        Expected::State {
            height,
            key: absent,
        },
        Expected::Receipt {
            height,
            transaction,
        },
        Expected::Event {
            height,
            transaction,
            event,
        },
    ]
}

fn absent() -> Vec<u8> {
    key_on(Path::of_key(KEY).bit(0))
}

#[test]
fn a_proof_states_what_it_was_made_of() {
    let statements = [
        Statement::Result(result()),
        Statement::Present {
            key: KEY.to_vec(),
            value: VALUE.to_vec(),
        },
        Statement::Absent { key: absent() },
        Statement::Receipt {
            transaction: 2,
            receipt: receipt(2),
        },
        Statement::Event {
            transaction: 2,
            receipt: receipt(2),
            index: 1,
            event: event(1),
        },
    ];
    let absent = absent();
    let expected = expected(HEIGHT, &absent);
    for ((proof, statement), expected) in proofs().iter().zip(statements).zip(expected) {
        assert_eq!(verify(proof, &expected).as_ref(), Ok(&statement));
        assert_eq!(verify(proof, &Expected::Any), Ok(statement));
    }
}

#[test]
fn a_proof_of_anything_else_is_an_error_although_it_is_valid() {
    let absent = absent();
    for (place, proof) in proofs().iter().enumerate() {
        for (other, expected) in expected(HEIGHT, &absent).iter().enumerate() {
            let found = verify(proof, expected);
            assert_eq!(found.is_ok(), place == other);
            if place != other {
                assert_eq!(found, Err(ProofError::ProvesOther));
            }
        }
        let wrong = expected(HEIGHT + 1, &absent)[place];
        let error = ProofError::ProvesOtherHeight { height: HEIGHT };
        assert_eq!(verify(proof, &wrong), Err(error));
    }
    let other = [
        (
            3,
            Expected::Receipt {
                height: HEIGHT,
                transaction: 1,
            },
        ),
        (
            4,
            Expected::Event {
                height: HEIGHT,
                transaction: 1,
                event: 1,
            },
        ),
        (
            4,
            Expected::Event {
                height: HEIGHT,
                transaction: 2,
                event: 0,
            },
        ),
    ];
    for (place, expected) in other {
        let found = verify(&proofs()[place], &expected);
        assert_eq!(found, Err(ProofError::ProvesOther));
    }
}

fn with_headers(headers: Vec<Header>) -> Result<Statement, ProofError> {
    let proof = Proof {
        headers,
        claim: Claim::Result,
    };
    let bytes = proof.encode();
    verify_bytes(&bytes, &trusted(), &Expected::Any).map(|proved| proved.statement)
}

#[test]
fn the_headers_are_a_chain_that_ends_at_the_trusted_one() {
    let [first, second]: [Header; 2] = headers().try_into().unwrap();
    assert_eq!(with_headers(vec![]), Err(ProofError::HeaderCount));
    let other = Err(ProofError::OtherHeader);
    assert_eq!(with_headers(vec![first.clone()]), other);
    assert_eq!(with_headers(vec![second.clone(), first.clone()]), other);
    let broken = Err(ProofError::BrokenChain { height: 9 });
    assert_eq!(with_headers(vec![second.clone(), second.clone()]), broken);
    let changed = Header {
        time_ms: 0,
        ..first
    };
    assert_eq!(with_headers(vec![changed, second.clone()]), broken);
    // The trusted header alone is a proof of the result that it has.
    assert!(with_headers(vec![second]).is_ok());
}

/// Headers that are linked by hashes and not by heights are no chain of any node; they are checked
/// nevertheless, so that a header proves the height of each one before it.
#[test]
fn heights_are_consecutive_and_above_zero() {
    let first = headers().remove(0);
    let check = |first: Header, height| {
        let second = Header {
            parent: first.hash(),
            height,
            ..first.clone()
        };
        let (trusted, claim) = (second.hash(), Claim::Result);
        let headers = vec![first, second];
        verify_bytes(&Proof { headers, claim }.encode(), &trusted, &Expected::Any).map(|_| ())
    };
    assert_eq!(check(first.clone(), 9), Ok(()));
    for height in [8, 10, 0, u64::MAX] {
        let error = Err(ProofError::BrokenChain { height });
        assert_eq!(check(first.clone(), height), error);
    }
    let at = |height| Header {
        height,
        ..first.clone()
    };
    assert_eq!(check(at(0), 1), Err(ProofError::HeightZero));
    let error = Err(ProofError::BrokenChain { height: 0 });
    assert_eq!(check(at(u64::MAX), 0), error);
}

#[test]
fn the_number_of_headers_has_a_bound() {
    let mut headers = vec![headers().remove(0)];
    while headers.len() <= HEADERS_MAX {
        let last = &headers[headers.len() - 1];
        headers.push(Header {
            parent: last.hash(),
            height: last.height + 1,
            ..last.clone()
        });
    }
    let claim = Claim::Result;
    let check = |headers: &[Header]| {
        let trusted = headers[headers.len() - 1].hash();
        let (headers, claim) = (headers.to_vec(), claim.clone());
        let bytes = Proof { headers, claim }.encode();
        verify_bytes(&bytes, &trusted, &Expected::Any).map(|proved| proved.height)
    };
    assert_eq!(check(&headers[..HEADERS_MAX]), Ok(HEIGHT));
    assert_eq!(check(&headers), Err(ProofError::HeaderCount));
}

#[test]
fn a_claim_that_the_roots_do_not_have_is_an_error_with_the_reason() {
    let check = |claim: Claim| {
        let headers = headers();
        verify(&Proof { headers, claim }, &Expected::Any).unwrap_err()
    };
    let [_, present, absent, of_receipt, of_event]: [Claim; 5] = claims().try_into().unwrap();

    let Claim::Present { key, siblings, .. } = present.clone() else {
        panic!("the second claim is a value");
    };
    let value = b"another".to_vec();
    let error = check(Claim::Present {
        key: key.clone(),
        value,
        siblings: siblings.clone(),
    });
    assert_eq!(error, ProofError::State(TreeProofError::OtherRoot));
    let Claim::Absent { leaf, .. } = absent else {
        panic!("the third claim is absence");
    };
    let claim = Claim::Absent {
        key,
        leaf,
        siblings,
    };
    let error = ProofError::State(TreeProofError::PresentPath);
    assert_eq!(check(claim), error);

    let Claim::Receipt { path, .. } = of_receipt else {
        panic!("the fourth claim is a receipt");
    };
    let claim = Claim::Receipt {
        receipt: receipt(1),
        path,
    };
    let error = ProofError::Receipt(ListProofError::OtherRoot);
    assert_eq!(check(claim), error);
    let Claim::Event {
        receipt,
        receipt_path,
        path,
        ..
    } = of_event
    else {
        panic!("the fifth claim is an event");
    };
    let claim = Claim::Event {
        receipt,
        receipt_path,
        event: event(0),
        path,
    };
    let error = ProofError::Event(ListProofError::OtherRoot);
    assert_eq!(check(claim), error);
    let text = error.to_string();
    assert_eq!(text, "event: the item is not in the list");
}
