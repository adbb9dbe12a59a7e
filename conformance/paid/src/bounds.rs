//! How much of each kind of work a unit of gas may cause: so much that it takes at most
//! [`TIMES_NOMINAL`] times the nominal time of the gas.
//!
//! `data/units.txt` has the time of a unit of each kind.

use vm::unstable::work::{WorkCounts, WorkKind};

/// The time of a unit of each kind.
const UNITS: &str = include_str!("../data/units.txt");
/// Nominal time of a unit of gas, in picoseconds.
pub const PICOSECONDS_PER_GAS: u64 = 100;
/// Work of one kind may take as many times the nominal time of what was paid.
pub const TIMES_NOMINAL: u64 = 2;

/// Time of a unit of each kind in picoseconds, in the order of [`WorkKind::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Bounds(WorkCounts);

/// More work than gas was paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpaid {
    /// What was counted.
    pub kind: WorkKind,
    /// Its amount.
    pub amount: u64,
    /// Gas paid.
    pub gas: u64,
    /// The greatest amount that this gas pays.
    pub most: u64,
}

impl Bounds {
    /// The bounds of the file.
    ///
    /// # Errors
    /// The line that is wrong, or the kind that is missing.
    pub fn read() -> Result<Self, String> {
        Self::parse(UNITS)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut units = [0; WorkKind::ALL.len()];
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let row = line.split_once(' ');
            let row = row.and_then(|(name, time)| Some((name, time.parse::<u64>().ok()?)));
            let (name, time) = row.ok_or_else(|| line.to_owned())?;
            let place = WorkKind::ALL.iter().position(|kind| kind.name() == name);
            let unit = place.and_then(|place| units.get_mut(place));
            *unit.ok_or_else(|| line.to_owned())? = time;
        }
        match WorkKind::ALL.iter().zip(units).find(|(_, time)| *time == 0) {
            None => Ok(Self(units)),
            Some((kind, _)) => Err(format!("no time of a unit of {}", kind.name())),
        }
    }

    /// Time of a unit of each kind in picoseconds.
    #[must_use]
    pub const fn units(&self) -> WorkCounts {
        self.0
    }

    /// The greatest amount of each kind that `gas` pays.
    #[must_use]
    pub fn most(&self, gas: u64) -> WorkCounts {
        let time = u128::from(gas)
            .saturating_mul(u128::from(PICOSECONDS_PER_GAS))
            .saturating_mul(u128::from(TIMES_NOMINAL));
        self.0.map(|unit| {
            let most = time.checked_div(u128::from(unit)).unwrap_or(u128::MAX);
            u64::try_from(most).unwrap_or(u64::MAX)
        })
    }

    /// The share of what `gas` pays that was counted, of each kind, in thousandths.
    #[must_use]
    pub fn shares(&self, counts: &WorkCounts, gas: u64) -> WorkCounts {
        let mut shares = self.most(gas);
        for (share, count) in shares.iter_mut().zip(counts) {
            let thousandths = count.saturating_mul(1_000);
            *share = thousandths.checked_div(*share).unwrap_or(u64::MAX);
        }
        shares
    }

    /// The first kind of which more was counted than `gas` pays.
    #[must_use]
    pub fn unpaid(&self, counts: &WorkCounts, gas: u64) -> Option<Unpaid> {
        let most = self.most(gas);
        let each = WorkKind::ALL.into_iter().zip(counts.iter().zip(most));
        each.map(|(kind, (amount, most))| Unpaid {
            kind,
            amount: *amount,
            gas,
            most,
        })
        .find(|found| found.amount > found.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_nominal_time_is_the_bound() {
        let mut text: String = WorkKind::ALL
            .map(|kind| format!("{} 1000\n", kind.name()))
            .concat();
        let bounds = Bounds::parse(&text).unwrap();
        let mut counts = [200; WorkKind::ALL.len()];
        assert_eq!(bounds.unpaid(&counts, 1_000), None);
        counts[3] += 1;
        let unpaid = bounds.unpaid(&counts, 1_000).unwrap();
        assert_eq!(
            (unpaid.kind, unpaid.amount, unpaid.most),
            (WorkKind::Hashed, 201, 200)
        );
        assert_eq!(bounds.shares(&counts, 1_000)[3], 1_005);
        text.push_str("flown 3\n");
        assert_eq!(Bounds::parse(&text).unwrap_err(), "flown 3");
    }

    #[test]
    fn every_kind_has_a_time() {
        Bounds::read().unwrap();
        assert!(Bounds::parse("read 3\n").is_err());
    }
}
