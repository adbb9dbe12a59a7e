;; The start function restores the stack counter.
;; call deep 1023 => return 1023
;; call deep 1024 => trap StackOverflow
(module
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
      (else (i32.const 0))))
  (func $begin (drop (call $deep (i32.const 100))))
  (start $begin))
