//! Lists the host functions: one row each, in the order of the interface.
//!
//! To add a function: one row here, one arm in `vm`'s host dispatch, one extern in the SDK.
//! Numbers of [`Function`] are pinned; a row is never removed.

use crate::limits::{HASH_BYTES, SECP256K1_KEY_BYTES, SIGNATURE_BYTES, TOPIC_BYTES};

/// A core WebAssembly value type of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A pointer, length, count, flag or status.
    I32,
    /// Gas, height or time.
    I64,
}

/// One argument as the interface names it; [`Argument::types`] gives what crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `&name`: pointer and length of bytes that the host reads.
    Bytes(&'static str),
    /// Pointer to a fixed number of bytes that the host reads.
    Fixed(&'static str, u32),
    /// Pointer and count of items of a fixed size that the host reads.
    Items(&'static str, u32),
    /// `dst, cap`: pointer and capacity of a buffer that the host writes.
    Buffer,
    /// Pointer to a fixed number of bytes that the host writes.
    Output(u32),
}

impl Argument {
    /// The core types of this argument, in order.
    #[must_use]
    pub const fn types(self) -> &'static [Type] {
        match self {
            Self::Bytes(_) | Self::Items(..) | Self::Buffer => &[Type::I32, Type::I32],
            Self::Fixed(..) | Self::Output(_) => &[Type::I32],
        }
    }
}

/// A host function; the number is part of the encoded `Rules`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Function {
    /// Copies the call's input.
    Input = 0,
    /// Ends the frame and keeps its effects.
    Return = 1,
    /// Ends the frame and discards its effects.
    Revert = 2,
    /// Reads a value of the contract's storage.
    StorageRead = 3,
    /// Writes a value.
    StorageWrite = 4,
    /// Removes a value.
    StorageRemove = 5,
    /// Asks whether a key is present.
    StorageHas = 6,
    /// Emits an event.
    EmitEvent = 7,
    /// SHA-256 of bytes.
    Sha256 = 8,
    /// Verifies an ECDSA signature over secp256k1.
    Secp256k1Verify = 9,
    /// Verifies an Ed25519 signature.
    Ed25519Verify = 10,
    /// Height of the block.
    BlockHeight = 11,
    /// Time of the block in milliseconds.
    BlockTime = 12,
    /// Id of the chain.
    ChainId = 13,
    /// Who called this frame.
    Caller = 14,
    /// The contract's own address.
    SelfAddress = 15,
    /// Gas that is left, after this call's own price.
    GasLeft = 16,
    /// Text for the developer; in no receipt.
    DebugLog = 17,
}

/// One host function: its wire name, arguments, result and behaviour.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The function.
    pub function: Function,
    /// The import name in module [`crate::MODULE`].
    pub name: &'static str,
    /// Arguments in order.
    pub arguments: &'static [Argument],
    /// The core result type, if there is one.
    pub result: Option<Type>,
    /// True if the function changes state, so that a static frame traps `StaticViolation`.
    pub mutates: bool,
    /// True if the function touches a state key and so has a cold price.
    pub touches: bool,
    /// Codes of the traps that this function can raise (beside out of gas).
    pub traps: &'static [u16],
    /// One sentence for the documentation page.
    pub summary: &'static str,
}

impl Row {
    /// The core parameter types, flattened, in order.
    pub fn parameters(&self) -> impl Iterator<Item = Type> + '_ {
        self.arguments
            .iter()
            .flat_map(|argument| argument.types().iter().copied())
    }
}

const MEMORY_RANGE: u16 = 64;
const KEY_LENGTH: u16 = 65;
const VALUE_LENGTH: u16 = 66;
const EVENT_LIMIT: u16 = 67;
const STATIC_VIOLATION: u16 = 68;
const OUTPUT_LENGTH: u16 = 69;

const KEY: Argument = Argument::Bytes("key");
const NO_TRAPS: &[u16] = &[];

/// A row that neither mutates nor touches state.
const fn pure(
    function: Function,
    name: &'static str,
    arguments: &'static [Argument],
    result: Option<Type>,
    summary: &'static str,
) -> Row {
    let traps = if arguments.is_empty() {
        NO_TRAPS
    } else {
        &[MEMORY_RANGE]
    };
    Row {
        function,
        name,
        arguments,
        result,
        mutates: false,
        touches: false,
        traps,
        summary,
    }
}

