//! Probes of calls between contracts: every status, flag, limit and piece of returned data.

use super::script::{Ending, Operation, Script, Slot};
use super::{Probe, Site, variant_hash};
use crate::simulate::samples::{BARE, DRIVER, REFUSED, STARTER};
use host_api::Function;
use vm::{Address, CodeHash};

/// Flag of a call whose callee may call back.
pub(super) const ALLOW_REENTRY: u64 = 1;
/// More than the greatest depth of frames.
const DEEP: usize = 16;

/// Every function that only reads, and only what is outside of the state.
pub(super) fn readings() -> Script {
    Script::default()
        .host(Function::BlockHeight, Vec::new())
        .host(Function::BlockTime, Vec::new())
        .host(Function::ChainId, vec![Slot::Room(32)])
        .host(Function::Caller, vec![Slot::Room(32)])
        .host(Function::SelfAddress, vec![Slot::Room(32)])
        .host(Function::GasLeft, Vec::new())
        .host(Function::Proposer, vec![Slot::Room(32)])
        .host(Function::TxHash, vec![Slot::Room(32)])
        .host(Function::Value, vec![Slot::Room(16)])
        .host(Function::Input, vec![Slot::Buffer(0)])
        .host(Function::Input, vec![Slot::Buffer(40)])
        .host(Function::DebugLog, vec![Slot::Bytes(b"read".to_vec())])
}

/// A call of a contract that a script makes.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    address: Address,
    flags: u64,
    entry: Vec<u8>,
    input: Vec<u8>,
    value: u128,
    gas: u64,
}

impl Asked {
    /// A call of a driver with a script, all gas and no value.
    pub(super) fn of(site: &Site, salt: u8, script: &Script) -> Self {
        Self::at(site.driver(salt), b"run", script.encode())
    }

    pub(super) fn at(address: Address, entry: &[u8], input: Vec<u8>) -> Self {
        Self {
            address,
            flags: 0,
            entry: entry.to_vec(),
            input,
            value: 0,
            gas: u64::MAX,
        }
    }

    pub(super) fn with_flags(mut self, flags: u64) -> Self {
        self.flags = flags;
        self
    }

    pub(super) fn with_entry(mut self, entry: &[u8]) -> Self {
        self.entry = entry.to_vec();
        self
    }

    pub(super) fn with_gas(mut self, gas: u64) -> Self {
        self.gas = gas;
        self
    }

    pub(super) fn paying(mut self, value: u128) -> Self {
        self.value = value;
        self
    }
}

/// The arguments of `call`.
pub(super) fn call(asked: &Asked) -> Vec<Slot> {
    vec![
        Slot::Number(asked.flags),
        Slot::Fixed(asked.address.0.to_vec()),
        Slot::Bytes(asked.entry.clone()),
        Slot::Bytes(asked.input.clone()),
        Slot::Fixed(asked.value.to_le_bytes().to_vec()),
        Slot::Number(asked.gas),
    ]
}

/// A deployment that a script makes.
#[derive(Clone, Debug)]
pub(super) struct Created {
    pub(super) code: CodeHash,
    pub(super) salt: u8,
    pub(super) entry: &'static [u8],
    pub(super) input: Vec<u8>,
    pub(super) value: u128,
    pub(super) gas: u64,
}

impl Created {
    pub(super) fn of(code: CodeHash, salt: u8, script: &Script) -> Self {
        Self {
            code,
            salt,
            entry: b"run",
            input: script.encode(),
            value: 0,
            gas: u64::MAX,
        }
    }
}

/// The arguments of `deploy`.
pub(super) fn deploy(created: &Created) -> Vec<Slot> {
    vec![
        Slot::Fixed(created.code.0.to_vec()),
        Slot::Fixed(vec![created.salt; 32]),
        Slot::Bytes(created.entry.to_vec()),
        Slot::Bytes(created.input.clone()),
        Slot::Fixed(created.value.to_le_bytes().to_vec()),
        Slot::Number(created.gas),
        Slot::Room(32),
    ]
}

pub(super) fn asks(script: Script, asked: &Asked) -> Script {
    let script = script.host(Function::Call, call(asked));
    script.host(Function::Returned, vec![Slot::Buffer(24)])
}

pub(super) fn creates(script: Script, created: &Created) -> Script {
    let script = script.host(Function::Deploy, deploy(created));
    script.host(Function::Returned, vec![Slot::Buffer(24)])
}

pub(super) fn probes(site: &Site) -> Vec<Probe> {
    let mut probes = vec![
        site.script("ends of callees", 0, &ends(site)),
        site.script("statuses without a frame", 0, &refusals(site)),
        site.script("entries", 0, &entries(site)),
        site.script("deployments", 3, &deployments(site)),
        site.script("start functions below", 3, &starts()),
        site.script("gas of a callee", 0, &gas(site)),
        site.script("returned data", 0, &returned(site)),
        site.script("re-entry", 0, &reentry(site)),
    ];
    for depth in [DEEP.saturating_sub(2), DEEP.saturating_sub(1)] {
        let name = format!("{depth} frames below");
        probes.push(site.script(&name, 0, &deep(site, depth)));
    }
    probes
}

/// A callee that returns, reverts, traps, runs out of gas, and ends without a call.
fn ends(site: &Site) -> Script {
    let endings = [
        Ending::Return,
        Ending::Revert,
        Ending::Plain,
        Ending::Trap,
        Ending::Spin,
    ];
    endings
        .into_iter()
        .fold(Script::default(), |script, ending| {
            let inner = readings().ending(ending);
            asks(script, &Asked::of(site, 1, &inner).with_gas(600_000))
        })
}

