//! Makes the lists of points for workloads, with the scalars that take longest.

use crate::Measured;
use vm::unstable::host::crypto::{
    bls12_381_map_fp_to_g1, bls12_381_map_fp2_to_g2, bn254_mul, sha256,
};

/// Items of the longest list of a workload.
const ITEMS: usize = 33;

/// The generator of BN254, G2 (EIP-197).
const BN254_G2: &str = "\
    198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2\
    1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed\
    090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b\
    12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";

/// Scalars that take longest. Each is split into halves for the endomorphism of its curve, and
/// these into signed digits, of which every fourth is not zero: one half is the sum of `2^(4 i)`
/// for i from 0 to 31, the other the same, or for G1 eight times as much and 1.
const G1_SCALAR: &str = "5be0e000888968899999999a222222228397f733aaab6eab9999999a11111111";
const G2_SCALAR: &str = "0b7c1c0011112d11333333334444444438c82844333317331111111100000000";
/// The same for BN254.
pub(crate) const BN254_SCALAR: &str =
    "061a0c6d480e65181853f43e478443627b9467e6b260d3223fb22b07253f2c28";

/// The bytes that programs read: lists of points in general position.
pub(crate) struct Points {
    /// Terms of G1.
    pub(crate) g1_terms: Vec<u8>,
    /// Terms of G2.
    pub(crate) g2_terms: Vec<u8>,
    /// Pairs of BLS12-381.
    pub(crate) pairs: Vec<u8>,
    /// Points of BN254, G1.
    pub(crate) bn254_points: Vec<u8>,
    /// Pairs of BN254.
    pub(crate) bn254_pairs: Vec<u8>,
}

impl Points {
    /// Makes the points from hashes.
    ///
    /// # Errors
    /// If the host refuses one, which is a bug in this file.
    pub(crate) fn new() -> Measured<Self> {
        let refused = "a point is refused";
        let mut points = Self {
            g1_terms: Vec::new(),
            g2_terms: Vec::new(),
            pairs: Vec::new(),
            bn254_points: Vec::new(),
            bn254_pairs: Vec::new(),
        };
        let bn254_g2 = hex::decode(BN254_G2)?;
        // The generator of BN254, G1, is (1, 2).
        let mut generator = [0; 64];
        let [x @ .., y] = &mut generator;
        *y = 2;
        if let Some(x) = x.get_mut(31) {
            *x = 1;
        }
        for index in 0..u64::try_from(ITEMS)? {
            let seed = sha256(&index.to_le_bytes());
            let element = [[0; 32], seed].concat();
            let extended = [element.clone(), element.clone()].concat();
            let element = element.try_into().map_err(|_| refused)?;
            let extended = extended.try_into().map_err(|_| refused)?;
            let g1 = bls12_381_map_fp_to_g1(&element).ok_or(refused)?;
            let g2 = bls12_381_map_fp2_to_g2(&extended).ok_or(refused)?;
            let bn254 = bn254_mul(&generator, &seed).ok_or(refused)?;
            points.g1_terms.extend(g1);
            points.g1_terms.extend(hex::decode(G1_SCALAR)?);
            points.g2_terms.extend(g2);
            points.g2_terms.extend(hex::decode(G2_SCALAR)?);
            points.pairs.extend([&g1[..], &g2].concat());
            points.bn254_points.extend(bn254);
            points.bn254_pairs.extend([&bn254[..], &bn254_g2].concat());
        }
        Ok(points)
    }
}
