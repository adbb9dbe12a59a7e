//! Defines one version of the protocol: operators, limits, float policy, prices, host functions.
//!
//! `rules_id = sha256(borsh(Rules))` is part of headers, upload receipts and cache keys. Nothing
//! else (build, feature, platform, log level, environment) may change an observable.
//!
//! Specification: docs/spec/rules.md, "Rules".

use crate::limits::{HostLimits, Limit, Limits};
use crate::opcode::{self, Opcode};
use crate::schedule::Schedule;
use borsh::BorshSerialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::Deref;

/// What `check` does with float operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize)]
pub enum FloatPolicy {
    /// Floats are lowered: moves keep their bits, arithmetic traps.
    Lower,
    /// A module with floats is rejected.
    Reject,
}

/// The contents of one version; [`Rules`] are made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Version number. The version has the rows of operators, limits and prices whose `since` is
    /// this or less.
    pub number: u16,
    /// Limits of modules.
    pub limits: Limits,
    /// Limits of host calls.
    pub host_limits: HostLimits,
    /// Float policy.
    pub floats: FloatPolicy,
    /// Prices.
    pub schedule: Schedule,
    /// The host functions that a module may import, by name. Two names may map to one function.
    pub host: Vec<host_api::Row>,
    /// Further contents of a version, each under a tag: rules of blocks and transactions, import
    /// modules, details of the float policy. Version 1 has none.
    pub details: BTreeMap<String, Vec<u8>>,
}

impl Version {
    /// Version 1: floats are lowered, prices as in [`Schedule::v1`].
    #[must_use]
    pub fn v1() -> Self {
        let first = |row: &&host_api::Row| row.since <= 1;
        Self {
            number: 1,
            limits: Limits::V1,
            host_limits: HostLimits::V1,
            floats: FloatPolicy::Lower,
            schedule: Schedule::v1(),
            host: host_api::TABLE.iter().filter(first).copied().collect(),
            details: BTreeMap::new(),
        }
    }

    /// The operators of this version, in the order of the table.
    pub fn operators(&self) -> impl Iterator<Item = &'static opcode::Row> + use<> {
        let number = self.number;
        opcode::TABLE.iter().filter(move |row| row.since <= number)
    }

    /// True if this version has `opcode`.
    ///
    /// Needs no comparison at run time if the compiler knows the operator and it is in version 1.
    #[must_use]
    #[inline(always)]
    pub const fn has(&self, opcode: Opcode) -> bool {
        opcode.since() == 1 || opcode.since() <= self.number
    }

    /// The observable limits by name, in a fixed order.
    pub fn named_limits(&self) -> impl Iterator<Item = Limit> {
        let host = self.host_limits.listed(self.number);
        self.limits.listed(self.number).chain(host)
    }

    /// Every price under its published name, in a fixed order.
    #[must_use]
    pub fn prices(&self) -> Vec<(String, u64)> {
        self.schedule.entries(self.number, &self.host)
    }

    fn validate(&self) -> Result<(), RulesError> {
        if self.number == 0 || (self.number == 1 && !self.details.is_empty()) {
            return Err(RulesError::Number(self.number));
        }
        if let Some(name) = self.limits.unfit().or_else(|| self.host_limits.unfit()) {
            return Err(RulesError::Limit(name));
        }
        let unlisted = [
            self.limits.unlisted(self.number),
            self.host_limits.unlisted(self.number),
            self.schedule.unlisted(self.number),
        ];
        if let Some(name) = unlisted.into_iter().flatten().next() {
            return Err(RulesError::Unlisted(name));
        }
        for (index, row) in self.host.iter().enumerate() {
            let provided = host_api::table::row(row.function);
            let fits = provided.is_some_and(|provided| {
                provided.arguments == row.arguments && provided.result == row.result
            });
            let mut before = self.host.iter().take(index);
            if !fits || u8::try_from(index).is_err() || before.any(|other| other.name == row.name) {
                return Err(RulesError::Host(row.name));
            }
        }
        Ok(())
    }
}

