//! Attacks a chain, in one way per entry, for tests of the VM and the node.
//!
//! Each entry decodes its arguments without any check: it is not an example. An entry that runs
//! until gas, a trap or a limit stops it says so; `types/src/hostile.rs` builds the inputs.
//!
//!   spin()                         never ends: out of gas
//!   spin_on_host()                 never ends, in host calls
//!   recurse()                      never stops calling itself: stack overflow
//!   grow() -> u32                  grows memory up to the limit; returns its pages
//!   fill()                         never ends, in writes over its memory
//!   write_all()                    never ends, in the largest values under new keys
//!   flood()                        emits events until the limit traps
//!   flood_bytes()                  emits the largest events until the limit traps
//!   bad_pointer(u8 which, u32 pointer, u32 length)      a host call with that range
//!   long_key(u32 length), long_value(u32 length)        a write with them
//!   reenter(address, flags u32)    calls `reenter_back` of the address, which calls back
//!   reenter_back(address)          calls `touch` of the address; returns the status
//!   descend()                      calls itself through the host, with ALLOW_REENTRY, until DEPTH
//!   touch()                        writes one key
//!   upgrade(code hash) -> u32, u32 changes its code, then calls itself: both statuses
//!   deploy_bomb(code hash)         deploys that code again and again
//!   large_output(u8)               returns 64 KiB, or reverts with 64 KiB
//!   too_long()                     returns one byte more than a return can carry

#include "lockstep.h"

enum { PAGE_BYTES = 65536 };

static uint8_t buffer[LOCKSTEP_VALUE_BYTES_MAX];
static const uint8_t nothing[16];
static volatile uint32_t sink;

static size_t read_input(void) { return (size_t)lockstep_input(buffer, sizeof buffer); }

static uint32_t number(size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; i++) value |= (uint32_t)buffer[at + i] << (8 * i);
  return value;
}

LOCKSTEP_ENTRY(spin) void spin(void) {
  for (;;) sink++;
}

LOCKSTEP_ENTRY(spin_on_host) void spin_on_host(void) {
  for (;;) sink += (uint32_t)lockstep_block_height();
}

// The result is used after the call, so that the compiler cannot turn the recursion into a loop;
// and the compiler cannot see that it never ends, or it would reject it.
static __attribute__((noinline)) uint32_t deeper(uint32_t depth) {
  sink = depth | 1;
  if (sink == 0) return 0;
  return deeper(depth + 1) + sink;
}

LOCKSTEP_ENTRY(recurse) void recurse(void) { sink = deeper(0); }

LOCKSTEP_ENTRY(grow) void grow(void) {
  while (__builtin_wasm_memory_grow(0, 1) != (size_t)-1) {
  }
  uint32_t pages = (uint32_t)__builtin_wasm_memory_size(0);
  lockstep_return(&pages, sizeof pages);
}

LOCKSTEP_ENTRY(fill) void fill(void) {
  volatile uint64_t *words = (volatile uint64_t *)buffer;
  for (uint64_t round = 0;; round++)
    for (size_t i = 0; i < sizeof buffer / 8; i++) words[i] = round;
}

LOCKSTEP_ENTRY(write_all) void write_all(void) {
  for (uint64_t key = 0;; key++) lockstep_storage_write(&key, sizeof key, buffer, sizeof buffer);
}

LOCKSTEP_ENTRY(flood) void flood(void) {
  for (;;) lockstep_emit_event(0, 0, 0, 0);
}

LOCKSTEP_ENTRY(flood_bytes) void flood_bytes(void) {
  for (;;) lockstep_emit_event(buffer, 4, buffer, 4096);
}

static void use_input(void *at, size_t length) { sink = (uint32_t)lockstep_input(at, length); }

