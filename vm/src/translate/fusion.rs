//! Lists which operators are fused: pairs with a handler of their own, chosen by profiles.
//!
//! The translator tests whether a pair is listed; `execute` instantiates the handlers from the same
//! lists. docs/performance.md says why each pair is listed.

#![expect(clippy::as_conversions, reason = "extension is the definition")]

use super::integer::{Binary, Load, Store};

// `$e` with `$O` and `$P` naming the types of a listed pair of operators.
macro_rules! with_pair {
    (@ $first:expr, $second:expr, $O:ident, $P:ident => $e:expr, $other:expr;
     $($A:ident: $($B:ident)*;)*) => {
        match ($first, $second) {
            $( $( (
                $crate::translate::integer::Binary::$A,
                $crate::translate::integer::Binary::$B,
            ) => {
                type $O = $crate::translate::integer::$A;
                type $P = $crate::translate::integer::$B;
                $e
            } )* )*
            _ => $other,
        }
    };
    ($($query:tt)*) => {
        $crate::translate::fusion::with_pair! { @ $($query)*;
            Add32: Add32 And32 Xor32 Shl32 Sub32 ShrU32 Mul32 Rotl32;
            And32: Add32 Or32 Xor32 Shl32 ShrU32 And32;
            Or32: Or32 And32 Xor32;
            Xor32: Xor32 And32 Add32 Rotl32 Or32 ShrU32 Mul32;
            Shl32: Add32 Or32 And32 Xor32 ShrS32 ShrU32 Sub32;
            ShrU32: And32 Or32 Xor32 Add32 Shl32;
            ShrS32: Add32;
            Rotl32: Xor32 Add32;
            Rotr32: Xor32;
            Sub32: Add32 Shl32 And32 Sub32 ShrU32;
            Mul32: Add32 Xor32 Sub32;
            Add64: Add64 And64 Xor64 Shl64 Sub64 ShrU64 Mul64 Rotl64;
            And64: Add64 Or64 Xor64 Shl64 ShrU64 Mul64 And64;
            Or64: Or64 And64 Xor64;
            Xor64: Xor64 And64 Add64 Rotl64 Or64 Mul64 ShrU64;
            Shl64: Add64 Or64 And64 Xor64 ShrS64;
            ShrU64: And64 Or64 Xor64 Add64 Mul64 Shl64 ShrU64;
            Rotl64: Xor64 Add64;
            Sub64: Add64 And64 Sub64;
            Mul64: Add64 Xor64 Sub64 Rotl64 ShrU64 Mul64;
            LtU64: Add64;
        }
    };
}

// `$e` with `$T` and `$O` naming the types of a listed load and the operator that uses its value.
macro_rules! with_load_pair {
    (@ $load:expr, $op:expr, $T:ident, $O:ident => $e:expr, $other:expr;
     $($A:ident: $($B:ident)*;)*) => {
        match ($load, $op) {
            $( $( (
                $crate::translate::integer::Load::$A,
                $crate::translate::integer::Binary::$B,
            ) => {
                type $T = $crate::translate::fusion::$A;
                type $O = $crate::translate::integer::$B;
                $e
            } )* )*
            _ => $other,
        }
    };
    ($($query:tt)*) => {
        $crate::translate::fusion::with_load_pair! { @ $($query)*;
            L32: Add32 Xor32 And32 Or32 Mul32 Sub32 Add64 Mul64;
            L8U: Xor32 Add32 Or32 Xor64 Add64 Or64;
            L64: Add64 Xor64 And64 Or64 Mul64 Sub64;
            L32S64: Mul64 Add64;
        }
    };
}

// The same for a load whose value is compared and decides a branch.
macro_rules! with_load_compare {
    ($load:expr, $op:expr, $T:ident, $O:ident => $e:expr, $other:expr) => {
        $crate::translate::fusion::with_load_pair! { @ $load, $op, $T, $O => $e, $other;
            L32: Eq32 Ne32 LtS32 LtU32 GtS32 GtU32 LeS32 LeU32 GeS32 GeU32 Test32 TestNot32;
            L8U: Eq32 Ne32 LtS32 LtU32 GtS32 GtU32 LeS32 LeU32 GeS32 GeU32 Test32 TestNot32;
            L16U: Eq32 Ne32 LtS32 LtU32 GtS32 GtU32 LeS32 LeU32 GeS32 GeU32 Test32 TestNot32;
            L8S: Eq32 Ne32 LtS32 LtU32 GtS32 GtU32 LeS32 LeU32 GeS32 GeU32 Test32 TestNot32;
            L64: Eq64 Ne64 LtU64 GtU64 LeU64 GeU64;
        }
    };
}

