//! Probes of transactions: deployments, uploads, transfers and calls at the edges of their limits.

use super::script::{Ending, Script};
use super::{Probe, Site};
use crate::simulate::samples::{BARE, COUNTER, DRIVER, OPERATORS, REFUSED, STARTER, Sample};
use host_api::limits::{DATA_BYTES_MAX, ENTRY_BYTES_MAX};
use node::Payload;
use vm::Address;
use vm::unstable::frames::{contract_address, frame_price};

/// Entries of the module of operators, and of the one without memory.
const OPERATOR_ENTRIES: [&str; 11] = [
    "floats",
    "saturate",
    "wide",
    "products",
    "bulk",
    "fill_behind",
    "copy_behind",
    "fill_over",
    "grow",
    "indirect",
    "jumps",
];
const DEEP_ENTRIES: [&str; 2] = ["deepest", "too_deep"];
const BARE_ENTRIES: [&str; 3] = ["inside", "outside", "behind"];

pub(super) fn probes(site: &Site) -> Vec<Probe> {
    let mut probes = Vec::new();
    let entries = OPERATOR_ENTRIES.into_iter().chain(DEEP_ENTRIES);
    for entry in entries {
        let name = format!("operators, {entry}");
        probes.push(Probe::new(&name, plain(site, &OPERATORS, entry)));
    }
    for entry in BARE_ENTRIES {
        let name = format!("no memory, {entry}");
        probes.push(Probe::new(&name, plain(site, &BARE, entry)));
    }
    probes.extend(starts(site));
    probes.extend(names(site));
    probes.extend(edges(site));
    probes.extend(endings(site));
    probes
}

fn plain(site: &Site, sample: &Sample, entry: &str) -> Payload {
    Payload::Call {
        contract: site.contract(sample, 0),
        entry: entry.to_owned(),
        input: Vec::new(),
        value: 0,
    }
}

fn deploy(sample: &Sample, salt: u8, (entry, input, value): (&str, Vec<u8>, u128)) -> Payload {
    Payload::Deploy {
        code_hash: sample.code_hash(),
        salt: [salt; 32],
        entry: entry.to_owned(),
        input,
        value,
    }
}

/// Start functions, as the outermost frame.
fn starts(site: &Site) -> Vec<Probe> {
    let started = (0_u8..4).map(|mode| {
        let payload = Payload::Call {
            contract: site.contract(&STARTER, 0),
            entry: "run".to_owned(),
            input: vec![mode],
            value: 0,
        };
        Probe::new(&format!("start function, mode {mode}"), payload)
    });
    started.collect()
}

/// Entries of the least and greatest length, and one that the code does not have.
fn names(site: &Site) -> Vec<Probe> {
    let longest = usize::try_from(ENTRY_BYTES_MAX).unwrap_or_default();
    let names = ["r".to_owned(), "r".repeat(longest), "absent".to_owned()];
    let named = names.into_iter().map(|entry| {
        let name = format!("an entry of {} bytes", entry.len());
        let payload = Payload::Call {
            contract: site.driver(2),
            entry,
            input: Script::default().encode(),
            value: 0,
        };
        Probe::new(&name, payload)
    });
    named.collect()
}

/// Frame prices, inputs, addresses and code at their edges.
fn edges(site: &Site) -> Vec<Probe> {
    let rules = node::rules::version_1();
    let price = vm::check(BARE.bytes, &rules)
        .map(|module| frame_price(&module, &rules))
        .unwrap_or_default();
    let init = || plain(site, &BARE, "init");
    let longest = usize::try_from(DATA_BYTES_MAX).unwrap_or_default();
    let funded = contract_address(&site.creator, &COUNTER.code_hash(), &[0x51; 32]);
    let transfer = |to, amount| Payload::Transfer { to, amount };
    let no_code = Payload::Call {
        contract: Address([0x34; 32]),
        entry: "run".to_owned(),
        input: Vec::new(),
        value: 1,
    };
    let absent = deploy(&REFUSED, 0x52, ("init", Vec::new(), 0));
    let no_entry = deploy(&BARE, 0x53, ("absent", Vec::new(), 0));
    let counted = || ("increment", 5_u64.to_le_bytes().to_vec(), 0);
    vec![
        Probe::new("less than a frame price", init()).with_gas(price.saturating_sub(1)),
        Probe::new("exactly a frame price", init()).with_gas(price),
        Probe::new("a frame price and an entry", init()).with_gas(price.saturating_add(40)),
        Probe::new(
            "the longest input",
            Payload::Call {
                contract: site.contract(&BARE, 0),
                entry: "inside".to_owned(),
                input: vec![7; longest],
                value: 0,
            },
        ),
        Probe::new("pays what has no code", transfer(funded, 9)),
        Probe::new(
            "deploys where a balance is",
            deploy(&COUNTER, 0x51, counted()),
        )
        .by_creator(),
        Probe::new("deploys there again", deploy(&COUNTER, 0x51, counted())).by_creator(),
        Probe::new("calls what has no code", no_code),
        Probe::new("deploys what was never uploaded", absent),
        Probe::new("deploys without such an entry", no_entry),
        Probe::new("pays nothing", transfer(Address([0x46; 32]), 0)),
        Probe::new("uploads nothing", Payload::Upload(Vec::new())),
        Probe::new(
            "uploads a driver again",
            Payload::Upload(DRIVER.bytes.to_vec()),
        ),
    ]
}

/// Deployments and calls with value that end in each way.
fn endings(site: &Site) -> Vec<Probe> {
    let endings = [
        Ending::Return,
        Ending::Revert,
        Ending::Plain,
        Ending::Trap,
        Ending::Spin,
    ];
    let mut probes = Vec::new();
    for (salt, ending) in (0x60..).zip(endings) {
        let script = super::storage::write(b"ending".to_vec(), b"value").ending(ending);
        let input = script.encode();
        let name = format!("deploys, {ending:?}");
        let payload = deploy(&DRIVER, salt, ("run", input, 4));
        probes.push(Probe::new(&name, payload).with_gas(5_000_000));
        let name = format!("calls with value, {ending:?}");
        let paid = site.paid(&name, 2, (&script, 6));
        probes.push(paid.with_gas(5_000_000));
    }
    probes
}
