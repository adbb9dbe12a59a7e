//! The integer operators as pure functions on slots.
//!
//! An `i32` is in the lower half of its slot. The upper half is ignored in operands and zero in
//! results. Shift and rotation counts are taken modulo the width.
//!
//! Semantics: WebAssembly core 4.3.2 "Integer Operations"; proposal "Wide Arithmetic".

use vm::Trap;
use vm::unstable::opcode::Opcode;

/// The result of a unary operator; `None` if `opcode` is not one.
pub(crate) fn unary(opcode: Opcode, slot: u64) -> Option<u64> {
    let half = low(slot);
    Some(match opcode {
        Opcode::I32Eqz => u64::from(half == 0),
        Opcode::I32Clz => u64::from(half.leading_zeros()),
        Opcode::I32Ctz => u64::from(half.trailing_zeros()),
        Opcode::I32Popcnt => u64::from(half.count_ones()),
        Opcode::I32Extend8S => of_i32(i32::from(low_i8(slot))),
        Opcode::I32Extend16S => of_i32(i32::from(low_i16(slot))),
        Opcode::I32WrapI64 | Opcode::I64ExtendI32U => u64::from(half),
        Opcode::I64Eqz => u64::from(slot == 0),
        Opcode::I64Clz => u64::from(slot.leading_zeros()),
        Opcode::I64Ctz => u64::from(slot.trailing_zeros()),
        Opcode::I64Popcnt => u64::from(slot.count_ones()),
        Opcode::I64Extend8S => of_i64(i64::from(low_i8(slot))),
        Opcode::I64Extend16S => of_i64(i64::from(low_i16(slot))),
        Opcode::I64Extend32S | Opcode::I64ExtendI32S => of_i64(i64::from(half.cast_signed())),
        _ => return None,
    })
}

/// The result of a binary operator; `None` if `opcode` is not one.
///
/// Division by zero traps, and so does the quotient of the smallest integer and -1.
pub(crate) fn binary(opcode: Opcode, left: u64, right: u64) -> Result<Option<u64>, Trap> {
    match i32_binary(opcode, low(left), low(right))? {
        Some(half) => Ok(Some(u64::from(half))),
        None => i64_binary(opcode, left, right),
    }
}

fn i32_binary(opcode: Opcode, left: u32, right: u32) -> Result<Option<u32>, Trap> {
    let (signed_left, signed_right) = (left.cast_signed(), right.cast_signed());
    Ok(Some(match opcode {
        Opcode::I32Eq => u32::from(left == right),
        Opcode::I32Ne => u32::from(left != right),
        Opcode::I32LtS => u32::from(signed_left < signed_right),
        Opcode::I32LtU => u32::from(left < right),
        Opcode::I32GtS => u32::from(signed_left > signed_right),
        Opcode::I32GtU => u32::from(left > right),
        Opcode::I32LeS => u32::from(signed_left <= signed_right),
        Opcode::I32LeU => u32::from(left <= right),
        Opcode::I32GeS => u32::from(signed_left >= signed_right),
        Opcode::I32GeU => u32::from(left >= right),
        Opcode::I32Add => left.wrapping_add(right),
        Opcode::I32Sub => left.wrapping_sub(right),
        Opcode::I32Mul => left.wrapping_mul(right),
        Opcode::I32DivS => {
            non_zero(right != 0)?;
            signed_left
                .checked_div(signed_right)
                .ok_or(Trap::IntegerOverflow)?
                .cast_unsigned()
        }
        Opcode::I32DivU => left.checked_div(right).ok_or(Trap::IntegerDivideByZero)?,
        Opcode::I32RemS => {
            non_zero(right != 0)?;
            // The remainder of the smallest integer and -1 is 0: it does not trap.
            signed_left
                .checked_rem(signed_right)
                .unwrap_or(0)
                .cast_unsigned()
        }
        Opcode::I32RemU => left.checked_rem(right).ok_or(Trap::IntegerDivideByZero)?,
        Opcode::I32And => left & right,
        Opcode::I32Or => left | right,
        Opcode::I32Xor => left ^ right,
        Opcode::I32Shl => left.wrapping_shl(right),
        Opcode::I32ShrS => signed_left.wrapping_shr(right).cast_unsigned(),
        Opcode::I32ShrU => left.wrapping_shr(right),
        Opcode::I32Rotl => left.rotate_left(right % u32::BITS),
        Opcode::I32Rotr => left.rotate_right(right % u32::BITS),
        _ => return Ok(None),
    }))
}

