//! Chooses the marks of an axis and formats rounded figures, in integer arithmetic.

/// Maximum number of marks on an axis, 0 not counted.
const MARKS_MAX: u64 = 5;

/// An axis from 0 to a round number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// Value at its end; not 0.
    pub(super) end: u64,
    /// Difference between two marks.
    pub(super) step: u64,
}

impl Axis {
    /// An axis up to at least `largest`, with marks at multiples of 1, 2 or 5 times a power of ten.
    pub(super) fn to(largest: u64) -> Self {
        let mut step = 1_u64;
        let mut factors = [2_u64, 5, 10].into_iter().cycle();
        let mut power = 1_u64;
        while largest.div_ceil(step) > MARKS_MAX {
            let factor = factors.next().unwrap_or(10);
            step = power.saturating_mul(factor);
            if factor == 10 {
                power = step;
            }
            if step == u64::MAX {
                break;
            }
        }
        let end = largest.div_ceil(step).max(1).saturating_mul(step);
        Self { end, step }
    }

    /// Values of the marks, 0 first.
    pub(super) fn marks(self) -> impl Iterator<Item = u64> {
        (0..=MARKS_MAX)
            .map(move |mark| mark.saturating_mul(self.step))
            .filter(move |mark| *mark <= self.end)
    }

    /// Position of `value` on an axis of this `length`, rounded down.
    pub(super) fn position(self, value: u64, length: u64) -> u64 {
        share(value, self.end, length)
    }
}

/// `length * value / whole`, rounded down; 0 if `whole` is 0.
pub(super) fn share(value: u64, whole: u64, length: u64) -> u64 {
    let product = u128::from(value).saturating_mul(u128::from(length));
    let quotient = product.checked_div(u128::from(whole)).unwrap_or_default();
    u64::try_from(quotient).unwrap_or(u64::MAX)
}

/// A unit in which figures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// Number of base units in this unit.
    pub(super) size: u64,
    /// Name of the unit.
    pub(super) name: &'static str,
}

/// Gas.
pub(super) const GAS: [Unit; 4] = units(["gas", "thousand gas", "million gas", "billion gas"]);
/// Time; base unit nanosecond.
pub(super) const TIME: [Unit; 4] = units(["ns", "\u{b5}s", "ms", "s"]);
/// Time for 1,000 gas; base unit picosecond.
pub(super) const PRICE: [Unit; 3] = {
    let [one, kilo, mega, _] = units([
        "ps for 1,000 gas",
        "ns for 1,000 gas",
        "\u{b5}s for 1,000 gas",
        "",
    ]);
    [one, kilo, mega]
};
/// Size in bytes.
pub(super) const BYTES: [Unit; 4] = units(["bytes", "KB", "MB", "GB"]);
/// Counts, without a unit.
pub(super) const COUNT: [Unit; 1] = [Unit { size: 1, name: "" }];

const fn units(names: [&'static str; 4]) -> [Unit; 4] {
    let [one, kilo, mega, giga] = names;
    [
        Unit { size: 1, name: one },
        Unit {
            size: 1_000,
            name: kilo,
        },
        Unit {
            size: 1_000_000,
            name: mega,
        },
        Unit {
            size: 1_000_000_000,
            name: giga,
        },
    ]
}

impl Unit {
    /// The largest of `units` in which `value` is at least 1, else the first.
    pub(super) fn for_value(units: &[Self], value: u64) -> Self {
        let fits = units.iter().rfind(|unit| unit.size <= value);
        let first = units.first();
        fits.or(first)
            .copied()
            .unwrap_or(Self { size: 1, name: "" })
    }

    /// `value` in this unit with at most three decimals, without trailing zeros and unit name.
    pub(super) fn number(self, value: u64) -> String {
        let whole = value.checked_div(self.size).unwrap_or_default();
        let rest = value.checked_rem(self.size).unwrap_or_default();
        let decimals = share(rest, self.size, 1_000);
        let whole = crate::text::grouped(whole);
        if decimals == 0 {
            return whole;
        }
        let decimals = format!("{decimals:03}");
        format!("{whole}.{}", decimals.trim_end_matches('0'))
    }
}

/// `value` rounded to three significant digits, in the best of `units`, with the unit's name.
pub(super) fn figure(units: &[Unit], value: u64) -> String {
    let unit = Unit::for_value(units, value);
    // 1.23, 12.3, 123.
    let digits = value.checked_div(unit.size).unwrap_or_default();
    let coarse = match digits {
        0..10 => unit.size.div_ceil(100),
        10..100 => unit.size.div_ceil(10),
        _ => unit.size,
    };
    let rounded = value
        .checked_div(coarse)
        .unwrap_or_default()
        .saturating_mul(coarse);
    let number = unit.number(rounded);
    match unit.name {
        "" => number,
        name => format!("{number} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_room_for_the_largest_and_few_round_marks() {
        for largest in (0..2_000).chain([u64::MAX / 3, u64::MAX]) {
            let axis = Axis::to(largest);
            assert!(axis.end >= largest && axis.end > 0, "{largest}: {axis:?}");
            let marks: Vec<u64> = axis.marks().collect();
            assert!((2..=6).contains(&marks.len()), "{largest}: {marks:?}");
            assert_eq!(marks[0], 0);
        }
        assert_eq!(Axis::to(7), Axis { end: 8, step: 2 });
        assert_eq!(Axis::to(43), Axis { end: 50, step: 10 });
        assert_eq!(
            Axis::to(260),
            Axis {
                end: 300,
                step: 100
            }
        );
        assert_eq!(Axis::to(43).position(25, 1_000), 500);
        assert_eq!(share(5, 0, 10), 0);
    }

    #[test]
    fn figures_have_a_unit_and_three_significant_digits() {
        assert_eq!(figure(&GAS, 999), "999 gas");
        assert_eq!(figure(&GAS, 12_345_678), "12.3 million gas");
        assert_eq!(figure(&TIME, 1_234_567_890), "1.23 s");
        assert_eq!(figure(&TIME, 1_000), "1 \u{b5}s");
        assert_eq!(figure(&PRICE, 123_456), "123 ns for 1,000 gas");
        assert_eq!(figure(&BYTES, 0), "0 bytes");
        assert_eq!(figure(&COUNT, 1_234_567), "1,234,567");
        let million = Unit::for_value(&GAS, 2_500_000);
        assert_eq!(million.number(2_500_000), "2.5");
        assert_eq!(million.number(500), "0");
    }
}
