//! Tests calls between contracts on the mock host: clients, values, rollback, re-entry.
#![cfg(test)]
#![expect(
    unreachable_pub,
    clippy::arithmetic_side_effects,
    reason = "an entry is pub, and a test crate shows nothing; a sample may trap"
)]

use sdk::call::{ALLOW_REENTRY, STATIC};
use sdk::{Address, CODE_NOT_PAYABLE, CallError, Deployment, Request, env, mock};

/// The callee.
#[sdk::contract]
mod callee {
    use sdk::{Address, CallError, Item, Request, env};

    const COUNT: Item<u64> = Item::new(b"c");

    #[sdk::error]
    pub enum CalleeError {
        Never = 9,
    }

    #[sdk::event]
    pub struct Counted {
        pub count: u64,
    }

    #[payable]
    pub fn count(by: u64) -> u64 {
        let count = get() + by;
        COUNT.set(&count);
        env::emit(&Counted { count });
        count
    }

    pub fn get() -> u64 {
        COUNT.get().unwrap_or_default()
    }

    pub fn refuse() -> Result<(), CalleeError> {
        COUNT.set(&77);
        Err(CalleeError::Never)
    }

    pub fn overflow() -> u64 {
        COUNT.set(&77);
        u64::MAX - get() + 78
    }

    pub fn broken() -> u64 {
        Item::<u8>::new(b"c").set(&1);
        get()
    }

    pub fn seen() -> (Address, u64) {
        (env::caller(), u64::from(env::input().is_empty()))
    }

    /// Calls `get` of its caller; whether the status was re-entry.
    pub fn call_back() -> bool {
        let back = Request::to(env::caller()).invoke::<_, u64>("get", &());
        back == Err(CallError::Reentry)
    }

    pub fn descend() -> u64 {
        let request = Request {
            flags: sdk::call::ALLOW_REENTRY,
            ..Request::to(env::self_address())
        };
        match request.invoke::<_, u64>("descend", &()) {
            Ok(depth) => depth + 1,
            Err(CallError::TooDeep) => 1,
            Err(_) => 0,
        }
    }

    pub fn value(of: Address) -> u128 {
        env::balance(&of)
    }
}

/// The caller.
#[sdk::contract]
mod caller {
    use super::callee::CalleeClient;
    use sdk::{Address, Request, env};

    pub fn get() -> u64 {
        5
    }

    pub fn call_and_be_called(callee: Address, flags: u32) -> Option<bool> {
        let request = Request {
            flags,
            ..Request::to(callee)
        };
        request.invoke("call_back", &()).ok()
    }

    /// Counts twice, and returns an error if either call fails.
    pub fn twice(callee: Address, value: u128) -> Result<u64, CallFailed> {
        let callee = CalleeClient::at(callee).value(value);
        callee.count(1).map_err(|_| CallFailed::First)?;
        callee.count(1).map_err(|_| CallFailed::Second)
    }

    #[sdk::error]
    pub enum CallFailed {
        First = 1,
        Second = 2,
    }

    pub fn pay(to: Address, value: u128) -> bool {
        env::transfer(&to, value).is_ok()
    }
}

use callee::{CalleeClient, CalleeError, Counted};
use caller::{CallFailed, CallerClient};

const ALICE: Address = Address([1; 32]);
const CALLEE: Address = Address([2; 32]);
const CALLER: Address = Address([3; 32]);

const CALLEE_CLIENT: CalleeClient = CalleeClient::at(CALLEE);
const CALLER_CLIENT: CallerClient = CallerClient::at(CALLER);

fn world() {
    mock::register(CALLEE, callee::entries::ALL);
    mock::register(CALLER, caller::entries::ALL);
    mock::set_self_address(ALICE);
    mock::set_balance(ALICE, 100);
}

#[test]
fn a_call_runs_in_the_callees_own_storage() {
    world();
    assert_eq!(CALLEE_CLIENT.gas(50_000).value(7).count(5), Ok(5));
    assert_eq!(CALLEE_CLIENT.get(), Ok(5));
    assert_eq!((env::balance(&ALICE), env::balance(&CALLEE)), (93, 7));
    assert!(mock::storage().is_empty());
    assert_eq!(mock::storage_of(CALLEE).len(), 1);
    let event = &mock::take_events()[0];
    assert_eq!(event.address, CALLEE);
    assert_eq!(event.decode::<Counted>(), Some(Counted { count: 5 }));
    assert_eq!(CALLEE_CLIENT.seen(), Ok((ALICE, 1)));
    // The builder has a method `value`, so the entry `value` has the method `value_`.
    assert_eq!(CALLEE_CLIENT.value_(ALICE), Ok(93));
}

