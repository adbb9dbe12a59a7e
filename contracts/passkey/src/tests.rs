//! Tests the account's logic on the mock host, with assertions as a passkey makes them.

use contract_types::passkey as inputs;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use sdk::{Address, CallError, env, mock};

use crate::passkey::{
    Action, Assertion, PasskeyClient, PasskeyError, PasskeyKey, SIGNING_DOMAIN, entries,
};

const ALICE: Address = Address([1; 32]);
const BOB: Address = Address([2; 32]);
const ACCOUNT: Address = Address([9; 32]);
const CLIENT: PasskeyClient = PasskeyClient::at(ACCOUNT);
const ORIGIN: &str = "https://wallet.example";

fn signer(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn key(seed: u8, is_compressed: bool) -> PasskeyKey {
    let point = signer(seed).verifying_key().to_sec1_point(is_compressed);
    PasskeyKey {
        point: point.as_bytes().to_vec(),
        relying_party_hash: env::sha256(b"wallet.example"),
        origin: ORIGIN.to_owned(),
    }
}

fn payment(value: u128) -> Action {
    Action {
        to: BOB,
        value,
        entry: String::new(),
        input: Vec::new(),
    }
}

/// A change of the account's own key.
fn change(key: &PasskeyKey) -> Action {
    let call = inputs::set_key((&key.point, key.relying_party_hash, &key.origin));
    Action {
        to: ACCOUNT,
        entry: call.entry.to_owned(),
        input: call.input,
        ..payment(0)
    }
}

/// An account with a balance of 100; Alice is the caller.
fn account() {
    mock::register(ACCOUNT, entries::ALL);
    mock::set_self_address(ALICE);
    CLIENT.init(key(7, false)).unwrap();
    mock::set_balance(ALICE, 100);
    CLIENT.value(100).deposit().unwrap();
}

/// Base64url without padding, bit by bit.
fn base64url(bytes: &[u8]) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
        .collect();
    let numbers = bits.chunks(6).map(|chunk| {
        let padded = chunk.iter().chain([&0; 6]).take(6);
        padded.fold(0, |number, bit| number << 1 | usize::from(*bit))
    });
    numbers.map(|number| char::from(digits[number])).collect()
}

