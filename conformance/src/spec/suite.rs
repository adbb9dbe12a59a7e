//! Turns scripts into cases: checks modules with `check` and actions with the reference.

use crate::Difference;
use crate::observation::observe;
use crate::program::{Program, ProgramInputs};
use crate::spec::driver::{Drivable, DriverAction, DriverOperation, EXPORT};
use crate::spec::expectation::Expectation;
use crate::spec::script::{Action, Argument, Command, CommandKind, Script, Source};
use crate::spec::tally::{AssertionKind, Reason, Tally};
use reference::Reference;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::unstable::module::ExportKind;
use vm::unstable::rejection::Rule;
use vm::{CheckedModule, Engine, Fault, Rules, Trap};
use wasmparser::{Validator, WasmFeatures};

/// Gas limit of every case: more than any case of the suite uses.
pub const GAS: u64 = 20_000_000_000;

/// Of the actions that reach a float operator, every n-th becomes a case.
const FLOAT_CASES_STEP: usize = 16;

/// Every case of a list of scripts, with the result of the reference checked.
#[derive(Debug, Default)]
pub struct Suite {
    /// Runs in which every engine must agree with the reference, in order.
    pub cases: Vec<Program>,
    /// Every valid module of the scripts that is in the profile.
    pub modules: Vec<Arc<CheckedModule>>,
    /// Counts by part of the suite, which is the folder of a script.
    pub tallies: BTreeMap<String, Tally>,
    /// Commands in the profile that did not end as the suite expects, with their locations.
    pub failures: Vec<String>,
    /// Commands skipped for a reason of their own, not of their module: location and reason.
    pub exceptions: Vec<(String, Reason)>,
    /// Number of actions outside the profile that ran on the reference.
    exceptions_run: usize,
}

/// A module that scripts act on.
#[derive(Debug)]
struct ScriptInstance {
    module: Arc<CheckedModule>,
    drivable: Option<Drivable>,
    actions: Vec<DriverAction>,
    /// True if no action can affect a later one.
    stateless: bool,
    /// Why its state may differ from the one that the script expects.
    tainted: Option<Reason>,
}

/// Index of an instance, or why there is none.
type InstanceSlot = Result<usize, Reason>;

/// Reads one script.
struct ScriptReader<'a> {
    suite: &'a mut Suite,
    rules: Arc<Rules>,
    script: &'a Script,
    instances: Vec<ScriptInstance>,
    last: InstanceSlot,
    named: BTreeMap<String, InstanceSlot>,
    registered: BTreeMap<String, InstanceSlot>,
    definitions: BTreeMap<String, Source>,
    last_definition: Option<Source>,
}

impl Suite {
    /// Reads every command of `scripts` and runs its actions on the reference.
    ///
    /// # Errors
    /// A [`Fault`] of the reference.
    pub fn read(scripts: &[Script]) -> Result<Self, Fault> {
        let mut suite = Self::default();
        let rules = Arc::new(Rules::v1());
        for script in scripts {
            let mut reader = ScriptReader {
                suite: &mut suite,
                rules: Arc::clone(&rules),
                script,
                instances: Vec::new(),
                last: Err(Reason::OtherCommand),
                named: BTreeMap::new(),
                registered: BTreeMap::new(),
                definitions: BTreeMap::new(),
                last_definition: None,
            };
            for command in &script.commands {
                reader.command(command)?;
            }
        }
        Ok(suite)
    }

    /// Runs every case on `engine`; all observations must equal the reference, gas included.
    ///
    /// # Errors
    /// A [`Fault`] of the engine, with the case in its text.
    pub fn run(&self, engine: &dyn Engine) -> Result<Vec<Difference>, Fault> {
        let mut differences = Vec::new();
        let name = engine.name();
        for program in &self.cases {
            let expected = observe(&Reference::new(), program, GAS)?;
            let found = observe(engine, program, GAS).map_err(|fault| Fault::Engine {
                engine: name,
                message: format!("{}: {fault}", program.name),
            })?;
            differences.extend(
                expected
                    .differences(&found)
                    .into_iter()
                    .map(|field| Difference {
                        program: program.name.clone(),
                        engine: name,
                        gas_limit: GAS,
                        field,
                    }),
            );
        }
        Ok(differences)
    }

