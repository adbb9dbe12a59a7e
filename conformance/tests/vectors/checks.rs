//! Makes vectors of verdicts: built modules, a module for each limit of the profile, mutants.

use crate::{Draft, data, files, project};
use conformance::encodings;
use conformance::spec::script::{CommandKind, Script, Source};
use std::fs;
use vectors::format::{Bytes, Check, Floats, Mutants, VectorCase};

/// Number of mutants of each contract below the size bound.
const FLIPS: u32 = 48;
const CUTS: u32 = 16;
/// Largest module with mutants, in bytes: a slow machine would check larger ones for minutes.
const MUTATED_BYTES_MAX: usize = 12_000;

/// A vector of the rules.
pub(crate) fn rules() -> Draft {
    let mut draft = Draft::new("The id of the rules, each limit and each price.");
    draft.add("rules version 1", VectorCase::Rules);
    draft
}

/// Vectors of verdicts, and of the instrumented modules of accepted ones.
pub(crate) fn draft() -> Draft {
    let about = "Which modules are accepted, the code of a refusal, and the emitted module.";
    let mut draft = Draft::new(about);
    for (name, text) in files(&project("conformance/programs"), "wat") {
        let stem = name.trim_end_matches(".wat");
        let bytes = wat::parse_bytes(&text).unwrap().into_owned();
        whole(&mut draft, &format!("modules/programs/{stem}.wasm"), bytes);
    }
    let contracts = files(&data().join("modules/contracts"), "wasm");
    assert!(!contracts.is_empty());
    for (number, (name, bytes)) in (0_u32..).zip(contracts) {
        let file = format!("modules/contracts/{name}");
        let is_small = bytes.len() <= MUTATED_BYTES_MAX;
        whole(&mut draft, &file, bytes);
        if is_small {
            let mutants = Mutants {
                module: file,
                seed: number,
                flips: FLIPS,
                cuts: CUTS,
            };
            draft.add(&format!("broken {name}"), VectorCase::Mutants(mutants));
        }
    }
    let text = fs::read_to_string(project("conformance/corpus/proposals.wast")).unwrap();
    for command in Script::parse("proposals", &text).unwrap().commands {
        let CommandKind::Module(Some(name), Source::Binary(module)) = command.kind else {
            panic!("line {}: expected a module with a name", command.line);
        };
        let module = Bytes::Hex(hex::encode(module));
        both(&mut draft, &format!("proposal {name}"), &module);
    }
    // The other forms are in `corpus/verdicts.txt`.
    let forms = ["Padded", "TooLong"];
    let encoded = encodings::modules().into_iter();
    for encoded in encoded.filter(|encoded| forms.contains(&encoded.form.as_str())) {
        let name = format!("encoding of {}, {}", encoded.immediate, encoded.form);
        let module = Bytes::Hex(hex::encode(encoded.bytes));
        let floats = Floats::Lower;
        draft.add(&name, VectorCase::Check(Check { module, floats }));
    }
    draft
}

fn whole(draft: &mut Draft, file: &str, bytes: Vec<u8>) {
    draft.file(file, bytes);
    let (_, name) = file.rsplit_once('/').unwrap();
    both(
        draft,
        &format!("module {name}"),
        &Bytes::File(file.to_owned()),
    );
}

fn both(draft: &mut Draft, name: &str, module: &Bytes) {
    for (floats, suffix) in [(Floats::Lower, ""), (Floats::Reject, ", floats refused")] {
        let module = module.clone();
        draft.add(
            &format!("{name}{suffix}"),
            VectorCase::Check(Check { module, floats }),
        );
    }
}
