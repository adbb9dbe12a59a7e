//! Makes vectors of messages: contracts that call, re-enter, deploy, upgrade, pay and fail.

use crate::{Draft, files, project};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use vectors::format::{Case, Message, Setting};
use vm::unstable::state::Account;
use vm::{Address, CodeHash, key};

const RELAY: &str = "modules/messages/relay.wasm";
const COUNTER: &str = "modules/contracts/counter.wasm";

/// Two contracts of the same code, one of other code, and who calls.
const FIRST: [u8; 32] = [0xa1; 32];
const SECOND: [u8; 32] = [0xa2; 32];
const OTHER: [u8; 32] = [0xa3; 32];
const CALLER: [u8; 32] = [0xcc; 32];
const NOBODY: [u8; 32] = [0xdd; 32];
/// Balance of the caller and of the first contract.
const BALANCE: u128 = 1_000;

const PLENTY: u64 = 50_000_000;
const ALLOW_REENTRY: u32 = host_api::flags::ALLOW_REENTRY;
const STATIC: u32 = host_api::flags::STATIC;

/// What `relay`, `forward` and `deploy` are asked to do.
#[derive(Clone)]
struct Ask<'a> {
    flags: u32,
    gas: u64,
    value: u128,
    /// Address, or code hash.
    of: [u8; 32],
    entry: &'a str,
    input: Vec<u8>,
}

/// A call of an entry with all the gas there is.
fn ask(of: [u8; 32], entry: &str) -> Ask<'_> {
    Ask {
        flags: 0,
        gas: u64::MAX,
        value: 0,
        of,
        entry,
        input: Vec::new(),
    }
}

impl Ask<'_> {
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

struct Codes {
    relay: [u8; 32],
    counter: [u8; 32],
}

