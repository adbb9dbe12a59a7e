//! Computes Fibonacci numbers recursively: mostly calls and returns.

#[inline(never)]
fn fib(n: u32) -> u64 {
    if n < 2 {
        u64::from(n)
    } else {
        fib(n - 1).wrapping_add(fib(n - 2))
    }
}

/// The `n`-th number.
#[must_use]
pub fn run(n: u32) -> u64 {
    fib(n)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tenth_is_55() {
        assert_eq!(super::run(10), 55);
    }
}
