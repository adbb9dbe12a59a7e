//! Reads immediates of the fast pass: the value, where it is needed, and the bytes behind it.
//!
//! `None` means that the decoder decides. Every length is read that the width of an integer allows,
//! since linkers pad; a length of one or two bytes is read without a loop.

/// Bits of a byte of LEB128 that are not the continuation.
const PAYLOAD: u8 = 0x7f;

/// An unsigned integer of 32 bits.
#[inline(always)]
pub(super) fn unsigned(bytes: &[u8]) -> Option<(u32, &[u8])> {
    match bytes {
        [byte @ 0..=PAYLOAD, rest @ ..] => Some((u32::from(*byte), rest)),
        [low, high @ 0..=PAYLOAD, rest @ ..] => {
            let value = u32::from(*low & PAYLOAD) | u32::from(*high) << 7;
            Some((value, rest))
        }
        _ => long_unsigned(bytes),
    }
}

#[inline(never)]
fn long_unsigned(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let last = last_of(bytes, 5)?;
    let (number, rest) = bytes.split_at_checked(last.wrapping_add(1))?;
    // Four of the bits of a fifth byte are within the width.
    if last == 4 && number.last().is_some_and(|byte| *byte > 0x0f) {
        return None;
    }
    let value = number.iter().rev().fold(0_u32, |value, byte| {
        value.wrapping_shl(7) | u32::from(*byte & PAYLOAD)
    });
    Some((value, rest))
}

/// Index of the last byte of an integer of at most `most` bytes.
fn last_of(bytes: &[u8], most: usize) -> Option<usize> {
    bytes.iter().take(most).position(|byte| *byte <= PAYLOAD)
}

/// What is behind a signed integer of 32 bits.
#[inline(always)]
pub(super) fn behind_signed32(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [0..=PAYLOAD, rest @ ..] | [_, 0..=PAYLOAD, rest @ ..] => Some(rest),
        _ => behind_long(bytes, 5, 0x78),
    }
}

/// What is behind a signed integer of 64 bits.
#[inline(always)]
pub(super) fn behind_signed64(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [0..=PAYLOAD, rest @ ..] | [_, 0..=PAYLOAD, rest @ ..] => Some(rest),
        _ => behind_long(bytes, 10, PAYLOAD),
    }
}

/// `sign` has the bits of the last of `most` bytes that extend the sign, and the sign itself.
#[inline(never)]
fn behind_long(bytes: &[u8], most: usize, sign: u8) -> Option<&[u8]> {
    let last = last_of(bytes, most)?;
    let (number, rest) = bytes.split_at_checked(last.wrapping_add(1))?;
    let extended =
        |byte: &u8| matches!(*byte & sign, extension if extension == 0 || extension == sign);
    (number.len() < most || number.last().is_some_and(extended)).then_some(rest)
}

/// What is behind the alignment, at most `align`, and the offset of a load or store.
#[inline(always)]
pub(super) fn behind_memory(bytes: &[u8], align: u8) -> Option<&[u8]> {
    if let [found, 0..=PAYLOAD, rest @ ..] = bytes
        && *found <= align
    {
        return Some(rest);
    }
    let (found, rest) = unsigned(bytes)?;
    if found > u32::from(align) {
        return None;
    }
    unsigned(rest).map(|(_, rest)| rest)
}

/// What is behind `count` bytes.
#[inline(always)]
pub(super) fn behind(bytes: &[u8], count: usize) -> Option<&[u8]> {
    bytes.get(count..)
}
