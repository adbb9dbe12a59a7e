//! Encodes the keys of a map so that their bytes sort as their values do.
//!
//! The host iterates keys in bytewise order. Numbers are therefore big endian (a signed one with
//! its sign bit flipped), byte lists end in `00 01` with each `00` inside encoded as `00 ff`, and a
//! tuple is its parts one after the other. No encoding begins with another of the same type, so
//! tuples sort by their first part, then by the second.

use alloc::{string::String, vec::Vec};

use crate::Address;

/// A type that can be the key of a [`Map`](crate::Map); a tuple of up to four of them is one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a map",
    label = "not a key",
    note = "keys are numbers, bool, Address, byte arrays, String, Vec<u8> and tuples of them"
)]
pub trait Key: Sized {
    /// Appends the encoding.
    fn encode_key(&self, key: &mut Vec<u8>);

    /// Decodes a key from the front and removes its bytes; `None` if they are no encoding.
    fn decode_key(bytes: &mut &[u8]) -> Option<Self>;
}

/// Removes the first `N` bytes.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

impl<const N: usize> Key for [u8; N] {
    fn encode_key(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(self);
    }

    fn decode_key(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes)
    }
}

impl Key for Address {
    fn encode_key(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(&self.0);
    }

    fn decode_key(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes).map(Self)
    }
}

impl Key for bool {
    fn encode_key(&self, key: &mut Vec<u8>) {
        key.push(u8::from(*self));
    }

    fn decode_key(bytes: &mut &[u8]) -> Option<Self> {
        match take(bytes)? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

/// Implements [`Key`] for numbers: big endian, for a signed one after its sign bit is flipped.
macro_rules! number {
    ($($number:ty, $sign:expr;)*) => {$(
        #[expect(
            clippy::big_endian_bytes,
            reason = "the bytes must sort as the numbers do, on every machine"
        )]
        impl Key for $number {
            fn encode_key(&self, key: &mut Vec<u8>) {
                key.extend_from_slice(&(*self ^ $sign).to_be_bytes());
            }

            fn decode_key(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map(|bytes| Self::from_be_bytes(bytes) ^ $sign)
            }
        }
    )*};
}

number! {
    u8, 0; u16, 0; u32, 0; u64, 0; u128, 0;
    i8, Self::MIN; i16, Self::MIN; i32, Self::MIN; i64, Self::MIN; i128, Self::MIN;
}

impl Key for Vec<u8> {
    fn encode_key(&self, key: &mut Vec<u8>) {
        encode_bytes(self, key);
    }

    fn decode_key(bytes: &mut &[u8]) -> Option<Self> {
        let mut list = Self::new();
        loop {
            match take(bytes)? {
                [0] => match take(bytes)? {
                    [0xff] => list.push(0),
                    [1] => return Some(list),
                    _ => return None,
                },
                [byte] => list.push(byte),
            }
        }
    }
}

impl Key for String {
    fn encode_key(&self, key: &mut Vec<u8>) {
        encode_bytes(self.as_bytes(), key);
    }

    fn decode_key(bytes: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(Vec::decode_key(bytes)?).ok()
    }
}

fn encode_bytes(bytes: &[u8], key: &mut Vec<u8>) {
    for byte in bytes {
        key.push(*byte);
        if *byte == 0 {
            key.push(0xff);
        }
    }
    key.extend_from_slice(&[0, 1]);
}

macro_rules! tuple {
    ($($part:ident $index:tt),*) => {
        impl<$($part: Key),*> Key for ($($part,)*) {
            fn encode_key(&self, key: &mut Vec<u8>) {
                $(self.$index.encode_key(key);)*
            }

            fn decode_key(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($part::decode_key(bytes)?,)*))
            }
        }
    };
}

tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
