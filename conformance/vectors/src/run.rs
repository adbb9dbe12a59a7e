//! Turns a vector into its result, on one engine or on several that must agree.

use crate::VectorError;
use crate::fields::{self, Fields};
use crate::format::{self, Bytes, Call, Case, Check, Cryptography, Floats, Mutants, Part, Vector};
use crate::message::World;
use crate::observation::observe;
use crate::program::{Program, Setting, State};
use crate::replay::replay;
use crate::source::Set;
use engines::{BoxedEngine, Kind, Row};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use vm::CodeHash;
use vm::unstable::emit::{self, Bulk, Options};
use vm::unstable::execute::Strategy;
use vm::unstable::execution::Value;
use vm::unstable::frames;
use vm::unstable::host::crypto;
use vm::unstable::module::ValueType;
use vm::unstable::rules::FloatPolicy;
use vm::{
    Address, BlockMetadata, CheckedModule, Height, Interpreter, Message, Rejection, Rulebook,
    Rules, Target,
};

/// An engine that can run vectors.
#[derive(Clone, Copy, Debug)]
pub struct EngineKind {
    name: &'static str,
    make: fn() -> BoxedEngine,
}

impl EngineKind {
    /// Each of our own engines, the one that defines the semantics first, and the interpreter in
    /// the way that is not this machine's own. Threaded handlers nest deeper than hosts of
    /// WebAssembly let a program go, so there they are left out.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut rows: Vec<&Row> = engines::ours().collect();
        rows.sort_by_key(|row| row.kind != Kind::Definition);
        let mut all: Vec<Self> = rows.into_iter().map(Self::of).collect();
        if !cfg!(target_family = "wasm") {
            all.push(Self::interpreter_otherwise());
        }
        all
    }

    /// An engine of the registry.
    #[must_use]
    pub const fn of(row: &Row) -> Self {
        Self {
            name: row.name,
            make: row.make,
        }
    }

    /// The interpreter with the way from handler to handler that is not this machine's own.
    fn interpreter_otherwise() -> Self {
        match Strategy::default() {
            Strategy::Threaded => Self {
                name: "interpreter (trampoline)",
                make: || Box::new(Interpreter::with_strategy(Strategy::Trampoline)),
            },
            Strategy::Trampoline => Self {
                name: "interpreter (threaded)",
                make: || Box::new(Interpreter::with_strategy(Strategy::Threaded)),
            },
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// What a vector came to here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Its name.
    pub name: String,
    /// Its result: of the first engine that does not give what is expected, else the expected one.
    pub fields: Fields,
    /// The engine of that result, by name; `None` where no engine takes part.
    pub engine: Option<&'static str>,
}

/// Runs vectors, keeping what they share: checked modules and the engines' compiled forms.
pub struct Runner<'a> {
    set: &'a Set,
    engines: Vec<(EngineKind, BoxedEngine)>,
    rules: BTreeMap<Floats, Arc<Rules>>,
    modules: BTreeMap<CodeHash, Arc<CheckedModule>>,
}

impl<'a> Runner<'a> {
    /// A runner for the vectors of `set`.
    #[must_use]
    pub fn new(set: &'a Set, engines: &[EngineKind]) -> Self {
        let prices = node::rules::version_1().schedule.clone();
        let rules = |floats, policy| (floats, Arc::new(Rules::new(policy, prices.clone())));
        let made = |kind: &EngineKind| (*kind, (kind.make)());
        let rules = [
            rules(Floats::Lower, FloatPolicy::Lower),
            rules(Floats::Reject, FloatPolicy::Reject),
        ];
        Self {
            set,
            engines: engines.iter().map(made).collect(),
            rules: rules.into(),
            modules: BTreeMap::new(),
        }
    }

    /// Runs every vector in order; `progress` is told of each before it begins.
    ///
    /// # Errors
    /// The first vector that cannot be run: a broken file, or a fault of this machine.
    pub fn run(
        &mut self,
        progress: &mut dyn FnMut(usize, &str),
    ) -> Result<Vec<Observed>, VectorError> {
        let mut observed = Vec::new();
        for part in self.set.parts() {
            for vector in &part.vectors {
                progress(observed.len(), &vector.name);
                observed.push(self.vector(part, vector)?);
            }
        }
        Ok(observed)
    }

