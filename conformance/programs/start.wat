;; A start function runs first, under the same gas limit.
;; call read => return 7
;; call begin => return
(module
  (memory 1)
  (global $ready (mut i32) (i32.const 0))
  (func $begin (export "begin")
    (global.set $ready (i32.add (global.get $ready) (i32.const 7)))
    (i32.store (i32.const 0) (global.get $ready)))
  (func (export "read") (result i32) (i32.load (i32.const 0)))
  (start $begin))
