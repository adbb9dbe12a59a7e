//! Tests the SDK with a contract that uses all of it, on the mock host.
#![cfg(test)]
#![expect(
    unreachable_pub,
    reason = "an entry is pub, and a test crate shows nothing"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use sdk::{Address, BorshDeserialize, CODE_BAD_INPUT, Event, Item, Map, Revert, env, mock};

/// A contract that uses every kind of entry.
#[sdk::contract]
mod sample {
    use sdk::{Address, Item, String, Vec, env};

    const NOTES: Item<Vec<String>> = Item::new(b"n");

    #[sdk::data]
    #[derive(Debug, PartialEq)]
    pub struct Pair {
        pub left: u8,
        pub right: Option<u8>,
    }

    #[sdk::event]
    pub struct Noted {
        #[topic]
        pub by: Address,
        #[topic]
        pub index: u32,
        pub text: String,
    }

    #[sdk::error]
    pub enum SampleError {
        #[message = "a note has a text"]
        Empty = 40,
        Full = 41,
    }

    pub fn note(text: String) -> Result<u32, SampleError> {
        if text.is_empty() {
            return Err(SampleError::Empty);
        }
        let mut notes = NOTES.get().unwrap_or_default();
        let index = u32::try_from(notes.len()).map_err(|_| SampleError::Full)?;
        notes.push(text.clone());
        NOTES.set(&notes);
        env::emit(&Noted {
            by: env::caller(),
            index,
            text,
        });
        Ok(index)
    }

    pub fn swap(left: u8, pair: Pair) -> Pair {
        Pair {
            left: pair.right.unwrap_or(left),
            right: Some(pair.left),
        }
    }

    pub fn nothing() {}

    pub fn forget() -> Result<(), SampleError> {
        NOTES.remove();
        Err(SampleError::Full)
    }
}

use sample::{Noted, entries};

/// The text of a panic.
fn panic_of(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => String::from(*payload.downcast::<&str>().unwrap()),
    }
}

#[test]
fn arguments_and_results_are_borsh_one_after_the_other() {
    let output = mock::call(entries::swap, &[9, 1, 1, 2]).unwrap();
    assert_eq!(output, [2, 1, 1]);
    assert_eq!(sample::Pair::try_from_slice(&output).unwrap().left, 2);
    assert_eq!(mock::call(entries::nothing, &[]), Ok(Vec::new()));
}

#[test]
fn input_that_is_not_canonical_is_an_error() {
    let refused = Err(Revert::new(CODE_BAD_INPUT));
    for input in [&[9, 1, 2, 2][..], &[9, 1, 0, 0], &[9, 1], &[]] {
        assert_eq!(mock::call(entries::swap, input), refused, "{input:?}");
    }
    // Not UTF-8.
    assert_eq!(mock::call(entries::note, &[1, 0, 0, 0, 0xff]), refused);
}

#[test]
fn an_error_carries_its_code_and_its_text() {
    let refused = mock::call(entries::note, &[0; 4]);
    assert_eq!(refused, Err(Revert::with_message(40, "a note has a text")));
    let bytes = borsh_bytes(&refused.unwrap_err());
    assert_eq!(bytes[..9], [40, 0, 0, 0, 1, 17, 0, 0, 0]);
    assert_eq!(borsh_bytes(&Revert::new(41)), [41, 0, 0, 0, 0]);
}

fn borsh_bytes(revert: &Revert) -> Vec<u8> {
    borsh::to_vec(revert).unwrap()
}

#[test]
fn a_revert_rolls_back_writes_and_events() {
    mock::call(entries::note, &[1, 0, 0, 0, b'a']).unwrap();
    let before = mock::storage();
    assert_eq!(mock::call(entries::forget, &[]), Err(Revert::new(41)));
    assert_eq!(mock::storage(), before);
    assert_eq!(mock::take_events().len(), 1);
}

#[test]
fn an_event_has_its_name_and_its_marked_fields_as_topics() {
    mock::set_caller(Address([4; 32]));
    mock::call(entries::note, &[1, 0, 0, 0, b'a']).unwrap();
    mock::call(entries::note, &[1, 0, 0, 0, b'b']).unwrap();
    let events = mock::take_events();
    let mut index = [0; 32];
    index[0] = 1;
    assert_eq!(events[1].topics, [env::sha256(b"Noted"), [4; 32], index]);
    assert_eq!(Noted::NAME_TOPIC, env::sha256(Noted::NAME.as_bytes()));
    let noted = events[1].decode::<Noted>().unwrap();
    assert_eq!((noted.index, noted.text.as_str()), (1, "b"));
}

