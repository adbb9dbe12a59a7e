//! The programs: each represents a kind of work that a price must pay for.

use vm::Address;

/// One measured contract.
pub(crate) struct Case {
    /// Name in the table.
    pub(crate) name: &'static str,
    /// Address of the contract.
    pub(crate) address: Address,
    /// Its text; the export `go` runs until the gas is used up.
    pub(crate) text: String,
    /// Contracts that are called once on the same engine before.
    pub(crate) before: Vec<Address>,
    /// Stored values of the contract, by key.
    pub(crate) values: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A contract without pages and without a maximum.
const EMPTY: Address = Address([0xb1; 32]);
/// A contract with 64 initial pages that it does not touch.
const UNTOUCHED: Address = Address([0xb2; 32]);
/// The same, which touches each 4 KiB.
const TOUCHED: Address = Address([0xb3; 32]);
/// A contract that grows by 255 pages at once.
const GROWN: Address = Address([0xb4; 32]);
/// A contract that grows 255 times by a page.
const GROWN_BY_ONE: Address = Address([0xb5; 32]);
/// A contract with many data segments.
const SEGMENTS: Address = Address([0xb6; 32]);
/// Contracts that call themselves, sixteen frames deep, with a maximum of one and of two pages.
const CHAINS: [Address; 2] = [Address([0xc1; 32]), Address([0xc2; 32])];

const CALL: &str = r#"(import "lockstep" "call"
  (func $call (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)))"#;
/// Number of data segments of [`SEGMENTS`].
const SEGMENT_COUNT: usize = 1_000;

fn data(address: Address) -> String {
    let bytes: String = address
        .0
        .iter()
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    format!(r#"(data (i32.const 0) "{bytes}") (data (i32.const 32) "go")"#)
}

const CALL_GO: &str = "(drop (call $call (i32.const 1) (i32.const 0) (i32.const 32) (i32.const 2)
  (i32.const 64) (i32.const 0) (i32.const 64) (i64.const -1)))";

/// A module with `memory` that runs `body` until the gas is used up.
fn endless(memory: &str, body: &str) -> String {
    format!(r#"(module {memory} (func (export "go") (local $i i32) (loop $l {body} (br $l))))"#)
}

/// A contract that calls `address` again and again.
fn caller(address: Address) -> String {
    let head = format!("{CALL} (memory 1 3) {}", data(address));
    endless(&head, CALL_GO)
}

/// A contract that calls itself until the frames are as deep as they may be, after `work`.
fn chain(address: Address, memory: &str, work: &str) -> String {
    format!(
        r#"(module {CALL} (memory {memory}) {} (func (export "go") {work} {CALL_GO}))"#,
        data(address)
    )
}

/// The contracts that the measured ones call, or that are called before.
pub(crate) fn callees() -> Vec<(Address, String)> {
    let go = |memory: &str, body: &str| {
        format!(r#"(module (memory {memory}) (func (export "go") (local i32) {body}))"#)
    };
    let touch = "(loop $l (i32.store8 (local.get 0) (i32.const 1)) (br_if $l (i32.lt_u (local.tee 0
      (i32.add (local.get 0) (i32.const 4096))) (i32.const 4194304))))";
    let one_by_one = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))";
    let segments = r#"(data (i32.const 0) "")"#.repeat(SEGMENT_COUNT);
    let [one, two] = CHAINS;
    vec![
        (EMPTY, go("0", "")),
        (UNTOUCHED, go("64", "")),
        (TOUCHED, go("64", touch)),
        (GROWN, go("1", "(drop (memory.grow (i32.const 255)))")),
        (GROWN_BY_ONE, go("1", one_by_one)),
        (
            SEGMENTS,
            format!(r#"(module (memory 1) {segments} (func (export "go")))"#),
        ),
        (one, chain(one, "1 1", "")),
        (two, chain(two, "1 2", "")),
    ]
}