#[test]
fn a_call_that_does_not_return_has_no_effects() {
    world();
    CALLEE_CLIENT.count(5).unwrap();
    let refused = CALLEE_CLIENT.refuse().unwrap_err();
    assert!(refused.is(CalleeError::Never) && !refused.is(CallFailed::First));
    assert_eq!(env::returned()[..4], 9_u32.to_le_bytes());
    assert_eq!(CALLEE_CLIENT.overflow(), Err(CallError::Trapped));
    let code = Some(sdk::CODE_BAD_STATE);
    assert_eq!(CALLEE_CLIENT.broken(), Err(CallError::Reverted { code }));
    assert_eq!(CALLEE_CLIENT.get(), Ok(5));
    let code = Some(CODE_NOT_PAYABLE);
    assert_eq!(
        CALLEE_CLIENT.value(1).get(),
        Err(CallError::Reverted { code })
    );
    assert_eq!(env::balance(&ALICE), 100);
}

#[test]
fn an_error_rolls_back_the_effects_of_inner_calls() {
    world();
    mock::set_balance(CALLER, 10);
    // The second payment of 6 fails, which rolls back the first, its count and its event.
    let failed = CALLER_CLIENT.twice(CALLEE, 6).unwrap_err();
    assert!(failed.is(CallFailed::Second));
    assert_eq!((CALLEE_CLIENT.get(), env::balance(&CALLER)), (Ok(0), 10));
    assert!(mock::take_events().is_empty());
    assert_eq!(CALLER_CLIENT.twice(CALLEE, 5), Ok(2));
    assert_eq!(env::balance(&CALLEE), 10);
}

#[test]
fn a_call_that_never_begins_has_a_status() {
    world();
    let account = CalleeClient::at(ALICE);
    assert_eq!(account.get(), Err(CallError::NoCode));
    assert_eq!(CALLEE_CLIENT.value(101).count(1), Err(CallError::Balance));
    let no_entry = Request::to(CALLEE).call("nothing", &[]);
    assert_eq!(no_entry, Err(CallError::NoEntry));
    // 16 frames, of which the first is the one that the test called.
    assert_eq!(CALLEE_CLIENT.descend(), Ok(16));
    let wrong = Request::to(CALLEE).invoke::<_, u8>("get", &());
    assert_eq!(wrong, Err(CallError::Undecodable));
}

#[test]
fn a_callee_cannot_re_enter_unless_it_is_allowed() {
    world();
    assert_eq!(CALLER_CLIENT.call_and_be_called(CALLEE, 0), Ok(Some(true)));
    assert_eq!(
        CALLER_CLIENT.call_and_be_called(CALLEE, ALLOW_REENTRY),
        Ok(Some(false))
    );
}

#[test]
fn nothing_changes_in_a_static_call() {
    world();
    assert_eq!(CALLEE_CLIENT.read_only().get(), Ok(0));
    assert_eq!(CALLEE_CLIENT.read_only().count(1), Err(CallError::Trapped));
    let inner = CALLER_CLIENT.read_only().twice(CALLEE, 0).unwrap_err();
    assert!(inner.is(CallFailed::First));
    assert_eq!(
        CALLER_CLIENT.read_only().pay(ALICE, 0),
        Err(CallError::Trapped)
    );
    assert_eq!(
        CALLER_CLIENT.call_and_be_called(CALLEE, STATIC | ALLOW_REENTRY),
        Ok(Some(false))
    );
    assert!(mock::storage_of(CALLEE).is_empty());
}

#[test]
fn a_payment_runs_no_code() {
    world();
    mock::set_balance(CALLER, 10);
    assert_eq!(CALLER_CLIENT.pay(CALLEE, 4), Ok(true));
    assert_eq!(CALLER_CLIENT.pay(CALLEE, 7), Ok(false));
    assert_eq!((env::balance(&CALLEE), env::balance(&CALLER)), (4, 6));
}

#[test]
fn the_address_of_a_deployment_can_be_computed_before() {
    const HASH: [u8; 32] = [8; 32];
    world();
    let mut deployment = Deployment::of(HASH, [1; 32]);
    deployment.value = 3;
    assert_eq!(deployment.run("count", &4_u64), Err(CallError::NoCode));
    mock::register_code(HASH, callee::entries::ALL);
    let address = deployment.run("count", &4_u64).unwrap();
    assert_eq!(address, deployment.address(&ALICE));
    let preimage = [b"lockstep/contract/1".as_slice(), &ALICE.0, &HASH, &[1; 32]].concat();
    assert_eq!(address.0, env::sha256(&preimage));
    assert_eq!(
        (CalleeClient::at(address).get(), env::balance(&address)),
        (Ok(4), 3)
    );
    assert_eq!(deployment.run("count", &4_u64), Err(CallError::Taken));
    // An entry that fails leaves no contract.
    let other = Deployment::of(HASH, [2; 32]);
    assert!(other.run("refuse", &()).unwrap_err().is(CalleeError::Never));
    let absent = CalleeClient::at(other.address(&ALICE));
    assert_eq!(absent.get(), Err(CallError::NoCode));
}