/// Messages, and a chain of calls as deep as there is.
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
    let codes = Codes {
        relay: Sha256::digest(&relay).into(),
        counter: Sha256::digest(&counter).into(),
    };
    draft.file(RELAY, relay);
    draft.file(COUNTER, counter);
    draft.part.states.push(state(&codes));
    for (address, caller) in [(FIRST, CALLER), (NOBODY, CALLER), (FIRST, NOBODY)] {
        draft.part.settings.push(Setting {
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

fn state(codes: &Codes) -> BTreeMap<String, String> {
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

fn message(entry: &str, input: &[u8]) -> Message {
    Message {
        codes: vec![RELAY.to_owned(), COUNTER.to_owned()],
        setting: 0,
        deploy: None,
        entry: entry.to_owned(),
        input: hex::encode(input),
        value: "0".to_owned(),
        tx_hash: "77".repeat(32),
        gas_limit: PLENTY.to_string(),
    }
}

/// A message, and the same with a third of the gas and with next to none.
fn add(draft: &mut Draft, name: &str, message: Message) {
    for (limit, suffix) in [(PLENTY, ""), (PLENTY / 3, ", less gas"), (100, ", no gas")] {
        let gas_limit = limit.to_string();
        let message = Message {
            gas_limit,
            ..message.clone()
        };
        draft.add(&format!("message {name}{suffix}"), Case::Message(message));
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
        let paid = Message {
            value,
            ..message("who", &[])
        };
        add(draft, name, paid);
    }
    let to_nobody = Message {
        setting: 1,
        ..message("who", &[])
    };
    add(draft, "to nobody", to_nobody);
    let from_nobody = Message {
        setting: 2,
        ..message("who", &[])
    };
    add(draft, "from nobody", from_nobody);
    for (name, entry) in [("deployment", "who"), ("deployment refused", "refuse")] {
        let deploy = Message {
            deploy: Some(RELAY.to_owned()),
            value: "7".to_owned(),
            ..message(entry, &[])
        };
        add(draft, name, deploy);
    }
}

/// Calls that answer every status, and what a contract sees of them.
fn calls() -> Vec<(&'static str, Ask<'static>)> {
    let inside = ask(FIRST, "count").encode();
    let back = |flags| Ask {
        flags,
        input: inside.clone(),
        ..ask(SECOND, "relay")
    };
    let with = |flags, entry| Ask {
        flags,
        ..ask(SECOND, entry)
    };
    vec![
        ("who is called", ask(SECOND, "who")),
        ("counts there", ask(SECOND, "count")),
        (
            "pays",
            Ask {
                value: 10,
                ..ask(SECOND, "who")
            },
        ),
        (
            "overpays",
            Ask {
                value: BALANCE + 1,
                ..ask(SECOND, "who")
            },
        ),
        (
            "overflows",
            Ask {
                value: BALANCE,
                ..ask([0xfe; 32], "get")
            },
        ),
        ("calls nobody", ask(NOBODY, "who")),
        ("calls no entry", ask(SECOND, "absent")),
        ("calls other code", ask(OTHER, "get")),
        (
            "calls with input that is refused",
            Ask {
                input: vec![1; 3],
                ..ask(OTHER, "increment")
            },
        ),
        ("re-enters, refused", back(0)),
        ("re-enters, allowed", back(ALLOW_REENTRY)),
        ("calls itself, refused", ask(FIRST, "count")),
        ("reads only", with(STATIC, "who")),
        (
            "writes where only reading is allowed",
            with(STATIC, "count"),
        ),
        ("uses no such flag", with(4, "who")),
        (
            "calls with little gas",
            Ask {
                gas: 1_000,
                ..ask(SECOND, "count")
            },
        ),
        (
            "calls one that spins",
            Ask {
                gas: 9_000_000,
                ..ask(SECOND, "spin")
            },
        ),
    ]
}

/// Deployments.
fn deployments(codes: &Codes) -> [(&'static str, Ask<'static>); 5] {
    [
        ("deploys", ask(codes.relay, "count")),
        (
            "deploys with value",
            Ask {
                value: 3,
                ..ask(codes.relay, "who")
            },
        ),
        ("deploys what refuses", ask(codes.relay, "refuse")),
        (
            "deploys other code",
            Ask {
                input: vec![5, 0, 0, 0, 0, 0, 0, 0],
                ..ask(codes.counter, "increment")
            },
        ),
        ("deploys what was never uploaded", ask([9; 32], "count")),
    ]
}

fn between(draft: &mut Draft, codes: &Codes) {
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
    let upgrade = Ask {
        flags: ALLOW_REENTRY,
        input: codes.counter.to_vec(),
        ..ask(FIRST, "upgrade")
    };
    add(
        draft,
        "upgrade of itself below",
        message("relay", &upgrade.encode()),
    );
}

/// What a callee did is undone, and what it paid is not.
fn failing(draft: &mut Draft) {
    for entry in ["refuse", "trap"] {
        let inner = Ask {
            value: 4,
            ..ask(SECOND, entry)
        };
        add(
            draft,
            &format!("relay to {entry}"),
            message("relay", &inner.encode()),
        );
        let middle = Ask {
            flags: ALLOW_REENTRY,
            input: inner.encode(),
            ..ask(FIRST, "relay")
        };
        add(
            draft,
            &format!("relay to relay to {entry}"),
            message("relay", &middle.encode()),
        );
    }
}

/// Contracts that call each other until there is no frame left.
fn deep(draft: &mut Draft) {
    for depth in [14_u32, 15, 16] {
        let mut inner = ask(SECOND, "count");
        for level in 0..depth {
            let of = if level % 2 == 0 { FIRST } else { SECOND };
            inner = Ask {
                flags: ALLOW_REENTRY,
                input: Ask {
                    flags: ALLOW_REENTRY,
                    ..inner
                }
                .encode(),
                ..ask(of, "relay")
            };
        }
        let name = format!("relay {depth} frames below");
        add(draft, &name, message("relay", &inner.encode()));
    }
}
