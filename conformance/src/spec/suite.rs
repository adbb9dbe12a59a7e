//! Turns scripts into cases: judges modules with `check` and actions with the reference.

use crate::Difference;
use crate::observation::observe;
use crate::program::{Program, Setting};
use crate::spec::driver::{Drivable, EXPORT, Step, What};
use crate::spec::expectation::Expectation;
use crate::spec::script::{Action, Argument, Command, CommandKind, Script, Source};
use crate::spec::tally::{Kind, Reason, Tally};
use reference::Reference;
use std::collections::BTreeMap;
use std::sync::Arc;
use vm::unstable::execution::Value;
use vm::unstable::frames::FrameExit;
use vm::unstable::module::ExportKind;
use vm::unstable::rejection::Rule;
use vm::{CheckedModule, Engine, Fault, Rules, Trap};
use wasmparser::{Validator, WasmFeatures};

/// Gas of every case: more than any of the suite needs.
pub const GAS: u64 = 20_000_000_000;

/// Of the actions that meet a float operator, every n-th becomes a case.
const FLOAT_CASES_STEP: usize = 16;

/// Every case of a list of scripts, judged on the reference.
#[derive(Debug, Default)]
pub struct Suite {
    /// What any engine must do as the reference does, in order.
    pub cases: Vec<Program>,
    /// Every valid module of the scripts that the profile admits.
    pub modules: Vec<Arc<CheckedModule>>,
    /// Counts by part of the suite: the folder of a script.
    pub tallies: BTreeMap<String, Tally>,
    /// Commands in the profile that did not end as the suite says, with their places.
    pub failures: Vec<String>,
    /// What was left out for another reason than its module's: place and reason.
    pub exceptions: Vec<(String, Reason)>,
    /// Actions outside that were run on the reference.
    exceptions_run: usize,
}

/// A module that scripts act on.
#[derive(Debug)]
struct Instance {
    module: Arc<CheckedModule>,
    drivable: Option<Drivable>,
    steps: Vec<Step>,
    /// No action can change what a later one sees.
    stateless: bool,
    /// Why what it holds may not be what the script expects.
    tainted: Option<Reason>,
}

/// An instance, or why there is none.
type Slot = Result<usize, Reason>;

