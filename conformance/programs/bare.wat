;; A minimal module: no memory, no globals, and a table without elements.
;; call nothing => return
;; call identity 5 => return 5
;; call many 1 2 3 4 5 6 7 8 => return 36
;; call null 0 => trap IndirectCallToNull
;; call null 2 => trap TableOutOfBounds
;; call nops => return
(module
  (table 2 2 funcref)
  (func (export "nothing"))
  (func (export "identity") (param i64) (result i64) (local.get 0))
  (func (export "many") (param i32 i64 i32 i64 i32 i64 i32 i64) (result i64)
    (i64.add (i64.extend_i32_s (i32.add (i32.add (local.get 0) (local.get 2))
      (i32.add (local.get 4) (local.get 6))))
      (i64.add (i64.add (local.get 1) (local.get 3)) (i64.add (local.get 5) (local.get 7)))))
  (func (export "null") (param i32) (call_indirect (local.get 0)))
  (func (export "nops") (nop) (block (nop) (loop (nop)) (block)) (nop)))
