//! Trades two tokens against each other along x * y = k.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

mod math;

/// The contract.
#[sdk::contract]
pub mod amm {
    use sdk::{Address, Item, Map, env};
    use token::token::TokenClient;

    use crate::math::{mul_div, mul_div_up};

    /// Maximum of a reserve, with which no formula here can overflow.
    pub const RESERVE_MAX: u128 = (1 << 112) - 1;
    /// Shares of the first deposit that no account gets, so that a share never becomes so expensive
    /// that a later deposit rounds to 0 shares.
    pub const SHARES_LOCKED: u128 = 1_000;
    /// Part of an input that is left after the fee, in thousandths.
    const AFTER_FEE: u128 = 997;
    const WHOLE: u128 = 1_000;

    const TOKENS: Item<(Address, Address)> = Item::new(b"t");
    const RESERVES: Item<(u128, u128)> = Item::new(b"r");
    const TOTAL: Item<u128> = Item::new(b"n");
    const SHARES: Map<Address, u128> = Map::new(b"s");

    /// A deposit was made.
    #[sdk::event]
    pub struct Added {
        /// The depositor.
        #[topic]
        pub owner: Address,
        /// The amounts of both tokens.
        pub amounts: (u128, u128),
        /// The new shares.
        pub shares: u128,
    }

    /// A deposit was withdrawn.
    #[sdk::event]
    pub struct Removed {
        /// The owner of the shares.
        #[topic]
        pub owner: Address,
        /// The amounts of both tokens.
        pub amounts: (u128, u128),
        /// The redeemed shares.
        pub shares: u128,
    }

    /// A trade was made.
    #[sdk::event]
    pub struct Swapped {
        /// The trader.
        #[topic]
        pub by: Address,
        /// Whether the first token was paid in; else the second.
        pub first_in: bool,
        /// The amount paid in, including the fee.
        pub amount_in: u128,
        /// The amount paid out.
        pub amount_out: u128,
    }

    /// Errors of the pool.
    #[sdk::error]
    pub enum AmmError {
        /// `init` was called before.
        AlreadyInitialised = 1,
        /// `init` was not called yet.
        NotInitialised = 2,
        /// The two tokens are the same.
        SameToken = 3,
        /// An amount of 0, or one too small for any output.
        TooLittle = 4,
        /// A reserve would be above the limit.
        TooMuch = 5,
        /// The result is below what the caller demands.
        Slippage = 6,
        /// The block is above the caller's last height.
        Expired = 7,
        /// The caller has fewer shares.
        InsufficientShares = 8,
        /// A token failed, or moved another amount than requested.
        TokenFailed = 9,
    }

    /// Opens the pool of two tokens. Works once.
    ///
    /// # Errors
    /// [`AmmError::AlreadyInitialised`], [`AmmError::SameToken`].
    pub fn init(first: Address, second: Address) -> Result<(), AmmError> {
        if TOKENS.exists() {
            return Err(AmmError::AlreadyInitialised);
        }
        if first == second {
            return Err(AmmError::SameToken);
        }
        TOKENS.set(&(first, second));
        Ok(())
    }

    /// Deposits both tokens in the pool's ratio, at most these amounts; returns the shares. The
    /// first deposit sets the ratio. The caller has approved the amounts to the pool.
    ///
    /// # Errors
    /// All but [`AmmError::Expired`] and [`AmmError::InsufficientShares`].
    pub fn add_liquidity(
        amount_first: u128,
        amount_second: u128,
        shares_min: u128,
    ) -> Result<u128, AmmError> {
        let tokens = TOKENS.get().ok_or(AmmError::NotInitialised)?;
        let (reserves, total) = (reserves(), total_shares());
        let offered = (amount_first, amount_second);
        let owner = env::caller();
        let (amounts, shares, own) = if total == 0 {
            let shares = first_shares(offered)?;
            (offered, shares, shares.checked_sub(SHARES_LOCKED))
        } else {
            let (amounts, shares) = proportional(offered, reserves, total)?;
            (amounts, shares, Some(shares))
        };
        let own = own.filter(|own| *own > 0).ok_or(AmmError::TooLittle)?;
        if own < shares_min {
            return Err(AmmError::Slippage);
        }
        set_reserves(
            reserves.0.checked_add(amounts.0),
            reserves.1.checked_add(amounts.1),
        )?;
        TOTAL.set(&total.checked_add(shares).ok_or(AmmError::TooMuch)?);
        let sum = shares_of(owner).checked_add(own);
        set_shares(owner, sum.ok_or(AmmError::TooMuch)?);
        pay_in(tokens.0, owner, amounts.0)?;
        pay_in(tokens.1, owner, amounts.1)?;
        let shares = own;
        env::emit(&Added {
            owner,
            amounts,
            shares,
        });
        Ok(own)
    }

