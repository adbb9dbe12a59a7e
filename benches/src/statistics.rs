//! Reduces samples: medians, geometric means, ratios.
#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    reason = "statistics on times; no result of the VM"
)]

/// The median, the upper one for an even number of samples; 0 without samples.
#[must_use]
pub fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get(sorted.len().wrapping_div(2))
        .copied()
        .unwrap_or(0.0)
}

/// The geometric mean; 1 without values.
#[must_use]
pub fn geomean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 1.0;
    }
    let logarithms: f64 = values.iter().map(|value| value.ln()).sum();
    (logarithms / values.len() as f64).exp()
}

/// `part / whole`.
#[must_use]
pub fn ratio(part: f64, whole: f64) -> f64 {
    part / whole
}

/// Time per unit.
#[must_use]
pub fn per(nanoseconds: f64, units: usize) -> f64 {
    nanoseconds / units as f64
}

#[cfg(test)]
mod tests {
    use super::{geomean, median};

    #[test]
    fn median_and_geometric_mean_of_known_samples() {
        assert_eq!(median(&[9.0, 1.0, 4.0]), 4.0);
        assert!((geomean(&[2.0, 8.0]) - 4.0).abs() < 1e-9);
    }
}
