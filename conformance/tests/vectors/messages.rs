//! Makes vectors of messages: contracts that call, re-enter, deploy, upgrade, pay and fail.

use crate::{Draft, files, project};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use vectors::format::{EnvironmentRecord, MessageRecord, VectorCase};
use vm::unstable::state::Account;
use vm::{Address, CodeHash, key};

const RELAY: &str = "modules/messages/relay.wasm";
const COUNTER: &str = "modules/contracts/counter.wasm";

/// Two contracts with the same code, one with other code, the caller, and an address without
/// account.
const FIRST: [u8; 32] = [0xa1; 32];
const SECOND: [u8; 32] = [0xa2; 32];
const OTHER: [u8; 32] = [0xa3; 32];
const CALLER: [u8; 32] = [0xcc; 32];
const ABSENT: [u8; 32] = [0xdd; 32];
/// Balance of the caller and of the first contract.
const BALANCE: u128 = 1_000;

const PLENTY: u64 = 50_000_000;
const ALLOW_REENTRY: u32 = host_api::flags::ALLOW_REENTRY;
const STATIC: u32 = host_api::flags::STATIC;

/// Input of `relay`, `forward` and `deploy`: the call or deployment to make.
#[derive(Clone)]
struct RelayRequest<'a> {
    flags: u32,
    gas: u64,
    value: u128,
    /// Address of the callee, or code hash of the deployment.
    of: [u8; 32],
    entry: &'a str,
    input: Vec<u8>,
}

/// A call of an entry with all remaining gas.
fn request(of: [u8; 32], entry: &str) -> RelayRequest<'_> {
    RelayRequest {
        flags: 0,
        gas: u64::MAX,
        value: 0,
        of,
        entry,
        input: Vec::new(),
    }
}

impl RelayRequest<'_> {
    fn encode(&self) -> Vec<u8> {
        let length = u32::try_from(self.entry.len()).unwrap();
        [
            &self.flags.to_le_bytes()[..],
            &length.to_le_bytes(),
            &self.gas.to_le_bytes(),
            &self.value.to_le_bytes(),
            &self.of,
            self.entry.as_bytes(),
            &self.input,
        ]
        .concat()
    }
}

struct CodeHashes {
    relay: [u8; 32],
    counter: [u8; 32],
}

/// Vectors of messages, with chains of calls up to the greatest depth.
pub(crate) fn draft() -> Draft {
    let about = "Messages as transactions send them: calls between contracts, value, code.";
    let mut draft = Draft::new(about);
    let relay = project("conformance/tests/vectors");
    let (_, text) = files(&relay, "wat").pop().unwrap();
    let relay = wat::parse_bytes(&text).unwrap().into_owned();
    let contracts = files(&crate::data().join("modules/contracts"), "wasm");
    let (_, counter) = contracts
        .into_iter()
        .find(|(name, _)| name == "counter.wasm")
        .unwrap();
    let codes = CodeHashes {
        relay: Sha256::digest(&relay).into(),
        counter: Sha256::digest(&counter).into(),
    };
    draft.file(RELAY, relay);
    draft.file(COUNTER, counter);
    draft.part.states.push(state(&codes));
    for (address, caller) in [(FIRST, CALLER), (ABSENT, CALLER), (FIRST, ABSENT)] {
        draft.part.environments.push(EnvironmentRecord {
            caller: hex::encode(caller),
            address: hex::encode(address),
            is_static: false,
            height: "9".to_owned(),
            time_ms: "9000".to_owned(),
            chain_id: "01".repeat(32),
            proposer: "02".repeat(32),
            state: 0,
        });
    }
    plain(&mut draft);
    between(&mut draft, &codes);
    failing(&mut draft);
    deep(&mut draft);
    draft
}

fn state(codes: &CodeHashes) -> BTreeMap<String, String> {
    let account = |address: &[u8; 32], balance, code_hash| {
        let account = Account {
            nonce: 3,
            balance,
            code_hash,
        };
        let value = account.encode().unwrap();
        (
            hex::encode(key::account(&Address(*address))),
            hex::encode(value),
        )
    };
    [
        account(&CALLER, BALANCE, None),
        account(&FIRST, BALANCE, Some(CodeHash(codes.relay))),
        account(&SECOND, 0, Some(CodeHash(codes.relay))),
        account(&OTHER, 0, Some(CodeHash(codes.counter))),
        account(
            &[0xfe; 32],
            u128::MAX - BALANCE + 1,
            Some(CodeHash(codes.counter)),
        ),
    ]
    .into()
}

fn message(entry: &str, input: &[u8]) -> MessageRecord {
    MessageRecord {
        codes: vec![RELAY.to_owned(), COUNTER.to_owned()],
        environment: 0,
        deploy: None,
        entry: entry.to_owned(),
        input: hex::encode(input),
        value: "0".to_owned(),
        tx_hash: "77".repeat(32),
        gas_limit: PLENTY.to_string(),
    }
}

/// Adds a message with plenty of gas, with a third of it, and with almost none.
fn add(draft: &mut Draft, name: &str, message: MessageRecord) {
    for (limit, suffix) in [(PLENTY, ""), (PLENTY / 3, ", less gas"), (100, ", no gas")] {
        let gas_limit = limit.to_string();
        let message = MessageRecord {
            gas_limit,
            ..message.clone()
        };
        draft.add(
            &format!("message {name}{suffix}"),
            VectorCase::Message(message),
        );
    }
}

