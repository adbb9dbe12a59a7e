//! Turns a vector into its result, on one engine or on several that must agree.

use crate::VectorError;
use crate::curves;
use crate::fields::{self, Fields};
use crate::format::{
    Bytes, Call, Check, Cryptography, Floats, MessageRecord, Mutants, Part, Vector, VectorCase,
};
use crate::message::MessageState;
use crate::observation::observe;
use crate::program::{Program, ProgramInputs, State};
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
    /// Each engine of this project, the reference first, and the interpreter with the dispatch
    /// strategy that is not the default here. Threaded handlers nest deeper than WebAssembly hosts
    /// allow, so a build for WebAssembly leaves that one out.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut rows: Vec<&Row> = engines::ours().collect();
        rows.sort_by_key(|row| row.kind != Kind::Definition);
        let mut all: Vec<Self> = rows.into_iter().map(Self::of).collect();
        if !cfg!(target_family = "wasm") {
            all.push(Self::other_interpreter());
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

    /// The interpreter with the dispatch strategy that is not the default of this machine.
    fn other_interpreter() -> Self {
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

    /// Name of the engine.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// Result of one vector on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorResult {
    /// Name of the vector.
    pub name: String,
    /// Result of the first engine that differs from the expectation; else the expected result.
    pub fields: Fields,
    /// Name of the engine with that result; `None` where no engine takes part.
    pub engine: Option<String>,
}

/// Runs vectors, and caches what they share: checked modules and compiled code of the engines.
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

    /// Runs every vector in order, and calls `progress` before each with its index and name.
    ///
    /// # Errors
    /// The first vector that cannot be run: a broken file, or a fault of this machine.
    pub fn run(
        &mut self,
        progress: &mut dyn FnMut(usize, &str),
    ) -> Result<Vec<VectorResult>, VectorError> {
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
    pub fn vector(&mut self, part: &Part, vector: &Vector) -> Result<VectorResult, VectorError> {
        let failed = |error: VectorError| VectorError::new(&vector.name, error);
        let results = self.results(part, &vector.case).map_err(failed)?;
        let differs = |(_, fields): &&(_, Fields)| *fields != vector.expected;
        let result = results.iter().find(differs).or_else(|| results.first());
        let (engine, fields) = result.cloned().unwrap_or_default();
        let name = vector.name.clone();
        Ok(VectorResult {
            name,
            fields,
            engine: engine.map(str::to_owned),
        })
    }

    fn results(&mut self, part: &Part, case: &VectorCase) -> Result<EngineResults, VectorError> {
        let fields = match case {
            VectorCase::Call(call) => return self.call(part, call),
            VectorCase::Message(message) => return self.message(part, message),
            VectorCase::Chain(chain) => {
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
            VectorCase::Check(check) => self.check(part, check)?,
            VectorCase::Mutants(mutants) => self.mutants(part, mutants)?,
            VectorCase::Rules => of_rules(self.rules(Floats::Lower)?.as_ref()),
            VectorCase::Cryptography(call) => cryptography(call)?,
        };
        Ok(vec![(None, fields)])
    }

    pub(crate) fn rules(&self, floats: Floats) -> Result<Arc<Rules>, VectorError> {
        let rules = self.rules.get(&floats).map(Arc::clone);
        rules.ok_or_else(|| at("floats", "no rules for this policy"))
    }

    fn call(&mut self, part: &Part, call: &Call) -> Result<EngineResults, VectorError> {
        let (program, gas_limit) = self.program(part, call)?;
        let run = |(kind, engine): &(EngineKind, BoxedEngine)| {
            let seen = observe(engine.as_ref(), &program, gas_limit);
            let seen = seen.map_err(|fault| at(kind.name, fault))?;
            Ok((Some(kind.name), fields::of_observation(&seen)))
        };
        self.engines.iter().map(run).collect()
    }

    /// What a call runs, and its gas limit.
    pub(crate) fn program(
        &mut self,
        part: &Part,
        call: &Call,
    ) -> Result<(Program, u64), VectorError> {
        let module = self.module(part, &call.module)?;
        let entry = module.exported_function(&call.function);
        let entry = entry.ok_or_else(|| at(&call.function, "not an exported function"))?;
        let program = Program {
            name: String::new(),
            rules: self.rules(Floats::Lower)?,
            entry,
            arguments: arguments(&module, entry, &call.arguments)?,
            inputs: inputs(part, call.environment, &call.input)?,
            probe_gas: 0,
            module,
        };
        Ok((program, number(&call.gas_limit)?))
    }

    fn message(
        &mut self,
        part: &Part,
        record: &MessageRecord,
    ) -> Result<EngineResults, VectorError> {
        let (state, message, gas_limit) = self.state_and_message(part, record)?;
        let rules = self.rules(Floats::Lower)?;
        let run = |(kind, engine): &(EngineKind, BoxedEngine)| {
            let fields = state.execute(engine.as_ref(), &rules, (&message, gas_limit));
            Ok((
                Some(kind.name),
                fields.map_err(|fault| at(kind.name, fault))?,
            ))
        };
        self.engines.iter().map(run).collect()
    }

    /// A message, the state and the code before it, and its gas limit.
    pub(crate) fn state_and_message(
        &mut self,
        part: &Part,
        record: &MessageRecord,
    ) -> Result<(MessageState, Message, u64), VectorError> {
        let mut codes = BTreeMap::new();
        for file in &record.codes {
            let module = self.module(part, file)?;
            codes.insert(*module.code_hash(), module);
        }
        let inputs = inputs(part, record.environment, &record.input)?;
        let target = match &record.deploy {
            None => Target::Call {
                contract: inputs.address,
            },
            Some(file) => Target::Deploy {
                code_hash: *self.module(part, file)?.code_hash(),
                salt: [0; 32],
            },
        };
        let message = Message {
            tx_hash: fixed(&record.tx_hash)?,
            caller: inputs.caller,
            target,
            entry: record.entry.clone(),
            input: inputs.input.clone(),
            value: record.value.parse().map_err(|error| at("value", error))?,
        };
        let gas_limit = number(&record.gas_limit)?;
        Ok((MessageState { inputs, codes }, message, gas_limit))
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
            let (index, bit) = (random.below(original.len()), random.below(8));
            if let Some(byte) = mutant.get_mut(index) {
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

/// Results, each with the name of the engine that produced it.
type EngineResults = Vec<(Option<&'static str>, Fields)>;

fn at(location: impl Display, reason: impl Display) -> VectorError {
    VectorError::new(location, reason)
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

fn inputs(part: &Part, environment: u32, input: &str) -> Result<ProgramInputs, VectorError> {
    let index = |index: u32| usize::try_from(index).unwrap_or(usize::MAX);
    let record = part.environments.get(index(environment));
    let record = record.ok_or_else(|| at("setting", "the file has no setting of this index"))?;
    let texts = part.states.get(index(record.state));
    let texts = texts.ok_or_else(|| at("state", "the file has no state of this index"))?;
    let state = texts
        .iter()
        .map(|(key, value)| Ok((decode(key)?, decode(value)?)))
        .collect::<Result<State, VectorError>>()?;
    Ok(ProgramInputs {
        input: decode(input)?,
        caller: Address(fixed(&record.caller)?),
        address: Address(fixed(&record.address)?),
        is_static: record.is_static,
        block: BlockMetadata {
            height: Height(number(&record.height)?),
            time_ms: number(&record.time_ms)?,
            chain_id: fixed(&record.chain_id)?,
            proposer: Address(fixed(&record.proposer)?),
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
    let emitted = |bulk| {
        let options = Options {
            bulk,
            ..Options::default()
        };
        fields::hash(&emit::emit_with(module, rules, options))
    };
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

fn cryptography(call: &Cryptography) -> Result<Fields, VectorError> {
    let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
    let verdict = |is_valid: bool| u8::from(is_valid).to_string();
    let result = match (call.function.as_str(), arguments.as_slice()) {
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
        ("blake3", [data]) => hex::encode(crypto::blake3(&decode(data)?)),
        ("ripemd160", [data]) => hex::encode(crypto::ripemd160(&decode(data)?)),
        ("sha512", [data]) => hex::encode(crypto::sha512(&decode(data)?)),
        ("p256_verify", [digest, signature, key]) => verdict(crypto::p256_verify(
            &fixed(digest)?,
            &fixed(signature)?,
            &decode(key)?,
        )),
        ("ed25519_verify", [message, signature, key]) => verdict(crypto::ed25519_verify(
            &decode(message)?,
            &fixed(signature)?,
            &fixed(key)?,
        )),
        (name, [input]) if name.starts_with("bls12_381_") || name.starts_with("bn254_") => {
            curves::result(name, &decode(input)?)?
        }
        (name, _) => {
            return Err(at(
                name,
                "no cryptographic function of this name takes these arguments",
            ));
        }
    };
    Ok([("answer".to_owned(), result)].into())
}

/// SplitMix64: a stream of numbers that is the same on every machine.
struct SplitMix(u64);

impl SplitMix {
    /// A number below `bound`; 0 if `bound` is 0.
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
