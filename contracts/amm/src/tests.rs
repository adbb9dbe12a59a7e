//! Tests the pool with two real tokens on the mock host, called as the chain calls them.

use contract_types::amm as inputs;
use sdk::{Address, CallError, Request, mock};
use token::token::TokenClient;

use crate::amm::{AmmClient, AmmError, RESERVE_MAX, SHARES_LOCKED, entries};

const ALICE: Address = Address([1; 32]);
const BOB: Address = Address([2; 32]);
const GOLD: Address = Address([7; 32]);
const SILVER: Address = Address([8; 32]);
const POOL: Address = Address([9; 32]);

const AMM: AmmClient = AmmClient::at(POOL);

/// A pool of two tokens. Alice has `supply` of each; Alice and Bob have approved all to the pool.
fn pool(supply: u128) {
    mock::register(POOL, entries::ALL);
    act(ALICE);
    for address in [GOLD, SILVER] {
        mock::register(address, token::token::entries::ALL);
        let token = TokenClient::at(address);
        token.init(supply).unwrap();
        for owner in [BOB, ALICE] {
            act(owner);
            token.approve(POOL, u128::MAX).unwrap();
        }
    }
    AMM.init(GOLD, SILVER).unwrap();
}

fn act(who: Address) {
    mock::set_self_address(who);
}

fn balance(token: Address, owner: Address) -> u128 {
    TokenClient::at(token).balance_of(owner).unwrap()
}

fn fund(owner: Address, amount: u128) {
    act(ALICE);
    for token in [GOLD, SILVER] {
        TokenClient::at(token).transfer(owner, amount).unwrap();
    }
    act(owner);
}

fn refused<T: std::fmt::Debug>(result: Result<T, CallError>, error: AmmError) {
    assert!(result.as_ref().unwrap_err().is(error), "{result:?}");
}

#[test]
fn a_trade_keeps_the_product_and_pays_the_fee() {
    pool(10_000_000);
    assert_eq!(
        AMM.add_liquidity(1_000_000, 4_000_000, 0),
        Ok(2_000_000 - SHARES_LOCKED)
    );
    // 1000 * 997 * 4,000,000 / (1,000,000 * 1000 + 997,000) = 3984.03
    assert_eq!(AMM.quote(true, 1_000), Ok(Some(3_984)));
    assert_eq!(AMM.swap(true, 1_000, 3_984, 0), Ok(3_984));
    assert_eq!(AMM.reserves(), Ok((1_001_000, 3_996_016)));
    assert_eq!(balance(GOLD, POOL), 1_001_000);
    assert_eq!(balance(SILVER, POOL), 3_996_016);
    // Traded back: the fee was paid twice.
    let back = AMM.swap(false, 3_984, 0, 0).unwrap();
    assert!((990..998).contains(&back), "{back}");
}

#[test]
fn a_caller_states_the_worst_price_and_the_last_height() {
    pool(10_000_000);
    AMM.add_liquidity(1_000_000, 1_000_000, 0).unwrap();
    let out = AMM.quote(true, 1_000).unwrap().unwrap();
    refused(AMM.swap(true, 1_000, out + 1, 0), AmmError::Slippage);
    mock::set_block_height(6);
    refused(AMM.swap(true, 1_000, out, 5), AmmError::Expired);
    assert_eq!(AMM.swap(true, 1_000, out, 6), Ok(out));
    refused(AMM.add_liquidity(100, 100, 101), AmmError::Slippage);
    refused(AMM.remove_liquidity(100, 1_000, 0), AmmError::Slippage);
}

#[test]
fn a_first_deposit_cannot_be_inflated_against_the_second() {
    pool(10_000_000_000);
    fund(BOB, 2_000_000);
    act(ALICE);
    refused(AMM.add_liquidity(1, 1, 0), AmmError::TooLittle);
    refused(AMM.add_liquidity(1_000, 1_000, 0), AmmError::TooLittle);
    // The attacker gets few shares, and sends a fortune to the pool to make them expensive.
    assert_eq!(AMM.add_liquidity(1_024, 1_024, 0), Ok(24));
    for token in [GOLD, SILVER] {
        TokenClient::at(token)
            .transfer(POOL, 1_000_000_000)
            .unwrap();
    }
    // The reserves do not count it: the victim gets its shares, and its deposit back.
    act(BOB);
    let shares = AMM.add_liquidity(1_000_000, 1_000_000, 1_000_000).unwrap();
    assert_eq!(
        AMM.remove_liquidity(shares, 999_999, 999_999),
        Ok((1_000_000, 1_000_000))
    );
}

