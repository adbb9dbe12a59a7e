//! Generates bodies for the comparison: most are valid, and some of those are then damaged.
//!
//! The generator knows the types of the operands, and pushes what an operator lacks. It takes every
//! operator of the table of opcodes, and writes some integers longer than needed.

use crate::differential::random::Random;
use vm::unstable::opcode::{Class, Row, TABLE};

/// A result of a block: its letter in signatures and its byte.
const TYPES: [(u8, u8); 4] = [(b'i', 0x7f), (b'l', 0x7e), (b'f', 0x7d), (b'd', 0x7c)];
/// The byte of a block without a result.
const EMPTY: u8 = 0x40;

/// Parameters and result of each type of the module.
const FUNCTION_TYPES: [(&[u8], Option<u8>); 8] = [
    (b"", None),
    (b"i", Some(b'i')),
    (b"lf", Some(b'l')),
    (b"idlf", Some(b'f')),
    (b"ilfdl", None),
    (b"iiiiiil", Some(b'd')),
    (b"", Some(b'i')),
    (b"dd", Some(b'd')),
];
/// Type of each global; those in upper half can be set.
const GLOBALS: &[u8] = b"ilfdilfd";
const MUTABLE_FROM: usize = 4;

/// Steps of a body, at most.
const STEPS_MAX: u64 = 60;

struct Block {
    base: usize,
    result: Option<u8>,
    is_loop: bool,
    is_if: bool,
}

/// A body that is being written.
struct BodyWriter<'r> {
    random: &'r mut Random,
    code: Vec<u8>,
    locals: Vec<u8>,
    operands: Vec<u8>,
    blocks: Vec<Block>,
}

/// The module of `seed`: one to three functions, of which some are damaged in half of all modules.
#[must_use]
pub fn module(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let count = random.small(3).wrapping_add(1);
    let functions: Vec<usize> = (0..count)
        .map(|_| index(&mut random, FUNCTION_TYPES.len()))
        .collect();
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for kind in &functions {
        bodies.push(body(*kind, &functions, &mut random));
    }
    if random.one_in(2) {
        let chosen = index(&mut random, bodies.len());
        if let Some(body) = bodies.get_mut(chosen) {
            for _ in 0..=random.below(3) {
                damage(body, &mut random);
            }
        }
    }
    around(&functions, &bodies, &mut random)
}

/// The module of the generator around a body of any bytes, of type 3.
#[must_use]
pub fn with_body(body: &[u8]) -> Vec<u8> {
    around(&[3], &[body.to_vec()], &mut Random::new(1))
}

fn index(random: &mut Random, bound: usize) -> usize {
    let bound = u64::try_from(bound).unwrap_or(u64::MAX);
    usize::try_from(random.below(bound)).unwrap_or_default()
}

fn byte_of(letter: Option<u8>) -> u8 {
    let found = TYPES.iter().find(|(known, _)| Some(*known) == letter);
    found.map_or(EMPTY, |(_, byte)| *byte)
}