fn client_data(challenge: &[u8]) -> String {
    let challenge = base64url(challenge);
    let end = format!(r#""origin":"{ORIGIN}","crossOrigin":false}}"#);
    format!(r#"{{"type":"webauthn.get","challenge":"{challenge}",{end}"#)
}

fn authenticator_data(flags: u8) -> Vec<u8> {
    let hash = env::sha256(b"wallet.example");
    [&hash[..], &[flags], &[0, 0, 0, 5]].concat()
}

/// What an authenticator with the key of `seed` makes of this.
fn signed(seed: u8, authenticator_data: Vec<u8>, client_data: &str) -> Assertion {
    let bytes = [
        &authenticator_data[..],
        &env::sha256(client_data.as_bytes()),
    ]
    .concat();
    let signature: Signature = signer(seed).sign_prehash(&env::sha256(&bytes)).unwrap();
    Assertion {
        authenticator_data,
        client_data: client_data.as_bytes().to_vec(),
        signature: signature.to_bytes().into(),
    }
}

/// An assertion for an action with the next nonce.
fn assertion(action: &Action) -> Assertion {
    let challenge = CLIENT.challenge(action.clone()).unwrap();
    signed(7, authenticator_data(1), &client_data(&challenge))
}

fn refused<T: std::fmt::Debug>(result: Result<T, CallError>, error: PasskeyError) {
    assert!(result.as_ref().unwrap_err().is(error), "{result:?}");
}

#[test]
fn a_signed_payment_is_made_once_and_any_account_delivers_it() {
    account();
    let action = payment(60);
    let assertion = assertion(&action);
    mock::set_self_address(BOB);
    assert_eq!(
        CLIENT.execute(action.clone(), assertion.clone()),
        Ok(Vec::new())
    );
    assert_eq!((env::balance(&ACCOUNT), env::balance(&BOB)), (40, 60));
    assert_eq!(CLIENT.nonce(), Ok(1));
    refused(
        CLIENT.execute(action, assertion),
        PasskeyError::BadClientData,
    );
}

#[test]
fn the_challenge_is_the_hash_of_chain_account_nonce_and_action() {
    account();
    let action = payment(60);
    let nonce = 0_u64.to_le_bytes();
    let encoded = [&BOB.0[..], &60_u128.to_le_bytes(), &[0; 8]].concat();
    let bytes = [
        SIGNING_DOMAIN,
        &env::chain_id(),
        &ACCOUNT.0,
        &nonce,
        &encoded,
    ]
    .concat();
    assert_eq!(CLIENT.challenge(action.clone()), Ok(env::sha256(&bytes)));
    let other = payment(61);
    refused(
        CLIENT.execute(other, assertion(&action)),
        PasskeyError::BadClientData,
    );
}

#[test]
fn every_digit_of_base64url_is_that_of_the_standard() {
    account();
    // Enough challenges that each of the 64 digits is among them.
    let mut digits = std::collections::BTreeSet::new();
    for value in 0..60 {
        let action = payment(value);
        let challenge = CLIENT.challenge(action.clone()).unwrap();
        digits.extend(base64url(&challenge).chars());
        CLIENT.execute(action.clone(), assertion(&action)).ok();
    }
    assert_eq!(digits.len(), 64);
    // 0 + 1 + ... + 13 = 91 are paid; the next payments fail and do not use their nonce.
    assert_eq!((CLIENT.nonce(), env::balance(&ACCOUNT)), (Ok(14), 9));
}

#[test]
fn a_user_must_be_present_for_this_relying_party() {
    account();
    let action = payment(1);
    let text = client_data(&CLIENT.challenge(action.clone()).unwrap());
    let mut other = authenticator_data(1);
    other[0] ^= 1;
    for data in [
        authenticator_data(0),
        authenticator_data(0xfe),
        authenticator_data(1)[..36].to_vec(),
        Vec::new(),
        other,
    ] {
        let assertion = signed(7, data, &text);
        refused(
            CLIENT.execute(action.clone(), assertion),
            PasskeyError::BadAuthenticator,
        );
    }
    // More flags and extensions are the authenticator's to set.
    let longer = [authenticator_data(0x85), vec![0xa0]].concat();
    assert!(CLIENT.execute(action, signed(7, longer, &text)).is_ok());
}

#[test]
fn the_client_data_is_that_of_the_standard() {
    account();
    let action = payment(1);
    let right = client_data(&CLIENT.challenge(action.clone()).unwrap());
    for (from, to) in [
        ("webauthn.get", "webauthn.create"),
        ("wallet.example", "evil.example"),
        ("wallet.example", "wallet.example.evil"),
        ("\"crossOrigin\":false", "\"crossOrigin\":true"),
        ("false}", "falsehood}"),
        ("false}", "false"),
        (",\"crossOrigin\":false}", ""),
        ("\"challenge\":\"", "\"challenge\":\"A"),
        ("{\"type\"", "{ \"type\""),
    ] {
        assert!(right.contains(from));
        let text = right.replace(from, to);
        let assertion = signed(7, authenticator_data(1), &text);
        refused(
            CLIENT.execute(action.clone(), assertion),
            PasskeyError::BadClientData,
        );
    }
    for (from, to) in [
        (",\"crossOrigin\":false}", "}"),
        ("false}", "false,\"extra\":1}"),
    ] {
        let challenge = CLIENT.challenge(action.clone()).unwrap();
        let text = client_data(&challenge).replace(from, to);
        let assertion = signed(7, authenticator_data(1), &text);
        assert!(CLIENT.execute(action.clone(), assertion).is_ok(), "{text}");
    }
}

#[test]
fn another_key_does_not_sign() {
    account();
    let action = payment(1);
    let text = client_data(&CLIENT.challenge(action.clone()).unwrap());
    let other = signed(8, authenticator_data(1), &text);
    refused(
        CLIENT.execute(action.clone(), other),
        PasskeyError::BadSignature,
    );
    let mut wrong = assertion(&action);
    wrong.signature[63] ^= 1;
    refused(CLIENT.execute(action, wrong), PasskeyError::BadSignature);
}

#[test]
fn only_the_account_replaces_its_key() {
    account();
    refused(CLIENT.set_key(key(8, true)), PasskeyError::NotSelf);
    refused(CLIENT.init(key(8, true)), PasskeyError::AlreadyInitialised);
    let action = change(&key(8, true));
    CLIENT.execute(action.clone(), assertion(&action)).unwrap();
    assert_eq!(CLIENT.key(), Ok(Some(key(8, true))));
    let action = payment(1);
    refused(
        CLIENT.execute(action.clone(), assertion(&action)),
        PasskeyError::BadSignature,
    );
    let text = client_data(&CLIENT.challenge(action.clone()).unwrap());
    let new = signed(8, authenticator_data(1), &text);
    CLIENT.execute(action, new).unwrap();
}

#[test]
fn a_key_has_a_form_and_an_origin() {
    mock::register(ACCOUNT, entries::ALL);
    let with = |point: Vec<u8>, origin: &str| PasskeyKey {
        point,
        origin: origin.to_owned(),
        ..key(7, true)
    };
    let point = key(7, true).point;
    let bad = [
        with(point.clone(), ""),
        with(point.clone(), "https://a\"b"),
        with(point.clone(), "https://a b"),
        with(Vec::new(), ORIGIN),
        with(point[1..].to_vec(), ORIGIN),
        with([&[4], &point[1..]].concat(), ORIGIN),
        with([&[2], &[1; 64][..]].concat(), ORIGIN),
    ];
    for key in bad {
        refused(CLIENT.init(key), PasskeyError::BadKey);
    }
    CLIENT.init(key(7, true)).unwrap();
}

#[test]
fn a_failed_call_leaves_the_nonce() {
    account();
    let action = payment(101);
    refused(
        CLIENT.execute(action.clone(), assertion(&action)),
        PasskeyError::CallFailed,
    );
    assert_eq!(CLIENT.nonce(), Ok(0));
    let long = Action {
        entry: "e".repeat(65),
        ..payment(1)
    };
    refused(
        CLIENT.execute(long.clone(), assertion(&long)),
        PasskeyError::TooLong,
    );
}
