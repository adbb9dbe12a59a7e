;; Sequences that the interpreter fuses to one instruction, with edge values: products of 128 bits
;; as compilers write them, values stored right after they are computed, stack pointer, copies, tables.
;; call product 1 2
;; call product -1 -1
;; call product 1311768467463790320 -3
;; call product_at 65520 3 => return 9
;; call product_at 65521 3 => trap MemoryOutOfBounds
;; call product_at 65528 3 => trap MemoryOutOfBounds
;; call product_at 65529 3 => trap MemoryOutOfBounds
;; call product_at -8 3 => trap MemoryOutOfBounds
;; call move 0 8 => return 2
;; call move 65528 8 => return 0
;; call move 65529 0 => trap MemoryOutOfBounds
;; call move 0 65529 => trap MemoryOutOfBounds
;; call move -1 -1 => trap MemoryOutOfBounds
;; call stores 65520 7 => return 113
;; call stores 65529 7 => trap MemoryOutOfBounds
;; call stores 65533 7 => trap MemoryOutOfBounds
;; call pointer 16 => return 1040
;; call rotate 5 => return 9
;; call choose 98 => return 11
;; call choose 96 => return 12
;; call choose 97 => return 10
;; call carry -1 2 => return 1
;; call compare 4 => return 3
;; call deep 1021 => return 25
;; call deep 1022 => trap StackOverflow
;; call deep 1023 => trap StackOverflow
(module
  (memory 1 1)
  (data (i32.const 0) "\02\00\00\00\00\00\00\00")
  (data (i32.const 64) "\01\02\03\00")
  (global $pointer (mut i32) (i32.const 1024))
  (table 1 1 funcref)
  (elem (i32.const 0) $multi3)
  (type $product (func (param i32 i64 i64 i64 i64)))
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
  ;; The low word, the high word, and both again by an indirect call.
  (func (export "product") (param $a i64) (param $b i64) (result i64)
    (call $multi3 (i32.const 16) (local.get $a) (i64.const 0) (local.get $b) (i64.const 0))
    (call $multi3 (i32.const 32) (local.get $a) (i64.const 1) (local.get $b) (i64.const 2))
    (call_indirect (type $product) (i32.const 48)
      (local.get $a) (i64.const 1) (local.get $b) (i64.const 2) (i32.const 0))
    (i64.xor
      (i64.xor (i64.load offset=16 (i32.const 0)) (i64.load offset=24 (i32.const 0)))
      (i64.xor
        (i64.xor (i64.load offset=32 (i32.const 0)) (i64.load offset=40 (i32.const 0)))
        (i64.xor (i64.load offset=48 (i32.const 0)) (i64.load offset=56 (i32.const 0))))))
  (func $product_at (export "product_at") (param $to i32) (param $a i64) (result i64)
    (call $multi3 (i32.const 16) (local.get $a) (i64.const 0) (local.get $a) (i64.const 0))
    (call $multi3 (local.get $to) (local.get $a) (i64.const 0) (local.get $a) (i64.const 0))
    (i64.load (local.get $to)))
  (func (export "move") (param $from i32) (param $to i32) (result i64)
    (i64.store (local.get $to) (i64.load (local.get $from)))
    (i32.store offset=16 (local.get $to) (i32.load offset=1 (local.get $from)))
    (i32.store8 offset=24 (local.get $to) (i32.load8_u (local.get $from)))
    (i64.load (local.get $to)))
  (func (export "stores") (param $to i32) (param $x i32) (result i64)
    (local $sum i32) (local $wide i64)
    (i32.store8 (local.get $to) (i32.add (local.get $x) (i32.const 250)))
    (i32.store offset=4 (local.get $to) (local.tee $sum (i32.xor (local.get $x) (i32.const 118))))
    (local.set $wide (i64.extend_i32_u (local.get $sum)))
    (i64.store offset=8 (local.get $to)
      (i64.rotl (local.get $wide) (i64.extend_i32_u (local.get $x))))
    (i64.store offset=8 (local.get $to) (local.tee $wide (i64.add (local.get $wide) (i64.const 0))))
    (i64.add (local.get $wide) (i64.const 0)))
  (func (export "pointer") (param $size i32) (result i32) (local $frame i32)
    (global.set $pointer
      (local.tee $frame (i32.sub (global.get $pointer) (i32.const 16))))
    (i32.store (local.get $frame) (local.get $size))
    (global.set $pointer (i32.add (local.get $frame) (i32.const 16)))
    (global.set $pointer (i32.add (global.get $pointer) (i32.const 0)))
    (i32.add (global.get $pointer) (i32.load (local.get $frame))))
  ;; Variables that swap values in a loop.
  (func (export "rotate") (param $n i32) (result i32)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $e i32)
    (local.set $a (i32.const 1)) (local.set $b (i32.const 2)) (local.set $c (i32.const 3))
    (local.set $d (i32.const 4)) (local.set $e (i32.const 5))
    (block $out
      (loop $again
        (local.set $e (local.get $d))
        (local.set $d (local.get $c))
        (local.set $c (local.get $b))
        (local.set $b (local.get $a))
        (local.set $a (local.get $e))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $again (local.get $n))
        (local.set $e (local.get $a))
        (br $out)))
    (i32.add (i32.add (local.get $a) (local.get $b)) (i32.add (local.get $e) (local.get $n))))
  (func (export "choose") (param $c i32) (result i32)
    (block $other
      (block $b
        (block $a
          (br_table $a $b $other (i32.sub (local.get $c) (i32.const 97))))
        (return (i32.const 10)))
      (return (i32.const 11)))
    (i32.const 12))
  (func (export "carry") (param $a i64) (param $b i64) (result i64) (local $sum i64)
    (i64.add
      (i64.extend_i32_u
        (i64.lt_u (local.tee $sum (i64.add (local.get $a) (local.get $b))) (local.get $b)))
      (i64.const 0)))
  ;; Number of bytes before a zero byte, at most n; the byte is used again after the comparison.
  (func (export "compare") (param $n i32) (result i32)
    (local $at i32) (local $byte i32) (local $sum i32)
    (block $end
      (loop $next
        (br_if $end
          (i32.eqz (local.tee $byte (i32.load8_u offset=64 (local.get $at)))))
        (local.set $sum (local.get $byte))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $at) (local.get $n)))))
    (local.get $sum))
  (func $deep (export "deep") (param $n i32) (result i64)
    (if (result i64) (local.get $n)
      (then (call $deep (i32.sub (local.get $n) (i32.const 1))))
      (else (call $product_at (i32.const 128) (i64.const 5))))))
