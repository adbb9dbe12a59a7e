//! Lists the workloads: at least one for each part of the price of each host function.
//!
//! What is measured is always a difference of two programs that are alike but for it, so that the
//! loop, the frame and what is done once cancel out.

use crate::fixture::{HEIGHT, LONG, RANGE};
use crate::program::{
    ANSWER, CALLEE, CODE, COUNT, DATA, DATA_BYTES, DIGEST, ED25519_KEY, ED25519_MESSAGE,
    ED25519_SIGNATURE, End, HASH_OF_TURN, KEY, KEY_OF_TURN, KEY_OF_TURN_BYTES, NOTHING, ONE, OUT,
    Program, SALT, SECP256K1_KEY, SECP256K1_SIGNATURE, UNDO, ZERO, call, call_with, letter,
};
use host_api::{Function, table};
use serde::Serialize;
use vm::unstable::schedule::Schedule;

/// A part of a price, by the name that it has in `lockstep schedule`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Every call.
    Base,
    /// A byte of data, topics, text, key or input.
    PerByte,
    /// A byte of a value.
    PerValueByte,
    /// The first touch of a key, with the call that makes it.
    Cold,
    /// An entry of a scan.
    PerEntry,
    /// A hidden key of a scan.
    PerHiddenKey,
}

impl Part {
    /// The parts of the price of `function` that are not zero.
    #[must_use]
    pub fn of(function: Function, schedule: &Schedule) -> Vec<(Self, u64)> {
        let price = schedule.host(function);
        let mut parts = vec![
            (Self::Base, price.base),
            (Self::PerByte, price.per_byte),
            (Self::PerValueByte, price.per_value_byte),
            (Self::Cold, price.cold),
        ];
        if function == Function::StorageScan {
            let dynamic = schedule.dynamic();
            parts.push((Self::PerEntry, dynamic.storage_scan_per_entry));
            parts.push((Self::PerHiddenKey, dynamic.storage_scan_per_hidden_key));
        }
        parts.retain(|(_, price)| *price > 0);
        parts
    }
}

/// What is measured: how much more one program takes than another.
#[derive(Clone, Debug)]
pub struct Work {
    /// The function.
    pub function: Function,
    /// The part of its price.
    pub part: Part,
    /// Which case of it.
    pub case: &'static str,
    /// Units that a turn has more than the other program's.
    pub units: i64,
    /// Turns in one message.
    pub turns: u32,
    /// With what is measured.
    pub with: Program,
    /// Without it.
    pub without: Program,
}

impl Work {
    fn new(name: &'static str, part: Part, programs: (Program, Program)) -> Self {
        let found = table::by_name(name).map(|row| row.function);
        let (with, without) = programs;
        Self {
            // A name that is none is found by the test that compares with the table.
            function: found.unwrap_or(Function::Input),
            part,
            case: "",
            units: 1,
            turns: 1_000,
            with,
            without,
        }
    }

    /// A call with constants against none.
    fn base(name: &'static str, operands: &[i64]) -> Self {
        let with = Program::turns(&call(name, operands));
        Self::new(name, Part::Base, (with, Program::turns("")))
    }

    /// The same where every turn has a key of its own.
    fn cold(name: &'static str, operands: &str) -> Self {
        let body = format!("{COUNT} {}", call_with(name, operands));
        let programs = (Program::turns(&body), Program::turns(COUNT));
        Self::new(name, Part::Cold, programs)
    }

    /// A call with `units` more bytes against one without them.
    fn more(name: &'static str, part: Part, units: i64, [with, without]: [&[i64]; 2]) -> Self {
        let programs = [with, without].map(|operands| Program::turns(&call(name, operands)));
        let [with, without] = programs;
        Self {
            units,
            ..Self::new(name, part, (with, without))
        }
    }

    const fn case(mut self, case: &'static str) -> Self {
        self.case = case;
        self
    }

    const fn turns(mut self, turns: u32) -> Self {
        self.turns = turns;
        self
    }

    fn after(mut self, setup: &str) -> Self {
        self.with = self.with.after(setup);
        self.without = self.without.after(setup);
        self
    }

    fn answers(mut self, result: i64) -> Self {
        self.with = self.with.answers(result);
        self
    }
}

/// Every workload, in the order of the table.
#[must_use]
pub fn works() -> Vec<Work> {
    let mut works: Vec<Work> = [
        data(),
        storage(),
        scans(),
        context(),
        cryptography(),
        accounts(),
        calls(),
        code(),
    ]
    .concat();
    works.sort_by_key(|work| (work.function, work.part));
    works
}

