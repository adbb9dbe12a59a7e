//! Lists the internal instructions: family, operands, layout; the one table that everybody reads.
//!
//! An instruction is a family (a row of [`Family`]) and a shape: which operators it holds and where
//! each operand comes from. The translator emits shapes, `execute` has one handler for each, the
//! verifier and the disassembler walk code by [`layout`].
//!
//! A slot field is the byte offset of the slot in the frame. A target is a distance in bytes from
//! the start of its own instruction. A cost is the gas of the run that is entered there.

/// Bytes of a cell.
pub(crate) const CELL: usize = 8;

/// Where an operand comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A slot of the frame.
    Slot = 0,
    /// The accumulator: the result of an instruction before.
    Acc = 1,
    /// In the instruction.
    Immediate = 2,
    /// There is none.
    Absent = 3,
}

impl Kind {
    const fn of(bits: u64) -> Self {
        match bits & 3 {
            0 => Self::Slot,
            1 => Self::Acc,
            2 => Self::Immediate,
            _ => Self::Absent,
        }
    }
}

macro_rules! families {
    ($($(#[$doc:meta])* $variant:ident $name:literal)*) => {
        /// A kind of internal instruction.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(crate) enum Family { $($(#[$doc])* $variant),* }

        impl Family {
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in a listing.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

families! {
    /// d = first(a, b)
    Binary "binary"
    /// d = first(a)
    Unary "unary"
    /// d = second(first(a, b), c)
    BinaryBinary "binary.binary"
    /// d = a + i; d2 = a2 + i2; 32 bits
    AddAdd "add.add"
    /// d = a
    CopySlot "copy"
    /// d = a; then d2 = a2
    CopyTwoSlots "copy.copy"
    /// d = a; then d2 = a2, d3 = a3, d4 = a4
    CopyFourSlots "copy.four"
    /// d = accumulator
    CopyAcc "copy.acc"
    /// d = i
    CopyImmediate "const"
    /// d = i; d2 = i2; 32 bits each
    CopyTwoImmediates "const.const"
    /// d = c ? a : b
    Select "select"
    /// d = first(a, b) ? x : y
    CompareSelect "compare.select"
    /// go to the target
    Branch "branch"
    /// d = a; go to the target
    CopyBranch "copy.branch"
    /// if first(a, b) go to the target
    CompareBranch "compare.branch"
    /// d = first(a, i); if second(d, b) go to the target
    BinaryCompareBranch "binary.compare.branch"
    /// d = load first at a [+ index] + offset; if second(d, b) go to the target
    LoadCompareBranch "load.compare.branch"
    /// go to the target number a + displacement, or to the last
    BranchTable "branch.table"
    /// d = load first at a + offset
    Load "load"
    /// d = load first at (a + b) + offset
    LoadIndexed "load.indexed"
    /// d = load first at (a + displacement) + offset
    LoadDisplaced "load.displaced"
    /// d = load first at ((a << shift) + b) + offset
    LoadScaled "load.scaled"
    /// d = second(x, load first at a [+ displacement] + offset)
    LoadBinary "load.binary"
    /// store v at a + offset
    Store "store"
    /// store v at (a + b) + offset, or at (a + displacement) + offset
    StoreIndexed "store.indexed"
    /// d = first(x, y); store d at a + offset
    BinaryStore "binary.store"
    /// store the value that load first finds at a + offset, at b + offset2
    LoadStore "load.store"
    /// d = global
    GlobalGet "global.get"
    /// global = v
    GlobalSet "global.set"
    /// d = a + i, or global + i; global = d; 32 bits
    GlobalAdd "global.add"
    /// d = pages
    MemorySize "memory.size"
    /// d = grow by a
    MemoryGrow "memory.grow"
    /// copy n bytes from s to d
    MemoryCopy "memory.copy"
    /// fill n bytes at d with s
    MemoryFill "memory.fill"
    /// call a function of the module
    Call "call"
    /// call the function of the module that multiplies 128-bit numbers, or do what it does
    CallMultiply "call.multiply"
    /// call a function of the host: leaves the interpreter
    CallHost "call.host"
    /// call the table's entry a
    CallIndirect "call.indirect"
    /// return to the caller, v in its first slot
    Return "return"
    /// trap with the code first
    Trap "trap"
    /// pay for the next run where one was cut
    Charge "charge"
    /// give control to the driver and continue
    Pause "pause"
    /// end of the outermost function
    Stop "stop"
    /// the function is to be translated first
    Translate "translate"
}

/// What an instruction is, without the values of its fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    pub(crate) family: Family,
    pub(crate) first: u8,
    pub(crate) second: u8,
    pub(crate) a: Kind,
    pub(crate) b: Kind,
    pub(crate) c: Kind,
    /// The result goes to a slot as well as to the accumulator.
    pub(crate) to_slot: bool,
    /// Which of several equal handlers.
    pub(crate) replica: u8,
}

impl Shape {
    pub(crate) const fn new(family: Family) -> Self {
        Self {
            family,
            first: 0,
            second: 0,
            a: Kind::Absent,
            b: Kind::Absent,
            c: Kind::Absent,
            to_slot: false,
            replica: 0,
        }
    }

    pub(crate) const fn first(mut self, number: u8) -> Self {
        self.first = number;
        self
    }

    pub(crate) const fn second(mut self, number: u8) -> Self {
        self.second = number;
        self
    }

    pub(crate) const fn kinds(mut self, a: Kind, b: Kind, c: Kind) -> Self {
        self.a = a;
        self.b = b;
        self.c = c;
        self
    }

    pub(crate) const fn a(mut self, a: Kind) -> Self {
        self.a = a;
        self
    }

    pub(crate) const fn with_slot(mut self) -> Self {
        self.to_slot = true;
        self
    }

    /// One number for it; equal shapes of different replicas differ in the last byte.
    #[expect(clippy::as_conversions, reason = "fieldless enums and bool widened")]
    pub(crate) const fn pack(self) -> u64 {
        (self.family as u64)
            | (self.first as u64) << 8
            | (self.second as u64) << 16
            | (self.a as u64) << 24
            | (self.b as u64) << 26
            | (self.c as u64) << 28
            | (self.to_slot as u64) << 30
            | (self.replica as u64) << 32
    }

    pub(crate) fn unpack(bits: u64) -> Self {
        let [family, first, second, _, replica, ..] = bits.to_le_bytes();
        let family = Family::ALL.get(usize::from(family)).copied();
        Self {
            // An unknown family is a bug; `Stop` ends the execution.
            family: family.unwrap_or(Family::Stop),
            first,
            second,
            a: Kind::of(bits >> 24),
            b: Kind::of(bits >> 26),
            c: Kind::of(bits >> 28),
            to_slot: bits >> 30 & 1 == 1,
            replica,
        }
    }
}
