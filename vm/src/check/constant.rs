//! Evaluates constant expressions, so that instantiation does not have to.
//!
//! Specification: WebAssembly core 3.3.7 "Constant Expressions" and the extended-const proposal,
//! without `global.get`.

use super::diagnosis::{self, Stage};
use crate::rejection::{Rejection, Rule};
use wasmparser::{ConstExpr, Operator};

/// Rejects an expression that reads a global, before validation.
pub(super) fn scan(bytes: &[u8], expression: &ConstExpr<'_>) -> Result<(), Rejection> {
    let mut operators = expression.get_operators_reader();
    while !operators.eof() {
        let offset = operators.original_position();
        let operator = operators
            .read()
            .map_err(|error| diagnosis::reject(bytes, &error, Stage::Decoding))?;
        if let Operator::GlobalGet { global_index } = operator {
            let message = format!("the constant expression reads global {global_index}");
            return Err(Rejection::new(Rule::Constant, offset, &message));
        }
    }
    Ok(())
}

/// The value of a validated expression as a slot: the upper half of an `i32` is zero.
pub(super) fn evaluate(expression: &ConstExpr<'_>) -> Result<u64, Rejection> {
    let mut operators = expression.get_operators_reader();
    let start = operators.original_position();
    let rejected = || {
        Rejection::new(
            Rule::Constant,
            start,
            "the constant expression is outside the profile",
        )
    };
    let mut stack: Vec<u64> = Vec::new();
    while !operators.eof() {
        let operator = operators.read().map_err(|_| rejected())?;
        let value = match operator {
            Operator::End => continue,
            Operator::I32Const { value } => u64::from(value.cast_unsigned()),
            Operator::I64Const { value } => value.cast_unsigned(),
            Operator::F32Const { value } => u64::from(value.bits()),
            Operator::F64Const { value } => value.bits(),
            other => {
                let (Some(right), Some(left)) = (stack.pop(), stack.pop()) else {
                    return Err(rejected());
                };
                binary(&other, left, right).ok_or_else(rejected)?
            }
        };
        stack.push(value);
    }
    match (stack.pop(), stack.pop()) {
        (Some(value), None) => Ok(value),
        _ => Err(rejected()),
    }
}

fn binary(operator: &Operator<'_>, left: u64, right: u64) -> Option<u64> {
    // Wrapping in 64 bits and truncating to 32 is wrapping in 32 bits.
    let narrow = |value: u64| value & u64::from(u32::MAX);
    Some(match operator {
        Operator::I32Add => narrow(left.wrapping_add(right)),
        Operator::I32Sub => narrow(left.wrapping_sub(right)),
        Operator::I32Mul => narrow(left.wrapping_mul(right)),
        Operator::I64Add => left.wrapping_add(right),
        Operator::I64Sub => left.wrapping_sub(right),
        Operator::I64Mul => left.wrapping_mul(right),
        _ => return None,
    })
}