/// Data in and out of a frame, events, debug text.
fn data() -> Vec<Work> {
    let bytes = usize::try_from(DATA_BYTES).unwrap_or_default();
    let ended = |name, end: fn(usize) -> End| {
        let once = |length: i64, ends| Program::once(&call(name, &[DATA, length]), ends);
        let (empty, full) = (once(0, end(0)), once(DATA_BYTES, end(bytes)));
        let falls_off = Program::once("", End::Return(0));
        [
            Work::new(name, Part::Base, (empty.clone(), falls_off)),
            Work {
                units: DATA_BYTES,
                ..Work::new(name, Part::PerByte, (full, empty))
            },
        ]
    };
    let [returns, returns_bytes] = ended("return", End::Return);
    let [reverts, reverts_bytes] = ended("revert", End::Revert);
    let inputs = Work::base("input", &[OUT, DATA_BYTES]);
    let input_bytes = Work {
        units: DATA_BYTES,
        with: inputs.with.clone().with_input(bytes).answers(DATA_BYTES),
        without: inputs.with.clone().answers(0),
        ..inputs.clone()
    };
    vec![
        inputs.answers(0),
        Work {
            part: Part::PerByte,
            ..input_bytes
        }
        .turns(64),
        returns,
        returns_bytes,
        reverts,
        reverts_bytes,
        Work::base("emit_event", &[DATA, 0, DATA, 0]).turns(64),
        Work::more(
            "emit_event",
            Part::PerByte,
            1_000,
            [&[DATA, 0, DATA, 1_000], &[DATA, 0, DATA, 0]],
        )
        .turns(64),
        Work::base("debug_log", &[DATA, 0]),
        Work::more(
            "debug_log",
            Part::PerByte,
            2_000,
            [&[DATA, 2_000], &[DATA, 0]],
        )
        .turns(32),
    ]
}

/// Single keys: warm ones, long ones, long values, first touches.
fn storage() -> Vec<Work> {
    let warm = call("storage_has", &[KEY, 1]);
    let long = call("storage_has", &[KEY, 256]);
    let big = call("storage_has", &[letter(b'v'), 1]);
    let value = i64::try_from(LONG).unwrap_or_default();
    let key = format!("(i32.const {KEY_OF_TURN}) (i32.const {KEY_OF_TURN_BYTES})");
    let mut works = Vec::new();
    for (name, rest) in [
        ("storage_read", &[OUT, DATA_BYTES][..]),
        ("storage_has", &[]),
        ("storage_write", &[DATA, 0]),
        ("storage_remove", &[]),
    ] {
        let of = |bytes: i64| [&[KEY, bytes][..], rest].concat();
        let constants: Vec<String> = rest.iter().map(|at| format!("(i32.const {at})")).collect();
        works.push(Work::base(name, &of(1)).after(&warm).case("warm"));
        let longer = Work::more(name, Part::PerByte, 255, [&of(256), &of(1)]);
        works.push(longer.after(&format!("{warm} {long}")).case("of the key"));
        let cold = Work::cold(name, &format!("{key} {}", constants.join(" ")));
        works.push(cold.case("a key that is there"));
    }
    let absent =
        format!("(i32.const {HASH_OF_TURN}) (i32.const 9) (i32.const {DATA}) (i32.const 32)");
    works.push(Work::cold("storage_write", &absent).case("a key that is made, 32 bytes"));
    let (v, y) = (letter(b'v'), letter(b'y'));
    let warm = format!("{big} {}", call("storage_has", &[y, 1]));
    let reads = [&[v, 1, OUT, DATA_BYTES][..], &[y, 1, OUT, DATA_BYTES]];
    let read = Work::more("storage_read", Part::PerValueByte, value, reads);
    works.push(read.after(&warm).turns(64).case("warm"));
    let writes = [&[y, 1, DATA, DATA_BYTES][..], &[y, 1, DATA, 0]];
    let write = Work::more("storage_write", Part::PerValueByte, DATA_BYTES, writes);
    works.push(write.after(&warm).turns(32).case("warm"));
    works
}

