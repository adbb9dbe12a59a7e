//! Keeps values under keys chosen by the caller, and counts them.
//!
//! Inputs and outputs are borsh, as in the Rust contracts; `Bytes` is a u32 length, little
//! endian, and that many bytes. Trailing input bytes are an error.
//!
//!   put(key Bytes, value Bytes)     sets the key; event "Put" with data borsh{key, value length}
//!   get(key Bytes)                  -> option of Bytes
//!   remove(key Bytes) -> bool       event "Removed" with data borsh{key} when it existed
//!   count() -> u64                  keys that are set
//!
//! Storage: "#" has the count (u64), "k" || key has a value, so a key has at most 255 bytes
//! here. An error reverts with borsh{code u32, message none}; the codes are below.
//!
//! Memory is static: two buffers, no allocator, no recursion.

#include "lockstep.h"

enum {
  ERROR_INPUT = 1,       // the input does not encode the arguments
  ERROR_KEY_LENGTH = 2,  // an empty key, or one above 255 bytes
};

enum { KEY_BYTES_MAX = LOCKSTEP_KEY_BYTES_MAX - 1 };

static uint8_t input[LOCKSTEP_VALUE_BYTES_MAX];
static uint8_t output[1 + 4 + LOCKSTEP_VALUE_BYTES_MAX];

// The storage key of this call, set by take_key.
static uint8_t key[LOCKSTEP_KEY_BYTES_MAX];
static size_t key_length;

static _Noreturn void fail(uint8_t code) {
  const uint8_t revert[5] = {code, 0, 0, 0, 0};
  lockstep_revert(revert, sizeof revert);
}

static void write_u32(uint8_t *dst, uint32_t number) {
  for (int i = 0; i < 4; i++) dst[i] = (uint8_t)(number >> (8 * i));
}

// Reads a length at `at` and moves past it and its bytes; fails if they end after `total`.
static uint32_t take_bytes(size_t *at, size_t total) {
  if (total - *at < 4) fail(ERROR_INPUT);
  uint32_t length = 0;
  for (int i = 0; i < 4; i++) length |= (uint32_t)input[(*at)++] << (8 * i);
  if (total - *at < length) fail(ERROR_INPUT);
  *at += length;
  return length;
}

static size_t read_input(void) {
  return (size_t)lockstep_input(input, sizeof input);
}

// Reads the key, the first argument of every entry, and sets the storage key.
static void take_key(size_t *at, size_t total) {
  uint32_t length = take_bytes(at, total);
  if (length == 0 || length > KEY_BYTES_MAX) fail(ERROR_KEY_LENGTH);
  key[0] = 'k';
  for (uint32_t i = 0; i < length; i++) key[1 + i] = input[4 + i];
  key_length = 1 + length;
}

static uint64_t read_count(void) {
  uint64_t count = 0;
  lockstep_storage_read("#", 1, &count, sizeof count);
  return count;
}

static void write_count(uint64_t count) { lockstep_storage_write("#", 1, &count, sizeof count); }

static void emit(const char *name, size_t name_length, const void *data, size_t length) {
  uint8_t topic[32];
  lockstep_sha256(name, name_length, topic);
  lockstep_emit_event(topic, 1, data, length);
}

LOCKSTEP_ENTRY(put) void put(void) {
  size_t at = 0, total = read_input();
  take_key(&at, total);
  size_t key_end = at;
  uint32_t value_length = take_bytes(&at, total);
  if (at != total) fail(ERROR_INPUT);
  if (!lockstep_storage_has(key, key_length)) write_count(read_count() + 1);
  lockstep_storage_write(key, key_length, input + key_end + 4, value_length);
  // The event is the encoded key, followed by the four bytes of the value's length.
  emit("Put", 3, input, key_end + 4);
}

LOCKSTEP_ENTRY(get) void get(void) {
  size_t at = 0, total = read_input();
  take_key(&at, total);
  if (at != total) fail(ERROR_INPUT);
  // An input contains all arguments of put, so a stored value fits an output.
  int32_t length = lockstep_storage_read(key, key_length, output + 5, sizeof output - 5);
  output[0] = length != LOCKSTEP_ABSENT;
  if (length == LOCKSTEP_ABSENT) lockstep_return(output, 1);
  write_u32(output + 1, (uint32_t)length);
  lockstep_return(output, 5 + (size_t)length);
}

LOCKSTEP_ENTRY(remove) void remove_key(void) {
  size_t at = 0, total = read_input();
  take_key(&at, total);
  if (at != total) fail(ERROR_INPUT);
  uint8_t existed = (uint8_t)lockstep_storage_remove(key, key_length);
  if (existed) {
    write_count(read_count() - 1);
    emit("Removed", 7, input, total);
  }
  lockstep_return(&existed, 1);
}

LOCKSTEP_ENTRY(count) void count(void) {
  if (read_input() != 0) fail(ERROR_INPUT);
  uint64_t count = read_count();
  lockstep_return(&count, sizeof count);
}
