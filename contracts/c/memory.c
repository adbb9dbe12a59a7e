//! Defines the four memory functions that clang calls when no C library is linked.
//!
//! They work byte by byte: newer compilers emit `memory.copy` and `memory.fill` instead.
//! Build this file with -fno-builtin, or clang may turn each loop into a call of itself.

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t length) {
  unsigned char *to = dst;
  const unsigned char *from = src;
  while (length-- > 0) *to++ = *from++;
  return dst;
}

void *memmove(void *dst, const void *src, size_t length) {
  unsigned char *to = dst;
  const unsigned char *from = src;
  if (to < from) return memcpy(dst, src, length);
  while (length-- > 0) to[length] = from[length];
  return dst;
}

void *memset(void *dst, int byte, size_t length) {
  unsigned char *to = dst;
  while (length-- > 0) *to++ = (unsigned char)byte;
  return dst;
}

int memcmp(const void *left, const void *right, size_t length) {
  const unsigned char *a = left, *b = right;
  for (; length > 0; length--, a++, b++)
    if (*a != *b) return *a - *b;
  return 0;
}
