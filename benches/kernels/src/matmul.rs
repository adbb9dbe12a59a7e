//! Multiplies integer matrices: nested counted loops with strided loads.

const SIDE: usize = 48;

type Matrix = [[i64; SIDE]; SIDE];

#[inline(never)]
fn multiply(a: &Matrix, b: &Matrix, product: &mut Matrix) {
    for i in 0..SIDE {
        for j in 0..SIDE {
            let mut sum = 0_i64;
            for k in 0..SIDE {
                sum = sum.wrapping_add(a[i][k].wrapping_mul(b[k][j]));
            }
            product[i][j] = sum;
        }
    }
}

/// Multiplies `n` times, with one element changed by each product.
#[must_use]
pub fn run(n: u32) -> u64 {
    let mut a = [[0_i64; SIDE]; SIDE];
    let mut b = a;
    let mut product = a;
    for i in 0..SIDE {
        for j in 0..SIDE {
            a[i][j] = (i * 7 + j * 3) as i64 - 60;
            b[i][j] = (i * 5) as i64 - (j * 11) as i64;
        }
    }
    let mut fold = 0_u64;
    for round in 0..n as usize {
        multiply(&a, &b, &mut product);
        a[round % SIDE][(round * 5) % SIDE] ^= product[3][4] & 0xff;
        fold = fold.rotate_left(11) ^ product[round % SIDE][7].cast_unsigned();
    }
    fold
}

#[cfg(test)]
mod tests {
    use super::{SIDE, multiply};

    #[test]
    fn twice_the_identity_doubles() {
        let mut double = [[0; SIDE]; SIDE];
        for (i, row) in double.iter_mut().enumerate() {
            row[i] = 2;
        }
        let mut product = [[0; SIDE]; SIDE];
        multiply(&double, &[[21; SIDE]; SIDE], &mut product);
        assert_eq!(product, [[42; SIDE]; SIDE]);
    }
}
