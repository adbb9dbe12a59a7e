//! Computes with 256-bit integers modulo a prime: wide products, carries, reduction.

/// Four limbs, least significant first.
type U256 = [u64; 4];

/// The field prime of secp256k1 is 2^256 - FOLD, so that reduction is a multiplication by FOLD.
const FOLD: u64 = 0x1_0000_03d1;
const PRIME: U256 = [0xffff_fffe_ffff_fc2f, u64::MAX, u64::MAX, u64::MAX];

fn add(a: &U256, b: &U256) -> (U256, bool) {
    let (mut sum, mut carry) = ([0_u64; 4], 0_u64);
    for i in 0..4 {
        let wide = u128::from(a[i]) + u128::from(b[i]) + u128::from(carry);
        sum[i] = wide as u64;
        carry = (wide >> 64) as u64;
    }
    (sum, carry == 1)
}

fn subtract(a: &U256, b: &U256) -> (U256, bool) {
    let (mut difference, mut borrow) = ([0_u64; 4], false);
    for i in 0..4 {
        let (partial, first) = a[i].overflowing_sub(b[i]);
        let (limb, second) = partial.overflowing_sub(u64::from(borrow));
        difference[i] = limb;
        borrow = first | second;
    }
    (difference, borrow)
}

/// The value reduced below the prime; `carry` is the bit of 2^256.
fn normalise(value: &U256, carry: bool) -> U256 {
    let value = if carry {
        add(value, &[FOLD, 0, 0, 0]).0
    } else {
        *value
    };
    match subtract(&value, &PRIME) {
        (_, true) => value,
        (reduced, false) => reduced,
    }
}

fn add_mod(a: &U256, b: &U256) -> U256 {
    let (sum, carry) = add(a, b);
    normalise(&sum, carry)
}

#[inline(never)]
fn multiply_mod(a: &U256, b: &U256) -> U256 {
    let mut wide = [0_u64; 8];
    for i in 0..4 {
        let mut carry = 0_u64;
        for j in 0..4 {
            let product = u128::from(a[i]) * u128::from(b[j]);
            let term = product + u128::from(wide[i + j]) + u128::from(carry);
            wide[i + j] = term as u64;
            carry = (term >> 64) as u64;
        }
        wide[i + 4] = carry;
    }
    let (mut low, mut carry) = ([0_u64; 4], 0_u64);
    for i in 0..4 {
        let folded = u128::from(wide[i + 4]) * u128::from(FOLD);
        let term = folded + u128::from(wide[i]) + u128::from(carry);
        low[i] = term as u64;
        carry = (term >> 64) as u64;
    }
    let rest = u128::from(carry) * u128::from(FOLD);
    let (sum, over) = add(&low, &[rest as u64, (rest >> 64) as u64, 0, 0]);
    normalise(&sum, over)
}

/// Multiplies and adds `n` times, starting with the coordinates of the curve's generator.
#[must_use]
pub fn run(n: u32) -> u64 {
    let mut x: U256 = [
        0x59f2_815b_16f8_1798,
        0x029b_fcdb_2dce_28d9,
        0x55a0_6295_ce87_0b07,
        0x79be_667e_f9dc_bbac,
    ];
    let mut y: U256 = [
        0x9c47_d08f_fb10_d4b8,
        0xfd17_b448_a685_5419,
        0x5da4_fbfc_0e11_08a8,
        0x483a_da77_26a3_c465,
    ];
    for _ in 0..n {
        let product = multiply_mod(&x, &y);
        x = add_mod(&x, &y);
        y = product;
    }
    x[0] ^ x[3].rotate_left(17) ^ y[1].rotate_left(31) ^ y[2]
}

#[cfg(test)]
mod tests {
    use super::{PRIME, add_mod, multiply_mod};

    #[test]
    fn minus_one_squared_is_one() {
        let mut minus_one = PRIME;
        minus_one[0] -= 1;
        assert_eq!(multiply_mod(&minus_one, &minus_one), [1, 0, 0, 0]);
        assert_eq!(add_mod(&minus_one, &[2, 0, 0, 0]), [1, 0, 0, 0]);
    }
}