LOCKSTEP_ENTRY(bad_pointer) void bad_pointer(void) {
  read_input();
  uint8_t *at = (uint8_t *)(uintptr_t)number(1);
  size_t length = number(5);
  switch (buffer[0]) {
    case 0: use_input(at, length); break;
    case 1: lockstep_return(at, length);
    case 2: lockstep_revert(at, length);
    case 3: lockstep_storage_write(at, length, buffer, 1); break;
    case 4: lockstep_storage_write("k", 1, at, length); break;
    case 5: sink = (uint32_t)lockstep_storage_read("k", 1, at, length); break;
    case 6: sink = (uint32_t)lockstep_storage_scan(at, length, 0, 0, 1, buffer, 64); break;
    case 7: sink = (uint32_t)lockstep_storage_scan(0, 0, 0, 0, 1, at, length); break;
    case 8: lockstep_emit_event(at, (int32_t)length, 0, 0); break;
    case 9: lockstep_sha256(at, length, buffer); break;
    case 10: lockstep_caller(at); break;
    case 11: lockstep_value(at); break;
    case 12: sink = (uint32_t)lockstep_transfer(at, nothing); break;
    case 13: sink = (uint32_t)lockstep_call(0, buffer, at, length, 0, 0, nothing, 1); break;
    case 14: sink = (uint32_t)lockstep_returned(at, length); break;
    case 15: sink = (uint32_t)lockstep_set_code(at); break;
    default: lockstep_debug_log(at, length);
  }
}

LOCKSTEP_ENTRY(long_key) void long_key(void) {
  read_input();
  lockstep_storage_write(buffer, number(0), buffer, 1);
}

LOCKSTEP_ENTRY(long_value) void long_value(void) {
  read_input();
  lockstep_storage_write("k", 1, 0, number(0));
}

static uint32_t call(uint32_t flags, const uint8_t *address, const char *entry, size_t length,
                     const void *input, size_t input_length) {
  return (uint32_t)lockstep_call(flags, address, entry, length, input, input_length, nothing,
                                 LOCKSTEP_GAS_ALL);
}

static _Noreturn void finish(uint32_t number) { lockstep_return(&number, sizeof number); }

LOCKSTEP_ENTRY(reenter) void reenter(void) {
  uint8_t self[32];
  read_input();
  lockstep_self(self);
  uint32_t status = call(number(32), buffer, "reenter_back", 12, self, sizeof self);
  if (status != LOCKSTEP_STATUS_RETURN) finish(status);
  // The callee returns the status of its own call.
  lockstep_returned(buffer, sizeof buffer);
  finish(number(0));
}

LOCKSTEP_ENTRY(reenter_back) void reenter_back(void) {
  read_input();
  finish(call(0, buffer, "touch", 5, 0, 0));
}

LOCKSTEP_ENTRY(touch) void touch(void) { lockstep_storage_write("touched", 7, "", 0); }

// Returns the status of the deepest call, which each frame passes to its caller.
LOCKSTEP_ENTRY(descend) void descend(void) {
  uint8_t self[32];
  lockstep_self(self);
  uint32_t status = call(LOCKSTEP_ALLOW_REENTRY, self, "descend", 7, 0, 0);
  if (status != LOCKSTEP_STATUS_RETURN) finish(status);
  lockstep_returned(buffer, sizeof buffer);
  finish(number(0));
}

LOCKSTEP_ENTRY(upgrade) void upgrade(void) {
  uint8_t self[32];
  uint32_t statuses[2];
  read_input();
  lockstep_self(self);
  statuses[0] = (uint32_t)lockstep_set_code(buffer);
  // This frame runs the old code to its end; the frame that it calls runs the new code.
  statuses[1] = call(LOCKSTEP_ALLOW_REENTRY, self, "touch", 5, 0, 0);
  lockstep_return(statuses, sizeof statuses);
}

LOCKSTEP_ENTRY(deploy_bomb) void deploy_bomb(void) {
  static uint8_t salt[32];
  uint8_t address[32];
  read_input();
  for (;;) {
    for (size_t i = 0; ++salt[i] == 0 && i < 31; i++) {
    }
    sink = (uint32_t)lockstep_deploy(buffer, salt, "touch", 5, 0, 0, nothing, LOCKSTEP_GAS_ALL,
                                     address);
  }
}

LOCKSTEP_ENTRY(large_output) void large_output(void) {
  read_input();
  if (buffer[0] == 0) lockstep_return(buffer, sizeof buffer);
  lockstep_revert(buffer, sizeof buffer);
}

LOCKSTEP_ENTRY(too_long) void too_long(void) { lockstep_return(0, PAGE_BYTES + 1); }
