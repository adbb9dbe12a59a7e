//! Keeps non-fungible tokens, and lists them by owner.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

/// The contract.
#[sdk::contract]
pub mod nft {
    use core::ops::Bound;

    use sdk::{Address, Item, Map, Vec, env};

    /// Maximum number of tokens of one page.
    pub const PAGE_TOKENS_MAX: u32 = 100;

    const MINTER: Item<Address> = Item::new(b"m");
    const LAST_ID: Item<u64> = Item::new(b"i");
    const TOKENS: Map<u64, Token> = Map::new(b"t");
    /// By owner, then token, so that the keys of one owner are adjacent; the value is [`PRESENT`].
    const OWNED: Map<(Address, u64), u8> = Map::new(b"o");
    /// The value of a member of a set: a byte, because an ICS 23 proof cannot cover an empty value.
    const PRESENT: u8 = 1;
    const COUNTS: Map<Address, u64> = Map::new(b"n");
    const APPROVALS: Map<u64, Address> = Map::new(b"a");

    /// One token.
    #[sdk::data]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Token {
        /// The owner.
        pub owner: Address,
        /// sha256 of the object that the token represents; never changes.
        pub digest: [u8; 32],
    }

    /// A token was transferred or minted.
    #[sdk::event]
    pub struct Transferred {
        /// The token.
        #[topic]
        pub id: u64,
        /// The former owner; none if the token was minted.
        pub from: Option<Address>,
        /// The new owner.
        #[topic]
        pub to: Address,
    }

    /// An approval of a token was set or removed.
    #[sdk::event]
    pub struct Approved {
        /// The token.
        #[topic]
        pub id: u64,
        /// The account that may move it beside its owner, if any.
        pub spender: Option<Address>,
    }

    /// Errors of the contract.
    #[sdk::error]
    pub enum NftError {
        /// `init` was called before.
        AlreadyInitialised = 1,
        /// The caller is not the minter.
        NotMinter = 2,
        /// There is no such token.
        UnknownToken = 3,
        /// The caller neither owns the token nor may move it.
        NotAllowed = 4,
        /// A count is out of range.
        Overflow = 5,
    }

    /// Makes the caller the minter. Works once.
    ///
    /// # Errors
    /// [`NftError::AlreadyInitialised`].
    pub fn init() -> Result<(), NftError> {
        if MINTER.exists() {
            return Err(NftError::AlreadyInitialised);
        }
        MINTER.set(&env::caller());
        Ok(())
    }

    /// Mints a token for an owner; returns its number.
    ///
    /// # Errors
    /// [`NftError::NotMinter`], [`NftError::Overflow`].
    pub fn mint(to: Address, digest: [u8; 32]) -> Result<u64, NftError> {
        if MINTER.get() != Some(env::caller()) {
            return Err(NftError::NotMinter);
        }
        let id = LAST_ID.get().unwrap_or_default().checked_add(1);
        let id = id.ok_or(NftError::Overflow)?;
        LAST_ID.set(&id);
        put(id, to, digest)?;
        env::emit(&Transferred { id, from: None, to });
        Ok(id)
    }

    /// Moves a token that the caller owns or may move; ends the approval.
    ///
    /// # Errors
    /// [`NftError::UnknownToken`], [`NftError::NotAllowed`].
    pub fn transfer(id: u64, to: Address) -> Result<(), NftError> {
        let token = TOKENS.get(&id).ok_or(NftError::UnknownToken)?;
        let caller = env::caller();
        if caller != token.owner && APPROVALS.get(&id) != Some(caller) {
            return Err(NftError::NotAllowed);
        }
        APPROVALS.remove(&id);
        OWNED.remove(&(token.owner, id));
        set_count(token.owner, balance_of(token.owner).checked_sub(1))?;
        put(id, to, token.digest)?;
        let from = Some(token.owner);
        env::emit(&Transferred { id, from, to });
        Ok(())
    }

    /// Sets or removes the account that may move a token of the caller's.
    ///
    /// # Errors
    /// [`NftError::UnknownToken`], [`NftError::NotAllowed`].
    pub fn approve(id: u64, spender: Option<Address>) -> Result<(), NftError> {
        let token = TOKENS.get(&id).ok_or(NftError::UnknownToken)?;
        if env::caller() != token.owner {
            return Err(NftError::NotAllowed);
        }
        match &spender {
            Some(spender) => APPROVALS.set(&id, spender),
            None => {
                APPROVALS.remove(&id);
            }
        }
        env::emit(&Approved { id, spender });
        Ok(())
    }

    /// A token.
    pub fn token(id: u64) -> Option<Token> {
        TOKENS.get(&id)
    }

    /// The account that may move a token beside its owner, if any.
    pub fn approved(id: u64) -> Option<Address> {
        APPROVALS.get(&id)
    }

    /// The number of tokens of an owner.
    pub fn balance_of(owner: Address) -> u64 {
        COUNTS.get(&owner).unwrap_or_default()
    }

    /// The tokens of an owner above a number, in their order: at most 100.
    pub fn tokens_of(owner: Address, above: u64, limit: u32) -> Vec<u64> {
        let range = (
            Bound::Excluded((owner, above)),
            Bound::Included((owner, u64::MAX)),
        );
        let owned = OWNED.range(range, limit.min(PAGE_TOKENS_MAX));
        owned.map(|((_, id), _)| id).collect()
    }

    fn put(id: u64, owner: Address, digest: [u8; 32]) -> Result<(), NftError> {
        TOKENS.set(&id, &Token { owner, digest });
        OWNED.set(&(owner, id), &PRESENT);
        set_count(owner, balance_of(owner).checked_add(1))
    }

    /// A count of 0 has no key.
    fn set_count(owner: Address, count: Option<u64>) -> Result<(), NftError> {
        match count.ok_or(NftError::Overflow)? {
            0 => {
                COUNTS.remove(&owner);
            }
            count => COUNTS.set(&owner, &count),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