    /// Counts over all parts.
    #[must_use]
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in self.tallies.values() {
            total.add(tally);
        }
        total
    }
}

impl ScriptReader<'_> {
    fn location(&self, line: usize) -> String {
        format!("{}:{line}", self.script.name)
    }

    fn tally(&mut self) -> &mut Tally {
        let part = self.script.name.split('/').next().unwrap_or_default();
        self.suite.tallies.entry(part.to_owned()).or_default()
    }

    fn failure(&mut self, line: usize, message: &str) {
        let location = self.location(line);
        self.suite.failures.push(format!("{location}: {message}"));
    }

    fn command(&mut self, command: &Command) -> Result<(), Fault> {
        let line = command.line;
        match &command.kind {
            CommandKind::Module(name, source) => {
                let slot = self.instantiate(line, source);
                self.remember(name.as_ref(), slot);
            }
            CommandKind::Definition(name, source) => {
                self.last_definition = Some(source.clone());
                if let Some(name) = name {
                    self.definitions.insert(name.clone(), source.clone());
                }
            }
            CommandKind::Instance {
                instance,
                definition,
            } => {
                let source = match definition {
                    Some(name) => self.definitions.get(name),
                    None => self.last_definition.as_ref(),
                };
                let source = source.cloned().unwrap_or(Source::Text);
                let slot = self.instantiate(line, &source);
                self.remember(instance.as_ref(), slot);
            }
            CommandKind::Register { instance, name } => {
                let slot = self.slot(instance.as_ref());
                self.registered.insert(name.clone(), slot);
            }
            CommandKind::Act(action, expectation) => {
                return self.perform(line, action, expectation);
            }
            CommandKind::TrapsAtStart(source) => return self.traps_at_start(line, source),
            CommandKind::Invalid(source) | CommandKind::Malformed(source) => {
                self.refused(line, source);
            }
            CommandKind::Unlinkable(source) => match source {
                Source::Binary(bytes) if imports_nothing(bytes) => self.refused(line, source),
                _ => self.tally().count_outside(Reason::Linking),
            },
            CommandKind::Other(_) => self.tally().count_outside(Reason::OtherCommand),
        }
        Ok(())
    }

    fn remember(&mut self, name: Option<&String>, slot: InstanceSlot) {
        self.last = slot;
        if let Some(name) = name {
            self.named.insert(name.clone(), slot);
        }
    }

    fn slot(&self, name: Option<&String>) -> InstanceSlot {
        match name {
            Some(name) => self
                .named
                .get(name)
                .copied()
                .unwrap_or(Err(Reason::OtherCommand)),
            None => self.last,
        }
    }

    /// Instantiates a valid module, which is accepted, or rejected by a rule of the profile.
    fn instantiate(&mut self, line: usize, source: &Source) -> InstanceSlot {
        let Source::Binary(bytes) = source else {
            self.tally().count_outside(Reason::Text);
            return Err(Reason::Text);
        };
        let rejection = match vm::check(bytes, &self.rules) {
            Ok(module) => {
                self.tally().count_inside(AssertionKind::Accepted);
                let instance = ScriptInstance::new(module, bytes);
                self.suite.modules.push(Arc::clone(&instance.module));
                self.instances.push(instance);
                return Ok(self.instances.len().saturating_sub(1));
            }
            Err(rejection) => rejection,
        };
        self.taint_imported(bytes);
        let reason = match rejection.rule {
            Rule::UnknownImport | Rule::ImportKind | Rule::WasiImport => Reason::Linking,
            Rule::Malformed | Rule::Invalid if !needs_later_features(bytes) => {
                self.failure(line, &format!("a valid module is rejected: {rejection}"));
                return Err(Reason::Profile(rejection.rule));
            }
            rule => Reason::Profile(rule),
        };
        if let Reason::Profile(Rule::Malformed | Rule::Invalid) = reason {
            self.suite.exceptions.push((self.location(line), reason));
        }
        self.tally().count_outside(reason);
        Err(reason)
    }

    /// Marks the instances that the module imports from: its segments and start function may have
    /// changed them.
    fn taint_imported(&mut self, bytes: &[u8]) {
        for module in imported_modules(bytes) {
            if let Some(Ok(index)) = self.registered.get(&module).copied()
                && let Some(instance) = self.instances.get_mut(index)
            {
                instance.tainted = Some(Reason::Linking);
            }
        }
    }

    fn refused(&mut self, line: usize, source: &Source) {
        let Source::Binary(bytes) = source else {
            return self.tally().count_outside(Reason::Text);
        };
        if vm::check(bytes, &self.rules).is_err() {
            return self.tally().count_inside(AssertionKind::Refused);
        }
        if Validator::new_with_features(WasmFeatures::WASM3)
            .validate_all(bytes)
            .is_ok()
        {
            let location = self.location(line);
            self.suite
                .exceptions
                .push((location, Reason::LaterStandard));
            return self.tally().count_outside(Reason::LaterStandard);
        }
        self.failure(line, "an invalid module is accepted");
    }

    fn traps_at_start(&mut self, line: usize, source: &Source) -> Result<(), Fault> {
        let Source::Binary(bytes) = source else {
            self.tally().count_outside(Reason::Text);
            return Ok(());
        };
        let module = match vm::check(bytes, &self.rules) {
            Ok(module) => module,
            Err(rejection) => {
                self.taint_imported(bytes);
                match rejection.rule {
                    // `check` rejects a segment that is out of range, so instantiation cannot trap.
                    Rule::DataRange | Rule::ElementRange => {
                        self.tally().count_inside(AssertionKind::Refused);
                    }
                    Rule::UnknownImport | Rule::ImportKind => {
                        self.tally().count_outside(Reason::Linking);
                    }
                    rule => self.tally().count_outside(Reason::Profile(rule)),
                }
                return Ok(());
            }
        };
        let instance = ScriptInstance::new(module, bytes);
        let Some(program) = self.driven(line, &instance, 0) else {
            self.tally().count_outside(Reason::Driver);
            return Ok(());
        };
        let observation = observe(&Reference::new(), &program, GAS)?;
        if matches!(observation.exit, FrameExit::Trap(_)) {
            self.tally().count_inside(AssertionKind::Traps);
            self.suite.cases.push(program);
        } else {
            self.failure(line, &format!("start ends with {:?}", observation.exit));
        }
        Ok(())
    }

    fn perform(
        &mut self,
        line: usize,
        action: &Action,
        expectation: &Expectation,
    ) -> Result<(), Fault> {
        let index = match self.slot(action.instance.as_ref()) {
            Ok(index) => index,
            Err(reason) => {
                self.tally().count_outside(reason);
                return Ok(());
            }
        };
        let Some(mut instance) = take(&mut self.instances, index) else {
            return Ok(());
        };
        let outcome = self.judge(line, &mut instance, action, expectation);
        if let Some(slot) = self.instances.get_mut(index) {
            *slot = instance;
        }
        outcome
    }

    fn judge(
        &mut self,
        line: usize,
        instance: &mut ScriptInstance,
        action: &Action,
        expectation: &Expectation,
    ) -> Result<(), Fault> {
        let Some(operation) = instance.resolve(action) else {
            self.failure(line, "no such export");
            return Ok(());
        };
        let fresh = instance.stateless || !instance.actions.iter().any(|action| action.kept);
        let number = instance.actions.len();
        let kept = !matches!(
            expectation,
            Expectation::Trap(_) | Expectation::OtherTrap(_)
        );
        let call = matches!(operation, DriverOperation::Call { .. });
        let direct = match &operation {
            DriverOperation::Call {
                function,
                arguments,
            } if fresh => values(arguments)
                .map(|arguments| self.program(line, &instance.module, *function, arguments)),
            _ => None,
        };
        // A stateless module needs no driver, and an unbounded list of actions would exceed its
        // limits.
        if !(instance.stateless && call) {
            instance.actions.push(DriverAction { operation, kept });
        }
        let is_direct = direct.is_some();
        let Some(program) = direct.or_else(|| self.driven(line, instance, number)) else {
            self.tally().count_outside(Reason::Driver);
            return Ok(());
        };
        let observation = observe(&Reference::new(), &program, GAS)?;
        // A driver returns a number even if the action itself has no result.
        let no_result = matches!(expectation, Expectation::Return(patterns) if patterns.is_empty());
        let bits = match &observation.exit {
            FrameExit::Return { value, .. } if is_direct || !no_result => value.map(Value::to_bits),
            _ => None,
        };
        let reason = self.verdict(line, instance, expectation, (&observation.exit, bits));
        if !matches!(observation.exit, FrameExit::Return { .. })
            && let Some(action) = instance.actions.last_mut()
        {
            action.kept = false;
        }
        match reason {
            Some(Ok(kind)) => {
                let tally = self.tally();
                tally.count_inside(kind);
                tally.count_run(is_direct);
                self.suite.cases.push(program);
            }
            Some(Err(reason)) => {
                self.tally().count_outside(reason);
                if !instance.stateless {
                    instance.tainted = instance.tainted.or(Some(Reason::EarlierCommand));
                }
                // The suite's expectation does not apply, but engines must agree on the run. Tens
                // of thousands of these only reach a float operator, so a sample is enough.
                let count = self.suite.exceptions_run;
                self.suite.exceptions_run = count.wrapping_add(1);
                if reason != Reason::FloatOperator || count.is_multiple_of(FLOAT_CASES_STEP) {
                    self.suite.cases.push(program);
                }
            }
            None => {}
        }
        Ok(())
    }

    /// The kind of a command inside the profile, or the reason of one outside; `None` after a
    /// failure, which is recorded.
    fn verdict(
        &mut self,
        line: usize,
        instance: &ScriptInstance,
        expectation: &Expectation,
        (exit, bits): (&FrameExit, Option<u64>),
    ) -> Option<Result<AssertionKind, Reason>> {
        if expectation.matches(exit, bits) {
            return Some(Ok(match expectation {
                Expectation::Trap(Trap::StackOverflow) => AssertionKind::Overflows,
                Expectation::Trap(_) | Expectation::OtherTrap(_) => AssertionKind::Traps,
                Expectation::Return(_) | Expectation::AnyReturn => AssertionKind::Returns,
            }));
        }
        let floats = instance.module.floats().operators > 0;
        if floats && *exit == FrameExit::Trap(Trap::FloatInstruction) {
            return Some(Err(Reason::FloatOperator));
        }
        let location = self.location(line);
        if let Some(reason) = excepted(&location).or(instance.tainted) {
            self.suite.exceptions.push((location, reason));
            return Some(Err(reason));
        }
        self.failure(line, &format!("{expectation:?} expected, found {exit:?}"));
        None
    }

    fn program(
        &self,
        line: usize,
        module: &Arc<CheckedModule>,
        entry: u32,
        arguments: Vec<Value>,
    ) -> Program {
        Program {
            name: self.location(line),
            module: Arc::clone(module),
            rules: Arc::clone(&self.rules),
            entry,
            arguments,
            inputs: ProgramInputs::default(),
            probe_gas: GAS,
        }
    }

    /// The `number`-th action through a driver; `None` if the driver exceeds a limit of the
    /// profile.
    fn driven(&self, line: usize, instance: &ScriptInstance, number: usize) -> Option<Program> {
        let bytes = instance.drivable.as_ref()?.with_driver(&instance.actions)?;
        let module = Arc::new(vm::check(&bytes, &self.rules).ok()?);
        let entry = module.exported_function(EXPORT)?;
        let number = Value::I32(i32::try_from(number).ok()?);
        Some(self.program(line, &module, entry, vec![number]))
    }
}

