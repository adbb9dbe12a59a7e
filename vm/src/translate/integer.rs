//! Defines the integer operators of internal code: one type each, with what it computes.
//!
//! Handlers are generic over these types; the translator uses the enums and folds constants with
//! the same functions, so that folding cannot differ from execution.
//!
//! Specification: WebAssembly core 4.3.2. An `i32` is in the low half of a slot; the upper half is
//! zero.
#![expect(
    clippy::as_conversions,
    trivial_numeric_casts,
    reason = "truncation and sign extension are the definitions; one text serves both widths"
)]

/// An operand width: slots are untyped, an `i32` is in the low half.
pub(crate) trait Word: Copy {
    fn from_bits(bits: u64) -> Self;
    fn is_zero(self) -> bool;
}

impl Word for u32 {
    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        bits as Self
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        self == 0
    }
}

impl Word for u64 {
    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        bits
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        self == 0
    }
}

/// Two operands, one result; `None` is a trap of division.
pub(crate) trait BinaryOperator {
    type W: Word;
    /// True for operands of 64 bits: an immediate needs a cell of its own.
    const WIDE: bool;
    fn apply(left: Self::W, right: Self::W) -> Option<u64>;
}

/// One operand, one result.
pub(crate) trait UnaryOperator {
    fn apply(operand: u64) -> u64;
}

macro_rules! define_binary {
    ($wide:literal, $word:ty; $($name:ident($a:ident, $b:ident) = $result:expr;)*) => { $(
        pub(crate) struct $name;
        impl BinaryOperator for $name {
            type W = $word;
            const WIDE: bool = $wide;
            #[inline(always)]
            fn apply($a: $word, $b: $word) -> Option<u64> { $result }
        }
    )* };
}

// One list for both widths; the names carry the width.
macro_rules! define_width {
    ($wide:literal $word:ty, $signed:ty;
     $add:ident $sub:ident $mul:ident $and:ident $or:ident $xor:ident $shl:ident $shr_u:ident
     $shr_s:ident $rotl:ident $rotr:ident $div_s:ident $div_u:ident $rem_s:ident $rem_u:ident
     $eq:ident $ne:ident $lt_s:ident $lt_u:ident $gt_s:ident $gt_u:ident $le_s:ident $le_u:ident
     $ge_s:ident $ge_u:ident $test:ident $test_not:ident) => {
        define_binary! { $wide, $word;
            $add(a, b) = Some(a.wrapping_add(b) as u64);
            $sub(a, b) = Some(a.wrapping_sub(b) as u64);
            $mul(a, b) = Some(a.wrapping_mul(b) as u64);
            $and(a, b) = Some((a & b) as u64);
            $or(a, b) = Some((a | b) as u64);
            $xor(a, b) = Some((a ^ b) as u64);
            $shl(a, b) = Some(a.wrapping_shl(b as u32) as u64);
            $shr_u(a, b) = Some(a.wrapping_shr(b as u32) as u64);
            $shr_s(a, b) = Some((a as $signed).wrapping_shr(b as u32) as $word as u64);
            $rotl(a, b) = Some(a.rotate_left(b as u32 & (<$word>::BITS.wrapping_sub(1))) as u64);
            $rotr(a, b) = Some(a.rotate_right(b as u32 & (<$word>::BITS.wrapping_sub(1))) as u64);
            $div_s(a, b) = (a as $signed).checked_div(b as $signed).map(|v| v as $word as u64);
            $div_u(a, b) = a.checked_div(b).map(|v| v as u64);
            $rem_s(a, b) = if b == 0 { None } else {
                Some((a as $signed).wrapping_rem(b as $signed) as $word as u64)
            };
            $rem_u(a, b) = a.checked_rem(b).map(|v| v as u64);
            $eq(a, b) = Some((a == b) as u64);
            $ne(a, b) = Some((a != b) as u64);
            $lt_s(a, b) = Some(((a as $signed) < (b as $signed)) as u64);
            $lt_u(a, b) = Some((a < b) as u64);
            $gt_s(a, b) = Some(((a as $signed) > (b as $signed)) as u64);
            $gt_u(a, b) = Some((a > b) as u64);
            $le_s(a, b) = Some(((a as $signed) <= (b as $signed)) as u64);
            $le_u(a, b) = Some((a <= b) as u64);
            $ge_s(a, b) = Some(((a as $signed) >= (b as $signed)) as u64);
            $ge_u(a, b) = Some((a >= b) as u64);
            $test(a, b) = Some((a & b != 0) as u64);
            $test_not(a, b) = Some((a & b == 0) as u64);
        }
    };
}
define_width! { false u32, i32;
Add32 Sub32 Mul32 And32 Or32 Xor32 Shl32 ShrU32 ShrS32 Rotl32 Rotr32 DivS32 DivU32 RemS32 RemU32
Eq32 Ne32 LtS32 LtU32 GtS32 GtU32 LeS32 LeU32 GeS32 GeU32 Test32 TestNot32 }
define_width! { true u64, i64;
Add64 Sub64 Mul64 And64 Or64 Xor64 Shl64 ShrU64 ShrS64 Rotl64 Rotr64 DivS64 DivU64 RemS64 RemU64
Eq64 Ne64 LtS64 LtU64 GtS64 GtU64 LeS64 LeU64 GeS64 GeU64 Test64 TestNot64 }

