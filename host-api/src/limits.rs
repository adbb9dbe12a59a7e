//! Limits of host calls: lengths, counts and depth, shared by guest and host.
//!
//! They are part of the interface, and the rules id covers them.

/// Shortest storage key in bytes. An empty key is the prefix of the contract's whole storage.
pub const KEY_BYTES_MIN: u32 = 1;
/// Longest storage key in bytes; the base price of a storage call covers hashing it.
pub const KEY_BYTES_MAX: u32 = 256;
/// Longest storage value in bytes; the base price of a read covers fetching it.
pub const VALUE_BYTES_MAX: u32 = 65_536;
/// Longest input, output or returned data in bytes.
pub const DATA_BYTES_MAX: u32 = 65_536;
/// Topics of one event (four, as in Ethereum).
pub const EVENT_TOPICS_MAX: u32 = 4;
/// Bytes of one topic.
pub const TOPIC_BYTES: u32 = 32;
/// Events of one transaction.
pub const EVENTS_MAX: u32 = 64;
/// Bytes of topics and data of all events of one transaction.
pub const EVENT_BYTES_MAX: u32 = 65_536;
/// Shortest name of an entry point in bytes.
pub const ENTRY_BYTES_MIN: u32 = 1;
/// Longest name of an entry point in bytes.
pub const ENTRY_BYTES_MAX: u32 = 64;
/// Bytes of an address, a hash, a digest or an Ed25519 key.
pub const HASH_BYTES: u32 = 32;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: u32 = 64;
/// Bytes of a compressed secp256k1 key.
pub const SECP256K1_KEY_BYTES: u32 = 33;
/// Bytes of a RIPEMD-160 hash.
pub const RIPEMD160_BYTES: u32 = 20;
/// Bytes of a SHA-512 hash.
pub const SHA512_BYTES: u32 = 64;
/// Bytes of a point of BLS12-381, G1: two elements of the field, 64 bytes each.
pub const BLS12_381_G1_BYTES: u32 = 128;
/// Bytes of a point of BLS12-381, G2.
pub const BLS12_381_G2_BYTES: u32 = 256;
/// Bytes of a point of BN254, G1: two elements of the field, 32 bytes each.
pub const BN254_G1_BYTES: u32 = 64;
/// Bytes of a point of BN254, G2.
pub const BN254_G2_BYTES: u32 = 128;
/// Bytes of a scalar that multiplies a point.
pub const SCALAR_BYTES: u32 = 32;
/// Terms of one sum of multiples; it bounds the time between two reads of the gas, and the memory.
pub const MSM_TERMS_MAX: u32 = 128;
/// Pairs of one check of pairings; it bounds the same.
pub const PAIRING_PAIRS_MAX: u32 = 32;
/// Bytes of an amount, little-endian.
pub const AMOUNT_BYTES: u32 = 16;
/// Contract frames active at once, including the outermost; it bounds instances and memory.
pub const CALL_DEPTH_MAX: u32 = 16;
/// Number of most recent blocks whose hash `block_hash` returns (256, as in Ethereum).
pub const BLOCK_HASHES_MAX: u32 = 256;
/// Bytes of a number (a count or a length, little-endian) in a page of a scan.
pub const PAGE_NUMBER_BYTES: u32 = 4;
