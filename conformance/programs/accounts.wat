;; Balances, payments and calls of a contract with a balance of 1,000; no other contract exists.
;; state 010000000000000000000000000000000000000000000000000000000000000000 0000000000000000e803000000000000000000000000000000
;; call own_balance => return 1000
;; call balance_of 1 => return 0
;; call balance_range -1 => trap MemoryRange
;; call paid => return 0
;; call pay 0 => return 0
;; call pay 1000 => return 0
;; call pay 1001 => return 18
;; call pay_twice 600 => return 18
;; call pay_self 1000 => return 1000
;; call call 0 0 0 => return 16
;; call call 3 0 0 => return 16
;; call call 4 0 0 => trap UnknownFlag
;; call call 2 1 0 => trap StaticViolation
;; call call 0 0 65536 => trap MemoryRange
;; call call_input 65536 => return 16
;; call call_input 65537 => trap OutputLength
;; call deploy 0 => return 16
;; call deploy_input 65537 => trap OutputLength
;; call returned 16 => return 0
;; call returned_range 131073 => trap MemoryRange
;; call set_code => return 19
(module
  (import "lockstep" "balance" (func $balance (param i32 i32)))
  (import "lockstep" "value" (func $value (param i32)))
  (import "lockstep" "transfer" (func $transfer (param i32 i32) (result i32)))
  (import "lockstep" "call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)))
  (import "lockstep" "deploy"
    (func $deploy (param i32 i32 i32 i32 i32 i32 i32 i64 i32) (result i32)))
  (import "lockstep" "returned" (func $returned (param i32 i32) (result i32)))
  (import "lockstep" "set_code" (func $set_code (param i32) (result i32)))
  (memory 2 2)
  (data (i32.const 0) "entry")
  ;; 32: address of the contract, all zeros; 64: another address; 96: an amount; 128: a result.
  (data (i32.const 64) "\11\22\33")
  (func $amount (param i32) (i32.store (i32.const 96) (local.get 0)))
  (func (export "own_balance") (result i64)
    (call $balance (i32.const 32) (i32.const 128))
    (i64.or (i64.load (i32.const 128)) (i64.load (i32.const 136))))
  (func (export "balance_of") (param i32) (result i64)
    (i32.store8 (i32.const 64) (local.get 0))
    (i64.store (i32.const 128) (i64.const -1))
    (call $balance (i32.const 64) (i32.const 128))
    (i64.load (i32.const 128)))
  (func (export "balance_range") (param i32) (call $balance (local.get 0) (i32.const 128)))
  (func (export "paid") (result i64)
    (i64.store (i32.const 128) (i64.const -1))
    (call $value (i32.const 128))
    (i64.load (i32.const 128)))
  (func $pay (export "pay") (param i32) (result i32)
    (call $amount (local.get 0))
    (call $transfer (i32.const 64) (i32.const 96)))
  (func (export "pay_twice") (param i32) (result i32)
    (drop (call $pay (local.get 0)))
    (call $pay (local.get 0)))
  (func (export "pay_self") (param i32) (result i64)
    (call $amount (local.get 0))
    (drop (call $transfer (i32.const 32) (i32.const 96)))
    (call $balance (i32.const 32) (i32.const 128))
    (i64.load (i32.const 128)))
  (func (export "call") (param $flags i32) (param $amount i32) (param $length i32) (result i32)
    (call $amount (local.get $amount))
    (call $call (local.get $flags) (i32.const 64) (i32.const 0) (i32.const 5)
      (i32.const 65537) (local.get $length) (i32.const 96) (i64.const 1000000)))
  (func (export "call_input") (param i32) (result i32)
    (call $call (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 5)
      (i32.const 0) (local.get 0) (i32.const 512) (i64.const 1000000)))
  (func (export "deploy") (param i32) (result i32)
    (call $amount (local.get 0))
    (call $deploy (i32.const 64) (i32.const 32) (i32.const 0) (i32.const 5)
      (i32.const 0) (i32.const 16) (i32.const 96) (i64.const -1) (i32.const 160)))
  (func (export "deploy_input") (param i32) (result i32)
    (call $deploy (i32.const 64) (i32.const 32) (i32.const 0) (i32.const 5)
      (i32.const 0) (local.get 0) (i32.const 96) (i64.const -1) (i32.const 160)))
  (func (export "returned") (param i32) (result i32)
    (call $returned (i32.const 128) (local.get 0)))
  (func (export "returned_range") (param i32) (result i32)
    (call $returned (i32.const 0) (local.get 0)))
  (func (export "set_code") (result i32) (call $set_code (i32.const 64))))