    /// Redeems shares for their part of both reserves; returns the amounts.
    ///
    /// # Errors
    /// [`AmmError::NotInitialised`], [`AmmError::TooLittle`], [`AmmError::Slippage`],
    /// [`AmmError::InsufficientShares`], [`AmmError::TokenFailed`].
    pub fn remove_liquidity(
        shares: u128,
        first_min: u128,
        second_min: u128,
    ) -> Result<(u128, u128), AmmError> {
        let tokens = TOKENS.get().ok_or(AmmError::NotInitialised)?;
        let owner = env::caller();
        let rest = shares_of(owner).checked_sub(shares);
        let rest = rest.ok_or(AmmError::InsufficientShares)?;
        let (reserves, total) = (reserves(), total_shares());
        let part = |reserve| mul_div(reserve, shares, total).filter(|amount| *amount > 0);
        let amounts = part(reserves.0).zip(part(reserves.1));
        let amounts = amounts.ok_or(AmmError::TooLittle)?;
        if amounts.0 < first_min || amounts.1 < second_min {
            return Err(AmmError::Slippage);
        }
        set_shares(owner, rest);
        TOTAL.set(&total.saturating_sub(shares));
        set_reserves(
            reserves.0.checked_sub(amounts.0),
            reserves.1.checked_sub(amounts.1),
        )?;
        pay_out(tokens.0, owner, amounts.0)?;
        pay_out(tokens.1, owner, amounts.1)?;
        env::emit(&Removed {
            owner,
            amounts,
            shares,
        });
        Ok(amounts)
    }

    /// Trades an amount of one token for the other; returns the amount paid out. The caller has
    /// approved the amount to the pool.
    ///
    /// # Errors
    /// [`AmmError::Expired`] above `height_max`, [`AmmError::Slippage`] below `out_min`, and
    /// [`AmmError::NotInitialised`], [`AmmError::TooLittle`], [`AmmError::TooMuch`],
    /// [`AmmError::TokenFailed`].
    pub fn swap(
        first_in: bool,
        amount_in: u128,
        out_min: u128,
        height_max: u64,
    ) -> Result<u128, AmmError> {
        if env::block_height() > height_max {
            return Err(AmmError::Expired);
        }
        let tokens = TOKENS.get().ok_or(AmmError::NotInitialised)?;
        let amount_out = quote(first_in, amount_in).ok_or(AmmError::TooLittle)?;
        if amount_out < out_min {
            return Err(AmmError::Slippage);
        }
        let (first, second) = reserves();
        let (token_in, token_out) = if first_in {
            set_reserves(first.checked_add(amount_in), second.checked_sub(amount_out))?;
            tokens
        } else {
            set_reserves(first.checked_sub(amount_out), second.checked_add(amount_in))?;
            (tokens.1, tokens.0)
        };
        let by = env::caller();
        pay_in(token_in, by, amount_in)?;
        pay_out(token_out, by, amount_out)?;
        env::emit(&Swapped {
            by,
            first_in,
            amount_in,
            amount_out,
        });
        Ok(amount_out)
    }

