//! Signs actions as a passkey does, for the account of `contracts/passkey` as deployed wasm.

use crate::setup::{call_by, call_ok, deploy, revert_code, world_on_all_engines};
use contract_types::passkey::{self, Action};
use contract_types::{Address, Invocation, counter};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use testkit::World;
use vm::unstable::host::crypto::sha256;

const ORIGIN: &str = "https://wallet.example";

fn signer() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).expect("in range")
}

/// Sets the key of the passkey, uncompressed as WebAuthn has it, for `wallet.example`.
pub(crate) fn with_key(call: fn(passkey::Key<'_>) -> Invocation) -> Invocation {
    let point = signer().verifying_key().to_sec1_point(false);
    call((point.as_bytes(), sha256(b"wallet.example"), ORIGIN))
}

/// Base64url without padding, digit by digit.
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

/// What a passkey returns: `authenticatorData`, `clientDataJSON`, r and s.
pub(crate) struct Assertion {
    authenticator_data: Vec<u8>,
    client_data: Vec<u8>,
    signature: [u8; 64],
}

impl Assertion {
    /// The call that delivers it.
    pub(crate) fn execute(&self, action: Action<'_>) -> Invocation {
        let assertion = (
            &self.authenticator_data[..],
            &self.client_data[..],
            &self.signature,
        );
        passkey::execute(action, assertion)
    }
}

/// What the passkey returns for the action of the account's next nonce.
pub(crate) fn assertion(world: &World, account: Address, action: Action<'_>) -> Assertion {
    let query = call_by(account, account, passkey::challenge(action));
    let challenge = world.query(&query).expect("a challenge").output;
    let challenge = base64url(&challenge);
    let end = format!(r#""origin":"{ORIGIN}","crossOrigin":false}}"#);
    let client_data = format!(r#"{{"type":"webauthn.get","challenge":"{challenge}",{end}"#);
    // User present and verified; a counter of 0, as passkeys that are synchronised have.
    let authenticator_data = [&sha256(b"wallet.example")[..], &[5, 0, 0, 0, 0]].concat();
    let signed = [&authenticator_data[..], &sha256(client_data.as_bytes())].concat();
    let signature: Signature = signer().sign_prehash(&sha256(&signed)).expect("signed");
    Assertion {
        authenticator_data,
        client_data: client_data.into_bytes(),
        signature: signature.to_bytes().into(),
    }
}

/// On the interpreter, on R and on wasmi.
#[test]
fn a_passkey_controls_an_account() {
    let mut world = world_on_all_engines();
    let [alice, bob] = ["alice", "bob"].map(|name| world.account(name, 1_000));
    let account = deploy(&mut world, alice, "passkey", &with_key(passkey::init));
    call_ok(
        &mut world,
        &call_by(alice, account, passkey::deposit()).value(100),
    );
    let counter = deploy(&mut world, alice, "counter", &counter::increment(1));

    let payment = (bob, 30, "", &[][..]);
    let signed = assertion(&world, account, payment);
    let execute = call_by(bob, account, signed.execute(payment));
    call_ok(&mut world, &execute);
    assert_eq!((world.balance(account), world.balance(bob)), (70, 1_030));
    assert_eq!(revert_code(&mut world, &execute), 4, "a second time");

    let increment = counter::increment(5);
    let call = (counter, 0, increment.entry, &increment.input[..]);
    let mut signed = assertion(&world, account, call);
    let execute = call_by(bob, account, signed.execute(call));
    call_ok(&mut world, &execute);
    let count = call_ok(&mut world, &call_by(bob, counter, counter::get()));
    assert_eq!(count.output, 6_u64.to_le_bytes());

    // A signature of the nonce before, a wrong one, and no user.
    assert_eq!(revert_code(&mut world, &execute), 4);
    signed = assertion(&world, account, call);
    signed.signature[0] ^= 1;
    let wrong = call_by(bob, account, signed.execute(call));
    assert_eq!(revert_code(&mut world, &wrong), 5);
    signed.authenticator_data[32] = 4;
    let absent = call_by(bob, account, signed.execute(call));
    assert_eq!(revert_code(&mut world, &absent), 3);
}

/// Beside its frame and the signature an action costs what that many writes and first entries do.
#[test]
fn an_action_costs_at_most_one_and_a_half_signatures_more() {
    let mut world = world_on_all_engines();
    let [alice, bob] = ["alice", "bob"].map(|name| world.account(name, 1_000));
    let account = deploy(&mut world, alice, "passkey", &with_key(passkey::init));
    call_ok(
        &mut world,
        &call_by(alice, account, passkey::deposit()).value(100),
    );
    let payment = (bob, 30, "", &[][..]);
    let signed = assertion(&world, account, payment);
    let execute = call_by(bob, account, signed.execute(payment));
    let receipt = call_ok(&mut world, &execute);
    let prices = vm::Rules::v1().prices();
    let price = prices
        .iter()
        .find(|(name, _)| *name == "host.p256_verify.base");
    let (_, verify) = price.expect("a price");
    let rest = receipt.gas_used - receipt.frame_gas - verify;
    assert!(rest * 2 < verify * 3, "{rest} of {}", receipt.gas_used);
}
