//! Cases: contracts and blocks of calls, each for a kind of work that a price must pay for.
//!
//! | file | content |
//! |---|---|
//! | `kit` | the contract that most cases call: loops of one host function each |
//! | `frames` | contracts whose frames are what is measured |

mod frames;

mod kit;

use crate::Done;

/// Contracts and blocks of one kind of work.
#[derive(Clone, Debug)]
pub struct Case {
    /// Name in tables and messages.
    pub name: &'static str,
    /// Modules, each uploaded and deployed once; [`kit`] is the first.
    pub modules: Vec<Vec<u8>>,
    /// Blocks that are applied once; each transaction has to succeed.
    pub before: Vec<Vec<Action>>,
    /// Blocks that are measured, again and again in this order.
    pub blocks: Vec<Vec<Action>>,
}

/// A transaction of a case.
#[derive(Clone, Debug)]
pub enum Action {
    /// A call of a contract.
    Call {
        /// Number of its module.
        contract: usize,
        /// Name of the entry.
        entry: &'static str,
        /// Input of the call.
        input: Input,
        /// Gas limit of the transaction, in gas.
        gas: u64,
    },
    /// A transfer to the account with a number.
    Transfer(u64),
}

/// Input of a call: 32 bytes that the target decides, and three numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input {
    /// The first 32 bytes.
    pub target: Target,
    /// Number of turns of the loop.
    pub count: u32,
    /// Length in bytes of a value or an input, or the greatest number of entries of a scan.
    pub bytes: u32,
    /// The number of the first key.
    pub first: u32,
}

/// The account or code that a contract works on.
#[derive(Clone, Copy, Debug, Default)]
pub enum Target {
    /// None: zeros.
    #[default]
    None,
    /// An address without an account.
    Absent,
    /// The contract of a module.
    Contract(usize),
    /// The code hash of a module.
    Code(usize),
}

/// Turns of a loop that ends when the gas is used up.
const ENDLESS: u32 = 1 << 30;
/// Bytes of the longest value, and of the longest input.
const LONG: u32 = 65_536;

/// How much a case works.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Gas of a call that ends when it is used up.
    pub gas: u64,
    /// Keys of the cases with thousands of them.
    pub keys: u32,
}

impl Scale {
    /// For measuring time: 30 ms a call, so that the ticks of the processor clock do not matter.
    pub const TIMED: Self = Self {
        gas: 300_000_000,
        keys: 3_000,
    };
    /// For counting.
    pub const COUNTED: Self = Self {
        gas: 120_000_000,
        keys: 600,
    };
}

fn call(contract: usize, entry: &'static str, input: Input, gas: u64) -> Action {
    Action::Call {
        contract,
        entry,
        input,
        gas,
    }
}

/// A call of the kit for some keys; it ends before the gas is used up.
fn keys(entry: &'static str, count: u32, bytes: u32, first: u32) -> Action {
    let input = Input {
        count,
        bytes,
        first,
        ..Input::default()
    };
    call(0, entry, input, 4_500_000_000)
}

/// A call of the kit until the gas is used up.
fn endless(entry: &'static str, target: Target, bytes: u32, scale: Scale) -> Action {
    let input = Input {
        target,
        count: ENDLESS,
        bytes,
        first: 0,
    };
    call(0, entry, input, scale.gas)
}

fn case(name: &'static str, others: &[&str], blocks: Vec<Vec<Action>>) -> Done<Case> {
    let mut modules = vec![kit::module()?];
    for text in others {
        modules.push(wat::parse_str(text)?);
    }
    Ok(Case {
        name,
        modules,
        before: Vec::new(),
        blocks,
    })
}

impl Case {
    fn after(self, before: Vec<Vec<Action>>) -> Self {
        Self { before, ..self }
    }
}

/// Every case, a plain loop first.
///
/// # Errors
/// If a program is not valid text.
pub fn cases(scale: Scale) -> Done<Vec<Case>> {
    let mut cases = vec![case(
        "spin",
        &[],
        vec![vec![endless("spin", Target::None, 0, scale)]],
    )?];
    cases.extend(scans(scale)?);
    cases.extend(values(scale)?);
    cases.extend(calls(scale)?);
    cases.extend(accounts(scale)?);
    cases.extend(frames::cases(scale)?);
    Ok(cases)
}

