//! Collects one transaction's changes, with checkpoints.
/// Changes of one transaction over a view.
#[derive(Debug, Default)]
pub struct Journal {}