    /// Runs one vector of `part`.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn vector(&mut self, part: &Part, vector: &Vector) -> Result<Observed, VectorError> {
        let failed = |error: VectorError| VectorError::new(&vector.name, error);
        let results = self.results(part, &vector.case).map_err(failed)?;
        let differs = |(_, fields): &&(_, Fields)| *fields != vector.expected;
        let result = results.iter().find(differs).or_else(|| results.first());
        let (engine, fields) = result.cloned().unwrap_or_default();
        let name = vector.name.clone();
        Ok(Observed {
            name,
            fields,
            engine,
        })
    }

    fn results(&mut self, part: &Part, case: &Case) -> Result<Results, VectorError> {
        let fields = match case {
            Case::Call(call) => return self.call(part, call),
            Case::Message(message) => return self.message(part, message),
            Case::Chain(chain) => {
                let archive = self.set.file(part, &chain.archive)?;
                let rules = Rulebook::default().with(self.rules(Floats::Lower)?);
                let replayed = |(kind, _): &(EngineKind, _)| {
                    let fields = replay(&archive, (kind.make)(), &rules);
                    Ok((
                        Some(kind.name),
                        fields.map_err(|error| at(kind.name, error))?,
                    ))
                };
                return self.engines.iter().map(replayed).collect();
            }
            Case::Check(check) => self.check(part, check)?,
            Case::Mutants(mutants) => self.mutants(part, mutants)?,
            Case::Rules => of_rules(self.rules(Floats::Lower)?.as_ref()),
            Case::Cryptography(asked) => cryptography(asked)?,
        };
        Ok(vec![(None, fields)])
    }

    fn rules(&self, floats: Floats) -> Result<Arc<Rules>, VectorError> {
        let rules = self.rules.get(&floats).map(Arc::clone);
        rules.ok_or_else(|| at("floats", "no such rules"))
    }

    fn call(&mut self, part: &Part, call: &Call) -> Result<Results, VectorError> {
        let module = self.module(part, &call.module)?;
        let entry = module.exported_function(&call.function);
        let entry = entry.ok_or_else(|| at(&call.function, "not an exported function"))?;
        let program = Program {
            name: String::new(),
            rules: self.rules(Floats::Lower)?,
            entry,
            arguments: arguments(&module, entry, &call.arguments)?,
            setting: setting(part, call.setting, &call.input)?,
            probe_gas: 0,
            module,
        };
        let gas_limit = number(&call.gas_limit)?;
        let run = |(kind, engine): &(EngineKind, BoxedEngine)| {
            let seen = observe(engine.as_ref(), &program, gas_limit);
            let seen = seen.map_err(|fault| at(kind.name, fault))?;
            Ok((Some(kind.name), fields::of_observation(&seen)))
        };
        self.engines.iter().map(run).collect()
    }

    fn message(&mut self, part: &Part, said: &format::Message) -> Result<Results, VectorError> {
        let mut codes = BTreeMap::new();
        for file in &said.codes {
            let module = self.module(part, file)?;
            codes.insert(*module.code_hash(), module);
        }
        let setting = setting(part, said.setting, &said.input)?;
        let target = match &said.deploy {
            None => Target::Call {
                contract: setting.address,
            },
            Some(file) => Target::Deploy {
                code_hash: *self.module(part, file)?.code_hash(),
                salt: [0; 32],
            },
        };
        let message = Message {
            tx_hash: fixed(&said.tx_hash)?,
            caller: setting.caller,
            target,
            entry: said.entry.clone(),
            input: setting.input.clone(),
            value: said.value.parse().map_err(|error| at("value", error))?,
        };
        let gas_limit = number(&said.gas_limit)?;
        let (world, rules) = (World { setting, codes }, self.rules(Floats::Lower)?);
        let run = |(kind, engine): &(EngineKind, BoxedEngine)| {
            let fields = world.execute(engine.as_ref(), &rules, (&message, gas_limit));
            Ok((
                Some(kind.name),
                fields.map_err(|fault| at(kind.name, fault))?,
            ))
        };
        self.engines.iter().map(run).collect()
    }

    fn module(&mut self, part: &Part, file: &str) -> Result<Arc<CheckedModule>, VectorError> {
        let bytes = self.set.file(part, file)?;
        let hash = crypto::sha256(&bytes);
        if let Some(found) = self.modules.get(&CodeHash(hash)) {
            return Ok(Arc::clone(found));
        }
        let rules = self.rules(Floats::Lower)?;
        let checked = vm::check(&bytes, &rules).map_err(|reason| at(file, reason))?;
        let checked = Arc::new(checked);
        self.modules.insert(CodeHash(hash), Arc::clone(&checked));
        Ok(checked)
    }

    fn check(&self, part: &Part, check: &Check) -> Result<Fields, VectorError> {
        let rules = self.rules(check.floats)?;
        let module = match &check.module {
            Bytes::File(file) => self.set.file(part, file)?.into_owned(),
            Bytes::Hex(text) => decode(text)?,
        };
        Ok(match vm::check(&module, &rules) {
            Ok(module) => of_module(&module, &rules),
            Err(rejection) => [
                ("accepted".to_owned(), "no".to_owned()),
                ("code".to_owned(), rejection.rule.code()),
            ]
            .into(),
        })
    }

    fn mutants(&self, part: &Part, mutants: &Mutants) -> Result<Fields, VectorError> {
        let rules = self.rules(Floats::Lower)?;
        let original = self.set.file(part, &mutants.module)?;
        let mut random = SplitMix(u64::from(mutants.seed));
        let mut fields = Fields::new();
        for number in 0..mutants.flips {
            let mut mutant = original.to_vec();
            let (place, bit) = (random.below(original.len()), random.below(8));
            if let Some(byte) = mutant.get_mut(place) {
                *byte ^= 1_u8.rotate_left(u32::try_from(bit).unwrap_or_default());
            }
            let verdict = vm::check(&mutant, &rules);
            fields.insert(format!("flip.{number:03}"), of_verdict(&verdict));
        }
        for number in 0..mutants.cuts {
            let length = random.below(original.len());
            let mutant = original.get(..length).unwrap_or_default();
            let verdict = vm::check(mutant, &rules);
            fields.insert(format!("cut.{number:03}"), of_verdict(&verdict));
        }
        Ok(fields)
    }
}

