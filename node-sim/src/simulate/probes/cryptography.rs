//! Probes of hashes, signatures and points, one for each kind of input that a section names.

use super::script::{Script, Slot};
use super::{Probe, Site};
use host_api::{Argument, Function};

/// Calls in one transaction.
const CALLS: usize = 9;

/// A line of the list: a name, a function, its result if it has one, its arguments.
const CASES: &str = include_str!("../modules/cryptography.txt");

/// An input of a function, with what it returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptographyCase {
    /// Name, unique.
    pub name: &'static str,
    /// The function.
    pub function: Function,
    /// The bytes that the function reads, in the order of its arguments.
    pub read: Vec<Vec<u8>>,
    /// Its result.
    pub result: u64,
}

/// All cases, in the order of the list.
#[must_use]
pub fn cases() -> Vec<CryptographyCase> {
    CASES.lines().filter_map(parse).collect()
}

fn parse(line: &'static str) -> Option<CryptographyCase> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let row = host_api::table::by_name(words.next()?)?;
    let result = words.next()?.parse().ok()?;
    let bytes = words.map(|word| match word {
        "-" => Some(Vec::new()),
        _ => hex::decode(word).ok(),
    });
    Some(CryptographyCase {
        name,
        function: row.function,
        read: bytes.collect::<Option<_>>()?,
        result,
    })
}

impl CryptographyCase {
    /// The arguments: ranges of fixed size share one text in the list, if they follow one another.
    fn slots(&self) -> Vec<Slot> {
        let arguments = host_api::table::row(self.function).map_or(&[][..], |row| row.arguments);
        let mut texts = self.read.iter().map(Vec::as_slice);
        let mut rest: &[u8] = &[];
        let mut slots = Vec::new();
        for argument in arguments {
            if rest.is_empty() && !matches!(argument, Argument::Output(_)) {
                rest = texts.next().unwrap_or_default();
            }
            match *argument {
                Argument::Fixed(_, size) => {
                    let size = usize::try_from(size).unwrap_or(usize::MAX);
                    let (bytes, after) = rest.split_at_checked(size).unwrap_or((rest, &[]));
                    slots.push(Slot::Fixed(bytes.to_vec()));
                    rest = after;
                }
                Argument::Items(_, size) => {
                    let size = usize::try_from(size).unwrap_or(usize::MAX);
                    let count = rest.len().checked_div(size).unwrap_or_default();
                    slots.push(Slot::Fixed(core::mem::take(&mut rest).to_vec()));
                    slots.push(Slot::Number(u64::try_from(count).unwrap_or(u64::MAX)));
                }
                Argument::Bytes(_) | Argument::Buffer => {
                    slots.push(Slot::Bytes(core::mem::take(&mut rest).to_vec()));
                }
                Argument::Number(..) => {
                    let number = core::mem::take(&mut rest);
                    let number = number.iter().fold(0_u64, |number, byte| {
                        number.wrapping_shl(8) | u64::from(*byte)
                    });
                    slots.push(Slot::Number(number));
                }
                Argument::Output(size) => slots.push(Slot::Room(u64::from(size))),
            }
        }
        slots
    }
}

pub(super) fn probes(site: &Site) -> Vec<Probe> {
    let mut probes = vec![site.script("hashes", 1, &hashes())];
    for (number, cases) in (1..).zip(cases().chunks(CALLS)) {
        let script = cases.iter().fold(Script::default(), |script, case| {
            script.host(case.function, case.slots())
        });
        let name = format!("signatures and points {number}");
        probes.push(site.script(&name, 1, &script));
    }
    probes
}

/// Each hash of no byte, and of lengths around its blocks.
fn hashes() -> Script {
    let functions = [
        (Function::Sha256, 32),
        (Function::Keccak256, 32),
        (Function::Blake3, 32),
        (Function::Ripemd160, 20),
        (Function::Sha512, 64),
    ];
    let all = functions.into_iter().flat_map(|hash| {
        let lengths = [0_u64, 1, 55, 56, 64, 65, 135, 136, 1_025];
        lengths.into_iter().map(move |length| (hash, length))
    });
    all.fold(Script::default(), |script, ((function, digest), length)| {
        let slots = vec![
            Slot::Number(4_096),
            Slot::Number(length),
            Slot::Room(digest),
        ];
        script.host(function, slots)
    })
}
