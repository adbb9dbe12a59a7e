//! Tests the tokens' logic on the mock host, called as the chain calls it.

use contract_types::nft as inputs;
use sdk::{Address, CallError, Key, Request, mock};

use crate::nft::{NftClient, NftError, Token, Transferred, entries};

const MINTER: Address = Address([1; 32]);
const ALICE: Address = Address([2; 32]);
const BOB: Address = Address([3; 32]);
const CONTRACT: Address = Address([9; 32]);

const NFT: NftClient = NftClient::at(CONTRACT);

/// A contract of which Alice has tokens 1 to `count`; Alice is the caller.
fn tokens(count: u8) {
    mock::register(CONTRACT, entries::ALL);
    act(MINTER);
    NFT.init().unwrap();
    for id in 1..=count {
        assert_eq!(NFT.mint(ALICE, [id; 32]), Ok(u64::from(id)));
    }
    act(ALICE);
    let _ = mock::take_events();
}

fn act(who: Address) {
    mock::set_self_address(who);
}

fn refused<T: std::fmt::Debug>(result: Result<T, CallError>, error: NftError) {
    assert!(result.as_ref().unwrap_err().is(error), "{result:?}");
}

#[test]
fn a_transfer_changes_the_owner_and_emits_an_event() {
    tokens(2);
    NFT.transfer(2, BOB).unwrap();
    let token = Token {
        owner: BOB,
        digest: [2; 32],
    };
    assert_eq!(NFT.token(2), Ok(Some(token)));
    assert_eq!((NFT.balance_of(ALICE), NFT.balance_of(BOB)), (Ok(1), Ok(1)));
    let event = mock::take_events()[0].decode::<Transferred>().unwrap();
    assert_eq!((event.from, event.to), (Some(ALICE), BOB));
    refused(NFT.transfer(2, ALICE), NftError::NotAllowed);
    refused(NFT.transfer(3, ALICE), NftError::UnknownToken);
}

#[test]
fn an_approval_ends_with_the_transfer() {
    tokens(1);
    NFT.approve(1, Some(BOB)).unwrap();
    act(BOB);
    NFT.transfer(1, BOB).unwrap();
    NFT.transfer(1, ALICE).unwrap();
    // The approval by Alice does not outlive the transfer.
    refused(NFT.transfer(1, BOB), NftError::NotAllowed);
    refused(NFT.approve(1, Some(BOB)), NftError::NotAllowed);
    assert_eq!(NFT.approved(1), Ok(None));
    act(ALICE);
    NFT.approve(1, Some(BOB)).unwrap();
    NFT.approve(1, None).unwrap();
    act(BOB);
    refused(NFT.transfer(1, BOB), NftError::NotAllowed);
}

/// An ICS 23 proof cannot cover an empty value.
#[test]
fn a_token_in_the_list_of_its_owner_is_one_byte() {
    tokens(1);
    NFT.approve(1, Some(BOB)).unwrap();
    let storage = mock::storage_of(CONTRACT);
    let mut listed = b"o".to_vec();
    (ALICE, 1_u64).encode_key(&mut listed);
    assert_eq!(storage[&listed], [1]);
    assert!(storage.values().all(|value| !value.is_empty()));
    NFT.transfer(1, BOB).unwrap();
    let storage = mock::storage_of(CONTRACT);
    assert!(!storage.contains_key(&listed));
    assert_eq!(NFT.tokens_of(BOB, 0, 2), Ok(vec![1]));
}

#[test]
fn only_the_minter_makes_tokens() {
    tokens(1);
    refused(NFT.mint(ALICE, [0; 32]), NftError::NotMinter);
    refused(NFT.init(), NftError::AlreadyInitialised);
}

#[test]
fn a_transfer_to_oneself_changes_nothing() {
    tokens(1);
    let before = mock::storage_of(CONTRACT);
    NFT.transfer(1, ALICE).unwrap();
    assert_eq!(mock::storage_of(CONTRACT), before);
}

#[test]
fn tokens_are_listed_by_owner_in_pages() {
    tokens(250);
    for id in (2..=250).step_by(2) {
        NFT.transfer(id, BOB).unwrap();
        let _ = mock::take_events();
    }
    let mut seen = Vec::new();
    loop {
        let page = NFT.tokens_of(BOB, seen.last().copied().unwrap_or(0), u32::MAX);
        let page = page.unwrap();
        assert!(page.len() <= 100);
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    let expected: Vec<u64> = (2..=250).step_by(2).collect();
    assert_eq!(seen, expected);
    assert_eq!(NFT.tokens_of(ALICE, 10, 3), Ok(vec![11, 13, 15]));
    assert_eq!(NFT.tokens_of(MINTER, 0, 3), Ok(Vec::new()));
}

#[test]
fn any_sequence_keeps_counts_lists_and_owners_equal() {
    tokens(20);
    let people = [MINTER, ALICE, BOB];
    let mut seed = 3_u64;
    let mut draw = |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut moved = 0;
    for _ in 0..500 {
        act(people[usize::try_from(draw(3)).unwrap()]);
        let to = people[usize::try_from(draw(3)).unwrap()];
        moved += u32::from(NFT.transfer(draw(22), to).is_ok());
        let _ = mock::take_events();
    }
    assert!(
        moved > 100,
        "only {moved} moves: the sequence tests nothing"
    );
    let mut all = Vec::new();
    for owner in people {
        let owned = NFT.tokens_of(owner, 0, 100).unwrap();
        assert_eq!(
            NFT.balance_of(owner),
            Ok(u64::try_from(owned.len()).unwrap())
        );
        for id in &owned {
            assert_eq!(NFT.token(*id).unwrap().unwrap().owner, owner);
        }
        all.extend(owned);
    }
    all.sort_unstable();
    assert_eq!(all, (1..=20).collect::<Vec<u64>>());
}

#[test]
fn the_shared_inputs_are_the_entries_arguments() {
    tokens(1);
    let calls = [
        inputs::approve(1, Some(BOB)),
        inputs::approved(1),
        inputs::transfer(1, BOB),
        inputs::token(1),
        inputs::balance_of(BOB),
        inputs::tokens_of(BOB, 0, 5),
    ];
    for call in calls {
        let result = Request::to(CONTRACT).call(call.entry, &call.input);
        assert!(result.is_ok(), "{}: {result:?}", call.entry);
    }
    let mint = Request::to(CONTRACT).call("mint", &inputs::mint(BOB, [0; 32]).input);
    refused(mint, NftError::NotMinter);
    let again = Request::to(CONTRACT).call("init", &inputs::init().input);
    refused(again, NftError::AlreadyInitialised);
}
