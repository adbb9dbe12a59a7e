//! meter/mod.
