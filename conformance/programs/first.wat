;; First entries: each function pays once in a contract frame, before its entry.
;; call twice 5 => return 10
;; call through 0 => return 3
;; call through 1 => return 4
;; call through 2 => trap IndirectCallTypeMismatch
;; call both 2 => return 8
;; call recursive 4 => return 24
;; call leaf_below 1022 => return
;; call leaf_below 1023 => trap StackOverflow
;; call leaf_again 1022 => return
;; call leaf_again 1023 => trap StackOverflow
;; call pick 0 => return 10
;; call pick 2 => return 12
;; call pick 9 => return 11
;; call dead 1 => return 6
;; call product 7 => return 126
;; call divide 0 => trap IntegerDivideByZero
(module
  (memory 1)
  (type $one (func (param i32) (result i32)))
  (table 3 funcref)
  (elem (i32.const 0) $three $four $leaf)
  (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $three (type $one) (i32.const 3))
  (func $four (type $one) (i32.const 4))
  (func $leaf)
  (func (export "twice") (param i32) (result i32)
    (call $add (call $add (local.get 0) (i32.const 0)) (local.get 0)))
  (func $through (export "through") (param i32) (result i32)
    (call_indirect (type $one) (i32.const 0) (local.get 0)))
  ;; The same functions by `call` and by `call_indirect`.
  (func (export "both") (param i32) (result i32)
    (call $add
      (call $add (call $four (i32.const 0)) (call $through (i32.const 1)))
      (i32.sub (local.get 0) (i32.const 2))))
  (func $recursive (export "recursive") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.mul (local.get 0) (call $recursive (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 1))))
  ;; The innermost call enters its function for the first time, with or without room for it.
  (func $leaf_below (export "leaf_below") (param i32)
    (if (local.get 0)
      (then (call $leaf_below (i32.sub (local.get 0) (i32.const 1))))
      (else (call $leaf))))
  ;; The same function, which was entered before.
  (func (export "leaf_again") (param i32)
    (call $leaf)
    (call $leaf_below (i32.sub (local.get 0) (i32.const 1))))
  (func (export "pick") (param i32) (result i32)
    (block (block (block (br_table 0 2 1 2 (local.get 0)))
      (return (i32.add (local.get 0) (i32.const 10)))) (return (i32.const 12)))
    (i32.const 11))
  ;; Unreachable operators and targets are translated too.
  (func (export "dead") (param i32) (result i32)
    (return (i32.add (local.get 0) (i32.const 5)))
    (br_table 0 0 0 (i32.const 1) (local.get 0)))
  (func $multi3 (param i32 i64 i64 i64 i64) (local i64 i64 i64 i64 i64 i64)
    local.get 0
    local.get 3 i64.const 4294967295 i64.and local.tee 5
    local.get 1 i64.const 4294967295 i64.and local.tee 6
    i64.mul local.tee 7
    local.get 3 i64.const 32 i64.shr_u local.tee 8
    local.get 6 i64.mul local.tee 6
    local.get 5 local.get 1 i64.const 32 i64.shr_u local.tee 9
    i64.mul i64.add local.tee 5
    i64.const 32 i64.shl i64.add local.tee 10
    i64.store
    local.get 0
    local.get 8 local.get 9 i64.mul
    local.get 5 local.get 6 i64.lt_u i64.extend_i32_u i64.const 32 i64.shl
    local.get 5 i64.const 32 i64.shr_u i64.or i64.add
    local.get 10 local.get 7 i64.lt_u i64.extend_i32_u i64.add
    local.get 4 local.get 1 i64.mul
    local.get 3 local.get 2 i64.mul i64.add i64.add
    i64.store offset=8)
  ;; A product of 128 bits, which the interpreter computes without entering the function again.
  (func (export "product") (param i64) (result i64)
    (call $multi3 (i32.const 0) (local.get 0) (i64.const 0) (i64.const 6) (i64.const 0))
    (call $multi3 (i32.const 0) (i64.load (i32.const 0)) (i64.const 0) (i64.const 3) (i64.const 0))
    (i64.load (i32.const 0)))
  (func $quotient (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
  (func (export "divide") (param i32) (result i32) (call $quotient (local.get 0))))