/// Pages of a contract's storage; the letters bound ranges.
fn scans() -> Vec<Work> {
    let scan = |[from, to]: [u8; 2]| [letter(from), 1, letter(to), 1, 1 << 20, OUT, DATA_BYTES];
    let touch = |from: u8| call("storage_has", &[letter(from), 1]);
    let entries = i64::from(RANGE);
    let name = "storage_scan";
    let of = |part, units, with, without| {
        let work = Work::more(name, part, units, [&scan(with), &scan(without)]);
        let [with, ..] = with;
        let [without, ..] = without;
        work.after(&format!("{} {}", touch(with), touch(without)))
    };
    let empty = *b"pq";
    let mut long_start = scan(empty);
    let mut short_start = scan(empty);
    for (operands, length) in [(&mut long_start, 256), (&mut short_start, 1)] {
        let [start, bytes, ..] = operands;
        (*start, *bytes) = (KEY, length);
    }
    // From a key of 256 `k` to `p`, and from `k` to `p`, there is nothing but those two keys.
    let warm = format!(
        "{} {}",
        call("storage_has", &[KEY, 1]),
        call("storage_has", &[KEY, 256])
    );
    let bounded = |mut operands: [i64; 7]| {
        let [_, _, end, _, limit, ..] = &mut operands;
        (*end, *limit) = (letter(b'p'), 0);
        operands
    };
    let (long, short) = (bounded(long_start), bounded(short_start));
    let cold = format!(
        "(i32.const {KEY_OF_TURN}) (i32.const {KEY_OF_TURN_BYTES}) (i32.const {}) (i32.const 1)
         (i32.const 1) (i32.const {OUT}) (i32.const {DATA_BYTES})",
        letter(b'a')
    );
    vec![
        Work::base(name, &scan(empty))
            .after(&touch(b'p'))
            .answers(4)
            .case("an empty range"),
        Work::more(name, Part::PerByte, 255, [&long, &short])
            .after(&warm)
            .case("of a bound"),
        of(
            Part::PerValueByte,
            i64::try_from(LONG).unwrap_or_default(),
            *b"vw",
            *b"yz",
        )
        .turns(64)
        .case("of one entry"),
        Work::cold(name, &cold).case("an entry of 32 bytes"),
        of(Part::PerEntry, entries, *b"ef", empty)
            .turns(64)
            .case("9-byte keys, no value"),
        of(Part::PerHiddenKey, entries, *b"hi", empty)
            .turns(64)
            .answers(4)
            .case("9-byte keys"),
    ]
}

/// What the host knows by heart, and hashes of blocks.
fn context() -> Vec<Work> {
    let mut works: Vec<Work> = ["block_height", "block_time", "gas_left"]
        .map(|name| Work::base(name, &[]))
        .into();
    let writers = ["chain_id", "caller", "self", "proposer", "tx_hash", "value"];
    works.extend(writers.map(|name| Work::base(name, &[OUT])));
    let last = i64::try_from(HEIGHT).unwrap_or_default().saturating_sub(1);
    let warm = call("block_hash", &[last, OUT]);
    let turn =
        format!("(i64.sub (i64.const {last}) (i64.extend_i32_u (local.get $i))) (i32.const {OUT})");
    let base = Work::base("block_hash", &[last, OUT]);
    works.push(base.after(&warm).answers(1).case("warm"));
    works.push(Work::cold("block_hash", &turn).answers(1).turns(250));
    works
}

/// Hashes and signatures; those that are verified are valid, which takes longest.
fn cryptography() -> Vec<Work> {
    let mut works = Vec::new();
    for name in ["sha256", "keccak256"] {
        works.push(Work::base(name, &[DATA, 0, OUT]));
        let operands = [&[DATA, DATA_BYTES, OUT][..], &[DATA, 0, OUT]];
        works.push(Work::more(name, Part::PerByte, DATA_BYTES, operands).turns(16));
    }
    let secp256k1 = [DIGEST, SECP256K1_SIGNATURE];
    let verify = [&secp256k1[..], &[SECP256K1_KEY]].concat();
    works.push(Work::base("secp256k1_verify", &verify).answers(1).turns(16));
    let recover = [&secp256k1[..], &[1, OUT]].concat();
    works.push(
        Work::base("secp256k1_recover", &recover)
            .answers(1)
            .turns(16),
    );
    let ed25519 = |from, bytes| [from, bytes, ED25519_SIGNATURE, ED25519_KEY];
    let verify = Work::base("ed25519_verify", &ed25519(ED25519_MESSAGE, 2));
    works.push(verify.answers(1).turns(16));
    let operands = [ed25519(DATA, DATA_BYTES), ed25519(DATA, 0)];
    let [long, short] = &operands;
    let bytes = Work::more("ed25519_verify", Part::PerByte, DATA_BYTES, [long, short]);
    works.push(bytes.turns(16));
    works
}

