//! Rents names for a time counted in blocks.
//!
//! What it guards against: see `README.md`.
#![cfg_attr(target_family = "wasm", no_std)]

/// The contract.
#[sdk::contract]
pub mod names {
    use core::ops::Bound;

    use sdk::{Address, Item, Map, String, Vec, env};

    /// Bytes of the shortest and the longest name.
    pub const NAME_BYTES: (usize, usize) = (3, 32);
    /// Maximum number of periods that one call can pay.
    pub const PERIODS_MAX: u32 = 1_000;
    /// Maximum number of names of one page.
    pub const PAGE_NAMES_MAX: u32 = 50;

    const TERMS: Item<Terms> = Item::new(b"t");
    const RECORDS: Map<String, Record> = Map::new(b"r");

    /// The terms, which never change after `init`.
    #[sdk::data]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Terms {
        /// The account that may withdraw the fees.
        pub collector: Address,
        /// The price of a period.
        pub price: u128,
        /// Blocks of a period, and of the time after it in which the name can only be renewed.
        pub period: u64,
    }

    /// The record of a rented name.
    #[sdk::data]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Record {
        /// The account that may change it.
        pub owner: Address,
        /// The address to which it resolves.
        pub target: Address,
        /// The first height at which it does not resolve.
        pub expires: u64,
    }

    /// A name was rented, renewed or transferred, or its target changed.
    #[sdk::event]
    pub struct Changed {
        /// sha256 of the name.
        #[topic]
        pub name_hash: [u8; 32],
        /// The owner.
        #[topic]
        pub owner: Address,
        /// The name.
        pub name: String,
        /// The target.
        pub target: Address,
        /// The first height at which it does not resolve.
        pub expires: u64,
    }

    /// Errors of the registry.
    #[sdk::error]
    pub enum NamesError {
        /// `init` was called before, or not yet.
        NotReady = 1,
        /// A period of 0 blocks.
        BadTerms = 2,
        /// 3 to 32 of a-z, 0-9 and `-`, and no `-` at either end.
        BadName = 3,
        /// 0 periods, or more than 1,000.
        BadPeriods = 4,
        /// The value is not exactly the price of the periods.
        WrongFee = 5,
        /// The name is rented, or its owner may still renew it.
        Taken = 6,
        /// The name is not rented.
        Unknown = 7,
        /// The caller is not the owner; for the fees, not the collector.
        NotOwner = 8,
        /// A height or a fee is out of range.
        Overflow = 9,
        /// The registry cannot pay.
        Unpaid = 10,
    }

    /// Sets the terms; the caller collects the fees. Works once.
    ///
    /// # Errors
    /// [`NamesError::NotReady`], [`NamesError::BadTerms`].
    pub fn init(price: u128, period: u64) -> Result<(), NamesError> {
        if TERMS.exists() {
            return Err(NamesError::NotReady);
        }
        if period == 0 {
            return Err(NamesError::BadTerms);
        }
        let collector = env::caller();
        TERMS.set(&Terms {
            collector,
            price,
            period,
        });
        Ok(())
    }

    /// Rents a free name for the caller, with the caller as its target.
    ///
    /// # Errors
    /// All but [`NamesError::BadTerms`], [`NamesError::Unknown`], [`NamesError::NotOwner`] and
    /// [`NamesError::Unpaid`].
    #[payable]
    pub fn register(name: String, periods: u32) -> Result<(), NamesError> {
        let terms = TERMS.get().ok_or(NamesError::NotReady)?;
        if !is_name(name.as_bytes()) {
            return Err(NamesError::BadName);
        }
        let now = env::block_height();
        let owner = env::caller();
        if let Some(record) = RECORDS.get(&name) {
            let free_from = record.expires.saturating_add(terms.period);
            if now < free_from {
                return Err(NamesError::Taken);
            }
        }
        let expires = paid_until(&terms, now, periods)?;
        let target = owner;
        store(
            name,
            Record {
                owner,
                target,
                expires,
            },
        );
        Ok(())
    }

    /// Pays for more time. Any account may pay; for one period after expiry it still works, and the
    /// time that has passed is paid, too.
    ///
    /// # Errors
    /// [`NamesError::NotReady`], [`NamesError::BadPeriods`], [`NamesError::WrongFee`],
    /// [`NamesError::Unknown`], [`NamesError::Overflow`].
    #[payable]
    pub fn renew(name: String, periods: u32) -> Result<(), NamesError> {
        let terms = TERMS.get().ok_or(NamesError::NotReady)?;
        let mut record = RECORDS.get(&name).ok_or(NamesError::Unknown)?;
        if env::block_height() >= record.expires.saturating_add(terms.period) {
            return Err(NamesError::Unknown);
        }
        record.expires = paid_until(&terms, record.expires, periods)?;
        store(name, record);
        Ok(())
    }

    /// Changes the target of a name of the caller's.
    ///
    /// # Errors
    /// [`NamesError::Unknown`], [`NamesError::NotOwner`].
    pub fn set_target(name: String, target: Address) -> Result<(), NamesError> {
        let record = own(&name)?;
        store(name, Record { target, ..record });
        Ok(())
    }

    /// Transfers a name of the caller's.
    ///
    /// # Errors
    /// [`NamesError::Unknown`], [`NamesError::NotOwner`].
    pub fn transfer(name: String, to: Address) -> Result<(), NamesError> {
        let record = own(&name)?;
        store(
            name,
            Record {
                owner: to,
                ..record
            },
        );
        Ok(())
    }

    /// Pays all fees to the collector, the only account that may call it; returns the amount.
    ///
    /// # Errors
    /// [`NamesError::NotReady`], [`NamesError::NotOwner`], [`NamesError::Unpaid`].
    pub fn withdraw() -> Result<u128, NamesError> {
        let terms = TERMS.get().ok_or(NamesError::NotReady)?;
        if env::caller() != terms.collector {
            return Err(NamesError::NotOwner);
        }
        let fees = env::balance(&env::self_address());
        env::transfer(&terms.collector, fees).map_err(|_| NamesError::Unpaid)?;
        Ok(fees)
    }

    /// The target of a name at this height.
    pub fn resolve(name: String) -> Option<Address> {
        RECORDS
            .get(&name)
            .filter(is_live)
            .map(|record| record.target)
    }

    /// The record of a name, expired or not.
    pub fn record(name: String) -> Option<Record> {
        RECORDS.get(&name)
    }

    /// The names after one, in their order, including expired ones: at most 50.
    pub fn list(after: String, limit: u32) -> Vec<String> {
        let range = (Bound::Excluded(after), Bound::Unbounded);
        let records = RECORDS.range(range, limit.min(PAGE_NAMES_MAX));
        records.map(|(name, _)| name).collect()
    }

    /// Whether a name has the only permitted form, so that no two names look alike.
    fn is_name(name: &[u8]) -> bool {
        let is_letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let ends = [name.first(), name.last()];
        (NAME_BYTES.0..=NAME_BYTES.1).contains(&name.len())
            && name.iter().all(|byte| is_letter(byte) || *byte == b'-')
            && ends.iter().flatten().all(|byte| is_letter(byte))
    }

    fn is_live(record: &Record) -> bool {
        env::block_height() < record.expires
    }

    /// The end of the periods that the value of the call pays for.
    fn paid_until(terms: &Terms, from: u64, periods: u32) -> Result<u64, NamesError> {
        if !(1..=PERIODS_MAX).contains(&periods) {
            return Err(NamesError::BadPeriods);
        }
        let fee = terms.price.checked_mul(u128::from(periods));
        if env::value() != fee.ok_or(NamesError::Overflow)? {
            return Err(NamesError::WrongFee);
        }
        let blocks = terms.period.checked_mul(u64::from(periods));
        let until = blocks.and_then(|blocks| from.checked_add(blocks));
        until.ok_or(NamesError::Overflow)
    }

    /// The record of a name that the caller owns and that has not expired.
    fn own(name: &String) -> Result<Record, NamesError> {
        let record = RECORDS.get(name).filter(is_live);
        let record = record.ok_or(NamesError::Unknown)?;
        if record.owner == env::caller() {
            Ok(record)
        } else {
            Err(NamesError::NotOwner)
        }
    }

    fn store(name: String, record: Record) {
        RECORDS.set(&name, &record);
        let Record {
            owner,
            target,
            expires,
        } = record;
        env::emit(&Changed {
            name_hash: env::sha256(name.as_bytes()),
            owner,
            name,
            target,
            expires,
        });
    }
}

#[cfg(test)]
mod tests;
