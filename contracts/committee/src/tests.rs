//! Tests the committee on the mock host with signatures that other software made.

#[path = "../../sdk/src/facts.rs"]
mod facts;

use crate::committee::{Attested, CommitteeClient, CommitteeError, MEMBERS_MAX, Member, entries};
use contract_types::committee as inputs;
use facts::Facts;
use sdk::{Address, CallError, Request, mock};

const COMMITTEE: Address = Address([9; 32]);
const CLIENT: CommitteeClient = CommitteeClient::at(COMMITTEE);
const FACTS: Facts = Facts::new(include_str!("../../sdk/tests/data/bls.txt"));

fn members() -> Vec<Member> {
    let parts = FACTS.list("key").into_iter().zip(FACTS.list("possession"));
    parts
        .map(|(key, possession)| Member { key, possession })
        .collect()
}

fn committee(threshold: u32) {
    mock::register(COMMITTEE, entries::ALL);
    let domain = FACTS.one("domain");
    CLIENT.init(domain, members(), threshold).unwrap();
}

/// Height, root, signers and signature of an attestation.
fn attestation(index: usize) -> (u64, [u8; 32], u32, [u8; 256]) {
    let height = u64::from_le_bytes(FACTS.list("height")[index]);
    let signers = u32::from_le_bytes(FACTS.list("signers")[index]);
    (
        height,
        FACTS.list("root")[index],
        signers,
        FACTS.list("signature")[index],
    )
}

fn attest(index: usize) -> Result<(), CallError> {
    let (height, root, signers, signature) = attestation(index);
    CLIENT.attest(height, root, signers, signature)
}

fn refused(result: Result<(), CallError>, error: CommitteeError) {
    assert!(result.as_ref().unwrap_err().is(error), "{result:?}");
}

#[test]
fn enough_members_record_a_root() {
    committee(3);
    attest(0).unwrap();
    let (height, root, signers, _) = attestation(0);
    assert_eq!(CLIENT.root(height), Ok(Some(root)));
    let event = mock::take_events()[0].decode::<Attested>().unwrap();
    assert_eq!(
        (event.height, event.root, event.signers),
        (height, root, signers)
    );
    attest(1).unwrap();
    assert_eq!(CLIENT.latest(), Ok(attestation(1).0));
}

#[test]
fn too_few_members_do_not() {
    committee(3);
    refused(attest(2), CommitteeError::BadSigners);
    assert_eq!(CLIENT.latest(), Ok(0));
}

#[test]
fn an_attestation_is_recorded_once_and_in_order() {
    committee(3);
    attest(1).unwrap();
    refused(attest(1), CommitteeError::NotNewer);
    refused(attest(0), CommitteeError::NotNewer);
}

#[test]
fn a_signature_is_for_its_signers_height_and_root() {
    committee(2);
    let (height, root, signers, signature) = attestation(0);
    let bad = CommitteeError::BadSignature;
    refused(
        CLIENT.attest(height, root, signers ^ 0b0100, signature),
        bad,
    );
    refused(
        CLIENT.attest(height, root, signers & 0b0011, signature),
        bad,
    );
    refused(CLIENT.attest(height + 1, root, signers, signature), bad);
    refused(CLIENT.attest(height, [0; 32], signers, signature), bad);
    refused(CLIENT.attest(height, root, signers, attestation(1).3), bad);
}

#[test]
fn a_bit_without_a_member_signs_nothing() {
    committee(1);
    let (height, root, signers, signature) = attestation(0);
    for bit in members().len()..32 {
        let more = signers | 1 << bit;
        let result = CLIENT.attest(height, root, more, signature);
        refused(result, CommitteeError::BadSigners);
    }
}

#[test]
fn a_committee_is_set_once_and_checked() {
    mock::register(COMMITTEE, entries::ALL);
    let init = |members: Vec<Member>, threshold| CLIENT.init([0; 32], members, threshold);
    let bad = CommitteeError::BadMembers;
    refused(init(Vec::new(), 0), bad);
    refused(init(members(), 0), bad);
    refused(init(members(), 5), bad);
    let mut twice = members();
    twice.push(twice[0].clone());
    refused(init(twice, 1), bad);
    let many = vec![members()[0].clone(); 33];
    assert_eq!(u32::try_from(many.len()), Ok(MEMBERS_MAX + 1));
    refused(init(many, 1), bad);
    let mut exchanged = members();
    exchanged[0].possession = exchanged[1].possession;
    refused(init(exchanged, 1), CommitteeError::BadPossession);
    init(members(), 4).unwrap();
    refused(init(members(), 4), CommitteeError::AlreadyInitialised);
}

#[test]
fn nothing_is_recorded_before_there_are_members() {
    mock::register(COMMITTEE, entries::ALL);
    refused(attest(0), CommitteeError::BadSigners);
    refused(
        CLIENT.attest(1, [0; 32], 0, [0; 256]),
        CommitteeError::BadSigners,
    );
}

#[test]
fn the_shared_inputs_are_the_entries_arguments() {
    mock::register(COMMITTEE, entries::ALL);
    let members: Vec<_> = members().iter().map(|m| (m.key, m.possession)).collect();
    let (height, root, signers, signature) = attestation(0);
    let call = |call: contract_types::Invocation| {
        Request::to(COMMITTEE)
            .call(call.entry, &call.input)
            .unwrap()
    };
    assert_eq!(call(inputs::init(FACTS.one("domain"), &members, 3)), []);
    assert_eq!(call(inputs::attest(height, root, signers, signature)), []);
    assert_eq!(call(inputs::root(height)), [&[1], &root[..]].concat());
    assert_eq!(call(inputs::latest()), height.to_le_bytes());
}
