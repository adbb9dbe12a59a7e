//! Makes a module for each encoding of each immediate of the profile.
//!
//! One module has every immediate; a variant encodes one of them in another form of the same value.
//! An integer may be longer than needed, up to the length of its width, because linkers pad what
//! they relocate. A byte has one encoding; the index of the memory is a byte, too.

/// How an immediate is encoded in the shortest form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Unsigned LEB128 of 32 bits.
    U32,
    /// Signed LEB128 of 32 bits.
    S32,
    /// Signed LEB128 of 64 bits.
    S64,
    /// One byte: a tag, or an index that is 0.
    Byte,
}

/// A form of an immediate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Shortest,
    /// A byte longer.
    Padded,
    /// As long as the width allows.
    Longest,
    /// A byte longer than the width allows.
    TooLong,
    /// As long as the width allows, with a bit outside of the width that is not its extension.
    UnusedBit,
}

const FORMS: [Form; 5] = [
    Form::Shortest,
    Form::Padded,
    Form::Longest,
    Form::TooLong,
    Form::UnusedBit,
];

/// A module in which one immediate has some form.
#[derive(Clone, Debug)]
pub struct EncodedModule {
    /// Name of the immediate.
    pub immediate: String,
    /// Name of the form.
    pub form: String,
    /// The module.
    pub bytes: Vec<u8>,
    /// True if the profile accepts this form.
    pub accepted: bool,
}

/// Every immediate in every form, five modules for each, the shortest form first.
#[must_use]
pub fn modules() -> Vec<EncodedModule> {
    let mut all = Builder::default();
    all.module();
    let mut modules = Vec::new();
    for (immediate, kind) in all.seen {
        for form in FORMS {
            let mut builder = Builder {
                varied: Some((immediate, form)),
                seen: Vec::new(),
            };
            let accepted = match form {
                Form::Shortest => true,
                Form::Padded | Form::Longest => kind != Kind::Byte,
                Form::TooLong | Form::UnusedBit => false,
            };
            modules.push(EncodedModule {
                immediate: immediate.to_owned(),
                form: format!("{form:?}"),
                bytes: builder.module(),
                accepted,
            });
        }
    }
    modules
}

