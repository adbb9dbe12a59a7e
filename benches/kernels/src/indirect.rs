//! Makes indirect calls with data-dependent table indices.

type Step = fn(u64, u64) -> u64;

static STEPS: [Step; 8] = [
    |a, b| a.wrapping_add(b),
    |a, b| a ^ b.rotate_left(7),
    |a, b| a.wrapping_mul(b | 1),
    |a, b| a.wrapping_sub(b >> 3),
    |a, b| (a & b).wrapping_add(0x9e37_79b9_7f4a_7c15),
    |a, b| (a | b).rotate_right(13),
    |a, b| a.wrapping_add(b << 5),
    |a, b| !a ^ b,
];

/// Makes `n` calls.
#[must_use]
pub fn run(n: u32) -> u64 {
    let (mut value, mut seed) = (1_u64, 0x2545_f491_4f6c_dd1d_u64);
    for i in 0..n {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        value = STEPS[(seed >> 33) as usize & 7](value, seed ^ u64::from(i));
    }
    value
}
