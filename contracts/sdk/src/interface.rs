//! Describes a contract to tools: the JSON text of its custom section `lockstep.interface`.
//!
//! `#[contract]` writes the text in pieces; the codes of errors are constants that only the
//! compiler knows, so the pieces are joined when it compiles. Nothing of this runs on chain.

/// A piece of the text.
#[derive(Clone, Copy, Debug)]
pub enum Piece {
    /// Text as it is.
    Text(&'static str),
    /// A number in base ten.
    Number(u32),
}

/// The length of the joined text.
#[must_use]
pub const fn length(pieces: &[Piece]) -> usize {
    join::<0>(pieces).1
}

/// The joined text; `N` is its [`length`].
#[must_use]
pub const fn text<const N: usize>(pieces: &[Piece]) -> [u8; N] {
    join(pieces).0
}

/// Writes as much as fits, and counts all of it.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, where a mistake is an error; const has no other way"
)]
const fn join<const N: usize>(pieces: &[Piece]) -> ([u8; N], usize) {
    let mut text = [0; N];
    let mut at = 0;
    let mut piece = 0;
    while piece < pieces.len() {
        let mut digits = [0; 10];
        let bytes = match pieces[piece] {
            Piece::Text(text) => text.as_bytes(),
            Piece::Number(number) => decimal(number, &mut digits),
        };
        let mut byte = 0;
        while byte < bytes.len() {
            if at < N {
                text[at] = bytes[byte];
            }
            at += 1;
            byte += 1;
        }
        piece += 1;
    }
    (text, at)
}

/// The digits of a number, at the end of `digits`.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "evaluated by the compiler; a u32 has at most ten digits"
)]
const fn decimal(mut number: u32, digits: &mut [u8; 10]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return digits.split_at(at).1;
        }
    }
}
