//! Lists the workloads: at least one for each part of the price of each host function.
//!
//! Each measurement is the difference of two programs that differ only in the measured work, so
//! that the costs of the loop, the frame and the setup cancel out.

use crate::fixture::{HEIGHT, LONG, RANGE};
use crate::program::{
    BN254_PAIRS, BN254_POINTS, BN254_SCALAR, CALLEE, CODE, COUNT, DATA, DATA_BYTES, DIGEST,
    ED25519_KEY, ED25519_MESSAGE, ED25519_SIGNATURE, ELEMENT, G1_TERMS, G2_TERMS, HASH_OF_TURN,
    KEY, KEY_OF_TURN, KEY_OF_TURN_BYTES, NOTHING, ONE, OUT, OUTPUT_64_KIB, P256_DIGEST, P256_KEY,
    P256_SIGNATURE, PAIRS, Program, ProgramEnd, SALT, SECP256K1_KEY, SECP256K1_SIGNATURE, UNDO,
    ZERO, call, call_with, letter,
};
use host_api::{Function, table};
use serde::Serialize;
use vm::unstable::schedule::Schedule;

/// A part of a host function's price, with its name in `lockstep schedule`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PricePart {
    /// Price of every call.
    Base,
    /// Price of a byte of data, topics, text, key or input.
    PerByte,
    /// Price of a byte of a value.
    PerValueByte,
    /// Price of the first access to a key; measured together with the call.
    Cold,
    /// Price of an entry of a scan.
    PerEntry,
    /// Price of a hidden key of a scan.
    PerHiddenKey,
}

impl PricePart {
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

/// A measurement: the difference between two programs.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The host function.
    pub function: Function,
    /// The part of its price.
    pub part: PricePart,
    /// Description of the case.
    pub case: &'static str,
    /// Number of units that an iteration of `with` has more than one of `without`.
    pub units: i64,
    /// Number of iterations in a message.
    pub turns: u32,
    /// The program with the measured work.
    pub with: Program,
    /// The program without it.
    pub without: Program,
}

impl Workload {
    fn new(name: &'static str, part: PricePart, programs: (Program, Program)) -> Self {
        let found = table::by_name(name).map(|row| row.function);
        let (with, without) = programs;
        Self {
            // The test that compares the workloads with the table finds an unknown name.
            function: found.unwrap_or(Function::Input),
            part,
            case: "",
            units: 1,
            turns: 1_000,
            with,
            without,
        }
    }

    /// A call with constants, compared with no call.
    fn base(name: &'static str, operands: &[i64]) -> Self {
        let with = Program::turns(&call(name, operands));
        Self::new(name, PricePart::Base, (with, Program::turns("")))
    }

    /// A call with another key in each iteration, compared with no call.
    fn cold(name: &'static str, operands: &str) -> Self {
        let body = format!("{COUNT} {}", call_with(name, operands));
        let programs = (Program::turns(&body), Program::turns(COUNT));
        Self::new(name, PricePart::Cold, programs)
    }

