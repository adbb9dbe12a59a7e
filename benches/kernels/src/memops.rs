//! Moves memory: bulk fills and copies of small and large ranges, and a loop over bytes.

const BYTES: usize = 16_384;

/// Runs `n` rounds of one fill, two copies and one hash of 96 bytes.
#[must_use]
pub fn run(n: u32) -> u64 {
    let (mut a, mut b) = ([0_u8; BYTES], [0_u8; BYTES]);
    let mut fold = 0_u64;
    for i in 0..n as usize {
        let at = (i * 97) % (BYTES / 2);
        a[at..at + 512].fill(i as u8);
        b[at / 2..at / 2 + 2_048].copy_from_slice(&a[at..at + 2_048]);
        let length = 16 + i % 48;
        a.copy_within(at..at + length, at + 300);
        let hash = b[at / 2..at / 2 + 96]
            .iter()
            .fold(0_u32, |hash, byte| hash.wrapping_mul(31) ^ u32::from(*byte));
        fold = fold.rotate_left(3) ^ u64::from(hash);
    }
    fold
}
