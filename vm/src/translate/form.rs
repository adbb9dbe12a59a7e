//! Lists the internal instructions with their names, operators, trap sites and fields.
//!
//! A row defines a [`Family`] and a type of the same name whose members are the positions of the
//! fields. The translator writes fields by those names, the handlers in `execute` read them, and
//! verifier and disassembler iterate over [`Family::fields`]. The positions follow from the row by
//! the rule of [`super::layout`]: a new instruction is a row here and a handler.
//!
//! `= a` after a field says which operand of the shape it is. The brackets contain the classes of
//! operators that `first` and `second` of the shape number. `sites` is the number of cells, from
//! the first on, that have an entry in the table of trap sites: 0 if the instruction cannot trap.

use super::Operand;
use super::layout::{
    At, BranchTarget, Callee, Cost, Cursor, Destination, Field, Kind, OperandKinds, Read, Term,
    Write,
};

/// Class of operators that `first` or `second` of a shape numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum OperatorClass {
    Binary,
    Unary,
    Load,
    Store,
    TrapCode,
}

// The kind of a field: that of its operand. Other fields are always present, like slots.
macro_rules! kind_of {
    ($operands:ident) => {
        Kind::Slot
    };
    ($operands:ident $operand:ident) => {
        $operands.$operand
    };
}
macro_rules! forms {
    ($($(#[$doc:meta])* $form:ident $name:literal [$($operator:ident)*] sites $sites:literal
       { $($field:ident: $field_type:ty $(= $operand:ident)?),* })*) => {
        /// A kind of internal instruction.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(crate) enum Family { $($(#[$doc])* $form),* }

        impl Family {
            pub(super) const ALL: &'static [Self] = &[$(Self::$form),*];

            /// Name in a listing.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$form => $name),* }
            }

            pub(super) const fn operators(self) -> &'static [OperatorClass] {
                match self { $(Self::$form => &[$(OperatorClass::$operator),*]),* }
            }

            pub(super) const fn sites(self) -> usize {
                match self { $(Self::$form => $sites),* }
            }

            /// Fields in order, absent ones with 0 bytes, and length in cells.
            pub(super) fn fields(self, operands: OperandKinds) -> (Vec<Field>, usize) {
                match self { $(Self::$form => {
                    let form = $form::of(operands);
                    (vec![$(form.$field.listed(stringify!($field))),*], form.cells)
                })* }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Copy)]
            pub(crate) struct $form {
                $(pub(crate) $field: At<$field_type>,)*
                /// Length in cells.
                pub(crate) cells: usize,
            }

            impl $form {
                #[inline(always)]
                pub(crate) const fn of(operands: OperandKinds) -> Self {
                    let cursor = &mut Cursor::new(operands);
                    $(let _: At<$field_type> = cursor.take(kind_of!(operands $($operand)?));)*
                    let cursor = &mut cursor.again();
                    $(let $field = cursor.take(kind_of!(operands $($operand)?));)*
                    Self { $($field,)* cells: cursor.cells() }
                }
            }
        )*
    };
}

