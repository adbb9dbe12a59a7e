;; Structured control flow: every way to enter, skip and leave a block.
;; call sum 0 => return 0
;; call sum 10 => return 55
;; call switch 0 => return 10
;; call switch 1 => return 21
;; call switch 2 => return 32
;; call switch 3 => return 43
;; call switch -1 => return 43
;; call nested 0 => return 1
;; call nested 1 => return 2
;; call nested 2 => return 3
;; call choose 1 => return 7
;; call choose 0 => return -7
;; call early 5 => return 5
;; call early 0 => return 99
;; call dead => return 3
;; call dead_polymorphic => return 1
;; call one_arm 0 => return 0
;; call one_arm 9 => return 1
;; call both_arms_leave 1 => return 1
;; call both_arms_leave 0 => return 2
;; call loop_value => return 8
;; call branch_value 3 => return 3
;; call branch_value 0 => return 4
;; call spin 6 => return 15
;; call crash => trap Unreachable
;; call table_value 0 => return 5
;; call table_value 7 => return 12
;; call forever => out-of-gas
;; call branch_table_to_loop 4 => return 0
(module
  (func (export "sum") (param $n i32) (result i32) (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $sum (i32.add (local.get $sum) (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (local.get $sum))
  (func (export "switch") (param $case i32) (result i32) (local $value i32)
    (block $default
      (block $two
        (block $one
          (block $zero (br_table $zero $one $two $default (local.get $case)))
          (return (i32.const 10)))
        (return (i32.add (i32.const 20) (i32.const 1))))
      (local.set $value (i32.const 32))
      (return (local.get $value)))
    (i32.const 43))
  (func (export "nested") (param $depth i32) (result i32) (local $seen i32)
    (block $a
      (block $b
        (block $c
          (local.set $seen (i32.const 1))
          (br_table $a $b $c (local.get $depth)))
        (local.set $seen (i32.add (local.get $seen) (i32.const 1))))
      (local.set $seen (i32.add (local.get $seen) (i32.const 1))))
    (local.get $seen))
  (func (export "choose") (param i32) (result i64)
    (if (result i64) (local.get 0) (then (i64.const 7)) (else (i64.const -7))))
  (func (export "early") (param i32) (result i32)
    (block (loop (if (local.get 0) (then (return (local.get 0)))) (br 1)))
    (i32.const 99))
  (func (export "dead") (result i32)
    (block (result i32)
      (br 0 (i32.const 3))
      (drop) (i32.add (i32.const 1)) (br_if 0 (i32.const 1)) (drop)
      (loop (br 0)) (i32.const 4)))
  (func (export "dead_polymorphic") (result i32)
    (return (i32.const 1))
    (i32.add) (select) (block (result i32) (i32.const 2) (br 0 (i32.const 1)) (nop)) (i32.mul)
    (if (then (unreachable)) (else (br 0))) (i32.const 0) (br_table 0 0))
  (func (export "one_arm") (param i32) (result i32) (local i32)
    (if (local.get 0) (then (local.set 1 (i32.const 1))))
    (local.get 1))
  (func (export "both_arms_leave") (param i32) (result i32)
    (if (local.get 0) (then (return (i32.const 1))) (else (return (i32.const 2))))
    (unreachable))
  (func (export "loop_value") (result i32) (local i32)
    (loop (result i32)
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (br_if 0 (i32.lt_u (local.get 0) (i32.const 8)))
      (local.get 0)))
  (func (export "branch_value") (param i32) (result i32)
    (block (result i32)
      (br_if 0 (local.get 0) (local.get 0))
      (drop)
      (i32.const 4)))
  (func (export "spin") (param $n i32) (result i64) (local $m i32) (local $count i64)
    (loop $outer
      (local.set $m (i32.const 0))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (block $out
        (loop $inner
          (br_if $out (i32.ge_s (local.get $m) (local.get $n)))
          (local.set $count (i64.add (local.get $count) (i64.const 1)))
          (local.set $m (i32.add (local.get $m) (i32.const 1)))
          (br $inner)))
      (br_if $outer (local.get $n)))
    (local.get $count))
  (func (export "crash") (i32.const 1) (drop) (unreachable))
  (func (export "table_value") (param i32) (result i32)
    (i32.add (local.get 0)
      (block (result i32)
        (block (result i32) (i32.const 5) (local.get 0) (br_table 0 1 0)))))
  (func (export "forever") (loop (br 0)))
  (func (export "branch_table_to_loop") (param i32) (result i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get 0)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_table $again $done (i32.const 0))))
    (local.get 0)))
