;; Integer arithmetic: every operator on edge values, and the traps of division.
;; call i32 0 0
;; call i32 1 -1
;; call i32 -2147483648 31
;; call i32 -2147483648 32
;; call i32 2147483647 33
;; call i32 305419896 7
;; call i64 0 0
;; call i64 1 -1
;; call i64 -9223372036854775808 63
;; call i64 9223372036854775807 64
;; call i64 81985529216486895 65
;; call convert 0
;; call convert -1
;; call convert 128
;; call convert 32768
;; call convert 2147483648
;; call convert -9223372036854775808
;; call div_s 7 -2 => return -3
;; call div_s 7 0 => trap IntegerDivideByZero
;; call div_s -2147483648 -1 => trap IntegerOverflow
;; call div_s -2147483648 0 => trap IntegerDivideByZero
;; call div_u -2147483648 -1 => return 0
;; call div_u 1 0 => trap IntegerDivideByZero
;; call rem_s -2147483648 -1 => return 0
;; call rem_s -7 3 => return -1
;; call rem_s 7 0 => trap IntegerDivideByZero
;; call rem_u -7 3 => return 0
;; call rem_u 7 0 => trap IntegerDivideByZero
;; call div_s64 -9223372036854775808 -1 => trap IntegerOverflow
;; call div_s64 -9 2 => return -4
;; call div_s64 1 0 => trap IntegerDivideByZero
;; call div_u64 -1 2 => return 9223372036854775807
;; call div_u64 1 0 => trap IntegerDivideByZero
;; call rem_s64 -9223372036854775808 -1 => return 0
;; call rem_s64 1 0 => trap IntegerDivideByZero
;; call rem_u64 -1 10 => return 5
;; call rem_u64 1 0 => trap IntegerDivideByZero
;; call divisions 100 7 3 => return 10
;; call divisions 100 0 3 => trap IntegerDivideByZero
;; call divisions 100 7 0 => trap IntegerDivideByZero
;; call unused_division 1 0 => trap IntegerDivideByZero
(module
  (func $mix (param i64 i64) (result i64)
    (i64.add (i64.rotl (local.get 0) (i64.const 5)) (local.get 1)))
  (func $mix32 (param i64 i32) (result i64) (call $mix (local.get 0) (i64.extend_i32_u (local.get 1))))
  (func (export "i32") (param $a i32) (param $b i32) (result i64)
    i64.const 1
    (i32.add (local.get $a) (local.get $b)) call $mix32
    (i32.sub (local.get $a) (local.get $b)) call $mix32
    (i32.mul (local.get $a) (local.get $b)) call $mix32
    (i32.and (local.get $a) (local.get $b)) call $mix32
    (i32.or (local.get $a) (local.get $b)) call $mix32
    (i32.xor (local.get $a) (local.get $b)) call $mix32
    (i32.shl (local.get $a) (local.get $b)) call $mix32
    (i32.shr_s (local.get $a) (local.get $b)) call $mix32
    (i32.shr_u (local.get $a) (local.get $b)) call $mix32
    (i32.rotl (local.get $a) (local.get $b)) call $mix32
    (i32.rotr (local.get $a) (local.get $b)) call $mix32
    (i32.eq (local.get $a) (local.get $b)) call $mix32
    (i32.ne (local.get $a) (local.get $b)) call $mix32
    (i32.lt_s (local.get $a) (local.get $b)) call $mix32
    (i32.lt_u (local.get $a) (local.get $b)) call $mix32
    (i32.gt_s (local.get $a) (local.get $b)) call $mix32
    (i32.gt_u (local.get $a) (local.get $b)) call $mix32
    (i32.le_s (local.get $a) (local.get $b)) call $mix32
    (i32.le_u (local.get $a) (local.get $b)) call $mix32
    (i32.ge_s (local.get $a) (local.get $b)) call $mix32
    (i32.ge_u (local.get $a) (local.get $b)) call $mix32
    (i32.eqz (local.get $a)) call $mix32
    (i32.clz (local.get $a)) call $mix32
    (i32.ctz (local.get $a)) call $mix32
    (i32.popcnt (local.get $a)) call $mix32
    (i32.extend8_s (local.get $a)) call $mix32
    (i32.extend16_s (local.get $a)) call $mix32
    (select (local.get $a) (local.get $b) (local.get $b)) call $mix32)
  (func (export "i64") (param $a i64) (param $b i64) (result i64)
    i64.const 1
    (i64.add (local.get $a) (local.get $b)) call $mix
    (i64.sub (local.get $a) (local.get $b)) call $mix
    (i64.mul (local.get $a) (local.get $b)) call $mix
    (i64.and (local.get $a) (local.get $b)) call $mix
    (i64.or (local.get $a) (local.get $b)) call $mix
    (i64.xor (local.get $a) (local.get $b)) call $mix
    (i64.shl (local.get $a) (local.get $b)) call $mix
    (i64.shr_s (local.get $a) (local.get $b)) call $mix
    (i64.shr_u (local.get $a) (local.get $b)) call $mix
    (i64.rotl (local.get $a) (local.get $b)) call $mix
    (i64.rotr (local.get $a) (local.get $b)) call $mix
    (i64.eq (local.get $a) (local.get $b)) call $mix32
    (i64.ne (local.get $a) (local.get $b)) call $mix32
    (i64.lt_s (local.get $a) (local.get $b)) call $mix32
    (i64.lt_u (local.get $a) (local.get $b)) call $mix32
    (i64.gt_s (local.get $a) (local.get $b)) call $mix32
    (i64.gt_u (local.get $a) (local.get $b)) call $mix32
    (i64.le_s (local.get $a) (local.get $b)) call $mix32
    (i64.le_u (local.get $a) (local.get $b)) call $mix32
    (i64.ge_s (local.get $a) (local.get $b)) call $mix32
    (i64.ge_u (local.get $a) (local.get $b)) call $mix32
    (i64.eqz (local.get $a)) call $mix32
    (i64.clz (local.get $a)) call $mix
    (i64.ctz (local.get $a)) call $mix
    (i64.popcnt (local.get $a)) call $mix
    (i64.extend8_s (local.get $a)) call $mix
    (i64.extend16_s (local.get $a)) call $mix
    (i64.extend32_s (local.get $a)) call $mix)
  (func (export "convert") (param i64) (result i64)
    (call $mix (i64.extend_i32_s (i32.wrap_i64 (local.get 0)))
      (i64.extend_i32_u (i32.wrap_i64 (local.get 0)))))
  (func (export "div_s") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "div_u") (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))
  (func (export "rem_s") (param i32 i32) (result i32) (i32.rem_s (local.get 0) (local.get 1)))
  (func (export "rem_u") (param i32 i32) (result i32) (i32.rem_u (local.get 0) (local.get 1)))
  (func (export "div_s64") (param i64 i64) (result i64) (i64.div_s (local.get 0) (local.get 1)))
  (func (export "div_u64") (param i64 i64) (result i64) (i64.div_u (local.get 0) (local.get 1)))
  (func (export "rem_s64") (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1)))
  (func (export "rem_u64") (param i64 i64) (result i64) (i64.rem_u (local.get 0) (local.get 1)))
  (func (export "divisions") (param i32 i32 i32) (result i32)
    (i32.sub (i32.div_s (local.get 0) (local.get 1))
      (i32.sub (i32.add (i32.const 7) (i32.rem_u (local.get 0) (local.get 2))) (i32.const 4))))
  (func (export "unused_division") (param i32 i32)
    (drop (i32.div_u (local.get 0) (local.get 1)))))
