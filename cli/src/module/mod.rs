//! Reads a contract's file and says what is in it.
//!
//! | file | what it holds |
//! |---|---|
//! | `load` | a file's bytes, assembled and checked |
//! | `contents` | what is in bytes, accepted or not |
//! | `signature` | types, exports, memory and floats, spelt |
//! | `usage` | what a module uses of each limit |
//! | `warnings` | what is accepted and probably not meant |
//! | `listing` | the code with prices |
//! | `wit` | the interface as WIT |

pub(crate) mod load;

pub(crate) mod contents;

pub(crate) mod signature;

pub(crate) mod usage;

pub(crate) mod warnings;

pub(crate) mod listing;

pub(crate) mod wit;
