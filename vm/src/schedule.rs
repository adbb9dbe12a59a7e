//! Prices every operator, host function and dynamic work; one gas is about 0.1 ns.
//!
//! The constructor rejects a schedule in which a loop could be free or a sum could wrap.
//!
//! Specification: docs/spec/rules.md, "Rules".

use crate::opcode::{self, Class, Opcode};
use host_api::Function;
use std::collections::BTreeSet;

/// Least price of a branch, `if`, `return` and `call`, so that every loop costs gas.
pub const BRANCH_PRICE_MIN: u64 = 1;
/// A static price is below this, so that the charge of a metering block fits an `i64`.
pub const STATIC_PRICE_BOUND: u64 = 1 << 32;
/// A price per unit is below this, so that price times any `u32` fits an `i64`.
pub const UNIT_PRICE_BOUND: u64 = 1 << 31;
/// Price of a float operator that traps.
pub const FLOAT_TRAP_PRICE: u64 = 1;

/// Price of one host function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostPrice {
    /// Charged for every call.
    pub base: u64,
    /// Price per byte of data, topics, message, key or input copied.
    pub per_byte: u64,
    /// Price per byte of a storage value read or written.
    pub per_value_byte: u64,
    /// Price added at the first touch of a state key in a transaction.
    pub cold: u64,
}

macro_rules! since {
    () => {
        1_u16
    };
    ($since:literal) => {
        $since
    };
}

macro_rules! dynamic {
    ($($field:ident $name:literal $(, since $since:literal)?;)*) => {
        /// Prices that depend on data or belong to no operator.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(
            missing_docs,
            reason = "the names are the keys of `lockstep schedule`; units are in them"
        )]
        pub struct Dynamic {
            $(pub $field: u64,)*
        }

        impl Dynamic {
            /// The prices that a version has, under their published names.
            fn listed(&self, version: u16) -> Vec<(String, u64)> {
                let rows = [$(($name, self.$field, since!($($since)?)),)*];
                rows.into_iter()
                    .filter(|(_, _, since)| *since <= version)
                    .map(|(name, price, _)| (name.to_owned(), price))
                    .collect()
            }

            /// The first price that `version` does not list and that is not 0: it would be charged
            /// without being part of the id.
            fn unlisted(&self, version: u16) -> Option<&'static str> {
                let rows = [$(($name, self.$field, since!($($since)?)),)*];
                rows.into_iter()
                    .find(|(_, price, since)| *since > version && *price != 0)
                    .map(|(name, _, _)| name)
            }
        }
    };
}

// In the order of the published list, which has the prices of the host functions before the first
// row that begins with `host.`. A row belongs to the versions from its `since` on.
dynamic! {
    function_entry "function.entry";
    function_entry_per_slot "function.entry.per_slot";
    function_first "function.first";
    function_first_per_operator "function.first.per_operator";
    function_first_per_target "function.first.per_target";
    memory_grow_per_page "memory.grow.per_page";
    memory_copy_per_byte "memory.copy.per_byte";
    memory_fill_per_byte "memory.fill.per_byte";
    frame_base "frame.base";
    frame_per_code_byte "frame.per_code_byte";
    frame_per_declaration "frame.per_declaration";
    frame_per_page "frame.per_page";
    frame_per_data_byte "frame.per_data_byte";
    frame_per_segment "frame.per_segment";
    frame_per_item "frame.per_item";
    storage_scan_per_entry "host.storage_scan.per_entry";
    storage_scan_per_hidden_key "host.storage_scan.per_hidden_key";
}

/// All prices of one version of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    operators: Vec<u64>,
    dynamic: Dynamic,
    host: Vec<HostPrice>,
    embedder: Vec<(&'static str, u64)>,
}

