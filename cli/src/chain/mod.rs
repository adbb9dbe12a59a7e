//! Opens stores, reads and writes case files and upgrade documents, and shows where two executions
//! diverge.
//!
//! | file | content |
//! |---|---|
//! | `store` | the store that `--store` selects |
//! | `snapshot_folder` | the files of a snapshot |
//! | `site` | the location at which two executions diverge |
//! | `case_file` | case files (reproducers): one transaction with all that it read |
//! | `upgrade_file` | upgrade documents: heights, and the rules from there on |

pub(crate) mod store;

pub(crate) mod snapshot_folder;

pub(crate) mod site;

pub(crate) mod case_file;

pub(crate) mod upgrade_file;
