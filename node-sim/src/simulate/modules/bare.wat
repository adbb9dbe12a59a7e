;; A module without memory: a range of length 0 at 0 is inside it, and no other. Compiled to
;; bare.wasm in this folder.
(module
  (import "lockstep" "return" (func $return (param i32 i32)))
  (import "lockstep" "block_time" (func $time (result i64)))
  (func (export "init"))
  (func (export "inside") (drop (call $time)) (call $return (i32.const 0) (i32.const 0)))
  (func (export "outside") (call $return (i32.const 0) (i32.const 1)))
  (func (export "behind") (call $return (i32.const 1) (i32.const 0))))