    /// A call with `units` more bytes, compared with one without them.
    fn more(name: &'static str, part: PricePart, units: i64, [with, without]: [&[i64]; 2]) -> Self {
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

    fn expects(mut self, result: i64) -> Self {
        self.with = self.with.expects(result);
        self
    }
}

/// Every workload, in the order of the table.
#[must_use]
pub fn workloads() -> Vec<Workload> {
    let mut workloads: Vec<Workload> = [
        data(),
        storage(),
        scans(),
        context(),
        cryptography(),
        curves(),
        accounts(),
        calls(),
        code(),
    ]
    .concat();
    workloads.sort_by_key(|workload| (workload.function, workload.part));
    workloads
}

/// Input and output of a frame, events, debug log.
fn data() -> Vec<Workload> {
    let bytes = usize::try_from(DATA_BYTES).unwrap_or_default();
    let ended = |name, end: fn(usize) -> ProgramEnd| {
        let once = |length: i64, ends| Program::once(&call(name, &[DATA, length]), ends);
        let (empty, full) = (once(0, end(0)), once(DATA_BYTES, end(bytes)));
        let falls_off = Program::once("", ProgramEnd::Return(0));
        [
            Workload::new(name, PricePart::Base, (empty.clone(), falls_off)),
            Workload {
                units: DATA_BYTES,
                ..Workload::new(name, PricePart::PerByte, (full, empty))
            },
        ]
    };
    let [returns, returns_bytes] = ended("return", ProgramEnd::Return);
    let [reverts, reverts_bytes] = ended("revert", ProgramEnd::Revert);
    let inputs = Workload::base("input", &[OUT, DATA_BYTES]);
    let input_bytes = Workload {
        units: DATA_BYTES,
        with: inputs.with.clone().with_input(bytes).expects(DATA_BYTES),
        without: inputs.with.clone().expects(0),
        ..inputs.clone()
    };
    vec![
        inputs.expects(0),
        Workload {
            part: PricePart::PerByte,
            ..input_bytes
        }
        .turns(64),
        returns,
        returns_bytes,
        reverts,
        reverts_bytes,
        Workload::base("emit_event", &[DATA, 0, DATA, 0]).turns(64),
        Workload::more(
            "emit_event",
            PricePart::PerByte,
            1_000,
            [&[DATA, 0, DATA, 1_000], &[DATA, 0, DATA, 0]],
        )
        .turns(64),
        Workload::base("debug_log", &[DATA, 0]),
        Workload::more(
            "debug_log",
            PricePart::PerByte,
            2_000,
            [&[DATA, 2_000], &[DATA, 0]],
        )
        .turns(32),
    ]
}

/// Single keys: warm accesses, long keys, long values, cold accesses.
fn storage() -> Vec<Workload> {
    let warm = call("storage_has", &[KEY, 1]);
    let long = call("storage_has", &[KEY, 256]);
    let big = call("storage_has", &[letter(b'v'), 1]);
    let value = i64::try_from(LONG).unwrap_or_default();
    let key = format!("(i32.const {KEY_OF_TURN}) (i32.const {KEY_OF_TURN_BYTES})");
    let mut workloads = Vec::new();
    for (name, rest) in [
        ("storage_read", &[OUT, DATA_BYTES][..]),
        ("storage_has", &[]),
        ("storage_write", &[DATA, 0]),
        ("storage_remove", &[]),
    ] {
        let of = |bytes: i64| [&[KEY, bytes][..], rest].concat();
        let constants = rest.iter().map(|value| format!("(i32.const {value})"));
        let constants: Vec<String> = constants.collect();
        workloads.push(Workload::base(name, &of(1)).after(&warm).case("warm"));
        let longer = Workload::more(name, PricePart::PerByte, 255, [&of(256), &of(1)]);
        workloads.push(longer.after(&format!("{warm} {long}")).case("of the key"));
        let cold = Workload::cold(name, &format!("{key} {}", constants.join(" ")));
        workloads.push(cold.case("a key that is there"));
    }
    let absent =
        format!("(i32.const {HASH_OF_TURN}) (i32.const 9) (i32.const {DATA}) (i32.const 32)");
    workloads.push(Workload::cold("storage_write", &absent).case("a key that is made, 32 bytes"));
    let (v, y) = (letter(b'v'), letter(b'y'));
    let warm = format!("{big} {}", call("storage_has", &[y, 1]));
    let reads = [&[v, 1, OUT, DATA_BYTES][..], &[y, 1, OUT, DATA_BYTES]];
    let read = Workload::more("storage_read", PricePart::PerValueByte, value, reads);
    workloads.push(read.after(&warm).turns(64).case("warm"));
    let writes = [&[y, 1, DATA, DATA_BYTES][..], &[y, 1, DATA, 0]];
    let write = Workload::more("storage_write", PricePart::PerValueByte, DATA_BYTES, writes);
    workloads.push(write.after(&warm).turns(32).case("warm"));
    workloads
}

/// Scans of a contract's storage; the bounds of ranges are letters.
fn scans() -> Vec<Workload> {
    let scan = |[from, to]: [u8; 2]| [letter(from), 1, letter(to), 1, 1 << 20, OUT, DATA_BYTES];
    let touch = |from: u8| call("storage_has", &[letter(from), 1]);
    let entries = i64::from(RANGE);
    let name = "storage_scan";
    let of = |part, units, with, without| {
        let workload = Workload::more(name, part, units, [&scan(with), &scan(without)]);
        let [with, ..] = with;
        let [without, ..] = without;
        workload.after(&format!("{} {}", touch(with), touch(without)))
    };
    let empty = *b"pq";
    let mut long_start = scan(empty);
    let mut short_start = scan(empty);
    for (operands, length) in [(&mut long_start, 256), (&mut short_start, 1)] {
        let [start, bytes, ..] = operands;
        (*start, *bytes) = (KEY, length);
    }
    // The ranges from the key of 256 `k` to `p` and from `k` to `p` have no other keys than these.
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
        Workload::base(name, &scan(empty))
            .after(&touch(b'p'))
            .expects(4)
            .case("an empty range"),
        Workload::more(name, PricePart::PerByte, 255, [&long, &short])
            .after(&warm)
            .case("of a bound"),
        of(
            PricePart::PerValueByte,
            i64::try_from(LONG).unwrap_or_default(),
            *b"vw",
            *b"yz",
        )
        .turns(64)
        .case("of one entry"),
        Workload::cold(name, &cold).case("an entry of 32 bytes"),
        of(PricePart::PerEntry, entries, *b"ef", empty)
            .turns(64)
            .case("9-byte keys, no value"),
        of(PricePart::PerHiddenKey, entries, *b"hi", empty)
            .turns(64)
            .expects(4)
            .case("9-byte keys"),
    ]
}

