//! Generates the module of a workload: a loop of host calls, or one call that ends the frame.
//!
//! All modules have the same imports and the same initial memory, so that two of them differ only
//! in their code.

use crate::Measured;
use host_api::{Row, Type, table};
use std::fmt::Write;

/// Offset of a 9-byte storage key that differs in each iteration: the byte `A`, then the number of
/// the iteration in eight bytes.
pub const KEY_OF_TURN: i64 = 63;
/// Size of that key, in bytes.
pub const KEY_OF_TURN_BYTES: i64 = 9;
/// Offset of an address, hash or salt that differs in each iteration: its number, then zeros.
pub const HASH_OF_TURN: i64 = 64;
/// Offset of 256 bytes `k`.
pub const KEY: i64 = 256;
/// Offset of the address of the called contract.
pub const CALLEE: i64 = 512;
/// Offset of the amount 1.
pub const ONE: i64 = 544;
/// Offset of the amount 0.
pub const ZERO: i64 = 560;
/// Offset of the name of the callee's entry that does nothing.
pub const NOTHING: i64 = 576;
/// Offset of the name of the callee's entry that returns 64 KiB.
pub const OUTPUT_64_KIB: i64 = 592;
/// Offset of the name of the callee's entry that writes 16 values and reverts.
pub const UNDO: i64 = 600;
/// Offset of the hash of the callee's code.
pub const CODE: i64 = 608;
/// Offset of a salt of zeros.
pub const SALT: i64 = 640;
/// Offset of the message digest of the secp256k1 signature.
pub const DIGEST: i64 = 704;
/// Offset of the secp256k1 signature.
pub const SECP256K1_SIGNATURE: i64 = 768;
/// Offset of the secp256k1 key.
pub const SECP256K1_KEY: i64 = 832;
/// Offset of the Ed25519 signature.
pub const ED25519_SIGNATURE: i64 = 896;
/// Offset of the Ed25519 key.
pub const ED25519_KEY: i64 = 960;
/// Offset of the Ed25519 message.
pub const ED25519_MESSAGE: i64 = 992;
/// Offset of the letters from `a` on, each of which is a 1-byte storage key.
pub const LETTERS: i64 = 1024;
/// Offset of the message digest of the P-256 signature.
pub const P256_DIGEST: i64 = 1088;
/// Offset of the P-256 signature.
pub const P256_SIGNATURE: i64 = 1120;
/// Offset of the compressed P-256 key.
pub const P256_KEY: i64 = 1184;
/// Offset of terms of BLS12-381, G1.
pub const G1_TERMS: i64 = 2_048;
/// Offset of terms of BLS12-381, G2.
pub const G2_TERMS: i64 = 8_192;
/// Offset of pairs of BLS12-381.
pub const PAIRS: i64 = 18_432;
/// Offset of points of BN254, G1.
pub const BN254_POINTS: i64 = 32_768;
/// Offset of a scalar of BN254.
pub const BN254_SCALAR: i64 = 36_864;
/// Offset of pairs of BN254.
pub const BN254_PAIRS: i64 = 40_960;
/// Offset of two elements of the field of BLS12-381, which are one of its extension.
pub const ELEMENT: i64 = 49_152;
/// Offset of 64 KiB of zeros.
pub const DATA: i64 = 65_536;
/// Offset of 128 KiB of space for results.
pub const OUT: i64 = 131_072;
/// Maximum size of input and output, in bytes.
pub const DATA_BYTES: i64 = 65_536;

/// Size of the memory, in pages.
const PAGES: u32 = 4;

/// The expected end of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramEnd {
    /// It returns the result of its last host call, which must be this number, if given.
    Result(Option<i64>),
    /// Its body ends the frame with an output of this many bytes.
    Return(usize),
    /// Its body reverts the frame with an output of this many bytes.
    Revert(usize),
}

/// A program that is timed.
#[derive(Clone, Debug)]
pub struct Program {
    /// Code that runs once, before the loop.
    pub setup: String,
    /// Code of one iteration.
    pub body: String,
    /// Size of the message's input, in bytes.
    pub input: usize,
    /// The expected end.
    pub end: ProgramEnd,
}

