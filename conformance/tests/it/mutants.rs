//! Checks that every mutant is a patch that applies; `--bin mutants` checks that each is found.

use super::tidy::root;
use conformance::mutants::{FOLDER, TreeError, applies, read_all};

/// Least number of mutants: an empty folder would pass.
const MUTANTS_MIN: usize = 40;

#[test]
fn every_mutant_applies_and_names_its_checks() {
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