/// Why this build cannot run a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// There is no version 0, and version 1 has no details.
    #[error("version {0} is not valid: the first version is 1, and it has no details")]
    Number(u16),
    /// A limit is beyond what is compiled in.
    #[error("this build does not support the value of limit {0}")]
    Limit(&'static str),
    /// A row that this version does not have is set: two rules would share an id.
    #[error("{0} is set, but belongs to a later version")]
    Unlisted(&'static str),
    /// A name is used twice, or a type is not that of the host function.
    #[error("host function {0}: the name is used twice, or the type is wrong")]
    Host(&'static str),
}

/// One version of the protocol with its id. It dereferences to [`Version`] and is immutable, so the
/// id stays correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    version: Version,
    id: [u8; 32],
}

impl Deref for Rules {
    type Target = Version;

    fn deref(&self) -> &Version {
        &self.version
    }
}

impl Rules {
    /// Version 1 with another float policy or with other prices.
    #[must_use]
    pub fn new(floats: FloatPolicy, schedule: Schedule) -> Self {
        Self::identified(Version {
            floats,
            schedule,
            ..Version::v1()
        })
    }

    /// Version 1 without the prices of an embedder: floats are lowered. A node adds its prices, so
    /// its rules have another id.
    #[must_use]
    pub fn v1() -> Self {
        Self::identified(Version::v1())
    }

    /// The rules of `version`.
    ///
    /// # Errors
    /// [`RulesError`] if this build cannot run them.
    pub fn of(version: Version) -> Result<Self, RulesError> {
        version.validate()?;
        Ok(Self::identified(version))
    }

    fn identified(version: Version) -> Self {
        let id = identify(&version);
        Self { version, id }
    }

    /// `sha256(borsh(Rules))`.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }
}

/// Preimage of the rules id. Adding a field changes consensus.
#[derive(BorshSerialize)]
struct Encoded {
    domain: String,
    limits: Vec<Limit>,
    operators: Vec<(&'static str, u16)>,
    floats: FloatPolicy,
    prices: Vec<(String, u64)>,
    host: Vec<(u8, &'static str, Vec<u8>, Option<u8>)>,
    details: Vec<u8>,
}

fn identify(version: &Version) -> [u8; 32] {
    let wire = |kind: host_api::Type| u8::from(kind == host_api::Type::I64);
    // Writing to memory does not fail.
    let details = match version.details.is_empty() {
        true => Vec::new(),
        false => borsh::to_vec(&version.details).unwrap_or_default(),
    };
    let encoded = Encoded {
        domain: format!("lockstep/rules/{}", version.number),
        limits: version.named_limits().collect(),
        operators: version
            .operators()
            .map(|row| (row.name, row.encoding))
            .collect(),
        floats: version.floats,
        prices: version.prices(),
        host: version
            .host
            .iter()
            .zip(0_u8..)
            .map(|(row, number)| {
                (
                    number,
                    row.name,
                    row.parameters().map(wire).collect(),
                    row.result.map(wire),
                )
            })
            .collect(),
        details,
    };
    let mut hasher = Sha256::new();
    hasher.update(borsh::to_vec(&encoded).unwrap_or_default());
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{FloatPolicy, Rules, RulesError, Version};
    use crate::limits::{FRAME_SLOTS_MAX, HostLimits, Limits, MEMORY_PAGES_MAX};
    use crate::schedule::Schedule;

    #[test]
    fn prices_of_the_embedder_are_in_the_id() {
        let with = |prices: &[(&'static str, u64)]| {
            let schedule = Schedule::v1().with_embedder(prices).unwrap();
            *Rules::new(FloatPolicy::Lower, schedule).id()
        };
        assert_eq!(with(&[]), *Rules::v1().id());
        let ids = [
            with(&[]),
            with(&[("one", 1), ("two", 2)]),
            with(&[("one", 2), ("two", 2)]),
            with(&[("two", 2), ("one", 1)]),
        ];
        assert_eq!(std::collections::BTreeSet::from(ids).len(), 4);
    }

    /// Changes one limit.
    type Change = fn(&mut Limits, &mut HostLimits);

    fn with(change: Change) -> Result<Rules, RulesError> {
        let mut version = Version {
            number: 2,
            ..Version::v1()
        };
        change(&mut version.limits, &mut version.host_limits);
        Rules::of(version)
    }

    #[test]
    fn what_is_compiled_in_is_a_bound_of_every_version() {
        let rejected: &[(&str, Change)] = &[
            ("results_max", |of, _| of.results_max = 2),
            ("tables_max", |of, _| of.tables_max = 2),
            ("memories_max", |of, _| of.memories_max = 2),
            ("memory_pages_max", |of, _| {
                of.memory_pages_max = MEMORY_PAGES_MAX + 1
            }),
            ("memory_pages_initial_max", |of, _| {
                of.memory_pages_max = MEMORY_PAGES_MAX - 1
            }),
            ("operands_max", |of, _| {
                of.operands_max = FRAME_SLOTS_MAX - of.locals_max + 1
            }),
            ("operands_max", |of, _| of.locals_max = u32::MAX),
            ("stack_slots_max", |of, _| of.stack_slots_max -= 1),
            ("stack_slots_max", |of, _| of.stack_slots_max += 1),
            ("stack_weight_min", |of, _| of.stack_weight_min += 1),
            ("key_bytes_max", |_, host| {
                host.key_bytes_max = (1 << 24) + 1
            }),
            ("value_bytes_max", |_, host| {
                host.value_bytes_max = (1 << 24) + 1
            }),
            ("data_bytes_max", |_, host| {
                host.data_bytes_max = (1 << 24) + 1
            }),
            ("topic_bytes", |_, host| host.topic_bytes += 1),
            ("call_gas_kept_shift", |_, host| {
                host.call_gas_kept_shift = 64
            }),
        ];
        for (name, change) in rejected {
            assert_eq!(with(*change), Err(RulesError::Limit(name)));
        }
        let accepted: &[Change] = &[
            |of, _| {
                of.memory_pages_initial_max = 64;
                of.memory_pages_max = 64;
            },
            |of, _| of.operands_max = FRAME_SLOTS_MAX - of.locals_max,
            |_, host| host.data_bytes_max = 1 << 24,
            |_, host| host.call_gas_kept_shift = 63,
        ];
        for change in accepted {
            assert!(with(*change).is_ok());
        }
    }

    /// A row of a later version has the value of version 1, or the version is rejected.
    #[test]
    fn a_version_cannot_change_what_it_does_not_list() {
        let kept = |number, call_gas_kept_shift| {
            let host_limits = HostLimits {
                call_gas_kept_shift,
                ..HostLimits::V1
            };
            Rules::of(Version {
                number,
                host_limits,
                ..Version::v1()
            })
        };
        let rejected = RulesError::Unlisted("call_gas_kept_shift");
        assert_eq!(kept(1, 5), Err(rejected));
        assert_eq!(kept(1, 6).unwrap(), Rules::v1());
        assert_ne!(kept(2, 5).unwrap().id(), kept(2, 6).unwrap().id());
    }

    #[test]
    fn a_row_of_the_host_has_a_name_of_its_own_and_the_type_of_its_function() {
        let v1 = Version::v1();
        let (first, second) = (v1.host[0], v1.host[1]);
        let twice = [first, first].to_vec();
        let other_type = [host_api::Row {
            arguments: second.arguments,
            ..first
        }]
        .to_vec();
        for host in [twice, other_type] {
            let rejected = Rules::of(Version {
                host,
                ..Version::v1()
            });
            assert_eq!(rejected, Err(RulesError::Host(first.name)));
        }
    }

    #[test]
    fn only_a_later_version_has_details_and_each_has_an_id() {
        let details = |number, tags: &[&str]| {
            let details = tags.iter().map(|tag| ((*tag).to_owned(), vec![1]));
            Rules::of(Version {
                number,
                details: details.collect(),
                ..Version::v1()
            })
        };
        assert_eq!(details(0, &[]), Err(RulesError::Number(0)));
        assert_eq!(details(1, &["blocks"]), Err(RulesError::Number(1)));
        let ids = [
            details(1, &[]),
            details(2, &[]),
            details(2, &["blocks"]),
            details(3, &[]),
        ];
        let ids: std::collections::BTreeSet<_> = ids.map(|rules| *rules.unwrap().id()).into();
        assert_eq!(ids.len(), 4);
    }
}