#[test]
fn an_item_lives_under_its_prefix_and_an_entry_behind_it() {
    const ITEM: Item<u16> = Item::new(b"i");
    const MAP: Map<u16, u8> = Map::new(b"m-");
    assert_eq!(
        (ITEM.get(), ITEM.exists(), ITEM.remove()),
        (None, false, false)
    );
    ITEM.set(&0x0201);
    MAP.set(&0x0403, &7);
    let storage: Vec<_> = mock::storage().into_iter().collect();
    assert_eq!(
        storage,
        [
            (b"i".to_vec(), vec![1, 2]),
            (vec![b'm', b'-', 4, 3], vec![7])
        ]
    );
    assert_eq!(
        (MAP.get(&0x0403), MAP.get(&0), MAP.exists(&0)),
        (Some(7), None, false)
    );
    assert!(MAP.exists(&0x0403) && MAP.remove(&0x0403) && !MAP.remove(&0x0403));
}

#[test]
fn stored_bytes_of_another_type_end_the_call() {
    Item::<u8>::new(b"x").set(&7);
    let text = panic_of(|| {
        let _ = Item::<u32>::new(b"x").get();
    });
    assert!(text.contains("code: 4294901762"), "{text}");
}

#[test]
fn the_mock_traps_where_the_host_does() {
    type Long = Map<[u8; 256], u8>;
    let text = panic_of(|| Long::new(b"l").set(&[0; 256], &1));
    assert_eq!(text, "trap KeyLength: a key of 257 bytes");
    Map::<[u8; 255], u8>::new(b"l").set(&[0; 255], &1);
    let text = panic_of(|| Item::<[u8; 65_537]>::new(b"v").set(&[0; 65_537]));
    assert_eq!(text, "trap ValueLength: a value of 65537 bytes");
    Item::<[u8; 65_536]>::new(b"v").set(&[0; 65_536]);
    let noted = Noted {
        by: Address([0; 32]),
        index: 0,
        text: String::new(),
    };
    let text = panic_of(|| (0..65).for_each(|_| env::emit(&noted)));
    assert_eq!(text, "trap EventLimit: more than 64 events");
}

#[test]
fn there_is_no_gas_outside_wasm() {
    let text = panic_of(|| {
        let _ = env::gas_left();
    });
    assert!(text.starts_with("gas exists only in wasm"), "{text}");
}

#[test]
fn a_test_sets_the_block_and_the_address() {
    mock::set_block_height(3);
    mock::set_block_time(5);
    mock::set_chain_id([6; 32]);
    mock::set_self_address(Address([7; 32]));
    let seen = (
        env::block_height(),
        env::block_time(),
        env::chain_id(),
        env::self_address(),
    );
    assert_eq!(seen, (3, 5, [6; 32], Address([7; 32])));
    mock::reset();
    assert_eq!(env::block_height(), 0);
}

/// RFC 8032, 7.1, test 2.
#[test]
fn ed25519_follows_the_rfc() {
    let key = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    let signature: [u8; 64] = [
        hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"),
        hex("085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ]
    .concat()
    .try_into()
    .unwrap();
    assert!(env::ed25519_verify(&[0x72], &signature, &key));
    assert!(!env::ed25519_verify(&[0x73], &signature, &key));
    // y = 2^255 - 18, a second encoding of 1: not canonical, and of small order.
    let mut second_encoding = [0xff; 32];
    (second_encoding[0], second_encoding[31]) = (0xee, 0x7f);
    assert!(!env::ed25519_verify(&[0x72], &signature, &second_encoding));
}

#[test]
fn malformed_keys_and_signatures_do_not_verify() {
    assert!(!env::secp256k1_verify(&[1; 32], &[0; 64], &[2; 33]));
    assert!(!env::secp256k1_verify(&[1; 32], &[0xff; 64], &[0; 33]));
    assert!(!env::ed25519_verify(&[], &[0xff; 64], &[0; 32]));
}

fn hex(text: &str) -> [u8; 32] {
    let digits = text.as_bytes().as_chunks::<2>().0;
    std::array::from_fn(|at| {
        u8::from_str_radix(std::str::from_utf8(&digits[at]).unwrap(), 16).unwrap()
    })
}
