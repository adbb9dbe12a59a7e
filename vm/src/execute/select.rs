//! Chooses the handler of a shape: maps values to type parameters.
//!
//! `None` means that there is no handler; the translator never emits such a shape.

use super::dispatch::{Dispatch, Handler};
use super::handler::arithmetic::{
    AddAdd, Binary, BinaryBinary, CompareSelect, CopyAcc, CopyImmediate, CopySlot,
    CopyTwoImmediates, CopyTwoSlots, Select, Unary,
};
use super::handler::call::{Call, CallHost, CallIndirect, FirstEntry, Return, StopInstruction};
use super::handler::control::{
    BinaryCompareBranch, Branch, BranchTable, Charge, CompareBranch, Float, LoadCompareBranch,
    Unreachable,
};
use super::handler::fused::{
    BinaryStore, CallMultiply, CopyBranch, CopyFourSlots, GlobalAdd, LoadStore,
};
use super::handler::memory::{
    GlobalGet, GlobalSet, Load, LoadBinary, LoadDisplaced, LoadIndexed, LoadScaled, MemoryBulk,
    MemoryGrow, MemorySize, Store, StoreIndexed,
};
use super::handler::wide::{AddThree, AddWide, MultiplyAdd, MultiplyAddTwo, MultiplyWide};
use super::handler::{ABSENT, ACC, IMM, SLOT};
use crate::translate::form::Family;
use crate::translate::fusion::{
    with_binary_store, with_load_compare, with_load_pair, with_load_store, with_pair, with_step,
};
use crate::translate::integer::{self, with_binary, with_compare, with_listed};
use crate::translate::layout::Kind;
use crate::translate::shape::Shape;
use crate::trap::Trap;

