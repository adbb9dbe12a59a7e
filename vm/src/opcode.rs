//! Lists every operator of the profile: text name, encoding and class; one row each.
//!
//! This is our own allow-list: `check` rejects an operator that has no row here, whatever the
//! decoder's feature flags say. The price of an operator follows from its class (see `schedule`).
//!
//! Specification: WebAssembly core 1.0 section 5.4 and appendix "Index of Instructions", sign
//! extension, saturating truncation (floats only), `memory.copy` and `memory.fill`, wide
//! arithmetic.

use wasmparser::Operator as Wire;

/// Class of an operator; its price and lowering depend on nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Structure without work: `block`, `loop`, `else`, `end`, `nop`.
    Marker,
    /// Constants, locals, globals, arithmetic, comparison, `drop`, `select`, `unreachable`.
    Simple,
    /// Division and remainder: can trap, slow on every machine.
    Divide,
    /// A load from linear memory.
    Load,
    /// A store to linear memory.
    Store,
    /// `br`, `br_if`, `if`, `return`.
    Branch,
    /// `br_table`: constant price, whatever its length.
    BranchTable,
    /// `call`.
    Call,
    /// `call_indirect`.
    CallIndirect,
    /// `memory.grow`.
    Grow,
    /// `memory.copy`, `memory.fill`.
    Bulk,
    /// `i64.add128`, `i64.sub128`: two results.
    WideAdd,
    /// `i64.mul_wide_s`, `i64.mul_wide_u`: two results.
    WideMultiply,
    /// A float constant: lowered to its integer twin.
    FloatConst,
    /// A float load: lowered to its integer twin.
    FloatLoad,
    /// A float store: lowered to its integer twin.
    FloatStore,
    /// A reinterpretation of bits: lowered to nothing.
    Reinterpret,
    /// Every other float operator: lowered to a trap.
    Float,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The operator.
    pub opcode: Opcode,
    /// Its name in the text format.
    pub name: &'static str,
    /// Its encoding: one byte, or `0xfc00 | sub-opcode` for the two-byte ones below 128.
    pub encoding: u16,
    /// Its class.
    pub class: Class,
    /// Types of its operands, the deepest first, then `>` and types of its results; a letter each:
    /// `i` i32, `l` i64, `f` f32, `d` f64, `t` the type of its immediate, `?` any type. `*` is an
    /// operator whose operands depend on where it is.
    pub signature: &'static str,
    /// The first version that has it; 1 where the row says nothing.
    pub since: u16,
}

macro_rules! define_unlisted {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident
        ($($arity:tt)*))*) => {
        #[expect(dead_code, reason = "the list hides those of the profile")]
        mod unlisted {
            $(pub(crate) const $op: Option<super::Opcode> = None;)*
        }
    };
}
wasmparser::for_each_visit_operator!(define_unlisted);

macro_rules! since {
    () => {
        1
    };
    ($since:literal) => {
        $since
    };
}

