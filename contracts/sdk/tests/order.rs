//! Tests that a map is iterated in the order of its keys, page by page.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "squares of small numbers, in a test"
)]

use std::ops::Bound;

use sdk::{Address, Key, Map, mock};

const NUMBERS: Map<u32, u64> = Map::new(b"n");

fn encoded(key: &impl Key) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.encode_key(&mut bytes);
    bytes
}

/// Each key decodes to itself, and the encodings ascend as the keys do.
fn ascends<K: Key + PartialEq + std::fmt::Debug>(keys: &[K]) {
    for key in keys {
        let bytes = encoded(key);
        let mut rest = bytes.as_slice();
        assert_eq!(K::decode_key(&mut rest).as_ref(), Some(key));
        assert!(rest.is_empty(), "{key:?} leaves {rest:?}");
    }
    for pair in keys.windows(2) {
        let (low, high) = (encoded(&pair[0]), encoded(&pair[1]));
        assert!(low < high, "{:?} and {:?}", pair[0], pair[1]);
        assert!(!high.starts_with(&low), "{:?}", pair[0]);
    }
}

#[test]
fn keys_sort_as_their_values_do() {
    ascends(&[0_u8, 1, 127, 128, 255]);
    ascends(&[0_u64, 255, 256, 65_535, 65_536, u64::MAX]);
    ascends(&[0_u128, 1 << 64, u128::MAX]);
    ascends(&[i32::MIN, -256, -1, 0, 1, 255, 256, i32::MAX]);
    ascends(&[i128::MIN, -1, 0, i128::MAX]);
    ascends(&[false, true]);
    ascends(&[Address([0; 32]), Address([1; 32])]);
    let texts = [
        "", "\0", "\0\0", "\0a", "a", "a\0", "a\0b", "a\u{1}", "ab", "b",
    ];
    ascends(&texts.map(String::from));
    let lists: [&[u8]; 6] = [&[], &[0], &[0, 0xff], &[1], &[0xff], &[0xff, 0]];
    ascends(&lists.map(<[u8]>::to_vec));
    ascends(&[
        (String::from("a"), 9_u8),
        (String::from("a\0"), 0),
        (String::from("ab"), 0),
        (String::from("ab"), 255),
    ]);
    ascends(&[(1_u8, 2_u16, 3_u32, 4_u64), (1, 2, 3, 5), (1, 3, 0, 0)]);
}

#[test]
fn bytes_that_encode_no_key_decode_to_none() {
    assert_eq!(u32::decode_key(&mut [0; 3].as_slice()), None);
    assert_eq!(bool::decode_key(&mut [2].as_slice()), None);
    for bytes in [&[1, 2][..], &[0], &[0, 2], &[1, 0]] {
        assert_eq!(Vec::<u8>::decode_key(&mut &*bytes), None, "{bytes:?}");
    }
    assert_eq!(String::decode_key(&mut [0xfe, 0, 1].as_slice()), None);
}

/// 100 entries, n -> n * n, and entries under the next prefixes that must not be seen.
fn hundred() {
    for n in (0..100).rev() {
        NUMBERS.set(&n, &u64::from(n * n));
    }
    Map::<u32, u64>::new(b"m").set(&u32::MAX, &1);
    Map::<u32, u64>::new(b"o").set(&0, &1);
}

#[test]
fn an_iteration_over_many_pages_sees_each_entry_once() {
    hundred();
    let all: Vec<_> = NUMBERS.iter(u32::MAX).collect();
    let expected: Vec<_> = (0..100).map(|n| (n, u64::from(n * n))).collect();
    assert_eq!(all, expected);
    for limit in [0, 1, 31, 32, 33, 64, 99, 100, 101] {
        let seen = NUMBERS.iter(limit).count();
        assert_eq!(seen, usize::try_from(limit.min(100)).unwrap());
    }
}

#[test]
fn a_range_has_the_bounds_of_rust() {
    hundred();
    let keys = |range: (Bound<u32>, Bound<u32>)| -> Vec<u32> {
        NUMBERS.range(range, 200).map(|(key, _)| key).collect()
    };
    let bounds = [
        Bound::Unbounded,
        Bound::Included(5),
        Bound::Excluded(5),
        Bound::Included(60),
        Bound::Excluded(60),
    ];
    for start in bounds {
        for end in bounds {
            let expected: Vec<u32> = (0..100)
                .filter(|n| std::ops::RangeBounds::contains(&(start, end), n))
                .collect();
            assert_eq!(keys((start, end)), expected, "{start:?} {end:?}");
        }
    }
    assert_eq!(NUMBERS.range(98.., 9).count(), 2);
}

#[test]
fn the_entries_of_one_first_part_are_adjacent() {
    const PAIRS: Map<(Address, u64), u8> = Map::new(b"p");
    let owners = [Address([0; 32]), Address([0xff; 32]), Address([7; 32])];
    for (index, owner) in (0..).zip(owners) {
        for id in [0, 1, 256, u64::MAX] {
            PAIRS.set(&(owner, id), &index);
        }
    }
    for (index, owner) in (0_u8..).zip(owners) {
        let found: Vec<_> = PAIRS.within(&owner, 10).collect();
        let expected = [0, 1, 256, u64::MAX].map(|id| ((owner, id), index));
        assert_eq!(found, expected);
    }
}

#[test]
fn prefixes_and_keys_at_the_end_of_their_range_are_iterated() {
    const LAST: Map<[u8; 255], u8> = Map::new(b"\xff");
    for byte in [0, 0xfe, 0xff] {
        LAST.set(&[byte; 255], &byte);
    }
    let seen: Vec<u8> = LAST.iter(10).map(|(_, value)| value).collect();
    assert_eq!(seen, [0, 0xfe, 0xff]);
    // The greatest key has no successor: the iteration ends after it.
    assert_eq!(LAST.range([0xff; 255].., 10).count(), 1);
    assert_eq!(
        LAST.range((Bound::Excluded([0xfe; 255]), Bound::Unbounded), 10)
            .count(),
        1
    );
}

#[test]
fn a_value_longer_than_a_page_is_fetched() {
    const LONG: Map<u8, Vec<u8>> = Map::new(b"l");
    let lengths = [0, 3_000, 10, 65_532, 1];
    for (key, length) in (0..).zip(lengths) {
        LONG.set(&key, &vec![key; length]);
    }
    let seen: Vec<_> = LONG.iter(9).map(|(_, value)| value.len()).collect();
    assert_eq!(seen, lengths);
}

#[test]
fn entries_can_be_removed_during_the_iteration() {
    hundred();
    for (key, _) in NUMBERS.iter(u32::MAX) {
        assert!(NUMBERS.remove(&key));
    }
    assert_eq!(NUMBERS.iter(1).count(), 0);
    assert_eq!(mock::storage().len(), 2);
}
