//! Runs one command per file: reads its arguments, calls the libraries, prints the result.
//!
//! `sim` calls `network` for `--network`, `conform` calls `foreign` for `--command`, and `node`
//! calls `case`, `store` and `upgrade`; no other command uses another.

pub(crate) mod check;

pub(crate) mod run;

pub(crate) mod meter;

pub(crate) mod schedule;

pub(crate) mod inspect;

pub(crate) mod explain;

pub(crate) mod foreign;

pub(crate) mod network;

pub(crate) mod coverage;

pub(crate) mod sim;

pub(crate) mod case;

pub(crate) mod upgrade;

pub(crate) mod node;

pub(crate) mod store;

pub(crate) mod proof;

pub(crate) mod conform;
