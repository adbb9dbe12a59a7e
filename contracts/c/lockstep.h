//! Declares the host interface of Lockstep for C, function by function.
//!
//! Import module `lockstep`, version 1. Pointers, lengths, counts and statuses are 32 bits
//! wide; gas, height and time 64. A pointer and a length name a range of linear memory; a
//! range outside it traps. A variable output takes the buffer and its capacity, writes
//! min(length, capacity) bytes and returns the full length.
//!
//! Specification: docs/spec/host.md. The same interface in Rust is `sdk/src/externs.rs`.

#ifndef LOCKSTEP_H
#define LOCKSTEP_H

#include <stddef.h>
#include <stdint.h>

#define LOCKSTEP_IMPORT(name) __attribute__((import_module("lockstep"), import_name(#name)))

// Makes a function `void f(void)` an entry of the contract, under the given name.
#define LOCKSTEP_ENTRY(name) __attribute__((export_name(#name)))

#define LOCKSTEP_KEY_BYTES_MAX 256      // a storage key has 1 to 256 bytes
#define LOCKSTEP_VALUE_BYTES_MAX 65536  // a stored value, an input, an output: 0 to 64 KiB
#define LOCKSTEP_TOPICS_MAX 4           // of 32 bytes each
#define LOCKSTEP_PAGE_ENTRY_BYTES_MAX (8 + 256 + 65536)  // an entry of a page of storage_scan
#define LOCKSTEP_ABSENT (-1)

// Flags of a call; any other bit traps.
#define LOCKSTEP_ALLOW_REENTRY 1u  // the callee may call back into this contract
#define LOCKSTEP_STATIC 2u         // no change of state, in the callee and its own calls

// Status of a call, a deployment, a transfer or a change of code. 0 to 3: the callee ran; from
// 16 on it did not.
#define LOCKSTEP_STATUS_RETURN 0
#define LOCKSTEP_STATUS_REVERT 1
#define LOCKSTEP_STATUS_TRAP 2
#define LOCKSTEP_STATUS_OUT_OF_GAS 3
#define LOCKSTEP_STATUS_DEPTH 16     // 16 frames are active
#define LOCKSTEP_STATUS_REENTRY 17   // the callee is active and did not allow re-entry
#define LOCKSTEP_STATUS_BALANCE 18   // the value cannot be paid
#define LOCKSTEP_STATUS_NO_CODE 19   // no such contract, or no such code
#define LOCKSTEP_STATUS_NO_ENTRY 20  // the code has no such entry
#define LOCKSTEP_STATUS_TAKEN 21     // the address has a contract already

// All available gas; the host passes at most 63/64 of the remaining gas to the callee.
#define LOCKSTEP_GAS_ALL INT64_MAX

// The call: its input, and the two ways to end it. Both end the frame at once.
LOCKSTEP_IMPORT(input) int32_t lockstep_input(void *dst, size_t capacity);
LOCKSTEP_IMPORT(return) _Noreturn void lockstep_return(const void *data, size_t length);
LOCKSTEP_IMPORT(revert) _Noreturn void lockstep_revert(const void *data, size_t length);

// This contract's storage. An empty value is not an absent one, and has no ICS 23 proof.
LOCKSTEP_IMPORT(storage_read)
int32_t lockstep_storage_read(const void *key, size_t key_length, void *dst, size_t capacity);
LOCKSTEP_IMPORT(storage_write)
void lockstep_storage_write(const void *key, size_t key_length, const void *value, size_t length);
LOCKSTEP_IMPORT(storage_remove)
int32_t lockstep_storage_remove(const void *key, size_t key_length);
LOCKSTEP_IMPORT(storage_has)
int32_t lockstep_storage_has(const void *key, size_t key_length);

// One page of entries with start <= key < end, in bytewise order; an empty end is the end of the
// storage. A page is a u32 count, then u32 length, key, u32 length, value of each. Returns
// its bytes, or minus the bytes that the first entry would need.
LOCKSTEP_IMPORT(storage_scan)
int32_t lockstep_storage_scan(const void *start, size_t start_length, const void *end,
                              size_t end_length, uint32_t limit, void *dst, size_t capacity);

// `topics` points at `count` times 32 bytes. By convention the first is sha256(event name).
LOCKSTEP_IMPORT(emit_event)
void lockstep_emit_event(const void *topics, int32_t count, const void *data, size_t length);

// Hashes and signatures. A malformed key or signature returns 0, like a wrong one.
LOCKSTEP_IMPORT(sha256) void lockstep_sha256(const void *data, size_t length, uint8_t dst[32]);
LOCKSTEP_IMPORT(keccak256)
void lockstep_keccak256(const void *data, size_t length, uint8_t dst[32]);
LOCKSTEP_IMPORT(sha512) void lockstep_sha512(const void *data, size_t length, uint8_t dst[64]);
LOCKSTEP_IMPORT(blake3) void lockstep_blake3(const void *data, size_t length, uint8_t dst[32]);
LOCKSTEP_IMPORT(ripemd160)
void lockstep_ripemd160(const void *data, size_t length, uint8_t dst[20]);
LOCKSTEP_IMPORT(secp256k1_verify)
int32_t lockstep_secp256k1_verify(const uint8_t digest[32], const uint8_t signature[64],
                                  const uint8_t key[33]);
LOCKSTEP_IMPORT(secp256k1_recover)
int32_t lockstep_secp256k1_recover(const uint8_t digest[32], const uint8_t signature[64],
                                   int32_t id, uint8_t dst[33]);
