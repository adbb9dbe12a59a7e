//! Keeps balances and allowances of one fungible token.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

/// The contract.
#[sdk::contract]
pub mod token {
    use sdk::{Address, Item, Map, env};

    const SUPPLY: Item<u128> = Item::new(b"s");
    const BALANCES: Map<Address, u128> = Map::new(b"b");
    /// By owner, then spender.
    const ALLOWANCES: Map<(Address, Address), u128> = Map::new(b"a");

    /// The supply was created in one account.
    #[sdk::event]
    pub struct Minted {
        /// The account.
        #[topic]
        pub to: Address,
        /// The supply.
        pub amount: u128,
    }

    /// An amount moved.
    #[sdk::event]
    pub struct Transferred {
        /// The sender.
        #[topic]
        pub from: Address,
        /// The receiver.
        #[topic]
        pub to: Address,
        /// The amount.
        pub amount: u128,
    }

    /// An allowance was set.
    #[sdk::event]
    pub struct Approved {
        /// The owner of the tokens.
        #[topic]
        pub owner: Address,
        /// The account that may move them.
        #[topic]
        pub spender: Address,
        /// The new allowance.
        pub amount: u128,
    }

    /// Errors of the token.
    #[sdk::error]
    pub enum TokenError {
        /// `init` was called before.
        AlreadyInitialised = 1,
        /// The owner has less than the amount.
        InsufficientBalance = 2,
        /// The spender may move less than the amount.
        InsufficientAllowance = 3,
        /// A balance would not fit 128 bits: the accounting is wrong.
        Overflow = 4,
    }

    /// Creates the whole supply in the caller's account.
    ///
    /// # Errors
    /// [`TokenError::AlreadyInitialised`] from the second call on, by any caller.
    pub fn init(supply: u128) -> Result<(), TokenError> {
        if SUPPLY.exists() {
            return Err(TokenError::AlreadyInitialised);
        }
        let to = env::caller();
        SUPPLY.set(&supply);
        set_balance(&to, supply);
        env::emit(&Minted { to, amount: supply });
        Ok(())
    }

    /// Moves an amount from the caller.
    ///
    /// # Errors
    /// [`TokenError::InsufficientBalance`] if the caller has less.
    pub fn transfer(to: Address, amount: u128) -> Result<(), TokenError> {
        move_amount(env::caller(), to, amount)
    }

    /// Sets the amount that a spender may move from the caller; replaces an earlier allowance.
    pub fn approve(spender: Address, amount: u128) {
        let owner = env::caller();
        set_allowance((owner, spender), amount);
        env::emit(&Approved {
            owner,
            spender,
            amount,
        });
    }

    /// Moves an amount that its owner has approved to the caller, and lowers the allowance.
    ///
    /// # Errors
    /// [`TokenError::InsufficientAllowance`] if the caller may move less,
    /// [`TokenError::InsufficientBalance`] if the owner has less.
    pub fn transfer_from(from: Address, to: Address, amount: u128) -> Result<(), TokenError> {
        let spender = env::caller();
        let allowed = allowance(from, spender);
        let rest = allowed
            .checked_sub(amount)
            .ok_or(TokenError::InsufficientAllowance)?;
        set_allowance((from, spender), rest);
        move_amount(from, to, amount)
    }

    /// The balance of an account.
    pub fn balance_of(owner: Address) -> u128 {
        BALANCES.get(&owner).unwrap_or_default()
    }

    /// The amount that a spender may still move from an owner.
    pub fn allowance(owner: Address, spender: Address) -> u128 {
        ALLOWANCES.get(&(owner, spender)).unwrap_or_default()
    }

    /// The supply; 0 before `init`.
    pub fn total_supply() -> u128 {
        SUPPLY.get().unwrap_or_default()
    }

    /// Debits the sender, then credits the receiver. The second balance is read after the first is
    /// written, so that an account that pays itself keeps its balance.
    fn move_amount(from: Address, to: Address, amount: u128) -> Result<(), TokenError> {
        let rest = balance_of(from)
            .checked_sub(amount)
            .ok_or(TokenError::InsufficientBalance)?;
        set_balance(&from, rest);
        let sum = balance_of(to)
            .checked_add(amount)
            .ok_or(TokenError::Overflow)?;
        set_balance(&to, sum);
        env::emit(&Transferred { from, to, amount });
        Ok(())
    }

    /// A balance of 0 has no key: an empty account takes no storage.
    fn set_balance(owner: &Address, amount: u128) {
        if amount == 0 {
            BALANCES.remove(owner);
        } else {
            BALANCES.set(owner, &amount);
        }
    }

    fn set_allowance(pair: (Address, Address), amount: u128) {
        if amount == 0 {
            ALLOWANCES.remove(&pair);
        } else {
            ALLOWANCES.set(&pair, &amount);
        }
    }
}

#[cfg(test)]
mod tests;