impl ScriptInstance {
    fn new(module: CheckedModule, bytes: &[u8]) -> Self {
        let mutable = module.globals().iter().any(|global| global.mutable);
        Self {
            stateless: module.memory().is_none() && !mutable,
            module: Arc::new(module),
            drivable: Drivable::split(bytes),
            actions: Vec::new(),
            tainted: None,
        }
    }

    fn resolve(&self, action: &Action) -> Option<DriverOperation> {
        let kind = match action.arguments {
            Some(_) => ExportKind::Function,
            None => ExportKind::Global,
        };
        let mut exports = self.module.exports().iter();
        let export = exports.find(|export| export.kind == kind && export.name == action.export)?;
        Some(match &action.arguments {
            Some(arguments) => DriverOperation::Call {
                function: export.index,
                arguments: arguments.clone(),
            },
            None => DriverOperation::Get {
                global: export.index,
            },
        })
    }
}

/// Assertions whose result differs in the profile, with the reason.
const EXCEPTIONS: &[(&str, Reason)] = &[
    // Grows by 306 pages, to 307: beyond the 256 of the profile the result is -1.
    ("wasm-v1/call.wast:294", Reason::MemoryPages),
    // The types that must differ include `f32 -> f32` and `i32 -> i32`, and the same for 64 bits.
    ("wasm-v1/call_indirect.wast:480", Reason::FloatTypes),
    ("wasm-v1/call_indirect.wast:487", Reason::FloatTypes),
    ("wasm-v1/call_indirect.wast:494", Reason::FloatTypes),
    ("wasm-v1/call_indirect.wast:574", Reason::FloatTypes),
    // Grows by 800 pages, then queries the size.
    ("wasm-v1/memory_grow.wast:45", Reason::MemoryPages),
    ("wasm-v1/memory_grow.wast:48", Reason::MemoryPages),
    ("wasm-v2/memory_grow.wast:45", Reason::MemoryPages),
    ("wasm-v2/memory_grow.wast:48", Reason::MemoryPages),
    ("wasm-v3/memory_grow.wast:10", Reason::MemoryPages),
    ("wasm-v3/memory_grow.wast:13", Reason::MemoryPages),
];

