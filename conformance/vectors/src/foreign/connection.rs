//! Sends one line, reads one line, and keeps what went wrong until the vector is over.

use super::wire::{
    EXECUTION_KINDS, EngineHello, LINE_BYTES_MAX, ModuleForm, PROTOCOL, Reply, Request,
};
use crate::VectorError;
use std::collections::BTreeMap;
use vm::unstable::emit::{Bulk, Options, emit_with};
use vm::{CheckedModule, CodeHash, Fault, Rules};

/// Longest text of an engine that is repeated in a message, in characters.
const TEXT_CHARS_MAX: usize = 400;

/// The name of every such engine in a [`Fault`]; its own name is in its hello.
const NAME: &str = "command";

/// A way to an engine.
pub trait Link: Send {
    /// Sends a line and returns the next one, both without their line ends.
    ///
    /// # Errors
    /// Why there is no reply of at most `reply_bytes_max` bytes; nothing is sent after that.
    fn exchange(&mut self, line: &str, reply_bytes_max: usize) -> Result<String, String>;
}

/// What went wrong with an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The vector failed: the engine says so, or its reply is impossible. The next one can run.
    Failed(String),
    /// The protocol is broken: nothing more can be sent.
    Broken(String),
}

/// Code hash, id of the rules that checked the module, id of the rules that run it.
type ModuleKey = (CodeHash, [u8; 32], [u8; 32]);

/// An engine behind a [`Link`], after both hellos.
pub struct Connection {
    link: Box<dyn Link>,
    hello: EngineHello,
    /// Modules that the engine has, with their numbers.
    modules: BTreeMap<ModuleKey, u32>,
    /// Frames that the engine has.
    active: u32,
    trouble: Option<Trouble>,
}

impl Connection {
    /// Exchanges the hellos.
    ///
    /// # Errors
    /// No hello, one of another protocol, or one that takes nothing.
    pub fn open(link: Box<dyn Link>, rules: &Rules) -> Result<Self, VectorError> {
        let hello = Request::Hello {
            protocol: PROTOCOL,
            lockstep: env!("CARGO_PKG_VERSION").to_owned(),
            rules: hex::encode(rules.id()),
            kinds: EXECUTION_KINDS.map(str::to_owned).to_vec(),
        };
        let nothing = EngineHello {
            protocol: PROTOCOL,
            name: String::new(),
            version: String::new(),
            kinds: Vec::new(),
            modules: Vec::new(),
        };
        let mut opened = Self {
            link,
            hello: nothing,
            modules: BTreeMap::new(),
            active: 0,
            trouble: None,
        };
        let failed = |trouble| {
            let (Trouble::Failed(why) | Trouble::Broken(why)) = trouble;
            VectorError::new("hello", why)
        };
        match opened.ask(&hello, 0).map_err(failed)? {
            Reply::Hello(hello) => opened.hello = usable(hello)?,
            other => return Err(failed(opened.unexpected("hello", &other))),
        }
        Ok(opened)
    }

    /// What the engine is and takes.
    #[must_use]
    pub const fn hello(&self) -> &EngineHello {
        &self.hello
    }

    /// Sends `request` and reads its reply, whose line may have `further` bytes above the bound.
    pub(super) fn ask(&mut self, request: &Request, further: usize) -> Result<Reply, Trouble> {
        if let Some(trouble) = &self.trouble {
            return Err(trouble.clone());
        }
        let line = serde_json::to_string(request).map_err(|error| self.broken(error))?;
        let bound = LINE_BYTES_MAX.saturating_add(further);
        let reply = match self.link.exchange(&line, bound) {
            Ok(line) => line,
            Err(why) => return Err(self.broken(why)),
        };
        match serde_json::from_str(&reply) {
            Ok(Reply::Failed { why }) => Err(self.failed(why)),
            Ok(reply) => Ok(reply),
            Err(error) => Err(self.broken(format!("a line that is no reply: {error}: {reply}"))),
        }
    }

    /// The vector cannot go on.
    pub(super) fn failed(&mut self, why: impl ToString) -> Trouble {
        self.keep(Trouble::Failed(clean(&why.to_string())))
    }

    fn broken(&mut self, why: impl ToString) -> Trouble {
        self.keep(Trouble::Broken(clean(&why.to_string())))
    }

    /// A reply of another type than the request has.
    pub(super) fn unexpected(&mut self, expected: &str, reply: &Reply) -> Trouble {
        let found = serde_json::to_value(reply).unwrap_or_default();
        let found = found.get("type").and_then(|text| text.as_str());
        let found = found.unwrap_or_default().to_owned();
        self.broken(format!("out of turn: {found} instead of {expected}"))
    }

