;; A start function that ends the frame, or not, as the input says. Compiled to starter.wasm here.
(module
  (import "lockstep" "input" (func $input (param i32 i32) (result i32)))
  (import "lockstep" "return" (func $return (param i32 i32)))
  (import "lockstep" "revert" (func $revert (param i32 i32)))
  (memory (export "memory") 1 1)
  (data (i32.const 8) "started")
  (func $begin
    (drop (call $input (i32.const 0) (i32.const 1)))
    (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 1))
      (then (call $return (i32.const 8) (i32.const 7))))
    (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 2))
      (then (call $revert (i32.const 8) (i32.const 5))))
    (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 3)) (then (unreachable))))
  (start $begin)
  (func (export "run") (call $return (i32.const 8) (i32.const 0))))
