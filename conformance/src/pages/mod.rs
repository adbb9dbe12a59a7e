//! Runs the commands and the code that the pages show, as a reader would type them.
//!
//! | file | contains |
//! |---|---|
//! | `fence` | reads the blocks of code of a page |
//! | [`plan`] | decides for each command whether it is run here, and says why not |
//! | [`scratch`] | the folder in which commands run, bounded in time |
//!
//! docs/embedding.md is a documentation test of `node`; docs/contracts.md is a walk from nothing to
//! a tested contract, so its blocks run in their order in one folder.

mod fence;

pub mod plan;

pub mod scratch;

pub use fence::{Fence, fences};
pub use plan::{Plan, Step, steps};
pub use scratch::Scratch;
