//! Compares and negates numbers of the fields of BN254.

/// Prime of the field of coordinates, big-endian.
const PRIME: [u8; 32] = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
    0x97, 0x81, 0x6a, 0x91, 0x68, 0x71, 0xca, 0x8d, 0x3c, 0x20, 0x8c, 0x16, 0xd8, 0x7c, 0xfd, 0x47,
];

/// Order of the group, big-endian.
const ORDER: [u8; 32] = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
    0x28, 0x33, 0xe8, 0x48, 0x79, 0xb9, 0x70, 0x91, 0x43, 0xe1, 0xf5, 0x93, 0xf0, 0x00, 0x00, 0x01,
];

/// True if a big-endian number is below the order of the group.
///
/// A multiplication takes any number, so a public input would have a second form, the same number
/// plus the order, with the same proof.
pub(crate) fn is_scalar(number: &[u8; 32]) -> bool {
    *number < ORDER
}

/// A point of G1 with the negated y; `None` if y is not below the prime.
pub(crate) fn negated(point: &[u8; 64]) -> Option<[u8; 64]> {
    let (halves, _) = point.as_chunks::<32>();
    let [x, y] = halves else { return None };
    if *y >= PRIME {
        return None;
    }
    let mut negated = [0; 64];
    let (to_x, to_y) = negated.split_at_mut(32);
    to_x.copy_from_slice(x);
    // Only the point at infinity has a y of 0, which is its own negative.
    if *y != [0; 32] {
        let mut borrow = false;
        for ((to, prime), byte) in to_y.iter_mut().zip(PRIME).zip(y).rev() {
            (*to, borrow) = prime.borrowing_sub(*byte, borrow);
        }
    }
    Some(negated)
}
