;; A static frame: reads are allowed, every host function that changes state traps.
;; static
;; state 02000000000000000000000000000000000000000000000000000000000000000061 01
;; call read => return 1
;; call scan => return 14
;; call write => trap StaticViolation
;; call remove => trap StaticViolation
;; call event => trap StaticViolation
;; call transfer => trap StaticViolation
;; call call 0 => return 16
;; call call 1 => trap StaticViolation
;; call deploy => trap StaticViolation
;; call set_code => trap StaticViolation
(module
  (import "lockstep" "storage_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "lockstep" "storage_scan"
    (func $scan (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "lockstep" "storage_write" (func $write (param i32 i32 i32 i32)))
  (import "lockstep" "storage_remove" (func $remove (param i32 i32) (result i32)))
  (import "lockstep" "emit_event" (func $emit (param i32 i32 i32 i32)))
  (import "lockstep" "transfer" (func $transfer (param i32 i32) (result i32)))
  (import "lockstep" "call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)))
  (import "lockstep" "deploy"
    (func $deploy (param i32 i32 i32 i32 i32 i32 i32 i64 i32) (result i32)))
  (import "lockstep" "set_code" (func $set_code (param i32) (result i32)))
  (memory 1 1)
  (data (i32.const 0) "a")
  (func (export "read") (result i32)
    (call $read (i32.const 0) (i32.const 1) (i32.const 64) (i32.const 8)))
  (func (export "scan") (result i32)
    (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 8) (i32.const 64) (i32.const 64)))
  (func (export "write")
    (call $write (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))
  (func (export "remove") (drop (call $remove (i32.const 0) (i32.const 1))))
  (func (export "event") (call $emit (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1)))
  (func (export "transfer") (drop (call $transfer (i32.const 32) (i32.const 96))))
  (func (export "call") (param i32) (result i32)
    (i32.store (i32.const 96) (local.get 0))
    (call $call (i32.const 0) (i32.const 32) (i32.const 0) (i32.const 1)
      (i32.const 0) (i32.const 0) (i32.const 96) (i64.const 1000)))
  (func (export "deploy")
    (drop (call $deploy (i32.const 0) (i32.const 32) (i32.const 0) (i32.const 1)
      (i32.const 0) (i32.const 0) (i32.const 96) (i64.const 1000) (i32.const 128))))
  (func (export "set_code") (drop (call $set_code (i32.const 0)))))
