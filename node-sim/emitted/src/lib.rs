//! emitted.