#[test]
fn code_changes_for_later_calls() {
    const HASH: [u8; 32] = [8; 32];
    world();
    mock::set_self_address(CALLEE);
    assert_eq!(env::set_code(&HASH), Err(CallError::NoCode));
    mock::register_code(HASH, caller::entries::ALL);
    env::set_code(&HASH).unwrap();
    mock::set_self_address(ALICE);
    assert_eq!(CALLEE_CLIENT.get(), Ok(5));
    assert_eq!(CALLEE_CLIENT.count(1), Err(CallError::NoEntry));
}

#[test]
fn a_test_sets_the_block_and_the_transaction() {
    mock::set_block_hash(4, [9; 32]);
    mock::set_proposer(ALICE);
    mock::set_tx_hash([7; 32]);
    mock::set_value(3);
    assert_eq!(
        (env::block_hash(4), env::block_hash(5)),
        (Some([9; 32]), None)
    );
    let seen = (env::proposer(), env::tx_hash(), env::value());
    assert_eq!(seen, (ALICE, [7; 32], 3));
}

/// Keccak-256 of the empty string and of "abc", as in Ethereum.
#[test]
fn keccak_is_that_of_ethereum() {
    assert_eq!(env::keccak256(b"")[..4], [0xc5, 0xd2, 0x46, 0x01]);
    assert_eq!(env::keccak256(b"abc")[..4], [0x4e, 0x03, 0x65, 0x7a]);
}

/// The hashes of "abc" in the publications of their authors.
#[test]
fn the_other_hashes_are_the_published_ones() {
    assert_eq!(env::sha512(b"abc")[..4], [0xdd, 0xaf, 0x35, 0xa1]);
    assert_eq!(env::blake3(b"")[..4], [0xaf, 0x13, 0x49, 0xb9]);
    assert_eq!(env::ripemd160(b"abc")[..4], [0x8e, 0xb2, 0x08, 0xf7]);
}

#[test]
fn a_signature_of_a_passkey_verifies_under_both_forms_of_its_key() {
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    let signer = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let digest = env::sha256(b"message");
    let signature: p256::ecdsa::Signature = signer.sign_prehash(&digest).unwrap();
    let (r, s) = signature.split_scalars();
    let other = p256::ecdsa::Signature::from_scalars(r, -*s).unwrap();
    let point = |compressed| signer.verifying_key().to_sec1_point(compressed);
    for key in [point(true), point(false)] {
        let key = key.as_bytes();
        // Low and high s.
        for signature in [signature, other] {
            let bytes: [u8; 64] = signature.to_bytes().into();
            assert!(env::p256_verify(&digest, &bytes, key));
            assert!(!env::p256_verify(&[1; 32], &bytes, key));
            assert!(!env::p256_verify(&digest, &bytes, &key[1..]));
        }
        assert!(!env::p256_verify(&digest, &[0; 64], key));
    }
    // A hybrid key and the point at infinity.
    let mut hybrid = point(false).as_bytes().to_vec();
    hybrid[0] = 6 + hybrid[64] % 2;
    let bytes: [u8; 64] = signature.to_bytes().into();
    assert!(!env::p256_verify(&digest, &bytes, &hybrid));
    assert!(!env::p256_verify(&digest, &bytes, &[0]));
    assert!(!env::p256_verify(&digest, &bytes, &[]));
}

#[test]
fn a_recovered_key_verifies() {
    let key = k256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let digest = env::sha256(b"message");
    let (signature, id) = key.sign_prehash_recoverable(&digest);
    let signature: [u8; 64] = signature.to_bytes().into();
    let id = id.to_byte();
    let recovered = env::secp256k1_recover(&digest, &signature, id).unwrap();
    let expected = key.verifying_key().to_sec1_point(true);
    assert_eq!(recovered.as_slice(), expected.as_bytes());
    assert!(env::secp256k1_verify(&digest, &signature, &recovered));
    assert_ne!(
        env::secp256k1_recover(&digest, &signature, 1 - id),
        Some(recovered)
    );
    for id in [2, 3, 4, 255] {
        assert_eq!(env::secp256k1_recover(&digest, &signature, id), None);
    }
    assert_eq!(env::secp256k1_recover(&digest, &[0; 64], 0), None);
}