fn plain(draft: &mut Draft) {
    for entry in ["who", "count", "refuse", "trap", "spin", "absent"] {
        add(draft, entry, message(entry, &[]));
    }
    for (name, value) in [
        ("paid", 5),
        ("paid with all", BALANCE),
        ("overpaid", BALANCE + 1),
    ] {
        let value = value.to_string();
        let paid = MessageRecord {
            value,
            ..message("who", &[])
        };
        add(draft, name, paid);
    }
    let to_absent = MessageRecord {
        environment: 1,
        ..message("who", &[])
    };
    add(draft, "to nobody", to_absent);
    let from_absent = MessageRecord {
        environment: 2,
        ..message("who", &[])
    };
    add(draft, "from nobody", from_absent);
    for (name, entry) in [("deployment", "who"), ("deployment refused", "refuse")] {
        let deploy = MessageRecord {
            deploy: Some(RELAY.to_owned()),
            value: "7".to_owned(),
            ..message(entry, &[])
        };
        add(draft, name, deploy);
    }
}

/// Calls that return every status, and what the calling contract sees of them.
fn calls() -> Vec<(&'static str, RelayRequest<'static>)> {
    let inside = request(FIRST, "count").encode();
    let back = |flags| RelayRequest {
        flags,
        input: inside.clone(),
        ..request(SECOND, "relay")
    };
    let with = |flags, entry| RelayRequest {
        flags,
        ..request(SECOND, entry)
    };
    vec![
        ("who is called", request(SECOND, "who")),
        ("counts there", request(SECOND, "count")),
        (
            "pays",
            RelayRequest {
                value: 10,
                ..request(SECOND, "who")
            },
        ),
        (
            "overpays",
            RelayRequest {
                value: BALANCE + 1,
                ..request(SECOND, "who")
            },
        ),
        (
            "overflows",
            RelayRequest {
                value: BALANCE,
                ..request([0xfe; 32], "get")
            },
        ),
        ("calls nobody", request(ABSENT, "who")),
        ("calls no entry", request(SECOND, "absent")),
        ("calls other code", request(OTHER, "get")),
        (
            "calls with input that is refused",
            RelayRequest {
                input: vec![1; 3],
                ..request(OTHER, "increment")
            },
        ),
        ("re-enters, refused", back(0)),
        ("re-enters, allowed", back(ALLOW_REENTRY)),
        ("calls itself, refused", request(FIRST, "count")),
        ("reads only", with(STATIC, "who")),
        (
            "writes where only reading is allowed",
            with(STATIC, "count"),
        ),
        ("uses no such flag", with(4, "who")),
        (
            "calls with little gas",
            RelayRequest {
                gas: 1_000,
                ..request(SECOND, "count")
            },
        ),
        (
            "calls one that spins",
            RelayRequest {
                gas: 9_000_000,
                ..request(SECOND, "spin")
            },
        ),
    ]
}

/// Deployments that succeed and that fail.
fn deployments(codes: &CodeHashes) -> [(&'static str, RelayRequest<'static>); 5] {
    [
        ("deploys", request(codes.relay, "count")),
        (
            "deploys with value",
            RelayRequest {
                value: 3,
                ..request(codes.relay, "who")
            },
        ),
        ("deploys what refuses", request(codes.relay, "refuse")),
        (
            "deploys other code",
            RelayRequest {
                input: vec![5, 0, 0, 0, 0, 0, 0, 0],
                ..request(codes.counter, "increment")
            },
        ),
        ("deploys what was never uploaded", request([9; 32], "count")),
    ]
}

fn between(draft: &mut Draft, codes: &CodeHashes) {
    for (name, ask) in calls() {
        for entry in ["forward", "relay"] {
            add(
                draft,
                &format!("{entry} {name}"),
                message(entry, &ask.encode()),
            );
        }
    }
    for (name, ask) in deployments(codes) {
        add(draft, name, message("deploy", &ask.encode()));
    }
    add(draft, "upgrade", message("upgrade", &codes.counter));
    add(draft, "upgrade to nothing", message("upgrade", &[8; 32]));
    let upgrade = RelayRequest {
        flags: ALLOW_REENTRY,
        input: codes.counter.to_vec(),
        ..request(FIRST, "upgrade")
    };
    add(
        draft,
        "upgrade of itself below",
        message("relay", &upgrade.encode()),
    );
}

/// A failed callee: its effects are reverted, but not its gas.
fn failing(draft: &mut Draft) {
    for entry in ["refuse", "trap"] {
        let inner = RelayRequest {
            value: 4,
            ..request(SECOND, entry)
        };
        add(
            draft,
            &format!("relay to {entry}"),
            message("relay", &inner.encode()),
        );
        let middle = RelayRequest {
            flags: ALLOW_REENTRY,
            input: inner.encode(),
            ..request(FIRST, "relay")
        };
        add(
            draft,
            &format!("relay to relay to {entry}"),
            message("relay", &middle.encode()),
        );
    }
}

/// Contracts that call each other up to the limit of frames.
fn deep(draft: &mut Draft) {
    for depth in [14_u32, 15, 16] {
        let mut inner = request(SECOND, "count");
        for level in 0..depth {
            let of = if level % 2 == 0 { FIRST } else { SECOND };
            inner = RelayRequest {
                flags: ALLOW_REENTRY,
                input: RelayRequest {
                    flags: ALLOW_REENTRY,
                    ..inner
                }
                .encode(),
                ..request(of, "relay")
            };
        }
        let name = format!("relay {depth} frames below");
        add(draft, &name, message("relay", &inner.encode()));
    }
}
