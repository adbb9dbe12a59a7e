//! Holds every mutant to a patch that applies; `--bin mutants` shows that each is found.

use super::tidy::root;
use conformance::mutants::{FOLDER, TreeError, applies, read_all};

/// Mistakes that must be there at least: an empty folder would pass.
const MUTANTS_MIN: usize = 8;

#[test]
fn every_mutant_applies_and_names_what_finds_it() {
    let mutants = read_all(&root().join(FOLDER)).unwrap();
    assert!(mutants.len() >= MUTANTS_MIN, "{} mutants", mutants.len());
    for mutant in mutants {
        match applies(&root(), &mutant.patch) {
            Ok(()) => {}
            Err(TreeError::NoGit(error)) => {
                println!("skipped: no git here to apply patches with: {error}");
                return;
            }
            Err(error) => panic!("{}: {error}", mutant.name),
        }
    }
}