/// Why a schedule was rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A branch or call would cost nothing, so a loop could be free.
    #[error("{0} must cost at least 1, or a loop could be free")]
    FreeCycle(&'static str),
    /// `block`, `loop`, `else`, `end` and `nop` cost 0: a metering block may begin or end at each
    /// of them.
    #[error("{0} must cost 0: a metering block may begin or end at it")]
    PricedMarker(&'static str),
    /// A price is too large for the sums that use it.
    #[error("the price of {0} is too large")]
    TooLarge(String),
    /// A list does not have one price for each row of its table.
    #[error("expected {0} prices, one for each row of the table")]
    Incomplete(usize),
    /// Two prices under one name.
    #[error("{0} has two prices")]
    Twice(String),
}

const fn price_of(class: Class) -> u64 {
    match class {
        Class::Marker | Class::Reinterpret => 0,
        Class::Simple | Class::FloatConst => 10,
        Class::Load
        | Class::Store
        | Class::FloatLoad
        | Class::FloatStore
        | Class::Branch
        | Class::WideAdd => 20,
        Class::Divide | Class::WideMultiply => 30,
        Class::BranchTable => 40,
        Class::Call => 60,
        Class::CallIndirect | Class::Bulk => 100,
        Class::Grow => 1_000,
        Class::Float => FLOAT_TRAP_PRICE,
    }
}

const fn host_price(function: Function) -> HostPrice {
    let (base, per_byte, per_value_byte, cold) = match function {
        Function::Input | Function::Return | Function::Revert | Function::Returned => {
            (1_000, 5, 0, 0)
        }
        Function::StorageRead => (50_000, 40, 10, 500_000),
        Function::StorageHas => (50_000, 40, 0, 500_000),
        Function::StorageWrite => (200_000, 80, 40, 500_000),
        Function::StorageRemove => (200_000, 80, 0, 500_000),
        Function::EmitEvent => (10_000, 20, 0, 0),
        Function::Sha256 => (3_000, 40, 0, 0),
        Function::Secp256k1Verify => (1_500_000, 0, 0, 0),
        Function::Ed25519Verify => (800_000, 60, 0, 0),
        Function::DebugLog => (1_000, 10, 0, 0),
        Function::StorageScan => (50_000, 40, 10, 500_000),
        Function::Keccak256 => (5_000, 60, 0, 0),
        Function::Secp256k1Recover => (3_000_000, 0, 0, 0),
        Function::P256Verify => (3_000_000, 0, 0, 0),
        Function::Blake3 => (5_000, 30, 0, 0),
        Function::Ripemd160 => (5_000, 60, 0, 0),
        Function::Sha512 => (5_000, 40, 0, 0),
        Function::Bls12381G1Add => (60_000, 0, 0, 0),
        // A list costs its items, each as much as the first: a sum of many terms shares no more
        // work than one of few (`sum_of_multiples`), so no count has a discount or is too cheap.
        Function::Bls12381G1Msm => (300_000, 4_900, 0, 0),
        Function::Bls12381G2Add => (80_000, 0, 0, 0),
        Function::Bls12381G2Msm => (800_000, 5_300, 0, 0),
        Function::Bls12381PairingCheck => (6_000_000, 9_700, 0, 0),
        Function::Bls12381MapFpToG1 => (750_000, 0, 0, 0),
        Function::Bls12381MapFp2ToG2 => (2_100_000, 0, 0, 0),
        Function::Bn254Add => (30_000, 0, 0, 0),
        Function::Bn254Mul => (360_000, 0, 0, 0),
        Function::Bn254PairingCheck => (4_000_000, 14_600, 0, 0),
        Function::BlockHash | Function::Balance => (50_000, 0, 0, 500_000),
        // Two accounts are written; a call that carries a value pays this base too.
        Function::Transfer => (400_000, 0, 0, 500_000),
        Function::Call => (100_000, 10, 0, 500_000),
        // An account is written.
        Function::Deploy => (300_000, 10, 0, 500_000),
        Function::SetCode => (250_000, 0, 0, 500_000),
        // Context: a copy of at most 32 bytes; the price is that of leaving and re-entering the
        // guest.
        Function::BlockHeight
        | Function::BlockTime
        | Function::ChainId
        | Function::Caller
        | Function::SelfAddress
        | Function::GasLeft
        | Function::Proposer
        | Function::TxHash
        | Function::Value => (1_000, 0, 0, 0),
        // The table is in another crate and may grow. A row without a price here cannot be paid; a
        // test checks that there is none.
        _ => (STATIC_PRICE_BOUND, 0, 0, 0),
    };
    HostPrice {
        base,
        per_byte,
        per_value_byte,
        cold,
    }
}

impl Schedule {
    /// The prices of version 1, without prices of an embedder.
    #[must_use]
    pub fn v1() -> Self {
        Self {
            operators: opcode::TABLE
                .iter()
                .map(|row| price_of(row.class))
                .collect(),
            dynamic: Dynamic {
                function_entry: 40,
                function_entry_per_slot: 3,
                function_first: 4_000,
                function_first_per_operator: 400,
                function_first_per_target: 150,
                memory_grow_per_page: 300_000,
                memory_copy_per_byte: 2,
                memory_fill_per_byte: 2,
                frame_base: 30_000,
                frame_per_code_byte: 30,
                frame_per_declaration: 500,
                frame_per_page: 300_000,
                frame_per_data_byte: 2,
                frame_per_segment: 1_000,
                frame_per_item: 20,
                storage_scan_per_entry: 20_000,
                storage_scan_per_hidden_key: 100_000,
            },
            host: host_api::TABLE
                .iter()
                .map(|row| host_price(row.function))
                .collect(),
            embedder: Vec::new(),
        }
    }

    /// A schedule of these prices, one for each row of [`opcode::TABLE`] and of the host table,
    /// without prices of an embedder.
    ///
    /// # Errors
    /// [`ScheduleError`] if a loop could be free, a sum could wrap, or a row has no price.
    pub fn new(
        operators: Vec<u64>,
        dynamic: Dynamic,
        host: Vec<HostPrice>,
    ) -> Result<Self, ScheduleError> {
        if operators.len() != opcode::TABLE.len() {
            return Err(ScheduleError::Incomplete(opcode::TABLE.len()));
        }
        if host.len() != host_api::TABLE.len() {
            return Err(ScheduleError::Incomplete(host_api::TABLE.len()));
        }
        let schedule = Self {
            operators,
            dynamic,
            host,
            embedder: Vec::new(),
        };
        schedule.validate()?;
        Ok(schedule)
    }

    /// This schedule with other prices: `operator` returns that of an operator from the one here.
    ///
    /// # Errors
    /// [`ScheduleError`] if a loop could be free or a sum could wrap.
    pub fn repriced(
        &self,
        operator: impl Fn(Opcode, u64) -> u64,
        dynamic: Dynamic,
    ) -> Result<Self, ScheduleError> {
        let rows = opcode::TABLE.iter().map(|row| row.opcode);
        let schedule = Self {
            operators: rows.map(|of| operator(of, self.operator(of))).collect(),
            dynamic,
            ..self.clone()
        };
        schedule.validate()?;
        Ok(schedule)
    }

    /// This schedule with the prices that the embedder charges, under their published names. They
    /// are listed and hashed last, in this order.
    ///
    /// # Errors
    /// [`ScheduleError`] if a sum could wrap or a name has two prices.
    pub fn with_embedder(self, prices: &[(&'static str, u64)]) -> Result<Self, ScheduleError> {
        let schedule = Self {
            embedder: prices.to_vec(),
            ..self
        };
        schedule.validate()?;
        Ok(schedule)
    }

    fn validate(&self) -> Result<(), ScheduleError> {
        for row in opcode::TABLE {
            let cycles = matches!(
                row.class,
                Class::Branch | Class::BranchTable | Class::Call | Class::CallIndirect
            );
            if cycles && self.operator(row.opcode) < BRANCH_PRICE_MIN {
                return Err(ScheduleError::FreeCycle(row.name));
            }
        }
        for row in opcode::TABLE {
            if row.class == Class::Marker && self.operator(row.opcode) != 0 {
                return Err(ScheduleError::PricedMarker(row.name));
            }
        }
        let mut names = BTreeSet::new();
        for (name, price) in self.entries(u16::MAX, host_api::TABLE) {
            let per_unit = name.contains(".per_");
            let bound = if per_unit {
                UNIT_PRICE_BOUND
            } else {
                STATIC_PRICE_BOUND
            };
            if price >= bound {
                return Err(ScheduleError::TooLarge(name));
            }
            if !names.insert(name.clone()) {
                return Err(ScheduleError::Twice(name));
            }
        }
        Ok(())
    }

    /// Price of an operator; one that is lowered to another has the price of that one.
    #[must_use]
    pub fn operator(&self, opcode: Opcode) -> u64 {
        match opcode.class() {
            Class::Reinterpret => 0,
            Class::Float => FLOAT_TRAP_PRICE,
            _ => self
                .operators
                .get(opcode.twin().index())
                .copied()
                .unwrap_or_default(),
        }
    }

    /// Prices that depend on data or belong to no operator.
    #[must_use]
    pub const fn dynamic(&self) -> &Dynamic {
        &self.dynamic
    }

    /// The embedder's price of this name, if there is one.
    #[must_use]
    pub fn embedder(&self, name: &str) -> Option<u64> {
        let mut prices = self.embedder.iter();
        let found = prices.find(|(published, _)| *published == name);
        found.map(|(_, price)| *price)
    }

    /// Price of a host function.
    #[must_use]
    pub fn host(&self, function: Function) -> HostPrice {
        host_api::TABLE
            .iter()
            .zip(&self.host)
            .find(|(row, _)| row.function == function)
            .map(|(_, price)| *price)
            .unwrap_or_default()
    }

    /// Price of entering a function whose frame size is `slots`. Below 2^64 by the bounds of both
    /// prices.
    #[must_use]
    pub const fn function_entry(&self, slots: u32) -> u64 {
        #[expect(clippy::as_conversions, reason = "u32 widened; From is not const")]
        let slots = slots as u64;
        self.dynamic
            .function_entry
            .saturating_add(self.dynamic.function_entry_per_slot.saturating_mul(slots))
    }

    /// Price of the first entry in a contract frame of a function with `operators` and `targets`,
    /// which is paid before the price of entry: that of translating it. On overflow `u64::MAX`,
    /// which no limit can pay.
    #[must_use]
    pub fn first_entry(&self, operators: u32, targets: u32) -> u64 {
        let prices = &self.dynamic;
        let parts = [
            (prices.function_first_per_operator, operators),
            (prices.function_first_per_target, targets),
        ];
        parts
            .iter()
            .fold(prices.function_first, |sum, (per_unit, units)| {
                sum.saturating_add(per_unit.saturating_mul(u64::from(*units)))
            })
    }

    /// The first price that `version` does not have and that is not 0.
    pub(crate) fn unlisted(&self, version: u16) -> Option<&'static str> {
        self.dynamic.unlisted(version)
    }

    /// Every price of a version under its published name, in a fixed order.
    pub(crate) fn entries(&self, version: u16, host: &[host_api::Row]) -> Vec<(String, u64)> {
        let mut entries: Vec<(String, u64)> = opcode::TABLE
            .iter()
            .filter(|row| row.since <= version)
            .map(|row| (row.name.to_owned(), self.operator(row.opcode)))
            .collect();
        let mut dynamic = self.dynamic.listed(version);
        let of_host = |(name, _): &(String, u64)| name.starts_with("host.");
        let split = dynamic.iter().position(of_host).unwrap_or(dynamic.len());
        let after = dynamic.split_off(split);
        entries.append(&mut dynamic);
        for row in host {
            let price = self.host(row.function);
            let prices = [
                ("base", price.base),
                ("per_byte", price.per_byte),
                ("per_value_byte", price.per_value_byte),
                ("cold", price.cold),
            ];
            let name = |part| format!("host.{}.{part}", row.name);
            entries.extend(prices.map(|(part, price)| (name(part), price)));
        }
        entries.extend(after);
        let embedder = self.embedder.iter();
        entries.extend(embedder.map(|(name, price)| ((*name).to_owned(), *price)));
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v1_parts() -> (Vec<u64>, Dynamic, Vec<HostPrice>) {
        let Schedule {
            operators,
            dynamic,
            host,
            ..
        } = Schedule::v1();
        (operators, dynamic, host)
    }

    #[test]
    fn the_starting_prices_are_a_valid_schedule() {
        let (operators, dynamic, host) = v1_parts();
        assert_eq!(Schedule::new(operators, dynamic, host), Ok(Schedule::v1()));
    }

    #[test]
    fn a_free_branch_is_rejected() {
        for row in opcode::TABLE
            .iter()
            .filter(|row| row.name.starts_with("br") || row.name == "call")
        {
            let (mut operators, dynamic, host) = v1_parts();
            operators[row.opcode.index()] = 0;
            let rejected = Schedule::new(operators, dynamic, host);
            assert_eq!(rejected, Err(ScheduleError::FreeCycle(row.name)));
        }
    }

    #[test]
    fn a_priced_marker_is_rejected() {
        for row in opcode::TABLE
            .iter()
            .filter(|row| row.class == Class::Marker)
        {
            let (mut operators, dynamic, host) = v1_parts();
            operators[row.opcode.index()] = 1;
            let rejected = Schedule::new(operators, dynamic, host);
            assert_eq!(rejected, Err(ScheduleError::PricedMarker(row.name)));
        }
    }

    #[test]
    fn prices_that_could_wrap_are_rejected() {
        let (mut operators, dynamic, host) = v1_parts();
        operators[Opcode::I32Add.index()] = STATIC_PRICE_BOUND;
        assert!(Schedule::new(operators, dynamic, host).is_err());
        let (operators, mut dynamic, host) = v1_parts();
        dynamic.memory_copy_per_byte = UNIT_PRICE_BOUND;
        assert!(Schedule::new(operators, dynamic, host).is_err());
    }

    #[test]
    fn prices_of_the_embedder_are_listed_last_and_bounded() {
        let with = |prices: &[(&'static str, u64)]| Schedule::v1().with_embedder(prices);
        let given = [("upload.per_byte", UNIT_PRICE_BOUND - 1), ("base", 7)];
        let schedule = with(&given).unwrap();
        let mut expected = Schedule::v1().entries(1, host_api::TABLE);
        expected.extend(given.map(|(name, price)| (name.to_owned(), price)));
        assert_eq!(schedule.entries(1, host_api::TABLE), expected);
        assert_eq!(schedule.embedder("base"), Some(7));
        assert_eq!(schedule.embedder("i32.add"), None);

        let too_large = |name: &str| Err(ScheduleError::TooLarge(name.to_owned()));
        let unit = "upload.per_byte";
        assert_eq!(with(&[(unit, UNIT_PRICE_BOUND)]), too_large(unit));
        assert!(with(&[("base", UNIT_PRICE_BOUND)]).is_ok());
        assert_eq!(with(&[("base", STATIC_PRICE_BOUND)]), too_large("base"));
        for prices in [&[("base", 1), ("base", 1)][..], &[("i32.add", 1)]] {
            let twice = ScheduleError::Twice(prices[0].0.to_owned());
            assert_eq!(with(prices), Err(twice));
        }
    }

    #[test]
    fn only_the_listed_operators_are_free() {
        let schedule = Schedule::v1();
        let free: Vec<&str> = opcode::TABLE
            .iter()
            .filter(|row| schedule.operator(row.opcode) == 0)
            .map(|row| row.name)
            .collect();
        let reinterpret = [
            "i32.reinterpret_f32",
            "i64.reinterpret_f64",
            "f32.reinterpret_i32",
            "f64.reinterpret_i64",
        ];
        let expected: Vec<&str> = ["nop", "block", "loop", "else", "end"]
            .into_iter()
            .chain(reinterpret)
            .collect();
        assert_eq!(free, expected);
    }
}
