//! Reads a contract file and describes its contents.
//!
//! | file | content |
//! |---|---|
//! | `load` | a file's bytes, assembled and validated |
//! | `contents` | sections, imports, exports and floats of a module, accepted or not |
//! | `signature` | types, exports, memory and floats as text |
//! | `usage` | how much of each limit a module uses |
//! | `warnings` | warnings about accepted modules |
//! | `listing` | the code with prices |
//! | `wit` | the interface in WIT |

pub(crate) mod load;

pub(crate) mod contents;

pub(crate) mod signature;

pub(crate) mod usage;

pub(crate) mod warnings;

pub(crate) mod listing;

pub(crate) mod wit;