/// Balances and payments.
fn accounts() -> Vec<Work> {
    let warm = call("balance", &[CALLEE, OUT]);
    vec![
        Work::base("balance", &[CALLEE, OUT])
            .after(&warm)
            .case("warm"),
        Work::cold(
            "balance",
            &format!("(i32.const {HASH_OF_TURN}) (i32.const {OUT})"),
        ),
        Work::base("transfer", &[CALLEE, ONE])
            .after(&warm)
            .answers(0)
            .case("warm"),
        Work::cold(
            "transfer",
            &format!("(i32.const {HASH_OF_TURN}) (i32.const {ONE})"),
        )
        .answers(0),
    ]
}

/// All gas that is there, as a contract passes it on.
const GAS_ALL: i64 = i64::MAX;

/// Calls of other contracts; a callee's frame and its work are in the gas.
fn calls() -> Vec<Work> {
    let entry = |to, name, length| [0, to, name, length, DATA, 0, ZERO, GAS_ALL];
    let nothing = entry(CALLEE, NOTHING, 7);
    let mut with_input = nothing;
    let [_, _, _, _, _, input, ..] = &mut with_input;
    *input = DATA_BYTES;
    let mut paying = nothing;
    let [.., value, _] = &mut paying;
    *value = ONE;
    let warm = call("call", &nothing);
    let at_turn = format!(
        "(i32.const 0) (i32.const {HASH_OF_TURN}) (i32.const {NOTHING}) (i32.const 7)
         (i32.const {DATA}) (i32.const 0) (i32.const {ZERO}) (i64.const {GAS_ALL})"
    );
    let of = |operands: &[i64], answer, case| {
        let work = Work::base("call", operands).turns(200);
        work.after(&warm).answers(answer).case(case)
    };
    let nobody = entry(KEY, NOTHING, 7);
    let inputs = [&with_input[..], &nothing];
    let bytes = Work::more("call", Part::PerByte, DATA_BYTES, inputs).turns(64);
    let answered = format!("{warm} {}", call("call", &entry(CALLEE, ANSWER, 6)));
    let output = |setup: &str| {
        let read = call("returned", &[OUT, DATA_BYTES]);
        Program::turns(&read).after(setup)
    };
    vec![
        of(&nothing, 0, "RETURN, an empty entry"),
        of(&paying, 0, "RETURN, with a value"),
        of(&entry(CALLEE, UNDO, 4), 1, "REVERT of 16 writes"),
        of(&entry(CALLEE, LETTER_A, 1), 20, "NO_ENTRY"),
        of(&nobody, 19, "NO_CODE").after(&format!("{warm} {}", call("call", &nobody))),
        bytes.after(&warm).answers(0).case("of the input"),
        Work::cold("call", &at_turn)
            .after(&warm)
            .answers(0)
            .turns(200)
            .case("an empty entry"),
        Work::base("returned", &[OUT, DATA_BYTES])
            .after(&warm)
            .answers(0),
        Work {
            units: DATA_BYTES,
            ..Work::new(
                "returned",
                Part::PerByte,
                (output(&answered), output(&warm)),
            )
        }
        .answers(DATA_BYTES)
        .turns(64),
    ]
}

/// The letter `a`, which no entry has as its name.
const LETTER_A: i64 = crate::program::LETTERS;

/// Deployments and changes of code.
fn code() -> Vec<Work> {
    let with_input = |bytes| [CODE, SALT, NOTHING, 7, DATA, bytes, ZERO, GAS_ALL, OUT];
    let taken = call("deploy", &with_input(0));
    let at_turn = format!(
        "(i32.const {CODE}) (i32.const {HASH_OF_TURN}) (i32.const {NOTHING}) (i32.const 7)
         (i32.const {DATA}) (i32.const 0) (i32.const {ZERO}) (i64.const {GAS_ALL})
         (i32.const {OUT})"
    );
    let inputs = [&with_input(DATA_BYTES)[..], &with_input(0)];
    let bytes = Work::more("deploy", Part::PerByte, DATA_BYTES, inputs);
    let set = call("set_code", &[CODE]);
    vec![
        Work::base("deploy", &with_input(0))
            .after(&taken)
            .answers(21)
            .case("TAKEN"),
        bytes
            .after(&taken)
            .answers(21)
            .turns(64)
            .case("of the input"),
        // The salt of turn 0 is that of the one which is there.
        Work::cold("deploy", &at_turn)
            .after(&taken)
            .turns(200)
            .case("an empty entry"),
        Work::base("set_code", &[CODE])
            .after(&set)
            .answers(0)
            .case("warm"),
        Work::cold("set_code", &format!("(i32.const {HASH_OF_TURN})"))
            .answers(19)
            .case("NO_CODE"),
    ]
}
