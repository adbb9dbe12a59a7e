;; Host calls: arguments and results, state, events, and every way to end a frame.
;; input 00112233445566778899
;; call context => return 1
;; call gas => return
;; call read_input 4 => return 10
;; call read_input 64 => return 10
;; call read_input 0 => return 10
;; call read_input_at 65530 => trap MemoryRange
;; call finish => return
;; call finish_deep => return
;; call refuse => revert
;; call state => return 14
;; call absent => return -1
;; call key_length 0 => trap KeyLength
;; call key_length 256 => return
;; call key_length 257 => trap KeyLength
;; call value_length 65536 => return
;; call value_length 65537 => trap MemoryRange
;; call key_range -1 => trap MemoryRange
;; call event 0 => return
;; call event 4 => return
;; call event 5 => trap EventLimit
;; call digest => return 9
;; call signature => return 0
;; call log => return
;; call indirect => return 1
;; call indirect_mismatch => trap IndirectCallTypeMismatch
;; call grow_between => return 2
;; call loop 5 => return 5
;; call trap_after => trap IntegerDivideByZero
(module
  (type $answer (func (result i64)))
  (type $none (func))
  (import "lockstep" "input" (func $input (param i32 i32) (result i32)))
  (import "lockstep" "return" (func $return (param i32 i32)))
  (import "lockstep" "revert" (func $revert (param i32 i32)))
  (import "lockstep" "storage_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "lockstep" "storage_write" (func $write (param i32 i32 i32 i32)))
  (import "lockstep" "storage_remove" (func $remove (param i32 i32) (result i32)))
  (import "lockstep" "storage_has" (func $has (param i32 i32) (result i32)))
  (import "lockstep" "emit_event" (func $emit (param i32 i32 i32 i32)))
  (import "lockstep" "sha256" (func $sha256 (param i32 i32 i32)))
  (import "lockstep" "secp256k1_verify" (func $secp (param i32 i32 i32) (result i32)))
  (import "lockstep" "ed25519_verify" (func $ed (param i32 i32 i32 i32) (result i32)))
  (import "lockstep" "block_height" (func $height (result i64)))
  (import "lockstep" "block_time" (func $time (result i64)))
  (import "lockstep" "chain_id" (func $chain (param i32)))
  (import "lockstep" "caller" (func $caller (param i32)))
  (import "lockstep" "self" (func $self (param i32)))
  (import "lockstep" "gas_left" (func $gas_left (result i64)))
  (import "lockstep" "debug_log" (func $log (param i32 i32)))
  (memory 1 2)
  (table 2 funcref)
  (elem (i32.const 0) $height $gas)
  (data (i32.const 0) "key-of-the-value")
  (data (i32.const 64) "the value")
  (global $left (mut i64) (i64.const 0))
  (func (export "context") (result i64)
    (call $chain (i32.const 256)) (call $caller (i32.const 288)) (call $self (i32.const 320))
    (i64.add (call $height) (call $time)))
  (func $gas (export "gas")
    (global.set $left (call $gas_left))
    (i64.store (i32.const 512) (i64.sub (global.get $left) (call $gas_left))))
  (func (export "read_input") (param i32) (result i32) (call $input (i32.const 128) (local.get 0)))
  (func (export "read_input_at") (param i32) (result i32) (call $input (local.get 0) (i32.const 10)))
  (func $finish (export "finish") (call $return (i32.const 64) (i32.const 9)) (unreachable))
  (func (export "finish_deep") (call $middle) (unreachable))
  (func $middle (global.set $left (i64.const 3)) (call $finish))
  (func (export "refuse") (call $revert (i32.const 64) (i32.const 3)) (unreachable))
  (func (export "state") (result i32) (local $sum i32)
    (local.set $sum (call $has (i32.const 0) (i32.const 16)))
    (call $write (i32.const 0) (i32.const 16) (i32.const 64) (i32.const 9))
    (local.set $sum (i32.add (local.get $sum) (call $has (i32.const 0) (i32.const 16))))
    (local.set $sum (i32.add (local.get $sum)
      (call $read (i32.const 0) (i32.const 16) (i32.const 128) (i32.const 4))))
    (call $write (i32.const 0) (i32.const 3) (i32.const 64) (i32.const 0))
    (local.set $sum (i32.add (local.get $sum)
      (call $read (i32.const 0) (i32.const 3) (i32.const 128) (i32.const 4))))
    (local.set $sum (i32.add (local.get $sum) (call $remove (i32.const 0) (i32.const 16))))
    (local.set $sum (i32.add (local.get $sum) (call $remove (i32.const 0) (i32.const 16))))
    (i32.add (local.get $sum) (i32.const 3)))
  (func (export "absent") (result i32)
    (call $read (i32.const 0) (i32.const 16) (i32.const 128) (i32.const 4)))
  (func (export "key_length") (param i32)
    (call $write (i32.const 0) (local.get 0) (i32.const 64) (i32.const 9)))
  (func (export "value_length") (param i32)
    (call $write (i32.const 0) (i32.const 4) (i32.const 0) (local.get 0)))
  (func (export "key_range") (param i32)
    (drop (call $has (local.get 0) (i32.const 2))))
  (func (export "event") (param i32)
    (call $emit (i32.const 0) (local.get 0) (i32.const 64) (i32.const 9)))
  (func (export "digest") (result i32)
    (call $sha256 (i32.const 64) (i32.const 9) (i32.const 128))
    (call $sha256 (i32.const 128) (i32.const 32) (i32.const 130))
    (i32.sub (i32.load8_u (i32.const 131)) (i32.sub (i32.load8_u (i32.const 131)) (i32.const 9))))
  (func (export "signature") (result i32)
    (i32.add (call $secp (i32.const 0) (i32.const 64) (i32.const 128))
      (call $ed (i32.const 0) (i32.const 16) (i32.const 64) (i32.const 128))))
  (func (export "log") (call $log (i32.const 64) (i32.const 9)))
  (func (export "indirect") (result i64) (call_indirect (type $answer) (i32.const 0)))
  (func (export "indirect_mismatch") (call_indirect (type $none) (i32.const 0)))
  (func (export "grow_between") (result i32)
    (call $chain (i32.const 0))
    (drop (memory.grow (i32.const 1)))
    (call $chain (i32.const 131040))
    (memory.size))
  (func (export "loop") (param i32) (result i32) (local i32)
    (loop
      (local.set 1 (i32.add (local.get 1) (i32.wrap_i64 (call $height))))
      (br_if 0 (i32.lt_u (local.get 1) (local.get 0))))
    (local.get 1))
  (func (export "trap_after")
    (call $write (i32.const 0) (i32.const 4) (i32.const 64) (i32.const 9))
    (drop (i32.div_u (i32.const 1) (i32.load (i32.const 4096))))))
