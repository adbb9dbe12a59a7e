//! Tests the verifier on the mock host with a proof that other software made.

#[path = "../../sdk/src/facts.rs"]
mod facts;

use crate::field::negated;
use crate::groth16::{Groth16Client, Groth16Error, INPUTS_MAX, Proof, VerificationKey, entries};
use contract_types::groth16 as inputs;
use facts::Facts;
use sdk::{Address, CallError, Request, mock};

const VERIFIER: Address = Address([9; 32]);
const CLIENT: Groth16Client = Groth16Client::at(VERIFIER);
const FACTS: Facts = Facts::new(include_str!("../proof.txt"));

fn key() -> VerificationKey {
    VerificationKey {
        alpha: FACTS.one("alpha"),
        beta: FACTS.one("beta"),
        gamma: FACTS.one("gamma"),
        delta: FACTS.one("delta"),
        inputs: FACTS.list("point"),
    }
}

fn proof() -> Proof {
    Proof {
        a: FACTS.one("a"),
        b: FACTS.one("b"),
        c: FACTS.one("c"),
    }
}

fn statement() -> Vec<[u8; 32]> {
    FACTS.list("input")
}

fn verifier() {
    mock::register(VERIFIER, entries::ALL);
    CLIENT.init(key()).unwrap();
}

fn refused(result: Result<(), CallError>, error: Groth16Error) {
    assert!(result.as_ref().unwrap_err().is(error), "{result:?}");
}

#[test]
fn a_proof_of_other_software_is_valid() {
    verifier();
    assert_eq!(CLIENT.verify(proof(), statement()), Ok(()));
    assert_eq!(CLIENT.key(), Ok(Some(key())));
}

#[test]
fn another_statement_or_proof_is_not() {
    verifier();
    for index in 0..2 {
        let mut other = statement();
        other[index][31] ^= 1;
        refused(CLIENT.verify(proof(), other), Groth16Error::InvalidProof);
    }
    let (mut a, mut b, mut c) = (proof(), proof(), proof());
    a.a = proof().c;
    b.b = key().beta;
    c.c = proof().a;
    let mut negative = proof();
    negative.a = negated(&negative.a).unwrap();
    for other in [a, b, c, negative] {
        refused(
            CLIENT.verify(other, statement()),
            Groth16Error::InvalidProof,
        );
    }
}

#[test]
fn a_point_with_a_flipped_bit_is_refused() {
    verifier();
    for byte in (0..64).step_by(5) {
        let mut other = proof();
        other.a[byte] ^= 1;
        refused(
            CLIENT.verify(other, statement()),
            Groth16Error::InvalidProof,
        );
        let mut other = proof();
        other.b[2 * byte] ^= 1;
        refused(
            CLIENT.verify(other, statement()),
            Groth16Error::InvalidProof,
        );
        let mut other = proof();
        other.c[byte] ^= 1;
        refused(
            CLIENT.verify(other, statement()),
            Groth16Error::InvalidProof,
        );
    }
}

#[test]
fn an_input_has_one_form() {
    verifier();
    // The input plus the order of the group, which has the same multiples.
    let order = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
    let order: [u8; 32] = hex::decode(order).unwrap().try_into().unwrap();
    let mut other = statement();
    let mut carry = 0;
    for (byte, added) in other[1].iter_mut().zip(order).rev() {
        let sum = u16::from(*byte) + u16::from(added) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    refused(CLIENT.verify(proof(), other), Groth16Error::InputTooLarge);
}

#[test]
fn the_number_of_inputs_is_that_of_the_circuit() {
    verifier();
    let mut more = statement();
    more.push([0; 32]);
    refused(CLIENT.verify(proof(), more), Groth16Error::WrongInputs);
    refused(
        CLIENT.verify(proof(), Vec::new()),
        Groth16Error::WrongInputs,
    );
}

#[test]
fn a_key_is_set_once_and_checked() {
    mock::register(VERIFIER, entries::ALL);
    refused(
        CLIENT.verify(proof(), statement()),
        Groth16Error::NotInitialised,
    );
    let changes: [fn(&mut VerificationKey); 8] = [
        |key| key.alpha = [0; 64],
        |key| key.alpha[63] ^= 1,
        |key| key.gamma = [0; 128],
        |key| key.delta = [0; 128],
        |key| key.beta[127] ^= 1,
        |key| key.inputs[1][0] ^= 1,
        |key| key.inputs.clear(),
        |key| key.inputs = vec![[0; 64]; INPUTS_MAX + 2],
    ];
    for change in changes {
        let mut bad = key();
        change(&mut bad);
        refused(CLIENT.init(bad), Groth16Error::BadKey);
    }
    CLIENT.init(key()).unwrap();
    refused(CLIENT.init(key()), Groth16Error::AlreadyInitialised);
}

#[test]
fn a_negated_point_is_the_other_root() {
    let point: [u8; 64] = FACTS.one("alpha");
    let other = negated(&point).unwrap();
    assert_ne!(other, point);
    assert_eq!(negated(&other), Some(point));
    assert_eq!(sdk::bn254::add(&point, &other), Some([0; 64]));
    assert_eq!(negated(&[0; 64]), Some([0; 64]));
    assert_eq!(negated(&[0xff; 64]), None);
}

#[test]
fn the_shared_inputs_are_the_entries_arguments() {
    mock::register(VERIFIER, entries::ALL);
    let VerificationKey {
        alpha,
        beta,
        gamma,
        delta,
        inputs: points,
    } = key();
    let Proof { a, b, c } = proof();
    for call in [
        inputs::init(alpha, beta, gamma, delta, &points),
        inputs::verify(a, b, c, &statement()),
    ] {
        let returned = Request::to(VERIFIER).call(call.entry, &call.input);
        assert_eq!(returned, Ok(Vec::new()));
    }
}