/// The host interface, in the order of the numbers of [`Function`].
pub const TABLE: &[Row] = &[
    pure(
        Function::Input,
        "input",
        &[Argument::Buffer],
        Some(Type::I32),
        "Writes at most `cap` bytes of the call's input to `dst`; answers its full length.",
    ),
    Row {
        traps: &[MEMORY_RANGE, OUTPUT_LENGTH],
        ..pure(
            Function::Return,
            "return",
            &[Argument::Bytes("data")],
            None,
            "Ends the frame at once with `data` as its output and keeps its effects.",
        )
    },
    Row {
        traps: &[MEMORY_RANGE, OUTPUT_LENGTH],
        ..pure(
            Function::Revert,
            "revert",
            &[Argument::Bytes("data")],
            None,
            "Ends the frame at once with `data` as its output and discards its effects.",
        )
    },
    Row {
        touches: true,
        traps: &[MEMORY_RANGE, KEY_LENGTH],
        ..pure(
            Function::StorageRead,
            "storage_read",
            &[KEY, Argument::Buffer],
            Some(Type::I32),
            "Writes at most `cap` bytes of the value to `dst`; answers its full length, -1 if absent.",
        )
    },
    Row {
        mutates: true,
        touches: true,
        traps: &[MEMORY_RANGE, STATIC_VIOLATION, KEY_LENGTH, VALUE_LENGTH],
        ..pure(
            Function::StorageWrite,
            "storage_write",
            &[KEY, Argument::Bytes("value")],
            None,
            "Writes `value` under `key`; an empty value is not an absent one.",
        )
    },
    Row {
        mutates: true,
        touches: true,
        traps: &[MEMORY_RANGE, STATIC_VIOLATION, KEY_LENGTH],
        ..pure(
            Function::StorageRemove,
            "storage_remove",
            &[KEY],
            Some(Type::I32),
            "Removes `key`; answers 1 if it was present, else 0.",
        )
    },
    Row {
        touches: true,
        traps: &[MEMORY_RANGE, KEY_LENGTH],
        ..pure(
            Function::StorageHas,
            "storage_has",
            &[KEY],
            Some(Type::I32),
            "Answers 1 if `key` is present, else 0.",
        )
    },
    Row {
        mutates: true,
        traps: &[MEMORY_RANGE, STATIC_VIOLATION, EVENT_LIMIT],
        ..pure(
            Function::EmitEvent,
            "emit_event",
            &[
                Argument::Items("topics", TOPIC_BYTES),
                Argument::Bytes("data"),
            ],
            None,
            "Emits an event with at most four topics of 32 bytes.",
        )
    },
    pure(
        Function::Sha256,
        "sha256",
        &[Argument::Bytes("data"), Argument::Output(HASH_BYTES)],
        None,
        "Writes the SHA-256 of `data` to `dst`.",
    ),
    pure(
        Function::Secp256k1Verify,
        "secp256k1_verify",
        &[
            Argument::Fixed("digest", HASH_BYTES),
            Argument::Fixed("signature", SIGNATURE_BYTES),
            Argument::Fixed("key", SECP256K1_KEY_BYTES),
        ],
        Some(Type::I32),
        "Answers 1 if `signature` (r, s; low s) over `digest` is by the compressed `key`, else 0.",
    ),
    pure(
        Function::Ed25519Verify,
        "ed25519_verify",
        &[
            Argument::Bytes("message"),
            Argument::Fixed("signature", SIGNATURE_BYTES),
            Argument::Fixed("key", HASH_BYTES),
        ],
        Some(Type::I32),
        "Answers 1 if `signature` over `message` is by `key` (RFC 8032, strict), else 0.",
    ),
    pure(
        Function::BlockHeight,
        "block_height",
        &[],
        Some(Type::I64),
        "Answers the block's height.",
    ),
    pure(
        Function::BlockTime,
        "block_time",
        &[],
        Some(Type::I64),
        "Answers the block's time in milliseconds since 1970.",
    ),
    pure(
        Function::ChainId,
        "chain_id",
        &[Argument::Output(HASH_BYTES)],
        None,
        "Writes the chain id, the SHA-256 of the genesis document.",
    ),
    pure(
        Function::Caller,
        "caller",
        &[Argument::Output(HASH_BYTES)],
        None,
        "Writes the address that called this frame.",
    ),
    pure(
        Function::SelfAddress,
        "self",
        &[Argument::Output(HASH_BYTES)],
        None,
        "Writes the address of the contract that runs.",
    ),
    pure(
        Function::GasLeft,
        "gas_left",
        &[],
        Some(Type::I64),
        "Answers the gas that is left, this call's own price deducted.",
    ),
    pure(
        Function::DebugLog,
        "debug_log",
        &[Argument::Bytes("text")],
        None,
        "Shows text to the developer; charged, and in no receipt.",
    ),
];

/// The row of `function`.
#[must_use]
pub fn row(function: Function) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.function == function)
}

/// The row named `name`.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_places_in_the_table() {
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!(row.function as usize, place, "{}", row.name);
        }
    }

    #[test]
    fn names_are_unique() {
        for row in TABLE {
            assert_eq!(
                by_name(row.name).map(|found| found.function),
                Some(row.function)
            );
        }
    }
}
