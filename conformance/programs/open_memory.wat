;; A memory without a declared maximum grows to 256 pages and no further; large prices are exact.
;; gas 9223372036854775807
;; call grow 255 => return 1
;; call grow 256 => return -1
;; call grow 65535 => return -1
;; call grow 65536 => return -1
;; call grow -1 => return -1
;; call copy -1 => trap MemoryOutOfBounds
;; call fill -1 => trap MemoryOutOfBounds
(module
  (memory 1)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "copy") (param i32) (memory.copy (i32.const 0) (i32.const 0) (local.get 0)))
  (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 0) (local.get 0))))
