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
    /// Periods that can be paid at once.
    pub const PERIODS_MAX: u32 = 1_000;
    /// Names of one page.
    pub const PAGE_NAMES_MAX: u32 = 50;

    const TERMS: Item<Terms> = Item::new(b"t");
    const RECORDS: Map<String, Record> = Map::new(b"r");

    /// What never changes after `init`.
    #[sdk::data]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Terms {
        /// Who may withdraw the fees.
        pub collector: Address,
        /// What a period costs.
        pub price: u128,
        /// Blocks of a period, and of the time after it in which the owner alone may renew.
        pub period: u64,
    }

    /// A name that was rented.
    #[sdk::data]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Record {
        /// Who may change it.
        pub owner: Address,
        /// What it stands for.
        pub target: Address,
        /// The first height at which it stands for nothing.
        pub expires: u64,
    }

    /// A name was rented, renewed, pointed elsewhere or handed on.
    #[sdk::event]
    pub struct Changed {
        /// sha256 of the name.
        #[topic]
        pub name_hash: [u8; 32],
        /// Who owns it now.
        #[topic]
        pub owner: Address,
        /// The name.
        pub name: String,
        /// What it stands for now.
        pub target: Address,
        /// The first height at which it stands for nothing.
        pub expires: u64,
    }

    /// What the registry refuses.
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
        /// The value is not the price of the periods, to the unit.
        WrongFee = 5,
        /// Somebody has the name, or may still renew it.
        Taken = 6,
        /// Nobody has the name.
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

    /// Rents a free name for the caller, and points it at the caller.
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

    /// Pays for more time. Anybody may pay; after expiry it works for one more period, and the
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

    /// Points a name of the caller's elsewhere.
    ///
    /// # Errors
    /// [`NamesError::Unknown`], [`NamesError::NotOwner`].
    pub fn set_target(name: String, target: Address) -> Result<(), NamesError> {
        let record = own(&name)?;
        store(name, Record { target, ..record });
        Ok(())
    }

    /// Hands a name of the caller's on.
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

    /// Pays all fees to the collector, who alone may call it; answers how much.
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

    /// What a name stands for at this height.
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

    /// The names after one, in their order, expired ones among them: at most 50.
    pub fn list(after: String, limit: u32) -> Vec<String> {
        let behind = (Bound::Excluded(after), Bound::Unbounded);
        let records = RECORDS.range(behind, limit.min(PAGE_NAMES_MAX));
        records.map(|(name, _)| name).collect()
    }

    /// One spelling for each name, and none that looks like another.
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

    /// The end of the periods that the value of the call pays.
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
