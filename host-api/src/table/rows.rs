//! The rows of the host table: one for each function, in the order of their numbers.

use super::{Argument, Function, Row, STATIC_VIOLATION, Type};
use crate::limits::{
    AMOUNT_BYTES, BLS12_381_G1_BYTES, BLS12_381_G2_BYTES, BN254_G1_BYTES, BN254_G2_BYTES,
    HASH_BYTES, RIPEMD160_BYTES, SCALAR_BYTES, SECP256K1_KEY_BYTES, SHA512_BYTES, SIGNATURE_BYTES,
    TOPIC_BYTES,
};
use crate::status;

const MEMORY_RANGE: u16 = 64;
const KEY_LENGTH: u16 = 65;
const VALUE_LENGTH: u16 = 66;
const EVENT_LIMIT: u16 = 67;
const OUTPUT_LENGTH: u16 = 69;
const UNKNOWN_FLAG: u16 = 70;
const ITEM_LIMIT: u16 = 71;

const KEY: Argument = Argument::Bytes("key");
const ADDRESS: Argument = Argument::Fixed("address", HASH_BYTES);
const CODE_HASH: Argument = Argument::Fixed("code_hash", HASH_BYTES);
const AMOUNT: Argument = Argument::Fixed("value", AMOUNT_BYTES);
const GAS: Argument = Argument::Number("gas", Type::I64);
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
        statuses: &[],
        second_price: "",
        traps,
        summary,
        since: 1,
    }
}

/// A pure row that returns 1 if its input is valid, and 0 otherwise.
const fn curve(
    function: Function,
    name: &'static str,
    arguments: &'static [Argument],
    summary: &'static str,
) -> Row {
    pure(function, name, arguments, Some(Type::I32), summary)
}

/// As [`curve`], with a list of limited length.
const fn list(
    function: Function,
    name: &'static str,
    arguments: &'static [Argument],
    summary: &'static str,
) -> Row {
    Row {
        traps: &[MEMORY_RANGE, ITEM_LIMIT],
        ..curve(function, name, arguments, summary)
    }
}

