;; A trap in the start function ends the frame.
;; call never => trap Unreachable
(module
  (func $begin (drop (i32.const 1)) (unreachable))
  (func (export "never"))
  (start $begin))
