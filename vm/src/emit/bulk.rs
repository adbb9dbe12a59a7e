//! Lowers `memory.copy` and `memory.fill` to added functions, for engines that lack both.
//!
//! They are loops over bytes with the semantics of the operators (WebAssembly core 4.6.9): the
//! whole range is checked before the first write, also if the length is 0; an overlapping copy goes
//! in the direction that reads each byte before it is overwritten. The caller has charged the bytes
//! with `$charge_copy` or `$charge_fill`. These functions charge no gas, so gas is that of the
//! operator.

use wasm_encoder::{BlockType, Function, Instruction as I, MemArg, MemArgTarget};

/// First parameter of both functions.
const DESTINATION: u32 = 0;
/// Second parameter of `$copy`.
const SOURCE: u32 = 1;
/// Second parameter of `$fill`; the low byte is written.
const VALUE: u32 = 1;
/// Third parameter of both functions.
const LENGTH: u32 = 2;

/// Largest offset of an access; with the largest address it exceeds every 32-bit memory.
const OFFSET_MAX: u64 = 0xffff_ffff;

/// `(destination, source, length)`: the function that replaces `memory.copy`.
pub(super) fn copy() -> Function {
    let mut body = Function::new([]);
    range(&mut body, DESTINATION);
    range(&mut body, SOURCE);
    write(
        &mut body,
        &[
            I::LocalGet(DESTINATION),
            I::LocalGet(SOURCE),
            I::I32LeU,
            I::If(BlockType::Empty),
        ],
    );
    forward(
        &mut body,
        &[I::LocalGet(SOURCE), I::I32Load8U(byte(0))],
        &[SOURCE],
    );
    write(&mut body, &[I::Else]);
    backward(&mut body);
    write(&mut body, &[I::End, I::End]);
    body
}

/// `(destination, value, length)`: the function that replaces `memory.fill`.
pub(super) fn fill() -> Function {
    let mut body = Function::new([]);
    range(&mut body, DESTINATION);
    forward(&mut body, &[I::LocalGet(VALUE)], &[]);
    write(&mut body, &[I::End]);
    body
}

/// Makes an access out of bounds if `start + length` exceeds the memory, so that the engine traps.
fn range(body: &mut Function, start: u32) {
    write(
        body,
        &[
            I::LocalGet(start),
            I::I64ExtendI32U,
            I::LocalGet(LENGTH),
            I::I64ExtendI32U,
            I::I64Add,
            I::MemorySize(0),
            I::I64ExtendI32U,
            I::I64Const(16),
            I::I64Shl,
            I::I64GtU,
            I::If(BlockType::Empty),
            I::I32Const(-1),
            I::I32Load8U(byte(OFFSET_MAX)),
            I::Drop,
            I::End,
        ],
    );
}

/// Writes the byte that `value` pushes, from the first to the last; increments `moving` locals too.
fn forward(body: &mut Function, value: &[I<'_>], moving: &[u32]) {
    write(
        body,
        &[
            I::Block(BlockType::Empty),
            I::Loop(BlockType::Empty),
            I::LocalGet(LENGTH),
            I::I32Eqz,
            I::BrIf(1),
            I::LocalGet(DESTINATION),
        ],
    );
    write(body, value);
    write(body, &[I::I32Store8(byte(0))]);
    for local in moving.iter().chain(&[DESTINATION]) {
        step(body, *local, 1);
    }
    step(body, LENGTH, -1);
    write(body, &[I::Br(0), I::End, I::End]);
}

/// Copies from the last byte to the first.
fn backward(body: &mut Function) {
    write(
        body,
        &[
            I::Block(BlockType::Empty),
            I::Loop(BlockType::Empty),
            I::LocalGet(LENGTH),
            I::I32Eqz,
            I::BrIf(1),
        ],
    );
    step(body, LENGTH, -1);
    write(
        body,
        &[
            I::LocalGet(DESTINATION),
            I::LocalGet(LENGTH),
            I::I32Add,
            I::LocalGet(SOURCE),
            I::LocalGet(LENGTH),
            I::I32Add,
            I::I32Load8U(byte(0)),
            I::I32Store8(byte(0)),
            I::Br(0),
            I::End,
            I::End,
        ],
    );
}

fn step(body: &mut Function, local: u32, by: i32) {
    let add = [
        I::LocalGet(local),
        I::I32Const(by),
        I::I32Add,
        I::LocalSet(local),
    ];
    write(body, &add);
}

const fn byte(offset: u64) -> MemArg {
    MemArg {
        offset,
        align: 0,
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

fn write(body: &mut Function, instructions: &[I<'_>]) {
    for instruction in instructions {
        body.instruction(instruction);
    }
}
