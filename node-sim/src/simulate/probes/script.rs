//! Writes scripts for the driver contract: lists of host calls with their arguments and data.

use host_api::Function;

/// Where the driver puts its input in memory.
const ORIGIN: u64 = 4_096;
/// Bytes of the header of an input.
const HEADER_BYTES: u64 = 16;
/// Bytes of a record: an operation and nine arguments.
const RECORD_BYTES: u64 = 80;
/// Initial size of the driver's memory, in bytes.
pub(super) const MEMORY_BYTES: u64 = 131_072;

/// Operations of the driver beside the host functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Grows memory by a number of pages.
    Grow,
    /// Repeats a loop.
    Spin,
    /// Traps.
    Unreachable,
    /// Copies memory: destination, source, length.
    Copy,
    /// Returns the number of pages.
    Pages,
    /// Calls a function that calls itself a number of times.
    Nest,
}

impl Operation {
    const fn number(self) -> u64 {
        match self {
            Self::Grow => 45,
            Self::Spin => 46,
            Self::Unreachable => 47,
            Self::Copy => 48,
            Self::Pages => 49,
            Self::Nest => 50,
        }
    }
}

/// How a script ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ending {
    /// Returns the results, the data and what was written.
    #[default]
    Return,
    /// Reverts with them.
    Revert,
    /// Ends without a call.
    Plain,
    /// Traps.
    Trap,
    /// Loops until the gas is used up.
    Spin,
}

/// An argument of a record, which takes one slot or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// A number, a pointer that is fixed, or a length.
    Number(u64),
    /// A pointer to these bytes.
    Fixed(Vec<u8>),
    /// A pointer to these bytes, and their length.
    Bytes(Vec<u8>),
    /// A pointer to so many bytes that the call writes.
    Room(u64),
    /// The same, and the number of bytes.
    Buffer(u64),
}

/// A list of host calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    records: Vec<(u64, Vec<Slot>)>,
    ending: Ending,
    output: Option<(u64, u64)>,
}

impl Script {
    /// Adds a host call.
    pub(super) fn host(mut self, function: Function, slots: Vec<Slot>) -> Self {
        let number = (0_u64..)
            .zip(host_api::TABLE)
            .find(|(_, row)| row.function == function);
        let number = number.map_or(u64::MAX, |(number, _)| number);
        self.records.push((number, slots));
        self
    }

    /// Adds an operation that is no host call, with numbers.
    pub(super) fn operation(mut self, operation: Operation, numbers: &[u64]) -> Self {
        let slots = numbers.iter().map(|number| Slot::Number(*number)).collect();
        self.records.push((operation.number(), slots));
        self
    }

    /// Adds the calls of another script.
    pub(super) fn then(mut self, other: Self) -> Self {
        self.records.extend(other.records);
        self
    }

    /// The same script with another end.
    pub(super) const fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// The same script, which ends with this range of memory as its output.
    pub(super) const fn output(mut self, start: u64, length: u64) -> Self {
        self.output = Some((start, length));
        self
    }

    /// The input of the driver.
    pub(super) fn encode(&self) -> Vec<u8> {
        let count = length(&self.records);
        let data_at = ORIGIN
            .saturating_add(HEADER_BYTES)
            .saturating_add(RECORD_BYTES.saturating_mul(count));
        let slots = || self.records.iter().flat_map(|(_, slots)| slots);
        let data_bytes = slots().map(Slot::data).fold(0, u64::saturating_add);
        let mut layout = Layout {
            data: Vec::new(),
            next_data: data_at,
            next_room: data_at.saturating_add(data_bytes),
        };
        let mut records = Vec::new();
        for (number, slots) in &self.records {
            let mut words = vec![*number];
            for slot in slots {
                words.extend(layout.place(slot));
            }
            words.resize(10, 0);
            records.extend(words.into_iter().flat_map(u64::to_le_bytes));
        }
        let Layout {
            data, next_room, ..
        } = layout;
        let shown = next_room.saturating_sub(ORIGIN).min(65_536);
        let (start, shown) = self.output.unwrap_or((ORIGIN, shown));
        let header = [self.mode(), start, shown, count];
        let header = header.into_iter().flat_map(|word| {
            let low = u32::try_from(word).unwrap_or(u32::MAX);
            low.to_le_bytes()
        });
        header.chain(records).chain(data).collect()
    }

    const fn mode(&self) -> u64 {
        match self.ending {
            Ending::Return => 0,
            Ending::Revert => 1,
            Ending::Plain => 2,
            Ending::Trap => 3,
            Ending::Spin => 4,
        }
    }
}

/// Where data and rooms of a script are in memory.
struct Layout {
    data: Vec<u8>,
    next_data: u64,
    next_room: u64,
}

impl Layout {
    /// Places what a slot points to; returns the words of the slot.
    fn place(&mut self, slot: &Slot) -> Vec<u64> {
        let (data, room) = (self.next_data, self.next_room);
        match slot {
            Slot::Number(number) => vec![*number],
            Slot::Fixed(bytes) | Slot::Bytes(bytes) => {
                self.data.extend_from_slice(bytes);
                self.next_data = data.saturating_add(length(bytes));
                match slot {
                    Slot::Bytes(_) => vec![data, length(bytes)],
                    _ => vec![data],
                }
            }
            Slot::Room(bytes) => {
                self.next_room = room.saturating_add(*bytes);
                vec![room]
            }
            Slot::Buffer(bytes) => {
                self.next_room = room.saturating_add(*bytes);
                vec![room, *bytes]
            }
        }
    }
}

impl Slot {
    /// Bytes that the slot adds to the input.
    fn data(&self) -> u64 {
        match self {
            Self::Fixed(bytes) | Self::Bytes(bytes) => length(bytes),
            Self::Number(_) | Self::Room(_) | Self::Buffer(_) => 0,
        }
    }
}

fn length<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}