LOCKSTEP_IMPORT(ed25519_verify)
int32_t lockstep_ed25519_verify(const void *message, size_t length, const uint8_t signature[64],
                                const uint8_t key[32]);
// secp256r1 (P-256), as passkeys sign; high s too. The key is SEC1: 33 or 65 bytes.
LOCKSTEP_IMPORT(p256_verify)
int32_t lockstep_p256_verify(const uint8_t digest[32], const uint8_t signature[64],
                             const void *key, size_t key_length);

// Points of BLS12-381 (encodings of EIP-2537) and BN254 (EIP-196, EIP-197). 1 if the input is valid
// and the point was written, else 0; a check: 1 if the product of the pairings is one. A term is
// a point and a scalar of 32 bytes, a pair a point of G1 and one of G2. At most 128 terms, 32 pairs.
LOCKSTEP_IMPORT(bls12_381_g1_add)
int32_t lockstep_bls12_381_g1_add(const uint8_t first[128], const uint8_t second[128],
                                  uint8_t dst[128]);
LOCKSTEP_IMPORT(bls12_381_g1_msm)  // terms of 160 bytes, in the subgroup
int32_t lockstep_bls12_381_g1_msm(const void *terms, size_t count, uint8_t dst[128]);
LOCKSTEP_IMPORT(bls12_381_g2_add)
int32_t lockstep_bls12_381_g2_add(const uint8_t first[256], const uint8_t second[256],
                                  uint8_t dst[256]);
LOCKSTEP_IMPORT(bls12_381_g2_msm)  // terms of 288 bytes, in the subgroup
int32_t lockstep_bls12_381_g2_msm(const void *terms, size_t count, uint8_t dst[256]);
LOCKSTEP_IMPORT(bls12_381_pairing_check)  // pairs of 384 bytes, in the subgroups
int32_t lockstep_bls12_381_pairing_check(const void *pairs, size_t count);
LOCKSTEP_IMPORT(bls12_381_map_fp_to_g1)  // as RFC 9380, the cofactor cleared
int32_t lockstep_bls12_381_map_fp_to_g1(const uint8_t element[64], uint8_t dst[128]);
LOCKSTEP_IMPORT(bls12_381_map_fp2_to_g2)
int32_t lockstep_bls12_381_map_fp2_to_g2(const uint8_t element[128], uint8_t dst[256]);
LOCKSTEP_IMPORT(bn254_add)
int32_t lockstep_bn254_add(const uint8_t first[64], const uint8_t second[64], uint8_t dst[64]);
LOCKSTEP_IMPORT(bn254_mul)
int32_t lockstep_bn254_mul(const uint8_t point[64], const uint8_t scalar[32], uint8_t dst[64]);
LOCKSTEP_IMPORT(bn254_pairing_check)  // pairs of 192 bytes; no pair is 1
int32_t lockstep_bn254_pairing_check(const void *pairs, size_t count);

// The block, the chain and the two parties of the call.
LOCKSTEP_IMPORT(block_height) int64_t lockstep_block_height(void);
LOCKSTEP_IMPORT(block_time) int64_t lockstep_block_time(void);  // milliseconds
LOCKSTEP_IMPORT(chain_id) void lockstep_chain_id(uint8_t dst[32]);
LOCKSTEP_IMPORT(block_hash) int32_t lockstep_block_hash(int64_t height, uint8_t dst[32]);  // 0, 1
LOCKSTEP_IMPORT(proposer) void lockstep_proposer(uint8_t dst[32]);
LOCKSTEP_IMPORT(tx_hash) void lockstep_tx_hash(uint8_t dst[32]);
LOCKSTEP_IMPORT(caller) void lockstep_caller(uint8_t dst[32]);
LOCKSTEP_IMPORT(self) void lockstep_self(uint8_t dst[32]);

// Value: 16 bytes, little endian. This contract's balance includes the value of the call; an entry
// that expects none should revert, or the value is locked in. A transfer runs no code.
LOCKSTEP_IMPORT(value) void lockstep_value(uint8_t dst[16]);
LOCKSTEP_IMPORT(balance) void lockstep_balance(const uint8_t address[32], uint8_t dst[16]);
LOCKSTEP_IMPORT(transfer)
int32_t lockstep_transfer(const uint8_t address[32], const uint8_t value[16]);

// Other contracts. The output of a return or a revert is in `returned` until the next call.
LOCKSTEP_IMPORT(call)
int32_t lockstep_call(uint32_t flags, const uint8_t address[32], const void *entry,
                      size_t entry_length, const void *input, size_t input_length,
                      const uint8_t value[16], int64_t gas);
LOCKSTEP_IMPORT(returned) int32_t lockstep_returned(void *dst, size_t capacity);
LOCKSTEP_IMPORT(deploy)
int32_t lockstep_deploy(const uint8_t code_hash[32], const uint8_t salt[32], const void *entry,
                        size_t entry_length, const void *input, size_t input_length,
                        const uint8_t value[16], int64_t gas, uint8_t dst[32]);
LOCKSTEP_IMPORT(set_code) int32_t lockstep_set_code(const uint8_t code_hash[32]);

LOCKSTEP_IMPORT(gas_left) int64_t lockstep_gas_left(void);
LOCKSTEP_IMPORT(debug_log) void lockstep_debug_log(const void *text, size_t length);

#endif