/// Name, text, contracts called before.
type Listed = (&'static str, String, Vec<Address>);

/// Every case, the plain loop first.
pub(crate) fn cases() -> Vec<Case> {
    let mut listed: Vec<Listed> = vec![
        (
            "spin",
            endless(
                "",
                "(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                   (i32.const 2000000000)))",
            ),
            vec![],
        ),
        ("frames without pages", caller(EMPTY), vec![]),
        (
            "frames without pages, after two chains of frames",
            caller(EMPTY),
            CHAINS.to_vec(),
        ),
        ("frames of 64 pages, untouched", caller(UNTOUCHED), vec![]),
        ("frames of 64 pages, touched", caller(TOUCHED), vec![]),
        (
            "frames of 64 pages, touched, after two chains of frames",
            caller(TOUCHED),
            CHAINS.to_vec(),
        ),
        ("frames that grow by 255 pages", caller(GROWN), vec![]),
        (
            "frames that grow 255 times by a page",
            caller(GROWN_BY_ONE),
            vec![],
        ),
        ("frames with data segments", caller(SEGMENTS), vec![]),
        (
            "growth that is never granted",
            endless("(memory 1 1)", "(drop (memory.grow (i32.const 1)))"),
            vec![],
        ),
    ];
    listed.extend(bulk());
    let mut cases: Vec<Case> = (0_u8..).zip(listed).map(listed_case).collect();
    cases.push(deep());
    cases.extend(scans());
    cases
}

/// Scans over values that are paid and end where long ones begin, and over removed keys.
fn scans() -> [Case; 4] {
    const IMPORTS: &str = r#"
        (import "lockstep" "storage_scan"
          (func $scan (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "lockstep" "storage_remove" (func $remove (param i32 i32) (result i32)))"#;
    const SCAN: &str = "(drop (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const COUNT) (i32.const 100) (i32.const 60000)))";
    let values = |empty: u32, bytes: usize| {
        let keys = (0..if empty == 0 { 96 } else { 80 }).map(u32::to_be_bytes);
        let value = |number: u32| vec![1; if number < empty { 0 } else { bytes }];
        (0..)
            .zip(keys)
            .map(|(number, key)| (key.to_vec(), value(number)))
            .collect()
    };
    let case = |name, number: u8, head: &str, count: &str, values| Case {
        name,
        address: Address([number; 32]),
        text: format!(
            r#"(module {IMPORTS} (memory 1 1) (func (export "go") (local $i i32) {head}
                (loop $l {} (br $l))))"#,
            SCAN.replace("COUNT", count)
        ),
        before: Vec::new(),
        values,
    };
    let remove = "(loop $r (i32.store8 offset=3 (i32.const 0) (local.get $i))
        (drop (call $remove (i32.const 0) (i32.const 4)))
        (br_if $r (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
          (i32.const 96))))";
    [
        case(
            "scan of 32 empty values before empty ones",
            0xe0,
            "",
            "32",
            values(32, 0),
        ),
        case(
            "scan of 32 empty values before long ones",
            0xe1,
            "",
            "32",
            values(32, 65_536),
        ),
        case(
            "scan of 96 removed keys of empty values",
            0xe2,
            remove,
            "-1",
            values(0, 0),
        ),
        case(
            "scan of 96 removed keys of long values",
            0xe3,
            remove,
            "-1",
            values(0, 65_536),
        ),
    ]
}

/// Fills and copies in the largest memory, and short ones.
fn bulk() -> [Listed; 6] {
    let large = "(memory 256 256)";
    let large = if vm::Rules::v1().limits.memory_pages_initial_max < 256 {
        "(memory 64)"
    } else {
        large
    };
    let bulk: [(&'static str, &str); 6] = [
        (
            "fill of the whole memory",
            "(memory.fill (i32.const 0) (i32.const 7) (i32.mul (memory.size) (i32.const 65536)))",
        ),
        (
            "fill of a page",
            "(memory.fill (i32.const 0) (i32.const 7) (i32.const 65536))",
        ),
        (
            "fill of 33 bytes",
            "(memory.fill (i32.const 63) (i32.const 7) (i32.const 33))",
        ),
        (
            "copy of half the memory",
            "(memory.copy (i32.const 0) (i32.mul (memory.size) (i32.const 32768))
               (i32.mul (memory.size) (i32.const 32768)))",
        ),
        (
            "copy of a page to an overlapping one",
            "(memory.copy (i32.const 63) (i32.const 0) (i32.const 65536))",
        ),
        (
            "copy of 33 bytes",
            "(memory.copy (i32.const 63) (i32.const 32) (i32.const 33))",
        ),
    ];
    bulk.map(|(name, body)| (name, endless(large, body), vec![]))
}

/// The case at a place of the list, whose address follows from the place.
fn listed_case((number, (name, text, before)): (u8, Listed)) -> Case {
    Case {
        name,
        address: Address([number; 32]),
        text,
        before,
        values: Vec::new(),
    }
}

/// Sixteen frames deep, each with all the memory that the gas allows.
fn deep() -> Case {
    let address = Address([0xd1; 32]);
    Case {
        name: "a chain of sixteen frames, each grown by 240 pages",
        address,
        text: chain(address, "1", "(drop (memory.grow (i32.const 240)))"),
        before: Vec::new(),
        values: Vec::new(),
    }
}