/// An enum of operators with conversions to and from numbers.
macro_rules! define_names {
    ($(#[$doc:meta])* $enum:ident: $($name:ident)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(crate) enum $enum { $($name),* }

        impl $enum {
            const ALL: &'static [Self] = &[$(Self::$name),*];

            pub(crate) const fn number(self) -> u8 {
                self as u8
            }

            pub(crate) fn of(number: u8) -> Option<Self> {
                Self::ALL.get(usize::from(number)).copied()
            }
        }
    };
}

define_names! {
    /// A binary operator of internal code. `Test` is true if the bitwise and is not zero; `TestNot`
    /// is its negation.
    Binary:
    Add32 Sub32 Mul32 And32 Or32 Xor32 Shl32 ShrU32 ShrS32 Rotl32 Rotr32 DivS32 DivU32 RemS32 RemU32
    Eq32 Ne32 LtS32 LtU32 GtS32 GtU32 LeS32 LeU32 GeS32 GeU32 Test32
            TestNot32
    Add64 Sub64 Mul64 And64 Or64 Xor64 Shl64 ShrU64 ShrS64 Rotl64 Rotr64 DivS64 DivU64 RemS64 RemU64
    Eq64 Ne64 LtS64 LtU64 GtS64 GtU64 LeS64 LeU64 GeS64 GeU64 Test64 TestNot64
}

impl Binary {
    /// True if the operator with this number has 64-bit operands.
    pub(super) const fn is_wide(number: u8) -> bool {
        number >= Self::Add64.number()
    }

    pub(crate) const fn can_trap(self) -> bool {
        matches!(
            self,
            Self::DivS32
                | Self::DivU32
                | Self::RemS32
                | Self::RemU32
                | Self::DivS64
                | Self::DivU64
                | Self::RemS64
                | Self::RemU64
        )
    }

    pub(crate) const fn is_compare(self) -> bool {
        let number = self.number();
        let narrow = number >= Self::Eq32.number() && number <= Self::TestNot32.number();
        narrow || number >= Self::Eq64.number()
    }

    const fn is_commutative(self) -> bool {
        matches!(
            self,
            Self::Add32
                | Self::Mul32
                | Self::And32
                | Self::Or32
                | Self::Xor32
                | Self::Eq32
                | Self::Ne32
                | Self::Test32
                | Self::TestNot32
                | Self::Add64
                | Self::Mul64
                | Self::And64
                | Self::Or64
                | Self::Xor64
                | Self::Eq64
                | Self::Ne64
                | Self::Test64
                | Self::TestNot64
        )
    }

    /// The comparison that is true where this one is false; other operators have none.
    pub(crate) const fn inverse(self) -> Option<Self> {
        Some(match self {
            Self::Eq32 => Self::Ne32,
            Self::Ne32 => Self::Eq32,
            Self::LtS32 => Self::GeS32,
            Self::GeS32 => Self::LtS32,
            Self::LtU32 => Self::GeU32,
            Self::GeU32 => Self::LtU32,
            Self::GtS32 => Self::LeS32,
            Self::LeS32 => Self::GtS32,
            Self::GtU32 => Self::LeU32,
            Self::LeU32 => Self::GtU32,
            Self::Test32 => Self::TestNot32,
            Self::TestNot32 => Self::Test32,
            Self::Eq64 => Self::Ne64,
            Self::Ne64 => Self::Eq64,
            Self::LtS64 => Self::GeS64,
            Self::GeS64 => Self::LtS64,
            Self::LtU64 => Self::GeU64,
            Self::GeU64 => Self::LtU64,
            Self::GtS64 => Self::LeS64,
            Self::LeS64 => Self::GtS64,
            Self::GtU64 => Self::LeU64,
            Self::LeU64 => Self::GtU64,
            Self::Test64 => Self::TestNot64,
            Self::TestNot64 => Self::Test64,
            _ => return None,
        })
    }

    /// The operator with the same result for exchanged operands.
    pub(crate) const fn exchanged(self) -> Option<Self> {
        if self.is_commutative() {
            return Some(self);
        }
        Some(match self {
            Self::LtS32 => Self::GtS32,
            Self::GtS32 => Self::LtS32,
            Self::LtU32 => Self::GtU32,
            Self::GtU32 => Self::LtU32,
            Self::LeS32 => Self::GeS32,
            Self::GeS32 => Self::LeS32,
            Self::LeU32 => Self::GeU32,
            Self::GeU32 => Self::LeU32,
            Self::LtS64 => Self::GtS64,
            Self::GtS64 => Self::LtS64,
            Self::LtU64 => Self::GtU64,
            Self::GtU64 => Self::LtU64,
            Self::LeS64 => Self::GeS64,
            Self::GeS64 => Self::LeS64,
            Self::LeU64 => Self::GeU64,
            Self::GeU64 => Self::LeU64,
            _ => return None,
        })
    }

    /// The result for constants; `None` is a trap.
    pub(crate) fn fold(self, left: u64, right: u64) -> Option<u64> {
        with_binary!(self, T => T::apply(Word::from_bits(left), Word::from_bits(right)))
    }
}

// `$e` with `$T` naming the type of the operator `$op`: a value selects a monomorphised handler.
macro_rules! with_listed {
    ($op:expr, $T:ident => $e:expr, $other:expr; $($name:ident)*) => {
        match $op {
            $( $crate::translate::integer::Binary::$name => {
                type $T = $crate::translate::integer::$name;
                $e
            } )*
            _ => $other,
        }
    };
}
macro_rules! with_binary {
    (@ $op:expr, $T:ident => $e:expr; $($name:ident)*) => {
        match $op {
            $( $crate::translate::integer::Binary::$name => {
                type $T = $crate::translate::integer::$name;
                $e
            } )*
        }
    };
    ($op:expr, $T:ident => $e:expr) => {
        $crate::translate::integer::with_binary!(@ $op, $T => $e;
            Add32 Sub32 Mul32 And32 Or32 Xor32 Shl32 ShrU32 ShrS32 Rotl32 Rotr32 DivS32
            DivU32 RemS32 RemU32 Eq32 Ne32 LtS32 LtU32 GtS32 GtU32 LeS32 LeU32 GeS32
            GeU32 Test32 TestNot32
            Add64 Sub64 Mul64 And64 Or64 Xor64 Shl64 ShrU64 ShrS64 Rotl64 Rotr64 DivS64
            DivU64 RemS64 RemU64 Eq64 Ne64 LtS64 LtU64 GtS64 GtU64 LeS64 LeU64 GeS64
            GeU64 Test64 TestNot64)
    };
}
macro_rules! with_compare {
    ($op:expr, $T:ident => $e:expr, $other:expr) => {
        $crate::translate::integer::with_listed!($op, $T => $e, $other;
            Eq32 Ne32 LtS32 LtU32 GtS32 GtU32 LeS32 LeU32 GeS32 GeU32 Test32
            TestNot32
            Eq64 Ne64 LtS64 LtU64 GtS64 GtU64 LeS64 LeU64 GeS64 GeU64 Test64 TestNot64)
    };
}
pub(crate) use {with_binary, with_compare, with_listed};

macro_rules! define_unary {
    ($($name:ident($a:ident) = $result:expr;)*) => {
        $(
            pub(crate) struct $name;
            impl UnaryOperator for $name {
                #[inline(always)]
                fn apply($a: u64) -> u64 { $result }
            }
        )*
        define_names! {
            /// A unary operator of internal code.
            Unary: $($name)*
        }
        impl Unary {
            /// The result for a constant.
            pub(crate) fn fold(self, operand: u64) -> u64 {
                match self { $(Self::$name => $name::apply(operand)),* }
            }
        }
    };
}
define_unary! {
    Clz32(a) = u64::from((a as u32).leading_zeros());
    Ctz32(a) = u64::from((a as u32).trailing_zeros());
    Popcnt32(a) = u64::from((a as u32).count_ones());
    Extend8S32(a) = a as i8 as i32 as u32 as u64;
    Extend16S32(a) = a as i16 as i32 as u32 as u64;
    Clz64(a) = u64::from(a.leading_zeros());
    Ctz64(a) = u64::from(a.trailing_zeros());
    Popcnt64(a) = u64::from(a.count_ones());
    Extend8S64(a) = a as i8 as i64 as u64;
    Extend16S64(a) = a as i16 as i64 as u64;
    Extend32S64(a) = a as i32 as i64 as u64;
    Wrap(a) = a as u32 as u64;
}

define_names! {
    /// A load: width, extension, and whether the sign fills 64 bits.
    Load: L32 L64 L8U L16U L8S L16S L8S64 L16S64 L32S64
}

define_names! {
    /// A store by its width.
    Store: S8 S16 S32 S64
}