/// One script while it is read.
struct Reader<'a> {
    suite: &'a mut Suite,
    rules: Arc<Rules>,
    script: &'a Script,
    instances: Vec<Instance>,
    last: Slot,
    named: BTreeMap<String, Slot>,
    registered: BTreeMap<String, Slot>,
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
            let mut reader = Reader {
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

    /// Runs every case on `engine`; all that can be seen must be as on the reference, gas included.
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

impl Reader<'_> {
    fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.script.name)
    }

    fn tally(&mut self) -> &mut Tally {
        let part = self.script.name.split('/').next().unwrap_or_default();
        self.suite.tallies.entry(part.to_owned()).or_default()
    }

    fn failure(&mut self, line: usize, what: &str) {
        let place = self.place(line);
        self.suite.failures.push(format!("{place}: {what}"));
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
            CommandKind::Act(action, expectation) => return self.act(line, action, expectation),
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

    fn remember(&mut self, name: Option<&String>, slot: Slot) {
        self.last = slot;
        if let Some(name) = name {
            self.named.insert(name.clone(), slot);
        }
    }

    fn slot(&self, name: Option<&String>) -> Slot {
        match name {
            Some(name) => self
                .named
                .get(name)
                .copied()
                .unwrap_or(Err(Reason::OtherCommand)),
            None => self.last,
        }
    }

    /// A valid module: accepted, or refused by a rule of the profile.
    fn instantiate(&mut self, line: usize, source: &Source) -> Slot {
        let Source::Binary(bytes) = source else {
            self.tally().count_outside(Reason::Text);
            return Err(Reason::Text);
        };
        let rejection = match vm::check(bytes, &self.rules) {
            Ok(module) => {
                self.tally().count_inside(Kind::Accepted);
                let instance = Instance::new(module, bytes);
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
                self.failure(line, &format!("a valid module is refused: {rejection}"));
                return Err(Reason::Profile(rejection.rule));
            }
            rule => Reason::Profile(rule),
        };
        if let Reason::Profile(Rule::Malformed | Rule::Invalid) = reason {
            self.suite.exceptions.push((self.place(line), reason));
        }
        self.tally().count_outside(reason);
        Err(reason)
    }

    /// What the module imports may have been changed by its segments and its start function.
    fn taint_imported(&mut self, bytes: &[u8]) {
        for module in imported_modules(bytes) {
            if let Some(Ok(place)) = self.registered.get(&module).copied()
                && let Some(instance) = self.instances.get_mut(place)
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
            return self.tally().count_inside(Kind::Refused);
        }
        if Validator::new_with_features(WasmFeatures::WASM3)
            .validate_all(bytes)
            .is_ok()
        {
            let place = self.place(line);
            self.suite.exceptions.push((place, Reason::LaterStandard));
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
                    // A segment that does not fit: refused, so that instantiation cannot trap.
                    Rule::DataRange | Rule::ElementRange => {
                        self.tally().count_inside(Kind::Refused);
                    }
                    Rule::UnknownImport | Rule::ImportKind => {
                        self.tally().count_outside(Reason::Linking);
                    }
                    rule => self.tally().count_outside(Reason::Profile(rule)),
                }
                return Ok(());
            }
        };
        let instance = Instance::new(module, bytes);
        let Some(program) = self.driven(line, &instance, 0) else {
            self.tally().count_outside(Reason::Driver);
            return Ok(());
        };
        let observation = observe(&Reference::new(), &program, GAS)?;
        if matches!(observation.exit, FrameExit::Trap(_)) {
            self.tally().count_inside(Kind::Traps);
            self.suite.cases.push(program);
        } else {
            self.failure(line, &format!("start ends with {:?}", observation.exit));
        }
        Ok(())
    }

    fn act(
        &mut self,
        line: usize,
        action: &Action,
        expectation: &Expectation,
    ) -> Result<(), Fault> {
        let place = match self.slot(action.instance.as_ref()) {
            Ok(place) => place,
            Err(reason) => {
                self.tally().count_outside(reason);
                return Ok(());
            }
        };
        let Some(mut instance) = take(&mut self.instances, place) else {
            return Ok(());
        };
        let outcome = self.judge(line, &mut instance, action, expectation);
        if let Some(slot) = self.instances.get_mut(place) {
            *slot = instance;
        }
        outcome
    }

    fn judge(
        &mut self,
        line: usize,
        instance: &mut Instance,
        action: &Action,
        expectation: &Expectation,
    ) -> Result<(), Fault> {
        let Some(what) = instance.resolve(action) else {
            self.failure(line, "no such export");
            return Ok(());
        };
        let fresh = instance.stateless || !instance.steps.iter().any(|step| step.kept);
        let number = instance.steps.len();
        let kept = !matches!(
            expectation,
            Expectation::Trap(_) | Expectation::OtherTrap(_)
        );
        let call = matches!(what, What::Call { .. });
        let direct = match &what {
            What::Call {
                function,
                arguments,
            } if fresh => values(arguments)
                .map(|arguments| self.program(line, &instance.module, *function, arguments)),
            _ => None,
        };
        // A stateless module needs no driver, and an unbounded list of steps would outgrow one.
        if !(instance.stateless && call) {
            instance.steps.push(Step { what, kept });
        }
        let is_direct = direct.is_some();
        let Some(program) = direct.or_else(|| self.driven(line, instance, number)) else {
            self.tally().count_outside(Reason::Driver);
            return Ok(());
        };
        let observation = observe(&Reference::new(), &program, GAS)?;
        // A driver answers a number where the action itself has no result.
        let no_result = matches!(expectation, Expectation::Return(patterns) if patterns.is_empty());
        let bits = match &observation.exit {
            FrameExit::Return { value, .. } if is_direct || !no_result => value.map(Value::to_bits),
            _ => None,
        };
        let reason = self.verdict(line, instance, expectation, (&observation.exit, bits));
        if !matches!(observation.exit, FrameExit::Return { .. })
            && let Some(step) = instance.steps.last_mut()
        {
            step.kept = false;
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
                // Outside the suite's expectation, but a run that engines must agree on. There are
                // tens of thousands that do no more than meet a float operator: some will do.
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

    /// Inside with a kind, outside with a reason, or `None`: a failure, already noted.
    fn verdict(
        &mut self,
        line: usize,
        instance: &Instance,
        expectation: &Expectation,
        (exit, bits): (&FrameExit, Option<u64>),
    ) -> Option<Result<Kind, Reason>> {
        if expectation.holds(exit, bits) {
            return Some(Ok(match expectation {
                Expectation::Trap(Trap::StackOverflow) => Kind::Overflows,
                Expectation::Trap(_) | Expectation::OtherTrap(_) => Kind::Traps,
                Expectation::Return(_) | Expectation::AnyReturn => Kind::Returns,
            }));
        }
        let floats = instance.module.floats().operators > 0;
        if floats && *exit == FrameExit::Trap(Trap::FloatInstruction) {
            return Some(Err(Reason::FloatOperator));
        }
        let place = self.place(line);
        if let Some(reason) = excepted(&place).or(instance.tainted) {
            self.suite.exceptions.push((place, reason));
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
            name: self.place(line),
            module: Arc::clone(module),
            rules: Arc::clone(&self.rules),
            entry,
            arguments,
            setting: Setting::default(),
            probe_gas: GAS,
        }
    }

    /// The `number`-th action through a driver; `None` if the driver is over a limit.
    fn driven(&self, line: usize, instance: &Instance, number: usize) -> Option<Program> {
        let bytes = instance.drivable.as_ref()?.with_driver(&instance.steps)?;
        let module = Arc::new(vm::check(&bytes, &self.rules).ok()?);
        let entry = module.exported_function(EXPORT)?;
        let number = Value::I32(i32::try_from(number).ok()?);
        Some(self.program(line, &module, entry, vec![number]))
    }
}

impl Instance {
    fn new(module: CheckedModule, bytes: &[u8]) -> Self {
        let mutable = module.globals().iter().any(|global| global.mutable);
        Self {
            stateless: module.memory().is_none() && !mutable,
            module: Arc::new(module),
            drivable: Drivable::split(bytes),
            steps: Vec::new(),
            tainted: None,
        }
    }

    fn resolve(&self, action: &Action) -> Option<What> {
        let kind = match action.arguments {
            Some(_) => ExportKind::Function,
            None => ExportKind::Global,
        };
        let mut exports = self.module.exports().iter();
        let export = exports.find(|export| export.kind == kind && export.name == action.export)?;
        Some(match &action.arguments {
            Some(arguments) => What::Call {
                function: export.index,
                arguments: arguments.clone(),
            },
            None => What::Get {
                global: export.index,
            },
        })
    }
}

/// Assertions that the profile answers otherwise by rule, with the rule.
const EXCEPTIONS: &[(&str, Reason)] = &[
    // Grows by 306 pages, to 307: beyond the 256 of the profile the answer is -1.
    ("wasm-v1/call.wast:294", Reason::MemoryPages),
    // Two of the types that must differ are `f32 -> f32` beside `i32 -> i32`, and `f64` alike.
    ("wasm-v1/call_indirect.wast:480", Reason::FloatTypes),
    ("wasm-v1/call_indirect.wast:487", Reason::FloatTypes),
    ("wasm-v1/call_indirect.wast:494", Reason::FloatTypes),
    ("wasm-v1/call_indirect.wast:574", Reason::FloatTypes),
    // Grows by 800 pages, then asks what the size was.
    ("wasm-v1/memory_grow.wast:45", Reason::MemoryPages),
    ("wasm-v1/memory_grow.wast:48", Reason::MemoryPages),
    ("wasm-v2/memory_grow.wast:45", Reason::MemoryPages),
    ("wasm-v2/memory_grow.wast:48", Reason::MemoryPages),
    ("wasm-v3/memory_grow.wast:10", Reason::MemoryPages),
    ("wasm-v3/memory_grow.wast:13", Reason::MemoryPages),
];

fn excepted(place: &str) -> Option<Reason> {
    EXCEPTIONS
        .iter()
        .find(|(excepted, _)| *excepted == place)
        .map(|(_, reason)| *reason)
}

/// Takes an instance out while it is worked on; a placeholder of the same module stays.
fn take(instances: &mut [Instance], place: usize) -> Option<Instance> {
    let slot = instances.get_mut(place)?;
    let empty = Instance {
        module: Arc::clone(&slot.module),
        drivable: None,
        steps: Vec::new(),
        stateless: true,
        tainted: None,
    };
    Some(std::mem::replace(slot, empty))
}

/// Arguments as lowered values; `None` if one is no number.
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

/// True if a decoder that knows all of the standard takes the module, and the profile's does not.
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
