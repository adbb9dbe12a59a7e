//! Records which state keys an execution read and wrote, in bytewise order.

use std::collections::BTreeSet;

/// Keys read and written by one message, reverted ones included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessSet {
    /// State keys whose committed value was read.
    pub reads: BTreeSet<Vec<u8>>,
    /// State keys that were written or removed.
    pub writes: BTreeSet<Vec<u8>>,
    /// Scanned ranges of state keys, as (first key, key after the last).
    pub scans: BTreeSet<(Vec<u8>, Vec<u8>)>,
}