/// Builds the module; each immediate has a name of its own.
#[derive(Default)]
struct Builder {
    varied: Option<(&'static str, Form)>,
    seen: Vec<(&'static str, Kind)>,
}

impl Builder {
    /// The immediate `name`, in the form that is varied or the shortest.
    fn put(&mut self, kind: Kind, name: &'static str, value: i64) -> Vec<u8> {
        self.seen.push((name, kind));
        let form = match self.varied {
            Some((varied, form)) if varied == name => form,
            _ => Form::Shortest,
        };
        encode(kind, form, value)
    }

    fn u32(&mut self, name: &'static str, value: usize) -> Vec<u8> {
        self.put(Kind::U32, name, i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn byte(&mut self, name: &'static str, value: i64) -> Vec<u8> {
        self.put(Kind::Byte, name, value)
    }

    /// Content after its length.
    fn sized(&mut self, name: &'static str, content: &[u8]) -> Vec<u8> {
        [self.u32(name, content.len()), content.to_vec()].concat()
    }

    fn section(&mut self, id: u8, name: &'static str, content: &[Vec<u8>]) -> Vec<u8> {
        let content = content.concat();
        [vec![id], self.sized(name, &content)].concat()
    }

    /// A constant expression of the value 0.
    fn zero(&mut self, name: &'static str) -> Vec<u8> {
        [vec![0x41], self.put(Kind::S32, name, 0), vec![0x0b]].concat()
    }

    fn module(&mut self) -> Vec<u8> {
        let custom = [self.sized("name of a custom section", b"x"), b"y".to_vec()];
        let custom = self.section(0, "size of a custom section", &custom);
        let head = b"\0asm\x01\0\0\0".to_vec();
        let sections = [self.declarations(), self.code(), self.data()];
        [vec![head, custom], sections.to_vec()].concat().concat()
    }

    fn declarations(&mut self) -> Vec<u8> {
        let types = [
            self.u32("number of types", 3),
            vec![0x60],
            self.u32("number of parameters", 0),
            self.u32("number of results", 0),
            vec![0x60, 1],
            self.byte("type of a parameter", 0x7f),
            vec![1],
            self.byte("type of a result", 0x7f),
            vec![0x60, 0, 1, 0x7e],
        ];
        let import = [
            self.u32("number of imports", 1),
            self.sized("module of an import", b"lockstep"),
            self.sized("name of an import", b"block_height"),
            self.byte("kind of an import", 0),
            self.u32("type of an import", 2),
        ];
        let functions = [
            self.u32("number of functions", 2),
            self.u32("type of a function", 1),
            vec![0],
        ];
        let table = [
            self.u32("number of tables", 1),
            vec![0x70],
            self.byte("limits of a table", 1),
            self.u32("entries of a table", 2),
            self.u32("maximum of a table", 2),
        ];
        let memory = [
            self.u32("number of memories", 1),
            self.byte("limits of a memory", 1),
            self.u32("pages of a memory", 1),
            self.u32("maximum of a memory", 2),
        ];
        let global = [
            self.u32("number of globals", 1),
            self.byte("type of a global", 0x7f),
            self.byte("mutability of a global", 1),
            self.zero("constant of a global"),
        ];
        let export = [
            self.u32("number of exports", 1),
            self.sized("name of an export", b"f"),
            self.byte("kind of an export", 0),
            self.u32("index of an export", 1),
        ];
        let start = [self.u32("function of the start section", 2)];
        let elements = self.elements();
        let count = [self.u32("count of data segments", 1)];
        [
            self.section(1, "size of the type section", &types),
            self.section(2, "size of the import section", &import),
            self.section(3, "size of the function section", &functions),
            self.section(4, "size of the table section", &table),
            self.section(5, "size of the memory section", &memory),
            self.section(6, "size of the global section", &global),
            self.section(7, "size of the export section", &export),
            self.section(8, "size of the start section", &start),
            self.section(9, "size of the element section", &elements),
            self.section(12, "size of the DataCount section", &count),
        ]
        .concat()
    }

    fn elements(&mut self) -> [Vec<u8>; 7] {
        [
            self.u32("number of element segments", 1),
            self.u32("form of an element segment", 2),
            self.u32("table of an element segment", 0),
            self.zero("offset of an element segment"),
            self.byte("kind of elements", 0),
            self.u32("number of elements", 1),
            self.u32("function of an element", 1),
        ]
    }

    fn code(&mut self) -> Vec<u8> {
        let locals = [
            self.u32("number of groups of locals", 1),
            self.u32("number of locals", 1),
            self.byte("type of locals", 0x7f),
        ];
        let body = [locals.concat(), self.control(), self.access(), vec![0x0b]].concat();
        let content = [
            self.u32("number of bodies", 2),
            self.sized("size of a body", &body),
            vec![2, 0, 0x0b],
        ];
        self.section(10, "size of the code section", &content)
    }

    /// Blocks, branches, calls, variables and constants; leaves no operand.
    fn control(&mut self) -> Vec<u8> {
        [
            vec![0x02],
            self.byte("type of a block", 0x40),
            vec![0x41, 0, 0x0d],
            self.u32("label of br_if", 0),
            vec![0x41, 0, 0x0e],
            self.u32("number of targets", 1),
            self.u32("target of br_table", 0),
            self.u32("default of br_table", 0),
            vec![0x0b, 0x02],
            self.byte("result of a block", 0x7f),
            vec![0x41],
            self.put(Kind::S32, "i32.const", -3),
            vec![0x0c],
            self.u32("label of br", 0),
            vec![0x0b, 0x10],
            self.u32("function of call", 1),
            vec![0x41, 0, 0x11],
            self.u32("type of call_indirect", 1),
            self.u32("table of call_indirect", 0),
            vec![0x21],
            self.u32("local of local.set", 1),
            vec![0x20],
            self.u32("local of local.get", 0),
            vec![0x22],
            self.u32("local of local.tee", 1),
            vec![0x24],
            self.u32("global of global.set", 0),
            vec![0x23],
            self.u32("global of global.get", 0),
            vec![0x1a, 0x42],
            self.put(Kind::S64, "i64.const", -5),
            vec![0x1a],
        ]
        .concat()
    }

    /// Accesses to memory, and operators after a prefix; leaves an `i32`.
    fn access(&mut self) -> Vec<u8> {
        [
            vec![0x41, 0, 0x41, 0, 0x28],
            self.u32("alignment of a load", 2),
            self.u32("offset of a load", 4),
            vec![0x36],
            self.u32("alignment of a store", 2),
            self.u32("offset of a store", 4),
            vec![0x41, 0, 0x41, 0, 0x41, 0, 0xfc],
            self.u32("memory.fill after its prefix", 11),
            self.byte("memory of memory.fill", 0),
            vec![0x41, 0, 0x41, 0, 0x41, 0, 0xfc],
            self.u32("memory.copy after its prefix", 10),
            self.byte("memory to which memory.copy copies", 0),
            self.byte("memory from which memory.copy copies", 0),
            vec![0x43, 0, 0, 0x80, 0x3f, 0xfc],
            self.u32("i32.trunc_sat_f32_s after its prefix", 0),
            vec![0x1a, 0x42, 1, 0x42, 2, 0xfc],
            self.u32("i64.mul_wide_u after its prefix", 22),
            vec![0x1a, 0x1a, 0x3f],
            self.byte("memory of memory.size", 0),
            vec![0x40],
            self.byte("memory of memory.grow", 0),
        ]
        .concat()
    }

    fn data(&mut self) -> Vec<u8> {
        let content = [
            self.u32("number of data segments", 1),
            self.u32("form of a data segment", 2),
            self.u32("memory of a data segment", 0),
            self.zero("offset of a data segment"),
            self.sized("length of a data segment", b"abc"),
        ];
        self.section(11, "size of the data section", &content)
    }
}

/// `value` in the given form.
fn encode(kind: Kind, form: Form, value: i64) -> Vec<u8> {
    let mut bytes = shortest(kind, value);
    let longest = match kind {
        Kind::S64 => 10,
        _ => 5,
    };
    let length = match form {
        Form::Shortest => bytes.len(),
        Form::Padded => bytes.len().saturating_add(1),
        Form::Longest | Form::UnusedBit => longest,
        Form::TooLong => longest.saturating_add(1),
    };
    // A byte that is a type is a negative number of seven bits where decoders read a number.
    let tag = kind == Kind::Byte && value >= 0x40;
    let pad = if value < 0 || tag { 0xff } else { 0x80 };
    for byte in &mut bytes {
        *byte |= 0x80;
    }
    bytes.resize(length, pad);
    if let Some(last) = bytes.last_mut() {
        *last &= 0x7f;
        if form == Form::UnusedBit {
            // Bit 4 is outside of 32 bits in the fifth byte and of 64 bits in the tenth.
            *last ^= 0x10;
        }
    }
    bytes
}

fn shortest(kind: Kind, value: i64) -> Vec<u8> {
    let last = match kind {
        Kind::U32 => 0..0x80,
        Kind::Byte => 0..0x100,
        Kind::S32 | Kind::S64 => -0x40..0x40,
    };
    let (mut rest, mut bytes) = (value, Vec::new());
    while !last.contains(&rest) {
        bytes.push(u8::try_from(rest & 0x7f).unwrap_or_default() | 0x80);
        rest >>= 7;
    }
    bytes.push(u8::try_from(rest & 0x7f).unwrap_or_default());
    bytes
}