/// An unsigned integer of at least so many bytes more than one.
fn unsigned(value: usize, longer: usize) -> Vec<u8> {
    let mut value = u32::try_from(value).unwrap_or(u32::MAX);
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value = value.wrapping_shr(7);
        if value == 0 && bytes.len() >= longer {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// An unsigned integer, sometimes longer than needed.
fn padded(value: usize, random: &mut Random) -> Vec<u8> {
    let longer = if random.one_in(24) {
        index(random, 5)
    } else {
        0
    };
    unsigned(value, longer)
}

/// A signed integer of at most `most` bytes, of any length.
fn signed(most: usize, random: &mut Random) -> Vec<u8> {
    let length = if random.one_in(3) {
        index(random, most)
    } else {
        index(random, 3)
    };
    let mut bytes: Vec<u8> = random
        .bytes(length)
        .iter()
        .map(|byte| byte | 0x80)
        .collect();
    let extensions: &[u8] = if length.wrapping_add(1) < most {
        &[0, 1, 0x3f, 0x40, 0x7f]
    } else {
        &[0, 0x7f]
    };
    bytes.push(random.choose(extensions).copied().unwrap_or_default());
    bytes
}

fn body(kind: usize, functions: &[usize], random: &mut Random) -> Vec<u8> {
    let (parameters, result) = FUNCTION_TYPES.get(kind).copied().unwrap_or((b"", None));
    let mut locals = parameters.to_vec();
    let groups = index(random, 4);
    let mut bytes = padded(groups, random);
    for _ in 0..groups {
        let number = if random.one_in(30) {
            200
        } else {
            index(random, 4)
        };
        let (letter, byte) = random.choose(&TYPES).copied().unwrap_or((b'i', 0x7f));
        bytes.extend(padded(number, random));
        bytes.push(byte);
        locals.extend(std::iter::repeat_n(letter, number));
    }
    let steps = random.below(STEPS_MAX);
    let mut writer = BodyWriter {
        random,
        code: Vec::new(),
        locals,
        operands: Vec::new(),
        blocks: vec![Block {
            base: 0,
            result,
            is_loop: false,
            is_if: false,
        }],
    };
    for _ in 0..steps {
        writer.step(functions);
    }
    while !writer.blocks.is_empty() {
        writer.end();
    }
    bytes.extend(writer.code);
    bytes
}

impl BodyWriter<'_> {
    fn step(&mut self, functions: &[usize]) {
        match self.random.below(20) {
            0..=8 => self.listed(),
            9..=10 => self.local(),
            11 => self.block(),
            12 if self.blocks.len() > 1 => self.end(),
            13 => self.branch(),
            14 => self.call(functions),
            15 => self.select(),
            16 => self.push_any(),
            17 if self.random.one_in(3) => self.leave(),
            18 if !self.operands.is_empty() => {
                let height = self.base();
                if self.operands.len() > height {
                    self.operands.pop();
                    self.code.push(0x1a);
                }
            }
            19 => self.global(),
            _ => self.listed(),
        }
    }

    fn base(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.base)
    }

    fn push_any(&mut self) {
        let letter = self
            .random
            .choose(&TYPES)
            .map_or(b'i', |(letter, _)| *letter);
        self.push(letter);
    }

    /// A constant of a type.
    fn push(&mut self, letter: u8) {
        match letter {
            b'l' => {
                self.code.push(0x42);
                let value = signed(10, self.random);
                self.code.extend(value);
            }
            b'f' => {
                self.code.push(0x43);
                self.code.extend(self.random.bytes(4));
            }
            b'd' => {
                self.code.push(0x44);
                self.code.extend(self.random.bytes(8));
            }
            _ => {
                self.code.push(0x41);
                let value = signed(5, self.random);
                self.code.extend(value);
            }
        }
        self.operands.push(letter);
    }

    /// Makes these operands the topmost ones: as they are, if they are there, or new ones.
    fn need(&mut self, letters: &[u8]) {
        let base = self.base();
        let available = self.operands.get(base..).unwrap_or_default();
        if !available.ends_with(letters) {
            for letter in letters {
                self.push(*letter);
            }
        }
    }

    fn pop(&mut self, count: usize) {
        let height = self.operands.len().saturating_sub(count);
        self.operands.truncate(height.max(self.base()));
    }

    /// An operator that has a signature.
    fn listed(&mut self) {
        let Some(row) = self.random.choose(TABLE).copied() else {
            return;
        };
        let Some((operands, results)) = row.signature.split_once('>') else {
            return;
        };
        if row.since > 1 || operands.contains(['t', '?']) || results.contains('t') {
            return;
        }
        self.need(operands.as_bytes());
        self.pop(operands.len());
        self.encode(row.encoding);
        self.immediates(&row);
        self.operands.extend(results.bytes());
    }

    fn encode(&mut self, encoding: u16) {
        let low = u8::try_from(encoding & 0xff).unwrap_or_default();
        if encoding > 0xff {
            self.code.push(0xfc);
            let code = padded(usize::from(low), self.random);
            self.code.extend(code);
        } else {
            self.code.push(low);
        }
    }

    fn immediates(&mut self, row: &Row) {
        match (row.class, row.name) {
            (Class::Load | Class::Store | Class::FloatLoad | Class::FloatStore, name) => {
                let most: usize = match name {
                    _ if name.contains("8") => 0,
                    _ if name.contains("16") => 1,
                    _ if name.starts_with("i64") && !name.contains("32") => 3,
                    _ if name.starts_with("f64") => 3,
                    _ => 2,
                };
                let excess = usize::from(self.random.one_in(200));
                let align = index(self.random, most.wrapping_add(1)).wrapping_add(excess);
                let align = padded(align, self.random);
                let offset = index(self.random, 400);
                let offset = padded(offset, self.random);
                self.code.extend([align, offset].concat());
            }
            (_, "i32.const") => self.code.extend(signed(5, self.random)),
            (_, "i64.const") => self.code.extend(signed(10, self.random)),
            (_, "f32.const") => self.code.extend(self.random.bytes(4)),
            (_, "f64.const") => self.code.extend(self.random.bytes(8)),
            (_, "memory.size" | "memory.grow" | "memory.fill") => self.code.push(0),
            (_, "memory.copy") => self.code.extend([0, 0]),
            _ => {}
        }
    }

    fn local(&mut self) {
        let count = self.locals.len();
        let number = index(self.random, count);
        let Some(letter) = self.locals.get(number).copied() else {
            return;
        };
        let code = 0x20_u8.wrapping_add(u8::try_from(self.random.below(3)).unwrap_or_default());
        if code != 0x20 {
            self.need(&[letter]);
            self.pop(1);
        }
        self.code.push(code);
        let number = padded(number, self.random);
        self.code.extend(number);
        if code != 0x21 {
            self.operands.push(letter);
        }
    }

    fn global(&mut self) {
        let number = index(self.random, GLOBALS.len());
        let letter = GLOBALS.get(number).copied().unwrap_or(b'i');
        if number >= MUTABLE_FROM && self.random.one_in(2) {
            self.need(&[letter]);
            self.pop(1);
            self.code.push(0x24);
        } else {
            self.code.push(0x23);
            self.operands.push(letter);
        }
        let number = padded(number, self.random);
        self.code.extend(number);
    }

    fn block(&mut self) {
        let result = self.random.choose(&TYPES).map(|(letter, _)| *letter);
        let result = result.filter(|_| self.random.one_in(2));
        let code = 0x02_u8.wrapping_add(u8::try_from(self.random.below(3)).unwrap_or_default());
        if code == 0x04 {
            self.need(b"i");
            self.pop(1);
        }
        self.code.extend([code, byte_of(result)]);
        self.blocks.push(Block {
            base: self.operands.len(),
            result,
            is_loop: code == 0x03,
            is_if: code == 0x04,
        });
    }

    /// Leaves exactly the result of the innermost block.
    fn fit(&mut self) {
        let base = self.base();
        let result = self.blocks.last().and_then(|block| block.result);
        while self.operands.len() > base {
            self.operands.pop();
            self.code.push(0x1a);
        }
        if let Some(letter) = result {
            self.push(letter);
        }
    }

    /// Ends the innermost block, after its other arm if it needs one.
    fn end(&mut self) {
        self.fit();
        let Some(block) = self.blocks.pop() else {
            return;
        };
        if block.is_if && (block.result.is_some() || self.random.one_in(3)) {
            self.code.push(0x05);
            self.operands.truncate(block.base);
            if let Some(letter) = block.result {
                self.push(letter);
            }
        }
        self.code.push(0x0b);
        self.operands.truncate(block.base);
        self.operands.extend(block.result);
    }

    /// Letter of what a branch to a label carries.
    fn label(&self, depth: usize) -> Option<u8> {
        let position = self.blocks.len().checked_sub(depth.checked_add(1)?)?;
        let block = self.blocks.get(position)?;
        block.result.filter(|_| !block.is_loop)
    }

    /// What follows an unconditional branch: often nothing of this block, sometimes operators that
    /// take operands which nothing pushed.
    fn unreachable(&mut self) {
        self.operands.truncate(self.base());
        for _ in 0..self.random.below(4) {
            let Some(row) = self.random.choose(TABLE).copied() else {
                continue;
            };
            let Some((operands, results)) = row.signature.split_once('>') else {
                continue;
            };
            let listed = row.since == 1 && !operands.contains('t') && !results.contains('t');
            if listed && self.takes(operands.as_bytes()) {
                self.encode(row.encoding);
                self.immediates(&row);
                self.pop(operands.len());
                self.operands.extend(results.bytes());
            }
        }
        if self.operands.len() == self.base() && self.random.one_in(3) {
            self.code.extend([0x1b, 0x1a]);
        }
    }

    /// True if the operands that there are have these types; missing ones have any.
    fn takes(&self, letters: &[u8]) -> bool {
        let available = self.operands.get(self.base()..).unwrap_or_default();
        let mut pairs = available.iter().rev().zip(letters.iter().rev());
        pairs.all(|(found, wanted)| found == wanted || *wanted == b'?')
    }

    fn branch(&mut self) {
        let depth = index(self.random, self.blocks.len());
        let carried: Vec<u8> = self.label(depth).into_iter().collect();
        self.need(&carried);
        if self.random.one_in(3) {
            self.need(b"i");
            self.need(&[carried.as_slice(), b"i"].concat());
            self.pop(1);
            self.code.push(0x0d);
            let depth = padded(depth, self.random);
            self.code.extend(depth);
        } else if self.random.one_in(2) {
            self.code.push(0x0c);
            let depth = padded(depth, self.random);
            self.code.extend(depth);
            self.unreachable();
        } else {
            self.need(&[carried.as_slice(), b"i"].concat());
            self.code.push(0x0e);
            let equal = |other: &usize| self.label(*other) == self.label(depth);
            let fitting: Vec<usize> = (0..self.blocks.len()).filter(equal).collect();
            let count = index(self.random, 4);
            let count_bytes = padded(count, self.random);
            self.code.extend(count_bytes);
            for _ in 0..=count {
                let depth = self.random.choose(&fitting).copied().unwrap_or(depth);
                let depth = padded(depth, self.random);
                self.code.extend(depth);
            }
            self.unreachable();
        }
    }

    fn leave(&mut self) {
        if self.random.one_in(2) {
            self.code.push(0x00);
        } else {
            let outermost = self.blocks.len().saturating_sub(1);
            let carried: Vec<u8> = self.label(outermost).into_iter().collect();
            self.need(&carried);
            self.code.push(0x0f);
        }
        self.unreachable();
    }

    fn call(&mut self, functions: &[usize]) {
        let indirect = self.random.one_in(2);
        let number = index(self.random, functions.len());
        let direct = functions.get(number).copied().unwrap_or_default();
        let kind = if indirect {
            index(self.random, FUNCTION_TYPES.len())
        } else {
            direct
        };
        let (parameters, result) = FUNCTION_TYPES.get(kind).copied().unwrap_or((b"", None));
        let index: &[u8] = if indirect { b"i" } else { b"" };
        self.need(&[parameters, index].concat());
        self.pop(parameters.len().wrapping_add(index.len()));
        self.code.push(if indirect { 0x11 } else { 0x10 });
        let number = padded(if indirect { kind } else { number }, self.random);
        self.code.extend(number);
        if indirect {
            let table = padded(0, self.random);
            self.code.extend(table);
        }
        self.operands.extend(result);
    }

    fn select(&mut self) {
        let letter = self
            .random
            .choose(&TYPES)
            .map_or(b'i', |(letter, _)| *letter);
        self.need(&[letter, letter, b'i']);
        self.pop(2);
        self.code.push(0x1b);
    }
}

