//! Keeps one row per block, and merges rows once there are many.
//!
//! A simulation may have ten million blocks; its report stays small. When `ROWS_MAX` rows are full,
//! each pair is merged, so which blocks share a row depends on their number alone.

/// Maximum number of rows; even, so that they form pairs.
pub const ROWS_MAX: usize = 4_096;

/// A row that can be merged with the next one.
pub trait Absorb {
    /// Adds the figures of `later`, the row after this one.
    fn absorb(&mut self, later: Self);
}

/// Rows in the order of their blocks; all but the last have the same number of blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series<T> {
    rows: Vec<T>,
    blocks_per_row: u64,
    /// Number of blocks in the last row.
    in_last: u64,
}

impl<T> Default for Series<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            blocks_per_row: 1,
            in_last: 0,
        }
    }
}

impl<T: Absorb> Series<T> {
    /// Appends the row of one block.
    pub fn push(&mut self, block: T) {
        match self.rows.last_mut() {
            Some(last) if self.in_last < self.blocks_per_row => {
                last.absorb(block);
                self.in_last = self.in_last.saturating_add(1);
                return;
            }
            _ => {}
        }
        if self.rows.len() >= ROWS_MAX {
            // All rows are full here, and their number is even.
            self.rows = joined(core::mem::take(&mut self.rows), 2);
            self.blocks_per_row = self.blocks_per_row.saturating_mul(2);
        }
        self.rows.push(block);
        self.in_last = 1;
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// Number of blocks of each row but the last, which may have fewer.
    #[must_use]
    pub const fn blocks_per_row(&self) -> u64 {
        self.blocks_per_row
    }

    /// The rows merged into at most `most`; all but the last merge the same number of rows.
    #[must_use]
    pub fn folded(&self, most: usize) -> Vec<T>
    where
        T: Clone,
    {
        joined(self.rows.clone(), self.rows.len().div_ceil(most.max(1)))
    }
}

fn joined<T: Absorb>(rows: Vec<T>, of: usize) -> Vec<T> {
    let mut joined: Vec<T> = Vec::new();
    let mut in_last = of;
    for row in rows {
        match joined.last_mut() {
            Some(last) if in_last < of => {
                last.absorb(row);
                in_last = in_last.saturating_add(1);
            }
            _ => {
                joined.push(row);
                in_last = 1;
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First block, and number of blocks.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Span(u64, u64);

    impl Absorb for Span {
        fn absorb(&mut self, later: Self) {
            let next = self.0.saturating_add(self.1);
            assert_eq!(next, later.0, "rows are joined in order");
            self.1 = self.1.saturating_add(later.1);
        }
    }

    fn series(blocks: u64) -> Series<Span> {
        let mut series = Series::default();
        (1..=blocks).for_each(|height| series.push(Span(height, 1)));
        series
    }

    #[test]
    fn every_block_is_in_one_row_and_the_rows_stay_few() {
        const MOST: u64 = 4_096;
        assert_eq!(u64::try_from(ROWS_MAX), Ok(MOST));
        for blocks in [
            0,
            1,
            2,
            MOST - 1,
            MOST,
            MOST + 1,
            2 * MOST + 1,
            9 * MOST + 5,
        ] {
            let series = series(blocks);
            assert!(series.rows().len() <= ROWS_MAX, "{blocks}");
            assert_eq!(series.rows().iter().map(|span| span.1).sum::<u64>(), blocks);
            let full = series.rows().split_last().map_or(&[][..], |(_, full)| full);
            assert!(full.iter().all(|span| span.1 == series.blocks_per_row()));
        }
        assert_eq!(series(MOST).blocks_per_row(), 1);
        assert_eq!(series(MOST + 1).blocks_per_row(), 2);
    }

    #[test]
    fn folded_rows_are_at_most_as_many_as_wanted() {
        let series = series(1_000);
        for most in [1, 7, 120, 999, 1_000, 2_000] {
            let folded = series.folded(most);
            assert!(folded.len() <= most);
            assert_eq!(folded.iter().map(|span| span.1).sum::<u64>(), 1_000);
        }
        assert_eq!(series.folded(0).len(), 1);
    }
}