    /// Keeps the first trouble; a later one follows from it.
    fn keep(&mut self, trouble: Trouble) -> Trouble {
        self.trouble.get_or_insert(trouble).clone()
    }

    /// Number of `module`, which is sent if the engine does not have it.
    pub(super) fn module(&mut self, module: &CheckedModule, rules: &Rules) -> Result<u32, Trouble> {
        let key = (*module.code_hash(), *module.rules_id(), *rules.id());
        if let Some(number) = self.modules.get(&key) {
            return Ok(*number);
        }
        let number = u32::try_from(self.modules.len()).unwrap_or(u32::MAX);
        let wanted = |form| self.hello.modules.contains(&form);
        let emitted = |form, bulk| {
            wanted(form).then(|| {
                let options = Options {
                    bulk,
                    ..Options::default()
                };
                hex::encode(emit_with(module, rules, options))
            })
        };
        let original = wanted(ModuleForm::Original).then(|| hex::encode(module.bytes()));
        let request = Request::Module {
            module: number,
            code_hash: hex::encode(module.code_hash()),
            rules: hex::encode(rules.id()),
            instrumented: emitted(ModuleForm::Instrumented, Bulk::Keep),
            instrumented_lower_bulk: emitted(ModuleForm::InstrumentedLowerBulk, Bulk::Lower),
            original,
        };
        match self.ask(&request, 0)? {
            Reply::Ready => self.modules.insert(key, number),
            other => return Err(self.unexpected("ready", &other)),
        };
        Ok(number)
    }

    /// Number of a new frame.
    pub(super) const fn begin_frame(&mut self) -> u32 {
        let number = self.active;
        self.active = self.active.saturating_add(1);
        number
    }

    /// Ends the last frame, if it has this number: the reply to [`Request::End`].
    pub(super) fn end_frame(&mut self, frame: u32, state: bool) -> Result<Reply, Trouble> {
        // After a fault frames are dropped in any order; `settle` ends them all.
        if self.active.checked_sub(1) != Some(frame) {
            return Err(Trouble::Failed(
                "a frame below the last one ends".to_owned(),
            ));
        }
        self.active = frame;
        match self.ask(&Request::End { frame, state }, 0)? {
            reply @ Reply::Ended { .. } => Ok(reply),
            other => Err(self.unexpected("ended", &other)),
        }
    }

    /// What went wrong since the last call, with every frame ended, so that a vector can begin.
    pub(super) fn settle(&mut self) -> Option<Trouble> {
        let trouble = self.trouble.take();
        let is_broken = matches!(trouble, Some(Trouble::Broken(_)));
        if is_broken || (trouble.is_none() && self.active == 0) {
            return trouble;
        }
        self.active = 0;
        match self.ask(&Request::Abandon, 0) {
            Ok(Reply::Ready) => trouble,
            Ok(other) => Some(self.unexpected("ready", &other)),
            Err(Trouble::Failed(why)) => Some(self.broken(format!("abandon: {why}"))),
            Err(broken) => Some(broken),
        }
    }
}

/// A hello that something can run with; its texts without control characters.
fn usable(mut hello: EngineHello) -> Result<EngineHello, VectorError> {
    let wrong = |reason: String| VectorError::new("hello", clean(&reason));
    if hello.protocol != PROTOCOL {
        let reason = format!("protocol {}, this version has {PROTOCOL}", hello.protocol);
        return Err(wrong(reason));
    }
    let known = |kind: &&String| !EXECUTION_KINDS.contains(&kind.as_str());
    if let Some(kind) = hello.kinds.iter().find(known) {
        return Err(wrong(format!("no engine can take the kind {kind:?}")));
    }
    if hello.kinds.is_empty() || hello.modules.is_empty() {
        return Err(wrong(
            "it takes no kind of vectors, or no form of modules".to_owned(),
        ));
    }
    hello.name = clean(&hello.name);
    hello.version = clean(&hello.version);
    Ok(hello)
}

/// Foreign text in one line of limited length, control characters replaced.
fn clean(text: &str) -> String {
    let replaced = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut short: String = text.chars().take(TEXT_CHARS_MAX).map(replaced).collect();
    if text.chars().nth(TEXT_CHARS_MAX).is_some() {
        short.push_str("...");
    }
    short
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        let (Trouble::Failed(message) | Trouble::Broken(message)) = trouble;
        Self::Engine {
            engine: NAME,
            message,
        }
    }
}

impl From<Trouble> for Box<Fault> {
    fn from(trouble: Trouble) -> Self {
        Self::new(trouble.into())
    }
}
