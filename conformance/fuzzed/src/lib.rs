//! Feeds bytes to every reader of the project: one function for each fuzz target of `fuzz/`.
//!
//! | file | readers of |
//! |---|---|
//! | [`modules`] | modules, their names, source lines and interfaces; programs on all engines |
//! | [`chains`] | transactions, blocks, archives, cases, proofs |
//! | [`documents`] | genesis and upgrade documents, vector files, reports |
//! | [`protocol`] | lines of an engine that is another program |
//! | [`stores`] | logs, redb files, records of the tree, snapshots |
//! | [`sample`] | a small chain, from which seeds are made |
//! | [`hashes`] | hashes inside files, made right again |
//!
//! A function returns for any bytes; it panics if a reader does, or if a property is not true.
//! Where a file has hashes, the bytes are read twice: as they are, and with the right hashes, so
//! that mutations reach what is behind them.
//!
//! `tests/it` calls each with the committed seeds; `fuzz/run` with millions of mutations.
#![forbid(unsafe_code)]

pub mod hashes;

pub mod sample;

pub mod modules;

pub mod chains;

pub mod documents;

pub mod protocol;

pub mod stores;

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// All targets by name, in the order of their names.
pub const TARGETS: [(&str, Target); 23] = [
    ("archive", chains::archive),
    ("block", chains::block),
    ("case", chains::case),
    ("check", modules::check),
    ("chunk", stores::chunk),
    ("differential", modules::differential),
    ("genesis", documents::genesis),
    ("host", modules::host),
    ("interface", modules::interface),
    ("lines", modules::lines),
    ("log", stores::log),
    ("manifest", stores::manifest),
    ("meter", modules::meter),
    ("names", modules::names),
    ("proof", chains::proof),
    ("protocol", protocol::lines),
    ("redb", stores::redb),
    ("replay", chains::replay),
    ("report", documents::report),
    ("transaction", chains::transaction),
    ("tree", stores::tree),
    ("upgrade", documents::upgrade),
    ("vectors", documents::vectors),
];