/// Values of block and call, and block hashes.
fn context() -> Vec<Workload> {
    let mut workloads: Vec<Workload> = ["block_height", "block_time", "gas_left"]
        .map(|name| Workload::base(name, &[]))
        .into();
    let writers = ["chain_id", "caller", "self", "proposer", "tx_hash", "value"];
    workloads.extend(writers.map(|name| Workload::base(name, &[OUT])));
    let last = i64::try_from(HEIGHT).unwrap_or_default().saturating_sub(1);
    let warm = call("block_hash", &[last, OUT]);
    let turn =
        format!("(i64.sub (i64.const {last}) (i64.extend_i32_u (local.get $i))) (i32.const {OUT})");
    let base = Workload::base("block_hash", &[last, OUT]);
    workloads.push(base.after(&warm).expects(1).case("warm"));
    workloads.push(Workload::cold("block_hash", &turn).expects(1).turns(250));
    workloads
}

/// Hashes and signatures; the signatures are valid, which takes longest.
fn cryptography() -> Vec<Workload> {
    let mut workloads = Vec::new();
    for name in ["sha256", "keccak256", "blake3", "ripemd160", "sha512"] {
        workloads.push(Workload::base(name, &[DATA, 0, OUT]));
        let operands = [&[DATA, DATA_BYTES, OUT][..], &[DATA, 0, OUT]];
        workloads.push(Workload::more(name, PricePart::PerByte, DATA_BYTES, operands).turns(16));
    }
    // Up to three chunks of BLAKE3 are hashed one after the other; from four on, vectors may hash
    // several at once. 1,025 bytes are 17 blocks and their parent.
    let operands = [&[DATA, 1_025, OUT][..], &[DATA, 1, OUT]];
    let serial = Workload::more("blake3", PricePart::PerByte, 1_024, operands).turns(200);
    workloads.push(serial.case("a second chunk begins"));
    let secp256k1 = [DIGEST, SECP256K1_SIGNATURE];
    let verify = [&secp256k1[..], &[SECP256K1_KEY]].concat();
    workloads.push(
        Workload::base("secp256k1_verify", &verify)
            .expects(1)
            .turns(16),
    );
    let recover = [&secp256k1[..], &[1, OUT]].concat();
    workloads.push(
        Workload::base("secp256k1_recover", &recover)
            .expects(1)
            .turns(16),
    );
    let p256 = [P256_DIGEST, P256_SIGNATURE, P256_KEY, 33];
    let verify = Workload::base("p256_verify", &p256).expects(1).turns(16);
    workloads.push(verify.case("compressed key, dense scalars"));
    let ed25519 = |from, bytes| [from, bytes, ED25519_SIGNATURE, ED25519_KEY];
    let verify = Workload::base("ed25519_verify", &ed25519(ED25519_MESSAGE, 2));
    workloads.push(verify.expects(1).turns(16));
    let operands = [ed25519(DATA, DATA_BYTES), ed25519(DATA, 0)];
    let [long, short] = &operands;
    let bytes = Workload::more(
        "ed25519_verify",
        PricePart::PerByte,
        DATA_BYTES,
        [long, short],
    );
    workloads.push(bytes.turns(16));
    workloads
}

/// Sums, multiples, pairings and maps of points in general position; all are valid, which takes
/// longest.
fn curves() -> Vec<Workload> {
    let add = |name, list: i64, bytes: i64| {
        let operands = [list, list.saturating_add(bytes), OUT];
        Workload::base(name, &operands).expects(1).turns(64)
    };
    let mut workloads = vec![
        add("bls12_381_g1_add", G1_TERMS, 160),
        add("bls12_381_g2_add", G2_TERMS, 288),
        add("bn254_add", BN254_POINTS, 64),
        Workload::base("bn254_mul", &[BN254_POINTS, BN254_SCALAR, OUT])
            .expects(1)
            .turns(8)
            .case("dense scalar"),
        Workload::base("bls12_381_map_fp_to_g1", &[ELEMENT, OUT])
            .expects(1)
            .turns(8),
        Workload::base("bls12_381_map_fp2_to_g2", &[ELEMENT, OUT])
            .expects(1)
            .turns(8),
    ];
    for (name, list, bytes, output, result) in [
        ("bls12_381_g1_msm", G1_TERMS, 160, Some(OUT), 1),
        ("bls12_381_g2_msm", G2_TERMS, 288, Some(OUT), 1),
        ("bls12_381_pairing_check", PAIRS, 384, None, 0),
        ("bn254_pairing_check", BN254_PAIRS, 192, None, 0),
    ] {
        let of = |count: i64| {
            let list = [list, count];
            list.into_iter().chain(output).collect::<Vec<i64>>()
        };
        // One item more, and then many: whatever the length, a list must not be too cheap.
        let one = Workload::base(name, &of(1)).expects(result).turns(4);
        workloads.push(one.case("one item"));
        for (case, more, less) in [
            ("of a second item", 2, 1),
            ("of three items more", 4, 1),
            ("of 31 items more", 32, 1),
        ] {
            let units = i64::saturating_mul(bytes, i64::saturating_sub(more, less));
            let operands = [&of(more)[..], &of(less)];
            let workload = Workload::more(name, PricePart::PerByte, units, operands);
            workloads.push(workload.expects(result).turns(2).case(case));
        }
    }
    workloads
}