forms! {
    /// d = first(a, b); a division has a site
    Binary "binary" [Binary] sites 1 { d: Destination, a: Term = a, b: Term = b }
    /// d = first(a)
    Unary "unary" [Unary] sites 0 { d: Destination, a: Operand = a }
    /// d = second(first(a, b), c)
    BinaryBinary "binary.binary" [Binary Binary] sites 0
        { d: Destination, a: Operand = a, b: Operand = b, c: Operand = c }
    /// (low, d) = a * b as two words, unsigned; d is the high word in all rows with a low word
    MultiplyWide "multiply.wide" [] sites 0
        { d: Destination, low: Write, a: Operand = a, b: Operand = b }
    /// (low, d) = a * b, signed
    MultiplyWideSigned "multiply.wide.signed" [] sites 0
        { d: Destination, low: Write, a: Operand = a, b: Operand = b }
    /// (low, d) = a * b + (x, y), unsigned; y is 0 if absent
    MultiplyAdd "multiply.add" [] sites 0
        { d: Destination, low: Write, a: Operand = a, b: Operand = b, x: Read, y: Operand = c }
    /// (low, d) = a * b + x + y, unsigned words
    MultiplyAddTwo "multiply.add.two" [] sites 0
        { d: Destination, low: Write, a: Operand = a, b: Operand = b, x: Read, y: Operand = c }
    /// (low, d) = (a, a2) + (b, b2); a high word is 0 if absent
    AddWide "add.wide" [] sites 0
        { d: Destination, low: Write, a: Read, a2: Operand = a, b: Operand = b, b2: Operand = c }
    /// (low, d) = (a, a2) - (b, b2); a high word is 0 if absent
    SubtractWide "subtract.wide" [] sites 0
        { d: Destination, low: Write, a: Read, a2: Operand = a, b: Operand = b, b2: Operand = c }
    /// (low, d) = a + b + c, unsigned words
    AddThree "add.three" [] sites 0
        { d: Destination, low: Write, a: Operand = a, b: Read, c: Read }
    /// d = a + i; d2 = a2 + i2; 32 bits
    AddAdd "add.add" [] sites 0 { d: Write, a: Read, d2: Write, a2: Read, i: u32, i2: u32 }
    /// d = a
    CopySlot "copy" [] sites 0 { d: Write, a: Read }
    /// d = a; then d2 = a2
    CopyTwoSlots "copy.copy" [] sites 0 { d: Write, a: Read, d2: Write, a2: Read }
    /// d = a; then d2 = a2, d3 = a3, d4 = a4
    CopyFourSlots "copy.four" [] sites 0
        { d: Write, a: Read, d2: Write, a2: Read, d3: Write, a3: Read, d4: Write, a4: Read }
    /// d = accumulator
    CopyAcc "copy.acc" [] sites 0 { d: Write }
    /// d = i
    CopyImmediate "const" [] sites 0 { d: Write, i: u64 }
    /// d = i; d2 = i2; 32 bits each
    CopyTwoImmediates "const.const" [] sites 0 { d: Write, d2: Write, i: u32, i2: u32 }
    /// d = c ? a : b
    Select "select" [] sites 0 { d: Destination, c: Operand = a, a: Read, b: Read }
    /// d = first(a, b) ? x : y
    CompareSelect "compare.select" [Binary] sites 0
        { d: Destination, a: Operand = a, b: Operand = b, x: Read, y: Read }
    /// go to the target
    Branch "branch" [] sites 0 { target: BranchTarget, cost: Cost }
    /// d = a; go to the target
    CopyBranch "copy.branch" [] sites 0 { target: BranchTarget, cost: Cost, d: Write, a: Read }
    /// if first(a, b) go to the target
    CompareBranch "compare.branch" [Binary] sites 0
        { target: BranchTarget, a: Operand = a, b: Operand = b, taken: Cost, otherwise: Cost }
    /// d = first(a, i); if second(d, b) go to the target: the end of a counted loop
    BinaryCompareBranch "binary.compare.branch" [Binary Binary] sites 0
        { target: BranchTarget, d: Write, a: Read, taken: Cost, otherwise: Cost, i: u64,
          b: Operand = b }
    /// d = load first at a [+ index] + offset; if second(d, b) go to the target
    LoadCompareBranch "load.compare.branch" [Load Binary] sites 1
        { d: Destination, a: Read, target: BranchTarget, taken: Cost, otherwise: Cost, offset: u32,
          index: Operand = c, b: Operand = b }
    /// go to target number a + displacement, or to the last; see [`BranchTable::edge`]
    BranchTable "branch.table" [] sites 0 { a: Operand = a, last: u32, displacement: u32 }
    /// d = load first at a + offset
    Load "load" [Load] sites 1 { d: Destination, a: Operand = a, offset: u32 }
    /// d = load first at (a + b) + offset
    LoadIndexed "load.indexed" [Load] sites 1
        { d: Destination, a: Operand = a, b: Read, offset: u32 }
    /// d = load first at (a + displacement) + offset
    LoadDisplaced "load.displaced" [Load] sites 1
        { d: Destination, a: Operand = a, displacement: u32, offset: u32 }
    /// d = load first at ((a << shift) + b) + offset
    LoadScaled "load.scaled" [Load] sites 1
        { d: Destination, a: Operand = a, b: Read, shift: u16, offset: u32 }
    /// d = second(x, load first at (a + displacement) + offset)
    LoadBinary "load.binary" [Load Binary] sites 1
        { d: Destination, a: Read, offset: u32, x: Operand = a, displacement: u32 }
    /// store v at a + offset
    Store "store" [Store] sites 1 { v: Operand = b, a: Operand = a, offset: u32 }
    /// store v at (a + b) + offset
    StoreIndexed "store.indexed" [Store] sites 1
        { v: Operand = b, a: Operand = a, offset: u32, b: Term = c }
    /// d = first(x, y); store d at a + offset
    BinaryStore "binary.store" [Binary Store] sites 1
        { d: Destination, x: Operand = a, y: Operand = b, a: Read, offset: u32 }
    /// store the value that load first reads at a + offset, at b + offset2; the trap site of the
    /// store is the second cell
    LoadStore "load.store" [Load Store] sites 2 { a: Read, b: Read, offset: u32, offset2: u32 }
    /// d = global
    GlobalGet "global.get" [] sites 0 { d: Destination, global: u32 }
    /// global = v
    GlobalSet "global.set" [] sites 0 { v: Operand = a, global: u32 }
    /// d = a + i, or global + i where there is no a; global = d; 32 bits
    GlobalAdd "global.add" [] sites 0
        { d: Destination, a: Operand = a, global: u32, i: u32 }
    /// d = pages
    MemorySize "memory.size" [] sites 0 { d: Destination }
    /// d = grow by a
    MemoryGrow "memory.grow" [] sites 0 { d: Write, a: Read, cost: Cost }
    /// copy n bytes from s to d
    MemoryCopy "memory.copy" [] sites 1 { d: Read, s: Read, n: Read, cost: Cost }
    /// fill n bytes at d with s
    MemoryFill "memory.fill" [] sites 1 { d: Read, s: Read, n: Read, cost: Cost }
    /// call a function of the module
    Call "call" [] sites 1 { frame: Write, weight: Read, cost: Cost, function: Callee }
    /// call the function of the module that multiplies 128-bit numbers, or compute its result
    CallMultiply "call.multiply" [] sites 1
        { frame: Write, weight: Read, cost: Cost, function: Callee }
    /// call a function of the host: leaves the interpreter
    CallHost "call.host" [] sites 1
        { frame: Write, weight: Read, cost: Cost, function: Callee }
    /// call the table's entry a
    CallIndirect "call.indirect" [] sites 1
        { frame: Write, weight: Read, cost: Cost, a: Operand = a, type_index: u32 }
    /// return to the caller, v in its first slot
    Return "return" [] sites 0 { address: Read, v: Operand = a }
    /// trap with the code first
    Trap "trap" [TrapCode] sites 1 {}
    /// charge the next metering block after one that was split
    Charge "charge" [] sites 0 { cost: Cost }
    /// end of the outermost function
    Stop "stop" [] sites 0 {}
    /// the function is to be paid and translated first
    FirstEntry "first.entry" [] sites 0 {}
}

impl BranchTable {
    /// Target and cost of the edge of this number: each edge, up to the last, has a cell of its own
    /// after the fields.
    #[inline(always)]
    pub(crate) const fn edge(self, number: usize) -> (At<BranchTarget>, At<Cost>) {
        let cursor = &mut Cursor::of_cell(self.cells);
        let (target, cost): (At<BranchTarget>, At<Cost>) =
            (cursor.take(Kind::Slot), cursor.take(Kind::Slot));
        // The positions of the first edge are constants; the others are a multiple of a cell
        // further.
        (target.further(number), cost.further(number))
    }
}
