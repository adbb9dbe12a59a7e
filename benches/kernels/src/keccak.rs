//! Hashes with Keccak-256: 64-bit rotations and exclusive ors on a state of 25 words.

const ROUND: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];
const ROTATION: [u32; 24] = [
    1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44,
];
const PLACE: [usize; 24] = [
    10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1,
];
/// Rate: number of bytes absorbed between permutations.
const RATE: usize = 136;

fn permute(a: &mut [u64; 25]) {
    for constant in ROUND {
        let mut c = [0_u64; 5];
        for x in 0..5 {
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        }
        for x in 0..5 {
            let d = c[(x + 4) % 5] ^ c[(x + 1) % 5].rotate_left(1);
            for y in 0..5 {
                a[x + 5 * y] ^= d;
            }
        }
        let mut moved = a[1];
        for i in 0..24 {
            let next = a[PLACE[i]];
            a[PLACE[i]] = moved.rotate_left(ROTATION[i]);
            moved = next;
        }
        for y in 0..5 {
            let row: [u64; 5] = [
                a[5 * y],
                a[5 * y + 1],
                a[5 * y + 2],
                a[5 * y + 3],
                a[5 * y + 4],
            ];
            for x in 0..5 {
                a[5 * y + x] = row[x] ^ (!row[(x + 1) % 5] & row[(x + 2) % 5]);
            }
        }
        a[0] ^= constant;
    }
}

fn absorb(state: &mut [u64; 25], block: &[u8; RATE]) {
    for (word, bytes) in state.iter_mut().zip(block.as_chunks::<8>().0) {
        *word ^= u64::from_le_bytes(*bytes);
    }
    permute(state);
}

/// The words of the digest, least significant byte first, with the padding of the original Keccak.
fn digest(message: &[u8]) -> [u64; 4] {
    let mut state = [0_u64; 25];
    let (blocks, rest) = message.as_chunks::<RATE>();
    for block in blocks {
        absorb(&mut state, block);
    }
    let mut last = [0_u8; RATE];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 1;
    last[RATE - 1] |= 0x80;
    absorb(&mut state, &last);
    [state[0], state[1], state[2], state[3]]
}

/// Hashes a changing message of 500 bytes `n` times.
#[must_use]
pub fn run(n: u32) -> u64 {
    let mut message = [0_u8; 500];
    let mut fold = 0_u64;
    for round in 0..n {
        let words = digest(&message);
        for (i, word) in words.iter().enumerate() {
            let at = (round as usize * 32 + i * 8) % 488;
            message[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
        fold = fold.rotate_left(9) ^ words[0] ^ words[3];
    }
    fold
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_empty_message_has_its_known_digest() {
        // c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470
        let words = super::digest(b"");
        assert_eq!(words[0].to_be(), 0xc5d2_4601_86f7_233c);
        assert_eq!(words[3].to_be(), 0x7bfa_d804_5d85_a470);
    }
}
