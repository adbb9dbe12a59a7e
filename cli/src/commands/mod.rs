//! Runs one command each: reads its arguments, asks the libraries, prints the answer.
//!
//! `sim` and `node` hand over to `network` and `case`; else no command uses another.

pub(crate) mod check;

pub(crate) mod run;

pub(crate) mod meter;

pub(crate) mod schedule;

pub(crate) mod inspect;

pub(crate) mod explain;

pub(crate) mod network;

pub(crate) mod sim;

pub(crate) mod case;

pub(crate) mod node;

pub(crate) mod conform;