fn i64_binary(opcode: Opcode, left: u64, right: u64) -> Result<Option<u64>, Trap> {
    let (signed_left, signed_right) = (left.cast_signed(), right.cast_signed());
    // The width divides 2^32, so only the lower half of a count matters.
    let count = low(right);
    Ok(Some(match opcode {
        Opcode::I64Eq => u64::from(left == right),
        Opcode::I64Ne => u64::from(left != right),
        Opcode::I64LtS => u64::from(signed_left < signed_right),
        Opcode::I64LtU => u64::from(left < right),
        Opcode::I64GtS => u64::from(signed_left > signed_right),
        Opcode::I64GtU => u64::from(left > right),
        Opcode::I64LeS => u64::from(signed_left <= signed_right),
        Opcode::I64LeU => u64::from(left <= right),
        Opcode::I64GeS => u64::from(signed_left >= signed_right),
        Opcode::I64GeU => u64::from(left >= right),
        Opcode::I64Add => left.wrapping_add(right),
        Opcode::I64Sub => left.wrapping_sub(right),
        Opcode::I64Mul => left.wrapping_mul(right),
        Opcode::I64DivS => {
            non_zero(right != 0)?;
            signed_left
                .checked_div(signed_right)
                .ok_or(Trap::IntegerOverflow)?
                .cast_unsigned()
        }
        Opcode::I64DivU => left.checked_div(right).ok_or(Trap::IntegerDivideByZero)?,
        Opcode::I64RemS => {
            non_zero(right != 0)?;
            signed_left
                .checked_rem(signed_right)
                .unwrap_or(0)
                .cast_unsigned()
        }
        Opcode::I64RemU => left.checked_rem(right).ok_or(Trap::IntegerDivideByZero)?,
        Opcode::I64And => left & right,
        Opcode::I64Or => left | right,
        Opcode::I64Xor => left ^ right,
        Opcode::I64Shl => left.wrapping_shl(count),
        Opcode::I64ShrS => signed_left.wrapping_shr(count).cast_unsigned(),
        Opcode::I64ShrU => left.wrapping_shr(count),
        Opcode::I64Rotl => left.rotate_left(count % u64::BITS),
        Opcode::I64Rotr => left.rotate_right(count % u64::BITS),
        _ => return Ok(None),
    }))
}

/// The product of two words as two words, low word first; `None` if `opcode` is no wide product.
pub(crate) fn wide_product(opcode: Opcode, left: u64, right: u64) -> Option<[u64; 2]> {
    Some(match opcode {
        Opcode::I64MulWideU => words(u128::from(left).wrapping_mul(u128::from(right))),
        Opcode::I64MulWideS => {
            let signed = |word: u64| i128::from(word.cast_signed());
            words(signed(left).wrapping_mul(signed(right)).cast_unsigned())
        }
        _ => return None,
    })
}

/// The sum or difference of two numbers of two words each, low word first; `None` if `opcode` is
/// neither.
pub(crate) fn wide_sum(opcode: Opcode, left: [u64; 2], right: [u64; 2]) -> Option<[u64; 2]> {
    let number = |[low, high]: [u64; 2]| u128::from(high).wrapping_shl(64) | u128::from(low);
    let (left, right) = (number(left), number(right));
    Some(words(match opcode {
        Opcode::I64Add128 => left.wrapping_add(right),
        Opcode::I64Sub128 => left.wrapping_sub(right),
        _ => return None,
    }))
}

/// The low and the high word of a number.
#[expect(
    clippy::as_conversions,
    reason = "truncation to each half is the definition"
)]
const fn words(number: u128) -> [u64; 2] {
    [number as u64, number.wrapping_shr(64) as u64]
}

const fn non_zero(is_non_zero: bool) -> Result<(), Trap> {
    if is_non_zero {
        Ok(())
    } else {
        Err(Trap::IntegerDivideByZero)
    }
}

/// An `i32` in a slot.
pub(crate) fn of_i32(value: i32) -> u64 {
    u64::from(value.cast_unsigned())
}

/// An `i64` in a slot.
pub(crate) const fn of_i64(value: i64) -> u64 {
    value.cast_unsigned()
}

/// The lower half of a slot.
#[expect(
    clippy::as_conversions,
    reason = "truncation to the low half is the definition"
)]
pub(crate) const fn low(slot: u64) -> u32 {
    slot as u32
}

const fn low_i8(slot: u64) -> i8 {
    let [byte, ..] = slot.to_le_bytes();
    byte.cast_signed()
}

const fn low_i16(slot: u64) -> i16 {
    let [first, second, ..] = slot.to_le_bytes();
    i16::from_le_bytes([first, second])
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm::unstable::opcode::{Class, Row, TABLE};

    /// True for the operators that are lowered to `Operator::Numeric`.
    fn is_integer_operator(row: &Row) -> bool {
        (row.name.starts_with("i32.") || row.name.starts_with("i64."))
            && matches!(row.class, Class::Simple | Class::Divide)
            && !row.name.ends_with(".const")
    }

    #[test]
    fn every_integer_operator_is_either_unary_or_binary() {
        for row in TABLE {
            let unary = unary(row.opcode, 1).is_some();
            let binary = binary(row.opcode, 1, 1).is_ok_and(|result| result.is_some());
            assert!(!(unary && binary), "{}", row.name);
            assert_eq!(unary || binary, is_integer_operator(row), "{}", row.name);
        }
    }

    /// Operands of type `i32` can have any upper half; the upper half of a result is zero.
    #[test]
    fn the_upper_half_of_an_i32_is_ignored_and_zero() {
        let dirt = 0xdead_beef_0000_0000;
        let operands = [0, 1, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
        for row in TABLE.iter().filter(|row| row.name.starts_with("i32.")) {
            for left in operands {
                // The operand of `i32.wrap_i64` is an i64, but only its low half matters.
                let (clean, dirty) = (unary(row.opcode, left), unary(row.opcode, left | dirt));
                assert_eq!(clean, dirty, "{} {left:#x}", row.name);
                assert!(
                    clean.is_none_or(|bits| bits <= u64::from(u32::MAX)),
                    "{}",
                    row.name
                );
                for right in operands {
                    let clean = binary(row.opcode, left, right);
                    let dirty = binary(row.opcode, left | dirt, right | dirt);
                    assert_eq!(clean, dirty, "{} {left:#x} {right:#x}", row.name);
                    let small = |bits: Option<u64>| bits.is_none_or(|b| b <= u64::from(u32::MAX));
                    assert!(clean.is_ok_and(small) || clean.is_err(), "{}", row.name);
                }
            }
        }
    }
}
