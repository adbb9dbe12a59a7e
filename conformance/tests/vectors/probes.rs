//! Makes vectors of the simulator's probes: every host function and status at its limits.
//!
//! The probes are those of `node_sim::simulate::probes`; each runs as a message on one state, which
//! has what a chain would have by then.

use crate::Draft;
use node::Payload;
use node_sim::simulate::probes::{self, DRIVERS, Probe, Site};
use node_sim::simulate::samples::{BARE, COUNTER, DRIVER, OPERATORS, STARTER, Sample};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use vectors::format::{EnvironmentRecord, MessageRecord, VectorCase};
use vm::unstable::frames::contract_address;
use vm::unstable::state::Account;
use vm::{Address, Height, key};

/// Height of the block: the window of hashes is full.
const HEIGHT: u64 = 300;
/// Longest input of a vector, in bytes: longer ones only repeat what shorter ones show.
const INPUT_BYTES_MAX: usize = 16_384;
/// The account that sends every message and created every contract.
const CREATOR: Address = Address([0xcc; 32]);

/// The modules of the probes.
const CODES: [Sample; 5] = [DRIVER, OPERATORS, STARTER, BARE, COUNTER];

/// Vectors of all probes, and of those that read hashes of blocks.
pub(crate) fn draft() -> Draft {
    let about = "Probes of host functions, calls and operators at their limits, as messages.";
    let mut draft = Draft::new(about);
    for sample in CODES {
        draft.file(&file(&sample), sample.bytes.to_vec());
    }
    let site = Site { creator: CREATOR };
    draft.part.states.push(state(&site));
    let mut probes = probes::all(&site);
    probes.push(probes::window(&site, HEIGHT));
    for probe in probes {
        add(&mut draft, probe);
    }
    draft
}

fn file(sample: &Sample) -> String {
    format!("modules/probes/{}.wasm", sample.name)
}

/// Accounts, storage and hashes of blocks, inside the window and at both sides of its end.
fn state(site: &Site) -> BTreeMap<String, String> {
    let account = |address: &Address, sample: Option<&Sample>| {
        let account = Account {
            nonce: 3,
            balance: 1_000_000_000,
            code_hash: sample.map(Sample::code_hash),
        };
        (key::account(address), account.encode().unwrap())
    };
    let drivers = (0..DRIVERS).map(|salt| (DRIVER, salt));
    let others = [OPERATORS, STARTER, BARE].map(|sample| (sample, 0));
    let contracts = drivers.chain(others);
    let mut state: BTreeMap<Vec<u8>, Vec<u8>> = contracts
        .map(|(sample, salt)| account(&site.contract(&sample, salt), Some(&sample)))
        .collect();
    state.extend([account(&CREATOR, None)]);
    for height in [1, 2, 42, 43, 44, 45, 298, 299] {
        let hash = Sha256::digest(u64::to_le_bytes(height)).to_vec();
        state.insert(key::block_hash(Height(height)), hash);
    }
    for (salt, name, value) in [
        (1, "effect", "before"),
        (1, "touched", "value"),
        (1, "four", "old"),
        (3, "k", "k"),
        (3, "k1", "k1"),
        (3, "k2", "k2"),
        (3, "k22", "k22"),
        (3, "k3", "k3"),
        (3, "l", "l"),
    ] {
        let address = site.contract(&DRIVER, salt);
        let value = value.as_bytes().to_vec();
        state.insert(key::value(&address, name.as_bytes()), value);
    }
    let hex = |bytes: &[u8]| hex::encode(bytes);
    state
        .iter()
        .map(|(key, value)| (hex(key), hex(value)))
        .collect()
}

/// Adds a probe that runs code; transfers and uploads are in the vectors of chains.
fn add(draft: &mut Draft, probe: Probe) {
    let mut deploy = None;
    let (address, entry, input, value) = match probe.payload {
        Payload::Call {
            contract,
            entry,
            input,
            value,
        } => (contract, entry, input, value),
        Payload::Deploy {
            code_hash,
            entry,
            input,
            value,
            ..
        } => {
            let of = |sample: &Sample| sample.code_hash() == code_hash;
            let Some(sample) = CODES.iter().find(|sample| of(sample)) else {
                return;
            };
            deploy = Some(file(sample));
            (Address::default(), entry, input, value)
        }
        Payload::Transfer { .. } | Payload::Upload(_) => return,
    };
    if input.len() > INPUT_BYTES_MAX {
        return;
    }
    let message = MessageRecord {
        codes: CODES.iter().map(file).collect(),
        environment: environment(draft, &address),
        deploy,
        entry,
        input: hex::encode(input),
        value: value.to_string(),
        tx_hash: hex::encode(Sha256::digest(&probe.name)),
        gas_limit: probe.gas.to_string(),
    };
    let name = format!("probe {}", probe.name);
    draft.add(&name, VectorCase::Message(message));
}

/// Index of the environment whose contract has an address.
fn environment(draft: &mut Draft, address: &Address) -> u32 {
    let environment = EnvironmentRecord {
        caller: hex::encode(CREATOR),
        address: hex::encode(address),
        is_static: false,
        height: HEIGHT.to_string(),
        time_ms: "300000".to_owned(),
        chain_id: "01".repeat(32),
        proposer: hex::encode(CREATOR),
        state: 0,
    };
    let environments = &mut draft.part.environments;
    let found = environments.iter().position(|other| *other == environment);
    let index = found.unwrap_or(environments.len());
    if found.is_none() {
        environments.push(environment);
    }
    u32::try_from(index).unwrap()
}

#[test]
fn no_probe_calls_what_another_one_deployed() {
    // A vector deploys with a salt of zeros, so its contract has another address than the probe's.
    let site = Site { creator: CREATOR };
    let probes = probes::all(&site);
    let made = probes.iter().filter_map(|probe| match &probe.payload {
        Payload::Deploy {
            code_hash, salt, ..
        } => Some(contract_address(&CREATOR, code_hash, salt)),
        _ => None,
    });
    for address in made {
        let is_called = probes.iter().any(|probe| match &probe.payload {
            Payload::Call { contract, .. } => *contract == address,
            _ => false,
        });
        assert!(!is_called, "{address:?}");
    }
}
