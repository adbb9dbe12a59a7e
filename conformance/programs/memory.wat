;; Linear memory: every width, every edge, growth and bulk operations.
;; call widths 0
;; call widths 65520 => trap MemoryOutOfBounds
;; call load 65532 => return 0
;; call load 65533 => trap MemoryOutOfBounds
;; call load -1 => trap MemoryOutOfBounds
;; call load_far 0 => trap MemoryOutOfBounds
;; call load_far -1 => trap MemoryOutOfBounds
;; call load8_offset 65528 => return 0
;; call load8_offset 65529 => trap MemoryOutOfBounds
;; call store64 65528 => return
;; call store64 65529 => trap MemoryOutOfBounds
;; call store8 65535 => return
;; call store8 65536 => trap MemoryOutOfBounds
;; call data => return 1819043144
;; call size => return 1
;; call grow 0 => return 1
;; call grow 1 => return 1
;; call grow 3 => return 1
;; call grow 4 => return -1
;; call grow_and_use 1 => return 70
;; call grow_and_use 0 => trap MemoryOutOfBounds
;; call grow_twice => return 6
;; call copy 0 100 5 => return
;; call copy 100 0 5 => return
;; call copy 1 0 8 => return
;; call copy 0 65536 0 => return
;; call copy 0 65537 0 => trap MemoryOutOfBounds
;; call copy 65537 0 0 => trap MemoryOutOfBounds
;; call copy 65530 0 7 => trap MemoryOutOfBounds
;; call copy 0 65530 7 => trap MemoryOutOfBounds
;; call copy 0 0 -1 => out-of-gas
;; call copy 0 0 65537 => trap MemoryOutOfBounds
;; call fill 3 -1 17 => return
;; call fill 65536 1 0 => return
;; call fill 65537 1 0 => trap MemoryOutOfBounds
;; call fill 65530 1 7 => trap MemoryOutOfBounds
;; call fill 0 7 65536 => return
;; call fill -1 7 1 => trap MemoryOutOfBounds
;; call trap_first 65536 => trap MemoryOutOfBounds
;; call trap_last 65536 => trap MemoryOutOfBounds
;; call partial 65533 => trap MemoryOutOfBounds
(module
  (memory (export "memory") 1 4)
  (data (i32.const 8) "Hello, memory")
  (data (i32.const 65520) "\01\02\03")
  (func (export "widths") (param $at i32) (result i64) (local $sum i64)
    (i64.store (local.get $at) (i64.const 0x8182838485868788))
    (i32.store8 offset=2 (local.get $at) (i32.const 0x1fe))
    (i32.store16 offset=4 (local.get $at) (i32.const 0x1fffd))
    (local.set $sum (i64.extend_i32_s (i32.add (i32.load8_s offset=1 (local.get $at))
      (i32.add (i32.load8_u (local.get $at)) (i32.add
        (i32.load16_s offset=2 (local.get $at)) (i32.load16_u offset=3 align=1 (local.get $at)))))))
    (local.set $sum (i64.add (local.get $sum) (i64.add
      (i64.load8_s offset=7 (local.get $at)) (i64.load8_u offset=6 (local.get $at)))))
    (local.set $sum (i64.add (local.get $sum) (i64.add
      (i64.load16_s offset=5 (local.get $at)) (i64.load16_u offset=1 (local.get $at)))))
    (local.set $sum (i64.add (local.get $sum) (i64.sub
      (i64.load32_s offset=3 (local.get $at)) (i64.load32_u offset=2 (local.get $at)))))
    (i64.store8 offset=16 (local.get $at) (local.get $sum))
    (i64.store16 offset=17 (local.get $at) (local.get $sum))
    (i64.store32 offset=19 (local.get $at) (local.get $sum))
    (i64.xor (local.get $sum) (i64.rotl (i64.load offset=16 (local.get $at)) (i64.const 7))))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "load_far") (param i32) (result i32) (i32.load offset=4294967295 (local.get 0)))
  (func (export "load8_offset") (param i32) (result i32) (i32.load8_u offset=7 (local.get 0)))
  (func (export "store64") (param i32) (i64.store (local.get 0) (i64.const -2)))
  (func (export "store8") (param i32) (i32.store8 (local.get 0) (i32.const 255)))
  (func (export "data") (result i32) (i32.load (i32.const 8)))
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "grow_and_use") (param i32) (result i32)
    (drop (memory.grow (local.get 0)))
    (i32.store (i32.const 65536) (i32.const 70))
    (i32.load (i32.const 65536)))
  (func (export "grow_twice") (result i32)
    (i32.add (memory.grow (i32.const 2)) (i32.add (memory.grow (i32.const 1))
      (i32.add (memory.grow (i32.const 1)) (i32.sub (memory.size) (i32.const 1))))))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "trap_first") (param i32)
    (i32.store (local.get 0) (i32.const 1)) (i32.store (i32.const 0) (i32.const 1)))
  (func (export "trap_last") (param i32)
    (i32.store (i32.const 0) (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))))
    (i32.store (local.get 0) (i32.const 1)))
  (func (export "partial") (param i32)
    (i64.store (local.get 0) (i64.const -1))))