fn excepted(location: &str) -> Option<Reason> {
    EXCEPTIONS
        .iter()
        .find(|(excepted, _)| *excepted == location)
        .map(|(_, reason)| *reason)
}

/// Takes an instance out of the list and leaves a placeholder of the same module.
fn take(instances: &mut [ScriptInstance], index: usize) -> Option<ScriptInstance> {
    let slot = instances.get_mut(index)?;
    let empty = ScriptInstance {
        module: Arc::clone(&slot.module),
        drivable: None,
        actions: Vec::new(),
        stateless: true,
        tainted: None,
    };
    Some(std::mem::replace(slot, empty))
}

/// Arguments as lowered values; `None` if one is not a number.
fn values(arguments: &[Argument]) -> Option<Vec<Value>> {
    let value = |argument: &Argument| match argument {
        Argument::I32(value) => Some(Value::I32(*value)),
        Argument::I64(value) => Some(Value::I64(*value)),
        Argument::F32(bits) => Some(Value::I32(bits.cast_signed())),
        Argument::F64(bits) => Some(Value::I64(bits.cast_signed())),
        Argument::Other => None,
    };
    arguments.iter().map(value).collect()
}

/// True if a decoder for the whole standard accepts the module, but the profile's does not.
fn needs_later_features(bytes: &[u8]) -> bool {
    let integer_mvp = WasmFeatures::WASM1
        .union(WasmFeatures::SIGN_EXTENSION)
        .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
        .union(WasmFeatures::BULK_MEMORY);
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(bytes)
        .is_ok()
        && Validator::new_with_features(integer_mvp)
            .validate_all(bytes)
            .is_err()
}

/// Names of the modules that a module imports from.
fn imported_modules(bytes: &[u8]) -> Vec<String> {
    let mut modules = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        let Ok(wasmparser::Payload::ImportSection(section)) = payload else {
            continue;
        };
        for import in section.into_imports().flatten() {
            modules.push(import.module.to_owned());
        }
    }
    modules
}

fn imports_nothing(bytes: &[u8]) -> bool {
    imported_modules(bytes).is_empty()
}
