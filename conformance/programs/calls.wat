;; Calls: direct, recursive, through the table, and the stack counter.
;; call fib 0 => return 0
;; call fib 9 => return 34
;; call even 7 => return 0
;; call even 8 => return 1
;; call deep 10 => return 10
;; call deep 1023 => return 1023
;; call deep 1024 => trap StackOverflow
;; call deep 100000 => trap StackOverflow
;; call fat 10 => return 10
;; call fat 200 => trap StackOverflow
;; call apply 0 5 => return 10
;; call apply 1 5 => return 25
;; call apply 2 5 => trap IndirectCallTypeMismatch
;; call apply 3 5 => trap IndirectCallToNull
;; call apply 4 5 => return 5
;; call apply 5 5 => trap TableOutOfBounds
;; call apply -1 5 => trap TableOutOfBounds
;; call twice 3 => return 20
;; call empties => return
;; call deep_indirect 1023 => return 1023
;; call deep_indirect 1024 => trap StackOverflow
;; call trap_inside 0 => trap IntegerDivideByZero
;; call trap_inside 3 => return 4
;; call recover 3 => return 3
;; call operands 2 => return 29
(module
  (type $unary (func (param i32) (result i32)))
  (table 5 funcref)
  (elem (i32.const 0) $double $square $none)
  (global $count (export "count") (mut i32) (i32.const 0))
  (func $double (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
  (func $square (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))
  (func $none)
  (func $fib (export "fib") (param i32) (result i64)
    (if (result i64) (i32.lt_u (local.get 0) (i32.const 2))
      (then (i64.extend_i32_u (local.get 0)))
      (else (i64.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func $even (export "even") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (call $odd (i32.sub (local.get 0) (i32.const 1))))
  (func $odd (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
    (call $even (i32.sub (local.get 0) (i32.const 1))))
  (func $deep (export "deep") (param i32) (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (if (result i32) (local.get 0)
      (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
      (else (i32.const 0))))
  (func $fat (export "fat") (param i32) (result i32)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (if (result i32) (local.get 0)
      (then (i32.add (call $fat (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
      (else (i32.const 0))))
  (func $apply (export "apply") (param $index i32) (param $value i32) (result i32)
    (call_indirect (type $unary) (local.get $value) (local.get $index)))
  (func (export "twice") (param i32) (result i32)
    (call $double (i32.add (call $apply (i32.const 1) (local.get 0)) (i32.const 1))))
  (func (export "empties") (call $none) (call $none) (call $none))
  (func $step (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1)
        (call_indirect (type $unary) (i32.sub (local.get 0) (i32.const 1)) (i32.const 4))))
      (else (i32.const 0))))
  (elem (i32.const 4) $step)
  (func (export "deep_indirect") (param i32) (result i32)
    (call_indirect (type $unary) (i32.sub (local.get 0) (i32.const 1)) (i32.const 4))
    (i32.const 1) (i32.add))
  (func $divide (param i32) (result i32) (i32.div_u (i32.const 12) (local.get 0)))
  (func (export "trap_inside") (param i32) (result i32)
    (global.set $count (i32.const 5))
    (call $divide (local.get 0)))
  (func (export "recover") (param i32) (result i32)
    (drop (call $deep (i32.const 500))) (drop (call $deep (i32.const 900)))
    (call $deep (local.get 0)))
  (func (export "operands") (param i32) (result i32)
    (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)
    (call $double (local.get 0)) (call $double (local.get 0))
    (i32.add) (i32.add) (i32.add) (i32.add) (i32.add) (i32.add) (i32.add)))