/// Balances and transfers.
fn accounts() -> Vec<Workload> {
    let warm = call("balance", &[CALLEE, OUT]);
    vec![
        Workload::base("balance", &[CALLEE, OUT])
            .after(&warm)
            .case("warm"),
        Workload::cold(
            "balance",
            &format!("(i32.const {HASH_OF_TURN}) (i32.const {OUT})"),
        ),
        Workload::base("transfer", &[CALLEE, ONE])
            .after(&warm)
            .expects(0)
            .case("warm"),
        Workload::cold(
            "transfer",
            &format!("(i32.const {HASH_OF_TURN}) (i32.const {ONE})"),
        )
        .expects(0),
    ]
}

/// A gas argument that passes on all remaining gas.
const GAS_ALL: i64 = i64::MAX;

/// Calls of other contracts; the gas includes the callee's frame and work.
fn calls() -> Vec<Workload> {
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
    let of = |operands: &[i64], status, case| {
        let workload = Workload::base("call", operands).turns(200);
        workload.after(&warm).expects(status).case(case)
    };
    let no_code = entry(KEY, NOTHING, 7);
    let inputs = [&with_input[..], &nothing];
    let bytes = Workload::more("call", PricePart::PerByte, DATA_BYTES, inputs).turns(64);
    let with_output = format!("{warm} {}", call("call", &entry(CALLEE, OUTPUT_64_KIB, 6)));
    let output = |setup: &str| {
        let read = call("returned", &[OUT, DATA_BYTES]);
        Program::turns(&read).after(setup)
    };
    vec![
        of(&nothing, 0, "RETURN, an empty entry"),
        of(&paying, 0, "RETURN, with a value"),
        of(&entry(CALLEE, UNDO, 4), 1, "REVERT of 16 writes"),
        of(&entry(CALLEE, LETTER_A, 1), 20, "NO_ENTRY"),
        of(&no_code, 19, "NO_CODE").after(&format!("{warm} {}", call("call", &no_code))),
        bytes.after(&warm).expects(0).case("of the input"),
        Workload::cold("call", &at_turn)
            .after(&warm)
            .expects(0)
            .turns(200)
            .case("an empty entry"),
        Workload::base("returned", &[OUT, DATA_BYTES])
            .after(&warm)
            .expects(0),
        Workload {
            units: DATA_BYTES,
            ..Workload::new(
                "returned",
                PricePart::PerByte,
                (output(&with_output), output(&warm)),
            )
        }
        .expects(DATA_BYTES)
        .turns(64),
    ]
}

/// Offset of the letter `a`, which is not the name of an entry.
const LETTER_A: i64 = crate::program::LETTERS;

/// Deployments and changes of code.
fn code() -> Vec<Workload> {
    let with_input = |bytes| [CODE, SALT, NOTHING, 7, DATA, bytes, ZERO, GAS_ALL, OUT];
    let taken = call("deploy", &with_input(0));
    let at_turn = format!(
        "(i32.const {CODE}) (i32.const {HASH_OF_TURN}) (i32.const {NOTHING}) (i32.const 7)
         (i32.const {DATA}) (i32.const 0) (i32.const {ZERO}) (i64.const {GAS_ALL})
         (i32.const {OUT})"
    );
    let inputs = [&with_input(DATA_BYTES)[..], &with_input(0)];
    let bytes = Workload::more("deploy", PricePart::PerByte, DATA_BYTES, inputs);
    let set = call("set_code", &[CODE]);
    vec![
        Workload::base("deploy", &with_input(0))
            .after(&taken)
            .expects(21)
            .case("TAKEN"),
        bytes
            .after(&taken)
            .expects(21)
            .turns(64)
            .case("of the input"),
        // The salt of iteration 0 is that of the contract deployed by the setup.
        Workload::cold("deploy", &at_turn)
            .after(&taken)
            .turns(200)
            .case("an empty entry"),
        Workload::base("set_code", &[CODE])
            .after(&set)
            .expects(0)
            .case("warm"),
        Workload::cold("set_code", &format!("(i32.const {HASH_OF_TURN})"))
            .expects(19)
            .case("NO_CODE"),
    ]
}
