//! Computes with integers only, so that every engine must return the same results.
//!
//! It imports nothing and keeps no state: each export is a plain function that
//! `lockstep run math.wasm NAME ARGS` can call. Arithmetic is unsigned and wraps;
//! C leaves signed overflow undefined, and a compiler may then choose the result.

#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name), noinline))

EXPORT(add) uint32_t add(uint32_t a, uint32_t b) { return a + b; }

// n! modulo 2^64; exact up to n = 20.
EXPORT(factorial) uint64_t factorial(uint64_t n) {
  uint64_t product = 1;
  for (; n > 1; n--) product *= n;
  return product;
}

EXPORT(gcd) uint64_t gcd(uint64_t a, uint64_t b) {
  while (b != 0) {
    uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// The n-th Fibonacci number modulo 2^64; fib 0 = 0, fib 1 = 1.
EXPORT(fib) uint64_t fib(uint32_t n) {
  uint64_t a = 0, b = 1;
  for (; n > 0; n--) {
    uint64_t next = a + b;
    a = b;
    b = next;
  }
  return a;
}

// The same numbers by recursion: a measure of calls, not of additions.
EXPORT(fib_recursive) uint64_t fib_recursive(uint32_t n) {
  return n < 2 ? n : fib_recursive(n - 1) + fib_recursive(n - 2);
}

// Steps from n to 1 under n -> n/2 | 3n + 1; 0 for n = 0, which never reaches 1.
EXPORT(collatz) uint32_t collatz(uint64_t n) {
  uint32_t steps = 0;
  if (n == 0) return 0;
  for (; n != 1; steps++) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return steps;
}

// base^exponent mod modulus by squaring; traps when modulus is 0; exact below 2^32.
EXPORT(power_mod) uint64_t power_mod(uint64_t base, uint64_t exponent, uint64_t modulus) {
  uint64_t result = 1 % modulus;
  base %= modulus;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result = result * base % modulus;
    base = base * base % modulus;
  }
  return result;
}

// Signed division. By 0, and of the least number by -1, the instruction traps: this
// export is there to show both.
EXPORT(divide) int64_t divide(int64_t a, int64_t b) { return a / b; }

// Sixteen words of linear memory, which each call rewrites: tests compare memory, too.
static volatile uint32_t table[16];

EXPORT(hash) uint32_t hash(uint32_t seed) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < 16; i++) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    table[i] = seed;
  }
  for (uint32_t i = 0; i < 16; i++) sum = sum * 31 + table[i];
  return sum;
}

// Chooses a function by number through the table: 0 gcd, 1 add, 2 multiply.
static uint64_t add_wide(uint64_t a, uint64_t b) { return a + b; }
static uint64_t multiply(uint64_t a, uint64_t b) { return a * b; }
static uint64_t (*volatile const operations[3])(uint64_t, uint64_t) = {gcd, add_wide, multiply};

EXPORT(apply) uint64_t apply(uint32_t operation, uint64_t a, uint64_t b) {
  return operations[operation % 3](a, b);
}
