//! Recognises one function by its body: the 128-bit multiplication that compilers emit.
//!
//! WebAssembly has no multiplication with a 128-bit result, so `u128` arithmetic calls `__multi3`;
//! each module that needs it contains a copy. A call of it becomes one instruction that computes
//! the product, at the price of call, body and return, if stack, gas and memory suffice. If they do
//! not, the instruction calls the body, which then fails as usual. So no observable differs. The
//! instruction charges the first metering block of the body, which has to be all of it.

use super::{Prices, index};
use crate::module::{CheckedModule, ValueType};

/// The operators of `__multi3` as LLVM compiles it for Rust's compiler-builtins: nine products in
/// halves, two stores.
const MULTI3: &[u8] = &[
    0x20, 0, 0x20, 3, 0x42, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x83, 0x22, 5, 0x20, 1, 0x42, 0xff, 0xff,
    0xff, 0xff, 0x0f, 0x83, 0x22, 6, 0x7e, 0x22, 7, 0x20, 3, 0x42, 32, 0x88, 0x22, 8, 0x20, 6,
    0x7e, 0x22, 6, 0x20, 5, 0x20, 1, 0x42, 32, 0x88, 0x22, 9, 0x7e, 0x7c, 0x22, 5, 0x42, 32, 0x86,
    0x7c, 0x22, 10, 0x37, 3, 0, 0x20, 0, 0x20, 8, 0x20, 9, 0x7e, 0x20, 5, 0x20, 6, 0x54, 0xad,
    0x42, 32, 0x86, 0x20, 5, 0x42, 32, 0x88, 0x84, 0x7c, 0x20, 10, 0x20, 7, 0x54, 0xad, 0x7c, 0x20,
    4, 0x20, 1, 0x7e, 0x20, 3, 0x20, 2, 0x7e, 0x7c, 0x7c, 0x37, 3, 8, 0x0b,
];

/// No smaller than the number of its operators.
const MULTI3_OPERATORS_MAX: u32 = 64;

/// True for a function that stores the product of its second and third, fourth and fifth parameters
/// at its first, and whose body is one metering block under any prices like these.
pub(super) fn is_multi3(module: &CheckedModule, prices: &Prices, function_index: u32) -> bool {
    use ValueType::{I32, I64};
    let Some(function) = module.function(function_index) else {
        return false;
    };
    if function.operators > MULTI3_OPERATORS_MAX || !prices.fit(MULTI3_OPERATORS_MAX) {
        return false;
    }
    let signature = module.types().get(index(function.type_index));
    signature.is_some_and(|signature| {
        signature.parameters.as_slice() == [I32, I64, I64, I64, I64] && signature.result.is_none()
    }) && module.body_bytes(function) == MULTI3
}
