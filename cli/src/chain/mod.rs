//! Makes parts of a node by name, and shows where two executions part.
//!
//! | file | what it holds |
//! |---|---|
//! | `engine`, `store` | what `--engine` and `--store` name |
//! | `site` | where two executions part |
//! | `case_file` | one transaction that replays alone |

pub(crate) mod engine;

pub(crate) mod store;

pub(crate) mod site;

pub(crate) mod case_file;