impl Program {
    /// A program that runs `body` in a loop, with any result.
    #[must_use]
    pub fn turns(body: &str) -> Self {
        Self {
            setup: String::new(),
            body: body.to_owned(),
            input: 0,
            end: ProgramEnd::Result(None),
        }
    }

    /// Sets the code that runs once, before the loop.
    #[must_use]
    pub fn after(mut self, setup: &str) -> Self {
        self.setup = setup.to_owned();
        self
    }

    /// Sets the expected result of the last host call.
    #[must_use]
    pub const fn expects(mut self, result: i64) -> Self {
        self.end = ProgramEnd::Result(Some(result));
        self
    }

    /// Sets the size of the input, in bytes.
    #[must_use]
    pub const fn with_input(mut self, bytes: usize) -> Self {
        self.input = bytes;
        self
    }

    /// A program whose body runs once and ends the frame.
    #[must_use]
    pub fn once(body: &str, end: ProgramEnd) -> Self {
        Self {
            end,
            ..Self::turns(body)
        }
    }

    /// True if the body always runs once.
    #[must_use]
    pub const fn is_once(&self) -> bool {
        !matches!(self.end, ProgramEnd::Result(_))
    }

    /// The module that runs `turns` iterations and imports all functions of `host`.
    ///
    /// # Errors
    /// If the text does not assemble, which is a bug in a workload.
    pub fn module(&self, host: &[Row], image: &[u8], turns: u32) -> Measured<Vec<u8>> {
        let mut text = String::from("(module\n");
        for row in host {
            write!(text, "(import \"lockstep\" \"{0}\" (func ${0}", row.name)?;
            for kind in row.parameters() {
                write!(text, " (param {})", name_of(kind))?;
            }
            if let Some(kind) = row.result {
                write!(text, " (result {})", name_of(kind))?;
            }
            text.push_str("))\n");
        }
        writeln!(text, "(memory {PAGES})")?;
        write!(text, "(data (i32.const 0) \"")?;
        for byte in image {
            write!(text, "\\{byte:02x}")?;
        }
        writeln!(
            text,
            "\")\n(func (export \"run\") (local $i i32) (local $r i64)"
        )?;
        writeln!(text, "{}", self.setup)?;
        if self.is_once() {
            writeln!(text, "{}))", self.body)?;
        } else {
            writeln!(text, "(loop $again {}", self.body)?;
            writeln!(
                text,
                "(br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                 (i32.const {turns}))))
                 (i64.store (i32.const 0) (local.get $r))
                 (call $return (i32.const 0) (i32.const 8))))"
            )?;
        }
        Ok(wat::parse_str(&text)?)
    }
}

const fn name_of(kind: Type) -> &'static str {
    match kind {
        Type::I32 => "i32",
        Type::I64 => "i64",
    }
}

/// A call of the host function `name` with constants; its result, if any, is stored in `$r`.
#[must_use]
pub fn call(name: &str, operands: &[i64]) -> String {
    let operands: Vec<String> = operands.iter().map(ToString::to_string).collect();
    let types: Vec<Type> = table::by_name(name)
        .into_iter()
        .flat_map(Row::parameters)
        .collect();
    let constants = types
        .iter()
        .zip(&operands)
        .map(|(kind, operand)| format!("({}.const {operand})", name_of(*kind)));
    call_with(name, &constants.collect::<Vec<_>>().join(" "))
}

/// A call of the host function `name` with operands in the text format.
#[must_use]
pub fn call_with(name: &str, operands: &str) -> String {
    let call = format!("(call ${name} {operands})");
    match table::by_name(name).and_then(|row| row.result) {
        Some(Type::I32) => format!("(local.set $r (i64.extend_i32_s {call}))"),
        Some(Type::I64) => format!("(local.set $r {call})"),
        None => call,
    }
}

/// Code that writes the number of the iteration into its key, address, hash and salt.
pub const COUNT: &str = "(i64.store (i32.const 64) (i64.extend_i32_u (local.get $i)))";

/// Offset of the 1-byte storage key `letter`.
#[must_use]
pub fn letter(letter: u8) -> i64 {
    let index = letter.saturating_sub(b'a');
    LETTERS.saturating_add(i64::from(index))
}
