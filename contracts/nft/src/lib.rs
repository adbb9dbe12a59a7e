//! Keeps tokens that are one of a kind, and lists them by owner.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

/// The contract.
#[sdk::contract]
pub mod nft {
    use core::ops::Bound;

    use sdk::{Address, Item, Map, Vec, env};

    /// Tokens of one page.
    pub const PAGE_TOKENS_MAX: u32 = 100;

    const MINTER: Item<Address> = Item::new(b"m");
    const LAST_ID: Item<u64> = Item::new(b"i");
    const TOKENS: Map<u64, Token> = Map::new(b"t");
    /// By owner, then token: the tokens of one owner lie side by side.
    const OWNED: Map<(Address, u64), ()> = Map::new(b"o");
    const COUNTS: Map<Address, u64> = Map::new(b"n");
    const APPROVALS: Map<u64, Address> = Map::new(b"a");

    /// One token.
    #[sdk::data]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Token {
        /// Whose it is.
        pub owner: Address,
        /// sha256 of what it stands for; never changes.
        pub digest: [u8; 32],
    }

    /// A token changed hands, or was made.
    #[sdk::event]
    pub struct Transferred {
        /// The token.
        #[topic]
        pub id: u64,
        /// Whose it was; nobody's if it was made.
        pub from: Option<Address>,
        /// Whose it is.
        #[topic]
        pub to: Address,
    }

    /// Somebody may move a token, or nobody but its owner any more.
    #[sdk::event]
    pub struct Approved {
        /// The token.
        #[topic]
        pub id: u64,
        /// Who may move it.
        pub spender: Option<Address>,
    }

    /// What the contract refuses.
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

    /// Makes the caller the one who makes tokens. Works once.
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

    /// Makes a token for somebody; answers its number.
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

    /// Moves a token that the caller owns or may move; whoever might move it may no more.
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

    /// Lets somebody move a token of the caller's, or nobody.
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

    /// Who may move a token beside its owner.
    pub fn approved(id: u64) -> Option<Address> {
        APPROVALS.get(&id)
    }

    /// How many tokens somebody has.
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
        owned.map(|((_, id), ())| id).collect()
    }

    fn put(id: u64, owner: Address, digest: [u8; 32]) -> Result<(), NftError> {
        TOKENS.set(&id, &Token { owner, digest });
        OWNED.set(&(owner, id), &());
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
