//! Runs an interpreter for a stack machine: a loop around a dense match, on a small program.

#[derive(Clone, Copy)]
enum Op {
    Push(u32),
    Load(u8),
    Store(u8),
    Add,
    Subtract,
    Multiply,
    Xor,
    ShiftRight,
    JumpIfNotZero(u8),
    Halt,
}

/// Variable 0 counts down; `v1 = (v1 * 1103515245 + v0) ^ (v1 >> 7)`; variable 2 sums up.
static PROGRAM: [Op; 21] = [
    Op::Load(1),
    Op::Push(1_103_515_245),
    Op::Multiply,
    Op::Load(0),
    Op::Add,
    Op::Load(1),
    Op::Push(7),
    Op::ShiftRight,
    Op::Xor,
    Op::Store(1),
    Op::Load(2),
    Op::Load(1),
    Op::Xor,
    Op::Store(2),
    Op::Load(0),
    Op::Push(1),
    Op::Subtract,
    Op::Store(0),
    Op::Load(0),
    Op::JumpIfNotZero(0),
    Op::Halt,
];

struct Machine {
    stack: [u32; 16],
    height: usize,
    variables: [u32; 4],
}

impl Machine {
    fn push(&mut self, value: u32) {
        self.stack[self.height & 15] = value;
        self.height += 1;
    }

    fn pop(&mut self) -> u32 {
        self.height -= 1;
        self.stack[self.height & 15]
    }

    fn binary(&mut self, compute: fn(u32, u32) -> u32) {
        let right = self.pop();
        let left = self.pop();
        self.push(compute(left, right));
    }

    /// Runs to `Halt`; returns the number of steps.
    #[inline(never)]
    fn execute(&mut self, program: &[Op]) -> u64 {
        let (mut at, mut steps) = (0_usize, 0_u64);
        loop {
            let op = program[at];
            at += 1;
            steps += 1;
            match op {
                Op::Push(value) => self.push(value),
                Op::Load(variable) => self.push(self.variables[variable as usize & 3]),
                Op::Store(variable) => self.variables[variable as usize & 3] = self.pop(),
                Op::Add => self.binary(u32::wrapping_add),
                Op::Subtract => self.binary(u32::wrapping_sub),
                Op::Multiply => self.binary(u32::wrapping_mul),
                Op::Xor => self.binary(|left, right| left ^ right),
                Op::ShiftRight => self.binary(|left, right| left >> (right & 31)),
                Op::JumpIfNotZero(target) => {
                    if self.pop() != 0 {
                        at = target as usize;
                    }
                }
                Op::Halt => return steps,
            }
        }
    }
}

/// Runs `n` iterations of the program's loop, at least one.
#[must_use]
pub fn run(n: u32) -> u64 {
    let mut machine = Machine {
        stack: [0; 16],
        height: 0,
        variables: [n.max(1), 1, 0, 0],
    };
    let steps = machine.execute(&PROGRAM);
    let [_, last, collected, _] = machine.variables;
    (u64::from(collected) << 32) ^ u64::from(last) ^ steps
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_round_is_computed_by_hand() {
        let value = 1_103_515_246_u64;
        assert_eq!(super::run(1), (value << 32) ^ value ^ 21);
    }
}
