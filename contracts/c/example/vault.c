//! Keeps value for its depositors, and pays it back only to them.
//!
//!   deposit()                      keeps the value of the call for the caller
//!   withdraw(amount u128)          pays the caller back; event "Withdrawn", topic caller
//!   balance_of(address) -> u128    the balance of an address
//!
//! Storage: "b" || address has a balance (u128, little endian); a balance of 0 has no key. An
//! error reverts with borsh{code u32, message none}; the codes are below.

#include "lockstep.h"

enum {
  ERROR_INPUT = 1,     // the input is not what the entry takes
  ERROR_NOTHING = 2,   // a deposit without value
  ERROR_TOO_MUCH = 3,  // more than the balance of the caller
  ERROR_UNPAID = 4,    // the vault cannot pay: its accounting is wrong
  ERROR_VALUE = 5,     // the call carries value, which the entry does not accept
};

typedef unsigned __int128 amount_t;

static _Noreturn void fail(uint8_t code) {
  const uint8_t revert[5] = {code, 0, 0, 0, 0};
  lockstep_revert(revert, sizeof revert);
}

// Reads the input, which must have exactly this length: `input` returns the full length, even if
// the buffer is shorter.
static void take_input(void *dst, size_t length) {
  if ((size_t)lockstep_input(dst, length) != length) fail(ERROR_INPUT);
}

static void take_no_value(void) {
  amount_t value;
  lockstep_value((uint8_t *)&value);
  if (value != 0) fail(ERROR_VALUE);
}

struct key {
  uint8_t prefix;
  uint8_t owner[32];
};

static struct key caller_key(void) {
  struct key key = {.prefix = 'b'};
  lockstep_caller(key.owner);
  return key;
}

static amount_t read(const struct key *key) {
  amount_t balance = 0;
  lockstep_storage_read(key, sizeof *key, &balance, sizeof balance);
  return balance;
}

static void write(const struct key *key, amount_t balance) {
  if (balance == 0)
    lockstep_storage_remove(key, sizeof *key);
  else
    lockstep_storage_write(key, sizeof *key, &balance, sizeof balance);
}

LOCKSTEP_ENTRY(deposit) void deposit(void) {
  amount_t value;
  take_input(0, 0);
  lockstep_value((uint8_t *)&value);
  if (value == 0) fail(ERROR_NOTHING);
  struct key key = caller_key();
  // The sum cannot wrap: the total of all value is below 2^128.
  write(&key, read(&key) + value);
}

LOCKSTEP_ENTRY(withdraw) void withdraw(void) {
  amount_t amount;
  take_no_value();
  take_input(&amount, sizeof amount);
  struct key key = caller_key();
  amount_t balance = read(&key);
  if (amount > balance) fail(ERROR_TOO_MUCH);
  // Written before the payment, so that it cannot be paid twice.
  write(&key, balance - amount);
  if (lockstep_transfer(key.owner, (const uint8_t *)&amount) != LOCKSTEP_STATUS_RETURN)
    fail(ERROR_UNPAID);
  uint8_t topics[2][32];
  lockstep_sha256("Withdrawn", 9, topics[0]);
  for (size_t i = 0; i < 32; i++) topics[1][i] = key.owner[i];
  lockstep_emit_event(topics, 2, &amount, sizeof amount);
}

LOCKSTEP_ENTRY(balance_of) void balance_of(void) {
  struct key key = {.prefix = 'b'};
  take_no_value();
  take_input(key.owner, sizeof key.owner);
  amount_t balance = read(&key);
  lockstep_return(&balance, sizeof balance);
}