/// Every status of a call that never begins a frame, and the order of the first two.
fn refusals(site: &Site) -> Script {
    let empty = Script::default();
    let absent = Address([0x33; 32]);
    let asked = [
        Asked::of(site, 1, &empty).paying(u128::MAX),
        Asked::at(absent, b"run", Vec::new()),
        Asked::at(absent, b"run", Vec::new()).paying(u128::MAX),
        Asked::of(site, 1, &empty).with_entry(b"absent"),
        Asked::of(site, 0, &empty),
        Asked::of(site, 0, &empty).paying(u128::MAX),
        Asked::of(site, 1, &empty).with_flags(ALLOW_REENTRY | 2),
    ];
    asked.iter().fold(Script::default(), asks)
}

/// Names of entries: the shortest and longest ones, none, too long, no text.
fn entries(site: &Site) -> Script {
    let names: [&[u8]; 6] = [b"r", &[b'r'; 64], b"", &[b'r'; 65], &[0xff], b"\xc3\xa9"];
    names.into_iter().fold(Script::default(), |script, name| {
        asks(script, &Asked::of(site, 1, &readings()).with_entry(name))
    })
}

/// Every status of a deployment, and value that it moves.
fn deployments(site: &Site) -> Script {
    let empty = Script::default();
    let code = DRIVER.code_hash();
    let good = Created {
        value: 2,
        ..Created::of(code, 1, &readings())
    };
    let back = Script::default().host(
        Function::Call,
        call(&Asked::of(site, 3, &empty).with_flags(ALLOW_REENTRY)),
    );
    let all = [
        good.clone(),
        good,
        Created::of(code, 2, &readings().ending(Ending::Revert)),
        Created::of(code, 2, &empty.clone().ending(Ending::Trap)),
        Created {
            gas: 200_000,
            ..Created::of(code, 2, &empty.clone().ending(Ending::Spin))
        },
        Created {
            value: u128::MAX,
            ..Created::of(code, 2, &empty)
        },
        Created::of(REFUSED.code_hash(), 2, &empty),
        Created {
            entry: b"absent",
            ..Created::of(code, 2, &empty)
        },
        Created {
            entry: b"absent",
            ..Created::of(BARE.code_hash(), 2, &empty)
        },
        // The deploying contract cannot be entered meanwhile.
        Created::of(code, 3, &back),
        Created::of(variant_hash(), 4, &readings()),
    ];
    all.iter().fold(Script::default(), creates)
}

/// A start function that returns, reverts, traps, or leaves the frame to the entry.
fn starts() -> Script {
    (0_u8..4).fold(Script::default(), |script, mode| {
        let created = Created {
            input: vec![mode],
            ..Created::of(STARTER.code_hash(), mode, &Script::default())
        };
        creates(script, &created)
    })
}

/// Limits of a callee: what was asked, and all but a 64th.
fn gas(site: &Site) -> Script {
    let trap = Script::default().operation(Operation::Unreachable, &[]);
    let inner = Script::default().host(Function::GasLeft, Vec::new());
    let gas = [0, 1, 1_000, 50_000, 1_000_000, 1 << 40, u64::MAX];
    let script = gas.into_iter().fold(Script::default(), |script, gas| {
        let script = asks(script, &Asked::of(site, 1, &inner).with_gas(gas));
        script.host(Function::GasLeft, Vec::new())
    });
    asks(script, &Asked::of(site, 1, &trap))
}

/// What `returned` has before and after each kind of call, and into less room.
fn returned(site: &Site) -> Script {
    let inner = Script::default().operation(Operation::Pages, &[]);
    let read =
        |script: Script, room: u64| script.host(Function::Returned, vec![Slot::Buffer(room)]);
    let payment = vec![
        Slot::Fixed(vec![0x44; 32]),
        Slot::Fixed(1_u128.to_le_bytes().to_vec()),
    ];
    let script = read(Script::default(), 8);
    let script = script.host(Function::Call, call(&Asked::of(site, 1, &inner)));
    let script = read(read(read(script, 0), 95), 96);
    let script = script.host(Function::Transfer, payment);
    let script = read(script, 200);
    let absent = Asked::of(site, 1, &inner).with_entry(b"absent");
    read(script.host(Function::Call, call(&absent)), 8)
}

/// A contract that is entered again, with and without the flag, directly and through another.
fn reentry(site: &Site) -> Script {
    let home = |flags| {
        let inner = Asked::of(site, 0, &readings()).with_flags(flags);
        Script::default().host(Function::Call, call(&inner))
    };
    let through = |flags, inner| Asked::of(site, 1, &home(inner)).with_flags(flags);
    let asked = [
        through(0, 0),
        through(0, ALLOW_REENTRY),
        through(ALLOW_REENTRY, 0),
        Asked::of(site, 0, &readings()).with_flags(ALLOW_REENTRY),
        Asked::of(site, 0, &readings()),
    ];
    asked.iter().fold(Script::default(), asks)
}

/// So many frames below the first, the last of which asks for one more, by call and deployment.
fn deep(site: &Site, depth: usize) -> Script {
    let one = |script: &Script| Asked::of(site, 1, script).with_flags(ALLOW_REENTRY);
    let empty = Script::default();
    let last = asks(Script::default(), &one(&empty));
    let last = creates(last, &Created::of(DRIVER.code_hash(), 9, &empty));
    (0..depth).fold(last, |script, level| {
        let salt = match level.checked_rem(2) {
            Some(0) => 2,
            _ => 1,
        };
        let asked = Asked::of(site, salt, &script).with_flags(ALLOW_REENTRY);
        Script::default().host(Function::Call, call(&asked))
    })
}
