//! Declares the host interface of Lockstep for C, function by function.
//!
//! Import module `lockstep`, version 1. Pointers, lengths, counts and statuses are 32 bits
//! wide; gas, height and time 64. A pointer and a length name a range of linear memory; a
//! range outside it traps. A variable output takes the buffer and its capacity, writes
//! min(length, capacity) bytes and answers the full length.
//!
//! Spec: host interface. The Rust twin of this file is `sdk/src/externs.rs`.

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
#define LOCKSTEP_ABSENT (-1)

// The call: its input, and the two ways to end it. Both end the frame at once.
LOCKSTEP_IMPORT(input) int32_t lockstep_input(void *dst, size_t capacity);
LOCKSTEP_IMPORT(return) _Noreturn void lockstep_return(const void *data, size_t length);
LOCKSTEP_IMPORT(revert) _Noreturn void lockstep_revert(const void *data, size_t length);

// This contract's storage. An empty value is not an absent one.
LOCKSTEP_IMPORT(storage_read)
int32_t lockstep_storage_read(const void *key, size_t key_length, void *dst, size_t capacity);
LOCKSTEP_IMPORT(storage_write)
void lockstep_storage_write(const void *key, size_t key_length, const void *value, size_t length);
LOCKSTEP_IMPORT(storage_remove)
int32_t lockstep_storage_remove(const void *key, size_t key_length);
LOCKSTEP_IMPORT(storage_has)
int32_t lockstep_storage_has(const void *key, size_t key_length);

// `topics` points at `count` times 32 bytes. By convention the first is sha256(event name).
LOCKSTEP_IMPORT(emit_event)
void lockstep_emit_event(const void *topics, int32_t count, const void *data, size_t length);

// Hashes and signatures. A malformed key or signature answers 0, as a wrong one does.
LOCKSTEP_IMPORT(sha256) void lockstep_sha256(const void *data, size_t length, uint8_t dst[32]);
LOCKSTEP_IMPORT(secp256k1_verify)
int32_t lockstep_secp256k1_verify(const uint8_t digest[32], const uint8_t signature[64],
                                  const uint8_t key[33]);
LOCKSTEP_IMPORT(ed25519_verify)
int32_t lockstep_ed25519_verify(const void *message, size_t length, const uint8_t signature[64],
                                const uint8_t key[32]);

// The block, the chain and the two parties of the call.
LOCKSTEP_IMPORT(block_height) int64_t lockstep_block_height(void);
LOCKSTEP_IMPORT(block_time) int64_t lockstep_block_time(void);  // milliseconds
LOCKSTEP_IMPORT(chain_id) void lockstep_chain_id(uint8_t dst[32]);
LOCKSTEP_IMPORT(caller) void lockstep_caller(uint8_t dst[32]);
LOCKSTEP_IMPORT(self) void lockstep_self(uint8_t dst[32]);

LOCKSTEP_IMPORT(gas_left) int64_t lockstep_gas_left(void);
LOCKSTEP_IMPORT(debug_log) void lockstep_debug_log(const void *text, size_t length);

#endif
