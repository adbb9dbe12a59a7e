;; Floats under the policy Lower: moves keep their bits, every other operator traps.
;; call bits 0 => return 4611686018427387904
;; call bits 1 => return 9221120237041090560
;; call through_memory => return 9221120237041090561
;; call through_global -5 => return -5
;; call narrow 2143289345 => return 2143289345
;; call pick 1 => return 1065353216
;; call pick 0 => return 1073741824
;; call add => trap FloatInstruction
;; call after 3 => trap FloatInstruction
;; call before 3 => return 3
;; call truncate => trap FloatInstruction
;; call saturate => trap FloatInstruction
;; call convert => trap FloatInstruction
;; call compare => trap FloatInstruction
;; call promote => trap FloatInstruction
;; call dead => return 1
;; call between 1 => trap FloatInstruction
;; call between 0 => return 9
(module
  (memory 1)
  (global $kept (mut f64) (f64.const 0))
  (global (export "constant") f32 (f32.const -1.5))
  (func (export "bits") (param i32) (result i64)
    (i64.reinterpret_f64 (if (result f64) (local.get 0)
      (then (f64.const nan)) (else (f64.const 2)))))
  (func (export "through_memory") (result i64)
    (f64.store (i32.const 8) (f64.const nan:0x8000000000001))
    (i64.reinterpret_f64 (f64.load (i32.const 8))))
  (func (export "through_global") (param i64) (result i64) (local f64)
    (global.set $kept (f64.reinterpret_i64 (local.get 0)))
    (local.set 1 (global.get $kept))
    (i64.reinterpret_f64 (local.tee 1 (local.get 1))))
  (func (export "narrow") (param i32) (result i32)
    (f32.store (i32.const 0) (f32.reinterpret_i32 (local.get 0)))
    (i32.reinterpret_f32 (f32.load (i32.const 0))))
  (func (export "pick") (param i32) (result i32)
    (i32.reinterpret_f32 (select (f32.const 1) (f32.const 2) (local.get 0))))
  (func (export "add") (result i32)
    (i32.trunc_f64_s (f64.add (f64.const 1) (f64.const 2))))
  (func (export "after") (param i32) (result i32)
    (i32.store (i32.const 0) (local.get 0))
    (i32.add (local.get 0) (i32.mul (local.get 0) (i32.const 2)))
    (drop)
    (drop (f32.sqrt (f32.const 4)))
    (i32.store (i32.const 4) (local.get 0))
    (local.get 0))
  (func (export "before") (param i32) (result i32)
    (return (local.get 0))
    (i32.trunc_f32_u (f32.nearest (f32.const 1.5))))
  (func (export "truncate") (result i64) (i64.trunc_f64_u (f64.const 3)))
  (func (export "saturate") (result i32) (i32.trunc_sat_f32_s (f32.const 3)))
  (func (export "convert") (result i64)
    (i64.reinterpret_f64 (f64.convert_i32_s (i32.const 3))))
  (func (export "compare") (result i32) (f64.lt (f64.const 1) (f64.const 2)))
  (func (export "promote") (result i64)
    (i64.reinterpret_f64 (f64.promote_f32 (f32.const 1))))
  (func (export "dead") (result i32)
    (block (br 0) (drop (f64.mul (f64.const 1) (f64.const 2))))
    (i32.const 1))
  (func (export "between") (param i32) (result i32)
    (if (local.get 0) (then (drop (f32.add (f32.const 1) (f32.const 1)))))
    (i32.const 9)))