macro_rules! opcodes {
    (
        $($variant:ident $name:literal $encoding:literal $class:ident $signature:literal
            $(, since $since:literal)?)*
    ) => {
        /// An operator of the profile, floats included, without its immediates.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Opcode { $(#[doc = $name] $variant,)* }

        /// Every operator of the profile, in the order of its encoding.
        pub const TABLE: &[Row] = &[$(Row {
            opcode: Opcode::$variant,
            name: $name,
            encoding: $encoding,
            class: Class::$class,
            signature: $signature,
            since: since!($($since)?),
        },)*];

        /// The row of each operator that the decoder knows, by its name there; `None` means outside
        /// the profile. A constant of the list shadows the glob import of the same name.
        #[expect(non_upper_case_globals, reason = "the decoder's names of operators")]
        pub(crate) mod rows {
            pub(crate) use super::unlisted::*;
            use super::Opcode;

            $(pub(crate) const $variant: Option<Opcode> = Some(Opcode::$variant);)*
        }

        impl Opcode {
            /// The operator's name in the text format.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The operator's class.
            #[must_use]
            #[inline(always)]
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }

            /// The first version of the protocol that has the operator.
            #[must_use]
            #[inline(always)]
            pub const fn since(self) -> u16 {
                match self { $(Self::$variant => since!($($since)?),)* }
            }

            /// The operator's encoding, see [`Row::encoding`].
            #[must_use]
            pub const fn encoding(self) -> u16 {
                match self { $(Self::$variant => $encoding,)* }
            }

            /// The row's operator for what the decoder read; `None` means outside the profile.
            ///
            /// Inlined, so that it is a constant where the variant is known.
            #[must_use]
            #[inline(always)]
            pub const fn of(wire: &Wire<'_>) -> Option<Self> {
                match wire {
                    $(Wire::$variant { .. } => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

opcodes! {
    Unreachable "unreachable" 0x0 Simple "*"
    Nop "nop" 0x1 Marker ">"
    Block "block" 0x2 Marker "*"
    Loop "loop" 0x3 Marker "*"
    If "if" 0x4 Branch "*"
    Else "else" 0x5 Marker "*"
    End "end" 0xb Marker "*"
    Br "br" 0xc Branch "*"
    BrIf "br_if" 0xd Branch "*"
    BrTable "br_table" 0xe BranchTable "*"
    Return "return" 0xf Branch "*"
    Call "call" 0x10 Call "*"
    CallIndirect "call_indirect" 0x11 CallIndirect "*"
    Drop "drop" 0x1a Simple "?>"
    Select "select" 0x1b Simple "*"
    TypedSelect "select t" 0x1c Simple "*", since 2
    LocalGet "local.get" 0x20 Simple ">t"
    LocalSet "local.set" 0x21 Simple "t>"
    LocalTee "local.tee" 0x22 Simple "t>t"
    GlobalGet "global.get" 0x23 Simple ">t"
    GlobalSet "global.set" 0x24 Simple "t>"
    I32Load "i32.load" 0x28 Load "i>i"
    I64Load "i64.load" 0x29 Load "i>l"
    F32Load "f32.load" 0x2a FloatLoad "i>f"
    F64Load "f64.load" 0x2b FloatLoad "i>d"
    I32Load8S "i32.load8_s" 0x2c Load "i>i"
    I32Load8U "i32.load8_u" 0x2d Load "i>i"
    I32Load16S "i32.load16_s" 0x2e Load "i>i"
    I32Load16U "i32.load16_u" 0x2f Load "i>i"
    I64Load8S "i64.load8_s" 0x30 Load "i>l"
    I64Load8U "i64.load8_u" 0x31 Load "i>l"
    I64Load16S "i64.load16_s" 0x32 Load "i>l"
    I64Load16U "i64.load16_u" 0x33 Load "i>l"
    I64Load32S "i64.load32_s" 0x34 Load "i>l"
    I64Load32U "i64.load32_u" 0x35 Load "i>l"
    I32Store "i32.store" 0x36 Store "ii>"
    I64Store "i64.store" 0x37 Store "il>"
    F32Store "f32.store" 0x38 FloatStore "if>"
    F64Store "f64.store" 0x39 FloatStore "id>"
    I32Store8 "i32.store8" 0x3a Store "ii>"
    I32Store16 "i32.store16" 0x3b Store "ii>"
    I64Store8 "i64.store8" 0x3c Store "il>"
    I64Store16 "i64.store16" 0x3d Store "il>"
    I64Store32 "i64.store32" 0x3e Store "il>"
    MemorySize "memory.size" 0x3f Simple ">i"
    MemoryGrow "memory.grow" 0x40 Grow "i>i"
    I32Const "i32.const" 0x41 Simple ">i"
    I64Const "i64.const" 0x42 Simple ">l"
    F32Const "f32.const" 0x43 FloatConst ">f"
    F64Const "f64.const" 0x44 FloatConst ">d"
    I32Eqz "i32.eqz" 0x45 Simple "i>i"
    I32Eq "i32.eq" 0x46 Simple "ii>i"
    I32Ne "i32.ne" 0x47 Simple "ii>i"
    I32LtS "i32.lt_s" 0x48 Simple "ii>i"
    I32LtU "i32.lt_u" 0x49 Simple "ii>i"
    I32GtS "i32.gt_s" 0x4a Simple "ii>i"
    I32GtU "i32.gt_u" 0x4b Simple "ii>i"
    I32LeS "i32.le_s" 0x4c Simple "ii>i"
    I32LeU "i32.le_u" 0x4d Simple "ii>i"
    I32GeS "i32.ge_s" 0x4e Simple "ii>i"
    I32GeU "i32.ge_u" 0x4f Simple "ii>i"
    I64Eqz "i64.eqz" 0x50 Simple "l>i"
    I64Eq "i64.eq" 0x51 Simple "ll>i"
    I64Ne "i64.ne" 0x52 Simple "ll>i"
    I64LtS "i64.lt_s" 0x53 Simple "ll>i"
    I64LtU "i64.lt_u" 0x54 Simple "ll>i"
    I64GtS "i64.gt_s" 0x55 Simple "ll>i"
    I64GtU "i64.gt_u" 0x56 Simple "ll>i"
    I64LeS "i64.le_s" 0x57 Simple "ll>i"
    I64LeU "i64.le_u" 0x58 Simple "ll>i"
    I64GeS "i64.ge_s" 0x59 Simple "ll>i"
    I64GeU "i64.ge_u" 0x5a Simple "ll>i"
    F32Eq "f32.eq" 0x5b Float "ff>i"
    F32Ne "f32.ne" 0x5c Float "ff>i"
    F32Lt "f32.lt" 0x5d Float "ff>i"
    F32Gt "f32.gt" 0x5e Float "ff>i"
    F32Le "f32.le" 0x5f Float "ff>i"
    F32Ge "f32.ge" 0x60 Float "ff>i"
    F64Eq "f64.eq" 0x61 Float "dd>i"
    F64Ne "f64.ne" 0x62 Float "dd>i"
    F64Lt "f64.lt" 0x63 Float "dd>i"
    F64Gt "f64.gt" 0x64 Float "dd>i"
    F64Le "f64.le" 0x65 Float "dd>i"
    F64Ge "f64.ge" 0x66 Float "dd>i"
    I32Clz "i32.clz" 0x67 Simple "i>i"
    I32Ctz "i32.ctz" 0x68 Simple "i>i"
    I32Popcnt "i32.popcnt" 0x69 Simple "i>i"
    I32Add "i32.add" 0x6a Simple "ii>i"
    I32Sub "i32.sub" 0x6b Simple "ii>i"
    I32Mul "i32.mul" 0x6c Simple "ii>i"
    I32DivS "i32.div_s" 0x6d Divide "ii>i"
    I32DivU "i32.div_u" 0x6e Divide "ii>i"
    I32RemS "i32.rem_s" 0x6f Divide "ii>i"
    I32RemU "i32.rem_u" 0x70 Divide "ii>i"
    I32And "i32.and" 0x71 Simple "ii>i"
    I32Or "i32.or" 0x72 Simple "ii>i"
    I32Xor "i32.xor" 0x73 Simple "ii>i"
    I32Shl "i32.shl" 0x74 Simple "ii>i"
    I32ShrS "i32.shr_s" 0x75 Simple "ii>i"
    I32ShrU "i32.shr_u" 0x76 Simple "ii>i"
    I32Rotl "i32.rotl" 0x77 Simple "ii>i"
    I32Rotr "i32.rotr" 0x78 Simple "ii>i"
    I64Clz "i64.clz" 0x79 Simple "l>l"
    I64Ctz "i64.ctz" 0x7a Simple "l>l"
    I64Popcnt "i64.popcnt" 0x7b Simple "l>l"
    I64Add "i64.add" 0x7c Simple "ll>l"
    I64Sub "i64.sub" 0x7d Simple "ll>l"
    I64Mul "i64.mul" 0x7e Simple "ll>l"
    I64DivS "i64.div_s" 0x7f Divide "ll>l"
    I64DivU "i64.div_u" 0x80 Divide "ll>l"
    I64RemS "i64.rem_s" 0x81 Divide "ll>l"
    I64RemU "i64.rem_u" 0x82 Divide "ll>l"
    I64And "i64.and" 0x83 Simple "ll>l"
    I64Or "i64.or" 0x84 Simple "ll>l"
    I64Xor "i64.xor" 0x85 Simple "ll>l"
    I64Shl "i64.shl" 0x86 Simple "ll>l"
    I64ShrS "i64.shr_s" 0x87 Simple "ll>l"
    I64ShrU "i64.shr_u" 0x88 Simple "ll>l"
    I64Rotl "i64.rotl" 0x89 Simple "ll>l"
    I64Rotr "i64.rotr" 0x8a Simple "ll>l"
    F32Abs "f32.abs" 0x8b Float "f>f"
    F32Neg "f32.neg" 0x8c Float "f>f"
    F32Ceil "f32.ceil" 0x8d Float "f>f"
    F32Floor "f32.floor" 0x8e Float "f>f"
    F32Trunc "f32.trunc" 0x8f Float "f>f"
    F32Nearest "f32.nearest" 0x90 Float "f>f"
    F32Sqrt "f32.sqrt" 0x91 Float "f>f"
    F32Add "f32.add" 0x92 Float "ff>f"
    F32Sub "f32.sub" 0x93 Float "ff>f"
    F32Mul "f32.mul" 0x94 Float "ff>f"
    F32Div "f32.div" 0x95 Float "ff>f"
    F32Min "f32.min" 0x96 Float "ff>f"
    F32Max "f32.max" 0x97 Float "ff>f"
    F32Copysign "f32.copysign" 0x98 Float "ff>f"
    F64Abs "f64.abs" 0x99 Float "d>d"
    F64Neg "f64.neg" 0x9a Float "d>d"
    F64Ceil "f64.ceil" 0x9b Float "d>d"
    F64Floor "f64.floor" 0x9c Float "d>d"
    F64Trunc "f64.trunc" 0x9d Float "d>d"
    F64Nearest "f64.nearest" 0x9e Float "d>d"
    F64Sqrt "f64.sqrt" 0x9f Float "d>d"
    F64Add "f64.add" 0xa0 Float "dd>d"
    F64Sub "f64.sub" 0xa1 Float "dd>d"
    F64Mul "f64.mul" 0xa2 Float "dd>d"
    F64Div "f64.div" 0xa3 Float "dd>d"
    F64Min "f64.min" 0xa4 Float "dd>d"
    F64Max "f64.max" 0xa5 Float "dd>d"
    F64Copysign "f64.copysign" 0xa6 Float "dd>d"
    I32WrapI64 "i32.wrap_i64" 0xa7 Simple "l>i"
    I32TruncF32S "i32.trunc_f32_s" 0xa8 Float "f>i"
    I32TruncF32U "i32.trunc_f32_u" 0xa9 Float "f>i"
    I32TruncF64S "i32.trunc_f64_s" 0xaa Float "d>i"
    I32TruncF64U "i32.trunc_f64_u" 0xab Float "d>i"
    I64ExtendI32S "i64.extend_i32_s" 0xac Simple "i>l"
    I64ExtendI32U "i64.extend_i32_u" 0xad Simple "i>l"
    I64TruncF32S "i64.trunc_f32_s" 0xae Float "f>l"
    I64TruncF32U "i64.trunc_f32_u" 0xaf Float "f>l"
    I64TruncF64S "i64.trunc_f64_s" 0xb0 Float "d>l"
    I64TruncF64U "i64.trunc_f64_u" 0xb1 Float "d>l"
    F32ConvertI32S "f32.convert_i32_s" 0xb2 Float "i>f"
    F32ConvertI32U "f32.convert_i32_u" 0xb3 Float "i>f"
    F32ConvertI64S "f32.convert_i64_s" 0xb4 Float "l>f"
    F32ConvertI64U "f32.convert_i64_u" 0xb5 Float "l>f"
    F32DemoteF64 "f32.demote_f64" 0xb6 Float "d>f"
    F64ConvertI32S "f64.convert_i32_s" 0xb7 Float "i>d"
    F64ConvertI32U "f64.convert_i32_u" 0xb8 Float "i>d"
    F64ConvertI64S "f64.convert_i64_s" 0xb9 Float "l>d"
    F64ConvertI64U "f64.convert_i64_u" 0xba Float "l>d"
    F64PromoteF32 "f64.promote_f32" 0xbb Float "f>d"
    I32ReinterpretF32 "i32.reinterpret_f32" 0xbc Reinterpret "f>i"
    I64ReinterpretF64 "i64.reinterpret_f64" 0xbd Reinterpret "d>l"
    F32ReinterpretI32 "f32.reinterpret_i32" 0xbe Reinterpret "i>f"
    F64ReinterpretI64 "f64.reinterpret_i64" 0xbf Reinterpret "l>d"
    I32Extend8S "i32.extend8_s" 0xc0 Simple "i>i"
    I32Extend16S "i32.extend16_s" 0xc1 Simple "i>i"
    I64Extend8S "i64.extend8_s" 0xc2 Simple "l>l"
    I64Extend16S "i64.extend16_s" 0xc3 Simple "l>l"
    I64Extend32S "i64.extend32_s" 0xc4 Simple "l>l"
    I32TruncSatF32S "i32.trunc_sat_f32_s" 0xfc00 Float "f>i"
    I32TruncSatF32U "i32.trunc_sat_f32_u" 0xfc01 Float "f>i"
    I32TruncSatF64S "i32.trunc_sat_f64_s" 0xfc02 Float "d>i"
    I32TruncSatF64U "i32.trunc_sat_f64_u" 0xfc03 Float "d>i"
    I64TruncSatF32S "i64.trunc_sat_f32_s" 0xfc04 Float "f>l"
    I64TruncSatF32U "i64.trunc_sat_f32_u" 0xfc05 Float "f>l"
    I64TruncSatF64S "i64.trunc_sat_f64_s" 0xfc06 Float "d>l"
    I64TruncSatF64U "i64.trunc_sat_f64_u" 0xfc07 Float "d>l"
    MemoryCopy "memory.copy" 0xfc0a Bulk "iii>"
    MemoryFill "memory.fill" 0xfc0b Bulk "iii>"
    I64Add128 "i64.add128" 0xfc13 WideAdd "llll>ll"
    I64Sub128 "i64.sub128" 0xfc14 WideAdd "llll>ll"
    I64MulWideS "i64.mul_wide_s" 0xfc15 WideMultiply "ll>ll"
    I64MulWideU "i64.mul_wide_u" 0xfc16 WideMultiply "ll>ll"
}

impl Opcode {
    /// Index of this operator in [`TABLE`].
    #[must_use]
    #[expect(clippy::as_conversions, reason = "a fieldless enum of repr u8 widened")]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// True if the text name mentions a float type, moves and reinterpretations included.
    #[must_use]
    #[inline(always)]
    pub const fn mentions_float(self) -> bool {
        matches!(
            self.class(),
            Class::FloatConst
                | Class::FloatLoad
                | Class::FloatStore
                | Class::Reinterpret
                | Class::Float
        )
    }

    /// The integer twin of a float move or a typed `select`: the operator to which it is lowered
    /// and whose price it has. Every other operator is its own twin.
    #[must_use]
    #[inline(always)]
    pub const fn twin(self) -> Self {
        match self {
            Self::TypedSelect => Self::Select,
            Self::F32Const => Self::I32Const,
            Self::F64Const => Self::I64Const,
            Self::F32Load => Self::I32Load,
            Self::F64Load => Self::I64Load,
            Self::F32Store => Self::I32Store,
            Self::F64Store => Self::I64Store,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_the_position_in_the_table() {
        for (position, row) in TABLE.iter().enumerate() {
            assert_eq!(row.opcode.index(), position, "{}", row.name);
        }
    }

    #[test]
    fn names_and_encodings_are_unique() {
        for (position, row) in TABLE.iter().enumerate() {
            for other in &TABLE[position + 1..] {
                assert_ne!(row.name, other.name);
                assert_ne!(row.encoding, other.encoding);
            }
        }
    }

    #[test]
    fn float_classes_are_those_whose_name_mentions_a_float() {
        for row in TABLE {
            let named = row.name.contains("f32") || row.name.contains("f64");
            assert_eq!(row.opcode.mentions_float(), named, "{}", row.name);
        }
    }
}
