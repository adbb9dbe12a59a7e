//! Opens stores, keeps cases in files, and shows where two executions part.
//!
//! | file | what it holds |
//! |---|---|
//! | `store` | what `--store` names |
//! | `site` | where two executions part |
//! | `case_file` | one transaction with all that it read |

pub(crate) mod store;

pub(crate) mod site;

pub(crate) mod case_file;