// `$e` with `$A` naming the kind of an operand as a constant.
macro_rules! with_kind {
    ($kind:expr, [$($name:ident)*], $A:ident => $e:expr) => {
        match $kind {
            $( kind if kind.number() == $name => {
                const $A: u8 = $name;
                $e
            } )*
            _ => None,
        }
    };
}
// The handler of an operation, with and without a slot for its result.
macro_rules! slotted {
    ($D:ident, $R:ident, $shape:expr, $operation:ident) => {
        slotted!($D, $R, $shape, $operation<>)
    };
    ($D:ident, $R:ident, $shape:expr, $operation:ident<$($argument:ident),*>) => {
        if $shape.to_slot {
            Some($D::handler::<$operation<$($argument,)* true>, $R>())
        } else {
            Some($D::handler::<$operation<$($argument,)* false>, $R>())
        }
    };
}
// `$e` with `$R` naming the replica as a constant. The number of replicas changes only speed:
// builds below opt-level 2, and debug builds, have one and compile faster.
#[cfg(any(debug_assertions, one_replica))]
macro_rules! replicated {
    ($count:tt, $shape:expr, $R:ident => $e:expr) => {{
        const $R: u8 = 0;
        $e
    }};
}
#[cfg(not(any(debug_assertions, one_replica)))]
macro_rules! replicated {
    (@ $count:literal, $shape:expr, $R:ident => $e:expr, $($number:literal)*) => {
        match $shape.replica % $count { $( $number => { const $R: u8 = $number; $e } )* _ => None }
    };
    (1, $($rest:tt)*) => { replicated!(@ 1, $($rest)*, 0) };
    (2, $($rest:tt)*) => { replicated!(@ 2, $($rest)*, 0 1) };
    (4, $($rest:tt)*) => { replicated!(@ 4, $($rest)*, 0 1 2 3) };
    (8, $($rest:tt)*) => { replicated!(@ 8, $($rest)*, 0 1 2 3 4 5 6 7) };
    (16, $($rest:tt)*) => {
        replicated!(@ 16, $($rest)*, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
}

/// The handler of `shape`.
pub(super) fn handler<D: Dispatch>(shape: Shape) -> Option<Handler> {
    match shape.family {
        Family::Binary => binary::<D>(shape),
        Family::Unary => unary::<D>(shape),
        Family::BinaryBinary => binary_binary::<D>(shape),
        Family::CompareSelect => compare_select::<D>(shape),
        Family::CompareBranch => compare_branch::<D>(shape),
        Family::BinaryCompareBranch => binary_compare_branch::<D>(shape),
        Family::LoadCompareBranch => load_compare_branch::<D>(shape),
        Family::Load | Family::LoadIndexed | Family::LoadDisplaced | Family::LoadScaled => {
            load::<D>(shape)
        }
        Family::LoadBinary => load_binary::<D>(shape),
        Family::Store => store::<D>(shape),
        Family::StoreIndexed => store_indexed::<D>(shape),
        Family::BinaryStore => binary_store::<D>(shape),
        Family::LoadStore => load_store::<D>(shape),
        Family::MultiplyWide
        | Family::MultiplyWideSigned
        | Family::MultiplyAdd
        | Family::MultiplyAddTwo => wide_product::<D>(shape),
        Family::AddWide | Family::SubtractWide | Family::AddThree => wide_sum::<D>(shape),
        _ => single::<D>(shape),
    }
}

/// Instructions with one or few shapes.
fn single<D: Dispatch>(shape: Shape) -> Option<Handler> {
    replicated!(8, shape, R => match shape.family {
        Family::CopySlot => Some(D::handler::<CopySlot, R>()),
        Family::CopyTwoSlots => Some(D::handler::<CopyTwoSlots, R>()),
        Family::CopyFourSlots => Some(D::handler::<CopyFourSlots, R>()),
        Family::CopyAcc => Some(D::handler::<CopyAcc, R>()),
        Family::CopyImmediate => Some(D::handler::<CopyImmediate, R>()),
        Family::CopyTwoImmediates => Some(D::handler::<CopyTwoImmediates, R>()),
        Family::AddAdd => Some(D::handler::<AddAdd, R>()),
        Family::Branch => Some(D::handler::<Branch, R>()),
        Family::CopyBranch => Some(D::handler::<CopyBranch, R>()),
        Family::Call => Some(D::handler::<Call, R>()),
        Family::CallMultiply => Some(D::handler::<CallMultiply, R>()),
        Family::GlobalGet => slotted!(D, R, shape, GlobalGet),
        Family::GlobalAdd => with_kind!(shape.a, [SLOT ACC ABSENT], A =>
            slotted!(D, R, shape, GlobalAdd<A>)),
        Family::GlobalSet => with_kind!(shape.a, [SLOT ACC IMM], V =>
            Some(D::handler::<GlobalSet<V>, R>())),
        Family::Return => with_kind!(shape.a, [SLOT ACC IMM ABSENT], V =>
            Some(D::handler::<Return<V>, R>())),
        Family::BranchTable => with_kind!(shape.a, [SLOT ACC], A =>
            Some(D::handler::<BranchTable<A>, R>())),
        Family::CallIndirect => with_kind!(shape.a, [SLOT ACC], A =>
            Some(D::handler::<CallIndirect<A>, R>())),
        _ => rare::<D>(shape),
    })
}

fn rare<D: Dispatch>(shape: Shape) -> Option<Handler> {
    const R: u8 = 0;
    match shape.family {
        Family::Select => with_kind!(shape.a, [SLOT ACC], A => slotted!(D, R, shape, Select<A>)),
        Family::CallHost => Some(D::handler::<CallHost, R>()),
        Family::MemorySize => slotted!(D, R, shape, MemorySize),
        Family::MemoryGrow => Some(D::handler::<MemoryGrow, R>()),
        Family::MemoryCopy => Some(D::handler::<MemoryBulk<false>, R>()),
        Family::MemoryFill => Some(D::handler::<MemoryBulk<true>, R>()),
        Family::Charge => Some(D::handler::<Charge, R>()),
        Family::Stop => Some(D::handler::<StopInstruction, R>()),
        Family::FirstEntry => Some(D::handler::<FirstEntry, R>()),
        Family::Trap if u16::from(shape.first) == Trap::FloatInstruction.code() => {
            Some(D::handler::<Float, R>())
        }
        Family::Trap => Some(D::handler::<Unreachable, R>()),
        _ => None,
    }
}

// The most frequent operators in profiles; only these have many replicas.
macro_rules! with_frequent {
    ($op:expr, $T:ident => $e:expr, $other:expr) => {
        with_listed!($op, $T => $e, $other; Add32 Sub32 Mul32 And32 Or32 Xor32 Shl32 ShrU32 Rotl32
            Add64 Sub64 Mul64 And64 Or64 Xor64 Shl64 ShrU64 Rotl64 LtU64 LtU32 Eq32 Ne32)
    };
}
macro_rules! binary_shapes {
    ($D:ident, $R:ident, $T:ident, $shape:expr) => {
        match $shape.a {
            Kind::Immediate => {
                const A: u8 = IMM;
                with_kind!($shape.b, [SLOT ACC], B => slotted!($D, $R, $shape, Binary<$T, A, B>))
            }
            a => with_kind!(a, [SLOT ACC], A =>
                with_kind!($shape.b, [SLOT ACC IMM], B =>
                    slotted!($D, $R, $shape, Binary<$T, A, B>))),
        }
    };
}

fn binary<D: Dispatch>(shape: Shape) -> Option<Handler> {
    fn any<D: Dispatch>(op: integer::Binary, shape: Shape) -> Option<Handler> {
        const R: u8 = 0;
        with_binary!(op, T => binary_shapes!(D, R, T, shape))
    }
    let op = integer::Binary::of(shape.first)?;
    let frequent = replicated!(16, shape, R =>
        with_frequent!(op, T => binary_shapes!(D, R, T, shape), None));
    frequent.or_else(|| any::<D>(op, shape))
}

fn unary<D: Dispatch>(shape: Shape) -> Option<Handler> {
    macro_rules! each {
        ($($T:ident)*) => {
            match integer::Unary::of(shape.first)? { $( integer::Unary::$T => {
                type T = integer::$T;
                with_kind!(shape.a, [SLOT ACC], A => slotted!(D, R, shape, Unary<T, A>))
            } )* }
        };
    }
    const R: u8 = 0;
    each!(Clz32 Ctz32 Popcnt32 Extend8S32 Extend16S32 Clz64 Ctz64 Popcnt64 Extend8S64 Extend16S64
        Extend32S64 Wrap)
}

fn binary_binary<D: Dispatch>(shape: Shape) -> Option<Handler> {
    let (first, second) = (
        integer::Binary::of(shape.first)?,
        integer::Binary::of(shape.second)?,
    );
    replicated!(4, shape, R => with_pair!(first, second, O, P =>
        with_kind!(shape.a, [SLOT ACC], A => with_kind!(shape.b, [SLOT IMM], B =>
            with_kind!(shape.c, [SLOT IMM], C =>
                slotted!(D, R, shape, BinaryBinary<O, P, A, B, C>)))), None))
}

fn compare_select<D: Dispatch>(shape: Shape) -> Option<Handler> {
    const R: u8 = 0;
    let op = integer::Binary::of(shape.first)?;
    with_compare!(op, T => with_kind!(shape.a, [SLOT ACC], A =>
        with_kind!(shape.b, [SLOT ACC IMM], B =>
            slotted!(D, R, shape, CompareSelect<T, A, B>))), None)
}

fn compare_branch<D: Dispatch>(shape: Shape) -> Option<Handler> {
    let op = integer::Binary::of(shape.first)?;
    replicated!(8, shape, R => with_compare!(op, T => match shape.a {
        Kind::Immediate => {
            const A: u8 = IMM;
            with_kind!(shape.b, [SLOT ACC], B => Some(D::handler::<CompareBranch<T, A, B>, R>()))
        }
        a => with_kind!(a, [SLOT ACC], A => with_kind!(shape.b, [SLOT ACC IMM], B =>
            Some(D::handler::<CompareBranch<T, A, B>, R>()))),
    }, None))
}

fn binary_compare_branch<D: Dispatch>(shape: Shape) -> Option<Handler> {
    let (first, second) = (
        integer::Binary::of(shape.first)?,
        integer::Binary::of(shape.second)?,
    );
    replicated!(4, shape, R => with_step!(first, second, O, P =>
        with_kind!(shape.b, [SLOT IMM], B =>
            Some(D::handler::<BinaryCompareBranch<O, P, B>, R>())), None))
}

fn load_compare_branch<D: Dispatch>(shape: Shape) -> Option<Handler> {
    let (load, op) = (
        integer::Load::of(shape.first)?,
        integer::Binary::of(shape.second)?,
    );
    replicated!(2, shape, R => with_load_compare!(load, op, T, O =>
        with_kind!(shape.b, [SLOT IMM], B => with_kind!(shape.c, [SLOT ABSENT], INDEX =>
            slotted!(D, R, shape, LoadCompareBranch<T, O, B, INDEX>))), None))
}

// `$e` with `$T` naming the type of a listed load.
macro_rules! with_load {
    ($load:expr, $T:ident => $e:expr; $($name:ident)*) => {
        match $load {
            $( integer::Load::$name => { type $T = crate::translate::fusion::$name; $e } )*
            _ => None,
        }
    };
}
macro_rules! load_shapes {
    ($D:ident, $R:ident, $T:ident, $shape:expr) => {
        with_kind!($shape.a, [SLOT ACC], A => match $shape.family {
            Family::Load => slotted!($D, $R, $shape, Load<$T, A>),
            Family::LoadIndexed => slotted!($D, $R, $shape, LoadIndexed<$T, A>),
            Family::LoadDisplaced => slotted!($D, $R, $shape, LoadDisplaced<$T, A>),
            _ => slotted!($D, $R, $shape, LoadScaled<$T, A>),
        })
    };
}

fn load<D: Dispatch>(shape: Shape) -> Option<Handler> {
    fn any<D: Dispatch>(load: integer::Load, shape: Shape) -> Option<Handler> {
        const R: u8 = 0;
        with_load!(load, T => load_shapes!(D, R, T, shape); L16U L8S L16S L8S64 L16S64 L32S64)
    }
    let load = integer::Load::of(shape.first)?;
    let frequent = replicated!(16, shape, R =>
        with_load!(load, T => load_shapes!(D, R, T, shape); L32 L64 L8U));
    frequent.or_else(|| any::<D>(load, shape))
}

fn load_binary<D: Dispatch>(shape: Shape) -> Option<Handler> {
    let (load, op) = (
        integer::Load::of(shape.first)?,
        integer::Binary::of(shape.second)?,
    );
    replicated!(8, shape, R => with_load_pair!(load, op, T, O =>
        with_kind!(shape.a, [SLOT ACC], X => slotted!(D, R, shape, LoadBinary<T, O, X>)), None))
}

fn binary_store<D: Dispatch>(shape: Shape) -> Option<Handler> {
    let op = integer::Binary::of(shape.first)?;
    let store = integer::Store::of(shape.second)?;
    replicated!(4, shape, R => with_binary_store!(op, store, O, N => match shape.a {
        Kind::Slot => {
            const X: u8 = SLOT;
            with_kind!(shape.b, [SLOT ACC IMM], Y => slotted!(D, R, shape, BinaryStore<O, N, X, Y>))
        }
        _ => {
            const X: u8 = ACC;
            with_kind!(shape.b, [SLOT IMM], Y => slotted!(D, R, shape, BinaryStore<O, N, X, Y>))
        }
    }, None))
}

fn load_store<D: Dispatch>(shape: Shape) -> Option<Handler> {
    let load = integer::Load::of(shape.first)?;
    let store = integer::Store::of(shape.second)?;
    replicated!(8, shape, R => with_load_store!(load, store, T, N =>
        Some(D::handler::<LoadStore<T, N>, R>()), None))
}

// `$e` with `$N` naming the width of a store in bytes as a constant.
macro_rules! with_width {
    ($number:expr, $N:ident => $e:expr) => {
        match integer::Store::of($number)? {
            integer::Store::S8 => { const $N: usize = 1; $e }
            integer::Store::S16 => { const $N: usize = 2; $e }
            integer::Store::S32 => { const $N: usize = 4; $e }
            integer::Store::S64 => { const $N: usize = 8; $e }
        }
    };
}

fn store<D: Dispatch>(shape: Shape) -> Option<Handler> {
    replicated!(8, shape, R => with_width!(shape.first, N =>
        with_kind!(shape.a, [SLOT ACC], A => with_kind!(shape.b, [SLOT ACC IMM], V =>
            Some(D::handler::<Store<N, A, V>, R>())))))
}

fn store_indexed<D: Dispatch>(shape: Shape) -> Option<Handler> {
    replicated!(8, shape, R => with_width!(shape.first, N =>
        with_kind!(shape.a, [SLOT ACC], A => with_kind!(shape.b, [SLOT ACC IMM], V =>
            with_kind!(shape.c, [SLOT IMM], B =>
                Some(D::handler::<StoreIndexed<N, A, V, B>, R>()))))))
}

fn wide_product<D: Dispatch>(shape: Shape) -> Option<Handler> {
    const SIGNED: bool = true;
    const UNSIGNED: bool = false;
    replicated!(4, shape, R => with_kind!(shape.a, [SLOT ACC], A =>
    with_kind!(shape.b, [SLOT ACC IMM], B => match shape.family {
        Family::MultiplyWide => slotted!(D, R, shape, MultiplyWide<UNSIGNED, A, B>),
        Family::MultiplyWideSigned => slotted!(D, R, shape, MultiplyWide<SIGNED, A, B>),
        Family::MultiplyAdd => with_kind!(shape.c, [SLOT ABSENT], C =>
            slotted!(D, R, shape, MultiplyAdd<A, B, C>)),
        _ => with_kind!(shape.c, [SLOT ACC], C =>
            slotted!(D, R, shape, MultiplyAddTwo<A, B, C>)),
    })))
}

fn wide_sum<D: Dispatch>(shape: Shape) -> Option<Handler> {
    const SUBTRACT: bool = true;
    const ADD: bool = false;
    macro_rules! each {
        ($R:ident, $S:ident) => {
            with_kind!(shape.a, [SLOT ACC ABSENT], A => with_kind!(shape.b, [SLOT ACC IMM], B =>
                with_kind!(shape.c, [SLOT ACC IMM ABSENT], C =>
                    slotted!(D, $R, shape, AddWide<$S, A, B, C>))))
        };
    }
    match shape.family {
        Family::AddThree => replicated!(4, shape, R => with_kind!(shape.a, [SLOT ACC], A =>
            slotted!(D, R, shape, AddThree<A>))),
        Family::AddWide => replicated!(2, shape, R => each!(R, ADD)),
        _ => {
            const R: u8 = 0;
            each!(R, SUBTRACT)
        }
    }
}