    /// The output of a trade at the present reserves; none if it would be 0.
    pub fn quote(first_in: bool, amount_in: u128) -> Option<u128> {
        let (first, second) = reserves();
        let (reserve_in, reserve_out) = if first_in {
            (first, second)
        } else {
            (second, first)
        };
        if amount_in > RESERVE_MAX {
            return None;
        }
        // Below 2^122 each, so neither wraps. Rounded down: the pool never pays too much.
        let effective = amount_in.checked_mul(AFTER_FEE)?;
        let divisor = reserve_in.checked_mul(WHOLE)?.checked_add(effective)?;
        mul_div(reserve_out, effective, divisor).filter(|amount| *amount > 0)
    }

    /// The reserves of both tokens, as the pool counts them.
    pub fn reserves() -> (u128, u128) {
        RESERVES.get().unwrap_or_default()
    }

    /// The shares of an owner.
    pub fn shares_of(owner: Address) -> u128 {
        SHARES.get(&owner).unwrap_or_default()
    }

    /// The number of all shares, including those without an owner.
    pub fn total_shares() -> u128 {
        TOTAL.get().unwrap_or_default()
    }

    /// About the geometric mean of the two amounts: the product of their roots, each rounded down.
    fn first_shares(amounts: (u128, u128)) -> Result<u128, AmmError> {
        if amounts.0 > RESERVE_MAX || amounts.1 > RESERVE_MAX {
            return Err(AmmError::TooMuch);
        }
        // Two roots below 2^56 each.
        let shares = amounts.0.isqrt().checked_mul(amounts.1.isqrt());
        shares.ok_or(AmmError::TooMuch)
    }

    /// The largest amounts within the offer that have the pool's ratio, and their shares.
    /// Amounts are rounded up and shares down: a depositor never gains by rounding.
    fn proportional(
        offered: (u128, u128),
        reserves: (u128, u128),
        total: u128,
    ) -> Result<((u128, u128), u128), AmmError> {
        let second = mul_div_up(offered.0, reserves.1, reserves.0);
        let amounts = match second.filter(|second| *second <= offered.1) {
            Some(second) => (offered.0, second),
            None => {
                let first = mul_div_up(offered.1, reserves.0, reserves.1);
                let first = first.filter(|first| *first <= offered.0);
                (first.ok_or(AmmError::TooMuch)?, offered.1)
            }
        };
        let by_first = mul_div(amounts.0, total, reserves.0);
        let by_second = mul_div(amounts.1, total, reserves.1);
        let shares = by_first.zip(by_second).map(|(a, b)| a.min(b));
        Ok((amounts, shares.ok_or(AmmError::TooMuch)?))
    }

    fn set_reserves(first: Option<u128>, second: Option<u128>) -> Result<(), AmmError> {
        let (first, second) = first.zip(second).ok_or(AmmError::TooMuch)?;
        if first > RESERVE_MAX || second > RESERVE_MAX {
            return Err(AmmError::TooMuch);
        }
        RESERVES.set(&(first, second));
        Ok(())
    }

    fn set_shares(owner: Address, shares: u128) {
        if shares == 0 {
            SHARES.remove(&owner);
        } else {
            SHARES.set(&owner, &shares);
        }
    }

    /// Moves an amount from an owner to the pool, and checks that it arrived.
    fn pay_in(token: Address, owner: Address, amount: u128) -> Result<(), AmmError> {
        let pool = env::self_address();
        let token = TokenClient::at(token);
        let before = balance(token, pool)?;
        let moved = token.transfer_from(owner, pool, amount);
        moved.map_err(|_| AmmError::TokenFailed)?;
        if balance(token, pool)?.checked_sub(before) == Some(amount) {
            Ok(())
        } else {
            Err(AmmError::TokenFailed)
        }
    }

    fn pay_out(token: Address, owner: Address, amount: u128) -> Result<(), AmmError> {
        let moved = TokenClient::at(token).transfer(owner, amount);
        moved.map_err(|_| AmmError::TokenFailed)
    }

    fn balance(token: TokenClient, owner: Address) -> Result<u128, AmmError> {
        let balance = token.read_only().balance_of(owner);
        balance.map_err(|_| AmmError::TokenFailed)
    }
}

#[cfg(test)]
mod tests;
