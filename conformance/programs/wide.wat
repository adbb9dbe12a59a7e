;; Wide arithmetic: two results, sums with carries, products in a long multiplication.
;; call sum 1 0 2 0 => return 3
;; call sum -1 0 1 0 => return 1
;; call sum -1 -1 1 0 => return 0
;; call difference 0 0 1 0 => return -2
;; call difference 5 7 3 2 => return 7
;; call signed -3 5 => return -16
;; call signed -1 -1 => return 1
;; call unsigned -1 -1 => return -1
;; call unsigned 4294967296 12884901888 => return 3
;; call square 3 => return 9
;; call long 7 1 => return 289
;; call long -1 20 => return 1
;; call then_trap 8 => return 64
;; call then_trap -1 => trap MemoryOutOfBounds
;; call recursive 5 => return 120
;; call recursive 30 => return -8764578968847253504
;; call spin -1 => out-of-gas
(module
  (memory 1)
  (func (export "sum") (param i64 i64 i64 i64) (result i64) (local i64)
    local.get 0 local.get 1 local.get 2 local.get 3 i64.add128
    local.set 4 local.get 4 i64.add)
  (func (export "difference") (param i64 i64 i64 i64) (result i64)
    local.get 0 local.get 1 local.get 2 local.get 3 i64.sub128 i64.add)
  (func (export "signed") (param i64 i64) (result i64)
    local.get 0 local.get 1 i64.mul_wide_s i64.add)
  (func (export "unsigned") (param i64 i64) (result i64)
    local.get 0 local.get 1 i64.mul_wide_u i64.add)
  (func $square (export "square") (param i64) (result i64)
    local.get 0 local.get 0 i64.mul_wide_u local.set 0 local.get 0 i64.add)
  ;; Multiplies a number of two words by itself, n times: sums of two words with products.
  (func (export "long") (param i64 i32) (result i64)
    (local i64 i64 i64 i64 i64)
    (local.set 2 (i64.add (local.get 0) (i64.const 3)))
    (loop $again
      local.get 0 local.get 0 i64.mul_wide_u local.set 4 local.set 3
      local.get 4 i64.const 0 local.get 0 local.get 2 i64.mul_wide_u i64.add128
      local.set 5 local.set 4
      local.get 4 i64.const 0 local.get 2 local.get 0 i64.mul_wide_u i64.add128
      local.set 6 local.set 4
      local.get 5 i64.const 0 local.get 6 i64.const 0 i64.add128
      local.get 2 local.get 2 i64.mul_wide_u i64.add128
      local.set 6 local.set 5
      (i64.store (i32.const 64) (local.get 3))
      (i64.store (i32.const 72) (local.get 4))
      (i64.store (i32.const 80) (local.get 5))
      (i64.store (i32.const 88) (local.get 6))
      local.get 3 i64.const 0 local.get 4 i64.const 0 i64.add128
      local.get 5 i64.const 0 i64.add128
      local.set 2 local.set 0
      (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (i64.add (local.get 0) (local.get 6)))
  (func (export "then_trap") (param i64) (result i64)
    local.get 0 local.get 0 i64.mul_wide_s
    (i64.load (i32.wrap_i64 (local.get 0))) i64.add i64.add)
  (func $factorial (export "recursive") (param i64) (result i64)
    (if (result i64) (i64.eqz (local.get 0))
      (then (i64.const 1))
      (else
        local.get 0
        (call $factorial (i64.sub (local.get 0) (i64.const 1)))
        i64.mul_wide_u drop)))
  (func (export "spin") (param i64) (result i64)
    (loop $again
      local.get 0 i64.const -1 local.get 0 i64.const 7 i64.mul_wide_u i64.sub128
      local.set 0 drop
      (br $again))
    unreachable))