/// Results with the engines that gave them.
type Results = Vec<(Option<&'static str>, Fields)>;

fn at(place: impl Display, reason: impl Display) -> VectorError {
    VectorError::new(place, reason)
}

fn decode(text: &str) -> Result<Vec<u8>, VectorError> {
    hex::decode(text).map_err(|error| at("hexadecimal", error))
}

fn fixed<const BYTES: usize>(text: &str) -> Result<[u8; BYTES], VectorError> {
    let bytes = decode(text)?;
    let length = bytes.len();
    bytes
        .try_into()
        .map_err(|_| at("hexadecimal", format!("{length} bytes, not {BYTES}")))
}

fn number(text: &str) -> Result<u64, VectorError> {
    text.parse().map_err(|error| at(text, error))
}

fn arguments(
    module: &CheckedModule,
    entry: u32,
    texts: &[String],
) -> Result<Vec<Value>, VectorError> {
    let signature = module.function_type(entry);
    let parameters = signature.map_or(&[][..], |signature| &signature.parameters);
    if parameters.len() != texts.len() {
        return Err(at("arguments", format!("{} expected", parameters.len())));
    }
    let pairs = parameters.iter().zip(texts);
    pairs
        .map(|(kind, text)| match kind {
            ValueType::I32 => text.parse().map(Value::I32),
            ValueType::I64 => text.parse().map(Value::I64),
        })
        .collect::<Result<_, _>>()
        .map_err(|error| at("arguments", error))
}

fn setting(part: &Part, place: u32, input: &str) -> Result<Setting, VectorError> {
    let index = |place: u32| usize::try_from(place).unwrap_or(usize::MAX);
    let said = part.settings.get(index(place));
    let said = said.ok_or_else(|| at("setting", "there is none of this number"))?;
    let texts = part.states.get(index(said.state));
    let texts = texts.ok_or_else(|| at("state", "there is none of this number"))?;
    let state = texts
        .iter()
        .map(|(key, value)| Ok((decode(key)?, decode(value)?)))
        .collect::<Result<State, VectorError>>()?;
    Ok(Setting {
        input: decode(input)?,
        caller: Address(fixed(&said.caller)?),
        address: Address(fixed(&said.address)?),
        is_static: said.is_static,
        block: BlockMetadata {
            height: Height(number(&said.height)?),
            time_ms: number(&said.time_ms)?,
            chain_id: fixed(&said.chain_id)?,
            proposer: Address(fixed(&said.proposer)?),
        },
        state,
    })
}

fn of_verdict(verdict: &Result<CheckedModule, Rejection>) -> String {
    match verdict {
        Ok(_) => "accepted".to_owned(),
        Err(rejection) => rejection.rule.code(),
    }
}

fn of_module(module: &CheckedModule, rules: &Rules) -> Fields {
    let emitted = |bulk| fields::hash(&emit::emit_with(module, rules, Options { bulk }));
    let slots = module.functions().iter().map(|function| function.slots);
    let slots: Vec<String> = slots.map(|slots| slots.to_string()).collect();
    let texts = [
        ("accepted", "yes".to_owned()),
        ("code_hash", hex::encode(module.code_hash())),
        (
            "frame_price",
            frames::frame_price(module, rules).to_string(),
        ),
        ("slots", fields::hash(slots.join(" ").as_bytes())),
        ("emitted", emitted(Bulk::Keep)),
        ("emitted_lowered", emitted(Bulk::Lower)),
    ];
    texts.map(|(name, text)| (name.to_owned(), text)).into()
}

fn of_rules(rules: &Rules) -> Fields {
    let limits = rules.named_limits();
    let limits = limits.map(|limit| (format!("limit.{}", limit.name), limit.value.to_string()));
    let prices = rules.prices().into_iter();
    let prices = prices.map(|(name, price)| (format!("price.{name}"), price.to_string()));
    let id = ("id".to_owned(), hex::encode(rules.id()));
    limits.chain(prices).chain([id]).collect()
}

fn cryptography(asked: &Cryptography) -> Result<Fields, VectorError> {
    let arguments: Vec<&str> = asked.arguments.iter().map(String::as_str).collect();
    let verdict = |holds: bool| u8::from(holds).to_string();
    let answer = match (asked.function.as_str(), arguments.as_slice()) {
        ("sha256", [data]) => hex::encode(crypto::sha256(&decode(data)?)),
        ("keccak256", [data]) => hex::encode(crypto::keccak256(&decode(data)?)),
        ("secp256k1_verify", [digest, signature, key]) => verdict(crypto::secp256k1_verify(
            &fixed(digest)?,
            &fixed(signature)?,
            &fixed(key)?,
        )),
        ("secp256k1_recover", [digest, signature, id]) => {
            let [id] = fixed(id)?;
            crypto::secp256k1_recover(&fixed(digest)?, &fixed(signature)?, u32::from(id))
                .map_or_else(|| verdict(false), hex::encode)
        }
        ("ed25519_verify", [message, signature, key]) => verdict(crypto::ed25519_verify(
            &decode(message)?,
            &fixed(signature)?,
            &fixed(key)?,
        )),
        (name, _) => return Err(at(name, "no such function of these arguments")),
    };
    Ok([("answer".to_owned(), answer)].into())
}

/// The same numbers everywhere.
struct SplitMix(u64);

impl SplitMix {
    /// A number below `bound`; 0 below 0.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        let below = mixed.checked_rem(bound).unwrap_or_default();
        usize::try_from(below).unwrap_or_default()
    }
}