/// Scans before long values, over removed keys, and over keys that the block created and removed.
fn scans(scale: Scale) -> Done<Vec<Case>> {
    let scan = |limit| endless("scan", Target::None, limit, scale);
    let many = scale.keys;
    Ok(vec![
        case("scan before long values", &[], vec![vec![scan(33)]])?.after(vec![vec![
            keys("write", 33, 0, 0),
            keys("write", 48, LONG, 33),
        ]]),
        case("scan of long values", &[], vec![vec![scan(100)]])?
            .after(vec![vec![keys("write", 48, LONG, 0)]]),
        case(
            "removed keys of long values, scanned",
            &[],
            vec![
                vec![keys("remove", 96, 0, 0), scan(100), scan(100)],
                vec![keys("write", 96, LONG, 0)],
            ],
        )?
        .after(vec![vec![keys("write", 96, LONG, 0)]]),
        case(
            "removed keys by the thousand, scanned",
            &[],
            vec![
                vec![keys("remove", many, 0, 0), scan(100), scan(100)],
                vec![keys("write", many, 8, 0)],
            ],
        )?
        .after(vec![vec![keys("write", many, 8, 0)]]),
        case(
            "keys created and removed in the block, scanned",
            &[],
            vec![vec![
                keys("write", many, 8, 0),
                keys("remove", many, 0, 0),
                scan(100),
            ]],
        )?,
        case(
            "keys created and removed in the transaction, scanned",
            &[],
            vec![vec![endless("churn", Target::None, 8, scale)]],
        )?,
    ])
}

/// Values: absent, present, replaced, removed; long keys.
fn values(scale: Scale) -> Done<Vec<Case>> {
    let long = || vec![vec![keys("write", 64, LONG, 0)]];
    Ok(vec![
        case(
            "reads of absent keys",
            &[],
            vec![vec![endless("read", Target::None, 0, scale)]],
        )?,
        case(
            "presence of long values",
            &[],
            vec![vec![keys("has", 64, 0, 0)]],
        )?
        .after(long()),
        case(
            "presence of a long value, again and again",
            &[],
            vec![vec![endless("has_one", Target::None, 0, scale)]],
        )?
        .after(long()),
        case(
            "long values replaced by empty ones",
            &[],
            vec![
                vec![keys("write", 64, 0, 0)],
                vec![keys("write", 64, LONG, 0)],
            ],
        )?
        .after(long()),
        case(
            "long values removed",
            &[],
            vec![
                vec![keys("remove", 64, 0, 0)],
                vec![keys("write", 64, LONG, 0)],
            ],
        )?
        .after(long()),
        case(
            "reads under long keys",
            &[],
            vec![vec![endless("read_long", Target::None, 0, scale)]],
        )?,
        case(
            "writes under long keys",
            &[],
            vec![vec![endless("write_long", Target::None, 0, scale)]],
        )?,
        case(
            "writes of one key",
            &[],
            vec![vec![endless("write_one", Target::None, 8, scale)]],
        )?,
    ])
}

/// Calls that return at once, are refused, pass long arguments, or revert.
fn calls(scale: Scale) -> Done<Vec<Case>> {
    let tiny = Target::Contract(1);
    let one = |name, entry, target, bytes| {
        let block = vec![endless(entry, target, bytes, scale)];
        case(name, &[frames::TINY, frames::OUTPUT], vec![block])
    };
    Ok(vec![
        one("calls that return at once", "call", tiny, 0)?,
        one("calls with long inputs", "call", tiny, LONG)?,
        one("calls with long outputs", "call", Target::Contract(2), 0)?,
        one("calls refused: no code", "call", Target::Absent, LONG)?,
        one("calls refused: no entry", "call_no_entry", tiny, LONG)?,
        one("calls refused: re-entry", "call_self", Target::None, LONG)?,
        one("calls refused: depth", "depth", Target::None, LONG)?,
        one("16 frames with long inputs", "deep_loop", Target::None, 0)?,
        one("frames that write and revert", "undo_loop", Target::None, 8)?,
        one(
            "16 frames that write and revert",
            "deep_undo_loop",
            Target::None,
            8,
        )?,
        one(
            "frames that emit and revert",
            "emit_loop",
            Target::None,
            900,
        )?,
    ])
}

/// Accounts and events: transfers, deployments, code, many small transactions.
fn accounts(scale: Scale) -> Done<Vec<Case>> {
    let code = Target::Code(1);
    let events = |bytes| {
        let input = Input {
            count: 64,
            bytes,
            ..Input::default()
        };
        vec![call(0, "emit", input, 6_000_000); 64]
    };
    let transfers = |block: u64| {
        let first = block.saturating_mul(200);
        (first..first.saturating_add(200))
            .map(Action::Transfer)
            .collect()
    };
    Ok(vec![
        case("64 empty events", &[], vec![events(0)])?,
        case("64 events of 896 bytes", &[], vec![events(896)])?,
        case(
            "an event of 64 KiB",
            &[],
            vec![vec![
                call(
                    0,
                    "emit",
                    Input {
                        count: 1,
                        bytes: 65_408,
                        ..Input::default()
                    },
                    6_000_000,
                );
                64
            ]],
        )?,
        case(
            "transfers of a contract to new accounts",
            &[],
            vec![vec![endless("transfer", Target::None, 0, scale)]],
        )?,
        case(
            "transactions that transfer to new accounts",
            &[],
            (0..11).map(transfers).collect(),
        )?,
        case(
            "deployments of one code",
            &[frames::TINY],
            vec![vec![endless("deploy", code, 0, scale)]],
        )?,
    ])
}