#[test]
fn a_deposit_takes_the_pools_ratio_and_no_more() {
    pool(10_000_000);
    AMM.add_liquidity(1_000_000, 2_000_000, 0).unwrap();
    let before = (balance(GOLD, ALICE), balance(SILVER, ALICE));
    AMM.add_liquidity(500, 5_000, 0).unwrap();
    AMM.add_liquidity(500, 500, 0).unwrap();
    let after = (balance(GOLD, ALICE), balance(SILVER, ALICE));
    assert_eq!(
        (before.0 - after.0, before.1 - after.1),
        (500 + 250, 1_000 + 500)
    );
}

#[test]
fn amounts_at_the_limit_neither_wrap_nor_trap() {
    pool(u128::MAX);
    refused(
        AMM.add_liquidity(RESERVE_MAX + 1, 5_000, 0),
        AmmError::TooMuch,
    );
    AMM.add_liquidity(RESERVE_MAX, RESERVE_MAX - 10, 0).unwrap();
    refused(AMM.swap(true, 5_000, 0, 0), AmmError::TooMuch);
    refused(AMM.swap(false, u128::MAX, 0, 0), AmmError::TooLittle);
    assert_eq!(
        AMM.quote(true, RESERVE_MAX)
            .unwrap()
            .unwrap()
            .leading_zeros(),
        17
    );
    assert_eq!(AMM.swap(false, 10, 0, 0), Ok(9));
    refused(
        AMM.add_liquidity(u128::MAX, u128::MAX, 0),
        AmmError::TooMuch,
    );
}

/// Owners and tokens keep their sums, the product never falls, and the pool can always pay.
#[test]
fn any_sequence_keeps_the_pool_solvent() {
    pool(100_000_000);
    fund(BOB, 40_000_000);
    let mut seed = 11_u64;
    let mut draw = |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut done = [0; 3];
    let mut product = 0;
    for _ in 0..600 {
        act(if draw(2) == 0 { ALICE } else { BOB });
        let (a, b) = (u128::from(draw(100_000)), u128::from(draw(100_000)));
        let kind = usize::try_from(draw(3)).unwrap();
        let succeeded = match kind {
            0 => AMM.add_liquidity(a * 10, b * 10, 0).is_ok(),
            1 => AMM.remove_liquidity(a, 0, 0).is_ok(),
            _ => AMM.swap(draw(2) == 0, a, 0, 0).is_ok(),
        };
        done[kind] += u32::from(succeeded);
        let (first, second) = AMM.reserves().unwrap();
        assert_eq!(
            (balance(GOLD, POOL), balance(SILVER, POOL)),
            (first, second)
        );
        if kind == 2 {
            assert!(
                first * second >= product,
                "a trade took out more than it paid in"
            );
        }
        product = first * second;
        let sum = balance(GOLD, ALICE) + balance(GOLD, BOB) + first;
        assert_eq!(sum, 100_000_000);
        let _ = mock::take_events();
    }
    assert!(
        done.iter().all(|count| *count > 50),
        "{done:?}: too few calls succeeded"
    );
}

/// A token that reports success and moves nothing.
#[sdk::contract]
mod fake_token {
    #![expect(unreachable_pub, reason = "an entry is pub")]
    use sdk::Address;

    pub fn transfer_from(_from: Address, _to: Address, _amount: u128) {}

    pub fn balance_of(_owner: Address) -> u128 {
        5
    }
}

#[test]
fn a_token_that_moves_another_amount_is_refused() {
    pool(10_000_000);
    mock::register(SILVER, fake_token::entries::ALL);
    refused(AMM.add_liquidity(10_000, 10_000, 0), AmmError::TokenFailed);
    assert_eq!((AMM.reserves(), balance(GOLD, POOL)), (Ok((0, 0)), 0));
}

#[test]
fn the_shared_inputs_are_the_entries_arguments() {
    pool(10_000_000);
    let calls = [
        inputs::add_liquidity(100_000, 100_000, 0),
        inputs::remove_liquidity(1_000, 1, 1),
        inputs::swap(true, 100, 1, 0),
        inputs::quote(false, 100),
        inputs::reserves(),
        inputs::shares_of(ALICE),
        inputs::total_shares(),
    ];
    for call in calls {
        let result = Request::to(POOL).call(call.entry, &call.input);
        assert!(result.is_ok(), "{}: {result:?}", call.entry);
    }
    let again = inputs::init(GOLD, SILVER);
    let again = Request::to(POOL).call(again.entry, &again.input);
    refused(again, AmmError::AlreadyInitialised);
}
