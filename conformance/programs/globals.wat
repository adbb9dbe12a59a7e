;; Globals of every kind, kept on return and discarded on a trap.
;; call swap => return 11
;; call bump 3 => return 3
;; call set_then_trap => trap Unreachable
(module
  (global $a (mut i32) (i32.const 11))
  (global $b (mut i32) (i32.const -11))
  (global $c (mut i64) (i64.const 0))
  (global $d i64 (i64.const -9223372036854775808))
  (global $e (mut f32) (f32.const 1))
  (global $f i32 (i32.add (i32.const 40) (i32.mul (i32.const 1) (i32.const 2))))
  (func (export "swap") (result i32) (local i32)
    (local.set 0 (global.get $a))
    (global.set $a (global.get $b))
    (global.set $b (local.get 0))
    (global.get $b))
  (func (export "bump") (param i64) (result i64)
    (global.set $c (i64.add (global.get $c) (local.get 0)))
    (if (i64.lt_s (global.get $d) (i64.const 0))
      (then (global.set $e (f32.reinterpret_i32 (global.get $f)))))
    (global.get $c))
  (func (export "set_then_trap") (global.set $a (i32.const 1)) (unreachable)))
