//! Describes a contract to tools: the JSON text of its custom section `lockstep.interface`.
//!
//! `#[contract]` generates the text in pieces; the codes of errors are constants whose values only
//! the compiler knows, so the compiler joins the pieces. None of this runs on chain.

/// A piece of the text.
#[derive(Clone, Copy, Debug)]
pub enum Piece {
    /// Literal text.
    Text(&'static str),
    /// A number, written in base ten.
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

/// Writes as much of the text as fits, and counts its whole length.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, where a failure is a compile error; const has no other way"
)]
const fn join<const N: usize>(pieces: &[Piece]) -> ([u8; N], usize) {
    let mut text = [0; N];
    let mut offset = 0;
    let mut piece = 0;
    while piece < pieces.len() {
        let mut digits = [0; 10];
        let bytes = match pieces[piece] {
            Piece::Text(text) => text.as_bytes(),
            Piece::Number(number) => decimal(number, &mut digits),
        };
        let mut byte = 0;
        while byte < bytes.len() {
            if offset < N {
                text[offset] = bytes[byte];
            }
            offset += 1;
            byte += 1;
        }
        piece += 1;
    }
    (text, offset)
}

/// The digits of a number, at the end of `digits`.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "evaluated by the compiler; a u32 has at most ten digits"
)]
const fn decimal(mut number: u32, digits: &mut [u8; 10]) -> &[u8] {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return digits.split_at(start).1;
        }
    }
}