/// Changes, inserts, removes or exchanges a byte.
fn damage(body: &mut Vec<u8>, random: &mut Random) {
    let position = index(random, body.len());
    let opcode = random.choose(TABLE).map_or(0, |row| row.encoding & 0xff);
    let opcode = u8::try_from(opcode).unwrap_or_default();
    match random.below(6) {
        0 => {
            let bit = random.small(8);
            if let Some(byte) = body.get_mut(position) {
                *byte ^= 1_u8.wrapping_shl(bit);
            }
        }
        1 => body.insert(position, opcode),
        2 if !body.is_empty() => drop(body.remove(position)),
        3 => {
            let other = index(random, body.len());
            if position.max(other) < body.len() {
                body.swap(position, other);
            }
        }
        4 => body.truncate(position),
        _ => {
            if let Some(byte) = body.get_mut(position) {
                *byte = opcode;
            }
        }
    }
}

/// Content after its length.
fn sized(content: &[u8]) -> Vec<u8> {
    [unsigned(content.len(), 0), content.to_vec()].concat()
}

fn section(id: u8, items: &[Vec<u8>]) -> Vec<u8> {
    let content = [unsigned(items.len(), 0), items.concat()].concat();
    [vec![id], sized(&content)].concat()
}

/// The module around bodies. Memory and table are sometimes missing.
fn around(functions: &[usize], bodies: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let types = FUNCTION_TYPES.iter().map(|(parameters, result)| {
        let parameters: Vec<u8> = parameters
            .iter()
            .map(|letter| byte_of(Some(*letter)))
            .collect();
        let results: Vec<u8> = result.iter().map(|letter| byte_of(Some(*letter))).collect();
        [vec![0x60], sized(&parameters), sized(&results)].concat()
    });
    let declared = functions
        .iter()
        .map(|kind| vec![u8::try_from(*kind).unwrap_or_default()]);
    let globals = (0..).zip(GLOBALS).map(|(number, letter)| {
        let zero: &[u8] = match letter {
            b'i' => &[0x41, 0],
            b'l' => &[0x42, 0],
            b'f' => &[0x43, 0, 0, 0, 0],
            _ => &[0x44, 0, 0, 0, 0, 0, 0, 0, 0],
        };
        let mutable = u8::from(number >= MUTABLE_FROM);
        [&[byte_of(Some(*letter)), mutable], zero, &[0x0b]].concat()
    });
    let mut sections = vec![
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &types.collect::<Vec<_>>()),
        section(3, &declared.collect::<Vec<_>>()),
    ];
    if !random.one_in(40) {
        sections.push(section(4, &[vec![0x70, 0, 4]]));
    }
    if !random.one_in(40) {
        sections.push(section(5, &[vec![0, 1]]));
    }
    sections.push(section(6, &globals.collect::<Vec<_>>()));
    let bodies: Vec<Vec<u8>> = bodies.iter().map(|body| sized(body)).collect();
    sections.push(section(10, &bodies));
    sections.concat()
}
