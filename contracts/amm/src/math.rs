//! Multiplies and divides with products of 256 bits.

/// `a * b / divisor` rounded down, over a product of 256 bits; `None` if that does not fit a u128.
pub(crate) fn mul_div(a: u128, b: u128, divisor: u128) -> Option<u128> {
    divide(multiply(a, b), divisor).map(|(quotient, _)| quotient)
}

/// As [`mul_div`], rounded up.
pub(crate) fn mul_div_up(a: u128, b: u128, divisor: u128) -> Option<u128> {
    let (quotient, rest) = divide(multiply(a, b), divisor)?;
    quotient.checked_add(u128::from(rest != 0))
}

/// The product as (upper, lower) half, by four products of 64 bits.
fn multiply(a: u128, b: u128) -> (u128, u128) {
    let (a_upper, a_lower) = halves(a);
    let (b_upper, b_lower) = halves(b);
    // Each factor is below 2^64, so no product wraps, and each sum stays below 2^128.
    let lowest = a_lower.wrapping_mul(b_lower);
    let (carry, bottom) = halves(lowest);
    let (carry, middle) = halves(a_upper.wrapping_mul(b_lower).wrapping_add(carry));
    let (middle_carry, middle) = halves(a_lower.wrapping_mul(b_upper).wrapping_add(middle));
    let upper = a_upper.wrapping_mul(b_upper);
    let upper = upper.wrapping_add(carry).wrapping_add(middle_carry);
    (upper, (middle << 64) | bottom)
}

/// The upper and the lower 64 bits.
const fn halves(number: u128) -> (u128, u128) {
    const LOWER: u128 = (1 << 64) - 1;
    (number >> 64, number & LOWER)
}

/// Quotient and remainder, bit by bit; `None` if the quotient does not fit or the divisor is 0.
fn divide((upper, lower): (u128, u128), divisor: u128) -> Option<(u128, u128)> {
    if upper >= divisor {
        return None;
    }
    if upper == 0 {
        return lower.checked_div(divisor).zip(lower.checked_rem(divisor));
    }
    let (mut rest, mut lower, mut quotient) = (upper, lower, 0_u128);
    for _ in 0..u128::BITS {
        let carried = rest >> 127 == 1;
        rest = (rest << 1) | (lower >> 127);
        lower <<= 1;
        quotient <<= 1;
        // With the bit that was shifted out, the rest is above any divisor.
        if carried || rest >= divisor {
            rest = rest.wrapping_sub(divisor);
            quotient |= 1;
        }
    }
    Some((quotient, rest))
}

#[cfg(test)]
mod tests {
    use super::{mul_div, mul_div_up, multiply};

    #[test]
    fn a_product_keeps_its_upper_half() {
        let max = u128::MAX;
        assert_eq!(multiply(max, max), (max - 1, 1));
        assert_eq!(multiply(1 << 127, 6), (3, 0));
        assert_eq!(multiply((1 << 64) + 1, (1 << 64) - 1), (0, max));
    }

    #[test]
    fn quotients_round_down_or_up() {
        assert_eq!(
            (mul_div(7, 5, 3), mul_div_up(7, 5, 3)),
            (Some(11), Some(12))
        );
        assert_eq!(
            (mul_div(7, 6, 3), mul_div_up(7, 6, 3)),
            (Some(14), Some(14))
        );
        let max = u128::MAX;
        assert_eq!(mul_div(max, max, max), Some(max));
        assert_eq!(mul_div(max, max - 1, max), Some(max - 1));
        assert_eq!(mul_div_up(max, max - 1, max), Some(max - 1));
        assert_eq!(mul_div_up(max, max, max - 1), None);
        assert_eq!((mul_div(max, 2, 1), mul_div(1, 1, 0)), (None, None));
    }

    /// Checks the division by multiplication: q * d + r is the product.
    #[test]
    fn a_quotient_times_its_divisor_is_the_product() {
        let mut seed = 1_u128;
        let mut draw = || {
            seed = seed
                .wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
                .wrapping_add(99);
            seed >> (seed >> 121)
        };
        for _ in 0..5_000 {
            let (a, b, divisor) = (draw(), draw(), draw().max(1));
            let Some(quotient) = mul_div(a, b, divisor) else {
                assert!(multiply(a, b).0 >= divisor);
                continue;
            };
            let (upper, lower) = multiply(a, b);
            let (q_upper, q_lower) = multiply(quotient, divisor);
            let (rest, borrow) = lower.overflowing_sub(q_lower);
            assert_eq!(upper - q_upper - u128::from(borrow), 0);
            assert!(rest < divisor);
        }
    }
}