/// The host interface, in the order of the numbers of [`Function`].
pub const TABLE: &[Row] = &[
    Row {
        second_price: "per_byte * full length of the input",
        ..pure(
            Function::Input,
            "input",
            &[Argument::Buffer],
            Some(Type::I32),
            "Writes at most `cap` bytes of the call's input to `dst`; returns its full length.",
        )
    },
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
        second_price: "per_value_byte * full length of the value",
        traps: &[MEMORY_RANGE, KEY_LENGTH],
        ..pure(
            Function::StorageRead,
            "storage_read",
            &[KEY, Argument::Buffer],
            Some(Type::I32),
            "Writes at most `cap` bytes of the value to `dst`; returns its full length, -1 if \
             absent.",
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
            "Removes `key`; returns 1 if it was present, else 0.",
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
            "Returns 1 if `key` is present, else 0.",
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
        "Returns 1 if `signature` (r, s; low s) over `digest` verifies under the compressed `key`, \
         else 0.",
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
        "Returns 1 if `signature` over `message` verifies under `key` (RFC 8032, strict), else 0.",
    ),
    pure(
        Function::BlockHeight,
        "block_height",
        &[],
        Some(Type::I64),
        "Returns the block's height.",
    ),
    pure(
        Function::BlockTime,
        "block_time",
        &[],
        Some(Type::I64),
        "Returns the block's time in milliseconds since 1970.",
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
        "Returns the remaining gas, after this call's own price.",
    ),
    pure(
        Function::DebugLog,
        "debug_log",
        &[Argument::Bytes("text")],
        None,
        "Shows text to the developer; charged, and in no receipt.",
    ),
    Row {
        touches: true,
        second_price: "for each key that is walked, before it is used: per_hidden_key if it is \
                       hidden, else per_entry + per_byte * key + per_value_byte * value",
        traps: &[MEMORY_RANGE, KEY_LENGTH],
        ..pure(
            Function::StorageScan,
            "storage_scan",
            &[
                Argument::Bytes("start"),
                Argument::Bytes("end"),
                Argument::Number("limit", Type::I32),
                Argument::Buffer,
            ],
            Some(Type::I32),
            "Writes one page of entries with `start <= key < end`; returns its length in bytes.",
        )
    },
    pure(
        Function::Keccak256,
        "keccak256",
        &[Argument::Bytes("data"), Argument::Output(HASH_BYTES)],
        None,
        "Writes the Keccak-256 of `data` (Keccak's own padding, not SHA-3's) to `dst`.",
    ),
    pure(
        Function::Secp256k1Recover,
        "secp256k1_recover",
        &[
            Argument::Fixed("digest", HASH_BYTES),
            Argument::Fixed("signature", SIGNATURE_BYTES),
            Argument::Number("id", Type::I32),
            Argument::Output(SECP256K1_KEY_BYTES),
        ],
        Some(Type::I32),
        "Writes the compressed key that made `signature` (r, s; low s) and returns 1; else \
         returns 0.",
    ),
    Row {
        touches: true,
        ..pure(
            Function::BlockHash,
            "block_hash",
            &[
                Argument::Number("height", Type::I64),
                Argument::Output(HASH_BYTES),
            ],
            Some(Type::I32),
            "Writes the hash of one of the last 256 blocks and returns 1; else returns 0.",
        )
    },
    pure(
        Function::Proposer,
        "proposer",
        &[Argument::Output(HASH_BYTES)],
        None,
        "Writes the address that the block's fees go to.",
    ),
    pure(
        Function::TxHash,
        "tx_hash",
        &[Argument::Output(HASH_BYTES)],
        None,
        "Writes the id of the transaction.",
    ),
    pure(
        Function::Value,
        "value",
        &[Argument::Output(AMOUNT_BYTES)],
        None,
        "Writes the value that the call of this frame transferred.",
    ),
    Row {
        touches: true,
        ..pure(
            Function::Balance,
            "balance",
            &[ADDRESS, Argument::Output(AMOUNT_BYTES)],
            None,
            "Writes the balance of `address` as of now; an absent account has 0.",
        )
    },
    Row {
        mutates: true,
        touches: true,
        statuses: &[status::RETURN, status::BALANCE],
        traps: &[MEMORY_RANGE, STATIC_VIOLATION],
        ..pure(
            Function::Transfer,
            "transfer",
            &[ADDRESS, AMOUNT],
            Some(Type::I32),
            "Pays `value` from the contract to `address`, running no code; returns a status.",
        )
    },
    Row {
        touches: true,
        statuses: &[
            status::RETURN,
            status::REVERT,
            status::TRAP,
            status::OUT_OF_GAS,
            status::DEPTH,
            status::REENTRY,
            status::BALANCE,
            status::NO_CODE,
            status::NO_ENTRY,
        ],
        second_price: "the frame price of the code; host.transfer.base if the value is above 0; \
                       what the callee consumes",
        traps: &[MEMORY_RANGE, UNKNOWN_FLAG, STATIC_VIOLATION, OUTPUT_LENGTH],
        ..pure(
            Function::Call,
            "call",
            &[
                Argument::Number("flags", Type::I32),
                ADDRESS,
                Argument::Bytes("entry"),
                Argument::Bytes("input"),
                AMOUNT,
                GAS,
            ],
            Some(Type::I32),
            "Calls `entry` of the contract at `address` with at most `gas`; returns a status.",
        )
    },
    Row {
        second_price: "per_byte * full length of the returned data",
        ..pure(
            Function::Returned,
            "returned",
            &[Argument::Buffer],
            Some(Type::I32),
            "Writes at most `cap` bytes of the last call's output to `dst`; returns its full \
             length.",
        )
    },
    Row {
        mutates: true,
        touches: true,
        statuses: &[
            status::RETURN,
            status::REVERT,
            status::TRAP,
            status::OUT_OF_GAS,
            status::DEPTH,
            status::BALANCE,
            status::NO_CODE,
            status::NO_ENTRY,
            status::TAKEN,
        ],
        second_price: "the frame price of the code; host.transfer.base if the value is above 0; \
                       what the callee consumes",
        traps: &[MEMORY_RANGE, STATIC_VIOLATION, OUTPUT_LENGTH],
        ..pure(
            Function::Deploy,
            "deploy",
            &[
                CODE_HASH,
                Argument::Fixed("salt", HASH_BYTES),
                Argument::Bytes("entry"),
                Argument::Bytes("input"),
                AMOUNT,
                GAS,
                Argument::Output(HASH_BYTES),
            ],
            Some(Type::I32),
            "Deploys a contract from uploaded code and calls `entry` of it; returns a status.",
        )
    },
    Row {
        mutates: true,
        touches: true,
        statuses: &[status::RETURN, status::NO_CODE],
        traps: &[MEMORY_RANGE, STATIC_VIOLATION],
        ..pure(
            Function::SetCode,
            "set_code",
            &[CODE_HASH],
            Some(Type::I32),
            "Replaces the contract's own code from the next frame on; returns a status.",
        )
    },
    pure(
        Function::P256Verify,
        "p256_verify",
        &[
            Argument::Fixed("digest", HASH_BYTES),
            Argument::Fixed("signature", SIGNATURE_BYTES),
            KEY,
        ],
        Some(Type::I32),
        "Returns 1 if `signature` (r, s; high s too) over `digest` verifies under `key` (SEC1) on \
         secp256r1, else 0.",
    ),
    pure(
        Function::Blake3,
        "blake3",
        &[Argument::Bytes("data"), Argument::Output(HASH_BYTES)],
        None,
        "Writes the BLAKE3 of `data` (32 bytes, no key) to `dst`.",
    ),
    pure(
        Function::Ripemd160,
        "ripemd160",
        &[Argument::Bytes("data"), Argument::Output(RIPEMD160_BYTES)],
        None,
        "Writes the RIPEMD-160 of `data` to `dst`.",
    ),
    pure(
        Function::Sha512,
        "sha512",
        &[Argument::Bytes("data"), Argument::Output(SHA512_BYTES)],
        None,
        "Writes the SHA-512 of `data` to `dst`.",
    ),
    curve(
        Function::Bls12381G1Add,
        "bls12_381_g1_add",
        &[
            Argument::Fixed("first", BLS12_381_G1_BYTES),
            Argument::Fixed("second", BLS12_381_G1_BYTES),
            Argument::Output(BLS12_381_G1_BYTES),
        ],
        "Adds two points of BLS12-381, G1, and returns 1; returns 0 for a malformed point.",
    ),
    list(
        Function::Bls12381G1Msm,
        "bls12_381_g1_msm",
        &[
            Argument::Items("terms", BLS12_381_G1_BYTES + SCALAR_BYTES),
            Argument::Output(BLS12_381_G1_BYTES),
        ],
        "Adds multiples of points of G1 (BLS12-381) and returns 1; returns 0 for a malformed list.",
    ),
    curve(
        Function::Bls12381G2Add,
        "bls12_381_g2_add",
        &[
            Argument::Fixed("first", BLS12_381_G2_BYTES),
            Argument::Fixed("second", BLS12_381_G2_BYTES),
            Argument::Output(BLS12_381_G2_BYTES),
        ],
        "Adds two points of BLS12-381, G2, and returns 1; returns 0 for a malformed point.",
    ),
    list(
        Function::Bls12381G2Msm,
        "bls12_381_g2_msm",
        &[
            Argument::Items("terms", BLS12_381_G2_BYTES + SCALAR_BYTES),
            Argument::Output(BLS12_381_G2_BYTES),
        ],
        "Adds multiples of points of G2 (BLS12-381) and returns 1; returns 0 for a malformed list.",
    ),
    list(
        Function::Bls12381PairingCheck,
        "bls12_381_pairing_check",
        &[Argument::Items(
            "pairs",
            BLS12_381_G1_BYTES + BLS12_381_G2_BYTES,
        )],
        "Returns 1 if the product of the pairings (BLS12-381) is one, else 0, also if malformed.",
    ),
    curve(
        Function::Bls12381MapFpToG1,
        "bls12_381_map_fp_to_g1",
        &[
            Argument::Fixed("element", BLS12_381_G1_BYTES / 2),
            Argument::Output(BLS12_381_G1_BYTES),
        ],
        "Maps a field element to a point of G1 (BLS12-381) and returns 1; returns 0 if malformed.",
    ),
    curve(
        Function::Bls12381MapFp2ToG2,
        "bls12_381_map_fp2_to_g2",
        &[
            Argument::Fixed("element", BLS12_381_G2_BYTES / 2),
            Argument::Output(BLS12_381_G2_BYTES),
        ],
        "Maps a field element to a point of G2 (BLS12-381) and returns 1; returns 0 if malformed.",
    ),
    curve(
        Function::Bn254Add,
        "bn254_add",
        &[
            Argument::Fixed("first", BN254_G1_BYTES),
            Argument::Fixed("second", BN254_G1_BYTES),
            Argument::Output(BN254_G1_BYTES),
        ],
        "Adds two points of BN254 and returns 1; returns 0 for a malformed point.",
    ),
    curve(
        Function::Bn254Mul,
        "bn254_mul",
        &[
            Argument::Fixed("point", BN254_G1_BYTES),
            Argument::Fixed("scalar", SCALAR_BYTES),
            Argument::Output(BN254_G1_BYTES),
        ],
        "Multiplies a point of BN254 and returns 1; returns 0 for a malformed point.",
    ),
    list(
        Function::Bn254PairingCheck,
        "bn254_pairing_check",
        &[Argument::Items("pairs", BN254_G1_BYTES + BN254_G2_BYTES)],
        "Returns 1 if the product of the pairings (BN254) is one, else 0, also if malformed.",
    ),
];
