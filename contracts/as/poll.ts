// Counts one vote per caller for one of eight choices.
//
//   vote(choice u8) -> u64      votes for the choice so far; event "Voted", topic caller
//   votes(choice u8) -> u64
//
// Storage: "v" || choice has a count (u64), "c" || address has the byte 1 if the account has voted
// (not an empty value, which an ICS 23 proof cannot cover). An error reverts with borsh{code u32,
// message none}: 1 input, 2 no such choice, 3 voted already, 4 the call carries value.
//
// It allocates nothing: it uses only the buffers below.

@external("lockstep", "input") declare function input(dst: usize, capacity: usize): i32;
@external("lockstep", "return") declare function finish(data: usize, length: usize): void;
@external("lockstep", "revert") declare function revert(data: usize, length: usize): void;
@external("lockstep", "storage_read")
declare function storageRead(key: usize, length: usize, dst: usize, capacity: usize): i32;
@external("lockstep", "storage_write")
declare function storageWrite(key: usize, length: usize, value: usize, valueLength: usize): void;
@external("lockstep", "storage_has") declare function storageHas(key: usize, length: usize): i32;
@external("lockstep", "emit_event")
declare function emitEvent(topics: usize, count: i32, data: usize, length: usize): void;
@external("lockstep", "sha256")
declare function sha256(data: usize, length: usize, dst: usize): void;
@external("lockstep", "caller") declare function caller(dst: usize): void;
@external("lockstep", "value") declare function value(dst: usize): void;

const CHOICES: u8 = 8;

const NUMBER = memory.data(16, 16);
const CHOICE_KEY = memory.data(2);
const CALLER_KEY = memory.data(33);
const TOPICS = memory.data(64);
const NAME = memory.data<u8>([0x56, 0x6f, 0x74, 0x65, 0x64]); // "Voted"

// Ends the frame: the host call does not return.
function fail(code: u32): void {
  store<u32>(NUMBER, code);
  store<u8>(NUMBER, 0, 4);
  revert(NUMBER, 5);
}

function finishWith(number: u64): void {
  store<u64>(NUMBER, number);
  finish(NUMBER, 8);
}

function takeChoice(): u8 {
  value(NUMBER);
  if ((load<u64>(NUMBER) | load<u64>(NUMBER, 8)) != 0) fail(4);
  if (input(NUMBER, 1) != 1) fail(1);
  const choice = load<u8>(NUMBER);
  if (choice >= CHOICES) fail(2);
  store<u8>(CHOICE_KEY, 0x76); // "v"
  store<u8>(CHOICE_KEY, choice, 1);
  return choice;
}

function count(): u64 {
  store<u64>(NUMBER, 0);
  storageRead(CHOICE_KEY, 2, NUMBER, 8);
  return load<u64>(NUMBER);
}

export function vote(): void {
  const choice = takeChoice();
  store<u8>(CALLER_KEY, 0x63); // "c"
  caller(CALLER_KEY + 1);
  if (storageHas(CALLER_KEY, 33) != 0) fail(3);
  store<u8>(NUMBER, 1);
  storageWrite(CALLER_KEY, 33, NUMBER, 1);
  const votes = count() + 1;
  store<u64>(NUMBER, votes);
  storageWrite(CHOICE_KEY, 2, NUMBER, 8);
  sha256(NAME, 5, TOPICS);
  memory.copy(TOPICS + 32, CALLER_KEY + 1, 32);
  store<u8>(NUMBER, choice);
  emitEvent(TOPICS, 2, NUMBER, 1);
  finishWith(votes);
}

export function votes(): void {
  takeChoice();
  finishWith(count());
}