// The same for an addition of a constant whose result is compared and decides a branch.
macro_rules! with_step {
    ($op:expr, $compare:expr, $O:ident, $P:ident => $e:expr, $other:expr) => {
        $crate::translate::fusion::with_pair! { @ $op, $compare, $O, $P => $e, $other;
            Add32: Eq32 Ne32 LtS32 LtU32 GtS32 GtU32 LeS32 LeU32 GeS32 GeU32;
            Add64: Eq64 Ne64 LtS64 LtU64 GtS64 GtU64 LeS64 LeU64 GeS64 GeU64;
        }
    };
}

// `$e` with `$T` naming the type of a listed first operator and `$N` the width in bytes of the
// store of its value.
macro_rules! with_stored {
    (@ $enum:ident, $types:ident; $first:expr, $store:expr, $T:ident, $N:ident => $e:expr,
     $other:expr; $($A:ident: $($S:ident $n:literal)*;)*) => {
        match ($first, $store) {
            $( $( (
                $crate::translate::integer::$enum::$A,
                $crate::translate::integer::Store::$S,
            ) => {
                type $T = $crate::translate::$types::$A;
                const $N: usize = $n;
                $e
            } )* )*
            _ => $other,
        }
    };
}

// The same for an operator and the store of its result.
macro_rules! with_binary_store {
    ($($query:tt)*) => {
        $crate::translate::fusion::with_stored! { @ Binary, integer; $($query)*;
            Add32: S32 4 S8 1;
            Sub32: S32 4;
            And32: S32 4 S8 1;
            Or32: S32 4 S8 1;
            Xor32: S32 4 S8 1;
            ShrU32: S8 1;
            Rotl32: S32 4;
            Add64: S64 8;
            Sub64: S64 8;
            And64: S64 8;
            Or64: S64 8;
            Xor64: S64 8;
            Rotl64: S64 8;
            Mul64: S64 8;
        }
    };
}

// The same for a load and the store of its value.
macro_rules! with_load_store {
    ($($query:tt)*) => {
        $crate::translate::fusion::with_stored! { @ Load, fusion; $($query)*;
            L32: S32 4;
            L64: S64 8;
            L8U: S8 1;
            L16U: S16 2;
        }
    };
}
pub(crate) use {with_binary_store, with_load_store, with_stored};
pub(crate) use {with_load_compare, with_load_pair, with_pair, with_step};

/// Width and extension of a load; implemented by a type for each [`Load`].
pub(crate) trait LoadOperator {
    /// Number of bytes read.
    const SIZE: usize;
    /// The slot's value for the bytes read, in the low part of `raw`.
    fn extend(raw: u64) -> u64;
}

macro_rules! define_loads {
    ($($name:ident $size:literal ($raw:ident) = $value:expr;)*) => { $(
        pub(crate) struct $name;
        impl LoadOperator for $name {
            const SIZE: usize = $size;
            #[inline(always)]
            fn extend($raw: u64) -> u64 { $value }
        }
    )* };
}
// The signed 32-bit forms go through u32, so that the upper half of a slot stays zero.
define_loads! {
    L32 4 (raw) = raw;
    L64 8 (raw) = raw;
    L8U 1 (raw) = raw;
    L16U 2 (raw) = raw;
    L8S 1 (raw) = raw as i8 as i32 as u32 as u64;
    L16S 2 (raw) = raw as i16 as i32 as u32 as u64;
    L8S64 1 (raw) = raw as i8 as i64 as u64;
    L16S64 2 (raw) = raw as i16 as i64 as u64;
    L32S64 4 (raw) = raw as i32 as i64 as u64;
}

/// Uses a pair of types, so that the lists can be used as conditions; always true.
const fn listed<A, B>() -> bool {
    size_of::<A>() == size_of::<B>()
}

pub(super) fn can_fuse_binary(first: Binary, second: Binary) -> bool {
    with_pair!(first, second, O, P => listed::<O, P>(), false)
}

pub(super) fn can_fuse_load(load: Load, op: Binary) -> bool {
    with_load_pair!(load, op, T, O => listed::<T, O>(), false)
}

pub(super) fn can_fuse_load_compare(load: Load, op: Binary) -> bool {
    with_load_compare!(load, op, T, O => listed::<T, O>(), false)
}

pub(super) fn can_fuse_step(op: Binary, compare: Binary) -> bool {
    with_step!(op, compare, O, P => listed::<O, P>(), false)
}

/// The same for a type and a width; always true.
const fn listed_width<A>(width: usize) -> bool {
    size_of::<A>() <= width
}

pub(super) fn can_fuse_store(op: Binary, store: Store) -> bool {
    with_binary_store!(op, store, T, N => listed_width::<T>(N), false)
}

pub(super) fn can_fuse_load_store(load: Load, store: Store) -> bool {
    with_load_store!(load, store, T, N => listed_width::<T>(N), false)
}
