;; Scans of the contract's own keys in order; keys of other contracts precede and follow them.
;; state 010000000000000000000000000000000000000000000000000000000000000000 0000000000000000e803000000000000000000000000000000
;; state 02000000000000000000000000000000000000000000000000000000000000000061 01
;; state 0200000000000000000000000000000000000000000000000000000000000000006162
;; state 02000000000000000000000000000000000000000000000000000000000000000062 0203
;; state 02000000000000000000000000000000000000000000000000000000000000000063 eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee
;; state 02000000000000000000000000000000000000000000000000000000000000000161 ff
;; call all 8 256 => return 84
;; call all 0 256 => return 4
;; call all 2 256 => return 24
;; call all -1 31 => return 24
;; call all -1 13 => return -14
;; call all -1 3 => return -14
;; call from_b => return 15
;; call nothing => return 4
;; call no_room => return -4
;; call written => return 25
;; call removed => return 63
;; call key_length 257 => trap KeyLength
;; call range -1 => trap MemoryRange
(module
  (import "lockstep" "storage_scan"
    (func $scan (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "lockstep" "storage_write" (func $write (param i32 i32 i32 i32)))
  (import "lockstep" "storage_remove" (func $remove (param i32 i32) (result i32)))
  (memory 1 1)
  (data (i32.const 0) "aabcz")
  (func $all (export "all") (param $limit i32) (param $cap i32) (result i32)
    (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (local.get $limit) (i32.const 1024) (local.get $cap)))
  (func (export "from_b") (result i32)
    (call $scan (i32.const 2) (i32.const 1) (i32.const 3) (i32.const 1)
      (i32.const 8) (i32.const 1024) (i32.const 256)))
  (func (export "nothing") (result i32)
    (call $scan (i32.const 3) (i32.const 1) (i32.const 2) (i32.const 1)
      (i32.const 8) (i32.const 1024) (i32.const 256)))
  (func (export "no_room") (result i32)
    (call $scan (i32.const 4) (i32.const 1) (i32.const 0) (i32.const 0)
      (i32.const 8) (i32.const 1024) (i32.const 0)))
  (func (export "written") (result i32)
    (call $write (i32.const 4) (i32.const 1) (i32.const 0) (i32.const 4))
    (call $write (i32.const 2) (i32.const 2) (i32.const 0) (i32.const 0))
    (call $scan (i32.const 2) (i32.const 2) (i32.const 0) (i32.const 0)
      (i32.const 1) (i32.const 1024) (i32.const 256))
    (drop)
    (call $scan (i32.const 4) (i32.const 1) (i32.const 0) (i32.const 0)
      (i32.const 8) (i32.const 1024) (i32.const 256))
    (drop)
    (call $scan (i32.const 2) (i32.const 1) (i32.const 3) (i32.const 1)
      (i32.const 8) (i32.const 1024) (i32.const 256)))
  (func (export "removed") (result i32)
    (drop (call $remove (i32.const 0) (i32.const 1)))
    (drop (call $remove (i32.const 2) (i32.const 1)))
    (call $all (i32.const 8) (i32.const 256)))
  (func (export "key_length") (param i32) (result i32)
    (call $scan (i32.const 0) (local.get 0) (i32.const 0) (i32.const 0)
      (i32.const 8) (i32.const 1024) (i32.const 256)))
  (func (export "range") (param i32) (result i32)
    (call $scan (i32.const 0) (i32.const 1) (local.get 0) (i32.const 2)
      (i32.const 8) (i32.const 1024) (i32.const 256))))
