//! Writes the module of a workload: a loop of host calls, or one call that ends the frame.
//!
//! Every module has the same imports and the same memory, so that two of them differ in what they
//! do and in nothing else.

use crate::Measured;
use host_api::{TABLE, Type, table};
use std::fmt::Write;

/// Eight bytes that hold the number of the turn, after one byte `A` and before zeros: from here a
/// key of nine bytes, from the next byte an address, hash or salt.
pub const KEY_OF_TURN: i64 = 63;
/// Bytes of that key.
pub const KEY_OF_TURN_BYTES: i64 = 9;
/// An address, hash or salt that is another in each turn.
pub const HASH_OF_TURN: i64 = 64;
/// 256 bytes `k`.
pub const KEY: i64 = 256;
/// The address of the contract that is called.
pub const CALLEE: i64 = 512;
/// The amount 1.
pub const ONE: i64 = 544;
/// The amount 0.
pub const ZERO: i64 = 560;
/// Names of the callee's entries.
pub const NOTHING: i64 = 576;
/// Entry that returns 64 KiB.
pub const ANSWER: i64 = 592;
/// Entry that writes 16 values and reverts.
pub const UNDO: i64 = 600;
/// The hash of the callee's code.
pub const CODE: i64 = 608;
/// Zeros.
pub const SALT: i64 = 640;
/// The message digest of the secp256k1 signature.
pub const DIGEST: i64 = 704;
/// That signature.
pub const SECP256K1_SIGNATURE: i64 = 768;
/// Its key.
pub const SECP256K1_KEY: i64 = 832;
/// The Ed25519 signature.
pub const ED25519_SIGNATURE: i64 = 896;
/// Its key.
pub const ED25519_KEY: i64 = 960;
/// Its message.
pub const ED25519_MESSAGE: i64 = 992;
/// The letters from `a` on, each a key of one byte.
pub const LETTERS: i64 = 1024;
/// 64 KiB of zeros.
pub const DATA: i64 = 65_536;
/// 128 KiB to write to.
pub const OUT: i64 = 131_072;
/// Bytes that a call can carry.
pub const DATA_BYTES: i64 = 65_536;

/// The pages that hold all of it.
const PAGES: u32 = 4;

/// How a program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It returns the result of its last call; the number is what that must be, if it is known.
    Result(Option<i64>),
    /// Its body ends the frame by a return of so many bytes.
    Return(usize),
    /// Its body ends the frame by a revert with so many bytes.
    Revert(usize),
}

/// What is run and timed.
#[derive(Clone, Debug)]
pub struct Program {
    /// Run once, before the turns.
    pub setup: String,
    /// One turn.
    pub body: String,
    /// Bytes of the message's input.
    pub input: usize,
    /// How it ends.
    pub end: End,
}

impl Program {
    /// A body in a loop, whose last result is of no interest.
    #[must_use]
    pub fn turns(body: &str) -> Self {
        Self {
            setup: String::new(),
            body: body.to_owned(),
            input: 0,
            end: End::Result(None),
        }
    }

    /// The same, after something that is done once.
    #[must_use]
    pub fn after(mut self, setup: &str) -> Self {
        self.setup = setup.to_owned();
        self
    }

    /// The same, whose last call must answer `result`.
    #[must_use]
    pub const fn answers(mut self, result: i64) -> Self {
        self.end = End::Result(Some(result));
        self
    }

    /// The same, with an input of so many bytes.
    #[must_use]
    pub const fn with_input(mut self, bytes: usize) -> Self {
        self.input = bytes;
        self
    }

    /// A body that is run once and ends the frame.
    #[must_use]
    pub fn once(body: &str, end: End) -> Self {
        Self {
            end,
            ..Self::turns(body)
        }
    }

    /// True if the body runs once, whatever the number of turns.
    #[must_use]
    pub const fn is_once(&self) -> bool {
        !matches!(self.end, End::Result(_))
    }

    /// The module that runs `turns` turns.
    ///
    /// # Errors
    /// If the text is no module, which is a mistake in a workload.
    pub fn module(&self, image: &[u8], turns: u32) -> Measured<Vec<u8>> {
        let mut text = String::from("(module\n");
        for row in TABLE {
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

/// A call of the host function `name` with constants; its result, if it has one, is kept.
#[must_use]
pub fn call(name: &str, operands: &[i64]) -> String {
    let operands: Vec<String> = operands.iter().map(ToString::to_string).collect();
    let types: Vec<Type> = table::by_name(name)
        .into_iter()
        .flat_map(table::Row::parameters)
        .collect();
    let constants = types
        .iter()
        .zip(&operands)
        .map(|(kind, operand)| format!("({}.const {operand})", name_of(*kind)));
    call_with(name, &constants.collect::<Vec<_>>().join(" "))
}

/// The same with operands in text.
#[must_use]
pub fn call_with(name: &str, operands: &str) -> String {
    let called = format!("(call ${name} {operands})");
    match table::by_name(name).and_then(|row| row.result) {
        Some(Type::I32) => format!("(local.set $r (i64.extend_i32_s {called}))"),
        Some(Type::I64) => format!("(local.set $r {called})"),
        None => called,
    }
}

/// Makes the key, address, hash and salt of the turn.
pub const COUNT: &str = "(i64.store (i32.const 64) (i64.extend_i32_u (local.get $i)))";

/// Where the key of one letter is.
#[must_use]
pub fn letter(letter: u8) -> i64 {
    let place = letter.saturating_sub(b'a');
    LETTERS.saturating_add(i64::from(place))
}
