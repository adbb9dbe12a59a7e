//! Counts, and lets its owner change its code after a delay.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

/// The contract.
#[sdk::contract]
pub mod upgradeable {
    use sdk::{Address, Item, env};

    /// The same key as in the sample `counter`: a change to its code keeps the count.
    const COUNT: Item<u64> = Item::new(b"c");
    const OWNER: Item<Address> = Item::new(b"uo");
    const DELAY: Item<u64> = Item::new(b"ud");
    const PENDING: Item<Upgrade> = Item::new(b"up");

    /// An announced change of code.
    #[sdk::data]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Upgrade {
        /// sha256 of the new code.
        pub code_hash: [u8; 32],
        /// The first height at which the change is possible.
        pub height: u64,
    }

    /// A change of code was announced.
    #[sdk::event]
    pub struct Announced {
        /// sha256 of the new code.
        #[topic]
        pub code_hash: [u8; 32],
        /// The first height at which the change is possible.
        pub height: u64,
    }

    /// The announcement was withdrawn.
    #[sdk::event]
    pub struct Cancelled {
        /// sha256 of the code that was announced.
        #[topic]
        pub code_hash: [u8; 32],
    }

    /// The code changed, for later calls.
    #[sdk::event]
    pub struct Upgraded {
        /// sha256 of the code.
        #[topic]
        pub code_hash: [u8; 32],
    }

    /// Errors of the contract.
    #[sdk::error]
    pub enum UpgradeError {
        /// `init` was called before.
        AlreadyInitialised = 1,
        /// The caller is not the owner.
        NotOwner = 2,
        /// The delay is 0 blocks.
        NoDelay = 3,
        /// Nothing is announced, or another code.
        NothingPending = 4,
        /// The announced height is not reached.
        TooEarly = 5,
        /// No uploaded code has that hash.
        NoCode = 6,
        /// A height or the count is out of range.
        Overflow = 7,
    }

    /// Makes the caller the owner, whose changes take effect after `delay` blocks. Works once.
    ///
    /// # Errors
    /// [`UpgradeError::AlreadyInitialised`], [`UpgradeError::NoDelay`].
    pub fn init(delay: u64) -> Result<(), UpgradeError> {
        if OWNER.exists() {
            return Err(UpgradeError::AlreadyInitialised);
        }
        if delay == 0 {
            return Err(UpgradeError::NoDelay);
        }
        OWNER.set(&env::caller());
        DELAY.set(&delay);
        Ok(())
    }

    /// Announces a change of code; returns the first height at which it is possible. It replaces
    /// an earlier announcement, and the delay starts again.
    ///
    /// # Errors
    /// [`UpgradeError::NotOwner`], [`UpgradeError::Overflow`].
    pub fn announce(code_hash: [u8; 32]) -> Result<u64, UpgradeError> {
        check_owner()?;
        let delay = DELAY.get().unwrap_or(u64::MAX);
        let height = env::block_height().checked_add(delay);
        let height = height.ok_or(UpgradeError::Overflow)?;
        PENDING.set(&Upgrade { code_hash, height });
        env::emit(&Announced { code_hash, height });
        Ok(height)
    }

    /// Withdraws the announcement.
    ///
    /// # Errors
    /// [`UpgradeError::NotOwner`], [`UpgradeError::NothingPending`].
    pub fn cancel() -> Result<(), UpgradeError> {
        check_owner()?;
        let pending = PENDING.get().ok_or(UpgradeError::NothingPending)?;
        PENDING.remove();
        env::emit(&Cancelled {
            code_hash: pending.code_hash,
        });
        Ok(())
    }

    /// Changes the code, for later calls, to the announced one. The owner names the hash again, so
    /// that an announcement that was replaced has no effect.
    ///
    /// # Errors
    /// [`UpgradeError::NotOwner`], [`UpgradeError::NothingPending`],
    /// [`UpgradeError::TooEarly`], [`UpgradeError::NoCode`].
    pub fn upgrade(code_hash: [u8; 32]) -> Result<(), UpgradeError> {
        check_owner()?;
        let pending = PENDING
            .get()
            .filter(|pending| pending.code_hash == code_hash);
        let pending = pending.ok_or(UpgradeError::NothingPending)?;
        if env::block_height() < pending.height {
            return Err(UpgradeError::TooEarly);
        }
        PENDING.remove();
        env::set_code(&code_hash).map_err(|_| UpgradeError::NoCode)?;
        env::emit(&Upgraded { code_hash });
        Ok(())
    }

    /// The announcement.
    pub fn pending() -> Option<Upgrade> {
        PENDING.get()
    }

    /// Adds to the count; returns the new count.
    ///
    /// # Errors
    /// [`UpgradeError::Overflow`].
    pub fn increment(by: u64) -> Result<u64, UpgradeError> {
        let count = get().checked_add(by).ok_or(UpgradeError::Overflow)?;
        COUNT.set(&count);
        Ok(count)
    }

    /// The count.
    pub fn get() -> u64 {
        COUNT.get().unwrap_or_default()
    }

    fn check_owner() -> Result<(), UpgradeError> {
        if OWNER.get() == Some(env::caller()) {
            Ok(())
        } else {
            Err(UpgradeError::NotOwner)
        }
    }
}

#[cfg(test)]
mod tests;
